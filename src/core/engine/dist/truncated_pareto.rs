//! The Pareto law, given that a maximum is not exceeded.

use super::{Dist, DistError, check, pareto};
use crate::engine::stream::Stream;

/// Pareto, given that the maximum is not exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruncatedPareto {
    shape: f64,
    minimum: f64,
    maximum: f64,
    /// What the untruncated law leaves below the maximum: 1 − (minimum / maximum)^shape.
    kept: f64,
}

impl Dist {
    /// Pareto with this shape and minimum, given that it does not exceed the maximum (I. B. Aban,
    /// M. M. Meerschaert, A. K. Panorska, "Parameter Estimation for the Truncated Pareto
    /// Distribution", 2006). All its moments are finite.
    ///
    /// # Errors
    /// If the shape is not between 0.01 and 10,000, a bound not between 1e-30 and 1e30, or the maximum
    /// not above the minimum by at least a millionth of it.
    pub fn truncated_pareto(shape: f64, minimum: f64, maximum: f64) -> Result<Dist, DistError> {
        let shape = check::within("shape", shape, pareto::SHAPE.0, pareto::SHAPE.1)?;
        let minimum = check::positive("minimum", minimum)?;
        let maximum = check::positive("maximum", maximum)?;
        if maximum < minimum * 1.000_001 {
            let text = format!("maximum must be above the minimum ({minimum}), and is {maximum}");
            return Err(DistError::new("maximum", text));
        }
        Ok(Dist::TruncatedPareto(TruncatedPareto {
            shape,
            minimum,
            maximum,
            kept: -libm::expm1(shape * libm::log(minimum / maximum)),
        }))
    }
}

impl TruncatedPareto {
    /// The inverse of the cdf.
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        let log_tail = libm::log1p(-stream.unit() * self.kept);
        (self.minimum * libm::exp(-log_tail / self.shape)).clamp(self.minimum, self.maximum)
    }

    /// E[(X / minimum)^k], by integration of the density: with L = ln(maximum / minimum) it is
    /// shape · L · g((k − shape) L) / kept, where g(t) = (eᵗ − 1) / t.
    fn moment(&self, k: f64) -> f64 {
        let log_range = libm::log(self.maximum / self.minimum);
        let t = (k - self.shape) * log_range;
        let g = if t == 0.0 { 1.0 } else { libm::expm1(t) / t };
        self.shape * log_range * g / self.kept
    }

    pub(super) fn mean(&self) -> f64 {
        (self.minimum * self.moment(1.0)).clamp(self.minimum, self.maximum)
    }

    pub(super) fn variance(&self) -> f64 {
        let first = self.moment(1.0);
        // Rounding may leave a tiny negative difference where the law is almost a constant.
        let relative = (self.moment(2.0) - first * first).max(0.0);
        self.minimum * self.minimum * relative
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= self.minimum {
            return 0.0;
        }
        if x >= self.maximum {
            return 1.0;
        }
        -libm::expm1(self.shape * libm::log(self.minimum / x)) / self.kept
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (self.minimum, self.maximum)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::TruncatedPareto(TruncatedPareto {
            minimum: check::scale(self.minimum, factor),
            maximum: check::scale(self.maximum, factor),
            ..*self
        })
    }
}
