//! k6's `--out json`: one JSON object a line, metrics and points.

use serde::Deserialize;

use super::clock::Clock;
use super::samples::{Samples, Taken};
use super::{Measured, ReadError};
use crate::model::metric_name::MetricKind;
use crate::world::window::Window;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    metric: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    value: Option<f64>,
    time: Option<&'a str>,
    /// k6 up to 0.2x writes `null` for none.
    #[serde(borrow, default)]
    tags: Option<Tags<'a>>,
}

#[derive(Default, Deserialize)]
struct Tags<'a> {
    #[serde(borrow)]
    name: Option<std::borrow::Cow<'a, str>>,
}

pub(super) fn read(text: &str, window: Option<Window>) -> Result<Measured, ReadError> {
    let mut samples = Samples::within(window);
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let at = format!("line {}", index + 1);
        let line: Line = serde_json::from_str(line).map_err(|why| {
            let at = format!("{at}, column {}", why.column());
            if why.is_eof() {
                let fix = "copy the file again, or let k6 end before reading it";
                return ReadError::new(at, "the line is cut off in the middle", fix);
            }
            ReadError::new(at, format!("this is not a line of k6's JSON: {why}"), "")
        })?;
        match (line.kind, line.data.kind, line.data.value) {
            ("Metric", Some(kind), _) => {
                let kind = metric_kind(kind);
                if kind.is_some_and(|kind| !samples.declare(&line.metric, kind)) {
                    // k6 declares each metric once, right before its first sample.
                    return Err(ReadError::second(at));
                }
            }
            ("Point", _, Some(value)) => {
                let tags = line.data.tags.as_ref();
                let name = tags.and_then(|t| t.name.as_deref()).unwrap_or("");
                let taken = Taken {
                    metric: &line.metric,
                    name,
                    value,
                    time: line.data.time.map(|text| (Clock::Any, text)),
                };
                samples.add(&at, taken)?;
            }
            ("Point", _, None) => {
                let message = format!("a point of `{}` has no value", line.metric);
                return Err(ReadError::new(at, message, "use the file as k6 wrote it"));
            }
            (other, _, _) => {
                let message = format!("`{other}` is neither a metric nor a point");
                return Err(ReadError::new(
                    at,
                    message,
                    "write it with k6 run --out json=run.json",
                ));
            }
        }
    }
    samples.finish("k6 --out json")
}

fn metric_kind(kind: &str) -> Option<MetricKind> {
    Some(match kind {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "rate" => MetricKind::Rate,
        "trend" => MetricKind::Trend,
        _ => return None,
    })
}
