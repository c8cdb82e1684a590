//! The statistics of a set of durations, from the samples themselves or from the histograms in which a
//! record has counted them.

use std::borrow::Cow;

use crate::engine::Span;
use crate::measure::recorder::{Label, Origin, Recorder, Timings};
use crate::measure::summary::{Contains, Values};
use crate::measure::tallies::{Tallies, merged};
use crate::model::K6Version;
use crate::model::threshold::Aggregation;
use crate::stats::{Durations, Histogram, TrendStats};

use super::values::{Measured, View};

/// Names a set of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    /// Durations of the requests of these series.
    Requests(Vec<bool>),
    /// One of [`Timings::PARTS`] of these series, where a network is modelled.
    Part(usize, Vec<bool>),
    /// Durations of the iterations of these origins.
    Iterations(Vec<bool>),
    /// Durations of the groups with these labels, in ascending order.
    Groups(Vec<Label>),
}

impl<'a> View<'a> {
    /// Statistics of some samples, computed once for all that ask.
    pub(super) fn trend(&self, wanted: &[Aggregation], samples: Samples) -> Measured {
        let mut known = self.known.borrow_mut();
        let at = known.iter().position(|(of, _)| *of == samples);
        let at = at.unwrap_or_else(|| {
            let stats = self.stats(&samples, &self.percents);
            known.push((samples.clone(), stats.unwrap_or_default()));
            known.len() - 1
        });
        let stats = &known[at].1;
        let asked = percents(wanted);
        let enough = asked.iter().all(|p| self.percents.contains(p));
        Measured {
            contains: Contains::Time,
            observed: stats.count > 0,
            values: if enough {
                trend_of(stats, wanted)
            } else {
                trend_of(&self.stats(&samples, &asked).unwrap_or_default(), wanted)
            },
        }
    }

    fn stats(&self, which: &Samples, percents: &[f64]) -> Option<TrendStats> {
        match &self.record.tallies {
            Some(tallies) => TrendStats::of_histogram(&self.tallied(tallies, which), percents),
            None => TrendStats::of_durations(self.samples(which).all(), percents),
        }
    }

    fn samples(&self, which: &Samples) -> Cow<'a, Durations> {
        let record = self.record;
        match which {
            Samples::Requests(chosen) if chosen.iter().all(|c| *c) => {
                Cow::Borrowed(&record.durations)
            }
            Samples::Requests(chosen) => of_requests(record, chosen, |at| record.durations.get(at)),
            Samples::Part(part, chosen) => {
                let (_, time) = Timings::PARTS[*part];
                of_requests(record, chosen, |at| record.timings.get(at).map(time))
            }
            Samples::Iterations(origins) => self.iterations(origins),
            Samples::Groups(labels) => {
                let all = record.groups.iter().zip(&record.group_labels);
                let own = all.filter(|(_, label)| labels.binary_search(label).is_ok());
                Cow::Owned(own.map(|(d, _)| *d).collect())
            }
        }
    }

    /// Durations of iterations in the order of their ends, with setup and teardown if they count.
    fn iterations(&self, passes: &[bool]) -> Cow<'a, Durations> {
        let record = self.record;
        let (before, after) = self.phases(passes);
        let own = |origin: Origin| origin.as_scenario().is_none() || passes[origin.0 as usize];
        if before.is_none() && after.is_none() && record.origins().all(own) {
            return Cow::Borrowed(&record.iterations);
        }
        let mut own: Durations = before.into_iter().collect();
        let all = 0..record.iteration_origin.len();
        record.iteration_origin.for_runs(all, |origin, run| {
            if passes[origin.0 as usize] {
                own.extend(run.filter_map(|at| record.iterations.get(at)));
            }
        });
        own.extend(after);
        Cow::Owned(own)
    }

    /// Setup and teardown as samples of iterations: up to k6 0.53, each made one.
    fn phases(&self, passes: &[bool]) -> (Option<u64>, Option<u64>) {
        let counted = |origin: Origin, span: Option<Span>| {
            let counts = self.model.k6_version == K6Version::V0_53 && passes[origin.0 as usize];
            span.filter(|_| counts).map(|s| s.0)
        };
        (
            counted(Origin::SETUP, self.record.setup),
            counted(Origin::TEARDOWN, self.record.teardown),
        )
    }

    fn tallied(&self, tallies: &Tallies, which: &Samples) -> Histogram {
        match which {
            Samples::Requests(chosen) => merged(of_chosen(&tallies.requests, chosen)),
            Samples::Part(part, chosen) => {
                merged(of_chosen(&tallies.timings, chosen).map(|parts| &parts[*part]))
            }
            Samples::Iterations(origins) => {
                let mut all = merged(of_chosen(&tallies.iterations, origins));
                let (before, after) = self.phases(origins);
                for sample in before.into_iter().chain(after) {
                    all.record(sample);
                }
                all
            }
            Samples::Groups(labels) => {
                merged(labels.iter().filter_map(|label| tallies.groups.get(label)))
            }
        }
    }
}

/// What is known of the requests of the chosen series, in the order of their ends.
fn of_requests<'a>(
    record: &Recorder,
    chosen: &[bool],
    known: impl Fn(usize) -> Option<u64>,
) -> Cow<'a, Durations> {
    let mut own = Durations::new();
    let all = 0..record.request_series.len();
    record.request_series.for_runs(all, |series, run| {
        if chosen[series as usize] {
            own.extend(run.filter_map(&known));
        }
    });
    Cow::Owned(own)
}

fn of_chosen<'t, T>(all: &'t [T], chosen: &[bool]) -> impl Iterator<Item = &'t T> {
    all.iter()
        .zip(chosen)
        .filter(|(_, own)| **own)
        .map(|(one, _)| one)
}

/// Percentiles that some statistics are made of.
pub(super) fn percents(wanted: &[Aggregation]) -> Vec<f64> {
    let percent = |stat: &Aggregation| match stat {
        Aggregation::Med => Some(50.0),
        Aggregation::Percentile(p) => Some(*p),
        _ => None,
    };
    wanted.iter().filter_map(percent).collect()
}

/// The wanted statistics.
pub(super) fn trend_of(stats: &TrendStats, wanted: &[Aggregation]) -> Values {
    let percentile = |percent| stats.percentile(percent).unwrap_or(0.0);
    let value = |stat: &Aggregation| match stat {
        Aggregation::Avg => stats.avg,
        Aggregation::Min => stats.min,
        Aggregation::Max => stats.max,
        Aggregation::Med => percentile(50.0),
        Aggregation::Percentile(percent) => percentile(*percent),
        Aggregation::Count => stats.count as f64,
        Aggregation::Rate | Aggregation::Value => 0.0,
    };
    Values::Trend {
        count: stats.count,
        stats: wanted.iter().map(|stat| (*stat, value(stat))).collect(),
    }
}
