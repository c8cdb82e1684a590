//! What a sweep varies: paths of the model and the values that each takes.

use super::design::Axis;
use crate::model::visible::visible;

/// A number with the unit written behind it.
#[derive(Clone, Debug, PartialEq)]
struct Quantity {
    value: f64,
    unit: String,
    /// Written without a decimal point, so that a path of whole numbers takes it.
    whole: bool,
}

impl Quantity {
    fn parse(text: &str) -> Option<Quantity> {
        let text = text.trim();
        let numeric = |c: char| c.is_ascii_digit() || "+-.eE_".contains(c);
        let mut end = text.find(|c| !numeric(c)).unwrap_or(text.len());
        // "5e" is not a number: the letter belongs to the unit.
        while end > 0 && text[..end].ends_with(['e', 'E', '_']) {
            end -= 1;
        }
        let number: String = text[..end].chars().filter(|c| *c != '_').collect();
        let value: f64 = number.parse().ok().filter(|v: &f64| v.is_finite())?;
        let unit = text[end..].trim().to_owned();
        if unit.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        Some(Quantity {
            value,
            unit,
            whole: !number.contains(['.', 'e', 'E']),
        })
    }
}

/// Twelve significant digits: 0.1 + 0.2 is written as 0.3.
fn written(value: f64, unit: &str, whole: bool) -> String {
    let value = if whole { value.round() } else { tidy(value) };
    format!("{value}{unit}")
}

fn tidy(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// A range of numbers: `a..b`, its ends included.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    unit: String,
    whole: bool,
    log: bool,
}

impl Range {
    fn parse(text: &str, log: bool) -> Result<Range, String> {
        let bad = || {
            format!("`{text}` is not a range: write a..b with numbers, units alike on both sides")
        };
        let (low, high) = text.split_once("..").ok_or_else(bad)?;
        let (low, high) = (
            Quantity::parse(low).ok_or_else(bad)?,
            Quantity::parse(high).ok_or_else(bad)?,
        );
        if !low.unit.is_empty() && low.unit != high.unit {
            return Err(format!(
                "the ends of `{text}` have different units: write both in {}",
                high.unit
            ));
        }
        if log && (low.value <= 0.0 || high.value <= 0.0) {
            return Err(format!("`{text}`: a logarithmic range lies above 0"));
        }
        Ok(Range {
            low: low.value,
            high: high.value,
            unit: high.unit,
            whole: low.whole && high.whole,
            log,
        })
    }

    /// The value at a share of the way, 0 to 1.
    #[must_use]
    pub fn at(&self, share: f64) -> String {
        let value = if self.log {
            let (low, high) = (libm::log(self.low), libm::log(self.high));
            libm::exp(low + (high - low) * share)
        } else {
            self.low + (self.high - self.low) * share
        };
        written(value, &self.unit, self.whole)
    }

    fn evenly(&self, n: usize) -> Vec<String> {
        let last = n.saturating_sub(1).max(1) as f64;
        let mut values: Vec<String> = (0..n).map(|i| self.at(i as f64 / last)).collect();
        values.dedup();
        values
    }

    fn by_step(&self, text: &str) -> Result<Vec<String>, String> {
        let step = Quantity::parse(text)
            .filter(|s| s.value > 0.0 && (s.unit.is_empty() || s.unit == self.unit))
            .ok_or_else(|| {
                format!("`{text}` is not a step: a number above 0 in the unit of the range")
            })?;
        let direction = if self.high < self.low { -1.0 } else { 1.0 };
        // A step that falls short of the end by rounding alone still reaches it.
        let count = ((self.high - self.low).abs() / step.value + 1e-9).floor();
        if count >= MOST_VALUES as f64 {
            return Err(too_many());
        }
        Ok((0..=count as usize)
            .map(|i| {
                let value = self.low + direction * step.value * i as f64;
                written(value, &self.unit, self.whole && step.whole)
            })
            .collect())
    }
}

/// Most values of one path.
const MOST_VALUES: usize = 1_000_000;

fn too_many() -> String {
    format!("more than {MOST_VALUES} values")
}

