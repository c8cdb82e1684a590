//! The statistics of one trend, as k6 shows them at the end of a test.

use super::durations::Slice;
use super::histogram::Histogram;
use super::number_histogram::NumberHistogram;
use super::quantile::{ns_to_ms, percentiles, percentiles_with};
use super::select::Counts;

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
    pub fn of_durations(samples: Slice<'_>, percents: &[f64]) -> Option<TrendStats> {
        TrendStats::of_parts(&[samples], percents)
    }

    /// As [`TrendStats::of_durations`], of these durations one after the other.
    #[must_use]
    pub fn of_parts(parts: &[Slice<'_>], percents: &[f64]) -> Option<TrendStats> {
        let count = parts.iter().map(|part| part.len()).sum();
        let mut counts = Counts::new(count);
        let (mut sum, mut min, mut max) = (0.0, u64::MAX, 0);
        for part in parts {
            part.for_each(|ns| {
                sum += ns_to_ms(ns);
                min = min.min(ns);
                max = max.max(ns);
                counts.add(ns);
            });
        }
        let values = percentiles_with(percents, count, |ranks| {
            counts.order_statistics(parts, ranks)
        })?;
        Some(TrendStats {
            count: count as u64,
            avg: if count == 0 { 0.0 } else { sum / count as f64 },
            min: ns_to_ms(if count == 0 { 0 } else { min }),
            max: ns_to_ms(max),
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

/// The running sum in the order given, whose last digits depend on it, over the count; 0 without samples.
fn running_mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    values.fold(0.0, |sum, value| sum + value) / count as f64
}
