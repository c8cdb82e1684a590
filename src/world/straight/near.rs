//! What is due next in a straight model: constant pauses of VUs and requests, completions of stations, and
//! arrivals of open users. They are so few that the first is found by looking at all of them.

use crate::engine::heap::key;
use crate::engine::ring::Ring;
use crate::engine::{Span, Time};

use super::super::event::{Event, Kind};

/// Lanes, stations and scenarios of open users by their next events.
#[derive(Debug)]
pub(super) struct Near {
    /// When the first event of each lane, then of each station, then of each scenario is due;
    /// [`Time::NEVER`] for none.
    times: [Time; MOST_SOURCES],
    /// The order of that event among those of its instant.
    orders: [u64; MOST_SOURCES],
    /// So many are in use.
    sources: usize,
    /// For the run's fingerprint, what tells the events of a station or a scenario apart.
    codes: [u64; MOST_SOURCES],
    lanes: Vec<Lane>,
    stations: usize,
}

/// VUs that pause for the same time, and all for the same reason.
#[derive(Debug)]
struct Lane {
    pause: Span,
    kind: Kind,
    waiting: Ring<(Time, u64, u32)>,
}

/// Of more sources than this, the first is no longer found at a glance. A power of two: a mask keeps an index
/// within.
const MOST_SOURCES: usize = 16;

/// A VU is asked for when so many others are before it: of a million VUs, it takes that long to come.
const SOON: usize = 3;

/// Where an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A pause of this kind is over: that of this VU, and soon that of the other, if there is one.
    Lane(Kind, u32, Option<u32>),
    /// This station has completed a service.
    Station(usize),
    /// An open user of this scenario arrives.
    Scenario(usize),
}

impl Near {
    /// Nothing is due; `None` if there are too many sources. `scenarios` counts those up to the last one of
    /// open users.
    pub fn new(pauses: &[(Kind, Span)], stations: usize, scenarios: usize) -> Option<Near> {
        let sources = pauses.len() + stations + scenarios;
        let lane = |&(kind, pause): &(Kind, Span)| Lane {
            pause,
            kind,
            waiting: Ring::default(),
        };
        if sources > MOST_SOURCES {
            return None;
        }
        let mut codes = [0; MOST_SOURCES];
        let completions = (0..stations).map(|n| Event::of(Kind::Completion, n));
        let arrivals = (0..scenarios).map(|n| Event::of(Kind::Load, n));
        let own = &mut codes[pauses.len()..];
        for (code, event) in own.iter_mut().zip(completions.chain(arrivals)) {
            *code = event.code();
        }
        Some(Near {
            codes,
            times: [Time::NEVER; MOST_SOURCES],
            orders: [u64::MAX; MOST_SOURCES],
            sources,
            lanes: pauses.iter().map(lane).collect(),
            stations,
        })
    }

    /// When the first event is due, and its source; [`Time::NEVER`] if nothing is due.
    #[inline(always)]
    pub fn first(&self) -> (Time, usize) {
        if self.sources == 2 {
            let [one, other, ..] = self.times;
            if other < one || (other == one && self.comes_first(1, 0)) {
                return (other, 1);
            }
            return (one, 0);
        }
        let (mut first, mut source) = (self.times[0], 0);
        for (other, &time) in self.times.iter().enumerate().take(self.sources).skip(1) {
            let sooner = if time == first {
                self.comes_first(other, source)
            } else {
                time < first
            };
            first = if sooner { time } else { first };
            source = if sooner { other } else { source };
        }
        (first, source)
    }

    /// Of two events at one instant.
    #[cold]
    #[inline(never)]
    fn comes_first(&self, one: usize, other: usize) -> bool {
        self.orders[one] < self.orders[other]
    }

    /// The key, as in the event queue, of a source's next event.
    pub fn key(&self, source: usize) -> u128 {
        key(self.times[source].0, self.orders[source])
    }

    /// What tells the events of this station or scenario apart.
    #[inline(always)]
    pub fn code(&self, source: usize) -> u64 {
        self.codes[source % MOST_SOURCES]
    }

    /// The next event of this source takes place. Of a station or a scenario, it is to be told when the next one
    /// is due.
    #[inline(always)]
    pub fn take(&mut self, source: usize) -> Source {
        let Some(lane) = self.lanes.get_mut(source) else {
            let source = source - self.lanes.len();
            return if source < self.stations {
                Source::Station(source)
            } else {
                Source::Scenario(source - self.stations)
            };
        };
        let id = lane.waiting.pop().map_or(0, |w| w.2);
        let next = lane.waiting.get(0).copied();
        let (time, order, _) = next.unwrap_or((Time::NEVER, u64::MAX, 0));
        self.times[source % MOST_SOURCES] = time;
        self.orders[source % MOST_SOURCES] = order;
        Source::Lane(lane.kind, id, lane.waiting.get(SOON).map(|w| w.2))
    }

    /// A VU pauses from now on; `order` is the event's among those of its instant.
    #[inline(always)]
    pub fn pause(&mut self, lane: u16, now: Time, order: u64, id: u32) {
        let source = usize::from(lane);
        let lane = &mut self.lanes[source];
        let over = now + lane.pause;
        let first = lane.waiting.is_empty();
        lane.waiting.push((over, order, id));
        if first {
            self.set(source, over, order);
        }
    }

    /// A station's next completion is due then, or none is.
    #[inline(always)]
    pub fn complete_at(&mut self, station: usize, next: Option<(Time, u64)>) {
        self.set_next(self.lanes.len() + station, next);
    }

    /// A scenario's next open user arrives then, or none does.
    #[inline(always)]
    pub fn arrive_at(&mut self, scenario: usize, next: Option<(Time, u64)>) {
        self.set_next(self.lanes.len() + self.stations + scenario, next);
    }

    #[inline(always)]
    fn set_next(&mut self, source: usize, next: Option<(Time, u64)>) {
        let (time, order) = next.unwrap_or((Time::NEVER, u64::MAX));
        self.set(source, time, order);
    }

    #[inline(always)]
    fn set(&mut self, source: usize, time: Time, order: u64) {
        self.times[source % MOST_SOURCES] = time;
        self.orders[source % MOST_SOURCES] = order;
    }
}
