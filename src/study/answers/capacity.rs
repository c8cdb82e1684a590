//! The largest load (or the smallest resource) that still meets all thresholds.
//!
//! A grid brackets the change from passing to failing; bisection narrows it, every value run with the
//! same seeds (common random numbers); then both ends are confirmed: an end is printed only if the
//! mean margin of every threshold is on its side by an interval of Student's t, and moves outwards
//! until it is. A value counts as passing if the mean over its runs meets every threshold.

mod answer;
mod search;

use super::margin::Sample;
use crate::account::Account;
use crate::fit::free::{Unit, matching, written};
use crate::model::{Document, Override};
use crate::runner::Runner;
use crate::stats::Moments;
use crate::stats::interval::{of_moments, student_t};
pub use search::search;

/// Most runs at one value.
const MAX_RUNS_PER_VALUE: u64 = 20;
/// Coverage of the intervals that confirm an end.
const LEVEL: f64 = 0.99;

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The model as written.
    pub document: &'a Document,
    /// Changes for all runs.
    pub base: Vec<Override>,
    /// `load`, or a path (or pattern of paths) of the model.
    pub path: String,
    /// Smallest value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
    /// Whether the smallest passing value is sought, not the largest.
    pub minimise: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Runs that may be simulated.
    pub budget: u64,
    /// Relative width at which bisection ends.
    pub precision: f64,
    /// Where runs are made.
    pub runner: &'a Runner,
}

/// All runs at one value.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The value.
    pub value: f64,
    /// Runs, in the order of their replication.
    pub samples: Vec<Sample>,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every threshold holds, by the whole interval.
    Passes,
    /// A threshold is crossed, by the whole interval.
    Fails,
    /// Cannot be told from these runs.
    Unsure,
}

/// A number that both theory and simulation give.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// What it is.
    pub name: String,
    /// By the utilisation law (Denning & Buzen 1978: `U = X D / servers`) with the demand of a station or
    /// the measured holding time of a pool, or by an exact formula.
    pub theory: f64,
    /// Mean over the runs.
    pub simulated: f64,
    /// Of a pool: how long its tokens are held.
    pub holding: Option<Holding>,
}

/// How long a token of a pool is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holding {
    /// Mean, in seconds, measured.
    pub mean: f64,
    /// When nobody waits, in seconds, from the model.
    pub least: f64,
}

impl Holding {
    /// Share of the holding time that is waiting for something else.
    #[must_use]
    pub fn waiting(&self) -> f64 {
        if self.mean > 0.0 {
            (1.0 - self.least / self.mean).max(0.0)
        } else {
            0.0
        }
    }
}

/// What ended a search before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The budget of runs.
    Runs,
    /// The budget of time: how far the search came depends on the machine.
    Time,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The value that passes for sure and is nearest to the change.
    pub passing: Option<f64>,
    /// The value that fails for sure and is nearest to the change.
    pub failing: Option<f64>,
    /// Where the mean margin changes sign.
    pub estimate: Option<f64>,
    /// The threshold that breaks first beyond the change.
    pub breaks: Option<String>,
    /// Its index; without one, that of the threshold nearest to its limit.
    pub critical: usize,
    /// What is the bottleneck there, and how much of it is used.
    pub bottleneck: Option<(String, f64)>,
    /// Where the time goes there, on average over the runs.
    pub account: Account,
    /// What theory and simulation say there.
    pub agreement: Vec<Agreement>,
    /// Values on the easier side that fail all the same (too little load for a threshold on a rate).
    pub before: Vec<f64>,
    /// Values elsewhere at which the thresholds hold again.
    pub again: Vec<f64>,
    /// The path's value in the model as it stands.
    pub now: Option<f64>,
    /// Whether values are whole numbers.
    pub unit: Unit,
    /// Everything tried, in ascending order.
    pub tried: Vec<Tried>,
    /// Runs simulated.
    pub runs: u64,
    /// What ended the search early, if anything did.
    pub cut_short: Option<Cut>,
}

