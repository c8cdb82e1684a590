//! What many runs of one point say: intervals of every metric, and a verdict on each threshold.

use std::fmt;

use super::metrics::{Metrics, NamedThreshold};
use crate::model::threshold::Operator;
use crate::stats::interval::{of_moments, wilson};
use crate::stats::{Interval, Moments, Proportion};

/// Coverage of all intervals.
pub const LEVEL: f64 = 0.95;

/// What is known about a threshold after some runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The whole interval of the mean meets it.
    Pass,
    /// Nothing of the interval meets it.
    Fail,
    /// The limit lies inside the interval: more replications would tell.
    Undecided,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Judgement::Pass => "PASS",
            Judgement::Fail => "FAIL",
            Judgement::Undecided => "UNDECIDED",
        })
    }
}

/// Sums over the runs of one point. Its size does not depend on how many there were.
#[derive(Clone, Debug)]
pub struct ReplicationStats {
    names: Vec<String>,
    moments: Vec<Moments>,
    thresholds: Vec<NamedThreshold>,
    passes: Vec<u64>,
    all_passes: u64,
    runs: u64,
}

impl ReplicationStats {
    /// Nothing yet, of these metrics and thresholds.
    #[must_use]
    pub fn new(names: Vec<String>, thresholds: Vec<NamedThreshold>) -> ReplicationStats {
        ReplicationStats {
            moments: vec![Moments::new(); names.len()],
            names,
            passes: vec![0; thresholds.len()],
            thresholds,
            all_passes: 0,
            runs: 0,
        }
    }

    /// Adds a run: its metrics, and whether it met each threshold.
    pub fn push(&mut self, metrics: &Metrics, held: &[bool]) {
        for (name, moments) in self.names.iter().zip(&mut self.moments) {
            if let Some(&value) = metrics.get(name) {
                moments.push(value);
            }
        }
        for (passes, &held) in self.passes.iter_mut().zip(held) {
            *passes += u64::from(held);
        }
        self.all_passes += u64::from(held.iter().all(|h| *h));
        self.runs += 1;
    }

    /// Number of runs.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Names of the metrics, in the order given.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The thresholds, in the order given.
    #[must_use]
    pub fn thresholds(&self) -> &[NamedThreshold] {
        &self.thresholds
    }

    /// Moments of one metric over the runs.
    #[must_use]
    pub fn moments(&self, name: &str) -> Option<&Moments> {
        let at = self.names.iter().position(|n| n == name)?;
        (self.moments[at].count() > 0).then(|| &self.moments[at])
    }

    /// Student's interval of the mean of one metric; `None` with fewer than two runs.
    #[must_use]
    pub fn interval(&self, name: &str) -> Option<Interval> {
        of_moments(self.moments(name)?, LEVEL)
    }

    /// What is known about the threshold with this index. A single run is taken at its word.
    #[must_use]
    pub fn judgement(&self, index: usize) -> Judgement {
        let by_count = if self.passes[index] == self.runs {
            Judgement::Pass
        } else if self.passes[index] == 0 {
            Judgement::Fail
        } else {
            Judgement::Undecided
        };
        let named = &self.thresholds[index];
        match self.interval(&named.column) {
            Some(interval) if interval.count == self.runs => {
                let judged = judge(named, &interval);
                // A rate without samples meets every threshold, whatever its number.
                if judged == Judgement::Fail && by_count == Judgement::Pass {
                    by_count
                } else {
                    judged
                }
            }
            _ => by_count,
        }
    }

    /// FAIL if a threshold fails, PASS if all pass; `None` without thresholds.
    #[must_use]
    pub fn overall(&self) -> Option<Judgement> {
        let mut all = (0..self.thresholds.len()).map(|i| self.judgement(i));
        let first = all.next()?;
        Some(all.fold(first, |a, b| match (a, b) {
            (Judgement::Fail, _) | (_, Judgement::Fail) => Judgement::Fail,
            (Judgement::Pass, Judgement::Pass) => Judgement::Pass,
            _ => Judgement::Undecided,
        }))
    }

