//! From what a run recorded to what k6 would print: metrics, sub-metrics, checks and verdicts.

use crate::engine::Span;
use crate::load::verdict;
use crate::measure::recorder::{Custom, Origin, Series};
use crate::measure::summary::{CheckCount, Contains, Group, Metric, Summary, Values};
use crate::model::journey::{CheckId, CustomKind};
use crate::model::metric_name::{MetricName, SubMetric};
use crate::model::threshold::{Aggregation, MetricThresholds};
use crate::model::{K6Version, Model};
use crate::stats::TrendStats;

use super::outcome::Outcome;

/// The metrics of a run, ready to be rendered.
#[must_use]
pub fn summary(outcome: &Outcome, model: &Model) -> Summary {
    let view = View {
        outcome,
        model,
        seconds: outcome.duration.as_secs(),
    };
    let mut names = view.observed();
    for thresholds in &model.thresholds {
        if let Ok(name) = MetricName::parse(&thresholds.metric) {
            // A sub-metric shows its parent, too, whether or not it has samples.
            for shown in [MetricName::Whole(name.metric().to_owned()), name] {
                if !names.contains(&shown) {
                    names.push(shown);
                }
            }
        }
    }
    let metrics = names.iter().filter_map(|name| view.metric(name)).collect();
    Summary {
        root: view.checks_by_group(),
        metrics,
        duration: view.seconds,
        ..Summary::default()
    }
}

struct View<'a> {
    outcome: &'a Outcome,
    model: &'a Model,
    seconds: f64,
}

/// What capsim does not model; k6 measures it, so it is shown as zero.
const ZERO_TIMES: [&str; 5] = [
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_receiving",
];

