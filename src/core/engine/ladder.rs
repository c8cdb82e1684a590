//! An event list for few and for a million pending events.
//!
//! A heap of a million events lies outside the caches, and every pop walks through it. So a heap holds only
//! what is due next; what is due later waits unsorted in buckets of equal width, and what is later than all
//! of them in one more list: a ladder queue (W. T. Tang, R. S. M. Goh, I. L.-J. Thng, "Ladder queue: an O(1)
//! priority queue structure for large-scale discrete event simulation", 2005) with one rung. Keys alone decide
//! the order, so it is the heap's to the last event.

use super::heap::{MinHeap, major};

/// A min-queue of small values by a 128-bit key whose upper half is a time. Keys must be distinct.
#[derive(Clone, Debug)]
pub struct Ladder<V: Copy> {
    /// Everything due before `near_end`, or all there is.
    near: MinHeap<V>,
    /// There is more than what is near.
    far: bool,
    near_end: u64,
    rung: Vec<Vec<(u128, V)>>,
    /// The next bucket of the rung, which begins at `near_end`.
    next: usize,
    /// Width of a bucket in bits of time.
    bits: u32,
    /// Where the rung ends; everything from there on is `beyond`.
    rung_end: u64,
    beyond: Vec<(u128, V)>,
    /// How many wait in the rung.
    in_rung: usize,
}

/// A heap up to this size is the fastest: it lies in the second cache.
const MOST_NEAR: usize = 4096;

/// Events that a bucket should hold, about: so few are sorted in no time.
const TARGET_BUCKET_LEN: usize = 16;

/// The time in a key; the last nanosecond counts as the one before, so that a rung can end after all.
#[inline]
fn due(key: u128) -> u64 {
    major(key).min(u64::MAX - 1)
}

impl<V: Copy> Default for Ladder<V> {
    fn default() -> Self {
        Ladder {
            near: MinHeap::default(),
            far: false,
            near_end: 0,
            rung: Vec::new(),
            next: 0,
            bits: 0,
            rung_end: 0,
            beyond: Vec::new(),
            in_rung: 0,
        }
    }
}

impl<V: Copy> Ladder<V> {
    /// The smallest key, `u128::MAX` if there is none.
    #[inline]
    #[must_use]
    pub fn first_key(&self) -> u128 {
        self.near.first_key()
    }

