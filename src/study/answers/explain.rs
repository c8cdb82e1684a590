//! Which parameter matters most: each one up and down, the others as they are.

use super::capacity::Cut;
use super::margin::Sample;
use crate::account::Account;
use crate::fit::free::{Unit, standing, written};
use crate::metrics::thresholds_of;
use crate::model::scenario::{Executor, Scenario, Stage};
use crate::model::{Document, Model, Override};
use crate::runner::{Asked, Runner, Study, Take};
use crate::stats::interval::paired_difference;

/// Sections whose values are not parameters of the system under test.
const FIXED: [&str; 6] = [
    "model",
    "setup",
    "teardown",
    "thresholds",
    "scenarios",
    "fitted",
];

/// Last keys of values that are not quantities of the system: answers and what a test records.
const NO_QUANTITY: [&str; 3] = ["status", "value", "times"];

/// A change of the number that a threshold compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Relative change.
    pub change: f64,
    /// Whether it is more than chance: the paired 95 % interval excludes zero.
    pub sure: bool,
}

/// One parameter and its effects.
#[derive(Clone, Debug)]
pub struct Lever {
    /// Its path; `load` for the load.
    pub path: String,
    /// Its value, as the file writes it.
    pub now: String,
    /// Lower and upper value tried, as an override writes them; the lower is `now` where no lower one is valid.
    pub tried: (String, String),
    /// For each threshold: relative change of the number compared, with the lower and the upper value.
    pub effects: Vec<(Effect, Effect)>,
}

/// What a value does that was not tried.
const NOTHING: Effect = Effect {
    change: 0.0,
    sure: false,
};

impl Lever {
    /// Whether no lower value is valid, as of one server.
    #[must_use]
    pub fn only_up(&self) -> bool {
        self.tried.0 == self.now
    }

    /// The largest change of any threshold's number that is more than chance.
    #[must_use]
    pub fn largest(&self) -> f64 {
        let each = self.effects.iter().flat_map(|(d, u)| [d, u]);
        let sure = each.filter(|e| e.sure).map(|e| e.change.abs());
        sure.fold(0.0, f64::max)
    }
}

/// The effects of all parameters.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The thresholds, in the order of the model.
    pub thresholds: Vec<String>,
    /// The numbers compared, in the model as it stands.
    pub base: Vec<f64>,
    /// Where the time goes in the model as it stands, on average over the runs.
    pub account: Account,
    /// Their units: ` ms`, `/s` or nothing.
    pub units: Vec<&'static str>,
    /// Parameters, the most effective first.
    pub levers: Vec<Lever>,
    /// Paths that could not be varied, each with the reason.
    pub skipped: Vec<String>,
    /// Runs simulated.
    pub runs: u64,
    /// How far each parameter moved (0.1 for 10 %).
    pub share: f64,
    /// Runs at each value: fewer than planned if a budget ended the study.
    pub replications: u64,
    /// What ended it early, if anything did.
    pub cut_short: Option<Cut>,
}

/// How the parameters are varied.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// By how much: 0.1 for 10 %; a whole number by at least 1.
    pub share: f64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Runs at each value.
    pub replications: u64,
    /// Runs that may be simulated in all.
    pub budget: u64,
}

