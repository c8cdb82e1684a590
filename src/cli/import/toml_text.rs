//! Names and values of a script's options as TOML writes them.

use serde_json::Value;

/// Names of options whose value is a time.
const TIMES: [&str; 7] = [
    "startTime",
    "duration",
    "maxDuration",
    "timeUnit",
    "gracefulStop",
    "gracefulRampDown",
    "delayAbortEval",
];

/// Names of options whose value is a number; k6 takes a text of digits, too.
const NUMBERS: [&str; 8] = [
    "vus",
    "iterations",
    "startVUs",
    "startRate",
    "rate",
    "preAllocatedVUs",
    "maxVUs",
    "target",
];

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

/// A key as TOML writes it.
pub fn key(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.is_empty() && text.chars().all(bare) {
        text.to_string()
    } else {
        quoted(text)
    }
}

/// A value of an option, by the option's name.
pub fn value(name: &str, value: &Value) -> String {
    match value {
        Value::Number(n) if TIMES.contains(&name) => quoted(&format!("{n}ms")),
        Value::String(text) if NUMBERS.contains(&name) && text.parse::<i64>().is_ok() => {
            text.clone()
        }
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|v| self::value("", v)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(k, v)| format!("{} = {}", key(&snake(k)), self::value(k, v)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn snake(name: &str) -> String {
    match name {
        "abortOnFail" => "abort_on_fail".to_string(),
        "delayAbortEval" => "delay_abort_eval".to_string(),
        other => other.to_string(),
    }
}
