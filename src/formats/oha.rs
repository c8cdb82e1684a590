//! oha: its JSON and its CSV.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::table;
use super::text;

const PRINTED: Declaration = Declaration {
    form: "oha, JSON",
    tool: "oha",
    version: "1.16.0",
    recognised_by: "JSON with summary.successRate and latencyPercentiles",
    fields: "summary: total, slowest, fastest, average (s), requestsPerSec; latencyPercentiles (s); statusCodeDistribution; metrics.latency_ms is in ms",
    rule: Some(Rule::new(Rank::OneUp, Value::Exact)),
    percents: &[10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99],
    deviation: Deviation::None,
    resolution: "1 ns",
    left_out: "times of dropped and aborted requests",
    denominator: "wall time; dropped requests are in the rate",
    failed: "4xx and 5xx in, dropped out",
    omission: "with --latency-correction alone, which the file does not tell",
    is_open: false,
};

/// `oha --output-format json`
pub static JSON: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| {
        head.trim_start().starts_with('{')
            && head.contains("\"successRate\"")
            && head.contains("\"latencyPercentiles\"")
    },
    read: read_json,
};

/// `oha --output-format csv`
pub static CSV: Reader = Reader {
    declaration: Declaration {
        form: "oha, CSV",
        recognised_by: "a first line that begins with request-start,DNS",
        fields: "request-start (s), request-duration (s), status",
        denominator: "begin of the first to end of the last request",
        ..PRINTED
    },
    recognises: |head| head.starts_with("request-start,DNS"),
    read: read_csv,
};

fn read_json(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    let summary = |key| text::json_number(&json, &["summary", key]);
    let ms = |key| summary(key).map(|s| s * 1e3);
    let mut reading = Reading {
        span: summary("total"),
        rate: summary("requestsPerSec"),
        mean: ms("average"),
        min: ms("fastest"),
        max: ms("slowest"),
        ..Reading::default()
    };
    for percent in PRINTED.percents {
        let key = format!("p{percent}");
        if let Some(s) = text::json_number(&json, &["latencyPercentiles", &key]) {
            reading.percentiles.push((*percent, s * 1e3));
        }
    }
    let counts = |key: &str| -> Vec<(String, u64)> {
        let all = json.get(key).and_then(|v| v.as_object());
        let all = all.into_iter().flatten();
        all.filter_map(|(k, v)| Some((k.clone(), v.as_u64()?)))
            .collect()
    };
    let (answers, errors) = (
        counts("statusCodeDistribution"),
        counts("errorDistribution"),
    );
    let dropped: u64 = errors.iter().map(|(_, n)| n).sum();
    let answered: u64 = answers.iter().map(|(_, n)| n).sum();
    let bad = answers
        .iter()
        .filter(|(status, _)| status.as_str() >= "400");
    reading.requests = Some(answered + dropped);
    reading.failed = Some(bad.map(|(_, n)| n).sum::<u64>() + dropped);
    if dropped > 0 {
        let words: Vec<String> = errors
            .iter()
            .map(|(why, n)| format!("{n} × {why}"))
            .collect();
        reading
            .notes
            .push(format!("without an answer: {}", words.join(", ")));
        reading.doubts.push(format!(
            "the rate: the {dropped} without an answer are in it, and have no time in any other number"
        ));
    }
    reading
        .doubts
        .push("successRate: it is the share that was answered, 4xx and 5xx included".into());
    Ok(reading)
}

fn read_csv(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let columns = ["request-start", "request-duration", "status"];
    let skipped = table::read_requests(source, columns, sink)?;
    Ok(Reading {
        skipped,
        doubts: vec!["the count: dropped requests have no row".into()],
        ..Reading::default()
    })
}
