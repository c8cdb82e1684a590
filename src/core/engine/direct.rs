//! The next events of a few sources, found by comparing all of them.

use super::Time;
use super::heap::key;

/// Sources that are compared directly. A power of two, so that a mask keeps an index within.
pub(super) const DIRECT: usize = 16;

/// The due times of at most [`DIRECT`] sources, each of which has one event pending or none.
///
/// Most models have fewer constant delays and stations than that, and then one pass over their times costs
/// less than any ordered structure: nothing is moved when a source changes.
#[derive(Clone, Debug)]
pub(super) struct DirectSources {
    /// When the event of each source is due, [`Time::NEVER`] for none.
    times: [Time; DIRECT],
    /// The order of that event among the events of its instant.
    orders: [u64; DIRECT],
    /// How many sources there are.
    len: usize,
}

impl Default for DirectSources {
    fn default() -> Self {
        DirectSources {
            times: [Time::NEVER; DIRECT],
            orders: [u64::MAX; DIRECT],
            len: 0,
        }
    }
}

impl DirectSources {
    /// Adds a source without an event. Returns its place; `None` if there is no room.
    pub fn add(&mut self) -> Option<usize> {
        let place = self.len;
        if place == DIRECT {
            return None;
        }
        self.len += 1;
        Some(place)
    }

    /// When the first event is due, and the place of its source; [`Time::NEVER`] if nothing is due.
    #[inline(always)]
    pub fn first(&self) -> (Time, usize) {
        match self.len {
            0..=2 => self.first_of_places::<2>(),
            3..=4 => self.first_of_places::<4>(),
            5..=6 => self.first_of_places::<6>(),
            7..=8 => self.first_of_places::<8>(),
            9..=12 => self.first_of_places::<12>(),
            _ => self.first_of_places::<DIRECT>(),
        }
    }

    /// The first among a number of places. The number is a constant, because the steps of a loop cost as much as what is compared.
    #[inline(always)]
    fn first_of_places<const PLACES: usize>(&self) -> (Time, usize) {
        let (mut first, mut place) = (self.times[0], 0);
        for other in 1..PLACES {
            let time = self.times[other];
            if time == first {
                place = self.first_of(other, place);
            } else {
                let sooner = time < first;
                first = if sooner { time } else { first };
                place = if sooner { other } else { place };
            }
        }
        (first, place)
    }

    /// Of two events at one instant.
    #[cold]
    #[inline(never)]
    fn first_of(&self, one: usize, other: usize) -> usize {
        let is_one = self.orders[one % DIRECT] < self.orders[other % DIRECT];
        if is_one { one } else { other }
    }

    /// The key of a source's event: its time, then its order.
    #[inline]
    pub fn key(&self, place: usize) -> u128 {
        key(self.times[place % DIRECT].0, self.orders[place % DIRECT])
    }

    /// The event of a source is due then.
    #[inline(always)]
    pub fn set(&mut self, place: usize, time: Time, order: u64) {
        self.times[place % DIRECT] = time;
        self.orders[place % DIRECT] = order;
    }

    /// A source has no event.
    #[inline(always)]
    pub fn clear(&mut self, place: usize) {
        self.set(place, Time::NEVER, u64::MAX);
    }
}
