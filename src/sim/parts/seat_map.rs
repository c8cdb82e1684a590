//! Which seats of one event are free, as a user sees them: now, or as an earlier list showed them.

use crate::engine::alias::Alias;
use crate::engine::stream::Stream;

/// One bit per seat of an event that is not free, in words of 64.
#[derive(Clone, Copy, Debug)]
pub struct SeatMap<'a> {
    taken: &'a [u64],
    seats: u32,
}

impl<'a> SeatMap<'a> {
    /// A map of a number of seats; without words, a map on which nothing is free.
    #[must_use]
    pub fn new(taken: &'a [u64], seats: u32) -> SeatMap<'a> {
        SeatMap { taken, seats }
    }

    /// Whether this seat is free.
    #[must_use]
    pub fn is_free(self, at: u32) -> bool {
        let word = self.taken.get(at as usize / 64);
        at < self.seats && word.is_some_and(|word| word & 1 << (at % 64) == 0)
    }

    /// Free seats among the first `limit`.
    #[must_use]
    pub fn free_among(self, limit: u32) -> u32 {
        self.free_words(limit).map(u64::count_ones).sum()
    }

    /// The free seats, as numbers within the event.
    pub fn free(self) -> impl Iterator<Item = u32> + 'a {
        (0..self.seats).filter(move |at| self.is_free(*at))
    }

    /// The free seat with `rank` free ones before it.
    #[must_use]
    pub fn nth_free(self, rank: u32) -> Option<u32> {
        let mut before = rank;
        for (i, mut free) in self.free_words(self.seats).enumerate() {
            if before >= free.count_ones() {
                before -= free.count_ones();
                continue;
            }
            for _ in 0..before {
                free &= free - 1;
            }
            return Some(i as u32 * 64 + free.trailing_zeros());
        }
        None
    }

    /// A free seat, with a probability in proportion to its weight.
    #[must_use]
    pub fn by_popularity(
        self,
        (alias, weights): &(Alias, Vec<f64>),
        stream: &mut Stream,
    ) -> Option<u32> {
        // Most draws hit a free seat; where the wanted ones are gone, the free ones are gone through.
        for _ in 0..8 {
            let at = alias.draw(stream);
            if self.is_free(at) {
                return Some(at);
            }
        }
        let total: f64 = self.free().map(|at| weights[at as usize]).sum();
        let mut left = stream.unit() * total;
        let hit = self.free().find(|at| {
            left -= weights[*at as usize];
            left < 0.0
        });
        hit.or_else(|| (0..self.seats).rev().find(|at| self.is_free(*at)))
    }

    /// Free seats among the first `limit`, as words of bits.
    fn free_words(self, limit: u32) -> impl Iterator<Item = u64> + 'a {
        let limit = limit.min(self.seats);
        self.taken.iter().enumerate().map(move |(i, taken)| {
            let here = limit.saturating_sub(i as u32 * 64);
            let mask = if here >= 64 {
                u64::MAX
            } else {
                (1 << here) - 1
            };
            !taken & mask
        })
    }
}
