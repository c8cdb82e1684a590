//! Jaeger's JSON, as its query service and its page give it, `{"data": [{"spans": …, "processes": …}]}`, and as spans
//! are stored: a list of them, each with its process.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Builder, Raw, SpanKind, or_default, trace_id};

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Many {
        data: Vec<Trace>,
    },
    One(Trace),
    /// As they are stored: each with its process.
    Spans(Vec<Span>),
}

#[derive(Default, Deserialize)]
struct Trace {
    spans: Vec<Span>,
    #[serde(default, deserialize_with = "or_default")]
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
    /// Before there were references.
    #[serde(rename = "parentSpanID", default, deserialize_with = "or_default")]
    parent_span_id: String,
    #[serde(default)]
    operation_name: String,
    #[serde(default, deserialize_with = "or_default")]
    references: Vec<Reference>,
    start_time: i64,
    duration: i64,
    #[serde(default, deserialize_with = "or_default")]
    tags: Vec<Tag>,
    #[serde(rename = "processID", default, deserialize_with = "or_default")]
    process_id: String,
    process: Option<Process>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: String,
    #[serde(rename = "traceID", default, deserialize_with = "or_default")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: Value,
}

impl Span {
    /// The identifier of the span that caused this one, and whether it waits for it. References to other traces are
    /// links, and so are those that follow where another is a parent.
    fn parent(&self) -> (Option<&str>, bool) {
        let own = trace_id(&self.trace_id);
        let here = |r: &&Reference| r.trace_id.is_empty() || trace_id(&r.trace_id) == own;
        let of = |follows: bool| {
            let mut here = self.references.iter().filter(here);
            here.find(|r| (r.ref_type == "FOLLOWS_FROM") == follows)
        };
        match (of(false), of(true)) {
            (Some(parent), _) => (Some(&parent.span_id), true),
            (None, Some(before)) => (Some(&before.span_id), false),
            (None, None) => (Some(self.parent_span_id.as_str()), true),
        }
    }
}

pub(super) fn add(value: Value, to: &mut Builder) -> Result<(), String> {
    let file: File = serde_json::from_value(value)
        .map_err(|_| "there is no `data` with `spans` and `processes`".to_string())?;
    let traces = match file {
        File::Many { data } => data,
        File::One(trace) => vec![trace],
        File::Spans(spans) => vec![Trace {
            spans,
            ..Trace::default()
        }],
    };
    for trace in &traces {
        for span in &trace.spans {
            let tag = |key: &str| span.tags.iter().find(|tag| tag.key == key);
            let kind = tag("span.kind").and_then(|tag| tag.value.as_str());
            let (parent, is_waited_for) = span.parent();
            let process = trace.processes.get(&span.process_id);
            let process = span.process.as_ref().or(process);
            let failed = tag("error").is_some_and(|tag| tag.value == true || tag.value == "true");
            to.add(&Raw {
                trace: &span.trace_id,
                id: &span.span_id,
                parent,
                service: process.map_or("service", |process| process.service_name.as_str()),
                name: &span.operation_name,
                kind: match kind {
                    Some("producer" | "consumer") => SpanKind::Message,
                    // Nobody waits for what only follows.
                    _ if !is_waited_for => SpanKind::Message,
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
