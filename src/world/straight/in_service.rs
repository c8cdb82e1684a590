//! Jobs in service by the time at which they leave.
//!
//! A new job leaves after any number of the others. Where that is decided by one comparison after the other, a
//! processor cannot tell how many there will be, and what it has begun meanwhile is lost: with sixteen servers, a
//! tenth of the time that a request takes. So at few servers nothing is kept in order. The two jobs that leave first
//! are found by looking at all, two at a time, by instructions that do the same whatever they find.

use crate::engine::heap::{MinHeap, key, major};
use crate::parts::Job;

/// The jobs in service at a station. A key holds when one leaves, then its order among those of its instant, and in
/// its lower 32 bits the job.
#[derive(Clone, Debug)]
pub(super) struct InService {
    len: usize,
    /// When the first job leaves, and which one that is.
    first: (u64, Job),
    /// All of them, if `by_places`.
    places: Places,
    /// Else.
    heap: MinHeap<()>,
    by_places: bool,
}

/// When the first of nobody leaves.
const NOBODY: (u64, Job) = (u64::MAX, Job::MAX);

/// With fewer servers, a sorted list is quicker.
const FEWEST: u32 = 5;

impl InService {
    /// Nobody. `at_most` are in service at once.
    pub fn new(at_most: u32) -> InService {
        InService {
            len: 0,
            first: NOBODY,
            places: Places::default(),
            heap: MinHeap::default(),
            by_places: (FEWEST..=PLACES as u32).contains(&at_most),
        }
    }

    /// How many there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nobody.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When the first job leaves, and which one that is; the greatest of both if nobody is there.
    #[inline(always)]
    pub fn first(&self) -> (u64, Job) {
        self.first
    }

    /// One more is served.
    #[inline]
    pub fn push(&mut self, key: u128) {
        self.len += 1;
        if self.has_place(key) {
            self.places.push(major(key), key as u64);
            self.first = self.places.first();
        } else {
            self.heap.push(key, ());
            self.first = first_of(&self.heap);
        }
    }

    /// The first one leaves.
    #[inline]
    pub fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
        if self.by_places {
            self.places.pop();
            self.first = if self.len > 0 {
                self.places.first()
            } else {
                NOBODY
            };
        } else {
            self.heap.pop();
            self.first = first_of(&self.heap);
        }
    }

    /// The first one leaves, and another is served in its place.
    #[inline(always)]
    pub fn replace_first(&mut self, key: u128) {
        if self.len == 0 {
            return self.push(key);
        }
        if self.has_place(key) {
            self.places.replace_first(major(key), key as u64);
            self.first = self.places.first();
        } else {
            self.heap.replace_first(key, ());
            self.first = first_of(&self.heap);
        }
    }

    /// Whether a key goes where places are.
    #[inline(always)]
    fn has_place(&mut self, key: u128) -> bool {
        if self.by_places && major(key) > LATEST {
            self.move_to_heap();
        }
        self.by_places
    }

    /// What places cannot do, the heap can, from now on.
    #[cold]
    #[inline(never)]
    fn move_to_heap(&mut self) {
        self.by_places = false;
        for (time, order) in self.places.all() {
            self.heap.push(key(time, order), ());
        }
    }
}

#[inline(always)]
fn first_of(heap: &MinHeap<()>) -> (u64, Job) {
    let first = heap.first_key();
    (major(first), first as Job)
}

/// Jobs that fit: a power of two.
const PLACES: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 4;

/// The latest time that fits, of four years.
const LATEST: u64 = (1 << 57) - 1;

/// Makes numbers from zero on the bits of floats of the same order, from 2 on: of two floats at a time, every 64-bit
/// processor finds the lesser.
const FLOAT: u64 = 2.0_f64.to_bits();

/// Few jobs, each at some place.
#[derive(Clone, Debug)]
struct Places {
    /// When each leaves: its time and place as a float; infinite where nobody is.
    times: [f64; PLACES],
    /// The lower half of each key.
    orders: [u64; PLACES],
    /// A bit for each place where nobody is.
    free: u32,
    /// The least of `times`, of equal times that of the least order.
    first: f64,
    /// The least of the others. It may be another one of the same time.
    second: f64,
}

impl Default for Places {
    fn default() -> Places {
        Places {
            times: [f64::INFINITY; PLACES],
            orders: [0; PLACES],
            free: (1 << PLACES) - 1,
            first: f64::INFINITY,
            second: f64::INFINITY,
        }
    }
}

