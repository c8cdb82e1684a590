//! Gatling: `simulation.log` in its text form, and `global_stats.json`. By its source, and checked with public pairs of both
//! files (2.x of 2018, 3.7.4 and 3.9.5), of which the log gives the numbers of the other; no recording is among the tests.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record, Skipped};
use super::requests;
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source};
use super::text;

const PRINTED: Declaration = Declaration {
    form: "Gatling, global_stats.json",
    tool: "Gatling",
    version: "source of 3.9.5",
    recognised_by: "JSON with numberOfRequests and meanResponseTime",
    fields: "numberOfRequests, minResponseTime, maxResponseTime, meanResponseTime, standardDeviation, percentiles1 to 4 (ms; 50, 75, 95, 99 unless configured; of two alone 95 and 99), meanNumberOfRequestsPerSecond; of each the total",
    rule: Some(Rule::new(Rank::Interpolated, Value::WholeMs)),
    percents: &[50.0, 75.0, 95.0, 99.0],
    deviation: Deviation::Population,
    resolution: "1 ms; percentiles of a t-digest",
    left_out: "which percentiles they are, if configured",
    denominator: "whole seconds, rounded up, from the first user's begin to the last end",
    failed: "in; ko is also a failed check",
    omission: "no",
    is_open: false,
};

/// `global_stats.json`, and `stats.json` of the same keys.
pub static JSON: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| {
        head.trim_start().starts_with('{')
            && head.contains("\"numberOfRequests\"")
            && head.contains("\"meanResponseTime\"")
    },
    read: read_json,
};

/// `simulation.log` as text, up to 3.9.
pub static LOG: Reader = Reader {
    declaration: Declaration {
        form: "Gatling, simulation.log",
        version: "source of 1.2, 2.0, 2.1, 2.3.1, 3.3.1 and 3.9.5",
        recognised_by: "lines of tabs that begin with RUN, USER, REQUEST or ASSERTION, or have RUN third (2.0)",
        fields: "REQUEST lines (ACTION in 1.x): name, begin and end (ms since 1970; up to 2.1 four times, of which the first and the last), OK or KO, message; groups and users are not read",
        resolution: "1 ms",
        left_out: "the status of an answer",
        denominator: "begin of the first to end of the last request",
        ..PRINTED
    },
    recognises: |head| {
        let first: Vec<&str> = head.lines().next().unwrap_or("").split('\t').collect();
        match first.as_slice() {
            ["RUN" | "USER" | "REQUEST" | "ASSERTION", _, ..] => true,
            [_, _, "RUN", start, ..] => start.parse::<i64>().is_ok(),
            _ => false,
        }
    },
    read: read_log,
};

/// Whether a file that begins so is a `simulation.log` of 3.10 or later, which is binary.
pub(super) fn is_binary(name: &str, head: &str) -> bool {
    name.ends_with("simulation.log") && head.contains('\0')
}

fn read_json(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    // stats.json has them below a name of the group of all.
    let all = if json.get("stats").is_some() {
        &json["stats"]
    } else {
        &json
    };
    let number = |key: &str, which: &str| {
        let value = &all[key][which];
        let text = || value.as_str().and_then(text::number);
        value.as_f64().or_else(text)
    };
    let total = |key: &str| number(key, "total");
    let count = |which: &str| number("numberOfRequests", which).map(|n| n as u64);
    let mut reading = Reading {
        requests: count("total"),
        failed: count("ko"),
        rate: total("meanNumberOfRequestsPerSecond"),
        mean: total("meanResponseTime"),
        deviation: total("standardDeviation"),
        min: total("minResponseTime"),
        max: total("maxResponseTime"),
        ..Reading::default()
    };
    // Version 2.0 had two.
    let (percents, words) = match total("percentiles3") {
        Some(_) => (PRINTED.percents, "50, 75, 95 and 99 %"),
        None => (&PRINTED.percents[2..], "95 and 99 %"),
    };
    for (k, percent) in (1..).zip(percents) {
        let value = total(&format!("percentiles{k}"));
        reading.percentiles.extend(value.map(|ms| (*percent, ms)));
    }
    reading.doubts.push(format!(
        "which percentiles they are: {words}, unless charting.indicators of gatling.conf says otherwise"
    ));
    if reading.requests.is_some_and(|n| n > 100) {
        reading.doubts.push(
            "percentiles: of more than some 100 requests they are those of a sketch, whose error the file does not tell".into(),
        );
    }
    reading.notes.push(CHECKED.into());
    Ok(reading)
}

