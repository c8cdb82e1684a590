use super::*;

fn of(text: &str) -> Result<Traces, Problem> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("traces.json");
    std::fs::write(&file, text).unwrap();
    assert_eq!(holds_traces(&file), form(text).is_some());
    read(&[file])
}

/// Service, name, parent, kind, start, length and failure of a span.
type Row<'t> = (&'t str, &'t str, Option<u64>, SpanKind, i64, u32, bool);

fn rows(traces: &Traces) -> Vec<Row<'_>> {
    let row = |s: &Span| {
        (
            traces.services[s.service as usize].as_str(),
            traces.names[s.name as usize].as_str(),
            s.parent,
            s.kind,
            s.start_us,
            s.us,
            s.failed,
        )
    };
    traces.spans.iter().map(row).collect()
}

#[test]
fn otlp_is_read_line_by_line() {
    let line = |service: &str, span: &str| {
        format!(
            "{{\"resourceSpans\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"service.name\",\"value\":{{\"stringValue\":\"{service}\"}}}}]}},\
             \"scopeSpans\":[{{\"scope\":{{}},\"spans\":[{span}]}}]}}]}}\n"
        )
    };
    let text = line(
        "api",
        r#"{"traceId":"00000000000000000000000000abc001","spanId":"f000000000000001","parentSpanId":"","name":"GET /a","kind":2,"startTimeUnixNano":"1764000660000000000","endTimeUnixNano":"1764000660250000000","status":{"code":2}}"#,
    ) + &line(
        "db",
        r#"{"traceId":"00000000000000000000000000abc001","spanId":"0000000000000002","parentSpanId":"f000000000000001","name":"query","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1764000660100000000,"endTimeUnixNano":"1764000660150000999","status":{}},
            {"traceId":"x","spanId":"1","name":"odd","startTimeUnixNano":"1","endTimeUnixNano":"2"},
            {"traceId":"1","spanId":"1","name":"open","startTimeUnixNano":"1764000660000000000"}"#,
    );
    let traces = of(&text).unwrap();
    let root = 0xf000_0000_0000_0001;
    assert_eq!(
        rows(&traces),
        [
            (
                "api",
                "GET /a",
                None,
                SpanKind::Server,
                1_764_000_660_000_000,
                250_000,
                true
            ),
            (
                "db",
                "query",
                Some(root),
                SpanKind::Client,
                1_764_000_660_100_000,
                50_000,
                false
            ),
        ]
    );
    let why: Vec<&str> = traces
        .skipped
        .first
        .iter()
        .map(|(_, why, _)| why.as_str())
        .collect();
    assert_eq!(
        why,
        [
            "an identifier is not a hexadecimal number",
            "a span without an end"
        ]
    );
    let cut = of(&text[..text.len() - 40]).unwrap_err();
    assert!(
        cut.to_string().contains("the JSON ends or breaks here"),
        "{cut}"
    );
}

#[test]
fn jaeger_is_read_with_its_processes() {
    let text = r#"{"data":[{"traceID":"ab","spans":[
        {"traceID":"ab","spanID":"1","operationName":"GET /a","references":[],"startTime":1000000,"duration":900,
         "tags":[{"key":"span.kind","type":"string","value":"server"}],"processID":"p1"},
        {"traceID":"ab","spanID":"2","operationName":"mail","references":[{"refType":"FOLLOWS_FROM","traceID":"ab","spanID":"1"}],
         "startTime":1000500,"duration":5000,"tags":[{"key":"error","type":"bool","value":true}],"processID":"p2"}],
        "processes":{"p1":{"serviceName":"api","tags":[]},"p2":{"serviceName":"mailer"}}}],"total":0}"#;
    let traces = of(text).unwrap();
    assert_eq!(
        rows(&traces),
        [
            (
                "api",
                "GET /a",
                None,
                SpanKind::Server,
                1_000_000,
                900,
                false
            ),
            (
                "mailer",
                "mail",
                Some(1),
                SpanKind::Message,
                1_000_500,
                5_000,
                true
            ),
        ]
    );
}

#[test]
fn the_two_halves_of_a_zipkin_span_are_told_apart() {
    let text = r#"[{"traceId":"a","id":"1","name":"get /a","kind":"SERVER","timestamp":1000000,"duration":900,"localEndpoint":{"serviceName":"api"}},
        {"traceId":"a","parentId":"1","id":"2","name":"get /b","kind":"CLIENT","timestamp":1000100,"duration":500,"localEndpoint":{"serviceName":"api"}},
        {"traceId":"a","parentId":"1","id":"2","name":"get /b","kind":"SERVER","timestamp":1000200,"duration":300,"shared":true,"localEndpoint":{"serviceName":"b"},"tags":{"error":"500"}},
        {"traceId":"a","parentId":"2","id":"3","name":"query","kind":"CLIENT","timestamp":1000250,"duration":100,"localEndpoint":{"serviceName":"b"}}]"#;
    let traces = of(text).unwrap();
    assert_eq!(
        rows(&traces),
        [
            (
                "api",
                "get /a",
                None,
                SpanKind::Server,
                1_000_000,
                900,
                false
            ),
            (
                "api",
                "get /b",
                Some(1),
                SpanKind::Client,
                1_000_100,
                500,
                false
            ),
            (
                "b",
                "get /b",
                Some(2),
                SpanKind::Server,
                1_000_200,
                300,
                true
            ),
            (
                "b",
                "query",
                Some(!2),
                SpanKind::Client,
                1_000_250,
                100,
                false
            ),
        ]
    );
    assert!(
        of("{\"metrics\":{}}")
            .unwrap_err()
            .to_string()
            .contains("not traces in a known format")
    );
    assert!(
        of("[{\"traceId\":\"a\",\"id\":1}]")
            .unwrap_err()
            .to_string()
            .contains("not as they should be")
    );
    let none = of("{\"resourceSpans\":[]}").unwrap_err().to_string();
    assert!(none.contains("there is no span in it"), "{none}");
}
