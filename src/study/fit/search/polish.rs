//! The last steps of a search, with many replications: means put right, or numbers of one kind that the model
//! misses by more than chance met as well as it can.
//!
//! If the model misses numbers of one kind, how well each is known no longer says how much it counts: what the
//! model lacks is part of every difference. It is estimated as one variance for all, such that the weighted
//! squares come to what they should (Paule & Mandel 1982), and the parameters follow by steps of Gauss and Newton
//! with many replications, for along a flat valley chance in one number moves a parameter by several times as much.

use super::super::Case;
use super::shares::CORRECTIONS;
use super::{Candidate, Search};

/// Steps at most.
const STEPS: u64 = 4;
/// Replications of each at most.
const MAX_REPLICATIONS: u64 = 40;
/// Tolerances that differ by less than this factor are of one kind.
const ALIKE: f64 = 1.5;
/// A step that gains less than this share of the distance is the last.
const WORTH: f64 = 1e-3;

impl Search<'_, '_> {
    /// Puts the means right with many replications, for those of the search had chance in them. Everything
    /// else moves as little as it can.
    fn correct(
        &mut self,
        mut at: Candidate,
        jacobian: &[Vec<f64>],
        smooth: &[usize],
        reps: u64,
    ) -> Result<Candidate, String> {
        let mut left = CORRECTIONS;
        loop {
            let done = self.candidates(std::slice::from_ref(&at.point), reps);
            at = done.into_iter().next().ok_or("nothing was run")??;
            if left == 0 {
                return Ok(at);
            }
            left -= 1;
            let factors = self.groups.factors(&at.residuals);
            let mut means = at.clone();
            let targets = means.residuals.len() - self.exact.len();
            means.residuals[..targets].fill(0.0);
            at.point = self.proposal(&means, &factors, jacobian, smooth, 1e-9);
        }
    }

    /// The last steps, with the numbers of replications for means and for anything else. Gives the end, and of how many
    /// replications it is the mean.
    pub(super) fn end(
        &mut self,
        best: Candidate,
        jacobian: &[Vec<f64>],
        smooth: &[usize],
        (correcting, replications): (u64, u64),
    ) -> Result<(Candidate, u64), String> {
        if correcting > 0 {
            let best = self.correct(best, jacobian, smooth, correcting)?;
            return Ok((best, correcting.max(replications)));
        }
        if self.of_one_kind() {
            return self.polish(best, jacobian, smooth, replications);
        }
        Ok((best, replications))
    }

    /// Runs that are kept for steps towards numbers of one kind.
    pub(super) fn polishing(&self) -> u64 {
        if self.of_one_kind() {
            self.budget.runs / 5
        } else {
            0
        }
    }

    /// Whether all that counts is one kind of number, of which there are more than parameters.
    pub(super) fn of_one_kind(&self) -> bool {
        let of_case = |case: &Case| case.targets.iter().filter_map(|t| t.scale).collect();
        let scales: Vec<f64> = self
            .fit
            .cases
            .iter()
            .flat_map::<Vec<f64>, _>(of_case)
            .collect();
        let most = scales.iter().copied().fold(0.0, f64::max);
        let alike = scales.iter().all(|s| s * ALIKE >= most);
        self.exact.is_empty() && alike && scales.len() > self.fit.free.len()
    }

    /// Goes on from the best point with what is left of the budget, if the model lacks something. `jacobian` is that
    /// of the residuals there. Gives the end, and of how many replications it is the mean.
    fn polish(
        &mut self,
        best: Candidate,
        jacobian: &[Vec<f64>],
        smooth: &[usize],
        replications: u64,
    ) -> Result<(Candidate, u64), String> {
        let scales = self.scales(replications);
        let freedom = scales.len().saturating_sub(smooth.len()) as f64;
        let lack = lack(&best.residuals, &scales, freedom);
        let each = (STEPS + 1) * self.fit.cases.len().max(1) as u64;
        let reps = (self.budget.runs.saturating_sub(self.runs) / each).min(MAX_REPLICATIONS);
        if lack == 0.0 || reps < replications || smooth.is_empty() {
            return Ok((best, replications));
        }
        let again = self.candidates(std::slice::from_ref(&best.point), reps);
        let mut at = again.into_iter().next().ok_or("nothing was run")??;
        // What the residuals are divided by is added to: so are they, and their derivatives.
        let widened = |own: &[f64], scales: &[f64]| -> Vec<f64> {
            let each = own.iter().zip(scales);
            each.map(|(r, s)| r * s / (s * s + lack).sqrt()).collect()
        };
        let rows = jacobian.iter().map(|row| widened(row, &scales));
        let rows: Vec<Vec<f64>> = rows.collect();
        let scales = self.scales(reps);
        let seen = |of: &Candidate| {
            let residuals = widened(&of.residuals, &scales);
            Candidate {
                cost: residuals.iter().map(|r| r * r).sum(),
                residuals,
                ..of.clone()
            }
        };
        let (mut now, mut damping) = (seen(&at), 1e-4);
        let alike = vec![1.0; now.residuals.len()];
        for _ in 0..STEPS {
            let point = self.proposal(&now, &alike, &rows, smooth, damping);
            let done = self.candidates(&[point], reps);
            let Some(Ok(next)) = done.into_iter().next() else {
                break;
            };
            let ahead = seen(&next);
            if ahead.cost >= now.cost {
                damping *= 100.0;
                continue;
            }
            let gain = (now.cost - ahead.cost) / now.cost;
            (at, now) = (next, ahead);
            if gain < WORTH {
                break;
            }
        }
        Ok((at, reps))
    }
}

/// The variance to add to each squared scale for the squared residuals to sum to their degrees of freedom; 0 if they
/// do not sum to more without.
fn lack(residuals: &[f64], scales: &[f64], freedom: f64) -> f64 {
    let off: Vec<(f64, f64)> = residuals
        .iter()
        .zip(scales)
        .map(|(r, s)| (r * r * s * s, s * s))
        .collect();
    let sum = |more: f64| off.iter().map(|(d, s)| d / (s + more)).sum::<f64>();
    if freedom < 1.0 || sum(0.0) <= freedom {
        return 0.0;
    }
    // Beyond this every term is below its share.
    let (mut low, mut high) = (0.0, off.iter().map(|(d, _)| d).sum::<f64>() / freedom);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if sum(middle) > freedom {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_lacks_is_what_chance_does_not_explain() {
        // Of equal scales: the mean square per degree of freedom, less the scale squared.
        let found = lack(&[3.0, -3.0, 3.0, 3.0], &[0.01; 4], 3.0);
        assert!((found - (12.0 - 1.0) * 1e-4).abs() < 1e-12, "{found}");
        assert_eq!(lack(&[1.0, 0.5, -1.0], &[0.01, 0.02, 0.03], 3.0), 0.0);
        assert_eq!(lack(&[9.0, 9.0], &[0.01; 2], 0.0), 0.0);
    }
}
