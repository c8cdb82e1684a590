//! loadtest's text.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::text;

/// What loadtest prints.
pub static TEXT: Reader = Reader {
    declaration: Declaration {
        form: "loadtest, text",
        tool: "loadtest",
        version: "8.2.1",
        recognised_by: "Target URL:, Completed requests: and Effective rps:",
        fields: "Completed requests, Total errors, Total time (s), Mean latency (ms), Effective rps, x% y ms",
        rule: Some(Rule::new(Rank::OneUp, Value::WholeMs)),
        percents: &[50.0, 90.0, 95.0, 99.0, 100.0],
        deviation: Deviation::None,
        resolution: "1 ms",
        left_out: "which errors they were",
        denominator: "wall time, as a whole number",
        failed: "in; 4xx, 5xx and drops are all errors",
        omission: "no",
        is_open: false,
    },
    recognises: |head| {
        head.contains("Target URL:")
            && (head.contains("Effective rps:") || head.contains("Completed requests:"))
    },
    read,
};

fn read(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let count = |label| text::after(&all, label).and_then(text::whole);
    let mut reading = Reading {
        requests: count("Completed requests:"),
        failed: count("Total errors:"),
        span: text::number_after(&all, "Total time:"),
        rate: text::number_after(&all, "Effective rps:"),
        mean: text::number_after(&all, "Mean latency:"),
        ..Reading::default()
    };
    for line in all.lines().map(str::trim) {
        if let Some((percent, rest)) = line.split_once('%')
            && let Some(percent) = text::number(percent)
            && let Some(ms) = rest.split_whitespace().next().and_then(text::number)
        {
            reading.percentiles.push((percent, ms));
        }
    }
    reading.max = reading.percentile(100.0);
    if let (Some(requests), Some(span), Some(rate)) = (reading.requests, reading.span, reading.rate)
        && span > 0.0
    {
        let exact = requests as f64 / span;
        reading.doubts.push(format!(
            "the rate of {rate}/s: it is a whole number; requests by time are {exact:.3}/s"
        ));
    }
    Ok(reading)
}
