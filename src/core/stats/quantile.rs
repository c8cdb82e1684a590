//! Exact percentiles as k6 computes them: all samples, linear interpolation between neighbours.
//!
//! With n samples in ascending order and `idx = percent/100 * (n - 1)`, the percentile is
//! `lo + (hi - lo) * (idx - floor(idx))` of the samples at `floor(idx)` and `ceil(idx)`, all in
//! 64-bit floats (k6 2.2.0, metrics package, trend sink; type 7 of Hyndman & Fan 1996). Without
//! samples it is 0.

use super::select::order_statistics;
use crate::engine::time::to_f64;

/// Nanoseconds as k6 keeps them: milliseconds in a 64-bit float.
#[inline]
pub(super) fn ns_to_ms(ns: u64) -> f64 {
    float_to_ms(to_f64(ns))
}

/// As [`ns_to_ms`], of nanoseconds that are a float already.
#[inline]
pub(super) fn float_to_ms(ns: f64) -> f64 {
    ns / 1e6
}

/// Percentiles (0 to 100) in milliseconds of samples in nanoseconds, in any order.
///
/// Bit-equal to sorting and interpolating. Returns `None` if a percent is not within 0 to 100.
#[must_use]
pub fn percentiles_ns(samples: &[u64], percents: &[f64]) -> Option<Vec<f64>> {
    percentiles_with(percents, samples.len(), |ranks| {
        order_statistics(samples, ranks)
    })
}

/// As [`percentiles_ns`], where `at_ranks` gives the samples at some ranks.
pub(super) fn percentiles_with(
    percents: &[f64],
    samples: usize,
    at_ranks: impl FnOnce(&[usize]) -> Vec<u64>,
) -> Option<Vec<f64>> {
    let positions = positions(samples, percents)?;
    let neighbours = at_ranks(&ranks(&positions));
    let in_ms: Vec<f64> = neighbours.into_iter().map(ns_to_ms).collect();
    Some(interpolate_all(&positions, &in_ms))
}

/// Percentiles (0 to 100) of plain values, in any order and in their own unit.
///
/// Values are ordered by the IEEE 754 total order, so -0 comes before +0 and NaN at an end.
/// Returns `None` if a percent is not within 0 to 100.
#[must_use]
pub fn percentiles(samples: &[f64], percents: &[f64]) -> Option<Vec<f64>> {
    let positions = positions(samples.len(), percents)?;
    let smallest = samples.iter().map(|&x| order_key(x)).min().unwrap_or(0);
    // Counted from the smallest, the keys spread over many buckets instead of a few.
    let keys: Vec<u64> = samples.iter().map(|&x| order_key(x) - smallest).collect();
    let neighbours: Vec<f64> = order_statistics(&keys, &ranks(&positions))
        .into_iter()
        .map(|key| from_order_key(key + smallest))
        .collect();
    Some(interpolate_all(&positions, &neighbours))
}

/// The quantile at `q` (0 to 1) of `count` samples, interpolated between ranks, where `at_rank` gives the sample
/// of a rank. `None` without samples, or if `q` is not within 0 to 1.
pub(super) fn between_ranks(
    count: u64,
    q: f64,
    at_rank: impl Fn(u64) -> Option<f64>,
) -> Option<f64> {
    if count == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let index = q * (count - 1) as f64;
    let low = index.floor();
    let below = at_rank(low as u64)?;
    let above = at_rank(index.ceil() as u64)?;
    // Infinite samples have no distance.
    if below == above {
        return Some(below);
    }
    Some(below + (above - below) * (index - low))
}

/// Where a percentile lies among n ordered samples.
struct Position {
    low: usize,
    high: usize,
    fraction: f64,
}

fn positions(n: usize, percents: &[f64]) -> Option<Vec<Position>> {
    let last = n.saturating_sub(1);
    percents
        .iter()
        .map(|&percent| {
            if !(0.0..=100.0).contains(&percent) {
                return None;
            }
            let index = percent / 100.0 * last as f64;
            let low = index.floor();
            Some(Position {
                low: low as usize,
                high: index.ceil() as usize,
                fraction: index - low,
            })
        })
        .collect()
}

/// The low and the high rank of each position, in turn.
fn ranks(positions: &[Position]) -> Vec<usize> {
    positions.iter().flat_map(|p| [p.low, p.high]).collect()
}

fn interpolate_all(positions: &[Position], neighbours: &[f64]) -> Vec<f64> {
    if neighbours.is_empty() {
        return vec![0.0; positions.len()];
    }
    positions
        .iter()
        .zip(neighbours.chunks_exact(2))
        .map(|(position, pair)| {
            if position.low == position.high {
                pair[0]
            } else {
                pair[0] + (pair[1] - pair[0]) * position.fraction
            }
        })
        .collect()
}

/// Whole numbers in the order of the floats (the mapping behind `f64::total_cmp`).
pub(super) fn order_key(x: f64) -> u64 {
    let bits = x.to_bits();
    let negative = bits >> 63 == 1;
    if negative { !bits } else { bits | 1 << 63 }
}

pub(super) fn from_order_key(key: u64) -> f64 {
    let positive = key >> 63 == 1;
    f64::from_bits(if positive { key & !(1 << 63) } else { !key })
}
