//! The search: Levenberg (1944) and Marquardt (1963) on the logarithms of the parameters, from several
//! starts, with common random numbers so that differences between points are differences of the model.
//!
//! Derivatives are differences over 4 to 10 %: a simulation is a step function of its parameters in
//! the small. Whole-numbered parameters are not differentiated; their values are tried one by one,
//! the others fitted anew at each (a profile).

use super::distance::{Target, log_ratio};
use super::exact::{self, Exact};
use super::linear::Eigen;
use super::quality::EXCLUDED;
use super::{Evaluation, Fit};
use crate::engine::stream::Stream;
use crate::stats::lhs::latin_hypercube;
use crate::study::fit::free::Unit;

/// Dampings tried at every step, as multiples of the last one.
const TRIALS: [f64; 4] = [0.1, 1.0, 10.0, 100.0];

/// Ends of other starts that are followed to the last stage.
const RIVALS: usize = 3;

/// Steps at the end that put the means right.
const CORRECTIONS: u64 = 2;
/// Replications of each of them at most.
const MOST_CORRECTING: u64 = 40;

/// How much work a search may do.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Simulated runs, roughly.
    pub runs: u64,
    /// Replications at the end.
    pub replications: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            runs: 1500,
            replications: 4,
        }
    }
}

/// Where a search ended.
#[derive(Clone, Debug)]
pub struct Found {
    /// Logarithms of the parameters.
    pub point: Vec<f64>,
    /// Sum of squared residuals of the targets.
    pub cost: f64,
    /// Residuals of all targets that count, then of the means that are met exactly.
    pub residuals: Vec<f64>,
    /// What each residual was divided by: tolerance, rounding and chance together.
    pub scales: Vec<f64>,
    /// Means that are met exactly, in the order of their residuals.
    pub exact: Vec<Exact>,
    /// Other points that are as good, as far as the data tell.
    pub rivals: Vec<Vec<f64>>,
    /// What was simulated there.
    pub evaluation: Evaluation,
    /// Derivatives of the residuals by the logarithm of each parameter (a row for each parameter;
    /// empty for whole-numbered ones).
    pub jacobian: Vec<Vec<f64>>,
    /// Derivatives of the logarithm of every number, by parameter, case and target (empty for
    /// whole-numbered parameters).
    pub slopes: Vec<Vec<Vec<f64>>>,
    /// Whole-numbered parameters: values tried, and the smallest cost with each.
    pub profiles: Vec<Vec<Tried>>,
    /// Simulated runs in all.
    pub runs: u64,
}

/// A value of a whole-numbered parameter that was tried, the others fitted anew.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The value.
    pub value: f64,
    /// How far the best point with it was from the data.
    pub cost: f64,
    /// That point: logarithms of all parameters.
    pub point: Vec<f64>,
}

impl Tried {
    fn new(value: f64, end: &Candidate) -> Tried {
        Tried {
            value,
            cost: end.cost,
            point: end.point.clone(),
        }
    }
}

/// A point with what it costs.
#[derive(Clone, Debug)]
struct Candidate {
    point: Vec<f64>,
    cost: f64,
    residuals: Vec<f64>,
    evaluation: Evaluation,
}

/// Two points that differ in one parameter.
struct Difference {
    parameter: usize,
    width: f64,
    one: Candidate,
    other: Candidate,
}

/// Derivatives of the residuals: a row for each parameter.
fn of_residuals(parameters: usize, differences: &[Difference]) -> Vec<Vec<f64>> {
    let mut rows = vec![Vec::new(); parameters];
    for d in differences {
        let both = d.one.residuals.iter().zip(&d.other.residuals);
        rows[d.parameter] = both.map(|(a, b)| (a - b) / d.width).collect();
    }
    rows
}

