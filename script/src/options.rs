//! The options of a script as k6 reads them.

use crate::effect::{Level, LogLine};
use serde_json::Value;

/// Options (`lib/options.go`, k6 v2.2.0), as `exec.test.options` shows them.
pub(crate) const SHOWN: [&str; 38] = [
    "paused",
    "vus",
    "duration",
    "iterations",
    "stages",
    "scenarios",
    "executionSegment",
    "executionSegmentSequence",
    "noSetup",
    "setupTimeout",
    "noTeardown",
    "teardownTimeout",
    "rps",
    "dns",
    "maxRedirects",
    "userAgent",
    "batch",
    "batchPerHost",
    "httpDebug",
    "insecureSkipTLSVerify",
    "tlsCipherSuites",
    "tlsVersion",
    "tlsAuth",
    "throw",
    "thresholds",
    "blacklistIPs",
    "blockHostnames",
    "hosts",
    "noConnectionReuse",
    "noVUConnectionReuse",
    "minIterationDuration",
    "cloud",
    "summaryTrendStats",
    "summaryTimeUnit",
    "systemTags",
    "tags",
    "noCookiesReset",
    "discardResponseBodies",
];

/// Others that k6 knows.
const OTHERS: [&str; 4] = [
    "handleSummaryTimeout",
    "ext",
    "metricSamplesBufferSize",
    "features",
];

/// What k6 warns of in options.
pub(crate) fn doubts(options: &str) -> Vec<LogLine> {
    let options: Value = serde_json::from_str(options).unwrap_or_default();
    unknown(&options)
        .into_iter()
        .chain(shortcut(&options))
        .collect()
}

/// k6's warning of shortcuts that override or are empty (`lib/executor/execution_config_shortcuts.go`).
fn shortcut(options: &Value) -> Option<LogLine> {
    let given = |name: &str| !options[name].is_null();
    if given("iterations") || given("duration") {
        return None;
    }
    let empty = |name: &str| match &options[name] {
        Value::Array(stages) => stages.is_empty(),
        Value::Object(scenarios) => scenarios.is_empty(),
        _ => false,
    };
    let name = ["stages", "scenarios"].into_iter().find(|name| empty(name));
    let text = match (&options["vus"], name) {
        (Value::Null, Some(name)) => format!(
            "`{name}` was explicitly set to an empty value, running the script with 1 iteration in 1 VU"
        ),
        (Value::Null, None) => return None,
        (vus, _) if given("scenarios") && !given("stages") => {
            format!("`vus={vus}` overrides scenarios configuration")
        }
        _ => return None,
    };
    Some(LogLine {
        level: Level::Warning,
        text,
        fields: Vec::new(),
    })
}

/// k6's warning of options that it does not know, which names the first of them; Go reads names in any case.
fn unknown(options: &Value) -> Option<LogLine> {
    let known = |name: &str| {
        let mut all = SHOWN.iter().chain(&OTHERS);
        all.any(|k| k.eq_ignore_ascii_case(name))
    };
    let first = options
        .as_object()?
        .keys()
        .filter(|name| !known(name))
        .min()?;
    Some(LogLine {
        level: Level::Warning,
        text: "There were unknown fields in the options exported in the script".to_owned(),
        fields: vec![("error".to_owned(), format!("json: unknown field {first:?}"))],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_unknown_option_is_named() {
        assert_eq!(
            unknown(&json!({ "VUS": 1, "thresholds": {}, "cloud": {} })),
            None
        );
        let line = unknown(&json!({ "zoo": 1, "vus": 1, "foo": {} })).unwrap();
        assert_eq!(line.fields[0].1, "json: unknown field \"foo\"");
    }
}
