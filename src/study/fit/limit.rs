//! The limit of capacity of tests to come: in each, with everything drawn anew that the fit leaves open, the largest
//! load (or the smallest resource) at which every threshold holds.
//!
//! All draws look for their limits among the same values, each by runs of its own parameters, speed and random
//! numbers: from the limit of the model as written outwards, then by bisection. Between the last value that passes and
//! the first that fails it is where the margin of the worst threshold is zero, by a straight line.

use std::collections::BTreeMap;

use super::draws::{Draw, Setting, runs, targets};
use super::free::{Unit, standing};
use super::predict::{Judged, Question};
use super::prediction::Number;
use super::read::{Reading, Stat};
use super::wanted::gauges;
use crate::answers::capacity::{Answer, Question as Asked};
use crate::answers::margin::margin;
use crate::model::threshold::Aggregation;

/// Ratio of a value to the next.
const STEP: f64 = 1.02;
/// Most values.
const MOST: usize = 2000;
/// Values passed over by the first step outwards.
const FIRST: usize = 4;

/// Limits of many tests to come.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The limits. One that lies beyond the range of values stands at its end.
    pub limits: Number,
    /// Tests that pass at no value, and at every value, as shares.
    pub beyond: (f64, f64),
    /// What is crossed first, as shares of the tests in which anything is; the most frequent first.
    pub breaks: Vec<(String, f64)>,
    /// Whether the values are times, whole numbers or others.
    pub unit: Unit,
    /// Tests.
    pub draws: u64,
    /// Runs made for them.
    pub runs: u64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Loads fitted to.
    pub fitted: Option<(f64, f64)>,
    /// Thresholds on gauges, which are not predicted.
    pub unpredicted: Vec<String>,
}

/// The search of one draw, over values from the easiest to the hardest.
#[derive(Clone, Debug)]
struct Hunt {
    at: usize,
    step: usize,
    /// The hardest value that passes and the easiest that fails, with the margin there.
    passes: Option<(usize, f64)>,
    fails: Option<(usize, f64)>,
    /// The threshold that is crossed there.
    broken: usize,
    done: bool,
}

impl Hunt {
    fn new(at: usize) -> Hunt {
        Hunt {
            at,
            step: FIRST,
            passes: None,
            fails: None,
            broken: 0,
            done: false,
        }
    }

    /// Takes the worst threshold and its margin at the value, and goes on to the next value.
    fn told(&mut self, (worst, margin): (usize, f64), last: usize) {
        if margin > 0.0 {
            self.passes = Some((self.at, margin));
        } else {
            self.fails = Some((self.at, margin));
            self.broken = worst;
        }
        let (at, step) = (self.at, self.step);
        (self.at, self.done) = match (self.passes, self.fails) {
            (Some((p, _)), Some((f, _))) => (usize::midpoint(p, f), f - p <= 1),
            (Some(_), None) => ((at + step).min(last), at == last),
            _ => (at.saturating_sub(step), at == 0),
        };
        self.step *= 2;
    }

    /// Where the margin is zero, of these values.
    fn limit(&self, values: &[f64]) -> f64 {
        match (self.passes, self.fails) {
            (Some((p, above)), Some((f, below))) => {
                let share = above / (above - below);
                values[p] + (values[f] - values[p]) * share
            }
            (Some((p, _)), None) => values[p],
            (None, Some((f, _))) => values[f],
            (None, None) => values[self.at],
        }
    }
}

/// All that the draws share.
struct Search<'q, 'a> {
    asked: &'q Asked<'a>,
    unit: Unit,
    paths: Vec<String>,
    /// From the easiest to the hardest.
    values: Vec<f64>,
    settings: BTreeMap<usize, Setting<'a>>,
    judged: Vec<Judged>,
    unpredicted: Vec<String>,
}

