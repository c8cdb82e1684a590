//! How far a simulated run is from a measured one.
//!
//! The distance is the sum over all used readings of `(ln((simulated + c) / (measured + c)) / scale)²`.
//! Logarithms make a factor of two count the same at a median and at a p(99); `c` (1 for counts,
//! 1 µs for times) keeps zeros finite. `scale² = tolerance² + rounding² + noise²`: a tolerance by
//! kind of statistic (below), the rounding of the file, and the spread from replication to
//! replication, once that is known. A count of rare events has a spread of its own, `1 / (n + 1)`
//! (Poisson).

use super::read::{Measured, Reading, Stat, is_part_of_request, tool};
use crate::measure::summary::{Summary, Values};
use crate::model::Model;
use crate::model::metric_name::{self, MetricKind, MetricName};
use crate::model::threshold::{Aggregation, MetricThresholds, Threshold};
use crate::world::outcome::Outcome;

/// A measured number, and how it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What was measured.
    pub reading: Reading,
    /// Relative error that counts as one; `None` if it is shown, but not fitted to.
    pub scale: Option<f64>,
}

/// Relative tolerance by kind of number; `None` for one that says nothing new.
fn tolerance(reading: &Reading, kind: MetricKind, all: &Measured) -> Option<f64> {
    use Aggregation as A;
    let metric = reading.metric.as_str();
    let rare = |base: f64| (base * base + 1.0 / (reading.value + 1.0)).sqrt();
    match reading.stat {
        _ if metric.starts_with("http_req_duration{expected_response") => None,
        // Most requests find their connection open, so percentiles are at the edge of a jump. What is blocked
        // or waited for is made of numbers that count already.
        Stat::Of(A::Avg) if is_part_of_request(metric) => {
            let made_of_others = ["http_req_blocked", "http_req_waiting"];
            let new = !made_of_others.iter().any(|m| metric.starts_with(m));
            new.then_some(0.05)
        }
        _ if is_part_of_request(metric) => None,
        Stat::Of(A::Count) if kind == MetricKind::Trend => None,
        Stat::Of(A::Count) => Some(0.01),
        Stat::Of(A::Rate) if kind == MetricKind::Rate => {
            let alone = all.value(metric, Stat::Passes).is_none();
            let events = reading.value * samples_of(metric, all);
            let base = if metric == "http_req_failed" {
                0.03
            } else {
                0.01
            };
            alone.then(|| (base * base + 1.0 / (events + 1.0)).sqrt())
        }
        Stat::Of(A::Rate) => all
            .value(metric, Stat::Of(A::Count))
            .is_none()
            .then_some(0.01),
        // Means and counts are what utilisation and capacity follow from, by the operational laws.
        Stat::Of(A::Avg) => Some(0.01),
        Stat::Of(A::Med) => Some(0.02),
        Stat::Of(A::Percentile(p)) if p <= 95.0 => Some(0.02),
        Stat::Of(A::Percentile(p)) if p <= 99.0 => Some(0.04),
        Stat::Of(A::Percentile(_)) => Some(0.1),
        // One sample decides the extremes of a run. They count a little where little else is known.
        Stat::Of(A::Max | A::Min) => all
            .value(metric, Stat::Of(A::Percentile(10.0)))
            .is_none()
            .then_some(0.25),
        Stat::Of(A::Value) => None,
        Stat::Passes if metric == "http_req_failed" => Some(rare(0.03)),
        Stat::Fails if metric == "http_req_failed" => None,
        Stat::Passes if metric.starts_with("checks{") => None,
        Stat::Fails if metric == "checks" => None,
        Stat::Passes | Stat::Fails | Stat::Interrupted => Some(rare(0.01)),
    }
}

/// About how many samples a rate has: one for each request, or for each iteration.
fn samples_of(metric: &str, all: &Measured) -> f64 {
    let of = if metric.starts_with("http_req_failed") {
        "http_reqs"
    } else {
        "iterations"
    };
    let counted = all.value(of, Stat::Of(Aggregation::Count));
    let rate = || all.value(of, Stat::Of(Aggregation::Rate));
    let counted = counted.or_else(|| Some(rate()? * all.seconds()?));
    counted.unwrap_or(0.0)
}

