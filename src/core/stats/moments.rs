//! Mean and variance in one pass, mergeable.
//!
//! One value at a time by Welford (1962), two sets by the pairwise update of Chan, Golub &
//! LeVeque (1979), the form that Pébay (2008, SAND2008-6212, eq. 1.3 and 1.4) extends to higher
//! orders. Merging rounds, so merge in a fixed order.

use super::extremes::Extremes;

/// Count, mean, sum of squared deviations and extremes of the values seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
    extremes: Extremes<f64>,
}

impl Moments {
    /// Nothing seen.
    #[must_use]
    pub fn new() -> Moments {
        Moments::default()
    }

    /// Adds one value.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
        self.extremes.add(value);
    }

    /// Adds all that another has seen.
    pub fn merge(&mut self, other: &Moments) {
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let both = mine + theirs;
        let apart = other.mean - self.mean;
        self.mean += apart * (theirs / both);
        self.squares += other.squares + apart * apart * (mine * theirs / both);
        self.count += other.count;
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
        (self.count > 0).then_some(self.mean)
    }

    /// Unbiased sample variance (divisor n - 1); `None` with fewer than two values.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Square root of the sample variance.
    #[must_use]
    pub fn std_dev(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// Standard error of the mean of independent values.
    #[must_use]
    pub fn std_error(&self) -> Option<f64> {
        self.variance().map(|v| (v / self.count as f64).sqrt())
    }

    /// Coefficient of variation: standard deviation over mean; `None` where the mean is zero.
    #[must_use]
    pub fn cv(&self) -> Option<f64> {
        self.std_dev()
            .filter(|_| self.mean != 0.0)
            .map(|s| s / self.mean)
    }

    /// Smallest value.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.extremes.min()
    }

    /// Largest value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.extremes.max()
    }
}

impl Extend<f64> for Moments {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Moments {
        let mut moments = Moments::new();
        moments.extend(values);
        moments
    }
}
