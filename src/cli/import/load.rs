//! The load of a script as the sections of a model: its scenarios.

use std::fmt::Write as _;

use capsim_script::record::Load;
use capsim_script::{Iteration, Tags};
use serde_json::{Map, Value};

use super::toml_text::{key, quoted, value};

/// Options of k6 that have a place in a scenario, and their names there.
const KEYS: [(&str, &str); 16] = [
    ("executor", "executor"),
    ("startTime", "start_time"),
    ("vus", "vus"),
    ("iterations", "iterations"),
    ("duration", "duration"),
    ("maxDuration", "max_duration"),
    ("startVUs", "start_vus"),
    ("startRate", "start_rate"),
    ("rate", "rate"),
    ("timeUnit", "time_unit"),
    ("preAllocatedVUs", "pre_allocated_vus"),
    ("maxVUs", "max_vus"),
    ("stages", "stages"),
    ("gracefulStop", "graceful_stop"),
    ("gracefulRampDown", "graceful_ramp_down"),
    ("tags", "tags"),
];

/// Other keys of a scenario.
const OTHERS: [&str; 3] = ["exec", "env", "options"];

/// Options that say how many VUs do what, and how they are written.
const SHORT: [&str; 5] = ["vus", "iterations", "duration", "stages", "scenarios"];

/// The load of a script.
pub struct Sections {
    /// Its sections.
    pub text: String,
    /// Exported functions that its scenarios run, each once.
    pub functions: Vec<String>,
}

/// The keys of an object as they are usually written: Go reads them in any case.
fn usual_case(given: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let usual = |name: &String| {
        let mut known = known.iter();
        let found = known.find(|k| k.eq_ignore_ascii_case(name));
        found.map_or_else(|| name.clone(), |k| (*k).to_owned())
    };
    given.iter().map(|(k, v)| (usual(k), v.clone())).collect()
}

/// Refuses options that k6 does not take together (`lib/executor/execution_config_shortcuts.go`, v2.2.0), in its words.
fn conflict(options: &Value) -> Result<(), String> {
    let is_given = |name: &str| match &options[name] {
        Value::Null => false,
        Value::Array(stages) => !stages.is_empty(),
        _ => true,
    };
    let pairs = [
        ("iterations", "stages"),
        ("iterations", "scenarios"),
        ("duration", "stages"),
        ("duration", "scenarios"),
        ("stages", "scenarios"),
    ];
    match pairs.iter().find(|(a, b)| is_given(a) && is_given(b)) {
        Some((a, b)) => Err(format!(
            "using `{a}` and `{b}` options simultaneously is not allowed"
        )),
        None => Ok(()),
    }
}

/// The sections of the load that these options describe. Each scenario has these tags, too, under those of its own.
///
/// # Errors
/// What k6 refuses in them.
pub fn load(options: &Value, tags: &Value) -> Result<Sections, String> {
    let mut load = Sections {
        text: String::new(),
        functions: Vec::new(),
    };
    let given = options.as_object().cloned().unwrap_or_default();
    let options = Value::Object(usual_case(&given, &SHORT));
    conflict(&options)?;
    let all = options["scenarios"].as_object();
    match all.filter(|all| options["vus"].is_null() && !all.is_empty()) {
        Some(all) => {
            for (name, scenario) in all {
                if let Some(fields) = scenario.as_object() {
                    section(&mut load, name, &tagged(fields, tags))?;
                }
            }
        }
        None => section(&mut load, "default", &tagged(&simple(&options), tags))?,
    }
    let known = [
        "scenarios",
        "thresholds",
        "vus",
        "iterations",
        "duration",
        "stages",
        "summaryTimeUnit",
        "summaryTrendStats",
        "noConnectionReuse",
        "noVUConnectionReuse",
        "tags",
    ];
    let held_back: Vec<&str> = ["rps", "minIterationDuration"]
        .into_iter()
        .filter(|name| !options[*name].is_null())
        .collect();
    if !held_back.is_empty() {
        let names = held_back.join(", ");
        writeln!(
            load.text,
            "# NOT CERTAIN: a model has no place for {names}, and sends more requests than the script would.\n"
        )
        .ok();
    }
    let others = options.as_object().into_iter().flatten();
    let others: Vec<&str> = others
        .map(|(name, _)| name.as_str())
        .filter(|name| !known.contains(name) && !held_back.contains(name))
        .collect();
    if !others.is_empty() {
        let others = others.join(", ");
        writeln!(
            load.text,
            "# Options that a model has no place for: {others}.\n"
        )
        .ok();
    }
    Ok(load)
}

/// A scenario with these tags under its own.
fn tagged(scenario: &Map<String, Value>, tags: &Value) -> Map<String, Value> {
    let mut scenario = scenario.clone();
    let mut all = tags.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(own)) = scenario.get("tags") {
        all.extend(own.clone());
    }
    if !all.is_empty() {
        scenario.insert("tags".to_owned(), Value::Object(all));
    }
    scenario
}