impl View<'_> {
    /// Names of all metrics that have samples.
    fn observed(&self) -> Vec<MetricName> {
        let record = &self.outcome.recorder;
        let mut names = vec!["data_sent", "data_received"];
        if !record.check_order.is_empty() {
            names.push("checks");
        }
        if !record.groups.is_empty() {
            names.push("group_duration");
        }
        if !record.durations.is_empty() {
            names.extend(ZERO_TIMES);
            names.extend([
                "http_req_waiting",
                "http_req_duration",
                "http_req_failed",
                "http_reqs",
            ]);
        }
        if !self.iterations(None).is_empty() {
            names.push("iteration_duration");
        }
        if !record.iterations.is_empty() {
            names.push("iterations");
        }
        if record.dropped > 0 {
            names.push("dropped_iterations");
        }
        if record.vus.is_some() {
            names.extend(["vus", "vus_max"]);
        }
        let mut names: Vec<MetricName> = names
            .into_iter()
            .map(|n| MetricName::Whole(n.to_owned()))
            .collect();
        for (metric, samples) in self.model.metrics.iter().zip(&record.customs) {
            let empty = matches!(samples, Custom::Gauge(None) | Custom::Rate(0, 0))
                || matches!(samples, Custom::Trend(v) if v.is_empty())
                || matches!(samples, Custom::Counter(sum) if *sum == 0.0);
            if !empty {
                names.push(MetricName::Whole(metric.name.clone()));
            }
        }
        // k6 always keeps this one and shows it if it has samples.
        if let Ok(expected) = MetricName::parse("http_req_duration{expected_response:true}")
            && record.series.iter().any(|s| s.code.is_expected())
        {
            names.push(expected);
        }
        names
    }

    fn metric(&self, name: &MetricName) -> Option<Metric> {
        let shown = name.shown();
        let of_name = |t: &&MetricThresholds| {
            MetricName::parse(&t.metric).is_ok_and(|parsed| parsed.shown() == shown)
        };
        let thresholds: Vec<&MetricThresholds> =
            self.model.thresholds.iter().filter(of_name).collect();
        let mut wanted = self.model.summary_trend_stats.clone();
        wanted.extend(
            thresholds
                .iter()
                .flat_map(|t| &t.thresholds)
                .map(|t| t.aggregation),
        );
        let sub = match name {
            MetricName::Whole(_) => None,
            MetricName::Part(sub) => Some(sub),
        };
        let (contains, values) = self.values(name.metric(), sub, &wanted)?;
        let verdicts = thresholds
            .iter()
            .flat_map(|t| verdict::verdicts(t, &values))
            .collect();
        Some(Metric {
            name: shown,
            contains,
            values,
            thresholds: verdicts,
        })
    }

    fn values(
        &self,
        name: &str,
        sub: Option<&SubMetric>,
        wanted: &[Aggregation],
    ) -> Option<(Contains, Values)> {
        let record = &self.outcome.recorder;
        let time = |samples: &[u64]| (Contains::Time, trend(samples, wanted));
        Some(match name {
            "http_reqs" => self.counter(self.count_requests(sub, |_| true)),
            "http_req_failed" => {
                let passes = self.count_requests(sub, |s| !s.code.is_expected());
                let fails = self.count_requests(sub, |s| s.code.is_expected());
                (Contains::Default, Values::Rate { passes, fails })
            }
            "http_req_duration" | "http_req_waiting" => match sub {
                None => time(&record.durations),
                Some(sub) => time(&self.durations(sub)),
            },
            name if ZERO_TIMES.contains(&name) => {
                let count = self.count_requests(sub, |_| true);
                let stats = wanted
                    .iter()
                    .map(|&stat| (stat, zero_or_count(stat, count)));
                (
                    Contains::Time,
                    Values::Trend {
                        count,
                        stats: stats.collect(),
                    },
                )
            }
            "iterations" => {
                let origins = record.iteration_origin.iter();
                self.counter(
                    origins
                        .filter(|o| self.origin_matches(**o, "", sub))
                        .count() as u64,
                )
            }
            "iteration_duration" => time(&self.iterations(sub)),
            "dropped_iterations" => self.counter(record.dropped),
            "group_duration" => time(&record.groups),
            "checks" => (Contains::Default, self.checks(sub)),
            "data_sent" | "data_received" => (
                Contains::Data,
                Values::Counter {
                    count: 0.0,
                    rate: 0.0,
                },
            ),
            "vus" => (Contains::Default, gauge(record.vus)),
            "vus_max" => (Contains::Default, gauge(record.vus_max)),
            name => return self.custom(name, wanted),
        })
    }

    fn counter(&self, count: u64) -> (Contains, Values) {
        let count = count as f64;
        (
            Contains::Default,
            Values::Counter {
                count,
                rate: self.per_second(count),
            },
        )
    }

    fn per_second(&self, count: f64) -> f64 {
        if self.seconds > 0.0 {
            count / self.seconds
        } else {
            0.0
        }
    }

    /// Number of requests of a sub-metric (or all) whose series satisfies the predicate.
    fn count_requests(&self, sub: Option<&SubMetric>, wanted: impl Fn(&Series) -> bool) -> u64 {
        let record = &self.outcome.recorder;
        if sub.is_none() && record.series.iter().all(&wanted) {
            return record.durations.len() as u64;
        }
        let chosen: Vec<bool> = record
            .series
            .iter()
            .map(|s| wanted(s) && sub.is_none_or(|sub| self.series_matches(s, sub)))
            .collect();
        record
            .request_series
            .iter()
            .filter(|s| chosen[**s as usize])
            .count() as u64
    }

    fn durations(&self, sub: &SubMetric) -> Vec<u64> {
        let record = &self.outcome.recorder;
        let chosen: Vec<bool> = record
            .series
            .iter()
            .map(|s| self.series_matches(s, sub))
            .collect();
        if chosen.iter().all(|c| *c) {
            return record.durations.clone();
        }
        let pairs = record.durations.iter().zip(&record.request_series);
        pairs
            .filter(|(_, s)| chosen[**s as usize])
            .map(|(d, _)| *d)
            .collect()
    }

    /// Whether requests of a series carry the tags of a sub-metric.
    fn series_matches(&self, series: &Series, sub: &SubMetric) -> bool {
        let site = &self.model.sites[series.site.index()];
        let code = series.code;
        let status = code.status().to_string();
        let error = code.error_code();
        let error = if error == 0 {
            String::new()
        } else {
            error.to_string()
        };
        let group = group_of(series.origin, &site.group);
        sub.matches(|tag| match tag {
            "name" | "url" => Some(site.name.as_str()),
            "status" => Some(&status),
            "group" => Some(&group),
            "expected_response" => Some(if code.is_expected() { "true" } else { "false" }),
            "error_code" => Some(&error),
            _ => own_tag(&site.tags, tag).or_else(|| self.scenario_tag(series.origin, tag)),
        })
    }

    fn origin_matches(&self, origin: Origin, group: &str, sub: Option<&SubMetric>) -> bool {
        let group = group_of(origin, group);
        sub.is_none_or(|sub| {
            sub.matches(|tag| match tag {
                "group" => Some(&group),
                _ => self.scenario_tag(origin, tag),
            })
        })
    }

    fn scenario_tag(&self, origin: Origin, tag: &str) -> Option<&str> {
        let scenario = &self.model.scenarios[origin.as_scenario()?];
        if tag == "scenario" {
            Some(&scenario.name)
        } else {
            own_tag(&scenario.tags, tag)
        }
    }

    /// Durations of iterations in the order of their ends, with setup and teardown if they count.
    fn iterations(&self, sub: Option<&SubMetric>) -> Vec<u64> {
        let record = &self.outcome.recorder;
        let counted = |origin, span: Option<Span>| {
            // Up to k6 0.53, setup and teardown each made one sample.
            let counts = self.model.k6_version == K6Version::V0_53;
            span.filter(|_| counts && self.origin_matches(origin, "", sub))
                .map(|s| s.0)
        };
        let matches: Vec<bool> = record
            .origins()
            .map(|o| self.origin_matches(o, "", sub))
            .collect();
        let own = record.iterations.iter().zip(&record.iteration_origin);
        counted(Origin::SETUP, record.setup)
            .into_iter()
            .chain(own.filter(|(_, o)| matches[o.0 as usize]).map(|(d, _)| *d))
            .chain(counted(Origin::TEARDOWN, record.teardown))
            .collect()
    }

    fn checks(&self, sub: Option<&SubMetric>) -> Values {
        let record = &self.outcome.recorder;
        let (mut passes, mut fails) = (0, 0);
        for (i, check) in self.model.checks.iter().enumerate() {
            for origin in record.origins() {
                let group = group_of(origin, &check.group);
                let matches = sub.is_none_or(|sub| {
                    sub.matches(|tag| match tag {
                        "check" => Some(check.name.as_str()),
                        "group" => Some(&group),
                        _ => self.scenario_tag(origin, tag),
                    })
                });
                if matches {
                    let (p, f) = record.check_of(CheckId(i as u16), origin);
                    passes += p;
                    fails += f;
                }
            }
        }
        Values::Rate { passes, fails }
    }

    fn custom(&self, name: &str, wanted: &[Aggregation]) -> Option<(Contains, Values)> {
        let at = self.model.metrics.iter().position(|m| m.name == name)?;
        let values = match &self.outcome.recorder.customs[at] {
            Custom::Counter(sum) => Values::Counter {
                count: *sum,
                rate: self.per_second(*sum),
            },
            Custom::Gauge(gauge) => {
                let (value, min, max) = gauge.unwrap_or_default();
                Values::Gauge { value, min, max }
            }
            Custom::Rate(passes, fails) => Values::Rate {
                passes: *passes,
                fails: *fails,
            },
            Custom::Trend(values) => {
                trend_of(TrendStats::of_values(values, &percents(wanted)), wanted)
            }
        };
        let time = self.model.metrics[at].kind == CustomKind::TrendTime;
        Some((
            if time {
                Contains::Time
            } else {
                Contains::Default
            },
            values,
        ))
    }

    /// The tree of groups with their checks, both in the order of first occurrence.
    fn checks_by_group(&self) -> Group {
        let record = &self.outcome.recorder;
        let mut root = Group::default();
        for &id in &record.check_order {
            let check = &self.model.checks[id.index()];
            for origin in record.origins() {
                let (passes, fails) = record.check_of(id, origin);
                if passes + fails > 0 {
                    let path = group_of(origin, &check.group);
                    add_check(&mut root, &path, &check.name, passes, fails);
                }
            }
        }
        root
    }
}

