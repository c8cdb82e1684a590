//! Times and endpoints of requests as a CSV: what `capsim learn --replay` writes, and anybody can.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record};
use super::source::{Problem, Source};
use super::table::{self, Row};

/// `start_us,endpoint` and its like.
pub static CSV: Reader = Reader {
    declaration: Declaration {
        form: "requests, CSV",
        tool: "CSV",
        version: "of capsim",
        recognised_by: "a line of names with endpoint and one of start_us, start_ms, start_s",
        fields: "start_us, start_ms or start_s (begin, of any zero), endpoint (a name, or a method and a path)",
        rule: None,
        percents: &[],
        deviation: Deviation::None,
        resolution: "as written, 1 us at most",
        left_out: "how long requests took, and whether they failed",
        denominator: "begin of the first to begin of the last request",
        failed: "not told",
        omission: "no",
        is_open: true,
    },
    recognises,
    read,
};

/// Columns of the time, and how many microseconds their unit has.
pub(super) const TIMES: [(&str, f64); 3] = [("start_us", 1.0), ("start_ms", 1e3), ("start_s", 1e6)];
pub(super) const ENDPOINT: &str = "endpoint";

/// Whether a file that begins so is one.
pub(super) fn recognises(head: &str) -> bool {
    let names = head.lines().next().unwrap_or("");
    let has = |name: &str| names.split(',').any(|own| own.trim() == name);
    has(ENDPOINT) && TIMES.iter().any(|(name, _)| has(name))
}

fn read(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let names = source.head().lines().next().unwrap_or("").to_string();
    let has = |name: &str| names.split(',').any(|own| own.trim() == name);
    let time = TIMES.iter().find(|(name, _)| has(name));
    let (time, unit) = time.unwrap_or(&TIMES[0]);
    let each = |row: &Row<'_>| {
        let start_us = microseconds(row.text(0), *unit)?;
        let (method, path) = method_and_path(row.text(1));
        if path.is_empty() {
            return Err("no endpoint".to_string());
        }
        sink(&Record {
            start_us: Some(start_us),
            untimed: true,
            status: 200,
            method,
            path,
            ..Record::default()
        });
        Ok(())
    };
    let skipped = table::read(source, b',', &[time, ENDPOINT], 2, each)?;
    Ok(Reading {
        skipped,
        doubts: vec![
            "times and failures: such a file tells when requests came, and no more".into(),
        ],
        ..Reading::default()
    })
}

/// A time as written, in microseconds.
pub(super) fn microseconds(text: &str, unit: f64) -> Result<i64, String> {
    if unit == 1.0
        && let Ok(whole) = text.parse::<i64>()
    {
        return Ok(whole);
    }
    let value = text.parse::<f64>().ok();
    // Beyond it a double has no whole microseconds.
    let value = value.map(|x| x * unit).filter(|us| us.abs() < 9e15);
    value
        .map(|us| us.round() as i64)
        .ok_or_else(|| format!("`{text}` is not a time"))
}

/// `GET /seats/17` as a method and a path; a name of an endpoint is a path without a method.
pub(super) fn method_and_path(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((method, path)) if path.starts_with('/') => (method, path),
        _ => ("", text),
    }
}
