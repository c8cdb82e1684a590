//! The few options that the scripts of these tests have.

use serde_json::Value;
use std::time::Duration;

/// Who begins iterations, and when.
#[derive(Clone, Copy, Debug)]
pub enum Executor {
    /// So many iterations among all VUs.
    Shared(u64),
    /// So many iterations for each VU.
    PerVu(u64),
    /// VUs iterate for this long.
    Constant,
    /// An iteration begins each of these, for as long.
    Arrivals(Duration),
}

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub kind: String,
    pub executor: Executor,
    pub vus: u64,
    pub exec: String,
    pub start: Duration,
    pub duration: Duration,
    pub graceful_stop: Duration,
}

/// What the options say, or k6's words against them.
pub struct Plan {
    pub scenarios: Vec<Scenario>,
    pub thresholds: Vec<(String, Vec<String>)>,
}

fn duration(value: &Value) -> Option<Duration> {
    let text = value.as_str()?;
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(
        number.parse::<f64>().ok()? * seconds,
    ))
}

/// Reads the options.
pub fn plan(options: &Value) -> Result<Plan, String> {
    if !options["iterations"].is_null() && !options["stages"].is_null() {
        return Err(
            "using `iterations` and `stages` options simultaneously is not allowed".to_owned(),
        );
    }
    let shortcut = ["vus", "iterations", "duration"]
        .into_iter()
        .find(|k| !options[k].is_null());
    let mut scenarios = Vec::new();
    match (options["scenarios"].as_object(), shortcut) {
        (Some(given), None) => {
            for (name, one) in given {
                scenarios.push(scenario(name, one));
            }
        }
        _ => scenarios.push(simple(options)),
    }
    check(&scenarios)?;
    let thresholds = options["thresholds"]
        .as_object()
        .map_or_else(Vec::new, |all| {
            all.iter()
                .map(|(metric, list)| {
                    let list = list.as_array().cloned().unwrap_or_default();
                    let texts = list.iter().filter_map(|t| t.as_str().map(Into::into));
                    (metric.clone(), texts.collect())
                })
                .collect()
        });
    Ok(Plan {
        scenarios,
        thresholds,
    })
}

fn check(scenarios: &[Scenario]) -> Result<(), String> {
    for s in scenarios {
        let problem = match s.executor {
            _ if s.vus == 0 => "the number of VUs must be more than 0".to_owned(),
            Executor::Shared(n) if n < s.vus => format!(
                "the number of iterations ({n}) can't be less than the number of VUs ({})",
                s.vus
            ),
            _ => continue,
        };
        return Err(format!(
            "There were problems with the specified script configuration:\n\t- scenario {} has \
             configuration errors: {problem}",
            s.name
        ));
    }
    Ok(())
}

const MAX: Duration = Duration::from_secs(600);
const GRACE: Duration = Duration::from_secs(30);

fn simple(options: &Value) -> Scenario {
    let vus = options["vus"].as_u64().unwrap_or(1);
    let time = duration(&options["duration"]);
    let (kind, executor) = match (options["iterations"].as_u64(), time) {
        (None, Some(_)) => ("constant-vus", Executor::Constant),
        (n, _) => ("shared-iterations", Executor::Shared(n.unwrap_or(vus))),
    };
    Scenario {
        name: "default".into(),
        kind: kind.into(),
        executor,
        vus,
        exec: "default".into(),
        start: Duration::ZERO,
        duration: time.unwrap_or(MAX),
        graceful_stop: GRACE,
    }
}

fn scenario(name: &str, one: &Value) -> Scenario {
    let kind = one["executor"].as_str().unwrap_or_default();
    let count = |key: &str| one[key].as_u64().unwrap_or(1);
    let executor = match kind {
        "shared-iterations" => Executor::Shared(count("iterations")),
        "per-vu-iterations" => Executor::PerVu(count("iterations")),
        "constant-arrival-rate" => {
            let unit = duration(&one["timeUnit"]).unwrap_or(Duration::from_secs(1));
            Executor::Arrivals(unit / count("rate") as u32)
        }
        _ => Executor::Constant,
    };
    let length = duration(&one["duration"]).or_else(|| duration(&one["maxDuration"]));
    Scenario {
        name: name.into(),
        kind: kind.into(),
        executor,
        vus: one["preAllocatedVUs"]
            .as_u64()
            .unwrap_or_else(|| count("vus")),
        exec: one["exec"].as_str().unwrap_or("default").into(),
        start: duration(&one["startTime"]).unwrap_or_default(),
        duration: length.unwrap_or(MAX),
        graceful_stop: duration(&one["gracefulStop"]).unwrap_or(GRACE),
    }
}
