//! The data of a summary as JSON: k6's `--summary-export` and the argument of `handleSummary`.
//!
//! Same keys and values as k6 v0.53.0 and v2.2.0 write, in sorted order where k6's is random. Left
//! out is `setup_data`, which a model has not.

use crate::measure::summary::{CheckCount, Contains, Group, Metric, Summary, Values};
use crate::model::threshold::Aggregation;
use crate::report::format::without_nan;
use crate::report::options::SummaryOptions;
use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

/// The file of `--summary-export`: flat values by metric, and of each threshold whether it FAILED.
#[must_use]
pub fn summary_export(summary: &Summary, options: &SummaryOptions) -> String {
    let metrics = summary.metrics.iter().map(|metric| {
        let mut fields = values(metric, options, "value");
        if !metric.thresholds.is_empty() {
            let failed = |passed: bool| Value::Bool(!passed);
            fields.insert("thresholds".to_owned(), verdicts(metric, failed));
        }
        (metric.name.clone(), Value::Object(fields))
    });
    indented(
        &json!({
            "metrics": metrics.collect::<Map<_, _>>(),
            "root_group": group_by_name(&summary.root, ""),
        }),
        b"    ",
    )
}

/// What k6 hands to a script's `handleSummary`: typed metrics, and of each threshold whether it
/// held.
#[must_use]
pub fn handle_summary(summary: &Summary, options: &SummaryOptions) -> String {
    let metrics = summary.metrics.iter().map(|metric| {
        let mut fields = Map::new();
        fields.insert("type".to_owned(), type_name(&metric.values).into());
        fields.insert("contains".to_owned(), contains_name(metric.contains).into());
        fields.insert(
            "values".to_owned(),
            Value::Object(values(metric, options, "rate")),
        );
        if !metric.thresholds.is_empty() {
            let ok = |passed: bool| json!({ "ok": passed });
            fields.insert("thresholds".to_owned(), verdicts(metric, ok));
        }
        (metric.name.clone(), Value::Object(fields))
    });
    let trend_stats: Vec<String> = options
        .trend_stats
        .iter()
        .map(|&s| options.trend_name(s))
        .collect();
    indented(
        &json!({
            "root_group": group_by_place(&summary.root, ""),
            "options": {
                "summaryTrendStats": trend_stats,
                "summaryTimeUnit": options.time_unit.map_or("", |unit| unit.name()),
                "noColor": !options.color,
            },
            "state": {
                "isStdOutTTY": options.color,
                "isStdErrTTY": options.color,
                "testRunDurationMs": number(summary.duration * 1000.0),
            },
            "metrics": metrics.collect::<Map<_, _>>(),
        }),
        b"  ",
    )
}

/// The aggregated values of a metric; `share` is the key of a rate's share.
fn values(metric: &Metric, options: &SummaryOptions, share: &str) -> Map<String, Value> {
    let fields: Vec<(String, Value)> = match &metric.values {
        Values::Counter { count, rate } => {
            vec![
                ("count".to_owned(), number(*count)),
                ("rate".to_owned(), number(*rate)),
            ]
        }
        Values::Gauge { value, min, max } => vec![
            ("value".to_owned(), number(*value)),
            ("min".to_owned(), number(*min)),
            ("max".to_owned(), number(*max)),
        ],
        Values::Rate { passes, fails } => vec![
            (
                share.to_owned(),
                number(metric.values.rate_share().unwrap_or(0.0)),
            ),
            ("passes".to_owned(), (*passes).into()),
            ("fails".to_owned(), (*fails).into()),
        ],
        Values::Trend { count, .. } => {
            let stats = options.trend_stats.iter();
            stats
                .map(|&stat| (options.trend_name(stat), statistic(metric, stat, *count)))
                .collect()
        }
    };
    fields.into_iter().collect()
}

/// A statistic of a trend: 0 without samples, null if it was not computed.
fn statistic(metric: &Metric, stat: Aggregation, count: u64) -> Value {
    match metric.values.stat(stat) {
        _ if stat == Aggregation::Count => count.into(),
        Some(value) => number(value),
        None if count == 0 => 0.into(),
        None => Value::Null,
    }
}

/// A metric's thresholds by expression.
fn verdicts(metric: &Metric, show: impl Fn(bool) -> Value) -> Value {
    let verdicts = metric.thresholds.iter();
    Value::Object(
        verdicts
            .map(|v| (v.expression.clone(), show(v.passed)))
            .collect(),
    )
}

/// A group whose checks and sub-groups are objects by name.
fn group_by_name(group: &Group, path: &str) -> Value {
    let checks = group
        .checks
        .iter()
        .map(|c| (c.name.clone(), check(c, path)));
    let groups = group.groups.iter();
    let groups = groups.map(|g| (g.name.clone(), group_by_name(g, &below(path, &g.name))));
    json!({
        "name": group.name,
        "path": path,
        "id": id(path),
        "checks": checks.collect::<Map<_, _>>(),
        "groups": groups.collect::<Map<_, _>>(),
    })
}

/// A group whose checks and sub-groups are arrays in the order of first occurrence.
fn group_by_place(group: &Group, path: &str) -> Value {
    let checks = group.checks.iter().map(|c| check(c, path));
    let groups = group
        .groups
        .iter()
        .map(|g| group_by_place(g, &below(path, &g.name)));
    json!({
        "name": group.name,
        "path": path,
        "id": id(path),
        "checks": checks.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
    })
}

/// A check in the group of this path.
fn check(check: &CheckCount, group: &str) -> Value {
    let path = below(group, &check.name);
    json!({
        "name": check.name,
        "path": path,
        "id": id(&path),
        "passes": check.passes,
        "fails": check.fails,
    })
}

/// k6's id of a group or check: the MD5 digest of its path.
fn id(path: &str) -> String {
    let digest = Md5::digest(path.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of what stands in a group: k6 joins names by `::`, the root's being empty.
fn below(group: &str, name: &str) -> String {
    format!("{group}::{name}")
}

/// A number as JSON, whole ones without a fraction; null for an infinite one, which JSON has not.
pub(super) fn number(value: f64) -> Value {
    const WHOLE: f64 = 9_007_199_254_740_992.0; // 2^53: below it every whole double is exact.
    let value = without_nan(value);
    if value.fract() == 0.0 && value.abs() < WHOLE {
        Value::from(value as i64)
    } else {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

/// k6's name of a metric's type.
pub(super) fn type_name(values: &Values) -> &'static str {
    match values {
        Values::Counter { .. } => "counter",
        Values::Gauge { .. } => "gauge",
        Values::Rate { .. } => "rate",
        Values::Trend { .. } => "trend",
    }
}

/// k6's name of what a metric contains.
fn contains_name(contains: Contains) -> &'static str {
    match contains {
        Contains::Default => "default",
        Contains::Time => "time",
        Contains::Data => "data",
    }
}

/// JSON text, indented, with a line break at its end.
fn indented(value: &Value, indent: &[u8]) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Neither can fail: a JSON value in memory has a text, and that text is UTF-8.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok());
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}
