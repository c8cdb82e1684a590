use super::*;

fn of(text: &str) -> Result<Traces, Problem> {
    let source = Source::of_bytes("traces.json", text.as_bytes()).unwrap();
    assert_eq!(are_in(&source), form(text).is_some());
    read([Ok(source)])
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
            "an identifier is neither hexadecimal nor base64",
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

/// Parent and kind of each span.
fn causes(traces: &Traces) -> Vec<(Option<u64>, SpanKind)> {
    let cause = |span: &Span| (span.parent, span.kind);
    traces.spans.iter().map(cause).collect()
}

#[test]
fn jaeger_s_spans_as_they_are_stored_have_their_process_with_them() {
    // As the anonymizer writes them; version 1 had `parentSpanID`, and lists may be `null`.
    let text = r#"[{"traceID":"00ab","spanID":"1","flags":1,"operationName":"GET /a","references":null,"startTime":1000000,
        "duration":900,"tags":null,"logs":[],"process":{"serviceName":"api","tags":[]},"warnings":null},
        {"traceID":"00ab","spanID":"2","parentSpanID":"1","operationName":"query","startTime":1000100,"duration":300,
        "tags":[{"key":"span.kind","type":"string","value":"client"},{"key":"error","type":"bool","value":"true"}],
        "process":{"serviceName":"api","tags":[]}}]"#;
    let traces = of(text).unwrap();
    assert_eq!(traces.form, "Jaeger traces");
    assert_eq!(
        rows(&traces),
        [
            (
                "api",
                "GET /a",
                None,
                SpanKind::Internal,
                1_000_000,
                900,
                false
            ),
            (
                "api",
                "query",
                Some(1),
                SpanKind::Client,
                1_000_100,
                300,
                true
            ),
        ]
    );
}

#[test]
fn a_link_of_jaeger_is_no_parent() {
    // Links of OpenTelemetry are references, too: to other traces, or behind the parent.
    let span = |id: u32, references: &str| {
        format!(
            "{{\"traceID\":\"ab\",\"spanID\":\"{id}\",\"operationName\":\"x\",\"references\":[{references}],\"startTime\":1000000,\
             \"duration\":900,\"tags\":[{{\"key\":\"span.kind\",\"type\":\"string\",\"value\":\"server\"}}],\"processID\":\"p1\"}}"
        )
    };
    let to = |kind: &str, trace: &str, id: u32| {
        format!("{{\"refType\":\"{kind}\",\"traceID\":\"{trace}\",\"spanID\":\"{id}\"}}")
    };
    let spans = [
        span(1, &to("FOLLOWS_FROM", "cd", 9)),
        span(
            2,
            &[to("FOLLOWS_FROM", "ab", 8), to("CHILD_OF", "00ab", 1)].join(","),
        ),
        span(3, &to("FOLLOWS_FROM", "ab", 2)),
        span(4, "{\"refType\":\"CHILD_OF\",\"spanID\":\"3\"}"),
    ];
    let text = format!(
        "{{\"data\":[{{\"traceID\":\"ab\",\"spans\":[{}],\"processes\":{{\"p1\":{{\"serviceName\":\"api\",\"tags\":[]}}}},\
         \"warnings\":null}}],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}}",
        spans.join(",")
    );
    assert_eq!(
        causes(&of(&text).unwrap()),
        [
            (None, SpanKind::Server),
            (Some(1), SpanKind::Server),
            (Some(2), SpanKind::Message),
            (Some(3), SpanKind::Server),
        ]
    );
}

#[test]
fn the_answers_of_jaeger_s_third_api_are_otlp_in_a_result() {
    let text = r#"{"result":{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"01","spanId":"02",
        "name":"foobar","kind":2,"startTimeUnixNano":"1764000660000000000","endTimeUnixNano":"1764000660250000000",
        "status":{"code":2}}]}]}]}}"#;
    let traces = of(text).unwrap();
    assert_eq!(
        (traces.form.as_str(), traces.spans.len()),
        ("OpenTelemetry traces", 1)
    );
    assert!(traces.spans[0].failed);
}

#[test]
fn zipkin_s_nulls_are_nothing_and_its_first_version_is_refused() {
    // As Spring Cloud's older servers answer.
    let text = r#"[[{"traceId":"a","parentId":null,"id":"1","kind":null,"name":null,"timestamp":1000000,"duration":900,
        "debug":false,"shared":false,"localEndpoint":{"serviceName":"api","ipv4":"192.168.191.2","ipv6":null,"port":0},
        "remoteEndpoint":null,"annotations":null,"tags":null},
        {"traceId":"a","parentId":"1","id":"2","kind":"CLIENT","name":"get","timestamp":1000100,"duration":500,"localEndpoint":null},
        {"traceId":"a","parentId":"1","id":"3","kind":"CLIENT","name":"get","timestamp":1000100,"duration":null}]]"#;
    let traces = of(text).unwrap();
    assert_eq!(
        causes(&traces),
        [(None, SpanKind::Internal), (Some(1), SpanKind::Client)]
    );
    assert_eq!(
        (traces.skipped.count, traces.skipped.first[0].1.as_str()),
        (1, "a span without an end")
    );
    let first = r#"[{"traceId":"a","id":"1","name":"get","timestamp":1000000,"duration":900,
        "annotations":[{"timestamp":1000000,"value":"sr","endpoint":{"serviceName":"api"}}],"binaryAnnotations":[]}]"#;
    let why = of(first).unwrap_err().to_string();
    assert!(why.contains("/api/v2/traces has it"), "{why}");
}