impl Answer {
    /// Whether the thresholds hold on average (or are crossed, if not `holding`) at any value that was tried.
    #[must_use]
    pub fn any(&self, holding: bool) -> bool {
        self.tried.iter().any(|tried| tried.holds() == holding)
    }

    /// Mean number of events of a run at the limit, or next to it.
    #[must_use]
    pub fn events_at_the_limit(&self) -> f64 {
        let limit = self.failing.or(self.passing).or(self.estimate);
        let far = |t: &&Tried| limit.map_or(-t.value, |limit| (t.value - limit).abs());
        let nearest = self.tried.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
        let samples = nearest.into_iter().flat_map(|tried| &tried.samples);
        let events: Moments = samples
            .filter_map(|s| s.metrics.get("events").copied())
            .collect();
        events.mean().unwrap_or(0.0)
    }
}

impl Tried {
    /// Mean margin of one threshold.
    #[must_use]
    pub fn mean_margin(&self, threshold: usize) -> f64 {
        let sum: f64 = self.samples.iter().map(|s| s.margins[threshold]).sum();
        sum / self.samples.len() as f64
    }

    /// Mean margin of the worst threshold, and its index.
    #[must_use]
    pub fn worst(&self) -> (usize, f64) {
        let count = self.samples.first().map_or(0, |s| s.margins.len());
        (0..count)
            .map(|t| (t, self.mean_margin(t)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, 1.0))
    }

    /// Whether the mean over the runs meets every threshold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.worst().1 > 0.0
    }

    /// Runs that meet every threshold.
    #[must_use]
    pub fn passing_runs(&self) -> usize {
        let good = |s: &&Sample| s.margins.iter().all(|m| *m > 0.0);
        self.samples.iter().filter(good).count()
    }

    /// Whether as many runs as are ever made may well lead to a verdict: the interval that they would
    /// have, were it half as wide, would exclude zero. Runs are better spent elsewhere if not.
    fn hopeful(&self, wanted: Verdict) -> bool {
        let count = self.samples.first().map_or(0, |s| s.margins.len());
        let t = student_t(LEVEL, MAX_RUNS_PER_VALUE - 1).unwrap_or(3.0);
        let told = |index: usize| {
            let margins: Moments = self.samples.iter().map(|s| s.margins[index]).collect();
            let half = t * margins.std_dev().unwrap_or(0.0) / (MAX_RUNS_PER_VALUE as f64).sqrt();
            let mean = margins.mean().unwrap_or(0.0);
            if wanted == Verdict::Fails {
                mean + half / 2.0 < 0.0
            } else {
                mean - half / 2.0 > 0.0
            }
        };
        match wanted {
            Verdict::Fails => (0..count).any(told),
            _ => (0..count).all(told),
        }
    }

    /// How sure it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let count = self.samples.first().map_or(0, |s| s.margins.len());
        let mut sure = true;
        for t in 0..count {
            let margins: Moments = self.samples.iter().map(|s| s.margins[t]).collect();
            let Some(interval) = of_moments(&margins, LEVEL) else {
                return Verdict::Unsure;
            };
            if interval.high() < 0.0 {
                return Verdict::Fails;
            }
            sure &= interval.low() > 0.0;
        }
        if sure {
            Verdict::Passes
        } else {
            Verdict::Unsure
        }
    }
}

impl Question<'_> {
    /// The places of what varies.
    ///
    /// # Errors
    /// If the path is not in the model.
    pub(crate) fn paths(&self) -> Result<Vec<String>, String> {
        match self.path.as_str() {
            "load" => Ok(vec!["load".to_string()]),
            path => matching(path, self.document),
        }
    }

    /// The changes that put a value at these places.
    pub(crate) fn at(
        &self,
        paths: &[String],
        unit: Unit,
        value: f64,
    ) -> Result<Vec<Override>, String> {
        let text = written(unit, value);
        let put = |path: &String| Override::new(path, &text).map_err(|e| e.brief());
        paths.iter().map(put).collect()
    }
}
