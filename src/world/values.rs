//! The value of a metric over those of a run's samples that carry some tags.

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
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The samples.
    pub record: &'a Recorder,
    /// What the tags are of.
    pub model: &'a Model,
    /// Length of the run so far.
    pub seconds: f64,
}

impl View<'_> {
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
                let origins = self.origins(keep);
                let made = record.iteration_origin.iter();
                self.counter(made.filter(|o| origins[o.0 as usize]).count() as u64)
            }
            "iteration_duration" => time(&self.iterations(keep), wanted),
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
        let chosen = self.series(keep, wanted);
        if chosen.iter().all(|c| *c) {
            return self.record.durations.len() as u64;
        }
        let all = self.record.request_series.iter();
        all.filter(|s| chosen[**s as usize]).count() as u64
    }

    fn durations(&self, keep: Filter, wanted: &[Aggregation]) -> Measured {
        let (record, chosen) = (self.record, self.series(keep, |_| true));
        if chosen.iter().all(|c| *c) {
            return time(&record.durations, wanted);
        }
        let all = record.durations.iter().zip(&record.request_series);
        let own = all.filter(|(_, s)| chosen[**s as usize]);
        time(&own.map(|(d, _)| *d).collect::<Vec<u64>>(), wanted)
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
    fn iterations(&self, keep: Filter) -> Vec<u64> {
        let (record, passes) = (self.record, self.origins(keep));
        let counted = |origin: Origin, span: Option<Span>| {
            // Up to k6 0.53, setup and teardown each made one sample.
            let counts = self.model.k6_version == K6Version::V0_53 && passes[origin.0 as usize];
            span.filter(|_| counts).map(|s| s.0)
        };
        let own = record.iterations.iter().zip(&record.iteration_origin);
        counted(Origin::SETUP, record.setup)
            .into_iter()
            .chain(own.filter(|(_, o)| passes[o.0 as usize]).map(|(d, _)| *d))
            .chain(counted(Origin::TEARDOWN, record.teardown))
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
            _ => self.record.iteration_origin.contains(&o),
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
                let sum = |c: &Custom| {
                    if let Custom::Counter(sum) = c {
                        *sum
                    } else {
                        0.0
                    }
                };
                let count: f64 = chosen().into_iter().map(sum).fold(0.0, |a, b| a + b);
                let rate = self.per_second(count);
                Values::Counter { count, rate }
            }
            CustomKind::Gauge => self.gauge_of(&chosen()),
            CustomKind::Rate => {
                let counts = |c: &&Custom| {
                    if let Custom::Rate(p, f) = c {
                        (*p, *f)
                    } else {
                        (0, 0)
                    }
                };
                let add = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
                let (passes, fails) = chosen().iter().map(counts).fold((0, 0), add);
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
                trend_of(TrendStats::of_values(&samples, &percents(wanted)), wanted)
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
        values: trend_of(TrendStats::of_ns(samples, &percents(wanted)), wanted),
        observed: !samples.is_empty(),
    }
}

fn trend_of(stats: Option<TrendStats>, wanted: &[Aggregation]) -> Values {
    let Some(stats) = stats else {
        return Values::Trend {
            count: 0,
            stats: Vec::new(),
        };
    };
    let mut percentiles = stats.percentiles.iter();
    let value = |stat: &Aggregation| match stat {
        Aggregation::Avg => stats.avg,
        Aggregation::Min => stats.min,
        Aggregation::Max => stats.max,
        Aggregation::Med | Aggregation::Percentile(_) => percentiles.next().map_or(0.0, |p| p.1),
        Aggregation::Count => stats.count as f64,
        Aggregation::Rate | Aggregation::Value => 0.0,
    };
    let values: Vec<f64> = wanted.iter().map(value).collect();
    Values::Trend {
        count: stats.count,
        stats: wanted.iter().copied().zip(values).collect(),
    }
}
