//! Confidence intervals: of a mean, of a paired difference, of a proportion.

use super::Moments;
use crate::theory::numeric::quantile;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Degrees of freedom from which the expansion around the normal law is exact to nine decimals.
const MANY_DEGREES: u64 = 1_000;

/// A two-sided confidence interval of a mean, in the unit of the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Sample mean, the middle of the interval.
    pub mean: f64,
    /// Distance from the mean to either end.
    pub half_width: f64,
    /// Number of independent samples behind it.
    pub count: u64,
}

impl Interval {
    /// Lower end.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// Upper end.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether a value lies inside, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.low()..=self.high()).contains(&value)
    }
}

/// A confidence interval of a probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportion {
    /// Observed share of successes, 0 to 1.
    pub share: f64,
    /// Lower end, at least 0.
    pub low: f64,
    /// Upper end, at most 1.
    pub high: f64,
}

/// Student's t interval of the mean of independent samples (Student 1908).
///
/// `level` is the coverage, such as 0.95. Returns `None` with fewer than two samples, with one
/// that is not finite, or with a level not inside 0 to 1.
#[must_use]
pub fn mean_interval(samples: &[f64], level: f64) -> Option<Interval> {
    of_moments(&samples.iter().copied().collect(), level)
}

/// As [`mean_interval`], from moments already gathered.
#[must_use]
pub fn of_moments(moments: &Moments, level: f64) -> Option<Interval> {
    let mean = moments.mean()?;
    let error = moments.std_error().filter(|e| e.is_finite())?;
    let t = student_t(level, moments.count() - 1)?;
    Some(Interval {
        mean,
        half_width: t * error,
        count: moments.count(),
    })
}

/// Student's t interval of the mean of `b[i] - a[i]`, for runs paired by common random numbers.
///
/// Returns `None` if the lengths differ, and otherwise where [`mean_interval`] does.
#[must_use]
pub fn paired_difference(a: &[f64], b: &[f64], level: f64) -> Option<Interval> {
    if a.len() != b.len() {
        return None;
    }
    of_moments(&a.iter().zip(b).map(|(a, b)| b - a).collect(), level)
}

/// Wilson's score interval of a probability (Wilson 1927); sound for few trials and for shares
/// near 0 and 1.
///
/// Returns `None` without trials, with more successes than trials, or with a level not inside
/// 0 to 1.
#[must_use]
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Proportion> {
    if trials == 0 || successes > trials {
        return None;
    }
    let z2 = {
        let z = normal_z(level)?;
        z * z
    };
    let n = trials as f64;
    let share = successes as f64 / n;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let spread = (z2 * (share * (1.0 - share) + z2 / (4.0 * n)) / n).sqrt() / (1.0 + z2 / n);
    Some(Proportion {
        share,
        // The formula gives exactly 0 and 1 here; rounding must not say otherwise.
        low: if successes == 0 { 0.0 } else { centre - spread },
        high: if successes == trials {
            1.0
        } else {
            centre + spread
        },
    })
}

/// The t with `P(-t < T < t) = level` for Student's T with these degrees of freedom.
///
/// Accurate to about nine decimals for levels in use (0.001 to 0.999999). Returns `None` for no
/// degree of freedom or a level not inside 0 to 1.
#[must_use]
pub fn student_t(level: f64, freedom: u64) -> Option<f64> {
    let z = normal_z(level)?;
    if freedom >= MANY_DEGREES {
        return Some(student_t_expansion(z, freedom as f64));
    }
    // Inverted here from the distribution function: the inverse of `statrs` 0.19 is wrong far out
    // in the tail of few degrees of freedom and does not terminate for very many.
    let law = StudentsT::new(0.0, 1.0, freedom as f64).ok()?;
    rounded(quantile(|t| 2.0 * law.sf(t), level, 1.0)?)
}

/// Student's quantile from the normal one, for many degrees of freedom (Abramowitz & Stegun 1964,
/// 26.7.5, first three corrections).
fn student_t_expansion(z: f64, freedom: f64) -> f64 {
    let z2 = z * z;
    let first = z * (z2 + 1.0) / 4.0;
    let second = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let third = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    z + (first + (second + third / freedom) / freedom) / freedom
}

/// The z with `P(-z < Z < z) = level` for the standard normal.
///
/// Returns `None` for a level not inside 0 to 1.
#[must_use]
pub fn normal_z(level: f64) -> Option<f64> {
    if !(level > 0.0 && level < 1.0) {
        return None;
    }
    rounded(Normal::standard().inverse_cdf(0.5 + level / 2.0))
}

/// Nine decimals: `statrs` calls the platform's logarithm, whose last bit differs between
/// machines, and a report's must not.
fn rounded(quantile: f64) -> Option<f64> {
    quantile.is_finite().then(|| (quantile * 1e9).round() / 1e9)
}
