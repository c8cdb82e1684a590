//! The end-of-test summary as text: the layout of k6 up to 0.5x and that of 1.0 and later.

use super::prefix::Prefix;
use super::{Measured, ReadError, Stat, VuSource, Vus, is_used};
use crate::model::duration;
use crate::model::metric_name::find_builtin;
use crate::model::threshold::Aggregation;

pub(super) fn read(text: &str) -> Result<Measured, ReadError> {
    let lines: Vec<String> = text.lines().map(plain).collect();
    let prefix = Prefix::of(lines.iter().map(String::as_str));
    let mut reader = Reader::new();
    let mut tokens = lines.iter().flat_map(|line| line.split_whitespace());
    reader.given_unit = tokens.any(has_given_unit);
    for (index, line) in lines.iter().enumerate() {
        if let Some(line) = prefix.strip(line) {
            reader.line(&format!("line {}", index + 1), line)?;
        }
    }
    if reader.seen.is_empty() {
        let message = "no line of a k6 summary was found, such as `http_reqs....: 100 10/s`";
        let fix = "give the text that k6 printed at the end of a run";
        return Err(ReadError::new("", message, fix));
    }
    reader.measured.set_vus(reader.vus);
    Ok(reader.measured)
}

/// Whether a text has lines of a summary, whatever stands before them.
pub(super) fn is_summary(text: &str) -> bool {
    let of_k6 = |line: &str| {
        let (name, _) = metric_name(line)?;
        find_builtin(name.split_whitespace().last()?)
    };
    text.lines().any(|line| of_k6(&plain(line)).is_some())
}

/// What has been read of a text so far.
struct Reader {
    measured: Measured,
    vus: Vus,
    /// Whether the unit of times was given by `--summary-time-unit`.
    given_unit: bool,
    /// The metric that sub-metrics belong to.
    parent: String,
    /// The check whose counts may follow.
    check: String,
    /// All metrics, without sub-metrics.
    seen: Vec<String>,
    /// Whether the layout is that of k6 1.0 and later, which may go on with parts of the samples.
    new_layout: bool,
    /// Whether what is read now is a part: a group's or a scenario's.
    inside_part: bool,
    /// Whether what k6 prints at a run's end, or at its begin, came after the metrics.
    ended: bool,
}

impl Reader {
    fn new() -> Reader {
        Reader {
            measured: Measured::new("k6 summary (text)"),
            vus: Vus::default(),
            given_unit: false,
            parent: String::new(),
            check: String::new(),
            seen: Vec::new(),
            new_layout: false,
            inside_part: false,
            ended: false,
        }
    }

