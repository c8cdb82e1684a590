//! k6's summaries as JSON: `--summary-export` and the data of `handleSummary`, in the layouts of k6
//! up to 1.x and in that of `--new-machine-readable-summary` (k6 2.x, layout version 1).

use serde_json::{Map, Value};

use super::{Measured, ReadError, Stat, Vus, is_used};
use crate::model::metric_name::{MetricKind, MetricName, find_builtin};
use crate::model::threshold::Aggregation;

pub(super) fn read(text: &str) -> Result<Measured, ReadError> {
    let root: Value = serde_json::from_str(text).map_err(|why| {
        let at = format!("line {}, column {}", why.line(), why.column());
        if why.is_eof() {
            let fix = "copy the file again, or let k6 end before reading it";
            return ReadError::new(at, "the file is cut off in the middle", fix);
        }
        ReadError::new(
            at,
            format!("this is no JSON: {why}"),
            "use the file as k6 wrote it",
        )
    })?;
    let unknown = || {
        let message = "this JSON is not a summary of k6: it has neither `metrics` nor `results`";
        ReadError::new(
            "",
            message,
            "write one with k6 run --summary-export=run.json",
        )
    };
    let root = root.as_object().ok_or_else(unknown)?;
    if let Some(results) = root.get("results") {
        return new_layout(root, results);
    }
    let metrics = root
        .get("metrics")
        .and_then(Value::as_object)
        .ok_or_else(unknown)?;
    let mut measured = Measured::new("k6 summary (JSON)");
    let mut vus = Vus::default();
    for (name, metric) in metrics {
        let at = format!("metrics.{name}");
        let object = metric
            .as_object()
            .ok_or_else(|| ReadError::new(&at, "a metric must be an object", ""))?;
        // handleSummary keeps the numbers one level deeper.
        let values = match object.get("values") {
            Some(values) => values
                .as_object()
                .ok_or_else(|| ReadError::new(format!("{at}.values"), "must be an object", ""))?,
            None => object,
        };
        let kind = object.get("type").and_then(Value::as_str);
        metric_values(&mut measured, &mut vus, &at, (name, kind), values)?;
    }
    measured.set_vus(vus);
    if let Some(ms) = root.get("state").and_then(|s| s.get("testRunDurationMs")) {
        measured.duration = ms.as_f64().map(|ms| ms / 1000.0).filter(|s| *s > 0.0);
    }
    if let Some(group) = root.get("root_group") {
        checks(&mut measured, "root_group", group)?;
    }
    Ok(measured)
}

/// The layout of k6 2's `--new-machine-readable-summary`.
fn new_layout(root: &Map<String, Value>, results: &Value) -> Result<Measured, ReadError> {
    let version = root.get("version").and_then(Value::as_str).unwrap_or("1");
    if !version.starts_with("1.") && version != "1" {
        let message = format!("layout version {version} of the summary is not known");
        return Err(ReadError::new("version", message, "known are versions 1.x"));
    }
    let mut measured = Measured::new("k6 summary (JSON)");
    let mut vus = Vus::default();
    measured.duration = root
        .get("config")
        .and_then(|c| c.get("duration"))
        .and_then(Value::as_f64)
        .filter(|seconds| *seconds > 0.0);
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for (index, metric) in list(results.get("metrics")).iter().enumerate() {
        let at = format!("results.metrics[{index}]");
        let name = metric.get("name").and_then(Value::as_str);
        let values = metric.get("values").and_then(Value::as_object);
        let (Some(name), Some(values)) = (name, values) else {
            return Err(ReadError::new(at, "a metric needs `name` and `values`", ""));
        };
        let kind = metric.get("type").and_then(Value::as_str);
        metric_values(&mut measured, &mut vus, &at, (name, kind), values)?;
    }
    measured.set_vus(vus);
    let checked = results.get("checks").and_then(|c| c.get("results"));
    let (mut passes, mut fails) = (0.0, 0.0);
    for (index, check) in list(checked).iter().enumerate() {
        let (p, f) = one_check(
            &mut measured,
            &format!("results.checks.results[{index}]"),
            check,
        )?;
        passes += p;
        fails += f;
    }
    if passes + fails > 0.0 {
        measured.push("results.checks", "checks", Stat::Passes, passes, 0.0)?;
        measured.push("results.checks", "checks", Stat::Fails, fails, 0.0)?;
    }
    Ok(measured)
}

