//! What was probably meant by a value that is none: the fix that goes with an error.

use super::duration;
use super::field::Field;
use super::tree::{Node, Value};
use super::vocabulary::Kind;

/// The fix for a time that cannot be read and is nothing known.
const TIME: &str = "write a text with a unit, such as \"1m30s\", \"6ms\" or \"250us\"";
const STAGE: &str = "{ duration = \"1m\", target = 100 }";
const VISIT: &str = "{ station = \"cpu\", time = \"6ms\" }";

/// Units as people write them, and the unit that is meant.
const UNITS: [(&str, &[&str]); 6] = [
    ("h", &["h", "hr", "hrs", "hour", "hours"]),
    ("m", &["m", "min", "mins", "minute", "minutes"]),
    ("s", &["s", "sec", "secs", "second", "seconds"]),
    (
        "ms",
        &["ms", "msec", "msecs", "millisecond", "milliseconds"],
    ),
    ("us", &["us", "µs", "usec", "microsecond", "microseconds"]),
    ("ns", &["ns", "nanosecond", "nanoseconds"]),
];

/// The fix for a text that is no time.
pub(crate) fn instead_of_time(text: &str) -> String {
    time(text).map_or(TIME.to_string(), |meant| format!("write \"{meant}\""))
}

/// A time written with other words, a blank or a decimal comma, as it must be written.
fn time(text: &str) -> Option<String> {
    if text.len() > 40 {
        return None;
    }
    let text: String = text.to_lowercase().split_whitespace().collect();
    // 1,000 may be a thousand, or one.
    if let Some((_, after)) = text.split_once(',')
        && after.chars().take_while(char::is_ascii_digit).count() == 3
    {
        return None;
    }
    let (mut meant, mut rest) = (String::new(), text.as_str());
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (digits, after) = rest.split_at(number);
        let unit = after.find(|c: char| c.is_ascii_digit());
        let (word, after) = after.split_at(unit.unwrap_or(after.len()));
        let (unit, _) = UNITS.iter().find(|(_, words)| words.contains(&word))?;
        meant += &digits.replace(',', ".");
        meant += unit;
        rest = after;
    }
    duration::parse(&meant).ok().map(|_| meant)
}

/// The fix for a law that is written as a text; `None` if it looks like a single time.
pub(crate) fn instead_of_law(text: &str) -> Option<String> {
    for between in ["..", "-", "~", " to "] {
        if let Some((low, high)) = text.split_once(between) {
            let read = |text: &str| time(text.trim_matches(['.', ' ']));
            let high = read(high);
            let unit = high
                .as_deref()
                .map(|high| high.trim_start_matches(|c: char| !c.is_alphabetic()));
            let low = read(low).or_else(|| read(&format!("{low}{}", unit?)));
            if let (Some(low), Some(high)) = (low, high) {
                return Some(format!("write {{ uniform = [\"{low}\", \"{high}\"] }}"));
            }
        }
    }
    let lower = text.to_lowercase();
    let law = lower.contains("random") || lower.contains(['(', '±', '~']);
    law.then(|| {
        "a law is a table, such as { uniform = [\"1s\", \"3s\"] } or { exponential = \"5ms\" }"
            .to_string()
    })
}

/// The fix for a table of parameters whose law is not named.
pub(crate) fn without_family(node: &Node) -> Option<String> {
    let text = |keys: &[&str]| {
        let value = keys.iter().find_map(|key| node.entry(key));
        match value.map(|entry| &entry.node.value) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        }
    };
    let low = text(&["min", "low", "from", "minimum"]);
    let high = text(&["max", "high", "to", "maximum"]);
    if let (Some(low), Some(high)) = (low, high) {
        return Some(format!("write {{ uniform = [\"{low}\", \"{high}\"] }}"));
    }
    let parameter = [
        "mean", "avg", "average", "median", "med", "p50", "p90", "p95", "p99", "std", "sd",
        "stddev", "sigma", "cv",
    ];
    let known = parameter.iter().any(|key| node.entry(key).is_some());
    known.then(|| {
        "name the law around its parameters, such as { lognormal = { median = \"20ms\", p99 = \"90ms\" } }"
            .to_string()
    })
}

