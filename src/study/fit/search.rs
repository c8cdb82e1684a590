//! The search: Levenberg (1944) and Marquardt (1963) on the logarithms of the parameters, from several
//! starts, with common random numbers so that differences between points are differences of the model.
//!
//! Derivatives are differences over 4 to 10 %: a simulation is a step function of its parameters in
//! the small. Whole-numbered parameters are not differentiated; their values are tried one by one,
//! the others fitted anew at each (a profile).

mod bounded;
mod differences;
mod polish;
mod round;
mod shares;
mod starts;

use super::distance::{Target, log_ratio};
use super::exact::Exact;
use super::free::Unit;
use super::{Evaluation, Fit};
use bounded::Groups;
pub use shares::enough;
use shares::rounds;

/// Dampings tried at every step, as multiples of the last one.
const TRIALS: [f64; 4] = [0.1, 1.0, 10.0, 100.0];

/// Replications at most with which the ends of several rounds are compared.
const MOST_COMPARING: u64 = 20;

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
            runs: enough(0),
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
    /// Residuals of all targets that count, then of the means that are met exactly, as they count: each times its factor.
    pub residuals: Vec<f64>,
    /// What each residual was divided by: tolerance, rounding, chance and what the model lacks together.
    pub scales: Vec<f64>,
    /// By what each residual was multiplied: below 1 where the model does not describe a metric of a run.
    pub factors: Vec<f64>,
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
    /// The costs by which the ends of several rounds were compared, in their order; empty of one round.
    pub rounds: Vec<f64>,
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

/// One measure for the ends of all rounds, whatever was known of chance in each: a cost of its own, from the same
/// replications for all.
struct Yardstick {
    noise: Vec<Vec<f64>>,
    exact: Vec<Exact>,
    replications: u64,
}

/// A search under way: of one round, or of several.
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
    watch: &'s (dyn Fn(u64, Option<f64>) + Sync),
    may_go_on: &'s dyn Fn() -> bool,
    /// Which of several rounds it is: each has starts of its own.
    round: u64,
    /// Residuals of which none may count for more than what the model can do.
    groups: Groups,
}

impl<'s, 'a> Search<'s, 'a> {
    /// `watch` is told how many runs are done: before others are begun, and with the cost of a better point that they
    /// have led to.
    pub fn new(
        fit: &'s Fit<'a>,
        budget: Budget,
        watch: &'s (dyn Fn(u64, Option<f64>) + Sync),
    ) -> Self {
        let mut search = Search {
            fit,
            budget,
            runs: 0,
            limit: budget.runs,
            noise: None,
            exact: Vec::new(),
            watch,
            may_go_on: &|| true,
            round: 0,
            groups: Groups::default(),
        };
        // Numbers of one kind have a rule of their own.
        if !search.of_one_kind() {
            search.groups = Groups::new(fit);
        }
        search
    }

    /// Asks before each step; once the answer is no, the search goes to its last stage.
    #[must_use]
    pub fn while_time(mut self, may_go_on: &'s dyn Fn() -> bool) -> Self {
        self.may_go_on = may_go_on;
        self
    }

    /// Whether a number of further runs is too many, or time is up.
    fn spent(&self, next: u64) -> bool {
        self.runs + next > self.limit || !(self.may_go_on)()
    }

    /// Looks for the point of least distance. A budget beyond the default's is spent in rounds, each from the best
    /// end so far and new starts; the best end of all is taken, so that a larger budget never answers worse.
    ///
    /// # Errors
    /// If the model is invalid at every point tried.
    pub fn run(self) -> Result<Found, String> {
        let start: Vec<f64> = self.fit.free.iter().map(|f| libm::log(f.start)).collect();
        let rounds = rounds(self.budget.runs, self.fit.cases.len() as u64);
        let mut best = self.another(0, rounds[0]).one_round(start)?;
        if rounds.len() == 1 || self.fit.free.is_empty() {
            return Ok(best);
        }
        let yardstick = Yardstick {
            noise: best.evaluation.variances.clone(),
            exact: best.exact.clone(),
            replications: self.budget.replications.clamp(4, MOST_COMPARING),
        };
        let each = yardstick.replications * self.fit.cases.len() as u64;
        let mut least = self.measured(&yardstick, &best)?;
        let (mut runs, mut costs) = (best.runs + each, vec![least]);
        for (number, size) in (1..).zip(&rounds[1..]) {
            if !(self.may_go_on)() {
                break;
            }
            // What comparing takes is part of the round.
            let search = self.another(number, size.saturating_sub(2 * each));
            let Ok(end) = search.one_round(best.point.clone()) else {
                break;
            };
            let cost = self.measured(&yardstick, &end)?;
            runs += end.runs + each;
            costs.push(cost);
            if cost < least {
                (least, best) = (cost, end);
            }
        }
        Ok(Found {
            runs,
            rounds: costs,
            ..best
        })
    }

    /// The same search with other starts and a budget of its own.
    fn another(&self, round: u64, runs: u64) -> Search<'s, 'a> {
        let budget = Budget {
            runs,
            ..self.budget
        };
        let fresh = Search::new(self.fit, budget, self.watch);
        Search {
            may_go_on: self.may_go_on,
            round,
            ..fresh
        }
    }

    /// What the end of a round costs by a measure for all.
    fn measured(&self, by: &Yardstick, end: &Found) -> Result<f64, String> {
        let mut search = self.another(0, 0);
        search.noise = Some(by.noise.clone());
        search.exact.clone_from(&by.exact);
        let at = search.candidates(std::slice::from_ref(&end.point), by.replications);
        Ok(at.into_iter().next().ok_or("nothing was run")??.cost)
    }

    /// Indices of the parameters that vary continuously.
    fn smooth(&self) -> Vec<usize> {
        let free = self.fit.free.iter().enumerate();
        free.filter(|(_, f)| f.unit != Unit::Whole)
            .map(|(i, _)| i)
            .collect()
    }

    fn candidates(&mut self, points: &[Vec<f64>], reps: u64) -> Vec<Result<Candidate, String>> {
        (self.watch)(self.runs, None);
        self.runs += points.len() as u64 * self.fit.cases.len() as u64 * reps;
        let evaluations = self.fit.evaluate(points, reps);
        let candidates = points.iter().zip(evaluations).map(|(point, evaluation)| {
            let evaluation = evaluation?;
            let residuals = self.residuals(&evaluation, reps);
            Ok(Candidate {
                point: point.clone(),
                cost: self.groups.cost(&residuals),
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
}
