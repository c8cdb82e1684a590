//! The lognormal law.

use super::family::{Family, Parameter};
use super::{Dist, DistError, check, special};
use crate::engine::stream::Stream;

/// The standard normal law's 99th percentile.
const Z99: f64 = 2.326_347_874_040_841;

/// Largest and smallest standard deviation of the logarithm.
const SIGMA: (f64, f64) = (1e-6, 10.0);

/// Quotients p99 / median inside the bounds of sigma: exp(Z99 · sigma).
const RATIO: (f64, f64) = (1.000_002_4, 1e10);

/// Its natural logarithm is normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    mu: f64,
    sigma: f64,
}

/// How it is written.
pub(super) const FAMILY: Family = Family {
    name: "lognormal",
    table: "distribution.lognormal",
    about: "The logarithm is normal; typical of response times.",
    parameters: &[
        Parameter::MEAN,
        Parameter::CV,
        Parameter::MEDIAN,
        Parameter::P99,
        Parameter::number("sigma", "The standard deviation of the logarithm."),
    ],
    sets: &[&["mean", "cv"], &["median", "p99"], &["median", "sigma"]],
    make: |set, x| match *set {
        ["mean", _] => Dist::lognormal_mean_cv(x[0], x[1]),
        [_, "p99"] => Dist::lognormal_median_p99(x[0], x[1]),
        // The median is exp(mu).
        _ => Dist::lognormal(libm::log(check::above_zero("median", x[0])?), x[1]),
    },
};

impl Dist {
    /// Lognormal whose natural logarithm (of the value in its unit) is normal with mean `mu` and
    /// standard deviation `sigma`.
    ///
    /// # Errors
    /// If `mu` is not between −69 and 69, or `sigma` not between 1e-6 and 10.
    pub fn lognormal(mu: f64, sigma: f64) -> Result<Dist, DistError> {
        let mu = check::within("mu", mu, -69.0, 69.0)?;
        let sigma = check::within("sigma", sigma, SIGMA.0, SIGMA.1)?;
        Ok(Dist::Lognormal(Lognormal { mu, sigma }))
    }

    /// Lognormal with this mean and coefficient of variation: sigma² = ln(1 + cv²),
    /// mu = ln mean − sigma² / 2 (N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate
    /// Distributions", 1994, chapter 14). A constant if the cv is zero.
    ///
    /// # Errors
    /// If the mean is not between 1e-30 and 1e30, or the cv neither zero nor between 0.001 and 1000.
    pub fn lognormal_mean_cv(mean: f64, cv: f64) -> Result<Dist, DistError> {
        let mean = check::positive("mean", mean)?;
        let cv = check::cv(cv)?;
        if cv == 0.0 {
            return Ok(Dist::Constant(mean));
        }
        let variance = libm::log1p(cv * cv);
        Ok(Dist::Lognormal(Lognormal {
            mu: libm::log(mean) - variance / 2.0,
            sigma: variance.sqrt(),
        }))
    }

    /// Lognormal with this median and 99th percentile: mu = ln median,
    /// sigma = ln(p99 / median) / z, where z = 2.3263 is the normal law's 99th percentile. Every
    /// p99 above the median determines exactly one.
    ///
    /// # Errors
    /// If one is not between 1e-30 and 1e30, or p99 not above the median and at most 1e10 times it.
    pub fn lognormal_median_p99(median: f64, p99: f64) -> Result<Dist, DistError> {
        let (median, ratio) = check::median_p99(median, p99, RATIO)?;
        Ok(Dist::Lognormal(Lognormal {
            mu: libm::log(median),
            sigma: libm::log(ratio) / Z99,
        }))
    }
}

impl Lognormal {
    #[inline(never)]
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        libm::exp(self.mu + self.sigma * stream.normal())
    }

    pub(super) fn mean(&self) -> f64 {
        libm::exp(self.mu + self.sigma * self.sigma / 2.0)
    }

    pub(super) fn variance(&self) -> f64 {
        let mean = self.mean();
        mean * mean * libm::expm1(self.sigma * self.sigma)
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        special::normal_cdf((libm::log(x) - self.mu) / self.sigma)
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::Lognormal(Lognormal {
            mu: self.mu + libm::log(factor),
            ..*self
        })
    }
}
