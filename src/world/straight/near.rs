//! What is due next in a straight model: constant pauses of VUs and requests, completions of stations, and
//! arrivals of open users. They are so few that the first is found by looking at all of them.

use crate::engine::heap::key;
use crate::engine::ring::Ring;
use crate::engine::{Span, Time};

/// Lanes, stations and scenarios of open users by their next events.
#[derive(Debug)]
pub(super) struct Near {
    /// The key of the first event of each lane, then of each station, then of each scenario; `u128::MAX` for
    /// none. Keys are those of the event queue, and the number of the source stands in their lower bits.
    keys: [u128; MOST_SOURCES],
    /// So many groups of [`GROUP`] keys are in use.
    groups: usize,
    lanes: Vec<Lane>,
    stations: usize,
}

/// VUs that pause for the same time.
#[derive(Debug)]
struct Lane {
    pause: Span,
    waiting: Ring<(u128, u32)>,
}

/// Of more sources than this, the first is no longer found at a glance. A power of two: a mask keeps an index
/// within.
const MOST_SOURCES: usize = 16;

/// The first of so many keys is found without a branch.
const GROUP: usize = 2;

/// Lower bits of an event's order that are free for the number of its source.
const SOURCES: u64 = 0xff;

/// A VU is asked for when so many others are before it: of a million VUs, it takes that long to come.
const SOON: usize = 3;

/// Where an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The pause of this VU is over, and that of the other, if there is one, will be soon.
    Lane(u32, Option<u32>),
    /// This station has completed a service.
    Station(usize),
    /// An open user of this scenario arrives.
    Scenario(usize),
}

impl Near {
    /// Nothing is due; `None` if there are too many sources. `scenarios` counts those up to the last one of
    /// open users.
    pub fn new(pauses: &[Span], stations: usize, scenarios: usize) -> Option<Near> {
        let sources = pauses.len() + stations + scenarios;
        let lane = |pause: &Span| Lane {
            pause: *pause,
            waiting: Ring::default(),
        };
        (sources <= MOST_SOURCES).then(|| Near {
            keys: [u128::MAX; MOST_SOURCES],
            groups: sources.div_ceil(GROUP),
            lanes: pauses.iter().map(lane).collect(),
            stations,
        })
    }

    /// The key of the first event; `u128::MAX` if nothing is due.
    #[inline(always)]
    pub fn first(&self) -> u128 {
        let (groups, _) = self.keys.as_chunks::<GROUP>();
        let [a, b] = groups[0];
        let mut first = least(a, b);
        for group in groups.iter().take(self.groups).skip(1) {
            let [a, b] = *group;
            first = least(first, least(a, b));
        }
        first
    }

    /// The event with this key takes place: it is no longer due.
    #[inline(always)]
    pub fn take(&mut self, key: u128) -> Source {
        let source = (key as u64 & SOURCES) as usize;
        if let Some(lane) = self.lanes.get_mut(source) {
            let id = lane.waiting.pop().map_or(0, |w| w.1);
            let next = lane.waiting.get(0);
            self.keys[source % MOST_SOURCES] = next.map_or(u128::MAX, |w| w.0);
            return Source::Lane(id, lane.waiting.get(SOON).map(|w| w.1));
        }
        self.keys[source % MOST_SOURCES] = u128::MAX;
        let source = source - self.lanes.len();
        if source < self.stations {
            Source::Station(source)
        } else {
            Source::Scenario(source - self.stations)
        }
    }

    /// A VU pauses from now on; `order` is the event's among those of its instant.
    #[inline(always)]
    pub fn pause(&mut self, lane: u16, now: Time, order: u64, id: u32) {
        let source = usize::from(lane);
        let lane = &mut self.lanes[source];
        let k = key((now + lane.pause).0, order | u64::from(source as u8));
        if lane.waiting.is_empty() {
            self.keys[source % MOST_SOURCES] = k;
        }
        lane.waiting.push((k, id));
    }

    /// A station's next completion is due then.
    #[inline(always)]
    pub fn complete_at(&mut self, station: usize, time: Time, order: u64) {
        self.set(self.lanes.len() + station, time, order);
    }

    /// A scenario's next open user arrives then.
    #[inline(always)]
    pub fn arrive_at(&mut self, scenario: usize, time: Time, order: u64) {
        self.set(self.lanes.len() + self.stations + scenario, time, order);
    }

    #[inline(always)]
    fn set(&mut self, source: usize, time: Time, order: u64) {
        self.keys[source % MOST_SOURCES] = key(time.0, order | u64::from(source as u8));
    }
}

/// The smaller of two keys. Which it is cannot be foreseen, so nothing may depend on it.
#[inline(always)]
fn least(a: u128, b: u128) -> u128 {
    std::hint::select_unpredictable(a < b, a, b)
}
