//! The numbers that a prediction is of.

use super::read::{Reading, Stat};
use crate::model::Model;
use crate::model::metric_name::{MetricKind, MetricName, find_builtin};
use crate::model::threshold::Aggregation;

/// The numbers that a prediction is of: what people look at, and what thresholds are about.
pub(super) fn readings(model: &Model) -> Vec<Reading> {
    let mut all: Vec<Reading> = Vec::new();
    let mut add = |metric: &str, stat: Aggregation| {
        let new = Reading {
            metric: metric.to_owned(),
            stat: Stat::Of(stat),
            value: 0.0,
            resolution: 0.0,
            hidden: None,
            made: None,
        };
        if !all
            .iter()
            .any(|r| r.metric == new.metric && r.stat == new.stat)
        {
            all.push(new);
        }
    };
    let shown = [Aggregation::Avg, Aggregation::Med];
    let mut shown = shown.to_vec();
    shown.extend([90.0, 95.0, 99.0].map(Aggregation::Percentile));
    for stat in &model.summary_trend_stats {
        if matches!(stat, Aggregation::Percentile(_)) && !shown.contains(stat) {
            shown.push(*stat);
        }
    }
    add("http_reqs", Aggregation::Rate);
    add("http_reqs", Aggregation::Count);
    add("iterations", Aggregation::Count);
    add("iteration_duration", Aggregation::Avg);
    let sites = model.sites.iter();
    let mut names: Vec<&str> = sites.map(|site| site.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let parts = names
        .iter()
        .filter(|_| names.len() > 1)
        .map(|name| format!("http_req_duration{{name:{name}}}"));
    for metric in std::iter::once("http_req_duration".to_owned()).chain(parts) {
        for stat in &shown {
            add(&metric, *stat);
        }
    }
    for of_metric in &model.thresholds {
        if !is_gauge(&of_metric.name) {
            for threshold in &of_metric.thresholds {
                add(&of_metric.metric, threshold.aggregation);
            }
        }
    }
    all
}

/// Thresholds on gauges, which no number here stands for.
pub(super) fn gauges(model: &Model) -> Vec<String> {
    let of_gauges = model.thresholds.iter().filter(|t| is_gauge(&t.name));
    let shown = of_gauges.flat_map(|t| {
        let own = t.thresholds.iter();
        own.map(|one| format!("{} {}", t.metric, one.expression))
    });
    shown.collect()
}

fn is_gauge(name: &MetricName) -> bool {
    find_builtin(name.metric()).is_some_and(|b| b.kind == MetricKind::Gauge)
}

/// How a number takes what a model lacks.
pub(super) enum Kind {
    Time,
    Count,
    Share,
}

/// Of a reading.
pub(super) fn kind(reading: &Reading) -> Kind {
    use Aggregation as A;
    let counts = matches!(reading.metric.as_str(), "http_reqs" | "iterations");
    let name = MetricName::parse(&reading.metric).ok();
    let metric = name.as_ref().map_or("", |name| name.metric());
    match reading.stat {
        Stat::Of(A::Avg | A::Med | A::Min | A::Max | A::Percentile(_)) => Kind::Time,
        Stat::Of(A::Count) => Kind::Count,
        Stat::Of(A::Rate) if counts || metric == "http_reqs" => Kind::Count,
        _ => Kind::Share,
    }
}