    fn line(&mut self, at: &str, line: &str) -> Result<(), ReadError> {
        if is_heading(line, "TOTAL RESULTS") {
            self.is_first(at)?;
            self.new_layout = true;
            return Ok(());
        }
        let marked = line.starts_with(['█', '↳']);
        if ["GROUP: ", "SCENARIO: "]
            .iter()
            .any(|h| is_heading(line, h))
            && (marked || self.new_layout)
        {
            self.inside_part = true;
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix("running (") {
            self.ended = !self.seen.is_empty();
            self.vus.add(VuSource::Progress, progress(rest));
            return running(&mut self.measured, at, rest);
        }
        if let Some(planned) = before(line, " max VUs,") {
            self.ended |= !self.seen.is_empty();
            self.vus.add(VuSource::Planned, Some(planned));
            return Ok(());
        }
        if let Some((name, values)) = metric_name(line.trim_start_matches(['✓', '✗'])) {
            return self.metric(at, name, values);
        }
        if self.inside_part {
            return Ok(());
        }
        if let (Some(counts), false) = (line.strip_prefix('↳'), self.check.is_empty()) {
            if let Some((passes, fails)) = marks(counts) {
                self.measured.check(at, &self.check, passes, fails)?;
            }
            return Ok(());
        }
        let failed = line.strip_prefix('✗').map_or("", str::trim);
        self.check = failed.trim_start_matches(['✓', '✗']).trim().to_string();
        Ok(())
    }

    fn metric(&mut self, at: &str, name: &str, values: &str) -> Result<(), ReadError> {
        self.check.clear();
        let metric = match name.strip_prefix('{') {
            Some(tags) => format!("{}{{{}}}", self.parent, tags.trim_end_matches('}').trim()),
            None => {
                let again = self.seen.iter().any(|m| m == name);
                if again && !self.new_layout || !self.seen.is_empty() && self.ended {
                    self.is_first(at)?;
                }
                // The heading of the part was lost.
                self.inside_part |= again;
                self.seen.push(name.to_string());
                self.new_layout |= matches!(name, "checks_total" | "checks_succeeded");
                self.parent = name.to_string();
                self.parent.clone()
            }
        };
        if self.inside_part {
            return Ok(());
        }
        let max = values
            .split_whitespace()
            .find_map(|t| t.strip_prefix("max="));
        if self.vus.gauge(&metric, max.and_then(|m| m.parse().ok())) {
            return Ok(());
        }
        metric_line(&mut self.measured, at, (&metric, values), self.given_unit)
    }

    /// An error if a summary was read already.
    fn is_first(&self, at: &str) -> Result<(), ReadError> {
        if self.seen.is_empty() {
            return Ok(());
        }
        Err(ReadError::second(at))
    }
}

/// Whether a line is this heading, whatever became of the mark before it.
fn is_heading(line: &str, heading: &str) -> bool {
    let Some(at) = line.find(heading) else {
        return false;
    };
    let mark = line[..at].trim_end();
    mark.chars().count() <= 4 && !mark.contains(char::is_whitespace) && !mark.contains(['✓', '✗'])
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
pub(super) fn metric_name(line: &str) -> Option<(&str, &str)> {
    let colon = line.find("..:")? + 2;
    let name = line[..colon].trim_end_matches('.').trim();
    let values = &line[colon + 1..];
    (!name.is_empty() && values.starts_with(' ')).then(|| (name, values.trim()))
}

/// The VUs that a line of progress says were initialised: `5m13.5s), 0000/5000 VUs, …`.
fn progress(rest: &str) -> Option<f64> {
    let (_, after) = rest.split_once('/')?;
    after.split_once(" VUs")?.0.trim().parse().ok()
}

/// The number right before some words.
fn before(line: &str, words: &str) -> Option<f64> {
    let (head, _) = line.split_once(words)?;
    head.rsplit([' ', ',']).next()?.parse().ok()
}

/// `5m13.5s), 0000/5000 VUs, 137 complete and 0 interrupted iterations`
fn running(measured: &mut Measured, at: &str, rest: &str) -> Result<(), ReadError> {
    if let Some((time, _)) = rest.split_once(')')
        && let Ok(span) = duration::parse(time)
    {
        measured.duration = Some(span.as_secs());
    }
    let interrupted = rest
        .split_once(" and ")
        .and_then(|(_, tail)| tail.split_once(" interrupted"))
        .and_then(|(n, _)| n.trim().parse::<f64>().ok());
    measured.nothing_ran = rest.contains(" 0 complete and 0 interrupted iterations");
    measured.readings.retain(|r| r.stat != Stat::Interrupted);
    match interrupted {
        Some(n) => measured.push(at, "iterations", Stat::Interrupted, n, 0.0),
        None => Ok(()),
    }
}

fn metric_line(
    measured: &mut Measured,
    at: &str,
    (metric, values): (&str, &str),
    given: bool,
) -> Result<(), ReadError> {
    let tokens: Vec<&str> = values.split_whitespace().collect();
    let Some(first) = tokens.first() else {
        return Err(ReadError::new(
            at,
            format!("`{metric}` has no value: the text is cut off"),
            "",
        ));
    };
    if !is_used(metric) || matches!(metric, "checks_total" | "checks_failed") {
        return Ok(());
    }
    let metric = if metric == "checks_succeeded" {
        "checks"
    } else {
        metric
    };
    if first.contains('=') {
        return trend(measured, at, metric, &tokens, given);
    }
    if first.ends_with('%') {
        let counts = marks(values).or_else(|| out_of(&tokens));
        let (passes, fails) = counts.ok_or_else(|| {
            ReadError::new(
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
        .map_err(|_| ReadError::new(at, format!("`{first}` is not a count of `{metric}`"), ""))?;
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

fn trend(
    measured: &mut Measured,
    at: &str,
    metric: &str,
    tokens: &[&str],
    given: bool,
) -> Result<(), ReadError> {
    let (mut with_unit, mut without) = (None, None);
    for token in tokens {
        let Some((key, value)) = token.split_once('=') else {
            return Err(ReadError::new(
                at,
                format!("`{token}` is not a statistic of `{metric}`"),
                "",
            ));
        };
        let stat = Aggregation::parse(key)
            .map_err(|_| ReadError::new(at, format!("`{key}` is not a statistic of k6"), ""))?;
        let (number, ends) = match value.parse::<f64>() {
            Ok(number) => (number, plain_ends(number)),
            Err(_) => time(value, given).ok_or_else(|| {
                let message = format!("`{token}` is neither a time nor a number");
                ReadError::new(at, message, "the text may be cut off here")
            })?,
        };
        if stat != Aggregation::Count && number != 0.0 {
            let kind = match value.parse::<f64>() {
                Ok(_) => &mut without,
                Err(_) => &mut with_unit,
            };
            *kind = Some(*token);
        }
        measured.push_rounded(at, metric, Stat::Of(stat), number, (ends, given))?;
    }
    if let (Some(time), Some(number)) = (with_unit, without) {
        let message = format!("`{metric}` mixes units: `{time}` is a time, `{number}` has no unit");
        return Err(ReadError::new(at, message, "use the text as k6 printed it"));
    }
    Ok(())
}

/// Between which numbers a plain one lies: k6 rounds to six decimals and drops zeros at the end.
fn plain_ends(number: f64) -> (f64, f64) {
    match number {
        0.0 => (0.0, 0.0),
        _ => (number - 5e-7, number + 5e-7),
    }
}

/// Whether a statistic shows that its unit was given by `--summary-time-unit`: two decimals always, which
/// k6 would not write of less than one of its own unit, and with a zero at the end of none.
fn has_given_unit(token: &str) -> bool {
    let value = token.split_once('=').map_or("", |(_, value)| value);
    let number = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = matches!(value.get(number.len()..), Some("s" | "ms" | "µs" | "us"));
    let decimals = number.split_once('.');
    unit && decimals.is_some_and(|(whole, d)| d.len() == 2 && (whole == "0" || d.ends_with('0')))
}

/// Milliseconds of a time such as `1m23s` or `57.2µs`, and between which the time lies. k6 cuts a time in a
/// unit of its own choice after two decimals, of more than a minute after none, and drops zeros at the end;
/// in a `given` unit, that of `--summary-time-unit`, it rounds to two decimals.
fn time(text: &str, given: bool) -> Option<(f64, (f64, f64))> {
    let nanoseconds = duration::parse_signed(text).ok()?;
    let ms = nanoseconds as f64 / 1e6;
    let digits_end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let digits_start = text[..digits_end]
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(0, |at| at + 1);
    let number = text.get(digits_start..digits_end)?;
    let decimals = number.split_once('.').map_or(0, |(_, d)| d.len());
    let minutes = text.get(..digits_start)?.contains(['m', 'h']);
    let unit = match &text[digits_end..] {
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "s" => 1000.0,
        "ms" => 1.0,
        "ns" => return Some((ms, (ms, ms + 1e-6))),
        _ => 1e-3,
    };
    if number == "0" {
        return Some((ms, (ms, ms)));
    }
    let decimals = if minutes { decimals } else { decimals.max(2) };
    let step = unit / libm::pow(10.0, decimals as f64);
    let ends = match (given, ms < 0.0) {
        (true, true) => (ms - step / 2.0, ms + step / 2.0),
        (true, false) => ((ms - step / 2.0).max(0.0), ms + step / 2.0),
        (false, true) => (ms - step, ms),
        (false, false) => (ms, ms + step),
    };
    Some((ms, ends))
}