/// The `group` tag: setup and teardown are groups of their own, which their programs' paths begin with.
fn group_of(origin: Origin, group: &str) -> String {
    match origin {
        Origin::SETUP if group.is_empty() => "::setup".to_owned(),
        Origin::TEARDOWN if group.is_empty() => "::teardown".to_owned(),
        _ => group.to_owned(),
    }
}

fn own_tag<'a>(tags: &'a [(String, String)], tag: &str) -> Option<&'a str> {
    tags.iter()
        .find(|(key, _)| key == tag)
        .map(|(_, value)| value.as_str())
}

fn add_check(root: &mut Group, path: &str, name: &str, passes: u64, fails: u64) {
    let mut group = root;
    for part in path.split("::").filter(|p| !p.is_empty()) {
        let at = group
            .groups
            .iter()
            .position(|g| g.name == part)
            .unwrap_or_else(|| {
                group.groups.push(Group {
                    name: part.to_owned(),
                    ..Group::default()
                });
                group.groups.len() - 1
            });
        group = &mut group.groups[at];
    }
    match group.checks.iter_mut().find(|c| c.name == name) {
        Some(check) => {
            check.passes += passes;
            check.fails += fails;
        }
        None => group.checks.push(CheckCount {
            name: name.to_owned(),
            passes,
            fails,
        }),
    }
}

fn gauge(samples: Option<(u64, u64, u64)>) -> Values {
    let (value, min, max) = samples.unwrap_or_default();
    Values::Gauge {
        value: value as f64,
        min: min as f64,
        max: max as f64,
    }
}

fn zero_or_count(stat: Aggregation, count: u64) -> f64 {
    if stat == Aggregation::Count {
        count as f64
    } else {
        0.0
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

fn trend(samples: &[u64], wanted: &[Aggregation]) -> Values {
    trend_of(TrendStats::of_ns(samples, &percents(wanted)), wanted)
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
