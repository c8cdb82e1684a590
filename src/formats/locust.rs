//! Locust's CSV files.

use std::collections::BTreeMap;

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::table::{self, Row};
use super::text;

const PERCENTS: &[f64] = &[
    50.0, 66.0, 75.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9, 99.99, 100.0,
];

const STATISTICS: Declaration = Declaration {
    form: "Locust, _stats.csv",
    tool: "Locust",
    version: "2.47.0",
    recognised_by: "a first line that begins with Type,Name,",
    fields: "Request Count, Failure Count, Average, Min, Max Response Time (ms, exact), Requests/s, 50%..100% (ms, rounded); the row Aggregated",
    rule: Some(Rule::new(Rank::OneUp, Value::TwoDigits)),
    percents: PERCENTS,
    deviation: Deviation::None,
    resolution: "1 ms below 100 ms, 10 ms below 1 s, 100 ms below 10 s",
    left_out: "the last second at most: the file is written every second, not at the end",
    denominator: "start to the last request",
    failed: "in",
    omission: "no",
    is_open: false,
};

/// `Type,Name,Request Count,…`
pub static STATS: Reader = Reader {
    declaration: STATISTICS,
    recognises: |head| head.starts_with("Type,Name,") || head.starts_with("\"Type\",\"Name\""),
    read: read_stats,
};

/// `Timestamp,User Count,Type,Name,…`
pub static HISTORY: Reader = Reader {
    declaration: Declaration {
        form: "Locust, _stats_history.csv",
        recognised_by: "a first line that begins with Timestamp,User Count,",
        fields: "Timestamp (s since 1970), User Count, Total Request Count and Total … Response Time of the whole run; the last row Aggregated",
        percents: &[],
        denominator: "count by first to last row (the column Requests/s: up to ten seconds that ended two seconds ago)",
        left_out: "percentiles of the whole run: the columns 50%..100% are of the last ten seconds; the last second",
        ..STATISTICS
    },
    recognises: |head| head.starts_with("Timestamp,User Count,"),
    read: read_history,
};

/// `locust --json`
pub static JSON: Reader = Reader {
    declaration: Declaration {
        form: "Locust, --json",
        recognised_by: "a JSON array with num_none_requests and response_times",
        fields: "num_requests, num_failures, total_response_time, min/max_response_time (ms, exact), response_times (ms, rounded, with counts), start_time, last_request_timestamp (s)",
        left_out: "nothing",
        ..STATISTICS
    },
    recognises: |head| {
        head.trim_start().starts_with('[')
            && head.contains("\"num_none_requests\"")
            && head.contains("\"total_response_time\"")
    },
    read: read_json,
};

const FIRST: [&str; 8] = [
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Requests/s",
];

fn read_stats(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let names: Vec<String> = PERCENTS.iter().map(|p| format!("{p}%")).collect();
    let columns: Vec<&str> = FIRST
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let mut reading = Reading::default();
    let mut rows = 0;
    let skipped = table::read(source, b',', &columns, 7, |row| {
        let (requests, failed) = counts(row, 1)?;
        if row.text(0) != AGGREGATED {
            rows += 1;
            return Ok(());
        }
        reading.percentiles = percentiles(row)?;
        ascend(&reading.percentiles, row.number(6)?)?;
        reading.median = row.number(3).ok();
        reading.mean = Some(row.number(4)?);
        reading.min = Some(row.number(5)?);
        reading.max = Some(row.number(6)?);
        reading.rate = row.number(7).ok();
        (reading.requests, reading.failed) = (Some(requests), Some(failed));
        Ok(())
    })?;
    reading.skipped = skipped;
    has_sum(source, &reading)?;
    reading.span = span(&reading);
    reading
        .notes
        .push(format!("{rows} rows of single requests beside the sum"));
    reading.doubts.push(LAST_SECOND.into());
    if let (Some(top), Some(max)) = (reading.percentile(100.0), reading.max)
        && top > max
    {
        reading.doubts.push(format!(
            "100% is {top} ms and above the maximum of {max:.1} ms: it is rounded, the maximum is not"
        ));
    }
    Ok(reading)
}

/// The row of all requests together.
const AGGREGATED: &str = "Aggregated";

/// Requests and failures, which stand side by side.
fn counts(row: &Row<'_>, column: usize) -> Result<(u64, u64), String> {
    let (requests, failed) = (row.count(column)?, row.count(column + 1)?);
    if failed > requests {
        return Err(format!("{failed} of {requests} requests failed"));
    }
    Ok((requests, failed))
}

/// Those that the file has: older versions have fewer, and without requests there are none.
fn percentiles(row: &Row<'_>) -> Result<Vec<(f64, f64)>, String> {
    let columns = PERCENTS.iter().zip(FIRST.len()..);
    let told = columns.filter(|(_, column)| row.has(*column) && row.text(*column) != "N/A");
    told.map(|(percent, column)| Ok((*percent, row.number(column)?)))
        .collect()
}

