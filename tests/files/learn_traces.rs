//! Models that are learned from distributed traces.

use std::fmt::Write;
use std::process::Command;

/// Spans of a shop whose structure is known: `GET /orders/{id}` works 4 ms in the mean, asks the database for 6 ms,
/// then, in 7 of 10 requests, stock and price at once (8 ms each), sends a mail, and works 2 ms more. All times are
/// exponential.
struct Shop {
    text: String,
    state: u64,
    next: u64,
}

/// A span, in microseconds.
struct Span<'s> {
    service: &'s str,
    name: &'s str,
    kind: u8,
    parent: u64,
    start: i64,
    us: i64,
    failed: bool,
}

impl Shop {
    /// Uniform between 0 and 1.
    fn draw(&mut self) -> f64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean_us: f64) -> i64 {
        (-mean_us * libm::log(self.draw())).round() as i64
    }

    fn span(&mut self, trace: u64, span: &Span) -> u64 {
        self.next += 1;
        let parent = match span.parent {
            0 => String::new(),
            id => format!("{id:016x}"),
        };
        writeln!(
            self.text,
            "{{\"resourceSpans\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"service.name\",\"value\":{{\"stringValue\":\"{}\"}}}}]}},\
             \"scopeSpans\":[{{\"spans\":[{{\"traceId\":\"{trace:032x}\",\"spanId\":\"{:016x}\",\"parentSpanId\":\"{parent}\",\
             \"name\":\"{}\",\"kind\":{},\"startTimeUnixNano\":\"{}\",\"endTimeUnixNano\":\"{}\",\"status\":{{\"code\":{}}}}}]}}]}}]}}",
            span.service,
            self.next,
            span.name,
            span.kind,
            span.start * 1_000,
            (span.start + span.us) * 1_000,
            if span.failed { 2 } else { 0 }
        )
        .unwrap();
        self.next
    }

    fn request(&mut self, trace: u64, start: i64) {
        let root = self.next + 1;
        // The root is written first, and its length is known last: its identifier is kept free.
        self.next = root;
        let mut at = start + self.exponential(4_000.0);
        let call = |shop: &mut Shop, service, name, kind, mean, at| {
            let us = shop.exponential(mean);
            let span = Span {
                service,
                name,
                kind,
                parent: root,
                start: at,
                us,
                failed: false,
            };
            shop.span(trace, &span);
            at + us
        };
        at = call(self, "shop", "SELECT orders", 3, 6_000.0, at);
        if self.draw() < 0.7 {
            let stock = call(self, "stock", "GET /stock", 2, 8_000.0, at);
            let price = call(self, "price", "GET /price", 2, 8_000.0, at);
            at = stock.max(price);
        }
        call(self, "mail", "send", 4, 50_000.0, at);
        let end = at + self.exponential(2_000.0);
        let name = format!("GET /orders/{trace}");
        let failed = trace.is_multiple_of(50);
        let next = std::mem::replace(&mut self.next, root - 1);
        let span = Span {
            service: "shop",
            name: &name,
            kind: 2,
            parent: 0,
            start,
            us: end - start,
            failed,
        };
        self.span(trace, &span);
        self.next = next;
    }
}

fn capsim(directory: &std::path::Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    let done = command.current_dir(directory).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        done.status.code().unwrap(),
        text(&done.stdout),
        text(&done.stderr),
    )
}

