//! How load comes about: VUs that follow steps, loops, starts at a rate, users who arrive.

use std::collections::VecDeque;

use super::arrivals::Ticks;
use super::looping::LoopPlan;
use super::poisson::RateCurve;
use super::ramping_vus::HandleEvents;
use super::replay::Replayed;
use crate::engine::Span;
use crate::engine::dist::Dist;
use crate::engine::stream::Stream;

/// How load comes about.
#[derive(Debug)]
// What is told apart at every iteration stands in a byte of its own.
#[repr(u8)]
pub enum Pattern {
    /// `ramping-vus`: what happens to each handle.
    Ramp(Box<HandleEvents>),
    /// `constant-vus`, `shared-iterations`, `per-vu-iterations`.
    Loop(LoopPlan),
    /// `constant-arrival-rate` and `ramping-arrival-rate`.
    Arrivals {
        /// Times of the starts.
        ticks: Ticks,
        /// Idle VUs, the one idle longest first.
        idle: VecDeque<u32>,
        /// VUs that may still be initialised.
        spare: u32,
    },
    /// Open arrivals: each a new user.
    Open {
        /// When they come.
        source: OpenSource,
        /// Slots of users that have left.
        free: Vec<u32>,
    },
}

/// Times of open arrivals, worked out one ahead: that takes its time, and the next event is not to wait for it.
#[derive(Debug)]
pub struct OpenSource {
    next: Option<Span>,
    law: ArrivalLaw,
}

/// What times of open arrivals follow.
#[derive(Debug)]
#[repr(u8)]
pub enum ArrivalLaw {
    /// A Poisson stream.
    Poisson(RateCurve, Box<Stream>),
    /// Independent gaps, drawn from this sampler.
    Renewal(Dist, Box<Stream>),
    /// Recorded times and the index of the next.
    Trace(Vec<Span>, usize),
    /// The requests of a log.
    Replay(Box<Replayed>),
}

impl OpenSource {
    /// Arrivals by this law.
    #[must_use]
    pub fn new(mut law: ArrivalLaw) -> OpenSource {
        let next = law.after(Span::ZERO);
        OpenSource { next, law }
    }

    /// The next arrival, since the scenario's start as is `end`, if it comes by then.
    #[inline(always)]
    pub fn next_by(&mut self, end: Span) -> Option<Span> {
        let next = self.next.filter(|next| *next <= end)?;
        self.next = self.law.after(next);
        Some(next)
    }

    /// The log, if it is one that is replayed.
    pub fn replayed(&mut self) -> Option<&mut Replayed> {
        match &mut self.law {
            ArrivalLaw::Replay(replayed) => Some(replayed),
            _ => None,
        }
    }
}

impl ArrivalLaw {
    /// The next arrival after one at `after`, both since the scenario's start.
    #[inline(always)]
    fn after(&mut self, after: Span) -> Option<Span> {
        match self {
            ArrivalLaw::Poisson(curve, stream) => curve.next(after, stream.exponential()),
            ArrivalLaw::Renewal(gap, stream) => Some(after + gap.span(stream)),
            ArrivalLaw::Trace(at, next) => {
                let time = at.get(*next).copied();
                *next += 1;
                time
            }
            ArrivalLaw::Replay(replayed) => replayed.next_time(),
        }
    }
}
