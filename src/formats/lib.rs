//! Files of other load tools, access logs and traces: what their numbers mean.
//!
//! What lives here: one file per tool, with one [`Declaration`] per kind of file (how it is recognised, its fields
//! and units, the tool's rule for a percentile, what is left out); a reader gives single requests to a sink and what
//! the tool has printed as a [`Reading`]; the opening of all files within limits ([`input`]); the requests of a log in
//! the order of their begins ([`replay`]). It may use `stats` and what is below it. It must not know what is done with
//! the numbers: no model, no simulation, no fit, no printing.
//!
//! The inside of a program: any version may change what is here. The library's public face is the crate `capsim`.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod ab;
mod access;
mod artillery;
mod autocannon;
mod declaration;
mod gatling;
mod goose;
mod h2load;
mod hey;
pub mod input;
mod jmeter;
mod jmeter_xml;
mod loadtest;
mod locust;
mod oha;
pub mod path;
mod reading;
pub mod replay;
mod requests;
pub mod rule;
mod siege;
mod source;
mod table;
mod text;
pub mod traces;
mod tsung;
mod vegeta;
mod wrk;

use std::path::Path;

use capsim_core::{engine, stats};

pub use access::{Layout, Seen};
pub use declaration::{Declaration, Deviation, Reader, Sink};
use reading::Extent;
pub use reading::{Collected, Order, Reading, Record, Skipped};
pub use rule::Rule;
pub use source::{Block, Problem, Source};

/// In microseconds.
const DAY_US: u64 = 86_400_000_000;

/// No test lasts longer, and no log that is one file.
const LONG_DAYS: u64 = 366;

/// All kinds of files, in the order in which a file is tried.
pub static READERS: [&Reader; 38] = [
    &jmeter::CSV,
    &jmeter_xml::XML,
    &locust::STATS,
    &locust::HISTORY,
    &locust::JSON,
    &hey::CSV,
    &hey::TEXT,
    &wrk::TEXT,
    &ab::TEXT,
    &ab::PERCENTAGES,
    &ab::REQUESTS,
    &oha::JSON,
    &oha::CSV,
    &autocannon::JSON,
    &artillery::JSON,
    &h2load::TEXT,
    &h2load::LOG,
    &siege::JSON,
    &siege::LOG,
    &loadtest::TEXT,
    &goose::JSON,
    &goose::TEXT,
    &goose::REQUESTS,
    &tsung::LOG,
    &tsung::DUMP,
    &vegeta::JSON,
    &vegeta::TEXT,
    &vegeta::RESULTS,
    &vegeta::CSV,
    &gatling::JSON,
    &gatling::LOG,
    &requests::CSV,
    &access::NGINX,
    &access::APACHE,
    &access::HAPROXY,
    &access::TOMCAT,
    &access::ENVOY,
    &access::JSON,
];

/// A file that was read: what it is, what it prints, and the requests that it holds.
#[derive(Debug)]
pub struct Understood {
    /// What its numbers mean.
    pub declaration: &'static Declaration,
    /// What it prints.
    pub reading: Reading,
    /// Its requests; `None` if it holds no single ones.
    pub requests: Option<Collected>,
}

impl Understood {
    /// How many requests: as printed, or else of the single ones.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        let held = self.requests.as_ref();
        self.reading.requests.or_else(|| held.map(|all| all.count))
    }

    /// Length of the test in seconds: as printed, or else of the single requests.
    #[must_use]
    pub fn span(&self) -> Option<f64> {
        let held = self.requests.as_ref();
        self.reading.span.or_else(|| held.and_then(Collected::span))
    }

    /// Requests a second: as printed, or else by the length.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let of_span = || Some(self.count()? as f64 / self.span().filter(|span| *span > 0.0)?);
        self.reading.rate.or_else(of_span)
    }
}

/// The reader of files that begin so, if any is.
#[must_use]
pub fn reader_of(text: &str) -> Option<&'static Reader> {
    let mut end = text.len().min(source::HEAD as usize);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    READERS
        .iter()
        .find(|reader| (reader.recognises)(head))
        .copied()
}

/// The kind of file that this is.
///
/// # Errors
/// If it is none that is known.
pub fn recognise(source: &Source) -> Result<&'static Reader, Problem> {
    let head = source.head();
    if head.trim().is_empty() {
        return Err(source.problem("", "the file is empty", ""));
    }
    if let Some(reader) = reader_of(head) {
        return Ok(reader);
    }
    if gatling::is_binary(source.name(), head) {
        let message = "this is a binary simulation.log, as Gatling writes since 3.10";
        let fix = "give js/global_stats.json, written up to 3.13.4; up to 3.9 the log is text";
        return Err(source.problem("", message, fix));
    }
    if let Some(zeros) = source.zeros() {
        return Err(zeros);
    }
    if let Some((separator, reader)) = separated_otherwise(head) {
        let message = format!(
            "this looks like {} with {separator} in the place of commas, as a spreadsheet writes tables",
            reader.declaration.form
        );
        return Err(source.problem("line 1", message, "give the file as the tool wrote it"));
    }
    if head.starts_with("Test run id:") && head.contains("Metrics for period to") {
        let message = "this is what Artillery prints, and it says less than its file";
        return Err(source.problem("", message, "give the JSON of `artillery run -o FILE`"));
    }
    if head.contains("HdrHistogram - Recorded Latency") {
        let message = "this is the output of wrk2, whose rules have not been measured";
        return Err(source.problem(
            "",
            message,
            "see docs/formats.md for the tools that are known",
        ));
    }
    let first = head
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("");
    let shown: String = first.chars().take(80).filter(|c| !c.is_control()).collect();
    let message = format!("no known file of a load tool begins so: {shown}");
    let fix = "docs/formats.md lists what is known; runs of k6 are read by `capsim fit`";
    Err(source.problem("line 1", message, fix))
}

