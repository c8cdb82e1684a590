//! The statistics of one trend, as k6 shows them at the end of a test.

use super::durations::DurationSlice;
use super::histogram::Histogram;
use super::number_histogram::NumberHistogram;
use super::quantile::{float_to_ms, ns_to_ms, percentiles, percentiles_with};
use super::select::Counts;
use crate::engine::time::to_f64;

/// Statistics of a trend: milliseconds for samples of time, else the unit of the samples.
///
/// All are 0 without samples, as in k6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrendStats {
    /// Number of samples.
    pub count: u64,
    /// Mean: the running sum in order of arrival, divided by the count.
    pub avg: f64,
    /// Smallest sample.
    pub min: f64,
    /// Largest sample.
    pub max: f64,
    /// Each wanted percentile (0 to 100) with its value, in the order asked. The median is 50.
    pub percentiles: Vec<(f64, f64)>,
}

impl TrendStats {
    /// Of durations in nanoseconds in order of arrival; results in milliseconds.
    ///
    /// Returns `None` if a percent is not within 0 to 100.
    #[must_use]
    pub fn of_ns(samples: &[u64], percents: &[f64]) -> Option<TrendStats> {
        TrendStats::of_durations(samples.into(), percents)
    }

    /// As [`TrendStats::of_ns`], of durations however they are kept.
    #[must_use]
    pub fn of_durations(samples: DurationSlice<'_>, percents: &[f64]) -> Option<TrendStats> {
        TrendStats::of_parts(&[samples], percents)
    }

    /// As [`TrendStats::of_durations`], and the statistics of durations that are each longer by `more` nanoseconds.
    #[must_use]
    pub fn with_longer(
        samples: DurationSlice<'_>,
        more: u64,
        percents: &[f64],
    ) -> Option<(TrendStats, TrendStats)> {
        if more == 0 || samples.is_empty() {
            let both = TrendStats::of_durations(samples, percents)?;
            return Some((both.clone(), both));
        }
        if more >= 1 << 52 || !samples.is_short() {
            let longer = TrendStats::of_durations(samples.longer_by(more), percents)?;
            return TrendStats::of_durations(samples, percents).map(|stats| (stats, longer));
        }
        let count = samples.len();
        let mut counts = Counts::new(count);
        let mut sums = (0.0, 0.0);
        // Sums of whole floats below 2⁵³ are exact.
        let float = to_f64(more);
        samples.for_blocks(|block| {
            for ns in block {
                sums.0 += float_to_ms(*ns);
                sums.1 += float_to_ms(ns + float);
                counts.add(*ns);
            }
        });
        let (mut known, mut extremes) = (Vec::new(), (0, 0));
        let values = percentiles_with(percents, count, |ranks| {
            (known, extremes) = with_extremes(&counts, &[samples], ranks);
            known.clone()
        })?;
        let longer = percentiles_with(percents, count, |_| {
            known.into_iter().map(|ns| ns + more).collect()
        })?;
        let (min, max) = extremes;
        let stats = |sum: f64, more, values: Vec<f64>| TrendStats {
            count: count as u64,
            avg: sum / count as f64,
            min: ns_to_ms(min + more),
            max: ns_to_ms(max + more),
            percentiles: percents.iter().copied().zip(values).collect(),
        };
        Some((stats(sums.0, 0, values), stats(sums.1, more, longer)))
    }

