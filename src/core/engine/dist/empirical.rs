//! Given values: measured ones, as a rule.

use super::{Dist, DistError, check};
use crate::engine::stream::Stream;
use std::sync::Arc;

/// Given values, drawn as they are or with straight lines between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    /// Ascending; at least two, not all the same.
    values: Arc<[f64]>,
    interpolated: bool,
}

impl Dist {
    /// Each of the given values with equal probability. A constant if all are the same.
    ///
    /// # Errors
    /// If there is no value, or one is negative, not finite or above 1e30.
    pub fn empirical(values: &[f64]) -> Result<Dist, DistError> {
        empirical(values, false)
    }

    /// Between the given values: the quantile function is a straight line from each to the next
    /// greater one, and each of these lines has the same probability (A. M. Law, "Simulation Modeling
    /// and Analysis", 2015, section 6.2.4; it is the quantile of type 7 in R. J. Hyndman, Y. Fan,
    /// "Sample Quantiles in Statistical Packages", 1996, and k6's). A constant if all are the same.
    ///
    /// # Errors
    /// As [`Dist::empirical`].
    pub fn empirical_interpolated(values: &[f64]) -> Result<Dist, DistError> {
        empirical(values, true)
    }
}

fn empirical(values: &[f64], interpolated: bool) -> Result<Dist, DistError> {
    let mut sorted = Vec::with_capacity(values.len());
    for (index, &value) in values.iter().enumerate() {
        let name = || format!("value {}", index + 1);
        sorted.push(check::listed("values", name, value)?);
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        let text = "values must hold at least one number, and are empty";
        return Err(DistError::new("values", text));
    };
    if first == last {
        return Ok(Dist::Constant(*first));
    }
    Ok(Dist::Empirical(Empirical {
        values: sorted.into(),
        interpolated,
    }))
}

impl Empirical {
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        if self.interpolated {
            let lines = self.values.len() as u64 - 1;
            let line = stream.below(lines) as usize;
            let (low, high) = (self.values[line], self.values[line + 1]);
            return (low + (high - low) * stream.unit()).min(high);
        }
        self.values[stream.below(self.values.len() as u64) as usize]
    }

    pub(super) fn mean(&self) -> f64 {
        if self.interpolated {
            return self.over_lines(|low, high| low / 2.0 + high / 2.0);
        }
        self.over_values(|value| value)
    }

    pub(super) fn variance(&self) -> f64 {
        let mean = self.mean();
        if self.interpolated {
            // The mean of (x − mean)² along a line from a to b: (a² + ab + b²) / 3.
            return self.over_lines(|low, high| {
                let (a, b) = (low - mean, high - mean);
                (a * a + a * b + b * b) / 3.0
            });
        }
        self.over_values(|value| (value - mean) * (value - mean))
    }

    fn over_values(&self, of: impl Fn(f64) -> f64) -> f64 {
        let sum: f64 = self.values.iter().map(|&value| of(value)).sum();
        sum / self.values.len() as f64
    }

    fn over_lines(&self, of: impl Fn(f64, f64) -> f64) -> f64 {
        let sum: f64 = self
            .values
            .windows(2)
            .map(|pair| of(pair[0], pair[1]))
            .sum();
        sum / (self.values.len() - 1) as f64
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        let not_above = self.values.partition_point(|&value| value <= x);
        if !self.interpolated || not_above == 0 {
            return not_above as f64 / self.values.len() as f64;
        }
        let whole = (not_above - 1) as f64;
        let part = match self.values.get(not_above) {
            None => 0.0,
            Some(above) => {
                let below = self.values[not_above - 1];
                (x - below) / (above - below)
            }
        };
        (whole + part) / (self.values.len() - 1) as f64
    }

    pub(super) fn support(&self) -> (f64, f64) {
        // Never empty, by construction.
        let first = self.values.first().copied().unwrap_or_default();
        (first, self.values.last().copied().unwrap_or_default())
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        let values = self
            .values
            .iter()
            .map(|value| (value * factor).min(f64::MAX));
        Dist::Empirical(Empirical {
            values: values.collect(),
            interpolated: self.interpolated,
        })
    }
}