    /// Probability that a single run meets the threshold with this index (Wilson's interval).
    #[must_use]
    pub fn probability(&self, index: usize) -> Option<Proportion> {
        wilson(self.passes[index], self.runs, LEVEL)
    }

    /// Probability that a single run meets all thresholds.
    #[must_use]
    pub fn probability_of_all(&self) -> Option<Proportion> {
        wilson(self.all_passes, self.runs, LEVEL)
    }

    /// Runs that met the threshold with this index.
    #[must_use]
    pub fn passes(&self, index: usize) -> u64 {
        self.passes[index]
    }

    /// Whether the half-width of each of these metrics is at most this share of its mean.
    #[must_use]
    pub fn is_precise<'a>(&self, names: impl IntoIterator<Item = &'a str>, share: f64) -> bool {
        names.into_iter().all(|name| {
            self.interval(name)
                .is_some_and(|i| i.half_width <= share * i.mean.abs())
        })
    }
}

fn judge(named: &NamedThreshold, interval: &Interval) -> Judgement {
    let limit = &named.threshold;
    let ends = [
        limit.compare(interval.low()),
        limit.compare(interval.high()),
    ];
    let inside = interval.contains(limit.value) && interval.half_width > 0.0;
    match (limit.operator, ends) {
        (Operator::Equal | Operator::NotEqual, _) if inside => Judgement::Undecided,
        (_, [true, true]) => Judgement::Pass,
        (_, [false, false]) => Judgement::Fail,
        _ => Judgement::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::threshold::Threshold;

    fn tally(expression: &str, values: &[f64]) -> ReplicationStats {
        let threshold = Threshold::parse(expression).unwrap_or_else(|e| panic!("{e}"));
        let named = NamedThreshold {
            metric: "m".into(),
            threshold,
            column: "m_avg".into(),
        };
        let mut tally = ReplicationStats::new(vec!["m_avg".into()], vec![named.clone()]);
        for &value in values {
            let held = named.threshold.compare(value);
            tally.push(&Metrics::from([("m_avg".into(), value)]), &[held]);
        }
        tally
    }

    fn judged(expression: &str, values: &[f64]) -> Judgement {
        tally(expression, values).judgement(0)
    }

    #[test]
    fn a_limit_inside_the_interval_is_undecided() {
        let values = [9.0, 10.0, 11.0];
        // 10 ± 4.3027 × 1 / sqrt(3) = 10 ± 2.484
        assert_eq!(judged("avg<12.5", &values), Judgement::Pass);
        assert_eq!(judged("avg<12.4", &values), Judgement::Undecided);
        assert_eq!(judged("avg<7.4", &values), Judgement::Fail);
        assert_eq!(judged("avg>7.5", &values), Judgement::Pass);
        assert_eq!(judged("avg>12.5", &values), Judgement::Fail);
    }

    #[test]
    fn equality_needs_certainty() {
        assert_eq!(judged("avg==1", &[1.0, 1.0]), Judgement::Pass);
        assert_eq!(judged("avg==1", &[1.0, 0.9]), Judgement::Undecided);
        assert_eq!(judged("avg==2", &[1.0, 1.0]), Judgement::Fail);
        assert_eq!(judged("avg!=2", &[1.0, 1.0]), Judgement::Pass);
    }

    #[test]
    fn one_run_is_taken_at_its_word() {
        assert_eq!(judged("avg<1", &[0.5]), Judgement::Pass);
        assert_eq!(judged("avg<1", &[1.5]), Judgement::Fail);
    }

    #[test]
    fn the_probability_of_a_pass_is_wilsons() {
        let tally = tally("avg<10.5", &[9.0, 10.0, 11.0]);
        assert_eq!(tally.passes(0), 2);
        let share = tally.probability(0).map(|p| (p.share * 3.0).round());
        assert_eq!(share, Some(2.0));
        assert_eq!(tally.overall(), Some(Judgement::Undecided));
        assert!(tally.is_precise(["m_avg"], 0.25));
        assert!(!tally.is_precise(["m_avg"], 0.24));
    }
}
