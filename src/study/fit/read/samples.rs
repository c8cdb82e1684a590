//! Single samples, gathered into the statistics that a summary would show.

use std::collections::BTreeMap;

use super::{Bad, Measured, Stat, is_used, larger, sound};
use crate::model::metric_name::{MetricKind, find_builtin};
use crate::model::threshold::Aggregation;
use crate::stats::TrendStats;

/// Percentiles taken of every trend.
const PERCENTS: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

/// Samples by metric, whole and by the tag `name`.
#[derive(Debug, Default)]
pub(super) struct Samples {
    kinds: BTreeMap<String, MetricKind>,
    values: BTreeMap<(String, String), Vec<f64>>,
    peak_vus: Option<f64>,
}

impl Samples {
    /// The type of a metric of the script's own.
    pub fn declare(&mut self, metric: &str, kind: MetricKind) {
        self.kinds.insert(metric.to_string(), kind);
    }

    /// One sample; `name` is its tag, if it has one.
    pub fn add(&mut self, at: &str, metric: &str, name: &str, value: f64) -> Result<(), Bad> {
        sound(at, metric, value)?;
        if matches!(metric, "vus" | "vus_max") {
            self.peak_vus = larger(self.peak_vus, Some(value));
            return Ok(());
        }
        if !is_used(metric) {
            return Ok(());
        }
        let key = (metric.to_string(), name.to_string());
        self.values.entry(key).or_default().push(value);
        Ok(())
    }

    fn kind(&self, metric: &str) -> Option<MetricKind> {
        let own = self.kinds.get(metric).copied();
        own.or_else(|| find_builtin(metric).map(|b| b.kind))
    }

    /// The numbers that a summary would show, and the same by name.
    pub fn finish(self, form: &'static str) -> Result<Measured, Bad> {
        let mut measured = Measured::new(form);
        measured.peak_vus = self.peak_vus;
        let mut metrics: Vec<&str> = self.values.keys().map(|(m, _)| m.as_str()).collect();
        metrics.dedup();
        for metric in &metrics {
            let Some(kind) = self.kind(metric) else {
                continue;
            };
            let parts: Vec<(&String, &Vec<f64>)> = self
                .values
                .iter()
                .filter(|((m, _), _)| m == metric)
                .map(|((_, name), values)| (name, values))
                .collect();
            let all: Vec<f64> = parts.iter().flat_map(|(_, v)| v.iter().copied()).collect();
            put(&mut measured, metric, kind, &all)?;
            for (name, values) in parts {
                if !name.is_empty() && !name.contains([',', '{', '}']) {
                    put(
                        &mut measured,
                        &format!("{metric}{{name:{name}}}"),
                        kind,
                        values,
                    )?;
                }
            }
        }
        // A thinned file may keep durations alone: every one of them is a request or an iteration.
        for (count, of) in [
            ("http_reqs", "http_req_duration"),
            ("iterations", "iteration_duration"),
        ] {
            let ended = measured.value(of, Stat::Of(Aggregation::Count));
            if let (false, Some(n)) = (metrics.contains(&count), ended) {
                measured.push("", count, Stat::Of(Aggregation::Count), n, 0.0)?;
            }
        }
        Ok(measured)
    }
}

fn put(measured: &mut Measured, metric: &str, kind: MetricKind, values: &[f64]) -> Result<(), Bad> {
    let mut push = |stat, value| measured.push(metric, metric, stat, value, 0.0);
    match kind {
        MetricKind::Counter => push(Stat::Of(Aggregation::Count), values.iter().sum()),
        MetricKind::Gauge => Ok(()),
        MetricKind::Rate => {
            let passes = values.iter().filter(|v| **v != 0.0).count() as f64;
            push(Stat::Passes, passes)?;
            push(Stat::Fails, values.len() as f64 - passes)
        }
        MetricKind::Trend => {
            let Some(stats) = TrendStats::of_values(values, &PERCENTS) else {
                return Ok(());
            };
            push(Stat::Of(Aggregation::Count), stats.count as f64)?;
            push(Stat::Of(Aggregation::Avg), stats.avg)?;
            push(Stat::Of(Aggregation::Min), stats.min)?;
            push(Stat::Of(Aggregation::Max), stats.max)?;
            for (percent, value) in stats.percentiles {
                let stat = match percent {
                    50.0 => Aggregation::Med,
                    p => Aggregation::Percentile(p),
                };
                push(Stat::Of(stat), value)?;
            }
            Ok(())
        }
    }
}
