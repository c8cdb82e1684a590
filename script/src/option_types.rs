//! What the options of a script may be: the types that k6 v2.2.0 decodes them to (`lib/options.go`,
//! `lib/executor/base_config.go`). A number or switch given as an object, the inner form of Go's null types, is refused.

use serde_json::{Map, Value};

/// What a value must be; `null` is always the same as nothing.
#[derive(Clone, Copy)]
enum Type {
    /// `null.Bool`: not a text.
    Switch,
    /// `null.Int`: a text of digits, too, and an empty one is none.
    Whole,
    /// `null.String`.
    Text,
    /// `types.NullDuration`: milliseconds, or a text with units.
    Time,
    /// `map[string]string`.
    Texts,
    /// `[]string`.
    List,
    /// `[]Stage`.
    Stages,
    /// `map[string]ExecutorConfig`.
    Scenarios,
    /// `map[string]Thresholds`, of which the lists are looked at with the thresholds themselves.
    Object,
    /// `types.DNSConfig`.
    Dns,
}

use Type::{Dns, List, Object, Scenarios, Stages, Switch, Text, Texts, Time, Whole};

/// The options whose types are looked at. Those that hold TLS, IP addresses and what is another tool's are not.
const OPTIONS: [(&str, Type); 37] = [
    ("paused", Switch),
    ("vus", Whole),
    ("duration", Time),
    ("iterations", Whole),
    ("stages", Stages),
    ("scenarios", Scenarios),
    ("executionSegment", Text),
    ("executionSegmentSequence", Text),
    ("noSetup", Switch),
    ("setupTimeout", Time),
    ("noTeardown", Switch),
    ("teardownTimeout", Time),
    ("handleSummaryTimeout", Time),
    ("rps", Whole),
    ("dns", Dns),
    ("maxRedirects", Whole),
    ("userAgent", Text),
    ("batch", Whole),
    ("batchPerHost", Whole),
    ("httpDebug", Text),
    ("insecureSkipTLSVerify", Switch),
    ("tlsCipherSuites", List),
    ("throw", Switch),
    ("thresholds", Object),
    ("blacklistIPs", List),
    ("blockHostnames", List),
    ("hosts", Texts),
    ("noConnectionReuse", Switch),
    ("noVUConnectionReuse", Switch),
    ("minIterationDuration", Time),
    ("summaryTrendStats", List),
    ("summaryTimeUnit", Text),
    ("systemTags", List),
    ("tags", Texts),
    ("metricSamplesBufferSize", Whole),
    ("noCookiesReset", Switch),
    ("discardResponseBodies", Switch),
];

/// The fields that scenarios of all executors have.
const COMMON: [(&str, Type); 7] = [
    ("executor", Text),
    ("startTime", Time),
    ("gracefulStop", Time),
    ("env", Texts),
    ("exec", Text),
    ("tags", Texts),
    ("options", Object),
];

const OF_ITERATIONS: [(&str, Type); 3] =
    [("vus", Whole), ("iterations", Whole), ("maxDuration", Time)];

/// The other fields of an executor's scenarios (`lib/executor`), which k6 knows no others beside.
const EXECUTORS: [(&str, &[(&str, Type)]); 6] = [
    ("shared-iterations", &OF_ITERATIONS),
    ("per-vu-iterations", &OF_ITERATIONS),
    ("constant-vus", &[("vus", Whole), ("duration", Time)]),
    (
        "ramping-vus",
        &[
            ("startVUs", Whole),
            ("stages", Stages),
            ("gracefulRampDown", Time),
        ],
    ),
    (
        "constant-arrival-rate",
        &[
            ("rate", Whole),
            ("timeUnit", Time),
            ("duration", Time),
            ("preAllocatedVUs", Whole),
            ("maxVUs", Whole),
        ],
    ),
    (
        "ramping-arrival-rate",
        &[
            ("startRate", Whole),
            ("timeUnit", Time),
            ("stages", Stages),
            ("preAllocatedVUs", Whole),
            ("maxVUs", Whole),
        ],
    ),
];

const STAGE: [(&str, Type); 2] = [("duration", Time), ("target", Whole)];

const DNS: [(&str, Type); 3] = [("ttl", Text), ("select", Text), ("policy", Text)];