/// Reads `PATH=SPEC`. A SPEC is `a..b:step`, `a..b/n`, `log:a..b/n`, a list `2,4,8`, or `a..b` for a
/// Latin hypercube. Values have the unit that the range has. Those of a range are whole numbers where `whole` says
/// that the path takes no others.
///
/// # Errors
/// What is wrong with it, and how to write it.
pub fn parse(text: &str, whole: &dyn Fn(&str) -> bool) -> Result<Axis, String> {
    let at = text
        .rfind("]=")
        .map_or_else(|| equals(text), |i| Some(i + 1));
    let at = at.ok_or_else(|| format!("`{text}`: write PATH=VALUES, such as load=0.5..2:0.25"))?;
    let (path, spec) = (text[..at].trim(), text[at + 1..].trim());
    if path.is_empty() || spec.is_empty() {
        return Err(format!(
            "`{text}`: write PATH=VALUES, such as load=0.5..2:0.25"
        ));
    }
    let in_spec = |why: String| format!("--vary {path}: {why}");
    let mut axis = Axis {
        path: visible(path).into_owned(),
        values: Vec::new(),
        range: None,
    };
    let (log, body) = match spec.strip_prefix("log:") {
        Some(body) => (true, body),
        None => (false, spec),
    };
    if !body.contains("..") || body.starts_with(['[', '{', '"', '\'']) {
        if log {
            return Err(in_spec("log: needs a range a..b/n".into()));
        }
        axis.values = list(body);
        return Ok(axis);
    }
    let range_of = |text: &str| -> Result<Range, String> {
        let mut range = Range::parse(text, log).map_err(in_spec)?;
        range.whole = range.whole && range.unit.is_empty() && whole(path);
        Ok(range)
    };
    if let Some((range, n)) = body.rsplit_once('/') {
        let range = range_of(range)?;
        let n: usize = n.trim().parse().ok().filter(|n| *n >= 1).ok_or_else(|| {
            in_spec(format!(
                "`{n}` is not a number of values: a whole number from 1"
            ))
        })?;
        if n > MOST_VALUES {
            return Err(in_spec(too_many()));
        }
        axis.values = range.evenly(n);
        axis.range = Some(range);
    } else if let Some((range, step)) = body.rsplit_once(':').filter(|_| !log) {
        let range = range_of(range)?;
        axis.values = range.by_step(step).map_err(in_spec)?;
        axis.range = Some(range);
    } else {
        axis.range = Some(range_of(body)?);
    }
    Ok(axis)
}

/// The first `=` outside of quotes and brackets.
fn equals(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(i, c)| {
        match quote {
            Some(q) if q == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '=' => return Some(i),
            _ => {}
        }
        None
    })
}

/// Splits at commas outside of brackets and quotes.
fn list(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quote) = (vec![String::new()], 0usize, None);
    for c in text.chars() {
        match quote {
            Some(q) if q == c => quote = None,
            Some(_) => {}
            None => match c {
                '"' | '\'' => quote = Some(c),
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            },
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.iter().map(|p| p.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(spec: &str) -> Vec<String> {
        of(&format!("p={spec}"))
            .unwrap_or_else(|e| panic!("{e}"))
            .values
    }

    /// Only `servers` takes whole numbers alone.
    fn of(text: &str) -> Result<Axis, String> {
        parse(text, &|path| path == "servers")
    }

    #[test]
    fn whole_ends_round_nothing_but_whole_parameters() {
        assert_eq!(values("1..2/5"), ["1", "1.25", "1.5", "1.75", "2"]);
        assert_eq!(values("1ms..2ms/3"), ["1ms", "1.5ms", "2ms"]);
        let axis = of("servers=1..2/5").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(axis.values, ["1", "2"]);
        let range = |text: &str| of(text).ok().and_then(|a| a.range);
        let at = |text: &str| range(text).map(|r| r.at(0.3));
        assert_eq!(at("p=1..2").as_deref(), Some("1.3"));
        assert_eq!(at("servers=1..8").as_deref(), Some("3"));
        assert_eq!(at("p=log:1..16").as_deref(), Some("2.29739670999"));
    }

    #[test]
    fn ranges_and_lists() {
        assert_eq!(values("500..2000:500"), ["500", "1000", "1500", "2000"]);
        assert_eq!(values("0.1..0.3:0.1"), ["0.1", "0.2", "0.3"]);
        assert_eq!(values("1ms..2ms:0.5ms"), ["1ms", "1.5ms", "2ms"]);
        assert!(of("p=1..2ms:500us").is_err());
    }

    #[test]
    fn even_and_logarithmic() {
        assert_eq!(values("1.0..2.0/3"), ["1", "1.5", "2"]);
        assert_eq!(values("log:100..10000/3"), ["100", "1000", "10000"]);
        assert_eq!(values("10..30/2"), ["10", "30"]);
        assert_eq!(values("8..2:3"), ["8", "5", "2"]);
        assert_eq!(values("2,4, 8"), ["2", "4", "8"]);
        assert_eq!(values("[1,2],[3]"), ["[1,2]", "[3]"]);
    }

    #[test]
    fn paths_may_hold_brackets() {
        let axis = of("scenarios.default.stages[*].target=1,2").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(axis.path, "scenarios.default.stages[*].target");
        let axis = of("thresholds.http_reqs=[\"rate>1\"]").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            (axis.path.as_str(), axis.values.len()),
            ("thresholds.http_reqs", 1)
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("load", "PATH=VALUES"),
            ("load=1..2:0", "not a step"),
            ("load=1s..2ms:1", "different units"),
            ("load=log:0..2/3", "above 0"),
            ("load=1..2/0", "from 1"),
            ("load=a..b/3", "not a range"),
        ] {
            let error = of(text).err().unwrap_or_default();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
