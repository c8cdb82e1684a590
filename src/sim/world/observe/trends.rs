//! The statistics of a set of durations, from the samples themselves or from the histograms in which a
//! record has counted them.

use std::ops::Range;

use crate::engine::Span;
use crate::measure::histograms::{HistogramRecord, merged};
use crate::measure::recorder::{SampleSource, SampleTags, Timings};
use crate::measure::summary::{Contains, Values};
use crate::model::K6Version;
use crate::model::threshold::Aggregation;
use crate::stats::durations::DurationSlice;
use crate::stats::{Durations, Histogram, RunLengthVec, TrendStats};

use super::values::{Filter, MetricQuery, MetricValue};

/// Names a set of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    /// Durations of the requests of these series.
    Requests(Vec<bool>),
    /// One of [`Timings::PARTS`] of these series, where a network is modelled.
    Part(usize, Vec<bool>),
    /// Durations of the iterations of these origins.
    Iterations(Vec<bool>),
    /// Durations of the groups with these labels, in ascending order.
    Groups(Vec<SampleTags>),
}

/// SelectedSamples durations in the order of their ends: where they stand, as far as they stand together.
#[derive(Default)]
struct SelectedSamples<'a> {
    before: Option<u64>,
    parts: Vec<DurationSlice<'a>>,
    own: Durations,
    after: Option<u64>,
}

impl<'a> SelectedSamples<'a> {
    fn all(parts: impl Into<Vec<DurationSlice<'a>>>) -> SelectedSamples<'a> {
        SelectedSamples {
            parts: parts.into(),
            ..SelectedSamples::default()
        }
    }

    /// Those whose label passes; `parts` gives what stands in a range of places.
    fn of<T: Copy + PartialEq, const N: usize>(
        parts: impl Fn(Range<usize>) -> [DurationSlice<'a>; N],
        labels: &RunLengthVec<T>,
        passes: impl Fn(T) -> bool,
    ) -> SelectedSamples<'a> {
        let mut chosen = SelectedSamples::default();
        let mut runs: Vec<Range<usize>> = Vec::new();
        let (in_runs, each) = labels.split();
        labels.for_runs(0..in_runs, |label, run| match runs.last_mut() {
            _ if !passes(label) => {}
            Some(last) if last.end == run.start => last.end = run.end,
            _ => runs.push(run),
        });
        let others = parts(in_runs..labels.len());
        let others = others.into_iter().flat_map(DurationSlice::iter).zip(each);
        let own = others.filter(|(_, label)| passes(**label));
        chosen.own.extend(own.map(|(ns, _)| ns));
        chosen.parts = runs.into_iter().flat_map(parts).collect();
        chosen
    }

    /// All of them, one part after the other.
    fn parts(&self) -> Vec<DurationSlice<'_>> {
        let mut all: Vec<DurationSlice> = vec![self.before.as_slice().into()];
        all.extend(&self.parts);
        all.extend([self.own.all(), self.after.as_slice().into()]);
        all
    }
}

impl From<Durations> for SelectedSamples<'_> {
    fn from(own: Durations) -> Self {
        SelectedSamples {
            own,
            ..SelectedSamples::default()
        }
    }
}

impl<'a> MetricQuery<'a> {
    /// Statistics of some samples, computed once for all that ask.
    pub(crate) fn trend(&self, wanted: &[Aggregation], samples: Samples) -> MetricValue {
        let mut known = self.known.borrow_mut();
        let at = known.iter().position(|(of, _)| *of == samples);
        let at = at.unwrap_or_else(|| {
            let stats = match self.both(&samples) {
                Some((requests, iterations)) => {
                    known.push((
                        Samples::Iterations(self.origins(Filter::default())),
                        iterations,
                    ));
                    Some(requests)
                }
                None => self.stats(&samples, &self.percents),
            };
            known.push((samples.clone(), stats.unwrap_or_default()));
            known.len() - 1
        });
        let stats = &known[at].1;
        let asked = percents(wanted);
        let enough = asked.iter().all(|p| self.percents.contains(p));
        MetricValue {
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
            None => TrendStats::of_parts(&self.samples(which).parts(), percents),
        }
    }

