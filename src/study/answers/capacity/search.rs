//! The search itself: a grid, bisection, and the confirmation of both ends.

use std::collections::BTreeMap;

use super::{Answer, Cut, MAX_RUNS_PER_VALUE, Question, Tried, Verdict};
use crate::fit::free::{Unit, standing, written};
use crate::metrics::thresholds_of;
use crate::model::{Model, Override, Problems};
use crate::runner::{Asked, Study, Take};

/// Points of the first grid.
const GRID: usize = 7;
/// Runs of each point of the grid.
const FIRST: u64 = 3;
/// Sure ends that are relatively farther apart than this say little about where between them the limit is.
const FAR: f64 = 0.1;
/// Runs after which none is spent at a value where even the most would hardly tell. The budget plays no
/// part in it, so that a search goes the same way under any.
const PATIENT: u64 = 150;
/// Values that are relatively as near as this are one.
const NEAR: f64 = 2e-4;

/// A search under way.
pub(super) struct Search<'q, 'a> {
    pub(super) question: &'q Question<'a>,
    pub(super) paths: Vec<String>,
    pub(super) unit: Unit,
    pub(super) tried: BTreeMap<u64, Tried>,
    pub(super) runs: u64,
    pub(super) cut_short: Option<Cut>,
    pub(super) watch: &'q dyn Fn(u64, f64),
    pub(super) may_go_on: &'q dyn Fn() -> bool,
}

/// Searches; `watch` is told the number of runs done and the value at work. `may_go_on` is asked before
/// each probe but the first; once it says no, no run is made any more. A budget of as many runs as were
/// made until then gives the same answer again.
///
/// # Errors
/// If there are no thresholds, the path is not in the model, or the model is invalid at a value.
pub fn search(
    question: &Question,
    watch: &dyn Fn(u64, f64),
    may_go_on: &dyn Fn() -> bool,
) -> Result<Answer, String> {
    let paths = question.paths()?;
    let found = standing(question.document, &question.base, &paths[0]);
    let (unit, now, _) = found.ok_or_else(|| format!("`{}` is not a number or time", paths[0]))?;
    let search = Search {
        question,
        paths,
        unit,
        tried: BTreeMap::new(),
        runs: 0,
        cut_short: None,
        watch,
        may_go_on,
    };
    if thresholds_of(&search.model(question.low)?.1).is_empty() {
        return Err("the model has no [thresholds]: there is nothing to meet".into());
    }
    let own = question.document.check(&question.base);
    for value in [question.low, question.high] {
        let (_, model) = search.model(value)?;
        let why = own
            .as_ref()
            .ok()
            .and_then(|own| model.crowd_beyond(&own.model));
        if let Some(why) = why {
            let value = written(search.unit, value);
            return Err(format!(
                "{} = {value}: {why}; give a narrower range",
                question.path
            ));
        }
    }
    search.run(Some(now))
}

impl Search<'_, '_> {
    /// The changes for a value, and the model with them.
    pub(super) fn model(&self, value: f64) -> Result<(Vec<Override>, Model), String> {
        let mut all = self.question.base.clone();
        all.extend(self.question.at(&self.paths, self.unit, value)?);
        let checked = self.question.document.check(&all);
        let invalid = |why: Problems| {
            let value = written(self.unit, value);
            format!("{} = {value}: {}", self.question.path, why.brief())
        };
        let model = checked.map(|c| c.model).map_err(invalid)?;
        Ok((all, model))
    }

    /// Brings these values to a number of runs each, as far as the budget goes.
    fn bring(&mut self, values: &[f64], replications: u64) -> Result<(), String> {
        let mut models = Vec::new();
        for value in values {
            models.push(self.model(*value)?);
        }
        let mut jobs = Vec::new();
        let mut whose = Vec::new();
        for (value, (set, model)) in values.iter().zip(&models) {
            let have = self
                .tried
                .get(&key(*value))
                .map_or(0, |t| t.samples.len() as u64);
            for replication in have..replications {
                if let Some(cut) = self.no_more(jobs.len() as u64) {
                    self.cut_short = self.cut_short.or(Some(cut));
                    break;
                }
                jobs.push(Asked {
                    model,
                    set,
                    slower: None,
                    replication,
                    take: 0,
                });
                whose.push(*value);
            }
        }
        self.runs += jobs.len() as u64;
        let study = Study {
            document: self.question.document,
            seed: self.question.seed,
            takes: vec![Take::Sample],
        };
        let samples = self.question.runner.samples(&study, &jobs)?;
        for (value, sample) in whose.iter().zip(samples) {
            let at = self.tried.entry(key(*value)).or_insert_with(|| Tried {
                value: *value,
                samples: Vec::new(),
            });
            at.samples.push(sample);
        }
        if let Some(value) = values.last() {
            (self.watch)(self.runs, *value);
        }
        Ok(())
    }