/// The reader of a table whose line of names has another separator than the tool's comma.
fn separated_otherwise(head: &str) -> Option<(&'static str, &'static Reader)> {
    let names = head.lines().next().unwrap_or("");
    let tried = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")].into_iter();
    let mut found = tried.filter_map(|(separator, name)| {
        let with_commas = names.replace(separator, ",");
        let changed = with_commas != names && !names.contains(',');
        let reader = changed.then(|| reader_of(&format!("{with_commas}\n")))??;
        Some((name, reader))
    });
    found.next()
}

/// Reads a file: of this layout if one is given, else of whatever known kind it is.
///
/// # Errors
/// If it cannot be read, is of no known kind, or nothing in it is understood.
pub fn read(path: &Path, layout: Option<&Layout>) -> Result<Understood, Problem> {
    understand(&mut Source::open(path)?, layout)
}

/// As [`read`], of a source already open.
///
/// # Errors
/// As [`read`].
pub fn understand(source: &mut Source, layout: Option<&Layout>) -> Result<Understood, Problem> {
    let mut requests = Collected::default();
    let read = each_of(source, layout, &mut |record| requests.add(record))?;
    let held = requests.count > 0;
    Ok(Understood {
        declaration: read.0,
        reading: read.1,
        requests: held.then_some(requests),
    })
}

/// As [`read`], and gives each single request to a sink, in the order of the file.
///
/// # Errors
/// As [`read`].
pub fn each(
    path: &Path,
    layout: Option<&Layout>,
    sink: Sink<'_>,
) -> Result<(&'static Declaration, Reading), Problem> {
    let mut source = Source::open(path)?;
    each_of(&mut source, layout, sink)
}

/// As [`each`], of a source already open.
///
/// # Errors
/// As [`read`].
pub fn each_of(
    source: &mut Source,
    layout: Option<&Layout>,
    sink: Sink<'_>,
) -> Result<(&'static Declaration, Reading), Problem> {
    let mut extent = Extent::default();
    let mut counting = |record: &Record<'_>| {
        extent.add(record);
        sink(record);
    };
    let (declaration, reading) = match layout {
        Some(layout) => {
            let reading = access::read_as(source, layout, &mut counting)?;
            (layout.declaration, reading)
        }
        None => {
            let reader = recognise(source)?;
            let reading = (reader.read)(source, &mut counting)?;
            (&reader.declaration, reading)
        }
    };
    let reading = checked(source, declaration, reading, extent)?;
    Ok((declaration, reading))
}

/// The layout of an access log, as its lines tell it; `None` for any other file.
///
/// # Errors
/// If it is of no known kind.
pub fn layout_of_log(source: &Source) -> Result<Option<Layout>, Problem> {
    let declaration = &recognise(source)?.declaration;
    let layout = access::first_layout(source.head());
    Ok(layout.filter(|layout| std::ptr::eq(layout.declaration, declaration)))
}

/// All that a log shows beside its requests, from what all of its blocks show.
///
/// # Errors
/// If nothing in it is understood.
pub fn reading_of_log(source: &Source, layout: &Layout, seen: Seen) -> Result<Reading, Problem> {
    let extent = seen.extent;
    checked(source, layout.declaration, seen.reading(layout), extent)
}

/// A reading, if the file holds anything, with what is doubtful about its times.
fn checked(
    source: &Source,
    declaration: &Declaration,
    mut reading: Reading,
    extent: Extent,
) -> Result<Reading, Problem> {
    let begins = extent.begins.both();
    let days = begins.map_or(0, |(first, last)| last.abs_diff(first) / DAY_US);
    if days > LONG_DAYS && !reading.doubts.iter().any(|doubt| doubt.contains("clock")) {
        let doubt = format!("the clock: the requests span {days} days, so that a time is wrong");
        reading.doubts.push(doubt);
    }
    let prints = reading.requests.is_some() || reading.mean.is_some() || reading.max.is_some();
    if extent.held || prints || !reading.percentiles.is_empty() {
        return Ok(reading);
    }
    let message = match reading.skipped.first.first() {
        Some((line, why, _)) => format!(
            "no request was understood; {} lines were not, the first is line {line}: {why}",
            reading.skipped.count
        ),
        None => format!("this {} holds no request", declaration.form),
    };
    Err(source.problem(
        "",
        message,
        "give the file as the tool wrote it, or --log-format",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_another_age_is_told() {
        let table = |first: &str| format!("timeStamp,elapsed\n{first},5\n1795780659883,7\n");
        let doubts = |text: &str| {
            let mut source = Source::of_bytes("x.jtl", text.as_bytes()).unwrap();
            understand(&mut source, None).unwrap().reading.doubts
        };
        assert_eq!(doubts(&table("1795780659796")), [""; 0]);
        for first in ["-1795780659796", "0"] {
            let told = doubts(&table(first)).join("\n");
            assert!(told.contains("the clock: the requests span "), "{told}");
        }
    }
}
