//! Order statistics without a full sort.
//!
//! One pass counts the values per log-linear bucket, which tells the bucket of each wanted rank;
//! a second pass gathers those buckets only, and selection finishes inside them. The result is
//! that of a sort, at a small share of its cost.

use super::buckets;

/// Below this many values a plain sort is cheaper than clearing the bucket counts.
const WORTH_COUNTING: usize = 1_000;

/// The values at these ranks (0 is the smallest), in the order asked.
///
/// Every rank must be less than the number of values; a larger one is taken as the last.
pub(super) fn order_statistics(values: &[u64], ranks: &[usize]) -> Vec<u64> {
    let Some(last) = values.len().checked_sub(1) else {
        return Vec::new();
    };
    let wanted = sorted_unique(ranks.iter().map(|&rank| rank.min(last)));
    let found = if values.len() < WORTH_COUNTING {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        wanted.iter().map(|&rank| sorted[rank]).collect()
    } else {
        select(values, &wanted)
    };
    let place = |rank: &usize| wanted.partition_point(|w| w < rank);
    ranks
        .iter()
        .map(|&rank| found[place(&rank.min(last))])
        .collect()
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

fn select(values: &[u64], wanted: &[usize]) -> Vec<u64> {
    let mut counts = vec![0_usize; buckets::COUNT];
    for &value in values {
        counts[buckets::index(value)] += 1;
    }
    let mut slots = locate(&counts, wanted);
    gather(values, &mut slots);
    slots.iter_mut().flat_map(resolve).collect()
}

/// The buckets that hold the wanted ranks, in ascending order.
fn locate(counts: &[usize], wanted: &[usize]) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut remaining = wanted;
    let mut below = 0;
    for (bucket, &count) in counts.iter().enumerate() {
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

fn gather(values: &[u64], slots: &mut [Slot]) {
    const UNWANTED: usize = usize::MAX;
    let mut slot_of = vec![UNWANTED; buckets::COUNT];
    for (number, slot) in slots.iter().enumerate() {
        slot_of[slot.bucket] = number;
    }
    for &value in values {
        let slot = slot_of[buckets::index(value)];
        if slot != UNWANTED {
            slots[slot].members.push(value);
        }
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
