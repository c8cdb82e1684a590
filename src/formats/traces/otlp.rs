//! OTLP as JSON: `ExportTraceServiceRequest` of opentelemetry-proto 1.x, a line each in a file exporter's file.
//!
//! In the answers of Jaeger's API version 3 it stands in `result`, in those of Tempo's version 2 in `trace`, and those
//! of Tempo's version 1 call the list `batches`. 64-bit numbers are texts in it, identifiers hexadecimal (of Tempo in
//! base64), and enumerations numbers or names.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::stream::{Each, skip};
use super::{Builder, Json, Raw, SpanKind};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default)]
    resource: Resource,
    /// Called `instrumentationLibrarySpans` before 0.15.
    #[serde(default, alias = "instrumentationLibrarySpans")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
struct Resource {
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    trace_id: String,
    span_id: String,
    parent_span_id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: Value,
    #[serde(default)]
    start_time_unix_nano: Value,
    #[serde(default)]
    end_time_unix_nano: Value,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: Value,
}

/// An object with the list of the spans, or one around it.
struct Request<'b>(&'b mut Builder);

impl<'d> DeserializeSeed<'d> for Request<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'d> Visitor<'d> for Request<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `resourceSpans`")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "resourceSpans" | "batches" => {
                    map.next_value_seed(Each::new(|spans: ResourceSpans| add_all(&spans, self.0)))?;
                }
                "result" | "trace" => map.next_value_seed(Request(self.0))?,
                _ => skip(&mut map)?,
            }
        }
        Ok(())
    }
}

pub(super) fn add(json: Json<'_, '_>, to: &mut Builder) -> Result<(), serde_json::Error> {
    Request(to).deserialize(json)
}

fn add_all(resource: &ResourceSpans, to: &mut Builder) -> Result<(), String> {
    let named = resource.resource.attributes.iter();
    let service = named
        .filter(|attribute| attribute.key == "service.name")
        .find_map(|attribute| attribute.value.get("stringValue")?.as_str())
        .unwrap_or("service");
    for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
        let (start, end) = (
            nanos(&span.start_time_unix_nano),
            nanos(&span.end_time_unix_nano),
        );
        to.add(&Raw {
            trace: &span.trace_id,
            id: &span.span_id,
            parent: span.parent_span_id.as_deref(),
            service,
            name: &span.name,
            kind: kind(&span.kind),
            start_us: start.map_or(0, |ns| ns / 1_000),
            us: start.zip(end).map(|(start, end)| (end - start) / 1_000),
            failed: span.status.code == 2 || span.status.code == "STATUS_CODE_ERROR",
        })?;
    }
    Ok(())
}

/// A 64-bit number, which is a text unless a writer has its own idea.
fn nanos(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
    .filter(|ns| *ns > 0)
}

fn kind(value: &Value) -> SpanKind {
    let names = ["SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
    let by_name = |text: &str| {
        let name = text.trim_start_matches("SPAN_KIND_");
        names
            .iter()
            .position(|own| *own == name)
            .map(|k| k as i64 + 2)
    };
    let number = value.as_i64().or_else(|| by_name(value.as_str()?));
    match number {
        Some(2) => SpanKind::Server,
        Some(3) => SpanKind::Client,
        Some(4 | 5) => SpanKind::Message,
        _ => SpanKind::Internal,
    }
}
