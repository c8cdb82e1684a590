//! siege: its JSON and its log.

use super::declaration::{Declaration, Deviation, Reader, Sink};
use super::reading::Reading;
use super::source::{Problem, Source};
use super::text;

const PRINTED: Declaration = Declaration {
    form: "siege, -j",
    tool: "siege",
    version: "4.0.7",
    recognised_by: "JSON with transactions, availability and elapsed_time",
    fields: "transactions, successful_transactions, failed_transactions, elapsed_time, response_time, longest_transaction, shortest_transaction (s), transaction_rate, concurrency",
    rule: None,
    percents: &[],
    deviation: Deviation::None,
    resolution: "10 ms",
    left_out: "percentiles; times of dropped requests",
    denominator: "wall time; transactions alone (4xx in, 5xx out)",
    failed: "the sum of times has 5xx in, the count that divides it has not",
    omission: "no",
    is_open: false,
};

/// `siege -j`
pub static JSON: Reader = Reader {
    declaration: PRINTED,
    recognises: |head| {
        head.contains("\"transactions\":")
            && head.contains("\"availability\":")
            && head.contains("\"elapsed_time\":")
    },
    read: read_json,
};

/// `siege --log`
pub static LOG: Reader = Reader {
    declaration: Declaration {
        form: "siege, --log",
        recognised_by: "a first line Date & Time, Trans, Elap Time, …",
        fields: "Trans, Elap Time, Resp Time (s), Trans Rate, Concurrent, OKAY, Failed; the last line is the last run",
        ..PRINTED
    },
    recognises: |head| head.trim_start().starts_with("Date & Time,"),
    read: read_log,
};

fn read_json(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    // Around the JSON siege prints words.
    let inside = all
        .find('{')
        .zip(all.rfind('}'))
        .and_then(|(a, b)| all.get(a..=b));
    let parsed = inside.map(serde_json::from_str::<serde_json::Value>);
    let json = match parsed {
        Some(Ok(json)) => json,
        Some(Err(why)) => {
            let message = format!("the JSON ends or breaks here: {why}");
            return Err(source.problem("", message, "give the file as siege wrote it"));
        }
        None => return Err(source.problem("", "the JSON is cut off", "run siege to its end")),
    };
    let number = |key| text::json_number(&json, &[key]);
    let ms = |key| number(key).map(|s| s * 1e3);
    let (done, failed) = (number("transactions"), number("failed_transactions"));
    let mut reading = Reading {
        requests: done.zip(failed).map(|(d, f)| (d + f) as u64),
        failed: failed.map(|n| n as u64),
        span: number("elapsed_time"),
        rate: number("transaction_rate"),
        mean: ms("response_time"),
        min: ms("shortest_transaction"),
        max: ms("longest_transaction"),
        ..Reading::default()
    };
    notes(
        &mut reading,
        number("successful_transactions"),
        number("concurrency"),
    );
    Ok(reading)
}

/// What both forms have to say.
fn notes(reading: &mut Reading, good: Option<f64>, concurrency: Option<f64>) {
    if let Some(concurrency) = concurrency {
        reading
            .notes
            .push(format!("{concurrency} requests under way in the mean"));
    }
    let answered = reading
        .requests
        .zip(reading.failed)
        .map(|(all, failed)| all - failed);
    if let Some((good, answered)) = good.zip(answered)
        && good < answered as f64
    {
        let apart = answered as f64 - good;
        reading.notes.push(format!(
            "{apart} transactions were 4xx: siege counts them as done"
        ));
    }
    if reading.failed.is_some_and(|failed| failed > 0) {
        reading.doubts.push("the mean: the times of 5xx are in the sum and they are not in the count, so it is too large".into());
    }
}

fn read_log(source: &mut Source, _: Sink<'_>) -> Result<Reading, Problem> {
    let all = source.rest()?;
    let mut reading = Reading::default();
    let (mut runs, mut last) = (0, Vec::new());
    for (k, line) in all.lines().enumerate().skip(1) {
        let parts: Vec<&str> = line.split(',').map(str::trim).collect();
        let numbers: Option<Vec<f64>> = parts.iter().skip(1).map(|p| text::number(p)).collect();
        match numbers {
            Some(numbers) if numbers.len() == 9 => (runs, last) = (runs + 1, numbers),
            _ if line.trim().is_empty() => {}
            // A line of names again: a new run of another version.
            _ => reading
                .skipped
                .add(k as u64 + 1, "not nine numbers behind a date", line),
        }
    }
    if let [done, span, _, mean, rate, _, concurrency, good, failed] = last[..] {
        reading.requests = Some((done + failed) as u64);
        reading.failed = Some(failed as u64);
        reading.span = Some(span);
        reading.rate = Some(rate);
        reading.mean = Some(mean * 1e3);
        notes(&mut reading, Some(good), Some(concurrency));
    }
    if runs > 1 {
        reading.notes.push(format!("the last of {runs} runs"));
    }
    Ok(reading)
}
