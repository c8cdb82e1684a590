//! The cheapest design that meets all thresholds, over several parameters at once.
//!
//! What a design costs an hour is known without a simulation ([`least_per_hour`](crate::cost::least_per_hour)). Designs are tried in the
//! ascending order of it (best first), all with the same random numbers, until one passes for sure and no other can
//! be cheaper. As long as that holds for all that was tried, it is taken for granted that a design passes if one
//! passes that is nowhere stronger (*monotone*): whatever lies below a design that fails is then skipped. The winner's
//! neighbours are always tried; once a pair of designs contradicts, nothing is skipped any more.

mod walk;

use super::capacity::{Cut, Tried, Verdict};
use crate::design::Axis;
use crate::metrics::thresholds_of;
use crate::model::{Document, Override};
use crate::runner::Runner;
use crate::stats::Moments;
use crate::stats::interval::{Interval, of_moments};
use walk::Search;

/// Runs of a design after which its verdict is looked at.
const STAGES: [u64; 4] = [3, 6, 12, 20];
/// Least runs of a design that passes.
const SURE: u64 = 6;
/// Least runs of one that may be the answer.
pub const CONFIRMED: u64 = 12;
/// Designs that a look ahead must be able to rule out to be worth its runs.
const WORTH: usize = 3;
/// Coverage of the interval of a cost.
const LEVEL: f64 = 0.95;
/// Most designs: each is checked before the first run.
pub const MAX_DESIGNS: usize = 100_000;

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The model as written.
    pub document: &'a Document,
    /// Changes for all runs.
    pub base: Vec<Override>,
    /// What varies: the values of each path from the weakest to the strongest.
    pub axes: Vec<Axis>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Runs that may be simulated.
    pub budget: u64,
    /// Designs whose costs differ relatively by less are equally cheap; of them the one with the first values wins.
    pub precision: f64,
    /// Where runs are made.
    pub runner: &'a Runner,
}

/// A design that was simulated.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Index of its value on each axis.
    pub at: Vec<usize>,
    /// Its value on each axis.
    pub values: Vec<String>,
    /// Its runs; the value is what it costs an hour at least, without calls.
    pub tried: Tried,
    /// How sure it is.
    pub verdict: Verdict,
    /// Mean cost of a run, fit for comparison: that of the answer and the mean difference from it over the runs with the
    /// same random numbers.
    pub cost: f64,
}

impl Judged {
    /// Cost of a run, over its first runs.
    fn costs(&self, runs: usize) -> Moments {
        let first = self.tried.samples.iter().take(runs);
        first
            .filter_map(|s| s.metrics.get("cost").copied())
            .collect()
    }

    fn set_cost(&mut self, reference: &Judged) {
        let runs = self.tried.samples.len().min(reference.tried.samples.len());
        let mean = |j: &Judged| j.costs(runs).mean().unwrap_or(0.0);
        self.cost = reference.mean_cost() + (mean(self) - mean(reference));
    }

    /// Mean cost of its own runs.
    #[must_use]
    pub fn mean_cost(&self) -> f64 {
        self.costs(usize::MAX).mean().unwrap_or(0.0)
    }

    /// The own mean cost's 95 % interval (Student's t over the runs).
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        of_moments(&self.costs(usize::MAX), LEVEL)
    }

    /// Whether it is no weaker than another anywhere.
    fn covers(&self, other: &[usize]) -> bool {
        covers(&self.at, other)
    }
}

fn covers(one: &[usize], other: &[usize]) -> bool {
    one.iter().zip(other).all(|(a, b)| a >= b)
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Everything simulated, in ascending order of cost.
    pub judged: Vec<Judged>,
    /// The cheapest that passes for sure, as an index.
    pub cheapest: Option<usize>,
    /// The thresholds, in the order of the margins.
    pub thresholds: Vec<String>,
    /// What costs are in.
    pub currency: String,
    /// Designs of the whole grid.
    pub designs: usize,
    /// Runs simulated.
    pub runs: u64,
    /// A design that passes and a nowhere weaker one that fails, as indices: nothing was skipped then.
    pub contradiction: Option<(usize, usize)>,
    /// Whether the strongest design passes for sure: nothing is skipped if not.
    pub strongest_passes: bool,
    /// What ended the search early, if anything did.
    pub cut_short: Option<Cut>,
}

impl Answer {
    /// The designs that no other beats in cost and in the tightest margin, cheapest first, as indices.
    #[must_use]
    pub fn pareto(&self) -> Vec<usize> {
        let mut best = f64::NEG_INFINITY;
        let better = |(index, one): (usize, &Judged)| {
            let (_, margin) = one.tried.worst();
            let better = margin > best;
            best = best.max(margin);
            better.then_some(index)
        };
        self.judged.iter().enumerate().filter_map(better).collect()
    }
}

/// Searches; `watch` is told the number of runs done and the design at work. `may_go_on` is asked before each step but
/// the first; once it says no, no run is made any more.
///
/// # Errors
/// If the model has no prices or thresholds, there are too many designs, or one of them makes no valid model.
pub fn search(
    question: &Question,
    watch: &dyn Fn(u64, &str),
    may_go_on: &dyn Fn() -> bool,
) -> Result<Answer, String> {
    let sizes: Vec<usize> = question.axes.iter().map(|a| a.values.len()).collect();
    let designs = sizes.iter().try_fold(1usize, |n, s| n.checked_mul(*s));
    let designs = designs
        .filter(|n| (1..=MAX_DESIGNS).contains(n))
        .ok_or_else(|| {
            format!("more than {MAX_DESIGNS} designs, or none: vary less, or in larger steps")
        })?;
    let mut search = Search::new(question, watch, may_go_on);
    let (_, first) = search.model(&vec![0; sizes.len()])?;
    let Some(prices) = &first.prices else {
        return Err("the model has no [prices]: all designs cost nothing".into());
    };
    let thresholds: Vec<String> = thresholds_of(&first).iter().map(|t| t.text()).collect();
    if thresholds.is_empty() {
        return Err("the model has no [thresholds]: there is nothing to meet".into());
    }
    search.in_order(&sizes, designs)?;
    let strongest: Vec<usize> = sizes.iter().map(|n| n - 1).collect();
    let strongest_passes = search.judge(&strongest, STAGES[3])? == Verdict::Passes;
    search.trust(strongest_passes);
    if strongest_passes {
        search.least_values(&strongest)?;
    }
    let winner = search.best(&strongest)?;
    let mut answer = search.answer(winner.as_deref());
    answer.thresholds = thresholds;
    answer.currency.clone_from(&prices.currency);
    answer.strongest_passes = strongest_passes;
    Ok(answer)
}