fn metric_values(
    measured: &mut Measured,
    vus: &mut Vus,
    at: &str,
    (name, kind): (&str, Option<&str>),
    values: &Map<String, Value>,
) -> Result<(), ReadError> {
    if vus.gauge(name, values.get("max").and_then(Value::as_f64)) {
        return Ok(());
    }
    if !is_used(name) {
        return Ok(());
    }
    let gauge = values.contains_key("value") && values.contains_key("max");
    if gauge {
        return Ok(());
    }
    let rate = values.contains_key("passes") || values.contains_key("matches");
    let share = kind == Some("rate")
        || MetricName::parse(name)
            .ok()
            .and_then(|n| find_builtin(n.metric()))
            .is_some_and(|b| b.kind == MetricKind::Rate);
    if let (true, false, false, Some(value)) = (
        share,
        rate,
        values.contains_key("rate"),
        values.get("value").and_then(Value::as_f64),
    ) {
        let place = format!("{at}.value");
        measured.push(&place, name, Stat::Of(Aggregation::Rate), value, 0.0)?;
    }
    for (key, value) in values {
        if matches!(key.as_str(), "thresholds" | "value") || (rate && key == "rate") {
            continue;
        }
        let place = format!("{at}.{key}");
        let number = value.as_f64().ok_or_else(|| {
            let message = format!("`{key}` must be a number, and is {value}");
            ReadError::new(&place, message, "use the file as k6 wrote it")
        })?;
        match key.as_str() {
            "passes" | "matches" => measured.push(&place, name, Stat::Passes, number, 0.0)?,
            "fails" => measured.push(&place, name, Stat::Fails, number, 0.0)?,
            "total" => {
                let passes = values.get("matches").and_then(Value::as_f64).unwrap_or(0.0);
                measured.push(&place, name, Stat::Fails, number - passes, 0.0)?;
            }
            key => {
                let stat = statistic(key).ok_or_else(|| {
                    ReadError::new(&place, format!("`{key}` is not a statistic of k6"), "")
                })?;
                measured.push(&place, name, Stat::Of(stat), number, 0.0)?;
            }
        }
    }
    Ok(())
}

/// `p(95)`, or `p95` as the new layout writes it.
fn statistic(key: &str) -> Option<Aggregation> {
    if let Ok(stat) = Aggregation::parse(key) {
        return Some(stat);
    }
    let percent: f64 = key.strip_prefix('p')?.replace('_', ".").parse().ok()?;
    (0.0..=100.0)
        .contains(&percent)
        .then_some(Aggregation::Percentile(percent))
}

/// Checks of a group and its sub-groups; both are arrays or objects, by version.
fn checks(measured: &mut Measured, at: &str, group: &Value) -> Result<(), ReadError> {
    for (key, check) in members(group.get("checks")) {
        one_check(measured, &format!("{at}.checks.{key}"), check)?;
    }
    for (key, below) in members(group.get("groups")) {
        checks(measured, &format!("{at}.groups.{key}"), below)?;
    }
    Ok(())
}

fn members(value: Option<&Value>) -> Vec<(String, &Value)> {
    match value {
        Some(Value::Object(map)) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => Vec::new(),
    }
}

fn one_check(measured: &mut Measured, at: &str, check: &Value) -> Result<(f64, f64), ReadError> {
    let count = |key: &str| {
        check
            .get(key)
            .and_then(Value::as_f64)
            .ok_or_else(|| ReadError::new(format!("{at}.{key}"), "a check needs this number", ""))
    };
    let (passes, fails) = (count("passes")?, count("fails")?);
    if let Some(name) = check.get("name").and_then(Value::as_str) {
        measured.check(at, name, passes, fails)?;
    }
    Ok((passes, fails))
}

impl Measured {
    /// Keeps a check's counts, if its name can be written as a tag.
    pub(super) fn check(
        &mut self,
        at: &str,
        name: &str,
        passes: f64,
        fails: f64,
    ) -> Result<(), ReadError> {
        let metric = format!("checks{{check:{name}}}");
        if name.contains([',', '{', '}']) {
            return Ok(());
        }
        self.push(at, &metric, Stat::Passes, passes, 0.0)?;
        self.push(at, &metric, Stat::Fails, fails, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_that_is_none_is_not_known() {
        for (ms, duration) in [("5000", Some(5.0)), ("-5000", None), ("0", None)] {
            let text = format!(
                "{{\"metrics\": {{\"http_reqs\": {{\"type\": \"counter\", \"values\": {{\"count\": 10, \"rate\": 2}}}}}}, \
                 \"state\": {{\"testRunDurationMs\": {ms}}}}}"
            );
            let measured = read(&text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(measured.duration, duration, "{ms}");
        }
    }
}
