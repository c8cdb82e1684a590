//! Jaeger's JSON, as its query service and its page give it, `{"data": [{"spans": …, "processes": …}]}`, and as spans
//! are stored: a list of them, each with its process.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::stream::{Each, skip};
use super::{Builder, Json, Raw, SpanKind, or_default, trace_id};

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

/// An answer with traces, a trace, or spans as they are stored.
struct File<'b>(&'b mut Builder);

impl<'d> Visitor<'d> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`data` with `spans` and `processes`")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut own, mut known) = (Trace::default(), false);
        while let Some(key) = map.next_key::<String>()? {
            known |= matches!(key.as_str(), "data" | "spans");
            match key.as_str() {
                "data" => map.next_value_seed(Each::new(|trace: Trace| add_all(&trace, self.0)))?,
                "spans" => own.spans = map.next_value()?,
                "processes" => own.processes = map.next_value::<Option<_>>()?.unwrap_or_default(),
                _ => skip(&mut map)?,
            }
        }
        if !known {
            return Err(A::Error::custom(
                "there is no `data` with `spans` and `processes`",
            ));
        }
        add_all(&own, self.0).map_err(A::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'d>>(self, list: A) -> Result<(), A::Error> {
        let none = BTreeMap::new();
        Each::new(|span: Span| add_span(&span, &none, self.0)).all(list)
    }
}

pub(super) fn add(json: Json<'_, '_>, to: &mut Builder) -> Result<(), serde_json::Error> {
    json.deserialize_any(File(to))
}

fn add_all(trace: &Trace, to: &mut Builder) -> Result<(), String> {
    let mut spans = trace.spans.iter();
    spans.try_for_each(|span| add_span(span, &trace.processes, to))
}

fn add_span(
    span: &Span,
    processes: &BTreeMap<String, Process>,
    to: &mut Builder,
) -> Result<(), String> {
    let tag = |key: &str| span.tags.iter().find(|tag| tag.key == key);
    let kind = tag("span.kind").and_then(|tag| tag.value.as_str());
    let (parent, is_waited_for) = span.parent();
    let process = processes.get(&span.process_id);
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
    })
}
