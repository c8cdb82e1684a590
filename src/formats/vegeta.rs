//! Vegeta: its single results as JSON and CSV, its report as JSON and text. By its source, and by the layout of what others
//! have published of it since 2016; no recording is among the tests.

use serde_json::Value as Json;

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::{Reading, Record, Skipped};
use super::rule::{Rank, Rule, Value};
use super::source::{Problem, Source, broken_table};
use super::text;

const CHECKED: &str =
    "read by Vegeta's source, and by the layout of public files; it could not be run here";

const PRINTED: Declaration = Declaration {
    form: "Vegeta, report -type=json",
    tool: "Vegeta",
    version: "source of 12.13.0",
    recognised_by: "JSON with latencies, bytes_in and status_codes",
    fields: "requests, rate, throughput, duration and wait (ns), latencies: total mean 50th 90th 95th 99th max min (ns), success (share of 200 to 399), status_codes",
    rule: Some(Rule::new(Rank::Middle, Value::Exact)),
    percents: &[50.0, 90.0, 95.0, 99.0],
    deviation: Deviation::None,
    resolution: "1 ns; percentiles of a t-digest",
    left_out: "nothing",
    denominator: "begin of the first to begin of the last request (rate); to the end of the last, those of 200 to 399 alone (throughput)",
    failed: "in, status 0 without an answer",
    omission: "no; requests are sent at their times as far as there are workers",
    is_open: true,
};

/// `vegeta report -type=json`
pub static JSON: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| {
        head.trim_start().starts_with('{')
            && head.contains("\"latencies\"")
            && head.contains("\"bytes_in\"")
            && head.contains("\"status_codes\"")
    },
    read: read_json,
};

/// `vegeta report`
pub static TEXT: Reader = Reader {
    declaration: Declaration {
        form: "Vegeta, report",
        recognised_by: "Requests [total, rate, throughput]",
        fields: "Requests [total, rate, throughput], Duration [total, attack, wait], Latencies [min, mean, 50, 90, 95, 99, max], Success [ratio], in Go's units",
        resolution: "rounded to some digits; percentiles of a t-digest",
        ..PRINTED
    },
    recognises: |head| text::after(head, "Requests").is_some_and(|l| l.starts_with("[total, rate")),
    read: read_text,
};

/// `vegeta encode -to=json`
pub static RESULTS: Reader = Reader {
    declaration: Declaration {
        form: "Vegeta, encode -to=json",
        recognised_by: "an object a line with timestamp, latency and bytes_out",
        fields: "timestamp (begin), latency (ns), code, error, method, url",
        resolution: "1 ns",
        denominator: "begin of the first to end of the last request",
        ..PRINTED
    },
    recognises: |head| {
        head.lines()
            .next()
            .is_some_and(|line| line.contains("\"bytes_out\"") && result(line).is_ok())
    },
    read: read_results,
};

/// `vegeta encode -to=csv`
pub static CSV: Reader = Reader {
    declaration: Declaration {
        form: "Vegeta, encode -to=csv",
        recognised_by: "lines of 12 fields, or 6 to 11 of older versions, the first a time of 19 digits",
        fields: "begin (ns since 1970), status, latency (ns), bytes out, bytes in, error, body, attack, number, method, URL, headers",
        resolution: "1 ns",
        denominator: "begin of the first to end of the last request",
        ..PRINTED
    },
    recognises: |head| {
        let first = head.lines().next().unwrap_or("");
        let fields: Vec<&str> = first.split(',').collect();
        let whole = |k: usize| fields[k].parse::<u64>().is_ok();
        fields.len() >= 6 && fields[0].len() == 19 && (0..5).all(whole)
    },
    read: read_csv,
};

fn read_json(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let json = text::json(source)?;
    let latency = |key| text::json_number(&json, &["latencies", key]).map(|ns| ns / 1e6);
    let seconds = |key| text::json_number(&json, &[key]).map(|ns| ns / 1e9);
    let requests = json["requests"].as_u64();
    let success = text::json_number(&json, &["success"]);
    let mut reading = Reading {
        requests,
        failed: requests
            .zip(success)
            .map(|(n, s)| (n as f64 * (1.0 - s)).round() as u64),
        span: seconds("duration")
            .zip(seconds("wait"))
            .map(|(attack, wait)| attack + wait),
        rate: text::json_number(&json, &["rate"]),
        mean: latency("mean"),
        min: latency("min"),
        max: latency("max"),
        ..Reading::default()
    };
    for (key, percent) in [
        ("50th", 50.0),
        ("90th", 90.0),
        ("95th", 95.0),
        ("99th", 99.0),
    ] {
        reading
            .percentiles
            .extend(latency(key).map(|ms| (percent, ms)));
    }
    doubts(&mut reading);
    Ok(reading)
}

fn doubts(reading: &mut Reading) {
    let few = 100;
    if reading.requests.is_some_and(|n| n > few) {
        reading.doubts.push(format!(
            "percentiles: of more than some {few} requests they are those of a sketch, whose error the file does not tell"
        ));
    }
    reading.notes.push(CHECKED.into());
}