    /// Of all requests and of all iterations, if these are what is wanted and each iteration is as long as its
    /// request, but for the same time.
    fn both(&self, which: &Samples) -> Option<(TrendStats, TrendStats)> {
        let record = self.record;
        let follow = record.iterations.longer_by().filter(|_| {
            record.tallies.is_none() && record.iterations.len() == record.durations.len()
        })?;
        let all = matches!(which, Samples::Requests(chosen) if chosen.iter().all(|c| *c));
        let (before, after) = self.phases(&self.origins(Filter::default()));
        if !all || before.or(after).is_some() {
            return None;
        }
        TrendStats::with_longer(record.durations.all(), follow, &self.percents)
    }

    fn every_scenario(&self, origins: &[bool]) -> bool {
        let mut scenarios = self.record.origins().filter(|o| o.as_scenario().is_some());
        scenarios.all(|origin| origins[origin.0 as usize])
    }

    fn samples(&self, which: &Samples) -> SelectedSamples<'a> {
        let record = self.record;
        match which {
            Samples::Requests(chosen) if chosen.iter().all(|c| *c) => {
                SelectedSamples::all([record.durations.all()])
            }
            Samples::Requests(chosen) => {
                let passes = |series: u16| chosen[series as usize];
                let parts = |places| [record.durations.range(places)];
                SelectedSamples::of(parts, &record.request_series, passes)
            }
            Samples::Part(part, chosen) => {
                let (_, time) = Timings::PARTS[*part];
                let mut own = Durations::new();
                let all = 0..record.request_series.len();
                record.request_series.for_runs(all, |series, run| {
                    if chosen[series as usize] {
                        own.extend(record.timings[run].iter().map(time));
                    }
                });
                SelectedSamples::from(own)
            }
            Samples::Iterations(origins) => {
                let (before, after) = self.phases(origins);
                let parts = |places| record.iterations.range(&record.durations, places);
                let between = if self.every_scenario(origins) {
                    SelectedSamples::all(parts(0..record.iterations.len()))
                } else {
                    let passes = |origin: SampleSource| origins[origin.0 as usize];
                    SelectedSamples::of(parts, &record.iteration_origin, passes)
                };
                SelectedSamples {
                    before,
                    after,
                    ..between
                }
            }
            Samples::Groups(labels) => {
                let all = record.groups.iter().zip(&record.group_labels);
                let own = all.filter(|(_, label)| labels.binary_search(label).is_ok());
                SelectedSamples::from(own.map(|(d, _)| *d).collect::<Durations>())
            }
        }
    }

    /// Setup and teardown as samples of iterations: up to k6 0.53, each made one.
    fn phases(&self, passes: &[bool]) -> (Option<u64>, Option<u64>) {
        let counted = |origin: SampleSource, span: Option<Span>| {
            let counts = self.model.k6_version == K6Version::V0_53 && passes[origin.0 as usize];
            span.filter(|_| counts).map(|s| s.0)
        };
        (
            counted(SampleSource::SETUP, self.record.setup),
            counted(SampleSource::TEARDOWN, self.record.teardown),
        )
    }

    fn tallied(&self, tallies: &HistogramRecord, which: &Samples) -> Histogram {
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

fn of_chosen<'t, T>(all: &'t [T], chosen: &[bool]) -> impl Iterator<Item = &'t T> {
    all.iter()
        .zip(chosen)
        .filter(|(_, own)| **own)
        .map(|(one, _)| one)
}

/// Percentiles that some statistics are made of.
pub(crate) fn percents(wanted: &[Aggregation]) -> Vec<f64> {
    let percent = |stat: &Aggregation| match stat {
        Aggregation::Med => Some(50.0),
        Aggregation::Percentile(p) => Some(*p),
        _ => None,
    };
    wanted.iter().filter_map(percent).collect()
}

/// The wanted statistics.
pub(crate) fn trend_of(stats: &TrendStats, wanted: &[Aggregation]) -> Values {
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
