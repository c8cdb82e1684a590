//! Jaeger's JSON, as its query service and its page give it: `{"data": [{"spans": …, "processes": …}]}`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Builder, Raw, SpanKind};

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Many { data: Vec<Trace> },
    One(Trace),
}

#[derive(Deserialize)]
struct Trace {
    spans: Vec<Span>,
    #[serde(default)]
    processes: BTreeMap<String, Process>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    #[serde(default)]
    operation_name: String,
    #[serde(default)]
    references: Vec<Reference>,
    start_time: i64,
    duration: i64,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(rename = "processID", default)]
    process_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: Value,
}

pub(super) fn add(value: Value, to: &mut Builder) -> Result<(), String> {
    let file: File = serde_json::from_value(value)
        .map_err(|_| "there is no `data` with `spans` and `processes`".to_string())?;
    let traces = match file {
        File::Many { data } => data,
        File::One(trace) => vec![trace],
    };
    for trace in &traces {
        for span in &trace.spans {
            let tag = |key: &str| span.tags.iter().find(|tag| tag.key == key);
            let kind = tag("span.kind").and_then(|tag| tag.value.as_str());
            let follows = span
                .references
                .first()
                .is_some_and(|r| r.ref_type == "FOLLOWS_FROM");
            let process = trace.processes.get(&span.process_id);
            let failed = tag("error").is_some_and(|tag| tag.value == true || tag.value == "true");
            to.add(&Raw {
                trace: &span.trace_id,
                id: &span.span_id,
                parent: span.references.first().map(|r| r.span_id.as_str()),
                service: process.map_or("service", |process| process.service_name.as_str()),
                name: &span.operation_name,
                kind: match kind {
                    // Nobody waits for what only follows.
                    Some("producer" | "consumer") => SpanKind::Message,
                    _ if follows => SpanKind::Message,
                    Some("server") => SpanKind::Server,
                    Some("client") => SpanKind::Client,
                    _ => SpanKind::Internal,
                },
                start_us: span.start_time,
                us: Some(span.duration),
                failed,
            });
        }
    }
    Ok(())
}
