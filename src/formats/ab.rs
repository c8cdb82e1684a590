//! ApacheBench: its text, -e and -g.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record};
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::table;
use super::text;

const PRINTED: Declaration = Declaration {
    form: "ab, text",
    tool: "ab",
    version: "2.3 (httpd 2.4.71)",
    recognised_by: "This is ApacheBench",
    fields: "Complete, Failed, Non-2xx; Time taken (s), Requests per second, Total: min mean sd median max (ms), x% y (ms)",
    rule: Some(Rule::new(Rank::OneUp, Value::WholeMs)),
    percents: &[50.0, 66.0, 75.0, 80.0, 90.0, 95.0, 98.0, 99.0, 100.0],
    deviation: Deviation::Sample,
    resolution: "1 ms",
    left_out: "nothing",
    denominator: "wall time",
    failed: "in; 4xx and 5xx are not Failed, only Non-2xx",
    omission: "no",
    is_open: false,
};

/// What ab prints.
pub static TEXT: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| head.trim_start().starts_with("This is ApacheBench"),
    read: read_text,
};

/// `ab -e`
pub static PERCENTAGES: Reader = Reader {
    declaration: Declaration {
        form: "ab, -e",
        recognised_by: "a first line Percentage served,Time in ms",
        fields: "percent, time (ms)",
        rule: Some(Rule::new(Rank::HalfUp, Value::Exact)),
        percents: &[50.0, 90.0, 95.0, 98.0, 99.0, 100.0],
        deviation: Deviation::None,
        resolution: "1 us",
        left_out: "count, rate, failures",
        denominator: "none",
        ..PRINTED
    },
    recognises: |head| head.starts_with("Percentage served,Time in ms"),
    read: read_percentages,
};

/// `ab -g`
pub static REQUESTS: Reader = Reader {
    declaration: Declaration {
        form: "ab, -g",
        recognised_by: "a first line starttime, seconds, ctime, dtime, ttime, wait",
        fields: "seconds (start, whole s since 1970), ttime (ms); rows in the order of ttime",
        left_out: "status; the order of requests within a second",
        denominator: "begin of the first to end of the last request, to a second",
        ..PRINTED
    },
    recognises: |head| head.starts_with("starttime\tseconds\tctime"),
    read: read_requests,
};

fn read_text(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let count = |label| text::after(&all, label).and_then(text::whole);
    let mut reading = Reading {
        requests: count("Complete requests:"),
        failed: count("Failed requests:"),
        span: text::number_after(&all, "Time taken for tests:"),
        rate: text::number_after(&all, "Requests per second:"),
        ..Reading::default()
    };
    if let Some(line) = text::after(&all, "Total: ") {
        let numbers: Vec<Option<f64>> = line.split_whitespace().map(text::number).collect();
        if let [min, mean, deviation, median, max] = numbers[..] {
            reading.min = min;
            reading.mean = mean;
            reading.deviation = deviation;
            reading.median = median;
            reading.max = max;
        }
    }
    for line in all.lines().map(str::trim) {
        if let Some((percent, rest)) = line.split_once('%')
            && let Some(percent) = text::number(percent)
            && let Some(ms) = rest.split_whitespace().next().and_then(text::number)
        {
            reading.percentiles.push((percent, ms));
        }
    }
    if let Some(other) = count("Non-2xx responses:") {
        reading.notes.push(format!(
            "{other} answers were no 2xx: ab does not count them as failed"
        ));
        reading.doubts.push("Failed requests: 4xx and 5xx are not in it, and an answer of another length than the first is".into());
    }
    if let (Some(n), Some(median), Some(half)) =
        (reading.requests, reading.median, reading.percentile(50.0))
        && median != half
        && n % 2 == 1
    {
        reading.doubts.push(format!(
            "the median of {median} ms: of an odd number of requests ab prints the mean of the middle one and the one above it; 50% is {half} ms"
        ));
    }
    reading.doubts.push(
        "`Time per request (mean)`: it is wall time × concurrency / requests, no mean of times"
            .into(),
    );
    Ok(reading)
}

fn read_percentages(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let mut reading = Reading::default();
    let columns = ["Percentage served", "Time in ms"];
    reading.skipped = table::read(source, b',', &columns, 2, |row| {
        reading.percentiles.push((row.number(0)?, row.number(1)?));
        Ok(())
    })?;
    reading.min = reading.percentile(0.0);
    reading.max = reading.percentile(100.0);
    let before = reading.percentiles.iter().map(|p| p.1);
    let falls: Vec<f64> = before
        .zip(reading.percentiles.iter().skip(1))
        .filter(|(before, (_, after))| after < before)
        .map(|(_, (percent, _))| *percent)
        .collect();
    if let Some(first) = falls.first() {
        // What stands there was read beyond the last time.
        reading
            .percentiles
            .retain(|(percent, _)| percent < first || *percent == 100.0);
        reading.doubts.push(format!(
            "{first} % and above: ab has read beyond its last time, as it does for few requests; they are left out"
        ));
    }
    Ok(reading)
}

fn read_requests(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let columns = ["seconds", "ttime"];
    let skipped = table::read(source, b'\t', &columns, 2, |row| {
        let seconds = row.number(0)?;
        sink(&Record {
            start_us: Some((seconds * 1e6) as i64),
            ns: text::ns_of_ms(row.number(1)?)?,
            status: 0,
            ..Record::default()
        });
        Ok(())
    })?;
    Ok(Reading {
        skipped,
        doubts: vec![
            "failures: the file has no status".into(),
            "the order: rows stand in the order of their times, and starts are known to a second"
                .into(),
        ],
        ..Reading::default()
    })
}