/// The variables that the options give a scenario.
pub fn variables(options: &Value, scenario: &str) -> Tags {
    texts(&options["scenarios"][scenario]["env"])
}

/// The values of an object as texts; none of what is no object.
pub fn texts(object: &Value) -> Tags {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let given = object.as_object().into_iter().flatten();
    given.map(|(k, v)| (k.clone(), text(v))).collect()
}

/// The scenarios that run a function, as far as it can see them.
pub fn loads(options: &Value, exec: &str) -> Vec<Load> {
    let scenarios = options["scenarios"].as_object();
    let runs = |scenario: &Value| scenario["exec"].as_str().unwrap_or("default") == exec;
    let all = scenarios.into_iter().flatten();
    let own: Vec<Load> = all
        .filter(|(_, scenario)| runs(scenario))
        .filter_map(|(name, scenario)| Some(load_of(options, name, exec, scenario.as_object()?)))
        .collect();
    match own.is_empty() {
        true => vec![load_of(options, "default", exec, &simple(options))],
        false => own,
    }
}

fn load_of(options: &Value, name: &str, exec: &str, scenario: &Map<String, Value>) -> Load {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let given = |key: &str| scenario.get(key).and_then(number);
    let stages = scenario.get("stages").and_then(Value::as_array);
    let targets = stages.into_iter().flatten();
    let executor = scenario.get("executor").and_then(Value::as_str);
    let executor = executor.unwrap_or("constant-vus");
    let vus = match executor {
        "ramping-vus" => {
            let targets = targets.filter_map(|stage| number(&stage["target"]));
            targets.chain(given("startVUs")).max()
        }
        _ => ["maxVUs", "preAllocatedVUs", "vus"]
            .into_iter()
            .find_map(given),
    };
    let vus = vus.unwrap_or(1).max(1);
    let iterations = match executor {
        "shared-iterations" => given("iterations").unwrap_or(1),
        "per-vu-iterations" => given("iterations").unwrap_or(1).saturating_mul(vus),
        _ => u64::MAX,
    };
    Load {
        about: Iteration {
            exec: exec.into(),
            scenario: name.into(),
            executor: executor.into(),
            env: variables(options, name).into(),
            ..Iteration::default()
        },
        vus,
        iterations,
    }
}

/// The scenario that the short options stand for.
fn simple(options: &Value) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_string(), value);
        }
    };
    let vus = options["vus"].clone();
    let stages = options["stages"].as_array();
    if stages.is_some_and(|stages| !stages.is_empty()) {
        set("executor", "ramping-vus".into());
        set("startVUs", vus);
        set("stages", options["stages"].clone());
    } else if ["iterations", "duration"]
        .iter()
        .all(|name| options[*name].is_null())
        && (vus.is_null() || stages.is_some())
    {
        // One iteration of one VU (`DeriveScenariosFromShortcuts`, k6 v2.2.0).
        set("executor", "per-vu-iterations".into());
    } else if !options["iterations"].is_null() || options["duration"].is_null() {
        set("executor", "shared-iterations".into());
        let each = if vus.is_null() { 1.into() } else { vus.clone() };
        let iterations = options["iterations"].clone();
        set(
            "iterations",
            if iterations.is_null() {
                each
            } else {
                iterations
            },
        );
        set("vus", vus);
        set("maxDuration", options["duration"].clone());
    } else {
        set("executor", "constant-vus".into());
        set("vus", vus);
        set("duration", options["duration"].clone());
    }
    fields
}

fn section(load: &mut Sections, name: &str, given: &Map<String, Value>) -> Result<(), String> {
    let known: Vec<&str> = KEYS.iter().map(|(k, _)| *k).chain(OTHERS).collect();
    let fields = usual_case(given, &known);
    if let Some(unknown) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "scenario `{name}`: json: unknown field {unknown:?}"
        ));
    }
    writeln!(load.text, "[scenarios.{}]", key(name)).ok();
    for (from, to) in KEYS {
        match fields.get(from) {
            None | Some(Value::Null) => {}
            Some(Value::Array(stages)) => {
                writeln!(load.text, "{to} = [").ok();
                for stage in stages {
                    writeln!(load.text, "  {},", value("", stage)).ok();
                }
                load.text += "]\n";
            }
            Some(v) => {
                writeln!(load.text, "{to} = {}", value(from, v)).ok();
            }
        }
    }
    let exec = fields
        .get("exec")
        .and_then(Value::as_str)
        .unwrap_or("default");
    writeln!(load.text, "journey = {}\n", quoted(exec)).ok();
    if !load.functions.iter().any(|f| f == exec) {
        load.functions.push(exec.to_string());
    }
    Ok(())
}
