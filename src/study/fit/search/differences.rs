//! Derivatives by differences, and the damped steps that are made of them.

use super::super::distance::{Target, log_ratio};
use super::super::linear::Eigen;
use super::super::{Case, Fit};
use super::{Candidate, Search, TRIALS};

/// Two points that differ in one parameter.
pub(super) struct Difference {
    parameter: usize,
    width: f64,
    one: Candidate,
    other: Candidate,
}

/// Derivatives of the residuals: a row for each parameter.
pub(super) fn of_residuals(parameters: usize, differences: &[Difference]) -> Vec<Vec<f64>> {
    let mut rows = vec![Vec::new(); parameters];
    for d in differences {
        let both = d.one.residuals.iter().zip(&d.other.residuals);
        rows[d.parameter] = both.map(|(a, b)| (a - b) / d.width).collect();
    }
    rows
}

/// Derivatives of the logarithms of all numbers, those too that are not fitted to.
pub(super) fn of_numbers(
    fit: &Fit,
    parameters: usize,
    differences: &[Difference],
) -> Vec<Vec<Vec<f64>>> {
    let mut all = vec![Vec::new(); parameters];
    for d in differences {
        let (ones, others) = (&d.one.evaluation.values, &d.other.evaluation.values);
        let cases = fit.cases.iter().zip(ones.iter().zip(others));
        let of_case = |(case, (a, b)): (&Case, (&Vec<f64>, &Vec<f64>))| -> Vec<f64> {
            let targets = case.targets.iter().zip(a.iter().zip(b));
            let slope = |(target, (a, b)): (&Target, (&f64, &f64))| {
                (log_ratio(&target.reading, *a) - log_ratio(&target.reading, *b)) / d.width
            };
            targets.map(slope).collect()
        };
        all[d.parameter] = cases.map(of_case).collect();
    }
    all
}

impl Search<'_, '_> {
    /// Derivatives of the residuals, one parameter at a time.
    fn jacobian(
        &mut self,
        at: &Candidate,
        smooth: &[usize],
        reps: u64,
        step: f64,
    ) -> Result<Vec<Vec<f64>>, String> {
        let differences = self.differences(at, smooth, reps, step, false)?;
        Ok(of_residuals(at.point.len(), &differences))
    }

    /// Runs the neighbours of a point along every parameter.
    pub(super) fn differences(
        &mut self,
        at: &Candidate,
        smooth: &[usize],
        reps: u64,
        step: f64,
        both_sides: bool,
    ) -> Result<Vec<Difference>, String> {
        let mut points = Vec::new();
        for &i in smooth {
            let (low, high) = self.bounds(i);
            let up = at.point[i] + step <= high || at.point[i] - step < low;
            let signs: &[f64] = match (both_sides, up) {
                (true, _) => &[1.0, -1.0],
                (false, true) => &[1.0],
                (false, false) => &[-1.0],
            };
            for sign in signs {
                let mut point = at.point.clone();
                point[i] += sign * step;
                points.push((i, point));
            }
        }
        let only: Vec<Vec<f64>> = points.iter().map(|(_, p)| p.clone()).collect();
        let done = self.candidates(&only, reps);
        let mut differences = Vec::new();
        let mut sides = points.iter().map(|p| p.0).zip(done).peekable();
        while let Some((parameter, one)) = sides.next() {
            let other = sides.next_if(|(j, _)| *j == parameter).map(|side| side.1);
            // Beyond a bound the model may be none (a share above 1): then from the point itself.
            let (one, other) = match (one, other) {
                (Ok(one), Some(Ok(other))) => (one, other),
                (Ok(one), _) => (one, at.clone()),
                (Err(_), Some(Ok(other))) => (at.clone(), other),
                (Err(why), _) => return Err(why),
            };
            let width = one.point[parameter] - other.point[parameter];
            differences.push(Difference {
                parameter,
                width,
                one,
                other,
            });
        }
        Ok(differences)
    }

    fn bounds(&self, i: usize) -> (f64, f64) {
        let free = &self.fit.free[i];
        (libm::log(free.low), libm::log(free.high))
    }

    /// Goes downhill until that is no longer worth a run.
    pub(super) fn descend(
        &mut self,
        mut at: Candidate,
        smooth: &[usize],
        reps: u64,
        most: usize,
    ) -> Result<Candidate, String> {
        if smooth.is_empty() {
            return Ok(at);
        }
        let (mut damping, mut slow) = (1e-2, 0);
        for iteration in 0..most {
            let next = (smooth.len() + TRIALS.len()) as u64 * self.fit.cases.len() as u64 * reps;
            if self.spent(next) {
                break;
            }
            let step = if iteration < 2 && reps == 1 {
                0.1
            } else {
                0.04
            };
            let jacobian = self.jacobian(&at, smooth, reps, step)?;
            let trials: Vec<(f64, Vec<f64>)> = TRIALS
                .iter()
                .map(|factor| damping * factor)
                .map(|d| (d, self.proposal(&at, &jacobian, smooth, d)))
                .collect();
            let points: Vec<Vec<f64>> = trials.iter().map(|t| t.1.clone()).collect();
            let done = self.candidates(&points, reps);
            let best = trials
                .iter()
                .zip(done)
                .filter_map(|((d, _), c)| c.ok().map(|c| (*d, c)))
                .min_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
            let Some((used, next)) = best else { break };
            if next.cost < at.cost {
                let gain = (at.cost - next.cost) / at.cost.max(1e-12);
                damping = used.clamp(1e-6, 1e3);
                at = next;
                (self.watch)(self.runs, Some(at.cost));
                slow = if gain < 2e-3 { slow + 1 } else { 0 };
                if slow == 2 {
                    break;
                }
            } else if damping > 10.0 {
                break;
            } else {
                damping *= 100.0;
            }
        }
        Ok(at)
    }

    /// The damped step: `(JᵀJ + d diag(JᵀJ)) δ = -Jᵀr`, no parameter by more than a factor of 2.7.
    pub(super) fn proposal(
        &self,
        at: &Candidate,
        jacobian: &[Vec<f64>],
        smooth: &[usize],
        damping: f64,
    ) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let norm = |i: usize| dot(&jacobian[i], &jacobian[i]).sqrt().max(1e-9);
        // Columns scaled to length one make the diagonal one.
        let matrix: Vec<Vec<f64>> = smooth
            .iter()
            .map(|&i| {
                let row = smooth.iter();
                row.map(|&j| dot(&jacobian[i], &jacobian[j]) / (norm(i) * norm(j)))
                    .collect()
            })
            .collect();
        let gradient: Vec<f64> = smooth
            .iter()
            .map(|&i| -dot(&jacobian[i], &at.residuals) / norm(i))
            .collect();
        let step = Eigen::new(&matrix).apply(&gradient, |e| 1.0 / (e.max(0.0) + damping));
        let mut point = at.point.clone();
        for (&i, d) in smooth.iter().zip(step) {
            let (low, high) = self.bounds(i);
            point[i] = (point[i] + (d / norm(i)).clamp(-1.0, 1.0)).clamp(low, high);
        }
        point
    }
}
