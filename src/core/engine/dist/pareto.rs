//! The Pareto law.

use super::family::{Family, Parameter};
use super::{Dist, DistError, check};
use crate::engine::stream::Stream;
use std::f64::consts::LN_2;

/// ln 50: the logarithm of the quotient of the shares above the median and above the 99th percentile.
const LN_50: f64 = 3.912_023_005_428_146;

/// Smallest and largest shape.
pub(super) const SHAPE: (f64, f64) = (0.01, 1e4);

/// Quotients p99 / median inside the bounds of the shape: 50^(1 / shape).
const RATIO: (f64, f64) = (1.000_4, 1e60);

/// Pareto with `P(X > x) = (minimum / x)^shape` from the minimum on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    shape: f64,
    minimum: f64,
}

/// How it is written.
pub(super) const FAMILY: Family = Family {
    name: "pareto",
    table: "distribution.pareto",
    about: "A power law; with `maximum`, truncated there.",
    parameters: &[
        Parameter::time("minimum", "The shortest time."),
        Parameter::SHAPE,
        Parameter::time("maximum", "The longest time."),
        Parameter::MEAN,
        Parameter::CV,
    ],
    sets: &[
        &["minimum", "shape"],
        &["minimum", "shape", "maximum"],
        &["mean", "cv"],
    ],
    make: |set, x| match *set {
        ["mean", _] => Dist::pareto_mean_cv(x[0], x[1]),
        [_, _, "maximum"] => Dist::truncated_pareto(x[1], x[0], x[2]),
        _ => Dist::pareto(x[1], x[0]),
    },
};

impl Dist {
    /// Pareto with this shape (the tail's exponent) and minimum. Its mean is infinite for a shape of
    /// 1 or less, its variance for a shape of 2 or less.
    ///
    /// # Errors
    /// If the shape is not between 0.01 and 10,000, or the minimum not between 1e-30 and 1e30.
    pub fn pareto(shape: f64, minimum: f64) -> Result<Dist, DistError> {
        let shape = check::within("shape", shape, SHAPE.0, SHAPE.1)?;
        let minimum = check::positive("minimum", minimum)?;
        Ok(Dist::Pareto(Pareto { shape, minimum }))
    }

    /// Pareto with this mean and coefficient of variation: shape = 1 + √(1 + 1 / cv²), from
    /// cv² = 1 / (shape (shape − 2)) (N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate
    /// Distributions", 1994, chapter 20). The shape is above 2 whatever the cv; a heavier tail has no
    /// cv and is given by its shape. A constant if the cv is zero.
    ///
    /// # Errors
    /// If the mean is not between 1e-30 and 1e30, or the cv neither zero nor between 0.001 and 1000.
    pub fn pareto_mean_cv(mean: f64, cv: f64) -> Result<Dist, DistError> {
        let mean = check::positive("mean", mean)?;
        let cv = check::cv(cv)?;
        if cv == 0.0 {
            return Ok(Dist::Constant(mean));
        }
        let above_one = (1.0 + 1.0 / (cv * cv)).sqrt();
        Ok(Dist::Pareto(Pareto {
            shape: 1.0 + above_one,
            minimum: mean * above_one / (1.0 + above_one),
        }))
    }

    /// Pareto with this median and 99th percentile: shape = ln 50 / ln(p99 / median),
    /// minimum = median / 2^(1 / shape). Every p99 above the median determines exactly one; its mean
    /// is infinite if p99 is 50 times the median or more.
    ///
    /// # Errors
    /// If one is not between 1e-30 and 1e30, or p99 not at least 1.0004 times the median.
    pub fn pareto_median_p99(median: f64, p99: f64) -> Result<Dist, DistError> {
        let (median, ratio) = check::median_p99(median, p99, RATIO)?;
        let shape = LN_50 / libm::log(ratio);
        Ok(Dist::Pareto(Pareto {
            shape,
            minimum: median * libm::exp(-LN_2 / shape),
        }))
    }
}

impl Pareto {
    /// The exponential of an exponential: minimum · exp(E / shape).
    #[inline]
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        self.minimum * libm::exp(stream.exponential() / self.shape)
    }

    pub(super) fn mean(&self) -> f64 {
        if self.shape <= 1.0 {
            return f64::INFINITY;
        }
        self.minimum * self.shape / (self.shape - 1.0)
    }

    pub(super) fn variance(&self) -> f64 {
        if self.shape <= 2.0 {
            return f64::INFINITY;
        }
        let mean = self.mean();
        mean * mean / (self.shape * (self.shape - 2.0))
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= self.minimum {
            return 0.0;
        }
        -libm::expm1(self.shape * libm::log(self.minimum / x))
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (self.minimum, f64::INFINITY)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::Pareto(Pareto {
            minimum: check::scale(self.minimum, factor),
            ..*self
        })
    }
}
