//! Files that are not runs, known by their beginnings, and what to give instead.

use serde_json::Value;

use super::ReadError;

/// What to give instead of a report of a k6 run.
const NUMBERS: &str = "give its numbers: k6 run --summary-export=run.json, or the samples of --out \
                       json=run.json";
/// What to give instead of the output of something else.
const RUN: &str = "give a run of k6 or of capsim, or a file that docs/formats.md lists";

/// Why a file that begins so is not a run, if that is plain.
pub(super) fn refusal(start: &str) -> Option<ReadError> {
    let first = start.lines().next().unwrap_or("");
    if let Some(tool) = other_tool(start, first) {
        let message = format!("this looks like the output of {tool}, in a form that is not read");
        return Some(ReadError::new("line 1", message, RUN));
    }
    let head: String = start.chars().take(2000).collect();
    let begins = |with: &str| {
        head.get(..with.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(with))
    };
    if begins("<!doctype html") || begins("<html") {
        let message =
            "this is a report, a page of HTML such as k6's web dashboard writes, and no run";
        return Some(ReadError::new("line 1", message, NUMBERS));
    }
    if head.contains("<testsuite") {
        let message = "this is a report as JUnit, which has verdicts and no numbers";
        return Some(ReadError::new("line 1", message, NUMBERS));
    }
    if begins("<?xml") || begins("<testResults") {
        let message = "this is XML: k6 writes none, JMeter and others do";
        return Some(ReadError::new("line 1", message, RUN));
    }
    None
}

/// Names the load generator whose files begin so.
fn other_tool(start: &str, first: &str) -> Option<&'static str> {
    let begins = |with: &str| first.starts_with(with);
    if begins("timeStamp,elapsed") || start.contains("<testResults") && begins("<") {
        return Some("JMeter");
    }
    if begins("Type,Name,") || begins("\"Type\",\"Name\"") {
        return Some("Locust");
    }
    if begins("Running ") && start.contains("threads and") {
        return Some("wrk");
    }
    if begins("This is ApacheBench") {
        return Some("ApacheBench");
    }
    if begins("Summary:") && start.contains("Slowest:") {
        return Some("hey");
    }
    if begins("{\"latencies\":") || begins("Requests      [total") {
        return Some("Vegeta");
    }
    if begins("# HELP ") || begins("# TYPE ") {
        return Some("a Prometheus exporter");
    }
    None
}

/// Why several values of JSON, one after the other, are not a run.
pub(super) fn several_values(text: &str) -> Option<ReadError> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let first = values.next()?.ok()?;
    let end = values.byte_offset();
    let rest = text.get(end..)?;
    let begin = end + rest.len() - rest.trim_start().len();
    if !text.get(begin..)?.starts_with(['{', '[']) {
        return None;
    }
    let line = 1 + text.get(..begin)?.matches('\n').count();
    let is_k6 = |key: &str| first.get(key).is_some_and(Value::is_object);
    if is_k6("metrics") || is_k6("results") {
        return Some(ReadError::second(format!("line {line}")));
    }
    let message = match first.get("event").is_some() && first.get("data").is_some() {
        true => {
            "these are the lines of k6's web dashboard, which has numbers by the period, not samples"
        }
        false => "these are lines of JSON, but not the samples that k6 writes",
    };
    Some(ReadError::new("line 1", message, NUMBERS))
}
