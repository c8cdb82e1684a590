//! autocannon's JSON.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::text;

const PERCENTS: &[f64] = &[
    0.001, 0.01, 0.1, 1.0, 2.5, 10.0, 25.0, 50.0, 75.0, 90.0, 97.5, 99.0, 99.9, 99.99, 99.999,
];

/// `autocannon -j`
pub static JSON: Reader = Reader {
    declaration: Declaration {
        form: "autocannon, -j",
        tool: "autocannon",
        version: "9.0.0",
        recognised_by: "JSON with sampleInt, latency and requests",
        fields: "latency.{min,max,mean,stddev,p0_001..p99_999} (ms), latency.totalCount, requests.{total,sent,average}, duration (s), non2xx, errors, timeouts",
        rule: Some(Rule::new(Rank::Nearest, Value::CutToMs)),
        percents: PERCENTS,
        deviation: Deviation::Population,
        resolution: "1 ms, rounded down",
        left_out: "the 95th percentile; a dropped request's time is in that of the next one",
        denominator: "whole seconds: duration is rounded up to a sample",
        failed: "4xx and 5xx in",
        omission: "with -R, and wrongly (as if a request had been due every ms); not with -C, nor without -R",
        is_open: false,
    },
    recognises: |head| {
        head.trim_start().starts_with('{')
            && head.contains("\"sampleInt\"")
            && head.contains("\"latency\"")
    },
    read,
};

fn read(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    let number = |path: &[&str]| text::json_number(&json, path);
    let latency = |key| number(&["latency", key]);
    let (total, counted) = (number(&["requests", "total"]), latency("totalCount"));
    let errors = number(&["errors"]).unwrap_or(0.0);
    let mut reading = Reading {
        requests: total.map(|n| n as u64),
        failed: number(&["non2xx"]).map(|n| (n + errors) as u64),
        span: number(&["duration"]),
        rate: number(&["requests", "average"]),
        mean: latency("mean"),
        deviation: latency("stddev"),
        min: latency("min"),
        max: latency("max"),
        ..Reading::default()
    };
    for percent in PERCENTS {
        let key = format!("p{percent}").replace('.', "_");
        reading
            .percentiles
            .extend(number(&["latency", key.as_str()]).map(|ms| (*percent, ms)));
    }
    if let (Some(total), Some(counted)) = (total, counted)
        && counted > total
    {
        reading.doubts.push(format!(
            "all times: {counted} were counted of {total} requests, so -R has added times as if a request had been due every ms; -C leaves that out"
        ));
    }
    if let (Some(total), Some(sent)) = (total, number(&["requests", "sent"]))
        && sent > total
    {
        let apart = sent - total;
        reading.notes.push(format!("{sent} sent, {total} answered: the {apart} others were under way at the end, or dropped"));
    }
    if let (Some(low), Some(min)) = (reading.percentile(0.001), reading.min)
        && low < min
    {
        reading.doubts.push(format!(
            "the minimum of {min} ms: times below 1 ms are 0 and not in it"
        ));
    }
    if let Some(average) = reading.rate {
        reading.doubts.push(format!(
            "the rate of {average}/s: it is the mean of whole seconds, and the last is rarely whole"
        ));
    }
    Ok(reading)
}