#[test]
fn the_call_graph_of_a_known_system_is_found_with_its_times() {
    let mut shop = Shop {
        text: String::new(),
        state: 7,
        next: 0,
    };
    let mut at = 1_764_000_000_000_000;
    for trace in 1..=4_000 {
        at += shop.exponential(50_000.0);
        shop.request(trace, at);
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("traces.json"), &shop.text).unwrap();
    let (code, model, err) = capsim(directory.path(), &["learn", "traces.json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for part in [
        "4,000 requests from outside",
        "# GET /orders/{id}: 4,000 calls, ",
        "{ call = \"shop_select_orders_call\" },",
        "{ parallel = [\"stock_get_stock\", \"price_get_price\"] },",
        "{ spawn = \"mail_send\" },",
        "fail = 0.02",
        "as Poisson arrivals have it",
    ] {
        assert!(model.contains(part), "{part}\n{model}");
    }
    // Nothing in this shop waits for anything.
    assert!(!model.contains("[stations."), "{model}");
    std::fs::write(directory.path().join("m.toml"), &model).unwrap();
    let (code, _, err) = capsim(
        directory.path(),
        &["run", "m.toml", "-q", "--summary-export", "s.json"],
    );
    assert_eq!((code, err.as_str()), (0, ""));
    let summary = std::fs::read_to_string(directory.path().join("s.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let of = |stat: &str| {
        summary["metrics"]["http_req_duration"][stat]
            .as_f64()
            .unwrap()
    };
    // The slower of two exponential times of 8 ms takes 12 ms in the mean.
    let mean = 4.0 + 6.0 + 0.7 * 12.0 + 2.0;
    assert!(
        (of("avg") / mean - 1.0).abs() < 0.05,
        "{} {mean}\n{model}",
        of("avg")
    );
    let rate = summary["metrics"]["http_reqs"]["rate"].as_f64().unwrap();
    assert!((rate / 20.0 - 1.0).abs() < 0.1, "{rate}");
}

#[test]
fn a_service_with_one_worker_is_found_as_a_station() {
    // One request after the other takes 20 ms of a single worker; they come every 25 ms in the mean.
    let mut shop = Shop {
        text: String::new(),
        state: 3,
        next: 0,
    };
    let (mut at, mut free) = (1_764_000_000_000_000, 0);
    for trace in 1..=6_000 {
        at += shop.exponential(25_000.0);
        free = free.max(at) + shop.exponential(20_000.0);
        let span = Span {
            service: "shop",
            name: "GET /",
            kind: 2,
            parent: 0,
            start: at,
            us: free - at,
            failed: false,
        };
        shop.span(trace, &span);
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("traces.json"), &shop.text).unwrap();
    let (code, model, err) = capsim(directory.path(), &["learn", "traces.json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(model.contains("[stations.shop]\nservers = 1\n"), "{model}");
    assert!(model.contains("{ station = \"shop\", time = "), "{model}");
}

#[test]
fn calls_without_an_end_are_cut_and_said() {
    let mut shop = Shop {
        text: String::new(),
        state: 3,
        next: 0,
    };
    let base = 1_764_000_000_000_000;
    for trace in 1..=20_u64 {
        let start = base + 100_000 * trace as i64;
        let mut parent = 0;
        for (depth, service) in ["a", "b", "a", "b"].into_iter().enumerate() {
            let depth = depth as i64;
            let span = Span {
                service,
                name: "GET /",
                kind: 2,
                parent,
                start: start + 100 * depth,
                us: 1_000 - 200 * depth,
                failed: false,
            };
            parent = shop.span(trace, &span);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("traces.json"), &shop.text).unwrap();
    let (code, model, err) = capsim(directory.path(), &["learn", "traces.json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(model.contains("which calls it again"), "{model}");
    std::fs::write(directory.path().join("m.toml"), &model).unwrap();
    assert_eq!(
        capsim(directory.path(), &["run", "m.toml", "-q"]).0,
        0,
        "{model}"
    );

    let (code, _, err) = capsim(directory.path(), &["learn", "traces.json", "--replay", "r"]);
    assert!(code == 104 && err.contains("--replay is for logs"), "{err}");
    let one = shop.text.lines().next().unwrap();
    std::fs::write(directory.path().join("one.json"), one).unwrap();
    let (code, _, err) = capsim(directory.path(), &["learn", "one.json"]);
    assert!(
        code == 104 && err.contains("fewer than two requests"),
        "{err}"
    );
}

/// The model that a recorded file gives, which is valid.
fn of_recording(name: &str) -> String {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/traces");
    let (code, model, err) = capsim(&directory, &["learn", name]);
    assert_eq!((code, err.as_str()), (0, ""));
    model
}

/// The text of an endpoint's visits.
fn endpoint<'m>(model: &'m str, name: &str) -> &'m str {
    let rest = model.split(&format!("[endpoints.{name}]\n")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no endpoint {name}: {model}"));
    rest.split("\n\n").next().unwrap()
}

/// The mean time of the first line of an endpoint that is not a call, in ms.
fn mean_of(model: &str, name: &str) -> f64 {
    let text = endpoint(model, name);
    let mean = text.split("# mean ").nth(1).unwrap();
    mean.split("ms").next().unwrap().parse().unwrap()
}

#[test]
fn files_of_the_python_sdk_are_read_as_otlp_and_as_zipkin() {
    for name in ["otlp-python.json.gz", "zipkin-python.json.gz"] {
        let model = of_recording(name);
        assert!(
            model.contains("420 spans, 60 requests from outside"),
            "{name}: {model}"
        );
        // Most requests have both calls at once; on a busy machine one thread was through before the other began.
        let root = endpoint(&model, "frontend_get_buy_id");
        assert!(
            root.contains("{ call = \"frontend_post_cart_call\" }")
                && root.contains(
                    "{ parallel = [\"frontend_get_stock_id_call\", \"frontend_get_price_call\"] }"
                ),
            "{name}: {root}"
        );
        let cart = endpoint(&model, "cart_post_cart");
        assert!(
            cart.contains("{ fail = 0.050000, status = 500 }, # 3 failed"),
            "{cart}"
        );
        // The program slept for 6 ms in the mean of 60, and waited for its turn.
        let mean = mean_of(&model, "cart_post_cart");
        assert!(
            mean > 6.0 * (1.0 - 4.0 / 60_f64.sqrt()) && mean < 30.0,
            "{mean}"
        );
    }
}

#[test]
fn files_of_py_zipkin_are_read() {
    let model = of_recording("py-zipkin.json.gz");
    assert!(
        model.contains("120 spans, 40 requests from outside"),
        "{model}"
    );
    let call = endpoint(&model, "web_get_balance_call");
    assert!(
        call.contains("{ call = \"account_get_balance\" }"),
        "{call}"
    );
    assert!(endpoint(&model, "web_get_home").contains("{ call = \"web_get_balance_call\" }"));
}

/// Its begins are whole milliseconds, cut, and its ends are not: two calls, one right behind the other, seem to overlap.
#[test]
fn files_of_the_javascript_sdk_are_read_though_their_begins_are_cut() {
    let model = of_recording("otlp-js.json.gz");
    assert!(
        model.contains("280 spans, 40 requests from outside"),
        "{model}"
    );
    assert!(
        model.contains("40 calls, 40 of this shape\n[endpoints.api_get_items_id]"),
        "{model}"
    );
    let root = endpoint(&model, "api_get_items_id");
    let (first, both) = (
        root.find("{ call = \"api_select_item_call\" }"),
        root.find("{ parallel = ["),
    );
    assert!(first.is_some() && first < both, "{root}");
    assert!(
        model.contains("the begins of spans are whole milliseconds"),
        "{model}"
    );
}
