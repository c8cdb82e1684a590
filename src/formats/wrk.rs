//! wrk's text.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::text;

/// What wrk prints.
pub static TEXT: Reader = Reader {
    declaration: Declaration {
        form: "wrk, text",
        tool: "wrk",
        version: "4.1.0",
        recognised_by: "Running … test @ and Thread Stats",
        fields: "Latency Avg, Stdev, Max, +/- Stdev, x% y (us, ms, s), n requests in s, Requests/sec, Socket errors, Non-2xx",
        rule: Some(Rule::new(Rank::RoundedUp, Value::Exact)),
        percents: &[50.0, 75.0, 90.0, 99.0],
        deviation: Deviation::Sample,
        resolution: "1 us, printed with 2 decimals of its unit",
        left_out: "times above --timeout (2 s), though they are counted; closed connections",
        denominator: "wall time",
        failed: "answers in, closed connections out",
        omission: "YES, always: mean, deviation and percentiles are of a sample with invented times",
        is_open: false,
    },
    recognises: |head| {
        head.trim_start().starts_with("Running ")
            && head.contains("threads and")
            && head.contains("Thread Stats")
            && !head.contains("HdrHistogram - Recorded Latency")
    },
    read,
};

fn read(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let mut reading = Reading::default();
    if let Some(line) = text::after(&all, "Latency ") {
        let times: Vec<Option<f64>> = line.split_whitespace().map(text::time).collect();
        reading.mean = times.first().copied().flatten();
        reading.deviation = times.get(1).copied().flatten();
        reading.max = times.get(2).copied().flatten();
    }
    let mut connections = None;
    for line in all.lines().map(str::trim) {
        if let Some((percent, value)) = line.split_once('%')
            && let (Some(percent), Some(ms)) = (text::number(percent), text::time(value))
        {
            reading.percentiles.push((percent, ms));
        }
        if let Some((count, rest)) = line.split_once(" requests in ") {
            reading.requests = text::whole(count);
            let span = rest.split(',').next().and_then(text::time);
            reading.span = span.map(|ms| ms / 1e3);
        }
        if let Some((_, rest)) = line.split_once(" threads and ") {
            connections = text::whole(rest);
        }
    }
    reading.rate = text::number_after(&all, "Requests/sec:");
    reading.failed = text::after(&all, "Non-2xx or 3xx responses:").and_then(text::whole);
    if let Some(errors) = text::after(&all, "Socket errors:") {
        reading.notes.push(format!("socket errors: {errors}"));
        let timeouts = errors.rsplit("timeout ").next().and_then(text::whole);
        if let Some(timeouts @ 1..) = timeouts {
            reading.doubts.push(format!(
                "the longest times: {timeouts} of the requests took longer than the timeout (2 s unless --timeout says otherwise), are counted, and have no time in any number here"
            ));
        }
    }
    reading.corrected_for = connections;
    // Of the two, the rate has more digits.
    let interval = match (reading.requests, connections, reading.rate) {
        (Some(requests), Some(connections @ 1..), Some(rate)) if requests >= connections => {
            let each = (requests / connections) as f64;
            Some(requests as f64 / rate * 1e3 / each).filter(|ms| ms.is_finite())
        }
        _ => None,
    };
    if let Some(interval) = interval {
        reading.notes.push(format!(
            "{} connections; {interval:.3} ms expected between the requests of one",
            connections.unwrap_or(0)
        ));
        let above = reading.max.is_some_and(|max| max >= 2.0 * interval);
        reading.doubts.push(if above {
            format!(
                "mean, deviation and all percentiles: for each time above {:.3} ms wrk has added times that no request had, as if requests had been due every {interval:.3} ms",
                2.0 * interval
            )
        } else {
            format!("nothing by the correction: no time is above twice {interval:.3} ms, so nothing was added")
        });
    }
    reading
        .doubts
        .push("Req/Sec: it is of one thread, sampled every 100 ms; Requests/sec is of all".into());
    Ok(reading)
}