/// Derivatives of the logarithms of all numbers, those too that are not fitted to.
fn of_numbers(fit: &Fit, parameters: usize, differences: &[Difference]) -> Vec<Vec<Vec<f64>>> {
    let mut all = vec![Vec::new(); parameters];
    for d in differences {
        let (ones, others) = (&d.one.evaluation.values, &d.other.evaluation.values);
        let cases = fit.cases.iter().zip(ones.iter().zip(others));
        let of_case = |(case, (a, b)): (&super::Case, (&Vec<f64>, &Vec<f64>))| -> Vec<f64> {
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

/// A search under way.
pub struct Search<'s, 'a> {
    fit: &'s Fit<'a>,
    budget: Budget,
    runs: u64,
    /// Runs that the present stage may reach.
    limit: u64,
    /// Variance of each target's logarithm from run to run, once known.
    noise: Option<Vec<Vec<f64>>>,
    /// Means that are met exactly, once the search is near enough to know which runs are low loads.
    exact: Vec<Exact>,
    watch: &'s (dyn Fn(u64, f64) + Sync),
    may_go_on: &'s dyn Fn() -> bool,
}

/// How a budget of runs is shared out among the stages of a search.
struct Shares {
    /// Replications of each point.
    replications: u64,
    /// Runs of the best point and of both sides of it along every parameter.
    own: u64,
    /// Runs of each correction of the means.
    correcting: u64,
    /// Runs that the end keeps for itself.
    last: u64,
}

impl Shares {
    /// Of so many runs, for `one` case or more, each with so many points at the end; `None` if they are too few.
    fn of(runs: u64, one: u64, points: u64, most: u64, corrects: bool) -> Option<Shares> {
        let replications = (runs / 3 / (one * points)).clamp(2, most.max(2));
        let own = one * points * replications;
        let correcting = match corrects {
            true => (runs / 20 / one).min(MOST_CORRECTING).max(replications),
            false => 0,
        };
        let last = own + (CORRECTIONS + 1) * one * correcting;
        (3 * last + 10 * one + 2 * one * replications <= 2 * runs).then_some(Shares {
            replications,
            own,
            correcting,
            last,
        })
    }
}

impl<'s, 'a> Search<'s, 'a> {
    /// `watch` is told how many runs are done and the best cost so far.
    pub fn new(fit: &'s Fit<'a>, budget: Budget, watch: &'s (dyn Fn(u64, f64) + Sync)) -> Self {
        Search {
            fit,
            budget,
            runs: 0,
            limit: budget.runs,
            noise: None,
            exact: Vec::new(),
            watch,
            may_go_on: &|| true,
        }
    }

    /// Asks before each step; once the answer is no, the search goes to its last stage.
    #[must_use]
    pub fn while_time(mut self, may_go_on: &'s dyn Fn() -> bool) -> Self {
        self.may_go_on = may_go_on;
        self
    }

    /// Whether so many runs more are too many, or time is up.
    fn spent(&self, next: u64) -> bool {
        self.runs + next > self.limit || !(self.may_go_on)()
    }

    /// Looks for the point of least distance.
    ///
    /// # Errors
    /// If the model is invalid at every point tried.
    pub fn run(mut self) -> Result<Found, String> {
        let smooth = self.smooth();
        let one = self.fit.cases.len().max(1) as u64;
        // The end needs the best point and both sides of it along every parameter, several times each;
        // a small budget affords fewer replications.
        let points = 2 * smooth.len() as u64 + 1;
        let start: Vec<f64> = self.fit.free.iter().map(|f| libm::log(f.start)).collect();
        // What putting the means right will take, as far as the start tells that it is needed.
        let corrects = exact::any_low(self.fit, &start) && !smooth.is_empty();
        let shares = |runs| Shares::of(runs, one, points, self.budget.replications, corrects);
        let Some(Shares {
            replications,
            own,
            mut correcting,
            mut last,
        }) = shares(self.budget.runs)
        else {
            let least = (self.budget.runs..).find(|runs| shares(*runs).is_some());
            return Err(format!(
                "the budget is too small: it takes runs={} at least",
                least.unwrap_or(u64::MAX)
            ));
        };
        self.limit = self.budget.runs - last - last / 2;
        // Chance at the start stands for chance anywhere until the best point is known.
        let first = self.candidates(std::slice::from_ref(&start), replications);
        if let Some(Ok(first)) = first.into_iter().next() {
            self.noise = Some(first.evaluation.variances);
        }
        let mut ends = self.starts(start)?.into_iter();
        let mut best = ends.next().ok_or("nothing was run")?;
        let mut profiles = vec![Vec::new(); self.fit.free.len()];
        let whole: Vec<usize> = (0..self.fit.free.len())
            .filter(|i| !smooth.contains(i))
            .collect();
        if !whole.is_empty() {
            best = self.profile(best, &whole, &smooth, &mut profiles)?;
        }
        // Now it is known how much of the distance is chance.
        let again = self.candidates(std::slice::from_ref(&best.point), replications);
        best = again.into_iter().next().ok_or("nothing was run")??;
        self.noise = Some(best.evaluation.variances.clone());
        if !smooth.is_empty() {
            self.exact = exact::means(self.fit, &best.point, &best.evaluation.variances);
        }
        correcting = self.affordable(correcting, own, replications);
        last = own + (CORRECTIONS + 1) * one * correcting;
        best.residuals = self.residuals(&best.evaluation, replications);
        best.cost = best.residuals.iter().map(|r| r * r).sum();
        let rest = self.budget.runs.saturating_sub(last + self.runs);
        self.limit = self.budget.runs - last - rest / 3;
        best = self.descend(best, &smooth, replications, 12)?;
        self.limit = self.budget.runs - last;
        let others: Vec<Candidate> = ends.filter(|end| apart(end, &best)).take(RIVALS).collect();
        let rivals = self.rivals(&mut best, others, &smooth, replications)?;
        let differences = self.differences(&best, &smooth, replications, 0.05, true)?;
        let jacobian = of_residuals(best.point.len(), &differences);
        let slopes = of_numbers(self.fit, best.point.len(), &differences);
        if correcting > 0 {
            best = self.correct(best, &jacobian, &smooth, correcting)?;
        }
        let targets = best.residuals.len() - self.exact.len();
        Ok(Found {
            point: best.point,
            cost: best.residuals[..targets].iter().map(|r| r * r).sum(),
            residuals: best.residuals,
            scales: self.scales(correcting.max(replications)),
            exact: self.exact,
            rivals,
            evaluation: best.evaluation,
            jacobian,
            slopes,
            profiles,
            runs: self.runs,
        })
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
            let mut means = at.clone();
            let targets = means.residuals.len() - self.exact.len();
            means.residuals[..targets].fill(0.0);
            at.point = self.proposal(&means, jacobian, smooth, 1e-9);
        }
    }

    /// Indices of the parameters that vary continuously.
    fn smooth(&self) -> Vec<usize> {
        let free = self.fit.free.iter().enumerate();
        free.filter(|(_, f)| f.unit != Unit::Whole)
            .map(|(i, _)| i)
            .collect()
    }

    /// The model's own start and a Latin hypercube of others; the best few of them are followed down.
    fn starts(&mut self, start: Vec<f64>) -> Result<Vec<Candidate>, String> {
        let dimensions = self.fit.free.len();
        let per_point = self.fit.cases.len() as u64;
        let spare = (self.limit / 4 / per_point.max(1)) as usize;
        let count = (6 * dimensions).min(spare).max(1);
        let mut stream = Stream::new(self.fit.seed, 0, "fit.starts");
        let cube = latin_hypercube(count, dimensions, || stream.unit());
        let mut points = vec![start];
        for row in cube {
            let point = row.iter().zip(&self.fit.free).map(|(u, free)| {
                let (low, high) = (libm::log(free.low), libm::log(free.high));
                round_whole(free.unit, low + u * (high - low))
            });
            points.push(point.collect());
        }
        let tried = self.candidates(&points, 1);
        let own = tried.first().cloned();
        let mut good: Vec<Candidate> = tried.into_iter().filter_map(Result::ok).collect();
        if good.is_empty() {
            return Err(match own {
                Some(Err(why)) => why,
                _ => "the model is invalid everywhere within the bounds".into(),
            });
        }
        good.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        good.truncate(5);
        if let Some(Ok(own)) = own
            && !good.iter().any(|g| g.point == own.point)
        {
            good.insert(0, own);
        }
        let smooth = self.smooth();
        let mut ends = Vec::new();
        for candidate in good {
            ends.push(self.descend(candidate, &smooth, 1, 10)?);
        }
        ends.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        Ok(ends)
    }

    /// Follows the ends of other starts further, with as many replications; a better one takes the place
    /// of the best. Gives all that are about as good.
    fn rivals(
        &mut self,
        best: &mut Candidate,
        others: Vec<Candidate>,
        smooth: &[usize],
        reps: u64,
    ) -> Result<Vec<Vec<f64>>, String> {
        let limit = self.limit;
        let mut left = others.len() as u64;
        let mut ends = Vec::new();
        for other in others {
            self.limit = self.runs + limit.saturating_sub(self.runs) / left.max(1);
            left = left.saturating_sub(1);
            if self.spent(self.fit.cases.len() as u64 * reps) {
                break;
            }
            let again = self.candidates(std::slice::from_ref(&other.point), reps);
            let Some(Ok(again)) = again.into_iter().next() else {
                continue;
            };
            let mut end = self.descend(again, smooth, reps, 8)?;
            if end.cost < best.cost {
                std::mem::swap(&mut end, best);
            }
            ends.push(end);
        }
        self.limit = limit;
        let targets = best.residuals.len() - self.exact.len();
        // Of the percentiles; a rival that misses the means is none.
        let cost = |end: &Candidate| -> (f64, f64) {
            let (own, means) = end.residuals.split_at(targets);
            let sum = |of: &[f64]| of.iter().map(|r| r * r).sum::<f64>();
            (sum(own), sum(means))
        };
        let (least, freedom) = (cost(best).0, targets.saturating_sub(self.fit.free.len()));
        let chance = EXCLUDED * (least / freedom.max(1) as f64).max(1.0);
        let off = exact::HEAVIER * exact::HEAVIER * EXCLUDED;
        ends.retain(|end| {
            let (own, means) = cost(end);
            own - least < chance && means < off.max(cost(best).1)
        });
        Ok(ends.into_iter().map(|end| end.point).collect())
    }

    /// Tries the values of each whole-numbered parameter in turn, the smooth ones fitted anew.
    fn profile(
        &mut self,
        mut best: Candidate,
        whole: &[usize],
        smooth: &[usize],
        profiles: &mut [Vec<Tried>],
    ) -> Result<Candidate, String> {
        let rounds = if whole.len() > 1 { 2 } else { 1 };
        for _ in 0..rounds {
            for &i in whole {
                let now = libm::exp(best.point[i]).round();
                let mut costs = vec![Tried::new(now, &best)];
                // Outwards from the present value, each start next to the last end.
                for upwards in [true, false] {
                    let mut from = best.clone();
                    let mut worse = 0;
                    for value in ladder(&self.fit.free[i], now, upwards) {
                        if self.spent(self.fit.cases.len() as u64) {
                            break;
                        }
                        from.point[i] = libm::log(value);
                        let at = self.candidates(std::slice::from_ref(&from.point), 1);
                        let Some(Ok(candidate)) = at.into_iter().next() else {
                            continue;
                        };
                        from = self.descend(candidate, smooth, 1, 4)?;
                        costs.push(Tried::new(value, &from));
                        if from.cost < best.cost {
                            best = from.clone();
                            worse = 0;
                        } else if from.cost > 4.0 * best.cost + 40.0 {
                            worse += 1;
                        }
                        if worse == 2 {
                            break;
                        }
                    }
                }
                costs.push(Tried::new(libm::exp(best.point[i]).round(), &best));
                let order = |a: &Tried, b: &Tried| a.value.total_cmp(&b.value);
                costs.sort_by(|a, b| order(a, b).then(a.cost.total_cmp(&b.cost)));
                costs.dedup_by(|later, first| later.value == first.value);
                profiles[i] = costs;
            }
        }
        Ok(best)
    }

    fn candidates(&mut self, points: &[Vec<f64>], reps: u64) -> Vec<Result<Candidate, String>> {
        self.runs += points.len() as u64 * self.fit.cases.len() as u64 * reps;
        let evaluations = self.fit.evaluate(points, reps);
        let candidates = points.iter().zip(evaluations).map(|(point, evaluation)| {
            let evaluation = evaluation?;
            let residuals = self.residuals(&evaluation, reps);
            Ok(Candidate {
                point: point.clone(),
                cost: residuals.iter().map(|r| r * r).sum(),
                residuals,
                evaluation,
            })
        });
        candidates.collect()
    }

    /// What residuals are divided by, case by case.
    fn scales(&self, reps: u64) -> Vec<f64> {
        let mut scales = Vec::new();
        for (c, case) in self.fit.cases.iter().enumerate() {
            for (t, target) in case.targets.iter().enumerate() {
                let Some(scale) = target.scale else { continue };
                let noise = self.noise.as_ref().map_or(0.0, |n| n[c][t]);
                // The measured run has the noise of one, the mean that of several.
                let noise = noise * (1.0 + 1.0 / reps as f64);
                scales.push((scale * scale + noise).sqrt());
            }
        }
        scales.extend(self.exact.iter().map(|mean| mean.scale));
        scales
    }

    /// Residuals of all targets that count, case by case.
    fn residuals(&self, evaluation: &Evaluation, reps: u64) -> Vec<f64> {
        let cases = self.fit.cases.iter().zip(&evaluation.values);
        let counted = cases.flat_map(|(case, values)| {
            let targets = case.targets.iter().zip(values);
            targets.filter(|(t, _)| t.scale.is_some())
        });
        let scales = self.scales(reps);
        let residual = |((target, value), scale): ((&Target, &f64), &f64)| {
            log_ratio(&target.reading, *value) / scale
        };
        let exact = self.exact.iter();
        let exact = exact.map(|mean| mean.log_ratio(self.fit, &evaluation.values) / mean.scale);
        counted.zip(&scales).map(residual).chain(exact).collect()
    }

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
    fn differences(
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
    fn descend(
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
                (self.watch)(self.runs, at.cost);
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
    fn proposal(
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

/// Whether two ends differ by more than 3 % in some parameter.
fn apart(a: &Candidate, b: &Candidate) -> bool {
    a.point
        .iter()
        .zip(&b.point)
        .any(|(x, y)| (x - y).abs() > 0.03)
}

/// A whole-numbered parameter's logarithm is that of a whole number.
fn round_whole(unit: Unit, log: f64) -> f64 {
    match unit {
        Unit::Whole => libm::log(libm::exp(log).round().max(1.0)),
        _ => log,
    }
}

/// Values from the present one outwards: every one while near, then in steps of an eighth.
fn ladder(free: &super::free::Free, now: f64, upwards: bool) -> Vec<f64> {
    let mut values = Vec::new();
    let mut value = now;
    loop {
        let step = (value / 8.0).floor().max(1.0);
        value += if upwards { step } else { -step };
        if value > free.high || value < free.low.max(1.0) || values.len() >= 24 {
            return values;
        }
        values.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_budget_that_is_told_is_enough() {
        for (one, points, most) in [(1, 3, 5), (2, 7, 5), (3, 9, 100)] {
            for corrects in [false, true] {
                let enough = |runs: &u64| Shares::of(*runs, one, points, most, corrects).is_some();
                let least = (1..).find(enough).unwrap_or(0);
                assert!(least > one * points, "{least}");
                assert!((20..least).all(|runs| (runs..).find(enough) == Some(least)));
            }
        }
    }
}
