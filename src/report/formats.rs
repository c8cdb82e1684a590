//! What a file of another load tool was understood to say, as text.

use std::fmt::Write;

use crate::formats::rule::{self, Rule};
use crate::formats::{Collected, Declaration, Deviation, Order, Reading, Skipped, Understood};
use crate::stats::{Durations, TrendStats};

/// The text of `capsim read`.
#[must_use]
pub fn text(name: &str, file: &Understood) -> String {
    let declaration = file.declaration;
    let mut out = format!(
        "{name}: {} (rules measured with version {})\n\n",
        declaration.form, declaration.version
    );
    counts(&mut out, file);
    times(&mut out, file);
    out.push('\n');
    line(&mut out, "fields", declaration.fields);
    line(&mut out, "resolution", declaration.resolution);
    line(&mut out, "left out", declaration.left_out);
    line(&mut out, "failed", declaration.failed);
    line(
        &mut out,
        "corrected",
        &format!("for coordinated omission: {}", declaration.omission),
    );
    for note in &file.reading.notes {
        line(&mut out, "note", note);
    }
    let doubts = doubts(file);
    if !doubts.is_empty() {
        out.push_str("\nnot to be trusted\n");
        for doubt in doubts {
            let _ = writeln!(out, "  - {doubt}");
        }
    }
    skipped(&mut out, &file.reading.skipped);
    out
}

fn line(out: &mut String, head: &str, words: &str) {
    let _ = writeln!(out, "{head:<12} {words}");
}

/// Requests, span and rate: as printed, or else of the single requests.
fn counts(out: &mut String, file: &Understood) {
    let (reading, held) = (&file.reading, file.requests.as_ref());
    let failed = reading.failed.or_else(|| held.map(|c| c.failed));
    if let Some(count) = file.count() {
        let failed = failed.map_or(String::new(), |n| format!(", {n} failed"));
        line(out, "requests", &format!("{count}{failed}"));
    }
    if let Some(span) = file.span() {
        line(out, "span", &format!("{} s", number(span)));
    }
    if let Some(rate) = file.rate() {
        let by = file.declaration.denominator;
        line(out, "rate", &format!("{}/s, by: {by}", number(rate)));
    }
}

/// The times: as the tool prints them beside k6's, where the file has single requests.
fn times(out: &mut String, file: &Understood) {
    let declaration = file.declaration;
    if let (Some(requests), true) = (&file.requests, declaration.is_log()) {
        return log_times(out, declaration, requests);
    }
    match declaration.rule {
        Some(rule) => line(
            out,
            "percentiles",
            &format!("{}: {}", declaration.tool, rule.words()),
        ),
        None => line(
            out,
            "percentiles",
            &format!("{} prints none", declaration.tool),
        ),
    }
    let held = file.requests.is_some();
    let k6_head = if held {
        format!(" {:>12}", "k6")
    } else {
        String::new()
    };
    let _ = writeln!(out, "\n{:<12} {:>12}{k6_head}", "ms", declaration.tool);
    for (name, own, k6) in rows(file) {
        let shown = |value: Option<f64>| value.map_or("-".to_string(), number);
        let k6 = if held {
            format!(" {:>12}", shown(k6))
        } else {
            String::new()
        };
        let _ = writeln!(out, "{name:<12} {:>12}{k6}", shown(own));
    }
    if !held {
        out.push_str("k6's would need the single requests, which this file does not hold\n");
    }
}

/// The times of a log, all by k6's rule: of the requests, and of the system behind the proxy.
fn log_times(out: &mut String, declaration: &Declaration, requests: &Collected) {
    if requests.times.is_empty() && requests.served.is_empty() {
        return;
    }
    let behind = !requests.served.is_empty();
    let head = if behind {
        format!(" {:>12}", "behind it")
    } else {
        String::new()
    };
    let _ = writeln!(out, "\n{:<12} {:>12}{head}", "ms, as k6", declaration.tool);
    let columns = [&requests.times, &requests.served].map(column);
    for (k, name) in ROWS.iter().enumerate() {
        let shown = |column: &Option<Vec<f64>>| {
            let value = column.as_ref().map(|values| values[k]);
            value.map_or("-".to_string(), number)
        };
        let more = if behind {
            format!(" {:>12}", shown(&columns[1]))
        } else {
            String::new()
        };
        let _ = writeln!(out, "{name:<12} {:>12}{more}", shown(&columns[0]));
    }
    if behind && requests.served.len() as u64 != requests.count {
        let _ = writeln!(
            out,
            "{} of them went to a system behind",
            requests.served.len()
        );
    }
}