    /// How many values wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.near.len() + self.in_rung + self.beyond.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, key: u128, value: V) {
        if self.far && due(key) >= self.near_end {
            return self.push_far(key, value);
        }
        self.near.push(key, value);
        if self.near.len() > MOST_NEAR && !self.far {
            self.spill();
        }
    }

    /// Removes the value with the smallest key.
    #[inline]
    pub fn pop(&mut self) -> Option<(u128, V)> {
        let popped = self.near.pop();
        if self.far && self.near.is_empty() {
            self.refill();
        }
        popped
    }

    #[inline(never)]
    fn push_far(&mut self, key: u128, value: V) {
        let time = due(key);
        if time >= self.rung_end {
            self.beyond.push((key, value));
        } else {
            let bucket = self.next + ((time - self.near_end) >> self.bits) as usize;
            self.rung[bucket].push((key, value));
            self.in_rung += 1;
        }
        if self.near.is_empty() {
            self.refill();
        }
    }

    /// The heap has grown too large: all it holds goes to the list of what is far.
    #[cold]
    fn spill(&mut self) {
        while let Some(entry) = self.near.pop() {
            self.beyond.push(entry);
        }
        self.far = true;
        self.refill();
    }

    /// The heap is empty: the next bucket that is not goes there.
    fn refill(&mut self) {
        while self.near.is_empty() {
            if self.in_rung == 0 {
                if self.beyond.len() <= MOST_NEAR / 2 {
                    return self.join();
                }
                self.set_up();
            }
            let bucket = &mut self.rung[self.next];
            self.in_rung -= bucket.len();
            for (key, value) in bucket.drain(..) {
                self.near.push(key, value);
            }
            self.next += 1;
            self.near_end = self
                .near_end
                .saturating_add(1 << self.bits)
                .min(self.rung_end);
        }
    }

    /// Few are left: a heap is enough.
    #[cold]
    fn join(&mut self) {
        self.far = false;
        for (key, value) in self.beyond.drain(..) {
            self.near.push(key, value);
        }
    }

    /// Spreads what is beyond over a new rung. Some of the latest stay beyond it, so that a few far ones do
    /// not make its buckets too wide.
    #[cold]
    fn set_up(&mut self) {
        let (mut first, mut sum) = (u64::MAX, 0_u128);
        for (key, _) in &self.beyond {
            first = first.min(due(*key));
            sum += u128::from(due(*key));
        }
        // Evenly spread, all lie within twice the mean distance from the first.
        let mean = (sum / self.beyond.len() as u128) as u64;
        let span = (mean - first).saturating_mul(2).max(1);
        let buckets = (self.beyond.len() / TARGET_BUCKET_LEN).next_power_of_two();
        self.bits = (span / buckets as u64).max(1).ilog2();
        let width = 1_u64 << self.bits;
        let needed = (span / width + 1).min(4 * buckets as u64) as usize;
        self.rung.resize_with(needed.max(self.rung.len()), Vec::new);
        self.next = 0;
        self.near_end = first;
        self.rung_end = first.saturating_add(width.saturating_mul(needed as u64));
        let all = std::mem::take(&mut self.beyond);
        for (key, value) in all {
            let time = due(key);
            if time < self.rung_end {
                self.rung[((time - first) >> self.bits) as usize].push((key, value));
                self.in_rung += 1;
            } else {
                self.beyond.push((key, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::heap::key;
    use crate::engine::stream::Stream;

    /// Holds and fills of many sizes against a sorted map, with times of a given kind.
    fn agrees(draw: fn(&mut Stream, u64) -> u64) {
        let mut stream = Stream::new(7, 0, "ladder");
        let (mut ladder, mut known) = (Ladder::default(), BTreeMap::new());
        let (mut now, mut sequence) = (0, 0);
        for size in [10, 5_000, 30_000, 6_000, 0, 9_000, 1, 0] {
            // Towards that many, then as many events again at about that many.
            for _ in 0..2 * known.len().abs_diff(size) + 3_000 {
                let grows = stream.chance(if known.len() < size { 0.8 } else { 0.4 });
                if grows && known.len() <= size {
                    sequence += 1;
                    let k = key(draw(&mut stream, now), sequence);
                    ladder.push(k, sequence);
                    known.insert(k, sequence);
                } else {
                    let expected = known.pop_first();
                    assert_eq!(ladder.pop(), expected);
                    now = expected.map_or(now, |e| major(e.0));
                }
                let first = known.first_key_value().map_or(u128::MAX, |e| *e.0);
                assert_eq!(ladder.first_key(), first);
            }
        }
        assert!(sequence > 50_000);
    }

    #[test]
    fn evenly_spread_events_leave_in_order() {
        agrees(|stream, now| now + stream.below(1_000_000_000));
    }

    #[test]
    fn equal_and_very_unequal_events_leave_in_order() {
        agrees(|stream, now| now + [0, 0, 1, 1_000, 5_000_000_000][stream.below(5) as usize]);
        agrees(|stream, now| now.max(stream.below(3) << 62));
        agrees(|stream, now| now + (1_u64 << stream.below(50)));
    }

    #[test]
    fn events_at_the_end_of_time_leave_last() {
        let mut ladder = Ladder::default();
        for i in 0..10_000_u64 {
            let time = if i % 3 == 0 { u64::MAX } else { i };
            ladder.push(key(time, i), i);
        }
        let all: Vec<u128> = std::iter::from_fn(|| ladder.pop().map(|e| e.0)).collect();
        assert_eq!(all.len(), 10_000);
        assert!(all.is_sorted());
    }
}
