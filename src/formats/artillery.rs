//! Artillery's JSON.

use serde_json::Value as Json;

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::text;

/// `artillery run -o FILE`
pub static JSON: Reader = Reader {
    declaration: Declaration {
        form: "Artillery, -o",
        tool: "Artillery",
        version: "2.0.34",
        recognised_by: "JSON with aggregate, counters and summaries",
        fields: "aggregate.summaries.\"http.response_time\" (ms), counters \"http.requests\", \"http.responses\", \"http.codes.N\", \"errors.X\", rates \"http.request_rate\"",
        rule: Some(Rule::new(Rank::Below, Value::Sketch)),
        percents: &[50.0, 75.0, 90.0, 95.0, 99.0, 99.9],
        deviation: Deviation::None,
        resolution: "1 ms, percentiles 1 %",
        left_out: "times of dropped requests, and all that the user would have sent after one",
        denominator: "whole numbers of a second",
        failed: "4xx and 5xx in, dropped out",
        omission: "no",
        is_open: false,
    },
    recognises: |head| {
        head.trim_start().starts_with('{')
            && head.contains("\"aggregate\"")
            && head.contains("\"counters\"")
    },
    read,
};

fn read(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    let aggregate = &json["aggregate"];
    let counters = aggregate["counters"].as_object();
    let counter = |name: &str| counters?.get(name)?.as_u64();
    let sum = |of: &dyn Fn(&str) -> bool| -> u64 {
        let all = counters.into_iter().flatten().filter(|(name, _)| of(name));
        all.filter_map(|(_, n)| n.as_u64()).sum()
    };
    let times = &aggregate["summaries"]["http.response_time"];
    let time = |key: &str| text::json_number(times, &[key]);
    let dropped = sum(&|name| name.starts_with("errors."));
    let bad = sum(&|name| {
        let status = name.strip_prefix("http.codes.");
        status.is_some_and(|s| s >= "400")
    });
    let mut reading = Reading {
        requests: counter("http.requests"),
        failed: Some(bad + dropped),
        span: span(aggregate),
        rate: text::json_number(&aggregate["rates"], &["http.request_rate"]),
        mean: time("mean"),
        min: time("min"),
        max: time("max"),
        ..Reading::default()
    };
    let keys = [
        ("p50", 50.0),
        ("p75", 75.0),
        ("p90", 90.0),
        ("p95", 95.0),
        ("p99", 99.0),
        ("p999", 99.9),
    ];
    for (key, percent) in keys {
        reading
            .percentiles
            .extend(time(key).map(|ms| (percent, ms)));
    }
    if dropped > 0 {
        reading.doubts.push(format!(
            "the number of requests: {dropped} got no answer, and each ended its virtual user, who sent nothing more"
        ));
    }
    if let (Some(top), Some(max)) = (reading.percentile(99.9), reading.max) {
        let bounds = (top * 0.985, top * 1.015);
        if !(bounds.0..=bounds.1).contains(&max) {
            reading.doubts.push(format!(
                "high percentiles: 99.9 % is {top} ms, while the longest took {max} ms; the rank is rounded down"
            ));
        }
    }
    reading.doubts.push(
        "vusers.session_length: it is the whole scenario with its think times, no response time"
            .into(),
    );
    Ok(reading)
}

/// From the first counter to the last.
fn span(aggregate: &Json) -> Option<f64> {
    let at = |key: &str| text::json_number(aggregate, &[key]);
    Some((at("lastCounterAt")? - at("firstCounterAt")?) / 1e3)
}