#[test]
fn a_span_that_is_given_twice_counts_once() {
    let line = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"1","spanId":"2","name":"a","startTimeUnixNano":"1764000660000000000","endTimeUnixNano":"1764000660250000000"}]}]}]}"#;
    let other = line.replace("\"2\"", "\"3\"");
    let traces = of(&format!("{line}\n{other}\n{line}\n")).unwrap();
    let ids: Vec<u64> = traces.spans.iter().map(|span| span.id).collect();
    assert_eq!((ids, traces.skipped.count), (vec![2, 3], 1));
    assert_eq!(traces.skipped.first[0].1, "a span that stands there before");
}

/// Layout and names of public answers of Tempo 2.x; the identifiers are those of the OTLP of the same spans.
#[test]
fn answers_of_tempo_have_their_identifiers_in_base64() {
    let spans = r#"{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}}]},"scopeSpans":[{"scope":{},"spans":[
        {"traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"7uGbfsPBsXQ=","name":"GET /a","kind":"SPAN_KIND_SERVER",
         "startTimeUnixNano":"1764000660000000000","endTimeUnixNano":"1764000660250000000","status":{"code":"STATUS_CODE_ERROR"}},
        {"traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"AAAAAAAAAAI=","parentSpanId":"7uGbfsPBsXQ=","name":"query",
         "kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"1764000660100000000","endTimeUnixNano":"1764000660150000000","status":{}},
        {"traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"W47/95gDgQPSabYzgT/GDA==","name":"odd","startTimeUnixNano":"1764000660100000000","endTimeUnixNano":"1764000660150000000"}]}]}"#;
    let root = 0xeee1_9b7e_c3c1_b174;
    for text in [
        format!("{{\"batches\":[{spans}]}}"),
        format!(
            "{{\"trace\":{{\"resourceSpans\":[{spans}]}},\"metrics\":{{\"inspectedBytes\":\"9\"}}}}"
        ),
        // Names of lists before version 2.
        format!("{{\"batches\":[{spans}]}}").replace("scopeSpans", "instrumentationLibrarySpans"),
    ] {
        let traces = of(&text).unwrap();
        assert_eq!(traces.form, "OpenTelemetry traces");
        let ids: Vec<(u128, u64)> = traces.spans.iter().map(|s| (s.trace, s.id)).collect();
        let trace = 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c;
        assert_eq!(ids, [(trace, root), (trace, 2)]);
        assert_eq!(
            causes(&traces),
            [(None, SpanKind::Server), (Some(root), SpanKind::Client)]
        );
        assert_eq!((traces.skipped.count, traces.spans[0].failed), (1, true));
    }
    // Digits that were packed as a text.
    assert_eq!(id("ZWVlMTliN2VjM2MxYjE3NA=="), Some(root));
    assert_eq!(
        (id("=="), id("7uGbfsPBsXQ==="), trace_id("=")),
        (None, None, None)
    );
}

#[test]
fn traces_are_read_one_by_one_up_to_a_number_of_spans() {
    let one = |trace: u32| {
        format!(
            "{{\"traceID\":\"{trace:x}\",\"spans\":[{{\"traceID\":\"{trace:x}\",\"spanID\":\"1\",\"operationName\":\"x\",\
             \"startTime\":1000000,\"duration\":9,\"processID\":\"p\"}}],\"processes\":{{\"p\":{{\"serviceName\":\"s{trace}\"}}}}}}"
        )
    };
    let all: Vec<String> = (1..=20).map(one).collect();
    let text = format!("{{\"data\":[{}],\"total\":0}}", all.join(","));
    let within = |most| {
        let source = Source::of_bytes("traces.json", text.as_bytes());
        read_at_most([source], most)
    };
    let traces = within(20).unwrap();
    assert_eq!((traces.spans.len(), traces.services.len()), (20, 20));
    let why = within(19).unwrap_err().to_string();
    assert!(
        why.contains("more than 19 spans") && why.contains("every tenth"),
        "{why}"
    );
    // What is wrong behind the spans that were understood is told, too.
    let cut = of(&text[..text.len() - 20]).unwrap_err().to_string();
    assert!(cut.contains("the JSON ends or breaks here"), "{cut}");
    let odd = of(&text.replace("\"total\":0", "\"data\":7")).unwrap_err();
    assert!(odd.to_string().contains("not as they should be"), "{odd}");
}
