//! How far a run is from crossing a threshold, and the runs that measure it.

use crate::account::Account;
use crate::measure::summary::Summary;
use crate::metrics::{Metrics, NamedThreshold, metrics_of, thresholds_of, verdicts_of};
use crate::model::Model;
use crate::model::threshold::{Operator, Threshold};
use crate::parts::pool::PoolProbe;
use crate::runs::{Job, run_all};
use crate::world::outcome::Outcome;

/// What one run gave.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Margin of each threshold, in the order of the model: above zero it holds.
    pub margins: Vec<f64>,
    /// The run's named numbers.
    pub metrics: Metrics,
    /// Use of each pool, in the order of the model.
    pub pools: Vec<Hold>,
    /// Where its time went.
    pub account: Account,
}

/// How the tokens of a pool were used in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hold {
    /// Tokens given per second.
    pub per_second: f64,
    /// Mean time for which one is held, in seconds.
    pub mean: f64,
}

/// From the instants at which tokens were given and came back; those still out came back at the end.
fn holds(outcome: &Outcome) -> Vec<Hold> {
    let (end, seconds) = (outcome.end_time(), outcome.duration.as_secs());
    let of = |probe: &PoolProbe| {
        let out = u128::from(probe.held.value()) * u128::from(end.0);
        let held = (probe.returned_at + out).saturating_sub(probe.granted_at);
        Hold {
            per_second: probe.granted as f64 / seconds.max(1e-9),
            mean: held as f64 * 1e-9 / probe.granted.max(1) as f64,
        }
    };
    outcome.pools.iter().map(of).collect()
}

/// How far a value is on the good side of a threshold, relative to the limit (to 1 for a limit of
/// zero). An equation holds (+1) or not (-1).
#[must_use]
pub fn margin(threshold: &Threshold, value: f64) -> f64 {
    let limit = threshold.value;
    let scale = if limit == 0.0 { 1.0 } else { limit.abs() };
    let holds = threshold.operator.holds(value, limit);
    let exact = if holds { 1.0 } else { -1.0 };
    match threshold.operator {
        Operator::Less | Operator::LessOrEqual => signed((limit - value) / scale, holds),
        Operator::Greater | Operator::GreaterOrEqual => signed((value - limit) / scale, holds),
        Operator::Equal | Operator::NotEqual => exact,
    }
}

/// On the limit itself the operator decides.
fn signed(margin: f64, holds: bool) -> f64 {
    match (margin == 0.0, holds) {
        (true, true) => f64::MIN_POSITIVE,
        (true, false) => -f64::MIN_POSITIVE,
        _ => margin,
    }
}

/// What is taken of a run; a threshold on something that did not occur is not crossed (as in k6).
#[must_use]
pub fn sample(model: &Model, outcome: &Outcome, summary: &Summary) -> Sample {
    let metrics = metrics_of(model, outcome, summary);
    let of_value = |t: &NamedThreshold| {
        metrics
            .get(&t.column)
            .map_or(1.0, |value| margin(&t.threshold, *value))
    };
    let margins = thresholds_of(model)
        .iter()
        .zip(verdicts_of(model, summary))
        .map(|(t, holds)| match of_value(t) {
            // A rate without a sample counts as 0, and passes all the same.
            below if below < 0.0 && holds => 1.0,
            margin => margin,
        })
        .collect();
    Sample {
        margins,
        metrics,
        pools: holds(outcome),
        account: Account::of(outcome, model),
    }
}

/// Runs all jobs in this process.
///
/// # Errors
/// If a run comes to no end: why.
pub fn samples(jobs: &[Job<'_>]) -> Result<Vec<Sample>, String> {
    let all = run_all(jobs, |index, outcome, summary| {
        let model = jobs[index].model;
        match outcome.end.complaint(model) {
            Some(why) => Err(why),
            None => Ok(sample(model, outcome, summary)),
        }
    });
    all.into_iter().collect()
}
