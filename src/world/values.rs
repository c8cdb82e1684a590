//! The value of a metric over those of a run's samples that carry some tags.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use crate::engine::Span;
use crate::measure::recorder::{Custom, Label, Origin, Part, Recorder, Series, Timings};
use crate::measure::summary::{Contains, Values};
use crate::model::journey::{CheckId, CustomKind, MetricId};
use crate::model::metric_name::SubMetric;
use crate::model::threshold::Aggregation;
use crate::model::{K6Version, Model};
use crate::stats::TrendStats;

use super::tags::{self, Tags};

/// Which samples count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those with the tags of a sub-metric.
    pub sub: Option<&'a SubMetric>,
    /// Those that these made.
    pub origins: Option<&'a [Origin]>,
    /// Those made directly in this group.
    pub group: Option<&'a str>,
}

impl Filter<'_> {
    fn is_all(&self) -> bool {
        self.sub.is_none() && self.origins.is_none() && self.group.is_none()
    }

    fn passes(&self, origin: Origin, tags: &Tags) -> bool {
        self.origins.is_none_or(|own| own.contains(&origin))
            && self
                .group
                .is_none_or(|g| tags::find(tags, "group") == Some(g))
            && self
                .sub
                .is_none_or(|sub| sub.matches(|key| tags::find(tags, key)))
    }
}

/// A metric's values and whether there was a sample.
pub struct Measured {
    /// What the numbers are of.
    pub contains: Contains,
    /// The values.
    pub values: Values,
    /// Whether there was a sample.
    pub observed: bool,
}

/// Picks one part of a request's time.
type PartOf = fn(&Timings) -> u64;

/// The parts of a request's time.
const PARTS: [(&str, PartOf); 6] = [
    ("http_req_blocked", |t| t.blocked),
    ("http_req_connecting", |t| t.connecting),
    ("http_req_tls_handshaking", |t| t.tls),
    ("http_req_sending", |t| t.sending),
    ("http_req_waiting", |t| t.waiting),
    ("http_req_receiving", |t| t.receiving),
];

/// What a run has recorded by some time.
pub struct View<'a> {
    /// The samples.
    pub record: &'a Recorder,
    /// What the tags are of.
    pub model: &'a Model,
    /// Length of the run so far.
    pub seconds: f64,
    /// All percentiles that the summary or a threshold asks for.
    percents: Vec<f64>,
    /// Trends that were computed already: several metrics are of the same samples.
    known: RefCell<Vec<(Samples, TrendStats)>>,
    /// Number of samples of each series of requests, once counted.
    series_counts: OnceCell<Vec<u64>>,
    /// Number of iterations of each origin, once counted.
    iteration_counts: OnceCell<Vec<u64>>,
}

/// Names a set of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Samples {
    /// Durations of the requests of these series.
    Requests(Vec<bool>),
    /// Durations of the iterations of these origins.
    Iterations(Vec<bool>),
}

