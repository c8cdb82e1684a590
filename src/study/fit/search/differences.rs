//! Derivatives by differences, and the damped steps that are made of them.

use super::super::distance::{Target, log_ratio};
use super::super::linear::Eigen;
use super::super::{Case, Fit};
use super::{Candidate, Search, TRIALS};

/// How far apart the points are of which derivatives are made: a simulation is a step function in the small.
const WIDTH: f64 = 0.04;
/// Derivatives that a step told are good for another one while the distance shrinks by more than this share, and
/// if it was no shorter than differences are wide. Not for
/// numbers of one kind: of those, chance is most of what a step tells.
const LEADS_ON: f64 = 0.05;

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

/// Puts into derivatives what a step told, the change least that explains it (Broyden 1965), each parameter in units
/// of its derivatives' length.
fn secant(jacobian: &mut [Vec<f64>], smooth: &[usize], from: &Candidate, to: &Candidate) {
    let both = to.residuals.iter().zip(&from.residuals);
    let mut unexplained: Vec<f64> = both.map(|(a, b)| a - b).collect();
    let (mut weights, mut length) = (Vec::new(), 0.0);
    for &i in smooth {
        let moved = to.point[i] - from.point[i];
        let squares: f64 = jacobian[i].iter().map(|d| d * d).sum();
        for (sum, d) in unexplained.iter_mut().zip(&jacobian[i]) {
            *sum -= d * moved;
        }
        weights.push(moved * squares);
        length += moved * moved * squares;
    }
    if length <= 0.0 {
        return;
    }
    for (&i, weight) in smooth.iter().zip(weights) {
        for (d, sum) in jacobian[i].iter_mut().zip(&unexplained) {
            *d += sum * weight / length;
        }
    }
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

    /// Goes downhill until that is no longer worth a run: by Broyden's (1965) derivatives, which each step tells for
    /// nothing, while they lead on, and by fresh ones, `most` times, where they do not.
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
        // Means that are met exactly outweigh all else: a damping that suits them leaves the others where they are.
        let start = if self.exact.is_empty() { 1e-2 } else { 1e-4 };
        let (mut damping, mut slow, mut fresh) = (start, 0, 0);
        let mut known: Option<Vec<Vec<f64>>> = None;
        // Whether they are those of the present point.
        let mut own = true;
        loop {
            let differences = if known.is_some() { 0 } else { smooth.len() };
            let next = (differences + TRIALS.len()) as u64 * self.fit.cases.len() as u64 * reps;
            if self.spent(next) || known.is_none() && fresh == most {
                break;
            }
            let mut jacobian = match known.take() {
                Some(jacobian) => jacobian,
                None => {
                    let step = if fresh < 2 && reps == 1 { 0.1 } else { WIDTH };
                    (own, fresh) = (true, fresh + 1);
                    self.jacobian(&at, smooth, reps, step)?
                }
            };
            let Some((used, next)) = self.best_trial(&at, &jacobian, smooth, (reps, damping))
            else {
                break;
            };
            let gain = (at.cost - next.cost) / at.cost.max(1e-12);
            let far = smooth
                .iter()
                .any(|&i| (next.point[i] - at.point[i]).abs() >= WIDTH);
            let leads_on = gain > LEADS_ON && far && !self.groups.is_empty();
            if gain > 0.0 {
                secant(&mut jacobian, smooth, &at, &next);
                damping = used.clamp(1e-6, 1e3);
                at = next;
                (self.watch)(self.runs, Some(at.cost));
                slow = match own {
                    true if gain < 2e-3 => slow + 1,
                    true => 0,
                    false => slow,
                };
                if slow == 2 {
                    break;
                }
                own = false;
                known = leads_on.then_some(jacobian);
            } else if own && damping > 10.0 {
                break;
            } else if own {
                damping *= 100.0;
                known = (!self.groups.is_empty()).then_some(jacobian);
            }
        }
        Ok(at)
    }

    /// The best of steps of several dampings, with the one used; `None` if none leads to a model that runs.
    fn best_trial(
        &mut self,
        at: &Candidate,
        jacobian: &[Vec<f64>],
        smooth: &[usize],
        (reps, damping): (u64, f64),
    ) -> Option<(f64, Candidate)> {
        let factors = self.groups.factors(&at.residuals);
        let dampings = TRIALS.iter().map(|factor| damping * factor);
        let points: Vec<Vec<f64>> = dampings
            .clone()
            .map(|d| self.proposal(at, &factors, jacobian, smooth, d))
            .collect();
        let done = self.candidates(&points, reps);
        let done = dampings.zip(done);
        done.filter_map(|(d, c)| Some((d, c.ok()?)))
            .min_by(|a, b| a.1.cost.total_cmp(&b.1.cost))
    }

    /// The damped step: `(JᵀJ + d diag(JᵀJ)) δ = -Jᵀr`, no parameter by more than a factor of 2.7; residuals and their
    /// derivatives times the factors.
    pub(super) fn proposal(
        &self,
        at: &Candidate,
        factors: &[f64],
        jacobian: &[Vec<f64>],
        smooth: &[usize],
        damping: f64,
    ) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| {
            let each = a.iter().zip(b).zip(factors);
            each.map(|((x, y), f)| f * f * x * y).sum::<f64>()
        };
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