    /// Why a probe may not run another job after a number of them, if it may not. The clock is looked at before
    /// the first alone.
    fn no_more(&self, jobs: u64) -> Option<Cut> {
        let late = || jobs == 0 && self.runs > 0 && !(self.may_go_on)();
        match self.cut_short {
            Some(cut) => Some(cut),
            None if self.runs + jobs >= self.question.budget => Some(Cut::Runs),
            None if late() => Some(Cut::Time),
            None => None,
        }
    }

    pub(super) fn at(&self, value: f64) -> Option<&Tried> {
        self.tried.get(&key(value))
    }

    fn holds(&self, value: f64) -> bool {
        self.at(value).is_some_and(Tried::holds)
    }

    /// The first grid, ascending: even in the logarithm over a wide range.
    fn grid(&self) -> Vec<f64> {
        let (low, high) = (self.question.low, self.question.high);
        let step = |i: usize| i as f64 / (GRID - 1) as f64;
        let wide = low > 0.0 && high / low > 4.0;
        let mut grid: Vec<f64> = (0..GRID)
            .map(|i| match wide {
                true => low * libm::pow(high / low, step(i)),
                false => low + (high - low) * step(i),
            })
            .map(|v| self.unit.rounded(v))
            .collect();
        if let (Some(last), Unit::Whole) = (grid.last_mut(), self.unit) {
            *last = high.floor();
        }
        grid.dedup();
        grid
    }

    fn run(mut self, now: Option<f64>) -> Result<Answer, String> {
        let grid = self.grid();
        self.bring(&grid, FIRST)?;
        // Good values first: seen from there, the search is for the first failing value.
        let mut order: Vec<f64> = grid.into_iter().filter(|v| self.at(*v).is_some()).collect();
        if self.question.minimise {
            order.reverse();
        }
        let island = self.island(&order, now);
        let others: Vec<f64> = order
            .iter()
            .enumerate()
            .filter(|(i, v)| !island.contains(i) && self.holds(**v))
            .map(|(_, v)| *v)
            .collect();
        // Values that should be easier than the passing ones, and fail all the same.
        let before: Vec<f64> = match island.is_empty() {
            true => Vec::new(),
            false => order[..island.start]
                .iter()
                .copied()
                .filter(|v| !self.holds(*v))
                .collect(),
        };
        let (mut good, mut bad) = match island.is_empty() {
            true => (None, order.first().copied()),
            false => (Some(order[island.end - 1]), order.get(island.end).copied()),
        };
        if let (Some(mut g), Some(mut b)) = (good, bad) {
            self.bisect(&mut g, &mut b)?;
            (good, bad) = (Some(g), Some(b));
        }
        let gap = match (good, bad) {
            (Some(g), Some(b)) => (b - g).abs(),
            _ => (self.question.high - self.question.low).abs() / 100.0,
        };
        let inwards = if self.question.minimise { 1.0 } else { -1.0 };
        let passing = self.confirm(good, inwards * gap, Verdict::Passes)?;
        let failing = self.confirm(bad, -inwards * gap, Verdict::Fails)?;
        let near = (good.unwrap_or(0.0), bad.unwrap_or(0.0));
        let estimate = self.estimate((passing, failing), near).or(good);
        let again = [before, others];
        Ok(self.answer(passing, failing, estimate, again, now))
    }

    /// Where the mean margin changes sign, by a straight line: between the sure ends if they are near,
    /// else between the values at which bisection ended.
    fn estimate(&self, sure: (Option<f64>, Option<f64>), near: (f64, f64)) -> Option<f64> {
        let (good, bad) = (self.at(sure.0?)?, self.at(sure.1?)?);
        if self.unit == Unit::Whole {
            return sure.0;
        }
        // The threshold that is crossed at the failing end decides.
        let (which, _) = bad.worst();
        let apart = (good.value - bad.value).abs() / good.value.abs().max(bad.value.abs());
        let (good, bad) = match (self.at(near.0), self.at(near.1)) {
            (Some(good), Some(bad)) if apart > FAR => (good, bad),
            _ => (good, bad),
        };
        let (above, below) = (good.mean_margin(which), bad.mean_margin(which));
        let share = above / (above - below);
        let share = if share.is_finite() { share } else { 0.5 };
        Some(good.value + (bad.value - good.value) * share.clamp(0.0, 1.0))
    }