/// The fix for a value of another type than what it must be.
pub(crate) fn instead_of(field: &Field, what: &str) -> String {
    let numeric = what.contains("number") || what.contains("true or false");
    let of = |kind: &'static Kind| match kind {
        Kind::Table(table) if table.name == "scenarios.NAME.stages[]" => Some(STAGE),
        Kind::Type(of) if of.name == "visit" => Some(VISIT),
        _ => None,
    };
    let element = field.kind.and_then(Kind::element).and_then(of);
    let name = field
        .kind
        .and_then(|kind| kind.find(&|kind| matches!(kind, Kind::Name(_))));
    match (&field.node.value, what) {
        (Value::Text(text), _) if numeric => {
            if text.parse::<f64>().is_ok() || what.contains("true") {
                "write it without quotes".to_string()
            } else {
                "write a number, without quotes and without a unit".to_string()
            }
        }
        (_, "a text") => match name {
            Some(Kind::Name(of)) => format!("write the name of the {of}, in double quotes"),
            _ => "put it in double quotes".to_string(),
        },
        (Value::Table(_), "a list") if field.path.starts_with("journeys.") => format!(
            "write {} = [{{ request = \"home\" }}, {{ sleep = \"1s\" }}] below [journeys]",
            field.name()
        ),
        (_, "a list") => match element {
            Some(example) => format!("write [{example}]"),
            None => "write it in [ ], also one alone".to_string(),
        },
        (_, "a table") => match field.kind.and_then(of) {
            Some(example) => format!("write {example}"),
            None if matches!(field.node.value, Value::List(_)) && !field.path.contains('.') => {
                format!(
                    "write [{}.NAME] in single brackets, one for each",
                    field.path
                )
            }
            None => match law(field.name()) {
                Some(parameters) => format!("write {{ {} = {parameters} }}", field.name()),
                None => "write it in { }, as key = value".to_string(),
            },
        },
        _ => String::new(),
    }
}

/// Parameters of a distribution that has more than one.
fn law(name: &str) -> Option<&'static str> {
    Some(match name {
        "lognormal" | "weibull" => "{ median = \"20ms\", p99 = \"90ms\" }",
        "gamma" | "pareto" => "{ mean = \"20ms\", cv = 0.5 }",
        "erlang" => "{ mean = \"20ms\", stages = 2 }",
        "hyperexponential" => "{ mean = \"20ms\", cv = 2.0 }",
        _ => return None,
    })
}

/// The fix for an option of k6 that stands at the top of a model, where there is none.
pub(crate) fn at_the_top(key: &str) -> Option<String> {
    let plain: String = key.to_lowercase().split('_').collect();
    let fix = match plain.as_str() {
        "options" => "write what is in it without `options`: [scenarios.default], [thresholds]",
        "vus" | "duration" | "iterations" | "stages" | "executor" | "rate" | "timeunit"
        | "startvus" | "startrate" | "preallocatedvus" | "maxvus" | "maxduration" | "starttime"
        | "gracefulstop" | "gracefulrampdown" | "exec" | "tags" => {
            return Some(format!("write it below [scenarios.default]: {key} = …"));
        }
        "noconnectionreuse" | "novuconnectionreuse" | "summarytrendstats" => {
            return Some(format!("write it below [model]: {key} = …"));
        }
        "setuptimeout" => "write it below [setup], as timeout = \"1m\"",
        "teardowntimeout" => "write it below [teardown], as timeout = \"1m\"",
        "discardresponsebodies"
        | "insecureskiptlsverify"
        | "useragent"
        | "nocookiesreset"
        | "nousagereport"
        | "systemtags"
        | "maxredirects" => "leave it out: it would change nothing here",
        _ => return None,
    };
    Some(fix.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_other_words() {
        for (text, meant) in [
            ("30 seconds", Some("30s")),
            ("1min", Some("1m")),
            ("1 hour 30 min", Some("1h30m")),
            ("0,5ms", Some("0.5ms")),
            ("5MS", Some("5ms")),
            ("1,000ms", None),
            ("30", None),
            ("soon", None),
            ("5 apples", None),
            ("", None),
        ] {
            assert_eq!(
                time(text).filter(|t| !t.is_empty()).as_deref(),
                meant,
                "{text}"
            );
        }
    }

    #[test]
    fn laws_as_texts() {
        let uniform = |text| instead_of_law(text).unwrap_or_default();
        assert_eq!(uniform("2ms-8ms"), "write { uniform = [\"2ms\", \"8ms\"] }");
        assert_eq!(uniform("2..8 ms"), "write { uniform = [\"2ms\", \"8ms\"] }");
        assert!(uniform("Math.random() * 3").starts_with("a law is a table"));
        assert_eq!(instead_of_law("5 apples"), None);
    }
}
