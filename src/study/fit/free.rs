//! Free parameters: places in a model whose value a fit may choose, within bounds.

use crate::engine::Span;
use crate::model::set::likely;
use crate::model::visible::visible;
use crate::model::{Document, Override, duration};

/// What kind of value a parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A length of time; numbers are nanoseconds.
    Time,
    /// Any number.
    Number,
    /// A whole number.
    Whole,
}

impl Unit {
    /// A value as a model's file would hold it.
    #[must_use]
    pub fn rounded(self, value: f64) -> f64 {
        match self {
            Unit::Whole | Unit::Time => value.round(),
            Unit::Number => (value * 1e6).round() / 1e6,
        }
    }
}

/// A parameter: one value at one place or several, and where it may lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Free {
    /// As the user wrote it, without the bounds.
    pub name: String,
    /// The places that share the value.
    pub paths: Vec<String>,
    /// Kind of value.
    pub unit: Unit,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// The model's own value, moved into the bounds.
    pub start: f64,
}

impl Free {
    /// Reads `PATH=a..b`. `*` stands for any one key or index, `**` for any number of them; several
    /// paths are separated by commas. All places found share one value.
    ///
    /// # Errors
    /// If the bounds are malformed or not above zero, or nothing is at the path.
    pub fn parse(text: &str, document: &Document) -> Result<Free, String> {
        let fail = |why: String| format!("--free {text}: {why}");
        let (name, range) = text
            .rsplit_once('=')
            .ok_or_else(|| fail("write PATH=a..b, such as stations.cpu.servers=1..16".into()))?;
        let (low, high) = range
            .split_once("..")
            .ok_or_else(|| fail("the range needs `..`, such as 1ms..20ms".into()))?;
        let (low_unit, low) = number(low).ok_or_else(|| fail(format!("`{low}` is not a value")))?;
        let (high_unit, high) =
            number(high).ok_or_else(|| fail(format!("`{high}` is not a value")))?;
        if (low_unit == Unit::Time) != (high_unit == Unit::Time) {
            return Err(fail("one bound is a time and the other is not".into()));
        }
        if !(low > 0.0 && low < high) {
            let why = "the bounds must be above zero and in ascending order";
            return Err(fail(why.into()));
        }
        let name = name.trim();
        let paths = matching(name, document).map_err(&fail)?;
        let now = standing(document, &[], &paths[0]);
        let (unit, now, _) =
            now.ok_or_else(|| fail(format!("`{}` is not a number or time", paths[0])))?;
        if (unit == Unit::Time) != (low_unit == Unit::Time) {
            let kind = if unit == Unit::Time {
                "a time"
            } else {
                "a plain number"
            };
            return Err(fail(format!(
                "`{}` is {kind}, and so must its bounds be",
                paths[0]
            )));
        }
        Ok(Free {
            name: name.to_string(),
            paths,
            unit,
            low,
            high,
            start: now.clamp(low, high),
        })
    }

    /// Starts from the value that an override gives to the parameter's first place, if one does.
    pub fn start_from(&mut self, overrides: &[Override]) {
        for change in overrides {
            let here = self
                .paths
                .first()
                .is_some_and(|p| parts(p) == parts(change.path()));
            if let (true, Some((_, value))) = (here, number(change.value())) {
                self.start = value.clamp(self.low, self.high);
            }
        }
    }

    /// A value as an override or a model file writes it.
    #[must_use]
    pub fn written(&self, value: f64) -> String {
        written(self.unit, value)
    }

    /// A value for people: four significant digits.
    #[must_use]
    pub fn shown(&self, value: f64) -> String {
        match self.unit {
            Unit::Time => duration::print(Span::from_ns(four_digits(value))),
            Unit::Whole => format!("{value:.0}"),
            Unit::Number => format!("{}", four_digits(value)),
        }
    }

