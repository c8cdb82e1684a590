//! What is due next in a straight model: constant pauses of VUs and requests, and completions of stations.
//! They are so few that the first is found by looking at all of them.

use crate::engine::heap::key;
use crate::engine::ring::Ring;
use crate::engine::{Span, Time};

/// Lanes and stations by their next events; keys are those of the event queue.
#[derive(Debug)]
pub(super) struct Near {
    /// The key of the first event of each lane, then of each station; `u128::MAX` for none.
    keys: Vec<u128>,
    lanes: Vec<Lane>,
}

/// VUs that pause for the same time.
#[derive(Debug)]
struct Lane {
    pause: Span,
    waiting: Ring<(u128, u32)>,
}

/// Of more sources than this, the first is no longer found at a glance.
const MOST_SOURCES: usize = 12;

/// Where the next event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The pause of this VU is over.
    Lane(u32),
    /// This station has completed a service.
    Station(usize),
}

impl Near {
    /// Nothing is due; `None` if there are too many sources.
    pub fn new(pauses: &[Span], stations: usize) -> Option<Near> {
        let sources = pauses.len() + stations;
        let lane = |pause: &Span| Lane {
            pause: *pause,
            waiting: Ring::default(),
        };
        (sources <= MOST_SOURCES).then(|| Near {
            keys: vec![u128::MAX; sources],
            lanes: pauses.iter().map(lane).collect(),
        })
    }

    /// The first source and its key; `u128::MAX` if nothing is due.
    #[inline(always)]
    pub fn first(&self) -> (usize, u128) {
        let mut first = (0, u128::MAX);
        for (source, key) in self.keys.iter().enumerate() {
            if *key < first.1 {
                first = (source, *key);
            }
        }
        first
    }

    /// The event of a source that has one takes place: it is no longer due.
    #[inline(always)]
    pub fn take(&mut self, source: usize) -> Source {
        match self.lanes.get_mut(source) {
            Some(lane) => {
                let id = lane.waiting.pop().map_or(0, |w| w.1);
                self.keys[source] = lane.waiting.get(0).map_or(u128::MAX, |w| w.0);
                Source::Lane(id)
            }
            None => {
                self.keys[source] = u128::MAX;
                Source::Station(source - self.lanes.len())
            }
        }
    }

    /// A VU pauses from now on; `order` is the event's among those of its instant.
    #[inline(always)]
    pub fn pause(&mut self, lane: u16, now: Time, order: u64, id: u32) {
        let source = usize::from(lane);
        let lane = &mut self.lanes[source];
        let k = key((now + lane.pause).0, order);
        if lane.waiting.is_empty() {
            self.keys[source] = k;
        }
        lane.waiting.push((k, id));
    }

    /// A station's next completion is due then.
    #[inline(always)]
    pub fn complete_at(&mut self, station: usize, time: Time, order: u64) {
        let source = self.lanes.len() + station;
        self.keys[source] = key(time.0, order);
    }
}