/// Finds the limits of this many tests. `watch` is told how many runs have been made; `may_go_on` is asked before each
/// round of them but the first, and once it says no there is nothing.
///
/// # Errors
/// If the model or its section `[fitted]` cannot be used, or a run comes to no end.
pub fn limits(
    asked: &Asked<'_>,
    answer: &Answer,
    draws: u64,
    watch: &dyn Fn(u64),
    may_go_on: &dyn Fn() -> bool,
) -> Result<Option<Limits>, String> {
    let mut search = Search::new(asked)?;
    let middle = (asked.low * asked.high).sqrt();
    let ends = answer.estimate.or(answer.passing).or(answer.failing);
    let start = search.nearest(ends.unwrap_or(middle));
    search.prepare(&[start])?;
    if search.judged.is_empty() {
        return Err("no threshold of the model is predicted".into());
    }
    let last = search.values.len() - 1;
    let mut hunts = vec![Hunt::new(start); draws as usize];
    let mut made = 0;
    while hunts.iter().any(|hunt| !hunt.done) {
        if made > 0 && !may_go_on() {
            return Ok(None);
        }
        let open: Vec<usize> = (0..hunts.len()).filter(|k| !hunts[*k].done).collect();
        let wanted: Vec<usize> = open.iter().map(|k| hunts[*k].at).collect();
        search.prepare(&wanted)?;
        let jobs: Vec<(&Setting<'_>, u64)> = open
            .iter()
            .map(|k| (&search.settings[&hunts[*k].at], *k as u64))
            .collect();
        let done = runs(&jobs, &|more| watch(made + more))?;
        made += done.len() as u64;
        for (k, draw) in open.into_iter().zip(&done) {
            hunts[k].told(search.worst(draw), last);
        }
    }
    Ok(Some(search.conclude(&hunts, made)))
}

impl<'q, 'a> Search<'q, 'a> {
    fn new(asked: &'q Asked<'a>) -> Result<Search<'q, 'a>, String> {
        let paths = asked.paths()?;
        let found = standing(asked.document, &asked.base, &paths[0]);
        let (unit, ..) = found.ok_or_else(|| format!("`{}` is not a number or time", paths[0]))?;
        let (low, high) = (asked.low, asked.high);
        let steps = libm::ceil(libm::log(high / low) / libm::log(STEP));
        let steps = (steps as usize).clamp(1, MOST);
        let at = |i: usize| low * libm::pow(high / low, i as f64 / steps as f64);
        let mut values: Vec<f64> = (0..=steps).map(|i| unit.rounded(at(i))).collect();
        values.dedup();
        if asked.minimise {
            values.reverse();
        }
        Ok(Search {
            asked,
            unit,
            paths,
            values,
            settings: BTreeMap::new(),
            judged: Vec::new(),
            unpredicted: Vec::new(),
        })
    }

    fn nearest(&self, value: f64) -> usize {
        let far = |i: &usize| (self.values[*i] - value).abs();
        let all = 0..self.values.len();
        all.min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(0)
    }

    /// Makes the settings of these values that are not there.
    fn prepare(&mut self, wanted: &[usize]) -> Result<(), String> {
        for at in wanted {
            if self.settings.contains_key(at) {
                continue;
            }
            let mut overrides = self.asked.base.clone();
            let value = self.values[*at];
            overrides.extend(self.asked.at(&self.paths, self.unit, value)?);
            let question = Question {
                document: self.asked.document,
                overrides,
                window: None,
                seed: self.asked.seed,
                draws: 0,
                runner: self.asked.runner,
            };
            let model = question.model(&[])?;
            // Under any load, the highest load fitted to is the same.
            let known = (self.paths == ["load"]).then(|| {
                let mut bases = self.settings.values().map(|s| &s.base);
                bases
                    .find(|base| base.iter().any(|x| x.is_finite()))
                    .cloned()
            });
            let setting = Setting::of(&question, &model, targets(&model), known.flatten())?;
            if self.settings.is_empty() {
                self.judged = setting.judged(&model);
                self.unpredicted = gauges(&model);
            }
            self.settings.insert(*at, setting);
        }
        Ok(())
    }

    /// The worst threshold of a run, and its margin. A run that did not come to its end passes none.
    fn worst(&self, draw: &Draw) -> (usize, f64) {
        let each = self.judged.iter();
        let margins = each.map(|j| margin(&j.threshold, draw.out[j.number]));
        let worst = margins.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        let (which, margin) = worst.unwrap_or((0, 1.0));
        match draw.code {
            0 => (which, margin),
            _ => (which, margin.min(-f64::MIN_POSITIVE)),
        }
    }

    fn conclude(self, hunts: &[Hunt], runs: u64) -> Limits {
        let all = hunts.len().max(1) as f64;
        let share = |of: &dyn Fn(&Hunt) -> bool| hunts.iter().filter(|h| of(h)).count() as f64;
        let fails = share(&|h| h.fails.is_some());
        let mut breaks: Vec<(String, f64)> = Vec::new();
        for (i, judged) in self.judged.iter().enumerate() {
            let own = share(&|h| h.fails.is_some() && h.broken == i);
            if own > 0.0 {
                breaks.push((judged.text(), own / fails));
            }
        }
        breaks.sort_by(|a, b| b.1.total_cmp(&a.1));
        let reading = Reading {
            metric: self.asked.path.clone(),
            stat: Stat::Of(Aggregation::Value),
            value: 0.0,
            resolution: 0.0,
            hidden: None,
            made: None,
        };
        let found = hunts.iter().map(|hunt| self.limit(hunt)).collect();
        Limits {
            limits: Number::new(&reading, found, None),
            beyond: (
                share(&|h| h.passes.is_none()) / all,
                share(&|h| h.fails.is_none()) / all,
            ),
            breaks,
            unit: self.unit,
            draws: hunts.len() as u64,
            runs,
            seed: self.asked.seed,
            fitted: self.settings.values().next().and_then(|s| s.memory.loads),
            unpredicted: self.unpredicted,
        }
    }

    /// The limit of a draw; of whole numbers, the last that passes.
    fn limit(&self, hunt: &Hunt) -> f64 {
        let limit = hunt.limit(&self.values);
        match (self.unit, self.asked.minimise) {
            (Unit::Whole, false) => limit.floor(),
            (Unit::Whole, true) => limit.ceil(),
            _ => self.unit.rounded(limit),
        }
    }
}