impl<'a> View<'a> {
    /// What was recorded in a run that has lasted so many seconds.
    #[must_use]
    pub fn new(record: &'a Recorder, model: &'a Model, seconds: f64) -> View<'a> {
        let asked = model.thresholds.iter().flat_map(|t| &t.thresholds);
        let mut wanted: Vec<Aggregation> = asked.map(|t| t.aggregation).collect();
        wanted.extend(&model.summary_trend_stats);
        let mut percents = percents(&wanted);
        percents.sort_unstable_by(f64::total_cmp);
        percents.dedup();
        View {
            record,
            model,
            seconds,
            percents,
            known: RefCell::default(),
            series_counts: OnceCell::new(),
            iteration_counts: OnceCell::new(),
        }
    }

    /// A metric over the samples that pass; `None` if there is no such metric.
    #[must_use]
    pub fn measure(&self, name: &str, keep: Filter, wanted: &[Aggregation]) -> Option<Measured> {
        let record = self.record;
        Some(match name {
            "http_reqs" => self.counter(self.requests(keep, |_| true)),
            "http_req_failed" => rate(
                self.requests(keep, |s| !s.code.is_expected()),
                self.requests(keep, |s| s.code.is_expected()),
            ),
            "http_req_duration" => self.durations(keep, wanted),
            "iterations" => {
                let own = self.iteration_counts().iter().zip(self.origins(keep));
                self.counter(own.filter(|(_, own)| *own).map(|(n, _)| n).sum())
            }
            "iteration_duration" => {
                let origins = self.origins(keep);
                self.trend(wanted, Samples::Iterations(origins))
            }
            "dropped_iterations" => {
                let origins = record.origins();
                let kept = origins.filter(|o| keep.passes(*o, &tags::of_scenario(self.model, *o)));
                self.counter(kept.map(|o| record.dropped[o.0 as usize]).sum())
            }
            "group_duration" => {
                let mut passes =
                    Memo::new(|l| keep.passes(l.origin, &tags::of_label(self.model, l)));
                let groups = record.groups.iter().zip(&record.group_labels);
                let own = groups.filter(|(_, label)| passes.get(**label));
                time(&own.map(|(d, _)| *d).collect::<Vec<u64>>(), wanted)
            }
            "checks" => self.checks(keep),
            "data_sent" => self.data(keep, |d| d.0),
            "data_received" => self.data(keep, |d| d.1),
            "vus" => gauge(record.vus.filter(|_| keep.is_all())),
            "vus_max" => gauge(record.vus_max.filter(|_| keep.is_all())),
            name => match PARTS.iter().find(|(part, _)| *part == name) {
                Some((_, part)) => self.parts(keep, *part, wanted),
                None => return self.custom(name, keep, wanted),
            },
        })
    }

    fn counter(&self, count: u64) -> Measured {
        let (value, observed) = (count as f64, count > 0);
        let rate = self.per_second(value);
        Measured {
            contains: Contains::Default,
            values: Values::Counter { count: value, rate },
            observed,
        }
    }

    fn per_second(&self, count: f64) -> f64 {
        if self.seconds > 0.0 {
            count / self.seconds
        } else {
            0.0
        }
    }

    /// Which series of requests pass.
    fn series(&self, keep: Filter, wanted: impl Fn(&Series) -> bool) -> Vec<bool> {
        let passes = |s: &Series| {
            wanted(s) && (keep.is_all() || keep.passes(s.origin, &tags::of_request(self.model, s)))
        };
        self.record.series.iter().map(passes).collect()
    }

    fn requests(&self, keep: Filter, wanted: impl Fn(&Series) -> bool) -> u64 {
        let counts = self.series_counts.get_or_init(|| {
            let mut counts = vec![0; self.record.series.len()];
            for series in &self.record.request_series {
                counts[*series as usize] += 1;
            }
            counts
        });
        let own = counts.iter().zip(self.series(keep, wanted));
        own.filter(|(_, own)| *own).map(|(n, _)| n).sum()
    }

    fn iteration_counts(&self) -> &[u64] {
        self.iteration_counts.get_or_init(|| {
            let mut counts = vec![0; self.record.origins().count()];
            for origin in &self.record.iteration_origin {
                counts[origin.0 as usize] += 1;
            }
            counts
        })
    }

    fn durations(&self, keep: Filter, wanted: &[Aggregation]) -> Measured {
        self.trend(wanted, Samples::Requests(self.series(keep, |_| true)))
    }

    /// Statistics of some samples, computed once for all that ask.
    fn trend(&self, wanted: &[Aggregation], samples: Samples) -> Measured {
        let mut known = self.known.borrow_mut();
        let at = known.iter().position(|(of, _)| *of == samples);
        let at = at.unwrap_or_else(|| {
            let stats = TrendStats::of_ns(&self.samples(&samples), &self.percents);
            known.push((samples.clone(), stats.unwrap_or_default()));
            known.len() - 1
        });
        let stats = &known[at].1;
        let enough = percents(wanted).iter().all(|p| self.percents.contains(p));
        Measured {
            contains: Contains::Time,
            observed: stats.count > 0,
            values: if enough {
                trend_of(stats, wanted)
            } else {
                time(&self.samples(&samples), wanted).values
            },
        }
    }

    fn samples(&self, which: &Samples) -> Cow<'a, [u64]> {
        let record = self.record;
        match which {
            Samples::Requests(chosen) if chosen.iter().all(|c| *c) => {
                Cow::Borrowed(&record.durations)
            }
            Samples::Requests(chosen) => {
                let all = record.durations.iter().zip(&record.request_series);
                let own = all.filter(|(_, s)| chosen[**s as usize]);
                own.map(|(d, _)| *d).collect()
            }
            Samples::Iterations(origins) => self.iterations(origins),
        }
    }

    /// One part of the requests' times; without a network all of it is waiting.
    fn parts(&self, keep: Filter, part: PartOf, wanted: &[Aggregation]) -> Measured {
        let record = self.record;
        if record.timings.is_empty() {
            let waits = part(&Timings {
                waiting: 1,
                ..Timings::default()
            }) == 1;
            if waits {
                return self.durations(keep, wanted);
            }
            let count = self.requests(keep, |_| true);
            let zero = |&stat: &Aggregation| match stat {
                Aggregation::Count => (stat, count as f64),
                _ => (stat, 0.0),
            };
            let stats = wanted.iter().map(zero).collect();
            return Measured {
                contains: Contains::Time,
                values: Values::Trend { count, stats },
                observed: count > 0,
            };
        }
        let chosen = self.series(keep, |_| true);
        let all = record.timings.iter().zip(&record.request_series);
        let own = all.filter(|(_, s)| chosen[**s as usize]);
        time(&own.map(|(t, _)| part(t)).collect::<Vec<u64>>(), wanted)
    }

    /// Which origins' iterations pass.
    fn origins(&self, keep: Filter) -> Vec<bool> {
        let passes = |o| keep.passes(o, &tags::of_iteration(self.model, o));
        self.record.origins().map(passes).collect()
    }

    /// Durations of iterations in the order of their ends, with setup and teardown if they count.
    fn iterations(&self, passes: &[bool]) -> Cow<'a, [u64]> {
        let record = self.record;
        let counted = |origin: Origin, span: Option<Span>| {
            // Up to k6 0.53, setup and teardown each made one sample.
            let counts = self.model.k6_version == K6Version::V0_53 && passes[origin.0 as usize];
            span.filter(|_| counts).map(|s| s.0)
        };
        let before = counted(Origin::SETUP, record.setup);
        let after = counted(Origin::TEARDOWN, record.teardown);
        let own = |origin: Origin| origin.as_scenario().is_none() || passes[origin.0 as usize];
        if before.is_none() && after.is_none() && record.origins().all(own) {
            return Cow::Borrowed(&record.iterations);
        }
        let all = record.iterations.iter().zip(&record.iteration_origin);
        before
            .into_iter()
            .chain(all.filter(|(_, o)| passes[o.0 as usize]).map(|(d, _)| *d))
            .chain(after)
            .collect()
    }

    fn checks(&self, keep: Filter) -> Measured {
        let (mut passes, mut fails) = (0, 0);
        for at in 0..self.model.checks.len() {
            let id = CheckId(at as u16);
            for origin in self.record.origins() {
                let (p, f) = self.record.check_of(id, origin);
                if p + f > 0 && keep.passes(origin, &tags::of_check(self.model, id, origin)) {
                    passes += p;
                    fails += f;
                }
            }
        }
        rate(passes, fails)
    }

    fn data(&self, keep: Filter, bytes: impl Fn(&(u64, u64)) -> u64) -> Measured {
        let passes = self.origins(keep);
        let own = self.record.data.iter().zip(&passes).filter(|(_, p)| **p);
        let count = own.map(|(d, _)| bytes(d)).sum::<u64>() as f64;
        let ended = |o: Origin| match o {
            Origin::SETUP => self.record.setup.is_some(),
            Origin::TEARDOWN => self.record.teardown.is_some(),
            _ => self.iteration_counts()[o.0 as usize] > 0,
        };
        let observed = keep.is_all()
            || self
                .record
                .origins()
                .any(|o| passes[o.0 as usize] && ended(o));
        let rate = self.per_second(count);
        Measured {
            contains: Contains::Data,
            values: Values::Counter { count, rate },
            observed,
        }
    }

    fn custom(&self, name: &str, keep: Filter, wanted: &[Aggregation]) -> Option<Measured> {
        let at = self.model.metrics.iter().position(|m| m.name == name)?;
        let (id, kind) = (MetricId(at as u16), self.model.metrics[at].kind);
        let whole = self.record.customs[at].as_ref();
        let mut passes = Memo::new(|l| keep.passes(l.origin, &tags::of_label(self.model, l)));
        let mut parts: Vec<&Part> = Vec::new();
        if !keep.is_all() {
            let labels = self.record.parts.range(range_of(id));
            parts = labels
                .filter(|((_, label), _)| passes.get(*label))
                .map(|(_, part)| part)
                .collect();
            parts.sort_by_key(|part| part.last);
        }
        let chosen = || -> Vec<&Custom> {
            match whole {
                Some(whole) if keep.is_all() => vec![whole],
                _ => parts.iter().map(|part| &part.samples).collect(),
            }
        };
        let mut observed = !chosen().is_empty();
        let mut contains = Contains::Default;
        let values = match kind {
            CustomKind::Counter => {
                let count = chosen()
                    .into_iter()
                    .map(Custom::sum)
                    .fold(0.0, |a, b| a + b);
                let rate = self.per_second(count);
                Values::Counter { count, rate }
            }
            CustomKind::Gauge => self.gauge_of(&chosen()),
            CustomKind::Rate => {
                let add = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
                let (passes, fails) = chosen().into_iter().map(Custom::counts).fold((0, 0), add);
                Values::Rate { passes, fails }
            }
            CustomKind::Trend | CustomKind::TrendTime => {
                if kind == CustomKind::TrendTime {
                    contains = Contains::Time;
                }
                let samples = match whole {
                    Some(Custom::Trend(values, _)) if keep.is_all() => values.clone(),
                    Some(Custom::Trend(values, labels)) => {
                        let all = values.iter().zip(labels);
                        all.filter(|(_, l)| passes.get(**l))
                            .map(|(v, _)| *v)
                            .collect()
                    }
                    _ => Vec::new(),
                };
                observed = !samples.is_empty();
                let stats = TrendStats::of_values(&samples, &percents(wanted));
                trend_of(&stats.unwrap_or_default(), wanted)
            }
        };
        Some(Measured {
            contains,
            values,
            observed,
        })
    }
}