/// Varies every number and time of the system. `may_go_on` is asked before each round (one run at each
/// value) but the first.
///
/// # Errors
/// If the model is invalid or has no thresholds, or the budget is too small for one round.
pub fn explain(
    document: &Document,
    base: &[Override],
    plan: &Plan,
    runner: &Runner,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Explanation, String> {
    let share = plan.share;
    let check = |extra: &[Override]| check(document, base, extra);
    let (_, model) = check(&[])?;
    let names = thresholds_of(&model);
    if names.is_empty() {
        return Err("the model has no [thresholds]: say what matters".into());
    }
    let (sides, skipped) = sides(document, base, (share, &model), &check);
    let standing = (base.to_vec(), model);
    let models: Vec<&Variant> = std::iter::once(&standing)
        .chain(sides.iter().flat_map(|s| &s.3))
        .collect();
    let study = Study {
        document,
        seed: plan.seed,
        takes: vec![Take::Sample],
    };
    let (all, cut_short) = rounds(&models, plan, (runner, &study), may_go_on)?;
    let replications = all.first().map_or(0, Vec::len) as u64;
    let runs = replications * models.len() as u64;
    let columns: Vec<String> = names.iter().map(|t| t.column.clone()).collect();
    let of_base = all.first().into_iter().flatten();
    let account = Account::mean(&of_base.map(|s| &s.account).collect::<Vec<_>>());
    let values: Vec<Vec<Vec<f64>>> = all.iter().map(|runs| values(runs, &columns)).collect();
    let mut changed = values[1..].iter();
    let mut levers: Vec<Lever> = sides
        .into_iter()
        .map(|(path, now, [low, high], models)| {
            let lower = (models.len() > 1).then(|| changed.next()).flatten();
            let higher = changed.next();
            let of = |runs: Option<&Vec<Vec<f64>>>, t: usize| {
                runs.map_or(NOTHING, |runs| effect(&values[0][t], &runs[t]))
            };
            Lever {
                path,
                now,
                tried: (low, high),
                effects: (0..columns.len())
                    .map(|t| (of(lower, t), of(higher, t)))
                    .collect(),
            }
        })
        .collect();
    levers.sort_by(|a, b| b.largest().total_cmp(&a.largest()));
    Ok(Explanation {
        thresholds: names.iter().map(|t| t.text()).collect(),
        units: columns.iter().map(|c| unit(c)).collect(),
        account,
        base: values[0].iter().map(|v| mean(v)).collect(),
        levers,
        skipped,
        runs,
        share,
        replications,
        cut_short,
    })
}

/// The unit of a column, by its name.
fn unit(column: &str) -> &'static str {
    match column {
        c if c.ends_with("_ms") => " ms",
        c if c.ends_with("_per_s") => "/s",
        _ => "",
    }
}