    /// A place that another parameter may choose the value of, too.
    #[must_use]
    pub fn shared_with(&self, other: &Free) -> Option<&str> {
        let own = self.paths.iter();
        own.map(String::as_str)
            .find(|path| other.paths.iter().any(|p| parts(p) == parts(path)))
    }

    /// The overrides that put a value at all its places.
    ///
    /// # Errors
    /// If a path cannot be overridden.
    pub fn overrides(&self, value: f64) -> Result<Vec<Override>, String> {
        let value = self.written(value);
        let put = |path: &String| Override::new(path, &value).map_err(|e| e.brief());
        self.paths.iter().map(put).collect()
    }
}

/// A value of a unit as a model writes it, exact to a nanosecond.
#[must_use]
pub fn written(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => format!("{}ns", value.round().max(1.0)),
        Unit::Whole => format!("{:.0}", value.round()),
        Unit::Number => {
            let text = format!("{value:.9}");
            let text = text.trim_end_matches('0');
            if text.ends_with('.') {
                format!("{text}0")
            } else {
                text.to_string()
            }
        }
    }
}

/// Rounded to four significant digits.
#[must_use]
pub fn four_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3.0 - libm::floor(libm::log10(value.abs()));
    // Dividing by a power of ten, not multiplying by its inverse, keeps short decimals short.
    if digits >= 0.0 {
        let scale = libm::pow(10.0, digits);
        (value * scale).round() / scale
    } else {
        let scale = libm::pow(10.0, -digits);
        (value / scale).round() * scale
    }
}

/// A number or a time, without quotes.
fn number(text: &str) -> Option<(Unit, f64)> {
    let text = text.trim().trim_matches('"');
    if let Ok(whole) = text.replace('_', "").parse::<i64>() {
        return Some((Unit::Whole, whole as f64));
    }
    if let Ok(number) = text.replace('_', "").parse::<f64>() {
        return number.is_finite().then_some((Unit::Number, number));
    }
    let ns = duration::parse_signed(text).ok()?;
    Some((Unit::Time, ns as f64))
}

/// What stands at a path (or as `load`) under overrides, as written, if it is a number or a time.
#[must_use]
pub fn standing(document: &Document, base: &[Override], path: &str) -> Option<(Unit, f64, String)> {
    let here = |change: &&Override| fits(&parts(change.path()), &parts(path));
    let changed = base.iter().rev().find(here).map(Override::value);
    let text = match changed {
        Some(text) => text,
        None if path == "load" => "1.0",
        None => document.value_text(path)?,
    };
    let (unit, value) = number(text)?;
    // A number may be written without a decimal point and need not be whole.
    let unit = match unit {
        Unit::Whole if !document.wants_whole(base, path) => Unit::Number,
        unit => unit,
    };
    Some((unit, value, text.trim_matches('"').to_owned()))
}

/// All paths of values that a pattern matches, in the order of the file.
///
/// # Errors
/// If there is none.
pub fn matching(patterns: &str, document: &Document) -> Result<Vec<String>, String> {
    let known = document.paths();
    let mut found = Vec::new();
    for pattern in visible(patterns).split(',').map(str::trim) {
        let wanted = parts(pattern);
        let before = found.len();
        for path in &known {
            if fits(&wanted, &parts(path)) && !found.contains(path) {
                found.push(path.clone());
            }
        }
        if found.len() == before {
            let likely = likely(pattern, &known);
            return Err(format!("the model has no `{pattern}`; {likely}"));
        }
    }
    Ok(found)
}

/// Keys and indices of a path. `.0` and `[0]` are the same.
pub(super) fn parts(path: &str) -> Vec<&str> {
    path.split(['.', '['])
        .map(|part| part.trim_end_matches(']').trim_matches('"'))
        .filter(|part| !part.is_empty())
        .collect()
}

fn fits(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skip| fits(rest, &path[skip..])),
        (Some((&"*", rest)), Some((_, tail))) => fits(rest, tail),
        (Some((want, rest)), Some((have, tail))) => want == have && fits(rest, tail),
        _ => false,
    }
}
