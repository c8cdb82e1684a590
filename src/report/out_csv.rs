//! k6's `--out csv` (`internal/output/csv`, k6 v2.2.0).

use std::io::{self, Write};

use crate::model::Model;
use crate::report::samples;
use crate::world::outcome::Outcome;
use crate::world::tags;

/// k6's default system tags that have a column, in its order; then what other tags there are.
const COLUMNS: [&str; 14] = [
    "check",
    "error",
    "error_code",
    "expected_response",
    "group",
    "method",
    "name",
    "proto",
    "scenario",
    "service",
    "status",
    "subproto",
    "tls_version",
    "url",
];

/// Writes all samples of a run that has logged them. `epoch` is the start mark in Unix seconds.
///
/// # Errors
/// Those of the writer.
pub fn write(outcome: &Outcome, model: &Model, epoch: i64, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let head = ["metric_name", "timestamp", "metric_value"];
    let tail = ["extra_tags", "metadata"];
    csv.write_record(head.iter().chain(&COLUMNS).chain(&tail))?;
    samples::each(outcome, model, |point| {
        let seconds = epoch + (point.at.0 / 1_000_000_000) as i64;
        csv.write_field(point.metric)?;
        csv.write_field(seconds.to_string())?;
        csv.write_field(format!("{:.6}", point.value))?;
        for column in COLUMNS {
            csv.write_field(tags::find(point.tags, column).unwrap_or(""))?;
        }
        let extra = point.tags.iter();
        let extra = extra.filter(|(key, _)| !COLUMNS.contains(&key.as_str()));
        let extra: Vec<String> = extra.map(|(key, value)| format!("{key}={value}")).collect();
        csv.write_field(extra.join("&"))?;
        csv.write_field("")?;
        csv.write_record(None::<&[u8]>)?;
        Ok(())
    })?;
    csv.flush()
}
