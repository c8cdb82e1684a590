//! From what a run recorded to what k6 would print: metrics, sub-metrics, checks and verdicts.

use crate::load::verdict;
use crate::measure::recorder::SampleSource;
use crate::measure::summary::{CheckCount, Group, Metric, Summary, Values};
use crate::model::Model;
use crate::model::metric_name::{MetricName, SubMetric};
use crate::model::threshold::{Aggregation, MetricThresholds};

use super::outcome::Outcome;
use super::sections;
use super::values::{Filter, MetricQuery, MetricValue};

/// The metrics of a run, ready to be rendered.
#[must_use]
pub fn summary(outcome: &Outcome, model: &Model) -> Summary {
    view(outcome, model).summary(outcome)
}

fn view<'a>(outcome: &'a Outcome, model: &'a Model) -> MetricQuery<'a> {
    let view = MetricQuery::new(&outcome.recorder, model, outcome.duration.as_secs());
    if outcome.slow.is_some() {
        // Together with the other percentiles it costs next to nothing.
        return view.asked_for(SLOW);
    }
    view
}

/// As [`summary`], with the sections that only the full layout shows.
#[must_use]
pub fn full_summary(outcome: &Outcome, model: &Model) -> Summary {
    let view = view(outcome, model);
    Summary {
        sections: sections::sections(&view),
        ..view.summary(outcome)
    }
}

/// What k6 measures of itself or of requests and iterations.
pub(crate) const BUILTINS: [&str; 18] = [
    "checks",
    "data_received",
    "data_sent",
    "dropped_iterations",
    "group_duration",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_duration",
    "http_req_failed",
    "http_req_receiving",
    "http_req_sending",
    "http_req_tls_handshaking",
    "http_req_waiting",
    "http_reqs",
    "iteration_duration",
    "iterations",
    "vus",
    "vus_max",
];

/// The percentile from which on requests are slow.
const SLOW: f64 = 99.0;

/// k6 always keeps this one and shows it if it has samples.
const EXPECTED: &str = "http_req_duration{expected_response:true}";

impl MetricQuery<'_> {
    fn summary(&self, outcome: &Outcome) -> Summary {
        let origins: Vec<SampleSource> = self.record.origins().collect();
        Summary {
            root: self.checks_by_group(),
            checks: sections::checks(self, &origins, None),
            metrics: self.metrics(),
            duration: self.seconds,
            slow_from: outcome.slow.as_ref().and_then(|_| self.slow_from()),
            ..Summary::default()
        }
    }

    fn slow_from(&self) -> Option<f64> {
        let wanted = [Aggregation::Percentile(SLOW)];
        let measured = self.measure("http_req_duration", Filter::default(), &wanted)?;
        match measured.values {
            Values::Trend { count, stats } if count >= 100 => stats.first().map(|(_, p99)| *p99),
            _ => None,
        }
    }

    /// Names of the metrics that may have samples.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.model.metrics.iter().map(|m| m.name.as_str());
        BUILTINS.into_iter().chain(own)
    }

    /// All metrics that have samples or are named in a threshold.
    fn metrics(&self) -> Vec<Metric> {
        // Each with whether it is shown without samples, too.
        let mut names: Vec<(MetricName, bool)> = self
            .names()
            .map(|name| (MetricName::Whole(name.to_owned()), false))
            .collect();
        names.extend(MetricName::parse(EXPECTED).ok().map(|name| (name, false)));
        for thresholds in &self.model.thresholds {
            let name = thresholds.name.clone();
            // A sub-metric shows its parent, too.
            for name in [MetricName::Whole(name.metric().to_owned()), name] {
                match names.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, shown)) => *shown = true,
                    None => names.push((name, true)),
                }
            }
        }
        let metrics = names.iter().filter_map(|(name, shown)| {
            let (measured, metric) = self.metric(name)?;
            (measured || *shown).then_some(metric)
        });
        metrics.collect()
    }

    /// A metric with its verdicts, and whether it has samples.
    fn metric(&self, name: &MetricName) -> Option<(bool, Metric)> {
        let shown = name.shown();
        let of_name = |t: &&MetricThresholds| t.name.shown() == shown;
        let thresholds: Vec<&MetricThresholds> =
            self.model.thresholds.iter().filter(of_name).collect();
        let mut wanted = self.model.summary_trend_stats.clone();
        wanted.extend(statistics(&thresholds));
        let measured = self.named(name, &wanted)?;
        let verdicts = thresholds
            .iter()
            .flat_map(|t| verdict::verdicts(t, &measured.values));
        let metric = Metric {
            name: shown,
            contains: measured.contains,
            thresholds: verdicts.collect(),
            values: measured.values,
        };
        Some((measured.observed, metric))
    }

    /// A metric or sub-metric over the whole run.
    pub(crate) fn named(&self, name: &MetricName, wanted: &[Aggregation]) -> Option<MetricValue> {
        let sub: Option<&SubMetric> = match name {
            MetricName::Whole(_) => None,
            MetricName::Part(sub) => Some(sub),
        };
        let keep = Filter {
            sub,
            ..Filter::default()
        };
        self.measure(name.metric(), keep, wanted)
    }

    /// The tree of groups with their checks, both in the order of first occurrence.
    fn checks_by_group(&self) -> Group {
        let mut root = Group::default();
        for &id in &self.record.check_order {
            let check = &self.model.checks[id.index()];
            for origin in self.record.origins() {
                let (passes, fails) = self.record.check_of(id, origin);
                if passes + fails > 0 {
                    let group = subgroup(&mut root, &check.group);
                    add_check(&mut group.checks, &check.name, passes, fails);
                }
            }
        }
        // A group that made no check appears all the same if it came to its end.
        let labels = self.record.labels_of_groups();
        let known = |path: &str| labels.iter().any(|l| self.path(*l) == path);
        for group in self.model.groups.iter().filter(|g| known(&g.path)) {
            subgroup(&mut root, &group.path);
        }
        root
    }

    fn path(&self, label: crate::measure::recorder::SampleTags) -> &str {
        let group = label.group.and_then(|id| self.model.groups.get(id.index()));
        group.map_or("", |g| g.path.as_str())
    }
}

/// The statistics that thresholds compare.
pub(crate) fn statistics(thresholds: &[&MetricThresholds]) -> Vec<Aggregation> {
    let all = thresholds.iter().flat_map(|t| &t.thresholds);
    all.map(|t| t.aggregation).collect()
}

/// The group of this path, made if need be.
fn subgroup<'g>(root: &'g mut Group, path: &str) -> &'g mut Group {
    let mut group = root;
    for part in path.split("::").filter(|p| !p.is_empty()) {
        let known = group.groups.iter().position(|g| g.name == part);
        let at = known.unwrap_or(group.groups.len());
        if known.is_none() {
            group.groups.push(Group {
                name: part.to_owned(),
                ..Group::default()
            });
        }
        group = &mut group.groups[at];
    }
    group
}

/// Adds to the check of this name.
pub(crate) fn add_check(checks: &mut Vec<CheckCount>, name: &str, passes: u64, fails: u64) {
    match checks.iter_mut().find(|c| c.name == name) {
        Some(check) => {
            check.passes += passes;
            check.fails += fails;
        }
        None => checks.push(CheckCount {
            name: name.to_owned(),
            passes,
            fails,
        }),
    }
}