/// Refuses options, as JSON, that k6 cannot decode.
///
/// # Errors
/// The option, and what it must be.
pub(crate) fn check(options: &str) -> Result<(), String> {
    match serde_json::from_str(options).unwrap_or_default() {
        Value::Object(fields) => all(&fields, "", &[&OPTIONS]),
        Value::Null => Ok(()),
        other => Err(format!(
            "the exported `options` must be an object, not {}",
            shown(&other)
        )),
    }
}

/// Looks at fields whose names are known, in any case, as Go reads them.
fn all(fields: &Map<String, Value>, path: &str, known: &[&[(&str, Type)]]) -> Result<(), String> {
    for (name, value) in fields {
        let mut known = known.iter().copied().flatten();
        if let Some((_, kind)) = known.find(|(k, _)| k.eq_ignore_ascii_case(name)) {
            one(value, &format!("{path}{name}"), *kind)?;
        }
    }
    Ok(())
}

fn one(value: &Value, path: &str, kind: Type) -> Result<(), String> {
    let wanted = match (kind, value) {
        (_, Value::Null)
        | (Switch, Value::Bool(_))
        | (Text, Value::String(_))
        | (Time, Value::Number(_))
        | (Object, Value::Object(_)) => return Ok(()),
        (Whole, value) if is_whole(value) => return Ok(()),
        (Time, Value::String(text)) if is_time(text) => return Ok(()),
        (Texts, Value::Object(texts)) => {
            return texts
                .iter()
                .try_for_each(|(name, value)| one(value, &format!("{path}.{name}"), Text));
        }
        (List, Value::Array(items)) => return each(items, path, |v, path| one(v, path, Text)),
        (Stages, Value::Array(items)) => {
            return each(items, path, |v, path| within(v, path, &STAGE));
        }
        (Dns, value) => return within(value, path, &DNS),
        (Scenarios, Value::Object(all)) => {
            return all
                .iter()
                .try_for_each(|(name, value)| scenario(value, &format!("{path}.{name}"), name));
        }
        (Switch, _) => "`true` or `false`",
        (Whole, _) => "a whole number",
        (Text, _) => "a text",
        (Time, _) => "a time such as \"1m30s\", or a number of milliseconds",
        (Texts, _) => "an object whose values are texts",
        (List, _) => "a list of texts",
        (Stages, _) => "a list of stages",
        (Scenarios, _) => "an object with a field for each scenario",
        (Object, _) => "an object",
    };
    Err(wrong(path, wanted, value))
}

fn wrong(path: &str, wanted: &str, value: &Value) -> String {
    format!("the option `{path}` must be {wanted}, not {}", shown(value))
}

fn each(
    items: &[Value],
    path: &str,
    look: impl Fn(&Value, &str) -> Result<(), String>,
) -> Result<(), String> {
    let mut items = items.iter().enumerate();
    items.try_for_each(|(at, value)| look(value, &format!("{path}[{at}]")))
}

/// An object with these fields.
fn within(value: &Value, path: &str, known: &[(&str, Type)]) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::Object(fields) => all(fields, &format!("{path}."), &[known]),
        other => Err(wrong(path, "an object", other)),
    }
}

fn scenario(value: &Value, path: &str, name: &str) -> Result<(), String> {
    let Value::Object(fields) = value else {
        return Err(wrong(path, "an object with an `executor`", value));
    };
    let executor = fields
        .iter()
        .find(|(k, _)| k.eq_ignore_ascii_case("executor"));
    let executor = executor
        .and_then(|(_, name)| name.as_str())
        .unwrap_or_default();
    // One that nobody knows is told with the names of those that are.
    let own = EXECUTORS.iter().find(|(known, _)| *known == executor);
    let Some((_, own)) = own else {
        return all(fields, &format!("{path}."), &[&COMMON]);
    };
    let known = [&COMMON[..], own];
    let is_known = |key: &str| {
        let mut known = known.iter().copied().flatten();
        known.any(|(k, _)| k.eq_ignore_ascii_case(key))
    };
    if let Some(unknown) = fields.keys().find(|key| !is_known(key)) {
        let has: Vec<&str> = own.iter().map(|(key, _)| *key).collect();
        return Err(format!(
            "scenario `{name}`: json: unknown field {unknown:?}\n  help: {executor} has {}",
            has.join(", ")
        ));
    }
    all(fields, &format!("{path}."), &known)
}

