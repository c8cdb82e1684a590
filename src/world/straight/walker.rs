//! A VU together with the request that it waits for.

use crate::engine::Time;
use crate::measure::recorder::Origin;
use crate::model::journey::SiteId;
use crate::parts::Job;
use crate::parts::waiting::Tickets;

use super::super::watch::{Outstanding, Unanswered};

/// A VU and its request. It fills one line of the caches.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Walker {
    /// Start of the running iteration.
    pub started: Time,
    /// When its request was sent.
    pub sent: Time,
    /// When the request's present wait, service or delay began.
    pub since: Time,
    /// The hop it stands at.
    pub at: u32,
    /// The operation that its request is at, as an index into the world's list.
    pub op: u32,
    /// Requests sent: tells one from the next.
    pub requests: u32,
    /// The number of its request, if requests are numbered.
    pub number: u32,
    /// Where its journey begins.
    pub entry: u32,
    /// Iterations begun.
    pub iterations: u32,
    /// Where its request was sent from.
    pub site: SiteId,
    /// Who its scenario is to the record.
    pub origin: Origin,
    /// Index of its scenario.
    pub scenario: u16,
    /// What it is doing.
    pub doing: Doing,
    /// It was told to stop after the running iteration.
    pub stopping: bool,
}

/// What a VU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// No iteration.
    Idle,
    /// It thinks.
    Thinking,
    /// It waits for an answer.
    Requesting,
}

impl Walker {
    /// An idle VU of a scenario whose journey begins there.
    pub fn new(scenario: usize, entry: u32) -> Walker {
        Walker {
            started: Time::ZERO,
            sent: Time::ZERO,
            since: Time::ZERO,
            at: entry,
            op: 0,
            requests: 0,
            number: 0,
            entry,
            iterations: 0,
            site: SiteId(0),
            origin: Origin::scenario(scenario),
            scenario: scenario as u16,
            doing: Doing::Idle,
            stopping: false,
        }
    }

    /// It begins an iteration.
    #[inline]
    pub fn begin(&mut self, now: Time) {
        self.at = self.entry;
        self.started = now;
        self.iterations += 1;
        self.doing = Doing::Thinking;
    }
}

impl Outstanding for Vec<Walker> {
    fn slots(&self) -> u32 {
        self.len() as u32
    }

    fn unanswered(&self, id: u32) -> Option<Unanswered> {
        let walker = &self[id as usize];
        (walker.doing == Doing::Requesting).then_some(Unanswered {
            sent: walker.sent,
            site: walker.site,
            generation: walker.requests,
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