/// A number that was cut off is smaller than those before it, or than the exact maximum beside it.
fn ascend(percentiles: &[(f64, f64)], max: f64) -> Result<(), String> {
    let back = percentiles.windows(2).find(|pair| pair[1].1 < pair[0].1);
    if let Some([low, high]) = back {
        let ((low, at_low), (high, at_high)) = (*low, *high);
        return Err(format!(
            "{high}% is {at_high} ms and below {low}%, which is {at_low} ms"
        ));
    }
    match percentiles.last() {
        // Rounded to whole ms, or to two digits.
        Some((100.0, top)) if *top < 0.94 * max - 0.5 => Err(format!(
            "100% is {top} ms and below the maximum of {max:.1} ms"
        )),
        _ => Ok(()),
    }
}

/// Without the row of all requests such a file tells nothing.
fn has_sum(source: &Source, reading: &Reading) -> Result<(), Problem> {
    if reading.requests.is_some() {
        return Ok(());
    }
    let also = reading.skipped.summary("line");
    let also = also.map_or(String::new(), |skipped| format!("; {skipped}"));
    Err(source.problem(
        "",
        format!(
            "the row {AGGREGATED}, which tells of all requests, is not there or not whole{also}"
        ),
        "the file may be cut off or changed: copy it again as Locust wrote it",
    ))
}

const LAST_SECOND: &str = "the count: Locust writes this file once a second and not at the end, so requests of the last second are missing; its --json has all";

/// Of a count and a rate.
fn span(reading: &Reading) -> Option<f64> {
    let rate = reading.rate.filter(|rate| *rate > 0.0)?;
    Some(reading.requests? as f64 / rate)
}

const TOTALS: [&str; 9] = [
    "Timestamp",
    "User Count",
    "Name",
    "Total Request Count",
    "Total Failure Count",
    "Total Median Response Time",
    "Total Average Response Time",
    "Total Min Response Time",
    "Total Max Response Time",
];

fn read_history(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let mut reading = Reading::default();
    let mut seconds: Option<(f64, f64)> = None;
    let mut users = 0.0_f64;
    reading.skipped = table::read(source, b',', &TOTALS, TOTALS.len(), |row| {
        let at = row.number(0)?;
        let (requests, failed) = counts(row, 3)?;
        if row.text(2) != AGGREGATED {
            return Ok(());
        }
        users = users.max(row.number(1)?);
        seconds = Some((seconds.map_or(at, |s| s.0), at));
        reading.median = Some(row.number(5)?);
        reading.mean = Some(row.number(6)?);
        reading.min = Some(row.number(7)?);
        reading.max = Some(row.number(8)?);
        (reading.requests, reading.failed) = (Some(requests), Some(failed));
        Ok(())
    })?;
    has_sum(source, &reading)?;
    reading.span = seconds.map(|(first, last)| last - first);
    reading.rate = match (reading.requests, reading.span) {
        (Some(requests), Some(span)) if span > 0.0 => Some(requests as f64 / span),
        _ => None,
    };
    reading.notes.push(format!("at most {users} users at once"));
    reading.doubts.push(LAST_SECOND.into());
    reading.doubts.push("the columns 50%..100%: each row is of about the last ten seconds, and percentiles of parts cannot be put together; _stats.csv has those of the whole run".into());
    Ok(reading)
}

fn read_json(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    let rows = json.as_array().map_or(&[][..], Vec::as_slice);
    let (mut count, mut failed, mut total) = (0.0, 0.0, 0.0);
    let (mut min, mut max) = (f64::INFINITY, 0.0_f64);
    let (mut start, mut end) = (f64::INFINITY, 0.0_f64);
    let mut times: BTreeMap<u64, u64> = BTreeMap::new();
    for row in rows {
        let of = |key| text::json_number(row, &[key]);
        count += of("num_requests").unwrap_or(0.0);
        failed += of("num_failures").unwrap_or(0.0);
        total += of("total_response_time").unwrap_or(0.0);
        min = min.min(of("min_response_time").unwrap_or(f64::INFINITY));
        max = max.max(of("max_response_time").unwrap_or(0.0));
        start = start.min(of("start_time").unwrap_or(f64::INFINITY));
        end = end.max(of("last_request_timestamp").unwrap_or(0.0));
        for (ms, n) in row["response_times"].as_object().into_iter().flatten() {
            // Keys are numbers as text: `18` or `18.0`.
            if let (Some(ms), Some(n)) = (text::number(ms), n.as_u64()) {
                *times.entry(ms as u64).or_default() += n;
            }
        }
    }
    let mut reading = Reading::default();
    if count == 0.0 {
        return Ok(reading);
    }
    reading.requests = Some(count as u64);
    reading.failed = Some(failed as u64);
    reading.mean = Some(total / count);
    (reading.min, reading.max) = (Some(min), Some(max));
    reading.span = (end > start).then_some(end - start);
    reading.rate = reading.span.map(|span| count / span);
    for percent in PERCENTS {
        let ms = Rank::OneUp.in_histogram(&times, *percent);
        reading
            .percentiles
            .extend(ms.map(|ms| (*percent, ms as f64)));
    }
    reading
        .notes
        .push(format!("{} rows of single requests", rows.len()));
    Ok(reading)
}
