//! The end-of-test summary as text: the layout of k6 up to 0.5x and that of 1.0 and later.

use super::{Bad, Measured, Stat, is_used, larger};
use crate::model::duration;
use crate::model::threshold::Aggregation;

pub(super) fn read(text: &str) -> Result<Measured, Bad> {
    let mut measured = Measured::new("k6 summary (text)");
    let mut parent = String::new();
    let mut check = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = plain(line);
        let at = format!("line {}", index + 1);
        let line = line.trim();
        if ["█ GROUP", "█ SCENARIO", "↳ GROUP", "↳ SCENARIO"]
            .iter()
            .any(|s| line.starts_with(s))
        {
            // The full summary goes on with parts of the same samples.
            break;
        }
        if let Some(rest) = line.strip_prefix("running (") {
            running(&mut measured, &at, rest)?;
            continue;
        }
        if let (Some(counts), false) = (line.strip_prefix('↳'), check.is_empty()) {
            if let Some((passes, fails)) = marks(counts) {
                measured.check(&at, &check, passes, fails)?;
            }
            continue;
        }
        let body = line.trim_start_matches(['✓', '✗']).trim();
        let Some((name, values)) = split(body) else {
            check = if line.starts_with('✗') {
                body.to_string()
            } else {
                String::new()
            };
            continue;
        };
        let metric = match name.strip_prefix('{') {
            Some(tags) => format!("{parent}{{{}}}", tags.trim_end_matches('}').trim()),
            None => {
                parent = name.to_string();
                parent.clone()
            }
        };
        metric_line(&mut measured, &at, &metric, values)?;
    }
    if measured.readings.is_empty() {
        let message = "no line of a k6 summary was found, such as `http_reqs....: 100 10/s`";
        return Err(Bad::new(
            "",
            message,
            "give the text that k6 printed at the end of a run",
        ));
    }
    Ok(measured)
}

/// Without the escape sequences that colour a terminal.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(|c: char| c.is_ascii_alphabetic());
        rest = end.map_or("", |end| &rest[at + end + 1..]);
    }
    out.push_str(rest);
    out
}

/// Name and values of `name.....: values`.
fn split(line: &str) -> Option<(&str, &str)> {
    let colon = line.find("..:")? + 2;
    let name = line[..colon].trim_end_matches('.').trim();
    let values = &line[colon + 1..];
    (!name.is_empty() && values.starts_with(' ')).then(|| (name, values.trim()))
}

/// `5m13.5s), 0000/5000 VUs, 137 complete and 0 interrupted iterations`
fn running(measured: &mut Measured, at: &str, rest: &str) -> Result<(), Bad> {
    if let Some((time, _)) = rest.split_once(')')
        && let Ok(span) = duration::parse(time)
    {
        measured.duration = Some(span.as_secs());
    }
    let interrupted = rest
        .split_once(" and ")
        .and_then(|(_, tail)| tail.split_once(" interrupted"))
        .and_then(|(n, _)| n.trim().parse::<f64>().ok());
    measured.readings.retain(|r| r.stat != Stat::Interrupted);
    match interrupted {
        Some(n) => measured.push(at, "iterations", Stat::Interrupted, n, 0.0),
        None => Ok(()),
    }
}

