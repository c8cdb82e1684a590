//! A histogram of any numbers, for samples that have no smallest step.

use std::collections::BTreeMap;

use super::extremes::Extremes;
use super::quantile::{between_ranks, from_order_key, order_key};

/// Bits of a float that do not tell its bucket: sign, exponent and seven bits of the fraction do.
const DROPPED: u32 = 45;

/// Counts of numbers in buckets of which 128 make a power of two, as in [`super::Histogram`].
///
/// Count, smallest and largest are exact, the sum is the running sum in order of arrival; a quantile is at
/// most 0.4 % off the sample it stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberHistogram {
    counts: BTreeMap<u32, u64>,
    count: u64,
    sum: f64,
    extremes: Extremes<f64>,
}

impl NumberHistogram {
    /// Counts one value.
    pub fn record(&mut self, value: f64) {
        *self.counts.entry(bucket(value)).or_default() += 1;
        self.count += 1;
        self.sum += value;
        self.extremes.add(value);
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &NumberHistogram) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.extremes.merge(other.extremes);
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean; `None` without values.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Exact smallest and largest value.
    #[must_use]
    pub fn extremes(&self) -> Option<(f64, f64)> {
        self.extremes.both()
    }

    /// The quantile at `q` (0 to 1), interpolated between ranks as in [`super::quantile`].
    ///
    /// Returns `None` without values or if `q` is not within 0 to 1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        between_ranks(self.count, q, |rank| self.at_rank(rank))
    }

    /// The value that stands for the sample of this rank.
    fn at_rank(&self, rank: u64) -> Option<f64> {
        let (min, max) = self.extremes.both()?;
        if rank == 0 {
            return Some(min);
        }
        if rank >= self.count - 1 {
            return Some(max);
        }
        let mut below = 0;
        self.counts.iter().find_map(|(bucket, count)| {
            below += count;
            (rank < below).then(|| middle(*bucket).clamp(min, max))
        })
    }
}

fn bucket(value: f64) -> u32 {
    (order_key(value) >> DROPPED) as u32
}

/// Zero and the infinities stand for themselves.
fn middle(bucket: u32) -> f64 {
    let first = u64::from(bucket) << DROPPED;
    let last = first | ((1 << DROPPED) - 1);
    let (low, high) = (from_order_key(first), from_order_key(last));
    if low == 0.0 || high == 0.0 {
        0.0
    } else if low.is_nan() || high.is_infinite() {
        high
    } else if high.is_nan() || low.is_infinite() {
        low
    } else {
        low + (high - low) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_bucket_is_near_all_of_it_on_both_sides_of_zero() {
        let mut value = 1e-12_f64;
        while value < 1e12 {
            for x in [value, -value] {
                let off = (middle(bucket(x)) - x).abs();
                assert!(off <= x.abs() / 256.0, "{x}: off by {off}");
            }
            value *= 1.0037;
        }
        for x in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(middle(bucket(x)), x);
        }
    }

    #[test]
    fn ranks_follow_the_order_of_numbers() {
        let mut all = NumberHistogram::default();
        for x in [2.0, -3.0, 0.0, 0.5, -100.0] {
            all.record(x);
        }
        let at = |q: f64| all.quantile(q).unwrap_or(f64::NAN);
        assert_eq!((at(0.0), at(0.5), at(1.0)), (-100.0, 0.0, 2.0));
        assert!((at(0.25) + 3.0).abs() <= 3.0 / 256.0 && (at(0.75) - 0.5).abs() <= 0.5 / 256.0);
        assert_eq!(all.mean(), Some(-20.1));
        assert_eq!((all.quantile(1.1), all.quantile(-0.1)), (None, None));
        assert_eq!(NumberHistogram::default().quantile(0.5), None);
    }

    #[test]
    fn merging_is_counting_together() {
        let (mut a, mut b, mut both) =
            <(NumberHistogram, NumberHistogram, NumberHistogram)>::default();
        for i in 0..100 {
            let x = f64::from(i) * 0.25 - 7.0;
            if i % 3 == 0 {
                a.record(x)
            } else {
                b.record(x)
            }
            both.record(x);
        }
        a.merge(&b);
        assert_eq!(a, both);
        a.merge(&NumberHistogram::default());
        assert_eq!(a, both);
    }
}
