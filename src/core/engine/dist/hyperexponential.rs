//! The hyperexponential law: one of several exponentials.

use super::{Dist, DistError, check, exponential};
use crate::engine::stream::Stream;
use std::sync::Arc;

/// One of several exponentials, chosen by probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperexponential {
    phases: Arc<[Phase]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Phase {
    probability: f64,
    /// Sum of the probabilities up to this one; infinite for the last.
    bound: f64,
    mean: f64,
}

impl Dist {
    /// One of several exponentials: each phase a probability and a mean. A phase of probability zero
    /// is left out.
    ///
    /// # Errors
    /// If there is no phase, a probability is negative, the probabilities do not sum to 1 within a
    /// millionth, or a mean is not between 1e-30 and 1e30.
    pub fn hyperexponential(phases: &[(f64, f64)]) -> Result<Dist, DistError> {
        let given: Vec<f64> = phases.iter().map(|&(probability, _)| probability).collect();
        let probabilities = check::probabilities(&given)?;
        let mut kept = Vec::new();
        for (&probability, &(_, mean)) in probabilities.iter().zip(phases) {
            let mean = check::positive("means", mean)?;
            if probability > 0.0 {
                kept.push((probability, mean));
            }
        }
        Ok(of_phases(&kept))
    }

    /// One of several exponentials: each phase a probability and a rate (the reciprocal of the mean,
    /// per unit of the values).
    ///
    /// # Errors
    /// As [`Dist::hyperexponential`], for rates in place of means.
    pub fn hyperexponential_rates(phases: &[(f64, f64)]) -> Result<Dist, DistError> {
        let phases = phases
            .iter()
            .map(|&(probability, rate)| Ok((probability, 1.0 / check::positive("rates", rate)?)))
            .collect::<Result<Vec<_>, DistError>>()?;
        Dist::hyperexponential(&phases)
    }

    /// Two phases with this mean and coefficient of variation that contribute equally to the mean
    /// ("balanced means"): p₁ = (1 + √((cv² − 1) / (cv² + 1))) / 2, p₁ m₁ = p₂ m₂ = mean / 2
    /// (W. Whitt, "Approximating a Point Process by a Renewal Process, I", 1982, section 3).
    /// Exponential if the cv is 1.
    ///
    /// # Errors
    /// If the mean is not between 1e-30 and 1e30, or the cv not between 1 and 1000.
    pub fn hyperexponential_mean_cv(mean: f64, cv: f64) -> Result<Dist, DistError> {
        let mean = check::positive("mean", mean)?;
        if !(1.0..=1000.0).contains(&cv) {
            let text = format!(
                "cv must lie between 1 and 1000 for a hyperexponential, and is {cv}; below 1 use a \
                 gamma, Erlang or lognormal"
            );
            return Err(DistError::new("cv", text));
        }
        let square = cv * cv;
        let root = ((square - 1.0) / (square + 1.0)).sqrt();
        if root == 0.0 {
            return Ok(Dist::Exponential(mean));
        }
        // (1 − root) / 2 without cancellation.
        let rare = 1.0 / ((square + 1.0) * (1.0 + root));
        let common = (1.0 + root) / 2.0;
        let phases = [(common, mean / 2.0 / common), (rare, mean / 2.0 / rare)];
        Ok(of_phases(&phases))
    }
}

fn of_phases(phases: &[(f64, f64)]) -> Dist {
    if let [(_, mean)] = phases {
        return Dist::Exponential(*mean);
    }
    let probabilities: Vec<f64> = phases.iter().map(|&(probability, _)| probability).collect();
    let phases = check::upper_bounds(&probabilities)
        .into_iter()
        .zip(phases)
        .map(|(bound, &(probability, mean))| Phase {
            probability,
            bound,
            mean,
        })
        .collect();
    Dist::Hyperexponential(Hyperexponential { phases })
}

impl Hyperexponential {
    #[inline]
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        let u = stream.unit();
        let chosen = self.phases.iter().find(|phase| u < phase.bound);
        chosen.map_or(0.0, |phase| phase.mean * stream.exponential())
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum(|phase| phase.mean)
    }

    /// The mean of the phases' variances (squared means) plus the variance of their means.
    pub(super) fn variance(&self) -> f64 {
        let mean = self.mean();
        self.sum(|phase| {
            let apart = phase.mean - mean;
            phase.mean * phase.mean + apart * apart
        })
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.sum(|phase| exponential::cdf(phase.mean, x))
    }

    fn sum(&self, of: impl Fn(&Phase) -> f64) -> f64 {
        self.phases
            .iter()
            .map(|phase| phase.probability * of(phase))
            .sum()
    }

    pub(super) fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        let phases = self
            .phases
            .iter()
            .map(|phase| Phase {
                mean: check::scale(phase.mean, factor),
                ..*phase
            })
            .collect();
        Dist::Hyperexponential(Hyperexponential { phases })
    }
}
