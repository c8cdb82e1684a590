//! k6's `--out json`: a line for each metric at its first sample, and one for each sample
//! (`internal/output/json`, k6 v2.2.0).

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::export::number;
use crate::engine::Time;
use crate::model::Model;
use crate::model::duration;
use crate::model::metric_name::{Contains, MetricKind, MetricName, SubMetric, kind_of};
use crate::model::threshold::Threshold;
use crate::report::samples::{self, Point};
use crate::world::outcome::Outcome;
use crate::world::tags::Tags;

#[derive(Serialize)]
struct MetricLine<'a> {
    r#type: &'static str,
    data: MetricData<'a>,
    metric: &'a str,
}

#[derive(Serialize)]
struct MetricData<'a> {
    name: &'a str,
    r#type: String,
    contains: &'static str,
    thresholds: Vec<Value>,
    submetrics: Option<Vec<SubMetricData>>,
}

#[derive(Serialize)]
struct SubMetricData {
    name: String,
    suffix: String,
    tags: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct PointLine<'a> {
    metric: &'a str,
    r#type: &'static str,
    data: PointData<'a>,
}

#[derive(Serialize)]
struct PointData<'a> {
    time: String,
    value: Value,
    #[serde(serialize_with = "as_object")]
    tags: &'a Tags,
}

fn as_object<S: serde::Serializer>(tags: &&Tags, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(tags.iter().map(|(key, value)| (key, value)))
}

/// Writes all samples of a run that has logged them. `epoch` is the start mark.
///
/// # Errors
/// Those of the writer.
pub fn write(
    outcome: &Outcome,
    model: &Model,
    epoch: Timestamp,
    mut out: impl Write,
) -> io::Result<()> {
    let mut seen: Vec<String> = Vec::new();
    samples::each(outcome, model, |point| {
        if !seen.iter().any(|name| name == point.metric) {
            seen.push(point.metric.to_owned());
            line(&mut out, &metric(model, point.metric))?;
        }
        line(&mut out, &sample(epoch, &point))
    })?;
    out.flush()
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn sample<'a>(epoch: Timestamp, point: &Point<'a>) -> PointLine<'a> {
    PointLine {
        metric: point.metric,
        r#type: "Point",
        data: PointData {
            time: time(epoch, point.at),
            value: number(point.value),
            tags: point.tags,
        },
    }
}

/// RFC 3339 with as many decimals as needed. A time beyond the calendar stays at its end.
fn time(epoch: Timestamp, at: Time) -> String {
    let since = SignedDuration::from_nanos(i64::try_from(at.0).unwrap_or(i64::MAX));
    let time = epoch.saturating_add(since).unwrap_or(Timestamp::MAX);
    time.to_string()
}

fn metric<'a>(model: &Model, name: &'a str) -> MetricLine<'a> {
    let (kind, contains) = kind_and_unit(model, name);
    let whole = |t: &&crate::model::threshold::MetricThresholds| t.metric == name;
    let thresholds = model.thresholds.iter().filter(whole);
    let thresholds = thresholds.flat_map(|t| &t.thresholds).map(threshold);
    let submetrics = sub_metrics(model, name);
    MetricLine {
        r#type: "Metric",
        data: MetricData {
            name,
            r#type: kind.to_string(),
            contains,
            thresholds: thresholds.collect(),
            submetrics: (!submetrics.is_empty()).then_some(submetrics),
        },
        metric: name,
    }
}

/// The type of a metric, and k6's word for what its values are.
fn kind_and_unit(model: &Model, name: &str) -> (MetricKind, &'static str) {
    let unknown = (MetricKind::Counter, Contains::Default);
    let (kind, contains) = kind_of(name, &model.metrics).unwrap_or(unknown);
    let contains = match contains {
        Contains::Default => "default",
        Contains::Time => "time",
        Contains::Data => "data",
    };
    (kind, contains)
}

/// An expression; an object if it may abort the run.
fn threshold(threshold: &Threshold) -> Value {
    if !threshold.abort_on_fail {
        return Value::from(threshold.expression.as_str());
    }
    json!({
        "threshold": threshold.expression,
        "abortOnFail": true,
        "delayAbortEval": threshold.delay_abort_eval.map(duration::print),
    })
}

/// The sub-metrics that thresholds name, and the one that k6 always keeps.
fn sub_metrics(model: &Model, name: &str) -> Vec<SubMetricData> {
    let named = model.thresholds.iter().map(|t| t.name.clone());
    let always = MetricName::parse("http_req_duration{expected_response:true}").ok();
    let mut all: Vec<SubMetric> = Vec::new();
    for metric in named.chain(always) {
        if let MetricName::Part(sub) = metric
            && sub.parent == name
            && !all.contains(&sub)
        {
            all.push(sub);
        }
    }
    let data = |sub: SubMetric| SubMetricData {
        name: sub.name(),
        suffix: sub.suffix,
        tags: sub.tags.into_iter().collect(),
    };
    all.into_iter().map(data).collect()
}
