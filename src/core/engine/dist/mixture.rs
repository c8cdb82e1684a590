//! One of several distributions.

use super::{Dist, DistError, check};
use crate::engine::stream::Stream;
use std::sync::Arc;

/// One of several distributions, chosen by weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    parts: Arc<[Part]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    probability: f64,
    /// Sum of the probabilities up to this one; infinite for the last.
    bound: f64,
    dist: Dist,
}

impl Dist {
    /// One of several distributions: each with a weight, which is divided by the sum of the weights.
    /// A part of weight zero is left out; a mixture within is resolved into its parts, so that a draw
    /// is one choice and one sample.
    ///
    /// # Errors
    /// If there is no part, a weight is negative, not finite or above 1e30, or all are zero.
    pub fn mixture(parts: &[(f64, Dist)]) -> Result<Dist, DistError> {
        let weights: Vec<f64> = parts.iter().map(|&(weight, _)| weight).collect();
        let shares = check::shares("weights", &weights)?;
        let mut flat: Vec<(f64, Dist)> = Vec::new();
        for (share, (_, dist)) in shares.into_iter().zip(parts) {
            match dist {
                Dist::Mixture(inner) => flat.extend(
                    inner
                        .parts
                        .iter()
                        .map(|part| (share * part.probability, part.dist.clone())),
                ),
                other => flat.push((share, other.clone())),
            }
        }
        flat.retain(|&(share, _)| share > 0.0);
        Ok(of_parts(&flat))
    }
}

fn of_parts(parts: &[(f64, Dist)]) -> Dist {
    if let Some((_, first)) = parts.first()
        && (parts.len() == 1 || same_constant(parts))
    {
        return first.clone();
    }
    let probabilities: Vec<f64> = parts.iter().map(|&(probability, _)| probability).collect();
    let parts = check::upper_bounds(&probabilities)
        .into_iter()
        .zip(parts)
        .map(|(bound, (probability, dist))| Part {
            probability: *probability,
            bound,
            dist: dist.clone(),
        })
        .collect();
    Dist::Mixture(Mixture { parts })
}

fn same_constant(parts: &[(f64, Dist)]) -> bool {
    parts
        .windows(2)
        .all(|pair| pair[0].1.is_constant().is_some() && pair[0].1 == pair[1].1)
}

impl Mixture {
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        let u = stream.unit();
        let chosen = self.parts.partition_point(|part| part.bound <= u);
        self.parts
            .get(chosen)
            .map_or(0.0, |part| part.dist.sample(stream))
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum(Dist::mean)
    }

    /// The mean of the parts' variances plus the variance of their means.
    pub(super) fn variance(&self) -> f64 {
        let mean = self.mean();
        if mean.is_infinite() {
            return f64::INFINITY;
        }
        self.sum(|dist| {
            let apart = dist.mean() - mean;
            dist.variance() + apart * apart
        })
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.sum(|dist| dist.cdf(x)).min(1.0)
    }

    fn sum(&self, of: impl Fn(&Dist) -> f64) -> f64 {
        self.parts
            .iter()
            .map(|part| part.probability * of(&part.dist))
            .sum()
    }

    pub(super) fn support(&self) -> (f64, f64) {
        let bounds = self.parts.iter().map(|part| part.dist.support());
        bounds.fold((f64::INFINITY, 0.0), |(low, high), (l, h)| {
            (low.min(l), high.max(h))
        })
    }

    pub(super) fn scaled(&self, factor: f64) -> Dist {
        let parts = self
            .parts
            .iter()
            .map(|part| Part {
                dist: part.dist.scaled(factor),
                ..part.clone()
            })
            .collect();
        Dist::Mixture(Mixture { parts })
    }
}
