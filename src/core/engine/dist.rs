//! Distributions and their samplers.
//!
//! One file per family: its parameters, the constructors that take what people know (natural
//! parameters; mean and coefficient of variation; median and 99th percentile), its sampler and its
//! moments. A family's fields are private, so a [`Dist`] that came from a constructor is valid.
//! Samplers use `+ - * /`, `sqrt` and `libm` alone: the same bits on every platform.

mod check;
mod empirical;
mod erlang;
mod exponential;
mod family;
mod gamma;
mod hyperexponential;
mod lognormal;
mod mixture;
mod pareto;
mod shifted;
mod special;
mod truncated_pareto;
mod uniform;
mod weibull;

pub use check::DistError;
pub use empirical::Empirical;
pub use erlang::Erlang;
pub use family::{Family, Parameter, Unit};
pub use gamma::Gamma;
pub use hyperexponential::Hyperexponential;
pub use lognormal::Lognormal;
pub use mixture::Mixture;
pub use pareto::Pareto;
pub use shifted::Shifted;
pub use truncated_pareto::TruncatedPareto;
pub use uniform::Uniform;
pub use weibull::Weibull;

use crate::engine::Span;
use crate::engine::stream::Stream;

/// A distribution of a non-negative quantity, in the unit of its parameters (nanoseconds in a model).
///
/// Cheap to clone: long lists are shared.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Constant(f64),
    /// Exponential with this mean.
    Exponential(f64),
    /// Equally likely anywhere between two bounds.
    Uniform(Uniform),
    /// Sum of independent exponential stages of equal mean.
    Erlang(Erlang),
    /// Gamma.
    Gamma(Gamma),
    /// Its logarithm is normal.
    Lognormal(Lognormal),
    /// Weibull.
    Weibull(Weibull),
    /// Pareto of the first kind: a minimum and a power-law tail.
    Pareto(Pareto),
    /// Pareto, given that a maximum is not exceeded.
    TruncatedPareto(TruncatedPareto),
    /// One of several exponentials, chosen by probability.
    Hyperexponential(Hyperexponential),
    /// One of several distributions, chosen by weight.
    Mixture(Mixture),
    /// Given values.
    Empirical(Empirical),
    /// A constant plus another distribution.
    Shifted(Shifted),
}

/// Families that are written by parameters with names, in the order in which errors list them.
pub const FAMILIES: [&Family; 5] = [
    &erlang::FAMILY,
    &gamma::FAMILY,
    &lognormal::FAMILY,
    &weibull::FAMILY,
    &pareto::FAMILY,
];

/// Runs an expression on the family inside; the two variants without a struct have their own.
macro_rules! each {
    ($dist:expr, $c:ident => $constant:expr, $m:ident => $exponential:expr, $law:ident => $any:expr) => {
        match $dist {
            Dist::Constant($c) => $constant,
            Dist::Exponential($m) => $exponential,
            Dist::Uniform($law) => $any,
            Dist::Erlang($law) => $any,
            Dist::Gamma($law) => $any,
            Dist::Lognormal($law) => $any,
            Dist::Weibull($law) => $any,
            Dist::Pareto($law) => $any,
            Dist::TruncatedPareto($law) => $any,
            Dist::Hyperexponential($law) => $any,
            Dist::Mixture($law) => $any,
            Dist::Empirical($law) => $any,
            Dist::Shifted($law) => $any,
        }
    };
}

impl Dist {
    /// Always `value`, which is zero or more. It takes no random draw.
    ///
    /// # Errors
    /// If the value is negative, not finite or above 1e30.
    pub fn constant(value: f64) -> Result<Dist, DistError> {
        check::non_negative("value", value).map(Dist::Constant)
    }

    /// A random value, zero or more; infinite only where the law's tail leaves the range of `f64`.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        // The commonest first, and without a call.
        match self {
            Dist::Exponential(mean) => mean * stream.exponential(),
            Dist::Constant(value) => *value,
            Dist::Lognormal(law) => law.sample(stream),
            _ => self.sample_any(stream),
        }
    }

    #[inline(never)]
    fn sample_any(&self, stream: &mut Stream) -> f64 {
        each!(self,
            value => *value,
            mean => mean * stream.exponential(),
            law => law.sample(stream))
    }

    /// A random time, to the nearest nanosecond, if the unit is nanoseconds.
    #[inline(always)]
    pub fn span(&self, stream: &mut Stream) -> Span {
        Span::from_ns(self.sample(stream))
    }

    /// The value, if it is always the same.
    ///
    /// Every constructor gives [`Dist::Constant`] for such a distribution.
    #[must_use]
    pub fn is_constant(&self) -> Option<f64> {
        match self {
            Dist::Constant(value) => Some(*value),
            _ => None,
        }
    }

    /// The mean; infinite for a Pareto with a shape of 1 or less.
    #[must_use]
    pub fn mean(&self) -> f64 {
        each!(self, value => *value, mean => *mean, law => law.mean())
    }

    /// The variance, in the unit's square; infinite for a Pareto with a shape of 2 or less.
    #[must_use]
    pub fn variance(&self) -> f64 {
        each!(self, _value => 0.0, mean => mean * mean, law => law.variance())
    }

    /// Coefficient of variation: standard deviation over mean. Zero if the mean is zero, infinite if
    /// the variance is.
    #[must_use]
    pub fn cv(&self) -> f64 {
        let (mean, variance) = (self.mean(), self.variance());
        if mean == 0.0 {
            0.0
        } else if variance.is_infinite() {
            f64::INFINITY
        } else {
            variance.sqrt() / mean
        }
    }

    /// Probability of a value of at most `x`.
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        each!(self,
            value => f64::from(u8::from(x >= *value)),
            mean => exponential::cdf(*mean, x),
            law => law.cdf(x))
    }

    /// The smallest value `x` with `cdf(x) >= p`, found by bisection to the last bit of `cdf`.
    ///
    /// The lower end of the distribution for `p <= 0`, its upper end (which may be infinite) for
    /// `p >= 1`, and not a number if `p` is not.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        let (low, high) = self.support();
        if p.is_nan() {
            p
        } else if p <= 0.0 {
            low
        } else if p >= 1.0 {
            high
        } else {
            special::smallest(low, high.min(f64::MAX), |x| self.cdf(x) >= p)
        }
    }

    /// The smallest and the largest possible value; the largest may be infinite.
    #[must_use]
    pub fn support(&self) -> (f64, f64) {
        each!(self,
            value => (*value, *value),
            _mean => (0.0, f64::INFINITY),
            law => law.support())
    }

    /// The distribution of the quantity times `factor`: the same shape, drawn from the same random
    /// numbers.
    ///
    /// A factor that is zero, negative or not a number gives the constant zero; a positive one counts
    /// as at least 1e-30 and at most 1e30.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Dist {
        if factor.is_nan() || factor <= 0.0 {
            return Dist::Constant(0.0);
        }
        let factor = check::clamped(factor);
        each!(self,
            value => Dist::Constant((value * factor).min(f64::MAX)),
            mean => Dist::Exponential(check::scale(*mean, factor)),
            law => law.scaled(factor))
    }
}