/// Neither is a number that does not compare.
#[inline(always)]
fn min(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn max(a: f64, b: f64) -> f64 {
    if a < b { b } else { a }
}

fn float_of(time: u64, place: usize) -> f64 {
    f64::from_bits(FLOAT + (time << PLACE_BITS | place as u64))
}

fn place_of(float: f64) -> usize {
    float.to_bits() as usize % PLACES
}

impl Places {
    /// Somebody must be there.
    #[inline(always)]
    fn first(&self) -> (u64, Job) {
        let time = self.first.to_bits().wrapping_sub(FLOAT) >> PLACE_BITS;
        (time, self.orders[place_of(self.first)] as Job)
    }

    /// All that are there, in any order.
    fn all(&self) -> impl Iterator<Item = (u64, u64)> {
        let there = self.times.iter().zip(&self.orders);
        let there = there.filter(|(time, _)| time.is_finite());
        there.map(|(time, order)| ((time.to_bits() - FLOAT) >> PLACE_BITS, *order))
    }

    #[inline]
    fn push(&mut self, time: u64, order: u64) {
        let place = self.free.trailing_zeros() as usize % PLACES;
        self.free &= !(1 << place);
        self.put(time, order, place);
        let float = self.times[place];
        self.second = min(self.second, max(self.first, float));
        self.first = min(self.first, float);
        self.tell_equals_apart(self.first, self.second);
    }

    #[inline]
    fn pop(&mut self) {
        let place = place_of(self.first);
        self.free |= 1 << place;
        self.times[place] = f64::INFINITY;
        self.first = self.second;
        if self.first.is_finite() {
            self.find_second();
        }
    }

    #[inline(always)]
    fn replace_first(&mut self, time: u64, order: u64) {
        let place = place_of(self.first);
        self.put(time, order, place);
        // Who is first is known at once, and nobody waits for what follows.
        self.first = min(self.second, self.times[place]);
        self.find_second();
    }

    #[inline(always)]
    fn put(&mut self, time: u64, order: u64, place: usize) {
        self.times[place] = float_of(time, place);
        self.orders[place] = order;
    }

    #[inline(always)]
    fn find_second(&mut self) {
        let (first, second) = two_least(&self.times);
        self.second = second;
        self.tell_equals_apart(first, second);
    }

    #[inline(always)]
    fn tell_equals_apart(&mut self, first: f64, second: f64) {
        if (first.to_bits() ^ second.to_bits()) >> PLACE_BITS == 0 {
            self.go_by_order(first);
        }
    }

    /// Of those that leave together, the one of the least order is first.
    #[cold]
    #[inline(never)]
    fn go_by_order(&mut self, first: f64) {
        let together = |float: f64| (float.to_bits() ^ first.to_bits()) >> PLACE_BITS == 0;
        let all = self.times.iter().zip(&self.orders);
        let all = all.filter(|(float, _)| together(**float));
        if let Some((float, _)) = all.min_by_key(|(_, order)| **order) {
            self.first = *float;
        }
        let others = self.times.iter().filter(|float| **float != self.first);
        self.second = others.copied().fold(f64::INFINITY, min);
    }
}

/// The least of all, and the least of the others.
#[inline(always)]
fn two_least(all: &[f64; PLACES]) -> (f64, f64) {
    const LANES: usize = 2;
    let (mut first, mut second) = ([f64::INFINITY; LANES], [f64::INFINITY; LANES]);
    for some in all.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            let more = max(some[lane], first[lane]);
            second[lane] = min(more, second[lane]);
            first[lane] = min(some[lane], first[lane]);
        }
    }
    let more = max(first[0], first[1]);
    (
        min(first[0], first[1]),
        min(more, min(second[0], second[1])),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::stream::Stream;

    /// Does the same with jobs in service and with a set of keys. Times are few, so that many are equal, or many;
    /// and now and then, one is beyond all others.
    fn compare(at_most: usize, times: u64, latest: u64) {
        let mut random = Stream::new(at_most as u64, times, "in service");
        let (mut jobs, mut known) = (InService::new(at_most as u32), BTreeSet::new());
        for n in 0..20_000_u64 {
            let time = n / 8 + random.below(times);
            let late = random.chance(0.001);
            let new = key(if late { latest } else { time }, n << 32 | n);
            match random.below(10) {
                0..3 if known.len() < at_most => {
                    jobs.push(new);
                    known.insert(new);
                }
                0..5 => {
                    jobs.pop();
                    known.pop_first();
                }
                _ => {
                    jobs.replace_first(new);
                    known.pop_first();
                    known.insert(new);
                }
            }
            assert_eq!(
                (jobs.len(), jobs.is_empty()),
                (known.len(), known.is_empty())
            );
            let first = known.first().map(|key| (major(*key), *key as Job));
            assert_eq!(jobs.first(), first.unwrap_or(NOBODY), "step {n}");
        }
    }

    #[test]
    fn they_leave_by_time_and_order() {
        for at_most in [1, 4, 5, 8, 15, 16, 17, 40] {
            for times in [1, 3, 50, 1 << 40] {
                compare(at_most, times, 1 << 50);
                compare(at_most, times, LATEST);
                compare(at_most, times, LATEST + 1);
                compare(at_most, times, u64::MAX);
            }
        }
    }

    #[test]
    fn a_float_tells_time_and_place() {
        for (time, place) in [(0, 0), (1, 15), (LATEST - 1, 0), (LATEST, PLACES - 1)] {
            let float = float_of(time, place);
            assert!(float.is_finite() && float > 0.0);
            assert_eq!(place_of(float), place);
            let later = (time < LATEST).then(|| float_of(time + 1, 0));
            assert!(later.is_none_or(|later| float < later));
        }
    }
}