const CHECKED: &str = "read by Gatling's source, and checked with public files of 2.x, 3.7.4 and 3.9.5; it could not be run here";

fn read_log(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let mut skipped = Skipped::default();
    let (mut users, mut groups) = (0_u64, 0_u64);
    loop {
        let line = match source.next_line()? {
            None => break,
            Some(line) if line.trim().is_empty() => continue,
            Some(line) => line.into_owned(),
        };
        let fields: Vec<&str> = line.split('\t').collect();
        match kind(&fields) {
            Some(Kind::Said) => {}
            Some(Kind::User) => users += u64::from(fields.contains(&"START")),
            Some(Kind::Group) => groups += 1,
            Some(Kind::Request) => match request(&fields) {
                Some((name, start, end, ok)) => {
                    let (method, path) = requests::method_and_path(name);
                    sink(&Record {
                        start_us: Some(start.saturating_mul(1_000)),
                        ns: u64::try_from(end - start)
                            .unwrap_or(0)
                            .saturating_mul(1_000_000),
                        failed: !ok,
                        method,
                        path,
                        ..Record::default()
                    });
                }
                None => skipped.add(source.line(), "no begin, end and OK or KO", &line),
            },
            None => skipped.add(source.line(), "no kind of line that Gatling writes", &line),
        }
    }
    let mut notes = vec![CHECKED.to_string()];
    if users > 0 {
        notes.push(format!("{users} users began"));
    }
    if groups > 0 {
        notes.push(format!("{groups} times of groups are left out"));
    }
    Ok(Reading {
        skipped,
        notes,
        ..Reading::default()
    })
}

/// What a line tells.
#[derive(Clone, Copy)]
enum Kind {
    /// Nothing of requests.
    Said,
    User,
    Group,
    Request,
}

/// The kind of a line stands first; in 2.0 it stood third, behind the scenario and the number of the user.
fn kind(fields: &[&str]) -> Option<Kind> {
    let of = |name: &&str| {
        Some(match *name {
            "RUN" | "ASSERTION" | "ERROR" => Kind::Said,
            "USER" | "SCENARIO" => Kind::User,
            "GROUP" => Kind::Group,
            "REQUEST" | "ACTION" => Kind::Request,
            _ => return None,
        })
    };
    fields
        .first()
        .and_then(of)
        .or_else(|| fields.get(2).and_then(of))
}

/// Name, begin, end and whether it was OK: the fields before differ from version to version, those behind too. Up to
/// 2.1 there are four times: the request begins and is sent, its answer begins and ends; the order of the last three
/// has changed.
fn request<'l>(fields: &[&'l str]) -> Option<(&'l str, i64, i64, bool)> {
    let time = |k: usize| {
        let ms = fields.get(k)?.parse::<i64>();
        ms.ok().filter(|ms| *ms > 0)
    };
    let is_status = |k: &usize| matches!(fields[*k], "OK" | "KO");
    let both = |k: usize| Some((time(k - 2)?, time(k - 1)?));
    let (status, (start, end)) = (4..fields.len())
        .filter(is_status)
        .find_map(|k| Some((k, both(k)?)))?;
    // A name of digits alone is no time of this century.
    let recent = |ms: &i64| *ms > 946_684_800_000;
    let earlier = || Some((time(status.checked_sub(4)?)?, time(status - 3)?));
    let (name, start, end) = match earlier() {
        Some((first, sent)) if recent(&first) && recent(&sent) => {
            (status.checked_sub(5)?, first, sent.max(start).max(end))
        }
        _ => (status - 3, start, end),
    };
    (end >= start).then_some((fields[name], start, end, fields[status] == "OK"))
}