impl View<'_> {
    /// Of gauges in the order of their last samples.
    fn gauge_of(&self, parts: &[&Custom]) -> Values {
        let mut whole: Option<(f64, f64, f64)> = None;
        for part in parts {
            if let Custom::Gauge(Some((value, min, max))) = part {
                let (_, low, high) = whole.unwrap_or((*value, *min, *max));
                whole = Some((*value, low.min(*min), high.max(*max)));
            }
        }
        let (value, min, mut max) = whole.unwrap_or_default();
        if self.model.k6_version == K6Version::V0_53 {
            // Up to k6 0.53 the largest value began at 0.
            max = max.max(0.0);
        }
        Values::Gauge { value, min, max }
    }
}

/// All labels of one custom metric.
fn range_of(id: MetricId) -> std::ops::RangeInclusive<(MetricId, Label)> {
    let least = Label {
        origin: Origin(0),
        group: None,
    };
    let most = Label {
        origin: Origin(u16::MAX),
        group: Some(crate::model::journey::GroupId(u16::MAX)),
    };
    (id, least)..=(id, most)
}

/// Asks once for each label.
struct Memo<F> {
    ask: F,
    known: std::collections::BTreeMap<Label, bool>,
}

impl<F: Fn(Label) -> bool> Memo<F> {
    fn new(ask: F) -> Memo<F> {
        Memo {
            ask,
            known: std::collections::BTreeMap::new(),
        }
    }

