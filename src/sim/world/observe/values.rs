//! The value of a metric over those of a run's samples that carry some tags.

mod custom;

use std::cell::{OnceCell, RefCell};

use crate::measure::recorder::{Recorder, SampleSource, SampleTags, Series, Timings};
use crate::measure::summary::{Contains, Values};
use crate::model::Model;
use crate::model::journey::CheckId;
use crate::model::metric_name::SubMetric;
use crate::model::threshold::Aggregation;
use crate::stats::TrendStats;

use super::tags::{self, Tags};
use super::trends::{Samples, percents};

/// Which samples count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those with the tags of a sub-metric.
    pub sub: Option<&'a SubMetric>,
    /// Those that these made.
    pub origins: Option<&'a [SampleSource]>,
    /// Those made directly in this group.
    pub group: Option<&'a str>,
}

impl Filter<'_> {
    fn is_all(&self) -> bool {
        self.sub.is_none() && self.origins.is_none() && self.group.is_none()
    }

    fn passes(&self, origin: SampleSource, tags: &Tags) -> bool {
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
pub struct MetricValue {
    /// What the numbers are of.
    pub contains: Contains,
    /// The values.
    pub values: Values,
    /// Whether there was a sample.
    pub observed: bool,
}

/// What a run has recorded by some time.
pub struct MetricQuery<'a> {
    /// The samples.
    pub record: &'a Recorder,
    /// What the tags are of.
    pub model: &'a Model,
    /// Length of the run so far.
    pub seconds: f64,
    /// All percentiles that the summary or a threshold asks for.
    pub(crate) percents: Vec<f64>,
    /// Trends that were computed already: several metrics are of the same samples.
    pub(crate) known: RefCell<Vec<(Samples, TrendStats)>>,
    /// Number of samples of each series of requests, once counted.
    series_counts: OnceCell<Vec<u64>>,
    /// Number of iterations of each origin, once counted.
    iteration_counts: OnceCell<Vec<u64>>,
}