/// As `null.Int` reads it: a number without a fraction, or a text of one.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            // JavaScript writes a whole number without a fraction.
            number.is_i64()
        }
        Value::String(text) => text.is_empty() || text.parse::<i64>().is_ok(),
        _ => false,
    }
}

/// As `ParseExtendedDuration` of k6 reads it.
fn is_time(text: &str) -> bool {
    if text.parse::<f64>().is_ok() {
        return true;
    }
    match text.split_once('d') {
        None => is_go_duration(text),
        Some((days, rest)) => {
            days.parse::<i64>().is_ok()
                && (rest.is_empty() || !rest.starts_with('-') && is_go_duration(rest))
        }
    }
}

/// As Go's `time.ParseDuration` reads it.
fn is_go_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let is_unit = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(&unit);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        if !is_unit || digits == 0 || number.len() - digits > 1 {
            return false;
        }
        rest = after;
    }
    true
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(on) => format!("`{on}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => {
            let short: String = text.chars().take(40).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("the text \"{short}{more}\"")
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Cases of guregu/null's decoding, and of k6's times.
    #[test]
    fn types_are_those_that_k6_decodes() {
        for options in [
            json!({ "throw": null, "vus": "5", "rps": "", "batch": -1, "maxRedirects": "+3" }),
            json!({ "THROW": false, "userAgent": "", "tags": { "a": null, "b": "1" }, "zoo": 1 }),
            json!({ "duration": 1500.5, "setupTimeout": "1d2h", "teardownTimeout": "-1.5h3ms" }),
            json!({ "duration": "10", "minIterationDuration": ".5s", "tags": null, "stages": [null] }),
            json!({ "stages": [{ "duration": "1m", "target": "7" }], "dns": { "ttl": "0" } }),
            json!({ "scenarios": { "s": { "executor": "constant-arrival-rate", "env": { "A": "1" }, "Rate": "9" } } }),
            json!({ "systemTags": ["url", null], "thresholds": {}, "scenarios": null, "hosts": {} }),
        ] {
            assert_eq!(check(&options.to_string()), Ok(()), "{options}");
        }
        for (options, why) in [
            (
                json!({ "throw": "yes" }),
                "`throw` must be `true` or `false`, not the text \"yes\"",
            ),
            (json!({ "paused": 1 }), "`paused` must be `true` or `false`"),
            (json!({ "rps": "x" }), "`rps` must be a whole number"),
            (json!({ "vus": 1.5 }), "a whole number, not the number 1.5"),
            (json!({ "batch": true }), "a whole number, not `true`"),
            (json!({ "userAgent": 5 }), "a text, not the number 5"),
            (json!({ "tags": { "a": 1 } }), "`tags.a` must be a text"),
            (json!({ "tags": [] }), "an object whose values are texts"),
            (json!({ "duration": "" }), "`duration` must be a time"),
            (json!({ "duration": "1x" }), "`duration` must be a time"),
            (json!({ "duration": "1d-2h" }), "`duration` must be a time"),
            (json!({ "duration": "1..5s" }), "`duration` must be a time"),
            (json!({ "duration": false }), "a time such as"),
            (
                json!({ "stages": [{}, { "target": "many" }] }),
                "`stages[1].target` must be a whole number",
            ),
            (json!({ "stages": {} }), "a list of stages, not an object"),
            (json!({ "systemTags": "url" }), "a list of texts"),
            (
                json!({ "scenarios": { "s": { "env": { "N": 1 } } } }),
                "`scenarios.s.env.N` must be a text, not the number 1",
            ),
            (
                json!({ "scenarios": { "s": null } }),
                "an object with an `executor`, not null",
            ),
            (
                json!({ "scenarios": { "s": { "executor": "constant-vus", "maxVUs": 3 } } }),
                "scenario `s`: json: unknown field \"maxVUs\"\n  help: constant-vus has vus, duration",
            ),
            (
                json!({ "scenarios": { "s": { "executor": "ramping-vus", "stages": [{ "target": [] }] } } }),
                "`scenarios.s.stages[0].target` must be a whole number, not a list",
            ),
            (json!({ "scenarios": [] }), "a field for each scenario"),
            (json!([1]), "`options` must be an object, not a list"),
            (json!(5), "`options` must be an object, not the number 5"),
        ] {
            let said = check(&options.to_string()).unwrap_err();
            assert!(said.contains(why), "{options}: {said}");
        }
    }
}
