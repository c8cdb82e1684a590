//! The uniform law.

use super::{Dist, DistError, check};
use crate::engine::stream::Stream;

/// Equally likely anywhere between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Dist {
    /// Equally likely anywhere from `low` to `high`; a constant if both are the same.
    ///
    /// # Errors
    /// If a bound is negative, not finite or above 1e30, or if `high` is below `low`.
    pub fn uniform(low: f64, high: f64) -> Result<Dist, DistError> {
        let low = check::non_negative("low", low)?;
        let high = check::non_negative("high", high)?;
        if high < low {
            let text = format!("high must be at least low ({low}), and is {high}");
            return Err(DistError::new("high", text));
        }
        if low == high {
            return Ok(Dist::Constant(low));
        }
        Ok(Dist::Uniform(Uniform { low, high }))
    }
}

impl Uniform {
    #[inline]
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        // Rounding may carry the sum past the upper bound.
        (self.low + (self.high - self.low) * stream.unit()).min(self.high)
    }

    pub(super) fn mean(&self) -> f64 {
        self.low + (self.high - self.low) / 2.0
    }

    pub(super) fn variance(&self) -> f64 {
        let width = self.high - self.low;
        width * width / 12.0
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        let low = (self.low * factor).min(f64::MAX);
        let high = (self.high * factor).min(f64::MAX);
        if low == high {
            return Dist::Constant(low);
        }
        Dist::Uniform(Uniform { low, high })
    }
}
