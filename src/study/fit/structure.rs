//! Which of several structures: each is fitted to the lower loads and predicts the highest; the one that is nearest
//! is taken.
//!
//! Leaving the highest load out asks what a prediction is asked: what comes beyond the loads that were measured.
//! A structure with more parameters fits the lower loads better in any case; of the next load it may know less.

use super::quality::rms;
use super::search::{Budget, Search};
use super::{Case, Fit};

/// Another structure is taken if it is nearer by this share than those before it: what is nearer by less may be so by
/// chance, and who writes the models writes the simplest first.
pub const NEARER: f64 = 0.1;

/// How a structure did.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its name: the model's file.
    pub name: String,
    /// Parameters that were free.
    pub free: usize,
    /// Root mean square of the relative errors of the lower loads' numbers, to which it was fitted.
    pub fitted: f64,
    /// The same of the highest load's, which it predicted.
    pub predicted: f64,
    /// How many numbers that were.
    pub numbers: usize,
}

/// All structures, which load was left out, and which was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In the order given.
    pub tried: Vec<Tried>,
    /// The load left out, in words.
    pub left_out: String,
    /// Place of the one taken.
    pub taken: usize,
}

/// Fits a structure to all but the highest load and predicts that. The load is told in words, too.
///
/// # Errors
/// If all runs are of one load, or the search cannot be made.
pub fn leave_highest_out(
    name: &str,
    mut fit: Fit,
    budget: Budget,
) -> Result<(Tried, String), String> {
    let highest = fit.cases.iter().map(|c| c.peak).fold(0.0, f64::max);
    let cases = std::mem::take(&mut fit.cases);
    let lower = |case: &Case| case.peak < 0.98 * highest;
    let (lower, left): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(lower);
    if lower.is_empty() {
        return Err(
            "to choose between models, the highest load is left out, and all runs are of one load; \
             give runs of three loads or more"
                .to_owned(),
        );
    }
    fit.cases = lower;
    let found = Search::new(&fit, budget, &|_, _| {}).run()?;
    let points = std::slice::from_ref(&found.point);
    let done = fit.evaluate_cases(&left, points, budget.replications.max(5));
    let evaluation = done.into_iter().next().ok_or("nothing ran")??;
    let (predicted, numbers) = rms(&left, &evaluation.values);
    let tried = Tried {
        name: name.to_owned(),
        free: fit.free.len(),
        fitted: rms(&fit.cases, &found.evaluation.values).0,
        predicted,
        numbers,
    };
    let load = left.first().map(|c| c.load.clone()).unwrap_or_default();
    Ok((tried, load))
}

impl Choice {
    /// Takes the first structure than which no later one is nearer by more than a tenth.
    #[must_use]
    pub fn new(tried: Vec<Tried>, left_out: String) -> Choice {
        let mut taken = 0;
        for (at, one) in tried.iter().enumerate() {
            if one.predicted < (1.0 - NEARER) * tried[taken].predicted {
                taken = at;
            }
        }
        Choice {
            tried,
            left_out,
            taken,
        }
    }

    /// Whether another structure than the taken one is as near to the load left out: neither is nearer by a tenth.
    #[must_use]
    pub fn is_as_near(&self, at: usize) -> bool {
        let (own, taken) = (self.tried[at].predicted, self.tried[self.taken].predicted);
        at != self.taken && own >= (1.0 - NEARER) * taken && taken >= (1.0 - NEARER) * own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_structure_must_be_nearer_by_a_tenth() {
        let tried = |predicted: f64| Tried {
            name: String::new(),
            free: 1,
            fitted: 0.01,
            predicted,
            numbers: 9,
        };
        let choice = |all: &[f64]| {
            let all = all.iter().map(|p| tried(*p)).collect();
            Choice::new(all, "120 VUs".to_owned())
        };
        let taken = |all: &[f64]| choice(all).taken;
        let near = choice(&[0.10, 0.095, 0.107, 0.2]);
        let near: Vec<usize> = (0..4).filter(|at| near.is_as_near(*at)).collect();
        assert_eq!(near, [1, 2]);
        assert_eq!(taken(&[0.10, 0.095]), 0);
        assert_eq!(taken(&[0.10, 0.08, 0.079]), 1);
        assert_eq!(taken(&[0.10, 0.2, 0.05]), 2);
    }
}
