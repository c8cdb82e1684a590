//! One round of a search, from starts to the derivatives at its end.

use super::super::exact;
use super::differences::{of_numbers, of_residuals};
use super::shares::{CORRECTIONS, MOST_CORRECTING, Shares};
use super::starts::{LOWER, apart};
use super::{Candidate, Found, Search, Tried};

/// Ends of other starts that are followed to the last stage.
const RIVALS: usize = 3;

impl Search<'_, '_> {
    /// One round, from a start and others.
    pub(super) fn one_round(mut self, start: Vec<f64>) -> Result<Found, String> {
        let smooth = self.smooth();
        let (shares, lower) = self.shared(&start, &smooth)?;
        let (replications, own) = (shares.replications, shares.own);
        self.limit = self.budget.runs - shares.last - shares.last / 2;
        let ends = self.first_ends(start, lower, replications, !smooth.is_empty())?;
        let mut ends = ends.into_iter();
        let best = ends.next().ok_or("nothing was run")?;
        let (best, profiles) = self.with_whole_numbers(best, &smooth)?;
        let mut best = self.settled(best, replications, !smooth.is_empty())?;
        let correcting = self.affordable(shares.correcting, own, replications);
        let one = self.fit.cases.len().max(1) as u64;
        let last = own + (CORRECTIONS + 1) * one * correcting + self.polishing();
        let rest = self.budget.runs.saturating_sub(last + self.runs);
        self.limit = self.budget.runs - last - rest / 3;
        best = self.descend(best, &smooth, replications, 12)?;
        self.limit = self.budget.runs - last;
        let others: Vec<Candidate> = ends.filter(|end| apart(end, &best)).take(RIVALS).collect();
        let follow = (replications, correcting > 0);
        let rivals = self.rivals(&mut best, others, &smooth, follow)?;
        let differences = self.differences(&best, &smooth, replications, 0.05, true)?;
        let jacobian = of_residuals(best.point.len(), &differences);
        let slopes = of_numbers(self.fit, best.point.len(), &differences);
        let planned = (correcting, replications);
        let (best, of) = self.end(best, &jacobian, &smooth, planned)?;
        let targets = best.residuals.len() - self.exact.len();
        let factors = self.groups.factors(&best.residuals);
        let times = |of: &[f64]| of.iter().zip(&factors).map(|(r, f)| r * f).collect();
        let scales = self.scales(of).into_iter().zip(&factors);
        Ok(Found {
            point: best.point,
            cost: best.residuals[..targets].iter().map(|r| r * r).sum(),
            residuals: times(&best.residuals),
            scales: scales.map(|(s, f)| s / f).collect(),
            exact: self.exact,
            rivals,
            evaluation: best.evaluation,
            jacobian: jacobian.iter().map(|row| times(row)).collect(),
            factors,
            slopes,
            profiles,
            runs: self.runs,
            rounds: Vec::new(),
        })
    }

    /// How the budget is shared out, and where the low loads lead to, if a part of the budget goes to them first.
    fn shared(
        &mut self,
        start: &[f64],
        smooth: &[usize],
    ) -> Result<(Shares, Option<Vec<f64>>), String> {
        let one = self.fit.cases.len().max(1) as u64;
        // The end needs the best point and both sides of it along every parameter, several times each;
        // a small budget affords fewer replications.
        let points = 2 * smooth.len() as u64 + 1;
        // What putting the means right will take, as far as the start tells that it is needed.
        let corrects = exact::any_low(self.fit, start) && !smooth.is_empty();
        let most = self.budget.replications;
        let shares = |runs| Shares::of(runs, one, points, most, corrects);
        let rest = self.budget.runs - (LOWER * self.budget.runs as f64) as u64;
        let lower = match self.round == 0 && shares(rest).is_some() {
            true => self.lower_first(start),
            false => None,
        };
        match shares(self.budget.runs.saturating_sub(self.runs)) {
            Some(shares) => Ok((shares, lower)),
            None => {
                let least = (self.budget.runs..).find(|runs| shares(*runs).is_some());
                Err(format!(
                    "the budget is too small: it takes runs={} at least",
                    least.unwrap_or(u64::MAX)
                ))
            }
        }
    }

    /// Ends of the first descents, the best one first.
    fn first_ends(
        &mut self,
        start: Vec<f64>,
        lower: Option<Vec<f64>>,
        replications: u64,
        smooth: bool,
    ) -> Result<Vec<Candidate>, String> {
        // Chance at the start stands for chance anywhere until the best point is known.
        let first = lower.as_ref().unwrap_or(&start);
        let first = self.candidates(std::slice::from_ref(first), replications);
        if let Some(Ok(first)) = first.into_iter().next() {
            let chance = first.evaluation.variances;
            if smooth {
                // On the way the means count as well as they are known, so that the end is near.
                self.exact = exact::means(self.fit, &first.point, &chance, 1.0);
            }
            self.noise = Some(chance);
        }
        match lower {
            Some(lower) => self.starts_beside(lower),
            None => self.starts(start),
        }
    }

    /// The best point with any whole numbers, and what each of these costs.
    fn with_whole_numbers(
        &mut self,
        best: Candidate,
        smooth: &[usize],
    ) -> Result<(Candidate, Vec<Vec<Tried>>), String> {
        let all = self.fit.free.len();
        let mut profiles = vec![Vec::new(); all];
        let whole: Vec<usize> = (0..all).filter(|i| !smooth.contains(i)).collect();
        if whole.is_empty() {
            return Ok((best, profiles));
        }
        // What each value costs says how likely it is: only what is measured counts, and once.
        self.exact.clear();
        let again = self.candidates(std::slice::from_ref(&best.point), 1);
        let best = again.into_iter().next().ok_or("nothing was run")??;
        let best = self.profile(best, &whole, smooth, &mut profiles)?;
        Ok((best, profiles))
    }

    /// The best point, now that it is known there how much of the distance is chance, and which loads are low.
    fn settled(
        &mut self,
        best: Candidate,
        replications: u64,
        smooth: bool,
    ) -> Result<Candidate, String> {
        let again = self.candidates(std::slice::from_ref(&best.point), replications);
        let mut best = again.into_iter().next().ok_or("nothing was run")??;
        let chance = &best.evaluation.variances;
        self.noise = Some(chance.clone());
        self.exact.clear();
        if smooth {
            self.exact = exact::means(self.fit, &best.point, chance, exact::HEAVIER);
        }
        best.residuals = self.residuals(&best.evaluation, replications);
        best.cost = self.groups.cost(&best.residuals);
        Ok(best)
    }

    /// With how many replications the means can be put right: as planned, or with what is left; 0 if there is
    /// nothing to put right, or too little left to do it better than the search did.
    fn affordable(&self, planned: u64, own: u64, replications: u64) -> u64 {
        if self.exact.is_empty() || planned > 0 {
            return if self.exact.is_empty() { 0 } else { planned };
        }
        let left = self.budget.runs.saturating_sub(self.runs + own) / 2;
        let one = self.fit.cases.len().max(1) as u64;
        match (left / ((CORRECTIONS + 1) * one)).min(MOST_CORRECTING) {
            few if few < replications => 0,
            enough => enough,
        }
    }
}
