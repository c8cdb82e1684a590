//! The second file of a sweep: one row a point, with intervals and verdicts. It is made from the rows
//! alone, so that an interrupted and resumed sweep gives the same bytes.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use super::rows::line;
use super::{Columns, Sweep, SweepError, replace_file};
use crate::metrics::{Metrics, thresholds_of};
use crate::replication_stats::ReplicationStats;

/// The header of the file of points.
#[must_use]
pub fn header(columns: &Columns) -> Vec<String> {
    let mut header = vec!["point".to_owned(), "replications".to_owned()];
    header.extend(columns.paths.iter().cloned());
    header.push("verdict".to_owned());
    header.extend(["", "_low", "_high"].map(|end| format!("pass_probability{end}")));
    header.extend(
        columns
            .thresholds
            .iter()
            .map(|t| format!("slo:{}", t.text())),
    );
    for name in &columns.metrics {
        header.push(name.clone());
        header.push(format!("{name}_half_width"));
    }
    header
}

/// Aggregates the rows of a sweep.
///
/// # Errors
/// If a file cannot be read or written, or the rows are not those of this sweep.
pub fn aggregate(sweep: &Sweep<'_>, rows: &Path, out: &Path) -> Result<(), SweepError> {
    let rows = BufReader::new(File::open(rows)?);
    replace_file(out, |file| aggregate_to(sweep, rows, file))
}

/// As [`aggregate`], from text to text.
///
/// # Errors
/// As [`aggregate`].
pub fn aggregate_to(
    sweep: &Sweep<'_>,
    rows: impl Read,
    out: &mut impl Write,
) -> Result<(), SweepError> {
    let columns = sweep.columns().map_err(SweepError::Model)?;
    let mut reader = csv::Reader::from_reader(rows);
    out.write_all(&line(&header(&columns))?)?;
    let mut current: Option<(u64, ReplicationStats)> = None;
    for record in reader.records() {
        let record = record?;
        let point: u64 = record[0].parse().unwrap_or(0);
        if current.as_ref().is_none_or(|(p, _)| *p != point) {
            if let Some((point, tally)) = current.take() {
                out.write_all(&line(&row(sweep, point, &tally))?)?;
            }
            let model = sweep.model(point).map_err(SweepError::Model)?;
            let thresholds = thresholds_of(&model);
            current = Some((
                point,
                ReplicationStats::new(columns.metrics.clone(), thresholds),
            ));
        }
        if let Some((_, tally)) = &mut current {
            add(tally, &record, &columns);
        }
    }
    if let Some((point, tally)) = current {
        out.write_all(&line(&row(sweep, point, &tally))?)?;
    }
    Ok(())
}

/// Adds a row. A run that did not come to its end has no numbers and does not count.
fn add(tally: &mut ReplicationStats, record: &csv::StringRecord, columns: &Columns) {
    if record.get(2 + columns.paths.len()) != Some("finished") {
        return;
    }
    let first = columns.first_metric();
    let metrics: Metrics = columns
        .metrics
        .iter()
        .enumerate()
        .filter_map(|(i, name)| Some((name.clone(), record.get(first + i)?.parse().ok()?)))
        .collect();
    let held: Vec<bool> = (0..columns.thresholds.len())
        .map(|i| record.get(columns.first_threshold() + i) == Some("1"))
        .collect();
    tally.push(&metrics, &held);
}

fn row(sweep: &Sweep<'_>, point: u64, tally: &ReplicationStats) -> Vec<String> {
    let mut row = vec![point.to_string(), tally.runs().to_string()];
    row.extend(sweep.design.point(point));
    let any = tally.runs() > 0;
    let verdict = tally.overall().filter(|_| any);
    row.push(verdict.map_or(String::new(), |v| v.to_string()));
    let chance = tally.probability_of_all();
    for pick in [
        chance.map(|c| c.share),
        chance.map(|c| c.low),
        chance.map(|c| c.high),
    ] {
        row.push(cell(pick));
    }
    for i in 0..tally.thresholds().len() {
        row.push(if any {
            tally.judgement(i).to_string()
        } else {
            String::new()
        });
    }
    for name in tally.names() {
        row.push(cell(tally.moments(name).and_then(|m| m.mean())));
        row.push(cell(tally.interval(name).map(|i| i.half_width)));
    }
    row
}

fn cell(value: Option<f64>) -> String {
    value.map_or(String::new(), |v| v.to_string())
}