/// Everything measured, with its weight. Numbers that capsim cannot produce for this model are left
/// out; their names come back second.
#[must_use]
pub fn targets(measured: &Measured, model: &Model) -> (Vec<Target>, Vec<String>) {
    let (mut targets, mut unknown) = (Vec::new(), Vec::new());
    let parts = measured
        .parts
        .iter()
        .filter(|r| models_part(&r.metric, model));
    for reading in measured.readings.iter().chain(parts) {
        let Some(kind) = kind_of(&reading.metric, model) else {
            if !unknown.contains(&reading.metric) {
                unknown.push(reading.metric.clone());
            }
            continue;
        };
        if !shows(kind, reading.stat) {
            continue;
        }
        let tolerance = tolerance(reading, kind, measured);
        let scale = tolerance
            .filter(|_| !in_parts(reading, measured, model))
            .map(|t| (t * t + reading.resolution * reading.resolution).sqrt());
        targets.push(Target {
            reading: reading.clone(),
            scale,
        });
    }
    (targets, unknown)
}

/// Whether the network of a model has this part of a request's time.
fn models_part(metric: &str, model: &Model) -> bool {
    let (Some(network), Ok(name)) = (&model.network, MetricName::parse(metric)) else {
        return false;
    };
    match name.metric() {
        "http_req_connecting" => network.connecting.is_some(),
        "http_req_tls_handshaking" => network.tls.is_some(),
        "http_req_blocked" => network.connecting.is_some() || network.tls.is_some(),
        "http_req_sending" => network.upload.is_some(),
        "http_req_receiving" => network.download.is_some(),
        _ => true,
    }
}

/// Whether the durations of all requests are there by name: those of all together say nothing new.
fn in_parts(reading: &Reading, all: &Measured, model: &Model) -> bool {
    reading.metric == "http_req_duration"
        && model.sites.iter().all(|site| {
            let part = format!("http_req_duration{{name:{}}}", site.name);
            all.value(&part, reading.stat).is_some()
        })
}

/// Whether a metric of this type has this number: a file that does not say the type gives all.
fn shows(kind: MetricKind, stat: Stat) -> bool {
    use Aggregation as A;
    match (kind, stat) {
        (MetricKind::Counter, stat) => {
            matches!(stat, Stat::Of(A::Count | A::Rate) | Stat::Interrupted)
        }
        (MetricKind::Rate, stat) => matches!(stat, Stat::Passes | Stat::Fails | Stat::Of(A::Rate)),
        (MetricKind::Trend, Stat::Of(stat)) => !matches!(stat, A::Rate | A::Value),
        (MetricKind::Trend, _) => false,
        (MetricKind::Gauge, stat) => matches!(stat, Stat::Of(A::Value | A::Min | A::Max)),
    }
}

/// The type of a metric, whole or part, if the model has it; a tag that no site has would be empty.
pub(super) fn kind_of(metric: &str, model: &Model) -> Option<MetricKind> {
    let name = MetricName::parse(metric).ok()?;
    if let MetricName::Part(sub) = &name {
        for (key, value) in &sub.tags {
            let known = match key.as_str() {
                "name" | "url" => model.sites.iter().any(|s| s.name == *value),
                "check" => model.checks.iter().any(|c| c.name == *value),
                "scenario" => model.scenarios.iter().any(|s| s.name == *value),
                _ => true,
            };
            if !known {
                return None;
            }
        }
    }
    if name.metric() == "group_duration" && model.groups.is_empty() {
        return None;
    }
    if name.metric() == "checks" && model.checks.is_empty() {
        return None;
    }
    let (kind, _) = metric_name::kind_of(name.metric(), &model.metrics)?;
    Some(kind)
}

/// A model whose summary shows all that is to be compared.
#[must_use]
pub fn observing(mut model: Model, targets: &[Target]) -> Model {
    for target in targets {
        let reading = &target.reading;
        if let Stat::Of(stat) = reading.stat
            && !matches!(
                stat,
                Aggregation::Count | Aggregation::Rate | Aggregation::Value
            )
            && !model.summary_trend_stats.contains(&stat)
        {
            model.summary_trend_stats.push(stat);
        }
        let known = model.thresholds.iter().any(|t| t.metric == reading.metric);
        if !reading.metric.contains('{') || known {
            continue;
        }
        // A threshold that always holds makes the summary show a sub-metric.
        let always = match kind_of(&reading.metric, &model) {
            Some(MetricKind::Trend) => "max>=0",
            Some(MetricKind::Counter) => "count>=0",
            Some(MetricKind::Rate) => "rate>=0",
            Some(MetricKind::Gauge) => "value>=0",
            None => continue,
        };
        if let (Ok(threshold), Ok(name)) =
            (Threshold::parse(always), MetricName::parse(&reading.metric))
        {
            model.thresholds.push(MetricThresholds {
                metric: reading.metric.clone(),
                name,
                thresholds: vec![threshold],
            });
        }
    }
    model
}

