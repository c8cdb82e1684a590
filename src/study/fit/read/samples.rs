//! Single samples, gathered into the statistics that a summary would show.

use std::collections::BTreeMap;

use super::clock::{Clock, Cut};
use super::{Measured, ReadError, Stat, Vus, is_part_of_request, is_used, sound};
use crate::model::metric_name::{MetricKind, find_builtin};
use crate::model::threshold::Aggregation;
use crate::stats::TrendStats;
use crate::world::window::Window;

/// Percentiles taken of every trend.
const PERCENTS: [f64; 7] = [10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];

/// One sample of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken<'a> {
    pub metric: &'a str,
    /// Its tag `name`; empty if it has none.
    pub name: &'a str,
    pub value: f64,
    /// When, and how that is written; only a window needs it.
    pub time: Option<(Clock, &'a str)>,
}

/// A value, and its time in nanoseconds since 1970 if there is a window.
type Sample = (f64, i128);

/// Samples by metric, whole and by the tag `name`.
#[derive(Debug, Default)]
pub(super) struct Samples {
    kinds: BTreeMap<String, MetricKind>,
    values: BTreeMap<(String, String), Vec<Sample>>,
    vus: Vus,
    cut: Option<Cut>,
}

impl Samples {
    /// Of the whole run, or of what ended in a window.
    pub fn within(window: Option<Window>) -> Samples {
        Samples {
            cut: window.map(Cut::new),
            ..Samples::default()
        }
    }

    /// The type of a metric; false if it was declared already.
    pub fn declare(&mut self, metric: &str, kind: MetricKind) -> bool {
        self.kinds.insert(metric.to_string(), kind).is_none()
    }

    /// Keeps one sample.
    pub fn add(&mut self, at: &str, taken: Taken<'_>) -> Result<(), ReadError> {
        let Taken {
            metric,
            name,
            value,
            time,
        } = taken;
        sound(at, metric, value)?;
        if self.vus.gauge(metric, Some(value)) {
            return Ok(());
        }
        // The parts of every request would take six times the memory.
        if !is_used(metric) || is_part_of_request(metric) {
            return Ok(());
        }
        let mut end = 0;
        if let Some(cut) = &mut self.cut {
            let (clock, text) = time.ok_or_else(|| {
                ReadError::new(at, "a sample without a time", "use the file as k6 wrote it")
            })?;
            let (ns, unit) = clock.read(at, text)?;
            cut.saw(ns, unit, (metric == "http_req_duration").then_some(value));
            end = ns;
        }
        let key = (metric.to_string(), name.to_string());
        self.values.entry(key).or_default().push((value, end));
        Ok(())
    }

    fn kind(&self, metric: &str) -> Option<MetricKind> {
        let own = self.kinds.get(metric).copied();
        own.or_else(|| find_builtin(metric).map(|b| b.kind))
    }

    /// The numbers that a summary would show, and the same by name.
    pub fn finish(mut self, form: &'static str) -> Result<Measured, ReadError> {
        let mut measured = Measured::new(form);
        measured.set_vus(self.vus);
        if let Some(cut) = &self.cut {
            for values in self.values.values_mut() {
                values.retain(|(_, end)| cut.holds(*end));
            }
            self.values.retain(|_, values| !values.is_empty());
            measured.window = Some(cut.window);
            measured.coarse = cut.coarse();
        }
        let mut metrics: Vec<&str> = self.values.keys().map(|(m, _)| m.as_str()).collect();
        metrics.dedup();
        for metric in &metrics {
            let kind = self.kind(metric);
            let parts: Vec<(&String, Vec<f64>)> = self
                .values
                .iter()
                .filter(|((m, _), _)| m == metric)
                .map(|((_, name), samples)| (name, samples.iter().map(|(v, _)| *v).collect()))
                .collect();
            let all: Vec<f64> = parts.iter().flat_map(|(_, v)| v.iter().copied()).collect();
            put_all(&mut measured, metric, kind, &all)?;
            for (name, values) in parts {
                if !name.is_empty() && !name.contains([',', '{', '}']) {
                    let metric = format!("{metric}{{name:{name}}}");
                    put_all(&mut measured, &metric, kind, &values)?;
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
            let all = measured.value(count, Stat::Of(Aggregation::Count));
            if let (Some(window), Some(n)) = (measured.window, all) {
                let rate = n / window.length().as_secs();
                measured.push("", count, Stat::Of(Aggregation::Rate), rate, 0.0)?;
            }
        }
        Ok(measured)
    }
}

/// k6's CSV does not say of which type a metric of the script's own is. The model knows, so the file
/// gives what each type would show.
fn put_all(
    measured: &mut Measured,
    metric: &str,
    kind: Option<MetricKind>,
    values: &[f64],
) -> Result<(), ReadError> {
    match kind {
        Some(kind) => put(measured, metric, kind, values),
        None => [MetricKind::Counter, MetricKind::Rate, MetricKind::Trend]
            .into_iter()
            .try_for_each(|kind| put(measured, metric, kind, values)),
    }
}

fn put(
    measured: &mut Measured,
    metric: &str,
    kind: MetricKind,
    values: &[f64],
) -> Result<(), ReadError> {
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
