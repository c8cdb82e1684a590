//! Batch means: an interval from one long steady-state series whose neighbours are correlated.
//!
//! Law & Carson (1979), Schmeiser (1982: ten to thirty batches).

use super::Moments;
use super::interval::{Interval, mean_interval};

/// Means of this many equal batches of consecutive observations.
///
/// Observations that do not fill a batch are dropped from the start, where a rest of warm-up
/// would be. Returns `None` for no batch or fewer observations than batches.
#[must_use]
pub fn batch_means(series: &[f64], batches: usize) -> Option<Vec<f64>> {
    let size = series.len().checked_div(batches).filter(|&size| size > 0)?;
    let used = &series[series.len() - size * batches..];
    let mean = |batch: &[f64]| batch.iter().sum::<f64>() / size as f64;
    Some(used.chunks_exact(size).map(mean).collect())
}

/// Student's t interval over batch means.
///
/// Returns `None` where [`batch_means`] or [`mean_interval`] does.
#[must_use]
pub fn batch_interval(series: &[f64], batches: usize, level: f64) -> Option<Interval> {
    mean_interval(&batch_means(series, batches)?, level)
}

/// Correlation of neighbours (lag 1), from -1 to 1: near zero where batches are long enough.
///
/// Returns `None` with fewer than three values or values that are all the same.
#[must_use]
pub fn lag1_correlation(values: &[f64]) -> Option<f64> {
    if values.len() < 3 {
        return None;
    }
    let moments: Moments = values.iter().copied().collect();
    let mean = moments.mean()?;
    let total = moments.variance()? * (values.len() - 1) as f64;
    let neighbours: f64 = values
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    (total > 0.0).then(|| neighbours / total)
}
