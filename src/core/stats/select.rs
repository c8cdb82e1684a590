//! Order statistics without a full sort.
//!
//! One pass counts the values per log-linear bucket, which tells the bucket of each wanted rank;
//! a second pass gathers those buckets only, and selection finishes inside them. The result is
//! that of a sort, at a small share of its cost.

use super::durations::DurationSlice;
use crate::engine::time::to_f64;

/// Below this many values a plain sort is cheaper than clearing the bucket counts.
const WORTH_COUNTING: usize = 1_000;

/// Buckets by the upper bits of a value as a float: 128 equal steps in each power of two. Nothing but the order
/// counts here, and a processor makes a float quicker than it finds the leading one.
mod buckets {
    use crate::engine::time::to_u64;

    /// Bits of a float below those that count.
    const DROPPED: u32 = 52 - 7;
    /// Where the bucket of 1.0 would be. That of 0.0 is the same.
    const FIRST: u64 = 1.0_f64.to_bits() >> DROPPED;
    /// That of the greatest, 2⁶⁴, is the last.
    pub const COUNT: usize = 64 * 128 + 1;

    /// The bucket of a value, which is whole; always less than [`COUNT`].
    #[inline]
    pub fn index(value: f64) -> usize {
        (value.to_bits() >> DROPPED).saturating_sub(FIRST) as usize
    }

    /// The first and the last value of a bucket.
    pub fn range(bucket: usize) -> (u64, u64) {
        let first = |bucket: usize| {
            let float = f64::from_bits((bucket as u64 + FIRST) << DROPPED);
            to_u64(float.ceil())
        };
        let next = if bucket + 1 < COUNT {
            first(bucket + 1)
        } else {
            0
        };
        (
            if bucket == 0 { 0 } else { first(bucket) },
            next.wrapping_sub(1),
        )
    }
}

/// How many values fell into each bucket: the first of the two passes, which may do more than count.
pub(super) struct Counts(Vec<u32>);

impl Counts {
    /// For a number of values; nothing is counted where a sort is cheaper, or there are too many to count.
    pub(super) fn new(values: usize) -> Counts {
        let worth = (WORTH_COUNTING..u32::MAX as usize).contains(&values);
        Counts(vec![0; if worth { buckets::COUNT } else { 0 }])
    }

    /// Counts a whole number.
    #[inline]
    pub(super) fn add(&mut self, value: f64) {
        if let Some(count) = self.0.get_mut(buckets::index(value)) {
            *count += 1;
        }
    }

    /// The values at these ranks (0 is the smallest), in the order asked, of the values counted, which come
    /// in parts.
    ///
    /// Every rank must be less than the number of values; a larger one is taken as the last.
    pub(super) fn order_statistics(
        &self,
        parts: &[DurationSlice<'_>],
        ranks: &[usize],
    ) -> Vec<u64> {
        let count: usize = parts.iter().map(|part| part.len()).sum();
        let Some(last) = count.checked_sub(1) else {
            return Vec::new();
        };
        let wanted = sorted_unique(ranks.iter().map(|&rank| rank.min(last)));
        let found = if self.0.is_empty() {
            let mut sorted: Vec<u64> = parts.iter().flat_map(|part| part.iter()).collect();
            sorted.sort_unstable();
            wanted.iter().map(|&rank| sorted[rank]).collect()
        } else {
            let mut slots = locate(&self.0, &wanted);
            gather(parts, &mut slots);
            slots.iter_mut().flat_map(resolve).collect::<Vec<u64>>()
        };
        let place = |rank: &usize| wanted.partition_point(|w| w < rank);
        ranks
            .iter()
            .map(|&rank| found[place(&rank.min(last))])
            .collect()
    }
}

/// The values at these ranks (0 is the smallest), in the order asked.
pub(super) fn order_statistics(values: &[u64], ranks: &[usize]) -> Vec<u64> {
    let values = DurationSlice::from(values);
    let mut counts = Counts::new(values.len());
    values.for_each(|value| counts.add(to_f64(value)));
    counts.order_statistics(&[values], ranks)
}

fn sorted_unique(ranks: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut ranks: Vec<usize> = ranks.collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

/// One bucket that holds wanted ranks, and those ranks relative to its smallest value.
struct Slot {
    bucket: usize,
    ranks: Vec<usize>,
    members: Vec<u64>,
}

/// The buckets that hold the wanted ranks, in ascending order.
fn locate(counts: &[u32], wanted: &[usize]) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut remaining = wanted;
    let mut below = 0;
    for (bucket, &count) in counts.iter().enumerate() {
        let count = count as usize;
        let inside = remaining.partition_point(|&rank| rank < below + count);
        if inside > 0 {
            slots.push(Slot {
                bucket,
                ranks: remaining[..inside].iter().map(|r| r - below).collect(),
                members: Vec::with_capacity(count),
            });
            remaining = &remaining[inside..];
        }
        if remaining.is_empty() {
            break;
        }
        below += count;
    }
    slots
}

fn gather(parts: &[DurationSlice<'_>], slots: &mut [Slot]) {
    let ranges: Vec<(u64, u64)> = slots.iter().map(|s| buckets::range(s.bucket)).collect();
    // Of each bucket, which of the slots it is, from 1, or 0; there are not as many buckets as that could be.
    let mut wanted: Vec<u16> = Vec::new();
    for part in parts {
        let rest = part.for_ranges(&ranges, |slot, value| slots[slot].members.push(value));
        if wanted.is_empty() && !rest.is_empty() {
            wanted.resize(buckets::COUNT, 0);
            for (slot, number) in slots.iter().zip(1..) {
                wanted[slot.bucket] = number;
            }
        }
        rest.for_each(|value| {
            let slot = usize::from(wanted[buckets::index(to_f64(value))]);
            if let Some(slot) = slot.checked_sub(1) {
                slots[slot].members.push(value);
            }
        });
    }
}

/// Selects from the highest rank down: what is left of a selected element holds all lower ranks.
fn resolve(slot: &mut Slot) -> Vec<u64> {
    let mut rest = slot.members.as_mut_slice();
    let mut found = Vec::with_capacity(slot.ranks.len());
    for &rank in slot.ranks.iter().rev() {
        let (below, &mut value, _) = rest.select_nth_unstable(rank);
        found.push(value);
        rest = below;
    }
    found.reverse();
    found
}
