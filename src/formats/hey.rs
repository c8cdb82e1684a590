//! hey: its text and its CSV.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::table;
use super::text;

const PRINTED: Declaration = Declaration {
    form: "hey, text",
    tool: "hey",
    version: "0.1.4",
    recognised_by: "Summary: with Slowest: and Latency distribution:",
    fields: "Total, Slowest, Fastest, Average (s), Requests/sec, x% in y secs, [status] n responses",
    rule: Some(Rule::new(Rank::AboveNearest, Value::Exact)),
    percents: &[10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0],
    deviation: Deviation::None,
    resolution: "0.1 ms",
    left_out: "the 99th percentile below 100 requests; the rest of n divided by the connections; retries on a dropped connection",
    denominator: "wall time",
    failed: "in; one whose connection was closed is sent again unseen",
    omission: "no; -q makes up no tick lost in a stall",
    is_open: false,
};

/// What hey prints.
pub static TEXT: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| {
        head.trim_start().starts_with("Summary:")
            && head.contains("Slowest:")
            && head.contains("Requests/sec:")
            && !head.contains("Success rate:")
    },
    read: read_text,
};

/// `hey -o csv`
pub static CSV: Reader = Reader {
    declaration: Declaration {
        form: "hey, -o csv",
        recognised_by: "a first line that begins with response-time,DNS+dialup",
        fields: "response-time (s), status-code, offset (start, s)",
        denominator: "begin of the first to end of the last request",
        ..PRINTED
    },
    recognises: |head| head.starts_with("response-time,DNS+dialup"),
    read: read_csv,
};

fn read_text(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let seconds = |label| text::number_after(&all, label);
    let ms = |label| seconds(label).map(|s| s * 1e3);
    let mut reading = Reading {
        span: seconds("Total:"),
        rate: seconds("Requests/sec:"),
        mean: ms("Average:"),
        min: ms("Fastest:"),
        max: ms("Slowest:"),
        ..Reading::default()
    };
    let (mut answered, mut failed) = (0, 0);
    for line in all.lines().map(str::trim) {
        if let Some((percent, rest)) = line.split_once("% in ") {
            let value = text::number(rest.trim_end_matches(" secs"));
            match (text::number(percent), value) {
                // Where there are too few requests: `0% in 0.0000 secs`.
                (Some(0.0), _) | (None, _) | (_, None) => {}
                (Some(percent), Some(s)) => reading.percentiles.push((percent, s * 1e3)),
            }
        }
        let status = line.strip_prefix('[').and_then(|line| line.split_once(']'));
        if let Some((status, rest)) = status
            && rest.contains("responses")
        {
            let count = text::whole(rest).unwrap_or(0);
            answered += count;
            failed += if text::whole(status).is_some_and(|s| s < 400) {
                0
            } else {
                count
            };
        }
    }
    if answered > 0 {
        (reading.requests, reading.failed) = (Some(answered), Some(failed));
    }
    if all.contains("Error distribution:") {
        reading.doubts.push("the count: requests without an answer stand under Error distribution, and their times are not in".into());
    }
    if reading.percentile(99.0).is_none() {
        reading.doubts.push(
            "the 99th percentile: hey has none below 100 requests and prints `0% in 0.0000 secs`"
                .into(),
        );
    }
    reading
        .doubts
        .push("DNS+dialup, fastest and slowest: they are those of the whole request".into());
    Ok(reading)
}

fn read_csv(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let columns = ["offset", "response-time", "status-code"];
    let skipped = table::read_requests(source, columns, sink)?;
    Ok(Reading {
        skipped,
        ..Reading::default()
    })
}
