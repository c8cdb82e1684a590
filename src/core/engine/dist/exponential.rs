//! The exponential law, which is a variant without a struct.

use super::{Dist, DistError, check};

impl Dist {
    /// Exponential with this mean (the reciprocal of its rate); its cv is 1.
    ///
    /// A median and a 99th percentile do not give one: their quotient is always ln 100 / ln 2 = 6.64.
    ///
    /// # Errors
    /// If the mean is not a number from 1e-30 to 1e30.
    pub fn exponential(mean: f64) -> Result<Dist, DistError> {
        check::positive("mean", mean).map(Dist::Exponential)
    }
}

/// Probability of at most `x` for an exponential variable with this mean.
pub(super) fn cdf(mean: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    -libm::expm1(-x / mean)
}
