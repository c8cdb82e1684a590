//! Zipkin's JSON (API version 2): a list of spans, or of lists of spans.
//!
//! Both sides of a call may share one identifier there. The server's half is given one of its own, and the client's
//! as its parent; what the server has called moves along.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::{Builder, Raw, SpanKind, id, or_default};

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Span(Box<Span>),
    Trace(Vec<Span>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    trace_id: String,
    id: String,
    parent_id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    timestamp: i64,
    duration: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    local_endpoint: Endpoint,
    #[serde(default, deserialize_with = "or_default")]
    shared: bool,
    #[serde(default, deserialize_with = "or_default")]
    tags: serde_json::Map<String, Value>,
    /// What version 1 had in place of tags and of a kind.
    binary_annotations: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    service_name: Option<String>,
}

impl Span {
    fn service(&self) -> &str {
        self.local_endpoint
            .service_name
            .as_deref()
            .unwrap_or("service")
    }
}

pub(super) fn add(value: Value, to: &mut Builder) -> Result<(), String> {
    let items: Vec<Item> =
        serde_json::from_value(value).map_err(|_| "a span has no `traceId` or `id`".to_string())?;
    let spans = items.iter().flat_map(|item| match item {
        Item::Span(span) => std::slice::from_ref(&**span),
        Item::Trace(spans) => spans.as_slice(),
    });
    let spans: Vec<&Span> = spans.collect();
    if spans.iter().any(|span| span.binary_annotations.is_some()) {
        let why =
            "they are of version 1 of Zipkin's API, and version 2 is read: /api/v2/traces has it";
        return Err(why.to_string());
    }
    let shared = spans.iter().filter(|span| span.shared);
    let shared: BTreeSet<(&str, &str, &str)> = shared
        .map(|span| (span.trace_id.as_str(), span.id.as_str(), span.service()))
        .collect();
    for span in spans {
        let of_server = |id: &str| shared.contains(&(&span.trace_id, id, span.service()));
        let parent = span.parent_id.as_deref();
        let moved = parent.filter(|parent| of_server(parent)).map(half_of);
        let half = half_of(&span.id);
        to.add(&Raw {
            trace: &span.trace_id,
            id: if span.shared { &half } else { &span.id },
            parent: if span.shared {
                Some(&span.id)
            } else {
                moved.as_deref().or(parent)
            },
            service: span.service(),
            name: &span.name,
            kind: match span.kind.as_str() {
                "SERVER" => SpanKind::Server,
                "CLIENT" => SpanKind::Client,
                "PRODUCER" | "CONSUMER" => SpanKind::Message,
                _ => SpanKind::Internal,
            },
            start_us: span.timestamp,
            us: span.duration,
            failed: span.tags.contains_key("error"),
        });
    }
    Ok(())
}

/// The identifier of the server's half of a span.
fn half_of(text: &str) -> String {
    id(text).map_or(String::new(), |id| format!("{:x}", !id))
}
