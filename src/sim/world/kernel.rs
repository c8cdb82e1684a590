//! The clock, the pending events, the random times, and what is ready at this instant: what every handler needs.

use std::collections::VecDeque;

use crate::engine::dist::Dist;
use crate::engine::hash::mix;
use crate::engine::queue::{EventQueue, FixedDelayId};
use crate::engine::stream::Stream;
use crate::engine::table::Table;
use crate::engine::{Span, Time};
use crate::model::system::DistId;

use super::event::Event;
use super::termination::Termination;

/// A VU or a request that continues at this instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A VU was answered or starts an iteration.
    Vu(u32),
    /// A request got what it waited for.
    Request(u32),
}

/// VUs and requests that continue at this instant, first in, first out. There are mostly one or two, which have fields of
/// their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadyList {
    first: Option<Work>,
    second: Option<Work>,
    others: VecDeque<Work>,
}

impl ReadyList {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[inline(always)]
    pub(crate) fn push_back(&mut self, work: Work) {
        if self.first.is_none() {
            self.first = Some(work);
        } else {
            self.push_behind(work);
        }
    }

    #[inline(never)]
    pub(crate) fn push_behind(&mut self, work: Work) {
        if self.second.is_none() {
            self.second = Some(work);
        } else {
            self.others.push_back(work);
        }
    }

    /// This goes on before everything that is there.
    pub(crate) fn push_front(&mut self, work: Work) {
        if let Some(second) = self.second.take() {
            self.others.push_front(second);
        }
        self.second = self.first.replace(work);
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<Work> {
        let work = self.first?;
        self.first = self.second;
        if self.first.is_some() {
            self.second = self.others.pop_front();
        }
        Some(work)
    }

    /// Takes a piece of work back, wherever it stands.
    pub(crate) fn withdraw(&mut self, work: Work) {
        self.others.retain(|other| *other != work);
        if self.second == Some(work) {
            self.second = self.others.pop_front();
        }
        if self.first == Some(work) {
            self.pop_front();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = ReadyList::default();
    }
}

/// A distribution and its stream.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    /// The time that is drawn next. It is made one draw ahead, while nobody waits for it: half of what a draw
    /// takes is that each step of it needs the one before.
    next: Span,
    dist: Dist,
    stream: Stream,
}

impl Sampler {
    pub(crate) fn new(dist: Dist, mut stream: Stream) -> Sampler {
        Sampler {
            next: dist.span(&mut stream),
            dist,
            stream,
        }
    }

    #[inline(always)]
    pub(crate) fn span(&mut self) -> Span {
        std::mem::replace(&mut self.next, self.dist.span(&mut self.stream))
    }
}

/// The phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Setup,
    Scenarios,
    Teardown,
    Over,
}

/// What every handler needs, and no part of the model: the clock, the pending events, the random times.
pub struct Kernel {
    pub(crate) queue: EventQueue<Event>,
    pub(crate) ready: ReadyList,
    pub(crate) phase: Phase,
    pub(crate) end: Termination,
    pub(crate) fingerprint: u64,
    pub(crate) events: u64,
    /// Events until the loop over them pauses: a watcher looks, or the run is over.
    pub(crate) unwatched: u32,
    pub(crate) samplers: Table<Sampler>,
    /// For each sampler, the fixed-delay queue of its delay if that is constant.
    pub(crate) fixed_delays: Table<Option<FixedDelayId>>,
}

impl Kernel {
    /// At the start mark, with the random times of a model and their fixed-delay queues.
    pub(crate) fn new(
        queue: EventQueue<Event>,
        samplers: Vec<Sampler>,
        fixed_delays: Vec<Option<FixedDelayId>>,
    ) -> Kernel {
        Kernel {
            queue,
            ready: ReadyList::default(),
            phase: Phase::Setup,
            end: Termination::Finished,
            fingerprint: 0,
            events: 0,
            unwatched: super::WATCH_EVERY - 1,
            samplers: samplers.into(),
            fixed_delays: fixed_delays.into(),
        }
    }

    /// Counts an event and mixes it into the fingerprint.
    #[inline(always)]
    pub(crate) fn note_event(&mut self, now: Time, event: Event) {
        self.events += 1;
        self.fingerprint = mix(self.fingerprint ^ now.0, event.code());
    }

    /// The run ends now.
    #[cold]
    pub(crate) fn stop(&mut self, end: Termination) {
        self.phase = Phase::Over;
        self.end = end;
        // Behind each event one number is looked at, and not the phase as well.
        self.unwatched = 1;
    }

    /// Schedules an event after a time drawn from a distribution.
    #[inline(always)]
    pub(crate) fn after(&mut self, dist: DistId, event: Event) {
        match self.fixed_delays[dist.index()] {
            Some(lane) => self.queue.after_fixed_delay(lane, event),
            None => self.after_draw(dist, event),
        }
    }

    #[inline(never)]
    fn after_draw(&mut self, dist: DistId, event: Event) {
        let span = self.samplers[dist.index()].span();
        let time = self.queue.now() + span;
        self.queue.at_turn(time, event.kind.turn(), event);
    }

    pub(crate) fn draw(&mut self, time: Option<DistId>) -> Span {
        time.map_or(Span::ZERO, |id| self.samplers[id.index()].span())
    }

    /// How long the run has lasted.
    pub(crate) fn elapsed(&self) -> Span {
        self.queue.now().since(Time::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ready_goes_on_in_order() {
        let mut ready = ReadyList::default();
        for id in 0..4 {
            ready.push_back(Work::Request(id));
        }
        ready.push_front(Work::Vu(9));
        ready.withdraw(Work::Request(1));
        ready.push_front(Work::Vu(8));
        let order: Vec<Work> = std::iter::from_fn(|| ready.pop_front()).collect();
        let requests = [0, 2, 3].map(Work::Request);
        assert_eq!(order, [&[Work::Vu(8), Work::Vu(9)], &requests[..]].concat());
        ready.push_front(Work::Vu(7));
        assert_eq!(
            (ready.pop_front(), ready.pop_front()),
            (Some(Work::Vu(7)), None)
        );
    }
}
