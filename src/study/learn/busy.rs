//! How many requests were under way when each began, and from where on they take longer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// For each of these begins and lengths in microseconds, in ascending order of begins: how many were under way,
/// itself included.
pub fn under_way(requests: impl Iterator<Item = (i64, u32)>) -> Vec<u32> {
    let mut ends: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let count = |(start, us): (i64, u32)| {
        while ends.peek().is_some_and(|end| end.0 <= start) {
            ends.pop();
        }
        ends.push(Reverse(start.saturating_add(i64::from(us))));
        u32::try_from(ends.len()).unwrap_or(u32::MAX)
    };
    requests.map(count).collect()
}

/// As [`under_way`], where begins are only known to a second: by Little's law, of how many began in it and how
/// long requests take in the mean of all. The length of a request has no part in its own number.
pub fn by_second(requests: impl Iterator<Item = (i64, u32)> + Clone) -> Vec<u32> {
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    let (mut sum, mut count) = (0.0, 0_u64);
    for (start, us) in requests.clone() {
        *counts.entry(start.div_euclid(1_000_000)).or_default() += 1;
        sum += f64::from(us) / 1e6;
        count += 1;
    }
    let mean = sum / (count as f64).max(1.0);
    let number = |(start, _): (i64, u32)| {
        let began = counts
            .get(&start.div_euclid(1_000_000))
            .copied()
            .unwrap_or(0);
        (began as f64 * mean).ceil().max(1.0) as u32
    };
    requests.map(number).collect()
}

/// Response times at one number of requests under way, relative to those of the same endpoints at few.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The number under way from which the level begins.
    pub from: u32,
    /// Requests.
    pub requests: u64,
    /// Mean of the ratios.
    pub ratio: f64,
    under_way: u64,
}

/// Levels with fewer requests tell nothing.
const MIN_REQUESTS: u64 = 50;

/// Longer by so much is longer.
const LONGER: f64 = 1.25;

/// Levels of the number under way, from how many were, and the ratio of each time to its endpoint's at few.
pub fn levels(each: impl Iterator<Item = (u32, f64)>) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for (under_way, ratio) in each {
        let from = from(under_way);
        let found = levels.binary_search_by_key(&from, |level| level.from);
        let place = found.unwrap_or_else(|place| {
            let (requests, ratio, under_way) = (0, 0.0, 0);
            levels.insert(
                place,
                Level {
                    from,
                    requests,
                    ratio,
                    under_way,
                },
            );
            place
        });
        let level = &mut levels[place];
        level.requests += 1;
        level.under_way += u64::from(under_way);
        level.ratio += (ratio - level.ratio) / level.requests as f64;
    }
    levels
}

/// 1, 2, 3, 4, 6, 8, 12, 16, …
fn from(under_way: u32) -> u32 {
    let power = 1 << under_way.max(1).ilog2();
    let half = power / 2;
    if half > 0 && under_way >= power + half {
        power + half
    } else {
        power
    }
}

/// Where response times begin to grow, and of how many servers that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// The number under way from which times are longer by a quarter or more.
    pub from: u32,
    /// Servers of a station that would make times grow so.
    pub servers: f64,
}

/// The growth that the levels show, if they show any.
#[must_use]
pub fn growth(levels: &[Level]) -> Option<Growth> {
    let told: Vec<&Level> = levels
        .iter()
        .filter(|level| level.requests >= MIN_REQUESTS)
        .collect();
    let calm = told.iter().rposition(|level| level.ratio <= LONGER);
    let beyond = &told[calm.map_or(0, |k| k + 1)..];
    let first = beyond.first()?;
    // With n under way and c servers a request takes n / c of its service time.
    let (n, ratio) = beyond.iter().fold((0.0, 0.0), |(n, ratio), level| {
        (
            n + level.under_way as f64,
            ratio + level.ratio * level.requests as f64,
        )
    });
    Some(Growth {
        from: first.from,
        servers: (n / ratio).max(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_under_way_are_counted_at_each_begin() {
        let requests = [(0, 100), (10, 10), (20, 5), (50, 100), (200, 1)];
        assert_eq!(under_way(requests.into_iter()), [1, 2, 2, 2, 1]);
        let froms: Vec<u32> = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 1_000].map(from).to_vec();
        assert_eq!(froms, [1, 2, 3, 4, 4, 6, 6, 8, 8, 12, 768]);
    }

    #[test]
    fn servers_are_told_from_growth() {
        let each = (1..=16_u32).flat_map(|n| vec![(n, (f64::from(n) / 4.0).max(1.0)); 100]);
        let found = growth(&levels(each)).unwrap();
        assert!(
            (found.servers - 4.0).abs() < 1e-9 && found.from == 6,
            "{found:?}"
        );
        assert_eq!(
            growth(&levels((1..=16).flat_map(|n| vec![(n, 1.1); 100]))),
            None
        );
        assert_eq!(growth(&[]), None);
    }
}