/// The simulated counterparts of all targets; 0 for what did not occur.
#[must_use]
pub fn simulated(outcome: &Outcome, summary: &Summary, targets: &[Target]) -> Vec<f64> {
    let made = targets.iter().any(|target| target.reading.made.is_some());
    let sorted = made.then(|| tool::sample(&outcome.recorder));
    let of = |reading: &Reading| match (reading.made, reading.stat, &sorted) {
        (Some(made), Stat::Of(stat), Some(sorted)) => made.of(sorted, outcome.duration.0, stat),
        _ => one(outcome, summary, reading),
    };
    let all = targets.iter().map(|target| of(&target.reading));
    all.map(|value| value.unwrap_or(0.0)).collect()
}

fn one(outcome: &Outcome, summary: &Summary, reading: &Reading) -> Option<f64> {
    if reading.stat == Stat::Interrupted {
        return Some(outcome.recorder.interrupted as f64);
    }
    let shown = MetricName::parse(&reading.metric).ok()?.shown();
    let metric = summary.metrics.iter().find(|m| m.name == shown)?;
    match (&metric.values, reading.stat) {
        (Values::Counter { count, .. }, Stat::Of(Aggregation::Count)) => Some(*count),
        (Values::Counter { rate, .. }, Stat::Of(Aggregation::Rate)) => Some(*rate),
        (Values::Trend { count, .. }, Stat::Of(Aggregation::Count)) => Some(*count as f64),
        (values @ Values::Trend { .. }, Stat::Of(stat)) => values.stat(stat),
        (Values::Rate { passes, .. }, Stat::Passes) => Some(*passes as f64),
        (Values::Rate { fails, .. }, Stat::Fails) => Some(*fails as f64),
        (Values::Rate { .. }, Stat::Of(Aggregation::Rate)) => metric.values.rate_share(),
        _ => None,
    }
}

/// What is added to both sides of a ratio, so that zeros stay finite.
fn offset(reading: &Reading) -> f64 {
    match reading.stat {
        Stat::Of(Aggregation::Count) | Stat::Passes | Stat::Fails | Stat::Interrupted => 1.0,
        _ => 1e-3,
    }
}

/// The logarithm of simulated over measured; of numbers below zero, which only a trend of the script's own
/// has, their difference over their mean size, which is about the same where they are near.
#[must_use]
pub fn log_ratio(reading: &Reading, simulated: f64) -> f64 {
    let c = offset(reading);
    let measured = reading.nearest(simulated);
    if measured < 0.0 || simulated < 0.0 {
        return 2.0 * (simulated - measured) / (simulated.abs() + measured.abs() + 2.0 * c);
    }
    libm::log((simulated + c) / (measured + c))
}

#[cfg(test)]
mod tests {
    use super::super::read::read_bytes;
    use super::*;
    use crate::model::Document;

    #[test]
    fn the_count_of_a_counter_is_fitted_to_and_that_of_a_trend_is_not() {
        let text = "[scenarios.a]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"9s\"\njourney = \"j\"\n\
                    [journeys]\nj = [{ record = \"sold\", as = \"counter\" },\n\
                    { record = \"took\", as = \"time\", value = 5 }, { sleep = \"1s\" }]\n";
        let document = Document::from_text("m.toml", text).expect("sound");
        let model = document.check(&[]).expect("sound").model;
        let json = r#"{"metrics": {"sold": {"count": 30, "rate": 3}, "took": {"count": 40, "avg": 5},
            "iterations": {"count": 50}, "iteration_duration": {"count": 60, "avg": 6}}}"#;
        let measured = read_bytes("run.json", json.as_bytes(), None).expect("sound");
        let (targets, unknown) = targets(&measured, &model);
        let fitted = targets.iter().filter(|target| target.scale.is_some());
        let fitted: Vec<f64> = fitted.map(|target| target.reading.value).collect();
        assert_eq!(fitted, [6.0, 50.0, 30.0, 5.0]);
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