fn metric_line(measured: &mut Measured, at: &str, metric: &str, values: &str) -> Result<(), Bad> {
    let tokens: Vec<&str> = values.split_whitespace().collect();
    let Some(first) = tokens.first() else {
        return Err(Bad::new(
            at,
            format!("`{metric}` has no value: the text is cut off"),
            "",
        ));
    };
    if metric == "vus" || metric == "vus_max" {
        let max = tokens.iter().find_map(|t| t.strip_prefix("max="));
        measured.peak_vus = larger(measured.peak_vus, max.and_then(|m| m.parse().ok()));
        return Ok(());
    }
    if !is_used(metric) || matches!(metric, "checks_total" | "checks_failed") {
        return Ok(());
    }
    let metric = if metric == "checks_succeeded" {
        "checks"
    } else {
        metric
    };
    if first.contains('=') {
        return trend(measured, at, metric, &tokens);
    }
    if first.ends_with('%') {
        let counts = marks(values).or_else(|| out_of(&tokens));
        let (passes, fails) = counts.ok_or_else(|| {
            Bad::new(
                at,
                format!("the counts of `{metric}` are missing: the text is cut off"),
                "",
            )
        })?;
        measured.push(at, metric, Stat::Passes, passes, 0.0)?;
        return measured.push(at, metric, Stat::Fails, fails, 0.0);
    }
    if tokens.iter().any(|t| t.starts_with("min=")) {
        return Ok(()); // a gauge
    }
    let count = first
        .parse()
        .map_err(|_| Bad::new(at, format!("`{first}` is no count of `{metric}`"), ""))?;
    measured.push(at, metric, Stat::Of(Aggregation::Count), count, 0.0)?;
    match tokens
        .get(1)
        .and_then(|t| t.strip_suffix("/s")?.parse().ok())
    {
        Some(rate) => measured.push(at, metric, Stat::Of(Aggregation::Rate), rate, 0.0),
        None => Ok(()),
    }
}

/// `✓ 534 ✗ 14`
fn marks(text: &str) -> Option<(f64, f64)> {
    let (_, after) = text.split_once('✓')?;
    let (passes, fails) = after.split_once('✗')?;
    let number = |t: &str| t.trim().trim_end_matches('/').trim().parse::<f64>().ok();
    Some((number(passes)?, number(fails)?))
}

/// `5.75% 16 out of 278`
fn out_of(tokens: &[&str]) -> Option<(f64, f64)> {
    let [_, passes, "out", "of", total] = tokens else {
        return None;
    };
    let (passes, total): (f64, f64) = (passes.parse().ok()?, total.parse().ok()?);
    Some((passes, total - passes))
}

fn trend(measured: &mut Measured, at: &str, metric: &str, tokens: &[&str]) -> Result<(), Bad> {
    let (mut with_unit, mut without) = (None, None);
    for token in tokens {
        let Some((key, value)) = token.split_once('=') else {
            return Err(Bad::new(
                at,
                format!("`{token}` is no statistic of `{metric}`"),
                "",
            ));
        };
        let stat = Aggregation::parse(key)
            .map_err(|_| Bad::new(at, format!("`{key}` is no statistic of k6"), ""))?;
        let (number, resolution) = match value.parse::<f64>() {
            Ok(number) => (number, last_digit(value) / number.abs().max(1e-9)),
            Err(_) => time(value).ok_or_else(|| {
                let message = format!("`{token}` is neither a time nor a number");
                Bad::new(at, message, "the text may be cut off here")
            })?,
        };
        if stat != Aggregation::Count && number != 0.0 {
            let kind = match value.parse::<f64>() {
                Ok(_) => &mut without,
                Err(_) => &mut with_unit,
            };
            *kind = Some(*token);
        }
        measured.push(at, metric, Stat::Of(stat), number, resolution)?;
    }
    if let (Some(time), Some(number)) = (with_unit, without) {
        let message = format!("`{metric}` mixes units: `{time}` is a time, `{number}` has no unit");
        return Err(Bad::new(at, message, "use the text as k6 printed it"));
    }
    Ok(())
}

/// One in the last decimal place of a number.
fn last_digit(number: &str) -> f64 {
    let decimals = number.split_once('.').map_or(0, |(_, d)| d.len());
    1.0 / libm::pow(10.0, decimals as f64)
}

/// Milliseconds of a time such as `1m23s` or `57.2µs`, and how far rounding may have moved them,
/// relative to them.
fn time(text: &str) -> Option<(f64, f64)> {
    let nanoseconds = duration::parse_signed(text).ok()?;
    let ms = nanoseconds as f64 / 1e6;
    let digits_end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let digits_start = text[..digits_end]
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(0, |at| at + 1);
    let unit = match &text[digits_end..] {
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "s" => 1000.0,
        "ms" => 1.0,
        "ns" => 1e-6,
        _ => 1e-3,
    };
    let step = last_digit(text.get(digits_start..digits_end)?) * unit;
    Some((ms, if ms == 0.0 { 0.0 } else { step / ms.abs() }))
}
