//! The Weibull law.

use super::family::{Family, Parameter};
use super::{Dist, DistError, check, special};
use crate::engine::stream::Stream;
use std::f64::consts::LN_2;

/// ln 100: minus the logarithm of the share above the 99th percentile.
const LN_100: f64 = 4.605_170_185_988_092;

/// Smallest and largest shape.
const SHAPE: (f64, f64) = (0.05, 1e4);

/// Quotients p99 / median inside the bounds of the shape: (ln 100 / ln 2)^(1 / shape).
const RATIO: (f64, f64) = (1.000_19, 1e16);

/// Weibull with `P(X > x) = exp(−(x / scale)^shape)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weibull {
    shape: f64,
    scale: f64,
}

/// How it is written.
pub(super) const FAMILY: Family = Family {
    name: "weibull",
    table: "distribution.weibull",
    about: "Below shape 1 a stretched exponential.",
    parameters: &[
        Parameter::SHAPE,
        Parameter::SCALE,
        Parameter::MEAN,
        Parameter::CV,
        Parameter::MEDIAN,
        Parameter::P99,
    ],
    sets: &[&["shape", "scale"], &["mean", "cv"], &["median", "p99"]],
    make: |set, x| match set[0] {
        "mean" => Dist::weibull_mean_cv(x[0], x[1]),
        "median" => Dist::weibull_median_p99(x[0], x[1]),
        _ => Dist::weibull(x[0], x[1]),
    },
};

impl Dist {
    /// Weibull with this shape (1 is exponential, less has a heavier tail) and scale (exceeded with
    /// probability 1/e): W. Weibull, "A Statistical Distribution Function of Wide Applicability",
    /// 1951.
    ///
    /// # Errors
    /// If the shape is not between 0.05 and 10,000, or the scale not between 1e-30 and 1e30.
    pub fn weibull(shape: f64, scale: f64) -> Result<Dist, DistError> {
        let shape = check::within("shape", shape, SHAPE.0, SHAPE.1)?;
        let scale = check::positive("scale", scale)?;
        Ok(Dist::Weibull(Weibull { shape, scale }))
    }

    /// Weibull with this mean and coefficient of variation. The shape k solves
    /// 1 + cv² = Γ(1 + 2/k) / Γ(1 + 1/k)², whose right side falls with k, so there is exactly one;
    /// scale = mean / Γ(1 + 1/k) (N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate
    /// Distributions", 1994, chapter 21). A constant if the cv is zero.
    ///
    /// # Errors
    /// If the mean is not between 1e-30 and 1e30, or the cv neither zero nor between 0.001 and 1000.
    pub fn weibull_mean_cv(mean: f64, cv: f64) -> Result<Dist, DistError> {
        let mean = check::positive("mean", mean)?;
        let cv = check::cv(cv)?;
        if cv == 0.0 {
            return Ok(Dist::Constant(mean));
        }
        let wanted = libm::log1p(cv * cv);
        let inverse = special::smallest(1.0 / SHAPE.1, 1.0 / SHAPE.0, |y| {
            log_moment_ratio(y) >= wanted
        });
        Ok(Dist::Weibull(Weibull {
            shape: 1.0 / inverse,
            scale: mean / libm::tgamma(1.0 + inverse),
        }))
    }

    /// Weibull with this median and 99th percentile:
    /// shape = ln(ln 100 / ln 2) / ln(p99 / median), scale = median / (ln 2)^(1 / shape). Every p99
    /// above the median determines exactly one.
    ///
    /// # Errors
    /// If one is not between 1e-30 and 1e30, or p99 not between 1.00019 and 1e16 times the median.
    pub fn weibull_median_p99(median: f64, p99: f64) -> Result<Dist, DistError> {
        let (median, ratio) = check::median_p99(median, p99, RATIO)?;
        let shape = libm::log(LN_100 / LN_2) / libm::log(ratio);
        Ok(Dist::Weibull(Weibull {
            shape,
            scale: median * libm::exp(-libm::log(LN_2) / shape),
        }))
    }
}

/// ln(E[X²] / E[X]²) = ln(1 + cv²) of a Weibull variable, `y` being 1 / shape.
fn log_moment_ratio(y: f64) -> f64 {
    libm::lgamma(1.0 + 2.0 * y) - 2.0 * libm::lgamma(1.0 + y)
}

impl Weibull {
    /// A power of an exponential: scale · E^(1 / shape).
    #[inline]
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        self.scale * libm::exp(libm::log(stream.exponential()) / self.shape)
    }

    pub(super) fn mean(&self) -> f64 {
        self.scale * libm::tgamma(1.0 + 1.0 / self.shape)
    }

    pub(super) fn variance(&self) -> f64 {
        let mean = self.mean();
        mean * mean * libm::expm1(log_moment_ratio(1.0 / self.shape))
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        -libm::expm1(-libm::exp(self.shape * libm::log(x / self.scale)))
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::Weibull(Weibull {
            scale: check::scale(self.scale, factor),
            ..*self
        })
    }
}
