//! Thresholds and the data of handleSummary, as far as the tests need them.

use super::Host;
use serde_json::{Map, Value, json};

/// Kinds of built-in metrics that are not trends.
fn kind<'a>(host: &'a Host, metric: &str) -> &'a str {
    match metric {
        "checks" | "http_req_failed" => return "rate",
        "iterations" | "http_reqs" | "dropped_iterations" => return "counter",
        _ => {}
    }
    let made = host.script.exports().metrics.iter();
    made.filter(|m| m.name == metric)
        .map(|m| &*m.kind)
        .next()
        .unwrap_or("trend")
}

fn aggregate(kind: &str, values: &[f64], what: &str) -> f64 {
    let sum: f64 = values.iter().sum();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match what {
        "rate" if kind == "rate" => {
            values.iter().filter(|v| **v != 0.0).count() as f64 / values.len() as f64
        }
        "count" => sum,
        "value" => values.last().copied().unwrap_or(0.0),
        "avg" if !values.is_empty() => sum / values.len() as f64,
        "min" => sorted.first().copied().unwrap_or(0.0),
        "max" => sorted.last().copied().unwrap_or(0.0),
        _ => what
            .strip_prefix("p(")
            .and_then(|p| p.strip_suffix(')')?.parse::<f64>().ok())
            .filter(|_| !sorted.is_empty())
            .map_or(0.0, |p| {
                let at = p / 100.0 * (sorted.len() - 1) as f64;
                let (low, high) = (at.floor() as usize, at.ceil() as usize);
                sorted[low] + (sorted[high] - sorted[low]) * (at - at.floor())
            }),
    }
}

fn holds(host: &Host, metric: &str, threshold: &str) -> bool {
    let name = metric.split('{').next().unwrap_or(metric);
    let tagged = name != metric;
    let none = Vec::new();
    let values = host.metrics.get(name).filter(|_| !tagged).unwrap_or(&none);
    let kind = kind(host, name);
    if kind == "rate" && values.is_empty() {
        return true;
    }
    let at = threshold
        .find(['<', '>', '=', '!'])
        .unwrap_or(threshold.len());
    let (what, rest) = threshold.split_at(at);
    let number = rest.trim_start_matches(['<', '>', '=', '!']);
    let limit: f64 = number.trim().parse().unwrap_or(0.0);
    let value = aggregate(kind, values, what.trim());
    match &rest[..rest.len() - number.len()] {
        "<" => value < limit,
        "<=" => value <= limit,
        ">" => value > limit,
        ">=" => value >= limit,
        "==" | "===" => value == limit,
        _ => value != limit,
    }
}

impl Host {
    /// Metrics with a threshold that does not hold.
    pub(super) fn crossed(&self, thresholds: &[(String, Vec<String>)]) -> Vec<String> {
        thresholds
            .iter()
            .filter(|(metric, list)| list.iter().any(|t| !holds(self, metric, t)))
            .map(|(metric, _)| metric.clone())
            .collect()
    }

    /// The argument of handleSummary.
    pub(super) fn summary_data(&self) -> Value {
        let mut metrics = Map::new();
        for name in self.metrics.keys() {
            let values = &self.metrics[name];
            let kind = kind(self, name);
            let entry = json!({
                "type": kind,
                "contains": "default",
                "values": { "count": values.len(), "avg": aggregate(kind, values, "avg") },
            });
            metrics.insert(name.clone(), entry);
        }
        for name in ["data_received", "data_sent"] {
            metrics.insert(
                name.into(),
                json!({ "type": "counter", "values": { "count": 0 } }),
            );
        }
        json!({ "metrics": metrics, "state": { "testRunDurationMs": self.now.as_millis() as u64 } })
    }
}