impl<'a> MetricQuery<'a> {
    /// What was recorded in a run that has lasted `seconds`.
    #[must_use]
    pub fn new(record: &'a Recorder, model: &'a Model, seconds: f64) -> MetricQuery<'a> {
        let asked = model.thresholds.iter().flat_map(|t| &t.thresholds);
        let mut wanted: Vec<Aggregation> = asked.map(|t| t.aggregation).collect();
        wanted.extend(&model.summary_trend_stats);
        let mut percents = percents(&wanted);
        percents.sort_unstable_by(f64::total_cmp);
        percents.dedup();
        MetricQuery {
            record,
            model,
            seconds,
            percents,
            known: RefCell::default(),
            series_counts: OnceCell::new(),
            iteration_counts: OnceCell::new(),
        }
    }

    /// As it is, but one more percentile is asked for.
    #[must_use]
    pub fn asked_for(mut self, percent: f64) -> MetricQuery<'a> {
        if !self.percents.contains(&percent) {
            self.percents.push(percent);
            self.percents.sort_unstable_by(f64::total_cmp);
        }
        self
    }

    /// A metric over the samples that pass; `None` if there is no such metric.
    #[must_use]
    pub fn measure(&self, name: &str, keep: Filter, wanted: &[Aggregation]) -> Option<MetricValue> {
        let record = self.record;
        Some(match name {
            "http_reqs" => self.counter(self.requests(keep, |_| true)),
            "http_req_failed" => rate(
                self.requests(keep, |s| s.expected == Some(false)),
                self.requests(keep, |s| s.expected == Some(true)),
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
                let passes =
                    |l: &SampleTags| keep.passes(l.origin, &tags::of_label(self.model, *l));
                let labels = record.labels_of_groups().into_iter().filter(passes);
                self.trend(wanted, Samples::Groups(labels.collect()))
            }
            "checks" => self.checks(keep),
            "data_sent" => self.data(keep, |d| d.0),
            "data_received" => self.data(keep, |d| d.1),
            "vus" => gauge(record.vus.filter(|_| keep.is_all())),
            "vus_max" => gauge(record.vus_max.filter(|_| keep.is_all())),
            name => match Timings::PARTS.iter().position(|(part, _)| *part == name) {
                Some(part) => self.parts(keep, part, wanted),
                None => return self.custom(name, keep, wanted),
            },
        })
    }

    fn counter(&self, count: u64) -> MetricValue {
        let (value, observed) = (count as f64, count > 0);
        let rate = self.per_second(value);
        MetricValue {
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
        let record = self.record;
        let counts = self
            .series_counts
            .get_or_init(|| record.requests_by_series());
        let own = counts.iter().zip(self.series(keep, wanted));
        own.filter(|(_, own)| *own).map(|(n, _)| n).sum()
    }

    fn iteration_counts(&self) -> &[u64] {
        let record = self.record;
        self.iteration_counts
            .get_or_init(|| record.iterations_by_origin())
    }

    fn durations(&self, keep: Filter, wanted: &[Aggregation]) -> MetricValue {
        self.trend(wanted, Samples::Requests(self.series(keep, |_| true)))
    }

    /// One part of the requests' times; without a network all of it is waiting.
    fn parts(&self, keep: Filter, part: usize, wanted: &[Aggregation]) -> MetricValue {
        if self.record.has_timings() {
            return self.trend(wanted, Samples::Part(part, self.series(keep, |_| true)));
        }
        if Timings::PARTS[part].0 == "http_req_waiting" {
            return self.durations(keep, wanted);
        }
        let count = self.requests(keep, |_| true);
        let zero = |&stat: &Aggregation| match stat {
            Aggregation::Count => (stat, count as f64),
            _ => (stat, 0.0),
        };
        let stats = wanted.iter().map(zero).collect();
        MetricValue {
            contains: Contains::Time,
            values: Values::Trend { count, stats },
            observed: count > 0,
        }
    }

    /// Which origins' iterations pass.
    pub(crate) fn origins(&self, keep: Filter) -> Vec<bool> {
        let passes = |o| keep.passes(o, &tags::of_iteration(self.model, o));
        self.record.origins().map(passes).collect()
    }

    fn checks(&self, keep: Filter) -> MetricValue {
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

    fn data(&self, keep: Filter, bytes: impl Fn(&(u64, u64)) -> u64) -> MetricValue {
        let passes = self.origins(keep);
        let own = self.record.data.iter().zip(&passes).filter(|(_, p)| **p);
        let count = own.map(|(d, _)| bytes(d)).sum::<u64>() as f64;
        // A sample comes with the end of an iteration, of setup or of teardown, however that comes.
        let ended = |o: SampleSource| match o {
            SampleSource::SETUP => self.record.setup.is_some(),
            SampleSource::TEARDOWN => self.record.teardown.is_some(),
            _ => self.iteration_counts()[o.0 as usize] > 0,
        };
        let sampled = |o: SampleSource| ended(o) || self.record.cut_off[o.0 as usize];
        let mut origins = self.record.origins();
        let observed = origins.any(|o| passes[o.0 as usize] && sampled(o));
        let rate = self.per_second(count);
        MetricValue {
            contains: Contains::Data,
            values: Values::Counter { count, rate },
            observed,
        }
    }
}

fn rate(passes: u64, fails: u64) -> MetricValue {
    MetricValue {
        contains: Contains::Default,
        values: Values::Rate { passes, fails },
        observed: passes + fails > 0,
    }
}

fn gauge(samples: Option<(u64, u64, u64)>) -> MetricValue {
    let (value, min, max) = samples.unwrap_or_default();
    MetricValue {
        contains: Contains::Default,
        values: Values::Gauge {
            value: value as f64,
            min: min as f64,
            max: max as f64,
        },
        observed: samples.is_some(),
    }
}