/// What [`column`] has.
const ROWS: [&str; 7] = ["mean", "min", "p(50)", "p(90)", "p(95)", "p(99)", "max"];

/// Mean, extremes and percentiles in milliseconds, if there are any times.
fn column(times: &Durations) -> Option<Vec<f64>> {
    let mut sum = 0_u128;
    times.all().for_each(|ns| sum += u128::from(ns));
    let stats = TrendStats::of_durations(times.all(), &[50.0, 90.0, 95.0, 99.0])?;
    let mean = sum as f64 / times.len() as f64 / 1e6;
    let percentiles = stats.percentiles.iter().map(|(_, ms)| *ms);
    let all = [mean, stats.min].into_iter().chain(percentiles);
    (!times.is_empty()).then(|| all.chain([stats.max]).collect())
}

/// A name, the tool's value and k6's.
#[must_use]
pub fn rows(file: &Understood) -> Vec<(String, Option<f64>, Option<f64>)> {
    match &file.requests {
        Some(requests) => rows_of_requests(file.declaration, requests),
        None => rows_as_printed(file.declaration, &file.reading),
    }
}

fn rows_as_printed(
    declaration: &Declaration,
    reading: &Reading,
) -> Vec<(String, Option<f64>, Option<f64>)> {
    let named = [
        ("mean", reading.mean),
        ("sd", reading.deviation),
        ("min", reading.min),
        ("median", reading.median),
    ];
    let percentiles = reading.percentiles.iter();
    let percentiles = percentiles.filter(|(p, _)| declaration.percents.contains(p));
    let percentiles = percentiles.map(|(p, ms)| (format!("p({p})"), Some(*ms)));
    let named = named
        .into_iter()
        .map(|(name, value)| (name.to_string(), value));
    let all = named
        .chain(percentiles)
        .chain([("max".to_string(), reading.max)]);
    let all = all.filter(|(_, value)| value.is_some());
    all.map(|(name, value)| (name, value, None)).collect()
}

fn rows_of_requests(
    declaration: &Declaration,
    requests: &Collected,
) -> Vec<(String, Option<f64>, Option<f64>)> {
    let sorted = requests.sorted();
    let (moments, n) = (&requests.moments, requests.times.len() as f64);
    let deviation = match (declaration.deviation, moments.std_dev()) {
        (Deviation::Sample, deviation) => deviation,
        (Deviation::Population, Some(deviation)) => Some(deviation * ((n - 1.0) / n).sqrt()),
        (Deviation::Population, None) => Some(0.0),
        (Deviation::None, _) => None,
    };
    let own = |percent| {
        declaration
            .rule
            .and_then(|rule: Rule| rule.percentile(&sorted, percent))
    };
    let k6 = |percent| rule::K6.percentile(&sorted, percent);
    let mut percents: Vec<f64> = declaration.percents.to_vec();
    percents.extend([50.0, 90.0, 95.0, 99.0]);
    percents.sort_by(f64::total_cmp);
    percents.dedup();
    let mut rows = vec![
        ("mean".to_string(), moments.mean(), moments.mean()),
        ("sd".to_string(), deviation, None),
        ("min".to_string(), k6(0.0), k6(0.0)),
    ];
    for percent in percents.into_iter().filter(|p| *p < 100.0) {
        let printed = declaration.percents.contains(&percent);
        let value = if printed { own(percent) } else { None };
        rows.push((format!("p({percent})"), value, k6(percent)));
    }
    rows.push(("max".to_string(), k6(100.0), k6(100.0)));
    rows.retain(|(_, own, k6)| own.is_some() || k6.is_some());
    rows
}

/// What of the file cannot be trusted, and why.
fn doubts(file: &Understood) -> Vec<String> {
    let mut all = file.reading.doubts.clone();
    let order = file.requests.as_ref().map(|held| &held.order);
    if let Some((times, seconds)) = order.and_then(Order::doubt) {
        all.push(format!(
            "the clock: time goes back {times} times, by {} s at most; begins and ends of requests alike",
            number(seconds)
        ));
    }
    all
}

fn skipped(out: &mut String, skipped: &Skipped) {
    if skipped.count == 0 {
        return;
    }
    let are = if skipped.count == 1 {
        "line was"
    } else {
        "lines were"
    };
    let _ = writeln!(out, "\n{} {are} not understood, the first:", skipped.count);
    for (line, why, text) in &skipped.first {
        let _ = writeln!(out, "  line {line}: {why}: {text}");
    }
}

/// Six digits at most, and no zeros at the end.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        a if a >= 1e5 => 0,
        a if a >= 1e3 => 2,
        a if a >= 1.0 => 3,
        _ => 6,
    };
    let text = format!("{value:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
