//! A VU together with the request that it waits for.

use crate::engine::{Span, Time};
use crate::parts::Job;
use crate::parts::waiting::Tickets;

use super::super::event::{Event, Kind};
use super::super::watch::{Outstanding, Unanswered};
use super::program::{Leg, Over};

/// A VU and its request. It fills one line of the caches.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Walker {
    /// Start of the running iteration.
    pub started: Time,
    /// When its last request was sent.
    pub sent: Time,
    /// When the request's present visit or delay began.
    pub since: Time,
    /// Of its present visit to a simple station, what it needs to be served; of another one, how long it waited.
    pub part: Span,
    /// The leg that it goes when its pause is over; [`IDLE`] without an iteration.
    pub at: u32,
    /// The number of its request, if requests are numbered.
    pub number: u32,
    /// Iterations begun.
    pub iterations: u32,
    /// Index of its scenario.
    pub scenario: u16,
    /// It was told to stop after the running iteration.
    pub stopping: bool,
}

/// The leg of a VU that has no iteration.
const IDLE: u32 = u32::MAX;

impl Walker {
    /// An idle VU of a scenario.
    pub fn new(scenario: usize) -> Walker {
        Walker {
            started: Time::ZERO,
            sent: Time::ZERO,
            since: Time::ZERO,
            part: Span::ZERO,
            at: IDLE,
            number: 0,
            iterations: 0,
            scenario: scenario as u16,
            stopping: false,
        }
    }

    /// It begins an iteration.
    #[inline]
    pub fn begin(&mut self, now: Time) {
        self.started = now;
        self.iterations += 1;
    }

    /// The visit that is over now.
    #[inline(always)]
    pub fn visit(&self, now: Time, over: Over) -> Visit {
        let took = now.since_past(self.since).0;
        let (part, rest) = (self.part.0, took.saturating_sub(self.part.0));
        let (waited, served) = if over.simple {
            (rest, part)
        } else {
            (part, rest)
        };
        Visit {
            op: over.op,
            waited: Span(waited),
            served: Span(served),
        }
    }

    /// It begins no other iteration.
    #[inline]
    pub fn rest(&mut self) {
        self.at = IDLE;
    }

    pub fn is_idle(&self) -> bool {
        self.at == IDLE
    }
}

/// The event of this kind that a pause of the VU with this number, or of its request, is over. It is about the request
/// if that was delayed, with the VU as its ticket: for no other is its number looked up.
#[inline(always)]
pub(super) fn pause_over(kind: Kind, id: u32, request: impl FnOnce() -> u32) -> Event {
    match kind {
        Kind::DelayOver => Event::stale_after(kind, request(), id),
        _ => Event::stale_after(kind, id, 0),
    }
}

/// What a request has spent at one operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    /// The operation, as an index into the world's list.
    pub op: u32,
    pub waited: Span,
    pub served: Span,
}

/// All VUs, and the legs that they go.
pub(super) struct OnTheWay<'w> {
    pub walkers: &'w [Walker],
    pub legs: &'w [Leg],
}

impl Outstanding for OnTheWay<'_> {
    fn slots(&self) -> u32 {
        self.walkers.len() as u32
    }

    fn unanswered(&self, id: u32) -> Option<Unanswered> {
        let walker = &self.walkers[id as usize];
        let site = self.legs.get(walker.at as usize)?.request?;
        Some(Unanswered {
            sent: walker.sent,
            site,
            // Of two that a VU has sent at one instant, the first is over.
            generation: walker.sent.0,
        })
    }
}

/// Gives requests the numbers that they have in the general engine: the ends of their delays are events about
/// them, and go into the run's fingerprint.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The last freed last.
    free: Vec<u32>,
    unused: u32,
}

impl Numbers {
    /// The number of a new request.
    pub fn next(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        })
    }

    /// A request is over.
    pub fn free(&mut self, number: u32) {
        self.free.push(number);
    }
}

/// Nobody walks away from a line.
pub(super) struct Everybody;

impl Tickets for Everybody {
    fn is_current(&self, _: Job, _: u32) -> bool {
        true
    }
}