    /// The stretch of passing values to look at: the one around the present value, else the first.
    fn island(&self, order: &[f64], now: Option<f64>) -> std::ops::Range<usize> {
        let mut islands: Vec<std::ops::Range<usize>> = Vec::new();
        for (i, value) in order.iter().enumerate() {
            if !self.holds(*value) {
                continue;
            }
            match islands.last_mut() {
                Some(last) if last.end == i => last.end = i + 1,
                _ => islands.push(i..i + 1),
            }
        }
        let around = |r: &&std::ops::Range<usize>| {
            let (a, b) = (order[r.start], order[r.end - 1]);
            now.is_some_and(|n| n >= a.min(b) && n <= a.max(b))
        };
        let found = islands.iter().find(around).or(islands.first());
        found.cloned().unwrap_or(0..0)
    }

    fn bisect(&mut self, good: &mut f64, bad: &mut f64) -> Result<(), String> {
        loop {
            let gap = (*bad - *good).abs();
            let wide = self.question.precision * good.abs().max(bad.abs());
            let enough = match self.unit {
                Unit::Whole => gap <= 1.0,
                _ => gap <= wide,
            };
            if enough || self.cut_short.is_some() {
                return Ok(());
            }
            let middle = self.unit.rounded(f64::midpoint(*good, *bad));
            if middle == *good || middle == *bad {
                return Ok(());
            }
            // More runs as the difference to be told gets smaller.
            let runs = if gap > 8.0 * wide { 4 } else { 10 };
            self.bring(&[middle], runs)?;
            if self.at(middle).is_none() {
                return Ok(());
            }
            if self.holds(middle) {
                *good = middle;
            } else {
                *bad = middle;
            }
        }
    }

    /// Runs more at an end, and moves it outwards (by `step`, then twice as much …) until it is sure.
    fn confirm(
        &mut self,
        end: Option<f64>,
        step: f64,
        wanted: Verdict,
    ) -> Result<Option<f64>, String> {
        let Some(mut value) = end else {
            return Ok(None);
        };
        let mut step = step;
        loop {
            for runs in [6, 12, MAX_RUNS_PER_VALUE] {
                self.bring(&[value], runs)?;
                match self.at(value) {
                    Some(t) if t.verdict() == wanted => return Ok(Some(value)),
                    Some(t) if t.verdict() == Verdict::Unsure => {
                        if self.runs > PATIENT && !t.hopeful(wanted) {
                            break;
                        }
                    }
                    _ => break,
                }
            }
            if self.cut_short.is_some() {
                return Ok(self.nearest_sure(value, step.signum(), wanted));
            }
            let least = if self.unit == Unit::Whole {
                step.signum()
            } else {
                0.0
            };
            let next = self.unit.rounded(
                value
                    + if step.abs() < least.abs() {
                        least
                    } else {
                        step
                    },
            );
            step *= 2.0;
            let (low, high) = (self.question.low, self.question.high);
            let next = next.clamp(low, high);
            if next == value {
                return Ok(None);
            }
            let snapped = self.snapped(next);
            value = if snapped == value { next } else { snapped };
        }
    }

    /// A value that was tried all but at this one, or this one: runs at two such values are better spent
    /// at one.
    fn snapped(&self, value: f64) -> f64 {
        let near = |t: &&Tried| (t.value - value).abs() <= NEAR * value.abs();
        let mut tried = self.tried.values().filter(near).map(|t| t.value);
        tried.next().unwrap_or(value)
    }

    /// Of the values tried, the sure one that is nearest to `from` in this direction.
    fn nearest_sure(&self, from: f64, direction: f64, wanted: Verdict) -> Option<f64> {
        let outwards = |t: &&Tried| (t.value - from) * direction >= 0.0 && t.verdict() == wanted;
        let sure = self.tried.values().filter(outwards);
        let near = sure.min_by(|a, b| (a.value - from).abs().total_cmp(&(b.value - from).abs()));
        near.map(|t| t.value)
    }
}

/// A value as a key: equal values have equal bits, because they are rounded alike.
fn key(value: f64) -> u64 {
    value.to_bits()
}