    /// As [`TrendStats::of_durations`], of these durations one after the other.
    #[must_use]
    pub fn of_parts(parts: &[DurationSlice<'_>], percents: &[f64]) -> Option<TrendStats> {
        let count = parts.iter().map(|part| part.len()).sum();
        let mut counts = Counts::new(count);
        let mut sum = 0.0;
        for part in parts {
            part.for_blocks(|block| {
                for ns in block {
                    sum += float_to_ms(*ns);
                    counts.add(*ns);
                }
            });
        }
        let mut extremes = (0, 0);
        let values = percentiles_with(percents, count, |ranks| {
            let values;
            (values, extremes) = with_extremes(&counts, parts, ranks);
            values
        })?;
        Some(TrendStats {
            count: count as u64,
            avg: if count == 0 { 0.0 } else { sum / count as f64 },
            min: ns_to_ms(extremes.0),
            max: ns_to_ms(extremes.1),
            percentiles: percents.iter().copied().zip(values).collect(),
        })
    }

    /// Of durations in nanoseconds that were counted in a histogram; results in milliseconds.
    ///
    /// Count, smallest and largest are exact, the mean is the exact sum over the count, and percentiles
    /// are as near as [`Histogram::quantile`]. Returns `None` if a percent is not within 0 to 100.
    #[must_use]
    pub fn of_histogram(samples: &Histogram, percents: &[f64]) -> Option<TrendStats> {
        let percentile = |&percent: &f64| {
            let within = (0.0..=100.0).contains(&percent);
            let ns = samples.quantile(percent / 100.0).unwrap_or(0.0);
            within.then_some((percent, ns / 1e6))
        };
        Some(TrendStats {
            count: samples.count(),
            avg: samples.mean().unwrap_or(0.0) / 1e6,
            min: ns_to_ms(samples.min().unwrap_or(0)),
            max: ns_to_ms(samples.max().unwrap_or(0)),
            percentiles: percents.iter().map(percentile).collect::<Option<_>>()?,
        })
    }

    /// Of plain values that were counted in a histogram; results in their unit.
    ///
    /// Returns `None` if a percent is not within 0 to 100.
    #[must_use]
    pub fn of_numbers(samples: &NumberHistogram, percents: &[f64]) -> Option<TrendStats> {
        let percentile = |&percent: &f64| {
            let within = (0.0..=100.0).contains(&percent);
            within.then(|| (percent, samples.quantile(percent / 100.0).unwrap_or(0.0)))
        };
        let (min, max) = samples.extremes().unwrap_or_default();
        Some(TrendStats {
            count: samples.count(),
            avg: samples.mean().unwrap_or(0.0),
            min,
            max,
            percentiles: percents.iter().map(percentile).collect::<Option<_>>()?,
        })
    }

    /// Of plain values in order of arrival; results in their unit.
    ///
    /// Returns `None` if a percent is not within 0 to 100.
    #[must_use]
    pub fn of_values(samples: &[f64], percents: &[f64]) -> Option<TrendStats> {
        let values = percentiles(samples, percents)?;
        let extreme = |pick: fn(f64, f64) -> f64| samples.iter().copied().reduce(pick);
        Some(TrendStats {
            count: samples.len() as u64,
            avg: running_mean(samples.iter().copied(), samples.len()),
            min: extreme(f64::min).unwrap_or(0.0),
            max: extreme(f64::max).unwrap_or(0.0),
            percentiles: percents.iter().copied().zip(values).collect(),
        })
    }

    /// The value of one percentile, if it was asked for.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let found = self.percentiles.iter().find(|&&(p, _)| p == percent);
        found.map(|&(_, value)| value)
    }
}

/// The values at these ranks, and the smallest and the largest, which are zero if there is none.
fn with_extremes(
    counts: &Counts,
    parts: &[DurationSlice<'_>],
    ranks: &[usize],
) -> (Vec<u64>, (u64, u64)) {
    let wanted = [ranks, &[0, usize::MAX]].concat();
    let mut values = counts.order_statistics(parts, &wanted);
    let (max, min) = (values.pop(), values.pop());
    (values, (min.unwrap_or(0), max.unwrap_or(0)))
}

/// The running sum in the order given, whose last digits depend on it, over the count; 0 without samples.
fn running_mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    values.fold(0.0, |sum, value| sum + value) / count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::Durations;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn what_is_longer_has_the_statistics_of_a_list_of_its_own(
            few in prop::collection::vec(0..9_000_000_000_u64, 0..40),
            many in prop_oneof![3 => Just(0_u64), 1 => 900..3_000_u64],
            more in prop_oneof![Just(0), 1..3_000_000_000_u64, Just(1 << 63)],
        ) {
            let spread = (0..many).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33);
            let own: Durations = few.iter().copied().chain(spread).collect();
            let longer: Durations = own.iter().map(|ns| ns + more).collect();
            let percents = [0.0, 50.0, 90.0, 99.9, 100.0];
            let both = TrendStats::with_longer(own.all(), more, &percents);
            let apart = TrendStats::of_durations(own.all(), &percents)
                .zip(TrendStats::of_durations(longer.all(), &percents));
            prop_assert!(both.is_some());
            prop_assert_eq!(both, apart);
        }
    }

    #[test]
    fn a_percent_beyond_100_has_no_value() {
        assert_eq!(
            TrendStats::with_longer(DurationSlice::from(&[1, 2][..]), 5, &[101.0]),
            None
        );
    }
}
