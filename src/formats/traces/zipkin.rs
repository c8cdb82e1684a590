//! Zipkin's JSON (API version 2): a list of spans, or of lists of spans.
//!
//! Both sides of a call may share one identifier there. The server's half is given one of its own, and the client's
//! as its parent; what the server has called moves along.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use super::stream::Each;
use super::{Builder, Json, Raw, SpanKind, id, or_default};

#[derive(Deserialize)]
#[serde(untagged, expecting = "a span has no `traceId` or `id`")]
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
    tags: Tags,
    /// What version 1 had in place of tags and of a kind.
    binary_annotations: Option<IgnoredAny>,
}

/// Of all tags that which a failed span has.
#[derive(Default, Deserialize)]
struct Tags {
    error: Option<IgnoredAny>,
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

/// Traces, or the spans of one.
struct File<'b>(&'b mut Builder);

impl<'d> Visitor<'d> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans, or of lists of them")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, list: A) -> Result<(), A::Error> {
        let mut single = Vec::new();
        let take = |item: Item| match item {
            Item::Trace(spans) => add_all(&spans, self.0),
            Item::Span(span) => {
                single.push(*span);
                Ok(())
            }
        };
        Each::new(take).all(list)?;
        add_all(&single, self.0).map_err(A::Error::custom)
    }
}

pub(super) fn add(json: Json<'_, '_>, to: &mut Builder) -> Result<(), serde_json::Error> {
    json.deserialize_any(File(to))
}

fn add_all(spans: &[Span], to: &mut Builder) -> Result<(), String> {
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
            failed: span.tags.error.is_some(),
        })?;
    }
    Ok(())
}

/// The identifier of the server's half of a span.
fn half_of(text: &str) -> String {
    id(text).map_or(String::new(), |id| format!("{:x}", !id))
}