/// Runs all models once, then once more, as far as the budget goes: the runs of each model.
fn rounds(
    models: &[&Variant],
    plan: &Plan,
    (runner, study): (&Runner, &Study<'_>),
    may_go_on: &dyn Fn() -> bool,
) -> Result<(Vec<Vec<Sample>>, Option<Cut>), String> {
    let one = models.len() as u64;
    if one > plan.budget {
        return Err(format!(
            "the budget is too small: it takes runs={one} at least"
        ));
    }
    let mut all = vec![Vec::new(); models.len()];
    for replication in 0..plan.replications {
        if (replication + 1) * one > plan.budget {
            return Ok((all, Some(Cut::Runs)));
        }
        if replication > 0 && !may_go_on() {
            return Ok((all, Some(Cut::Time)));
        }
        let jobs: Vec<Asked> = models
            .iter()
            .map(|(set, model)| Asked {
                model,
                set,
                slower: None,
                replication,
                take: 0,
            })
            .collect();
        for (runs, sample) in all.iter_mut().zip(runner.samples(study, &jobs)?) {
            runs.push(sample);
        }
    }
    Ok((all, None))
}

/// Changes, and the model with them.
type Variant = (Vec<Override>, Model);

/// A parameter's path, its value as written, the two values tried, and the models with them; of the higher one alone,
/// where no lower value is valid.
type Side = (String, String, [String; 2], Vec<Variant>);

fn check(document: &Document, base: &[Override], extra: &[Override]) -> Result<Variant, String> {
    let all: Vec<Override> = base.iter().chain(extra).cloned().collect();
    match document.check(&all) {
        Ok(checked) => Ok((all, checked.model)),
        Err(why) => Err(why.brief()),
    }
}

/// Every parameter that can go up and down, or a whole number up alone, and those that cannot.
fn sides(
    document: &Document,
    base: &[Override],
    (share, standing_model): (f64, &Model),
    check: &impl Fn(&[Override]) -> Result<Variant, String>,
) -> (Vec<Side>, Vec<String>) {
    let mut skipped = Vec::new();
    let mut sides: Vec<Side> = Vec::new();
    let mut paths = vec!["load".to_string()];
    paths.extend(document.paths());
    for path in paths {
        let section = path.split(['.', '[']).next().unwrap_or("");
        let last = path.rsplit('.').next().unwrap_or("");
        if FIXED.contains(&section) || NO_QUANTITY.contains(&last) {
            continue;
        }
        // What an answer says, and what stands where a script runs, changes nothing.
        let says = path.contains(".answer.") || path.contains(".failure.");
        if says || section == "journeys" && document.program().is_some() {
            continue;
        }
        let Some((unit, value, now)) =
            standing(document, base, &path).filter(|(_, value, _)| *value > 0.0)
        else {
            continue;
        };
        let texts = around(unit, value, share);
        let model_of = |text: &String| {
            let change = Override::new(&path, text).map_err(|e| e.brief())?;
            check(&[change])
        };
        // What a share of the load leaves as it is, such as few VUs, is changed by one.
        let further = value / largest(standing_model);
        let tries = [(&texts[0], -further), (&texts[1], further)].map(|(text, step)| {
            let made = model_of(text);
            let same = |v: &Variant| path == "load" && v.1.scenarios == standing_model.scenarios;
            if !made.as_ref().is_ok_and(same) {
                return (text.clone(), made);
            }
            let text = written(unit, value + step);
            let made = model_of(&text);
            (text, made)
        });
        let whole = unit == Unit::Whole || path == "load";
        match tries {
            [(low, Ok(down)), (high, Ok(up))] => {
                sides.push((path.clone(), now, [low, high], vec![down, up]));
            }
            [_, (high, Ok(up))] if whole => {
                sides.push((path.clone(), now.clone(), [now, high], vec![up]));
            }
            _ => skipped.push(format!(
                "{path}: not valid {:.0} % up or down",
                100.0 * share
            )),
        }
    }
    (sides, skipped)
}

/// The value a little lower and a little higher, as overrides write them.
fn around(unit: Unit, value: f64, share: f64) -> [String; 2] {
    let step = match unit {
        Unit::Whole => (value * share).round().max(1.0),
        _ => value * share,
    };
    [written(unit, value - step), written(unit, value + step)]
}

/// The largest number of VUs, or of arrivals in a unit of time, that a scenario's load is made of.
fn largest(model: &Model) -> f64 {
    let most = |start: f64, stages: &[Stage]| {
        let targets = stages.iter().map(|stage| stage.target);
        targets.fold(start, f64::max)
    };
    let of = |scenario: &Scenario| match &scenario.executor {
        Executor::ConstantVus { vus, .. }
        | Executor::SharedIterations { vus, .. }
        | Executor::PerVuIterations { vus, .. } => *vus as f64,
        Executor::ConstantArrivalRate { rate, .. } => *rate as f64,
        Executor::RampingVus {
            start_vus, stages, ..
        } => most(*start_vus as f64, stages),
        Executor::RampingArrivalRate {
            start_rate, stages, ..
        } => most(*start_rate as f64, stages),
        _ => 1.0,
    };
    model.scenarios.iter().map(of).fold(1.0, f64::max)
}

/// Each column's values, run by run.
fn values(runs: &[Sample], columns: &[String]) -> Vec<Vec<f64>> {
    let of = |c: &String| {
        let each = runs.iter().map(|r| r.metrics.get(c).copied());
        each.map(|v| v.unwrap_or(0.0)).collect()
    };
    columns.iter().map(of).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Relative change of the mean (of nothing, the value itself), and whether it is more than chance. One
/// run alone cannot tell.
fn effect(base: &[f64], changed: &[f64]) -> Effect {
    let (from, to) = (mean(base), mean(changed));
    let sure = match paired_difference(base, changed, 0.95) {
        Some(interval) => !interval.contains(0.0),
        None => from != to,
    };
    let change = if from == 0.0 { to } else { to / from - 1.0 };
    Effect { change, sure }
}

/// The effects as CSV, one line for each parameter and threshold: the data of a tornado chart.
#[must_use]
pub fn csv(explanation: &Explanation) -> String {
    use std::fmt::Write;
    let mut out = String::from("parameter,value,low,high,threshold,change_low,change_high\n");
    for lever in &explanation.levers {
        for (threshold, (down, up)) in explanation.thresholds.iter().zip(&lever.effects) {
            let _ = writeln!(
                out,
                "\"{}\",{},{},{},\"{threshold}\",{:.6},{:.6}",
                lever.path.replace('"', "\"\""),
                lever.now,
                lever.tried.0,
                lever.tried.1,
                down.change,
                up.change,
            );
        }
    }
    out
}
