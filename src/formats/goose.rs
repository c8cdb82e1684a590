//! goose: its JSON report, its text and its log of requests.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record};
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::table;
use super::text;

const PRINTED: Declaration = Declaration {
    form: "goose, text",
    tool: "goose",
    version: "0.19.0",
    recognised_by: "PER REQUEST METRICS",
    fields: "# reqs, # fails, req/s; Avg, Min, Max, Median; 50%..99.99% (ms); the row Aggregated, or the only one",
    rule: Some(Rule::new(Rank::Nearest, Value::Buckets64)),
    percents: &[50.0, 75.0, 98.0, 99.0, 99.9, 99.99],
    deviation: Deviation::None,
    resolution: "percentiles 0.8 %, printed in whole ms",
    left_out: "nothing",
    denominator: "whole seconds, the start of the users included",
    failed: "in",
    omission: "as an option (not measured)",
    is_open: false,
};

/// What goose prints.
pub static TEXT: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| head.contains("=== PER REQUEST METRICS ==="),
    read: read_text,
};

/// `goose --report-file x.json`
pub static JSON: Reader = Reader {
    declaration: Declaration {
        form: "goose, JSON",
        recognised_by: "JSON with goose_version",
        fields: "raw_metrics.requests.*.raw_data: counter, minimum_time_us, maximum_time_us, total_time_us, times_us (floors of buckets); duration (s)",
        ..PRINTED
    },
    recognises: |head| head.trim_start().starts_with('{') && head.contains("\"goose_version\""),
    read: read_json,
};

/// `goose --request-log x.csv --request-format csv`
pub static REQUESTS: Reader = Reader {
    declaration: Declaration {
        form: "goose, request log",
        recognised_by: "a first line that begins with elapsed,scenario_index",
        fields: "elapsed (start, ms), response_time_us, status_code (0: no answer), success, name",
        denominator: "begin of the first to end of the last request",
        resolution: "1 us",
        ..PRINTED
    },
    recognises: |head| head.starts_with("elapsed,scenario_index"),
    read: read_requests,
};

/// The cells of a row of one of goose's tables.
fn cells(line: &str) -> Vec<String> {
    let cells = line.split('|').map(|cell| cell.trim().replace(',', ""));
    cells.collect()
}

fn read_text(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let part = all
        .split("=== PER REQUEST METRICS ===")
        .nth(1)
        .unwrap_or("");
    let part = part.split("\n ===").next().unwrap_or("");
    let mut reading = Reading::default();
    let mut heads: Vec<String> = Vec::new();
    for line in part.lines().filter(|line| line.contains('|')) {
        let cells = cells(line);
        if cells[0] == "Name" {
            heads = cells;
            continue;
        }
        // The last row of each table: Aggregated, or the only request.
        let at = |name: &str| {
            let column = heads.iter().position(|head| head == name)?;
            text::number(cells.get(column)?.split_whitespace().next()?)
        };
        match heads.get(1).map(String::as_str) {
            Some("# reqs") => {
                reading.requests = at("# reqs").map(|n| n as u64);
                reading.failed = at("# fails").map(|n| n as u64);
                reading.rate = at("req/s");
            }
            Some("Avg (ms)") => {
                (reading.mean, reading.min) = (at("Avg (ms)"), at("Min"));
                (reading.max, reading.median) = (at("Max"), at("Median"));
            }
            Some("50%") => {
                let values = PRINTED.percents.iter();
                let values = values.filter_map(|p| Some((*p, at(&format!("{p}%"))?)));
                reading.percentiles = values.collect();
            }
            _ => {}
        }
    }
    reading.span = whole_seconds(&reading);
    if let Some(span) = reading.span {
        reading
            .notes
            .push(format!("{span:.0} s are the count by the rate"));
    }
    reading.doubts.push(WHOLE_SECONDS.into());
    Ok(reading)
}

const WHOLE_SECONDS: &str =
    "the rate: it is the count by whole seconds, those in which users are started included";

fn whole_seconds(reading: &Reading) -> Option<f64> {
    let rate = reading.rate.filter(|rate| *rate > 0.0)?;
    Some((reading.requests? as f64 / rate).round())
}

fn read_json(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    let raw = &json["raw_metrics"];
    let (mut count, mut total) = (0.0, 0.0);
    let (mut failed, mut min, mut max) = (0.0, f64::INFINITY, 0.0_f64);
    let mut buckets: std::collections::BTreeMap<u64, u64> = std::collections::BTreeMap::new();
    for request in raw["requests"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, r)| r)
    {
        let of = |key| text::json_number(request, &["raw_data", key]).unwrap_or(0.0);
        if of("counter") == 0.0 {
            continue;
        }
        count += of("counter");
        total += of("total_time_us");
        failed += text::json_number(request, &["fail_count"]).unwrap_or(0.0);
        min = min.min(of("minimum_time_us"));
        max = max.max(of("maximum_time_us"));
        for (floor, n) in request["raw_data"]["times_us"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if let (Ok(floor), Some(n)) = (floor.parse(), n.as_u64()) {
                *buckets.entry(floor).or_default() += n;
            }
        }
    }
    let mut reading = Reading::default();
    if count == 0.0 {
        return Ok(reading);
    }
    reading.requests = Some(count as u64);
    reading.failed = Some(failed as u64);
    reading.span = text::json_number(raw, &["duration"]);
    reading.rate = reading.span.filter(|s| *s > 0.0).map(|span| count / span);
    reading.mean = Some(total / count / 1e3);
    (reading.min, reading.max) = (Some(min / 1e3), Some(max / 1e3));
    for percent in PRINTED.percents {
        if let Some(floor) = Rank::Nearest.in_histogram(&buckets, *percent) {
            let longest = (max * 1e3) as u64;
            let middle = Value::Buckets64.of(floor.saturating_mul(1_000), longest);
            reading.percentiles.push((*percent, middle));
        }
    }
    reading.doubts.push(WHOLE_SECONDS.into());
    Ok(reading)
}

fn read_requests(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let columns = [
        "elapsed",
        "response_time_us",
        "status_code",
        "success",
        "name",
        "final_url",
    ];
    let skipped = table::read(source, b',', &columns, 4, |row| {
        sink(&Record {
            start_us: Some((row.number(0)? * 1e3) as i64),
            ns: text::ns_of_ms(row.number(1)? / 1e3)?,
            status: row.number(2)? as u16,
            failed: row.text(3) == "false",
            method: "",
            path: if row.text(4).is_empty() {
                row.text(5)
            } else {
                row.text(4)
            },
            ..Record::default()
        });
        Ok(())
    })?;
    Ok(Reading {
        skipped,
        ..Reading::default()
    })
}