fn read_text(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let list = |label: &str| -> Vec<String> {
        let line = text::after(&all, label).and_then(|line| line.split_once(']'));
        let values = line.map_or("", |(_, values)| values);
        values.split(',').map(|v| v.trim().to_string()).collect()
    };
    let number = |values: &[String], k: usize| values.get(k).and_then(|v| text::number(v));
    let requests = list("Requests");
    let times: Vec<Option<f64>> = list("Latencies").iter().map(|v| go_ms(v)).collect();
    let at = |k: usize| times.get(k).copied().flatten();
    let success = list("Success");
    let success = success
        .first()
        .and_then(|v| text::number(v.trim_end_matches('%')));
    let total = number(&requests, 0);
    let mut reading = Reading {
        requests: total.map(|n| n as u64),
        failed: total
            .zip(success)
            .map(|(n, s)| (n * (1.0 - s / 100.0)).round() as u64),
        span: list("Duration")
            .first()
            .and_then(|v| go_ms(v))
            .map(|ms| ms / 1e3),
        rate: number(&requests, 1),
        ..Reading::default()
    };
    // Versions before 12.6 print neither min nor 90 %.
    let percents: &[f64] = match times.len() {
        7 => {
            reading.min = at(0);
            reading.mean = at(1);
            &[50.0, 90.0, 95.0, 99.0]
        }
        _ => {
            reading.mean = at(0);
            &[50.0, 95.0, 99.0]
        }
    };
    let first = times.len().saturating_sub(percents.len() + 1);
    for (k, percent) in percents.iter().enumerate() {
        reading
            .percentiles
            .extend(at(first + k).map(|ms| (*percent, ms)));
    }
    reading.max = times.last().copied().flatten();
    doubts(&mut reading);
    Ok(reading)
}

/// A length of time as Go prints it, such as `1m2.5s` or `351.2µs`, in milliseconds.
fn go_ms(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text.trim(), 0.0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let unit = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let behind = &rest[unit..];
        let end = behind
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(behind.len());
        sum += text::time(&rest[..unit + end])?;
        rest = &rest[unit + end..];
    }
    Some(sum)
}

/// What a line of JSON says: begin, time, status, error or not, method and URL.
type Hit = (i64, u64, u16, bool, String, String);

fn result(line: &str) -> Result<Hit, String> {
    let json: Json = serde_json::from_str(line).map_err(|why| format!("no JSON object: {why}"))?;
    let of = |key: &str| json[key].as_str().unwrap_or("").to_string();
    let begin: jiff::Timestamp =
        (of("timestamp").parse()).map_err(|_| "no timestamp".to_string())?;
    let ns = json["latency"].as_u64().ok_or("no latency")?;
    let code = json["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    Ok((
        begin.as_microsecond(),
        ns,
        code.ok_or("no code")?,
        !of("error").is_empty(),
        of("method"),
        of("url"),
    ))
}

fn give(hit: &Hit, sink: &mut dyn FnMut(&Record<'_>)) {
    let (start, ns, status, error, method, url) = hit;
    sink(&Record {
        start_us: Some(*start),
        ns: *ns,
        status: *status,
        failed: *error || !(200..400).contains(status),
        method,
        path: url,
        ..Record::default()
    });
}

fn read_results(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    let mut skipped = Skipped::default();
    while let Some(line) = source.next_line()?.map(std::borrow::Cow::into_owned) {
        if line.trim().is_empty() {
            continue;
        }
        match result(&line) {
            Ok(hit) => give(&hit, sink),
            Err(why) => skipped.add(source.line(), &why, &line),
        }
    }
    Ok(single(skipped))
}

fn read_csv(source: &mut Source, sink: Sink<'_>) -> Result<Reading, Problem> {
    source.limit_lines();
    let mut skipped = Skipped::default();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(&mut *source);
    let mut row = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {}
            Err(why) => {
                if let csv::ErrorKind::Io(io) = why.kind() {
                    return Err(broken_table(reader.get_ref().name(), io));
                }
                skipped.add(
                    why.position().map_or(0, csv::Position::line),
                    "no UTF-8 text",
                    "",
                );
                continue;
            }
        }
        match of_row(&row) {
            Some(hit) => give(&hit, sink),
            None => {
                let line = row.position().map_or(0, csv::Position::line);
                let text: Vec<&str> = row.iter().collect();
                skipped.add(line, "not the fields of a result", &text.join(","));
            }
        }
    }
    Ok(single(skipped))
}

fn of_row(row: &csv::StringRecord) -> Option<Hit> {
    let field = |k: usize| row.get(k).unwrap_or("").trim();
    // Six in 2016, nine in 2018; method, URL and headers since.
    if !(6..=12).contains(&row.len()) {
        return None;
    }
    let begin: i64 = field(0).parse().ok()?;
    let error = !field(5).is_empty();
    let (status, ns) = (field(1).parse().ok()?, field(2).parse().ok()?);
    Some((
        begin / 1_000,
        ns,
        status,
        error,
        field(9).into(),
        field(10).into(),
    ))
}

fn single(skipped: Skipped) -> Reading {
    Reading {
        skipped,
        notes: vec![CHECKED.into()],
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_go_prints_them() {
        for (text, ms) in [
            ("1m2.5s", 62_500.0),
            ("351.2µs", 0.3512),
            ("1h0m1s", 3_601_000.0),
            ("999ns", 0.000_999),
            ("0s", 0.0),
        ] {
            assert!((go_ms(text).unwrap() - ms).abs() < 1e-9, "{text}");
        }
        assert_eq!((go_ms(""), go_ms("1"), go_ms("s")), (None, None, None));
    }
}
