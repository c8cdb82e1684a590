//! JMeter's JTL files as CSV.

use std::collections::BTreeMap;

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record};
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::table;
use super::text;

/// The rule of JMeter's reports, whatever form its file has.
pub const RULE: Rule = Rule::new(Rank::Rounded, Value::WholeMs);

/// What JMeter prints.
pub const PERCENTS: &[f64] = &[50.0, 90.0, 95.0, 99.0];

/// Both forms of a JTL file have it in common.
pub const fn declaration(
    form: &'static str,
    recognised_by: &'static str,
    fields: &'static str,
) -> Declaration {
    Declaration {
        form,
        tool: "JMeter",
        version: "2.13",
        recognised_by,
        fields,
        rule: Some(RULE),
        percents: PERCENTS,
        deviation: Deviation::Population,
        resolution: "1 ms",
        left_out: "connect times of the Java sampler; retries on a dropped kept-alive connection",
        denominator: "begin of the first to end of the last request",
        failed: "in; 4xx and 5xx are failed",
        omission: "no",
        is_open: false,
    }
}

/// `timeStamp,elapsed,…`
pub static CSV: Reader = Reader {
    declaration: declaration(
        "JMeter, JTL as CSV",
        "a first line with timeStamp and elapsed",
        "timeStamp (start, ms since 1970), elapsed (ms, to the last byte, connect included), label, responseCode, success",
    ),
    recognises: |head| {
        let first = head.lines().next().unwrap_or("");
        first.contains("timeStamp") && first.contains("elapsed")
    },
    read,
};

const COLUMNS: [&str; 8] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "success",
    "allThreads",
    "responseMessage",
    "threadName",
];

/// So begins the message of a transaction controller's row, which sums up the samples of its thread before it. Where
/// those are in the file, too, the row is no request.
const TRANSACTION: &str = "Number of samples in transaction";

fn read(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let first = source.head().lines().next().unwrap_or("");
    let delimiter = [b',', b'\t', b';', b'|'].into_iter();
    let delimiter = delimiter.max_by_key(|d| first.bytes().filter(|b| b == d).count());
    let mut reading = Reading::default();
    let mut threads = 0.0_f64;
    let mut transactions = 0_u64;
    let mut latest: BTreeMap<String, i64> = BTreeMap::new();
    reading.skipped = table::read(source, delimiter.unwrap_or(b','), &COLUMNS, 2, |row| {
        let stamp = row.text(0);
        let start: i64 = stamp.parse().map_err(|_| {
            format!("timeStamp `{stamp}` is not in milliseconds (jmeter.save.saveservice.timestamp_format=ms)")
        })?;
        let code = row.text(3);
        let ns = text::ns_of_ms(row.number(1)?)?;
        let own = latest.get_mut(row.text(7));
        if row.text(6).starts_with(TRANSACTION) {
            if own.is_some_and(|latest| *latest >= start) {
                transactions += 1;
                return Ok(());
            }
        } else {
            match own {
                Some(latest) => *latest = start,
                None => {
                    latest.insert(row.text(7).to_string(), start);
                }
            }
        }
        let users = row.number(5).unwrap_or(0.0);
        sink(&Record {
            start_us: Some(start.saturating_mul(1_000)),
            ns,
            users: users as u32,
            status: code.parse().unwrap_or(0),
            failed: row.text(4) == "false",
            method: "",
            path: row.text(2),
            ..Record::default()
        });
        threads = threads.max(users);
        Ok(())
    })?;
    if transactions > 0 {
        reading.notes.push(format!(
            "{transactions} rows of transaction controllers are left out: the samples that they sum up are here"
        ));
    }
    if threads > 0.0 {
        reading
            .notes
            .push(format!("at most {threads} threads at once"));
    }
    Ok(reading)
}
