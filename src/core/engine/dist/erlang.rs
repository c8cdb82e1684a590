//! The Erlang law: a gamma law of whole shape.

use super::family::{Family, Parameter, Unit};
use super::gamma::Gamma;
use super::{Dist, DistError, check};
use crate::engine::stream::Stream;

/// Up to this number of stages, adding up exponentials is faster than the gamma sampler.
const SUMMED: u32 = 2;

/// Sum of independent exponential stages of equal mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Erlang {
    stages: u32,
    gamma: Gamma,
}

/// How it is written.
pub(super) const FAMILY: Family = Family {
    name: "erlang",
    table: "distribution.erlang",
    about: "The sum of exponential stages.",
    parameters: &[
        Parameter::MEAN,
        Parameter {
            name: "stages",
            unit: Unit::Whole(1, 1_000_000),
            about: "The number of stages.",
        },
    ],
    sets: &[&["mean", "stages"]],
    make: |_, x| Dist::erlang(x[0], x[1] as u32),
};

impl Dist {
    /// Erlang with this mean and number of stages (A. K. Erlang, 1917); cv = 1 / √stages. Exponential
    /// for one stage.
    ///
    /// # Errors
    /// If the mean is not between 1e-30 and 1e30, or the number of stages not between 1 and 1,000,000.
    pub fn erlang(mean: f64, stages: u32) -> Result<Dist, DistError> {
        let mean = check::positive("mean", mean)?;
        let shape = check::within("stages", f64::from(stages), 1.0, 1e6)?;
        if stages == 1 {
            return Ok(Dist::Exponential(mean));
        }
        let gamma = Gamma::new(shape, mean / shape);
        Ok(Dist::Erlang(Erlang { stages, gamma }))
    }
}

impl Erlang {
    #[inline]
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        if self.stages > SUMMED {
            return self.gamma.sample(stream);
        }
        let mut sum = stream.exponential();
        for _ in 1..self.stages {
            sum += stream.exponential();
        }
        sum * self.gamma.scale()
    }

    pub(super) fn mean(&self) -> f64 {
        self.gamma.mean()
    }

    pub(super) fn variance(&self) -> f64 {
        self.gamma.variance()
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.gamma.cdf(x)
    }

    pub(super) fn support(&self) -> (f64, f64) {
        self.gamma.support()
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        Dist::Erlang(Erlang {
            gamma: self.gamma.rescaled(factor),
            ..*self
        })
    }
}