    fn get(&mut self, label: Label) -> bool {
        let ask = &self.ask;
        *self.known.entry(label).or_insert_with(|| ask(label))
    }
}

fn rate(passes: u64, fails: u64) -> Measured {
    Measured {
        contains: Contains::Default,
        values: Values::Rate { passes, fails },
        observed: passes + fails > 0,
    }
}

fn gauge(samples: Option<(u64, u64, u64)>) -> Measured {
    let (value, min, max) = samples.unwrap_or_default();
    Measured {
        contains: Contains::Default,
        values: Values::Gauge {
            value: value as f64,
            min: min as f64,
            max: max as f64,
        },
        observed: samples.is_some(),
    }
}

/// Percentiles that some statistics are made of.
fn percents(wanted: &[Aggregation]) -> Vec<f64> {
    let percent = |stat: &Aggregation| match stat {
        Aggregation::Med => Some(50.0),
        Aggregation::Percentile(p) => Some(*p),
        _ => None,
    };
    wanted.iter().filter_map(percent).collect()
}

fn time(samples: &[u64], wanted: &[Aggregation]) -> Measured {
    Measured {
        contains: Contains::Time,
        values: trend_of(
            &TrendStats::of_ns(samples, &percents(wanted)).unwrap_or_default(),
            wanted,
        ),
        observed: !samples.is_empty(),
    }
}

fn trend_of(stats: &TrendStats, wanted: &[Aggregation]) -> Values {
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
