//! The gamma law.

use super::family::{Family, Parameter};
use super::{Dist, DistError, check, special};
use crate::engine::stream::Stream;

/// Gamma with density proportional to `x^(shape − 1) exp(−x / scale)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
    /// Marsaglia and Tsang's `d` and `c`, for the shape or, below 1, for the shape plus 1.
    d: f64,
    c: f64,
}

/// How it is written.
pub(super) const FAMILY: Family = Family {
    name: "gamma",
    table: "distribution.gamma",
    about: "By mean and coefficient of variation, or shape and scale.",
    parameters: &[
        Parameter::MEAN,
        Parameter::CV,
        Parameter::SHAPE,
        Parameter::SCALE,
    ],
    sets: &[&["mean", "cv"], &["shape", "scale"]],
    make: |set, x| match set[0] {
        "mean" => Dist::gamma_mean_cv(x[0], x[1]),
        _ => Dist::gamma(x[0], x[1]),
    },
};

impl Dist {
    /// Gamma with this shape (cv = 1 / √shape) and scale (mean = shape × scale).
    ///
    /// # Errors
    /// If the shape is not between 1e-6 and 1e6, or the scale not between 1e-30 and 1e30.
    pub fn gamma(shape: f64, scale: f64) -> Result<Dist, DistError> {
        let shape = check::within("shape", shape, 1e-6, 1e6)?;
        let scale = check::positive("scale", scale)?;
        Ok(Dist::Gamma(Gamma::new(shape, scale)))
    }

    /// Gamma with this mean and coefficient of variation: shape = 1 / cv², scale = mean · cv²
    /// (A. M. Law, "Simulation Modeling and Analysis", 2015, section 6.2.2). A constant if the cv is
    /// zero.
    ///
    /// # Errors
    /// If the mean is not between 1e-30 and 1e30, or the cv neither zero nor between 0.001 and 1000.
    pub fn gamma_mean_cv(mean: f64, cv: f64) -> Result<Dist, DistError> {
        let mean = check::positive("mean", mean)?;
        let cv = check::cv(cv)?;
        if cv == 0.0 {
            return Ok(Dist::Constant(mean));
        }
        Ok(Dist::Gamma(Gamma::new(1.0 / (cv * cv), mean * cv * cv)))
    }
}

impl Gamma {
    pub(super) fn new(shape: f64, scale: f64) -> Gamma {
        let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
        Gamma {
            shape,
            scale,
            d,
            c: 1.0 / (9.0 * d).sqrt(),
        }
    }

    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    /// G. Marsaglia, W. W. Tsang, "A Simple Method for Generating Gamma Variables", 2000; for a shape
    /// below 1 by their section 6: a gamma of shape plus 1 times U^(1 / shape), where −ln U is
    /// exponential.
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        let standard = self.d * self.cube(stream);
        if self.shape < 1.0 {
            let boost = libm::exp(-stream.exponential() / self.shape);
            return standard * boost * self.scale;
        }
        standard * self.scale
    }

    /// The accepted cube `v` of the method.
    #[inline]
    fn cube(&self, stream: &mut Stream) -> f64 {
        loop {
            let x = stream.normal();
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = stream.open_unit();
            let square = x * x;
            if u < 1.0 - 0.0331 * square * square
                || libm::log(u) < 0.5 * square + self.d * (1.0 - v + libm::log(v))
            {
                return v;
            }
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.shape * self.scale
    }

    pub(super) fn variance(&self) -> f64 {
        self.shape * self.scale * self.scale
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        special::gamma_p(self.shape, x / self.scale)
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    pub(super) fn rescaled(&self, factor: f64) -> Gamma {
        Gamma {
            scale: check::scale(self.scale, factor),
            ..*self
        }
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::Gamma(self.rescaled(factor))
    }
}
