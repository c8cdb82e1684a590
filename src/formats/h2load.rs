//! h2load: its text and its log.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record, Skipped};
use super::source::{Problem, Source};
use super::text;

const PRINTED: Declaration = Declaration {
    form: "h2load, text",
    tool: "h2load",
    version: "1.52.0",
    recognised_by: "finished in and time for request:",
    fields: "finished in, req/s, requests: total started done succeeded failed, time for request: min max mean sd (us, ms, s)",
    rule: None,
    percents: &[],
    deviation: Deviation::Sample,
    resolution: "1 us, printed with 2 decimals of its unit",
    left_out: "all requests after a dropped connection; percentiles",
    denominator: "wall time; done requests alone",
    failed: "4xx and 5xx in (done, not succeeded), dropped out",
    omission: "no",
    is_open: false,
};

/// What h2load prints.
pub static TEXT: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| head.contains("finished in ") && head.contains("time for request:"),
    read: read_text,
};

/// `h2load --log-file`
pub static LOG: Reader = Reader {
    declaration: Declaration {
        form: "h2load, --log-file",
        recognised_by: "lines of three whole numbers, the first of 16 digits",
        fields: "start (us since 1970), status, time (us); tabs between them",
        left_out: "requests without an answer",
        denominator: "begin of the first to end of the last request",
        resolution: "1 us",
        ..PRINTED
    },
    recognises: |head| head.lines().next().is_some_and(|line| row(line).is_ok()),
    read: read_log,
};

fn read_text(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let mut reading = Reading::default();
    if let Some(line) = text::after(&all, "finished in ") {
        let mut parts = line.split(',').map(str::trim);
        reading.span = parts.next().and_then(text::time).map(|ms| ms / 1e3);
        let rate = parts.next().and_then(|part| part.strip_suffix(" req/s"));
        reading.rate = rate.and_then(text::number);
    }
    if let Some(line) = text::after(&all, "requests:") {
        let count = |word: &str| {
            let part = line
                .split(',')
                .find(|part| part.trim_end().ends_with(word))?;
            text::whole(part)
        };
        let (total, started) = (count(" total"), count(" started"));
        (reading.requests, reading.failed) = (count(" done"), count(" failed"));
        if let (Some(total), Some(started)) = (total, started)
            && started < total
        {
            reading.doubts.push(format!(
                "the load: {started} of {total} requests were sent; h2load stops a client whose connection is closed"
            ));
        }
    }
    if let Some(line) = text::after(&all, "time for request:") {
        let times: Vec<Option<f64>> = line.split_whitespace().map(text::time).collect();
        if let [min, max, mean, deviation, _] = times[..] {
            reading.min = min;
            reading.max = max;
            reading.mean = mean;
            reading.deviation = deviation;
        }
    }
    Ok(reading)
}

fn read_log(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let mut skipped = Skipped::default();
    loop {
        let line = match source.next_line()? {
            None => break,
            Some(line) if line.is_empty() => continue,
            Some(line) => line.into_owned(),
        };
        match row(&line) {
            Ok((start, status, us)) => sink(&Record {
                start_us: Some(start),
                ns: us.saturating_mul(1_000),
                status,
                failed: status == 0 || status >= 400,
                ..Record::default()
            }),
            Err(why) => skipped.add(source.line(), why, &line),
        }
    }
    Ok(Reading {
        skipped,
        doubts: vec!["the count: a request without an answer has no line".into()],
        ..Reading::default()
    })
}

/// Start, status and time of a line.
fn row(line: &str) -> Result<(i64, u16, u64), &'static str> {
    let mut parts = line.split('\t');
    let (Some(start), Some(status), Some(us), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("not three fields");
    };
    if start.len() != 16 {
        return Err("the start is not in microseconds since 1970");
    }
    let start = start
        .parse()
        .map_err(|_| "the start is not a whole number")?;
    let status: i32 = status
        .parse()
        .map_err(|_| "the status is not a whole number")?;
    let us = us.parse().map_err(|_| "the time is not a whole number")?;
    Ok((start, u16::try_from(status).unwrap_or(0), us))
}
