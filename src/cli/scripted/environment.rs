//! What a script finds in `__ENV`, and the options that variables named `K6_…` set, as in k6 v2.2.0 (`lib/options.go`).

use capsim_script::{Settings, Tags};
use clap::{ArgAction, Args};
use serde_json::{Map, Value, json};
use std::ffi::OsString;

use crate::cli::exit::{self, CliError};

/// The environment of a script.
#[derive(Clone, Debug, Args)]
pub struct Environment {
    /// A variable of the script's environment, in __ENV. May be given several times.
    #[arg(short = 'e', long = "env", value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Whether __ENV has the variables of the shell, too, as k6's has.
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    include_system_env_vars: bool,
    /// As k6's option: so many VUs.
    #[arg(long, value_name = "NUMBER", help_heading = LOAD)]
    vus: Option<String>,
    /// As k6's option: how long the test takes.
    #[arg(long, value_name = "TIME", help_heading = LOAD)]
    duration: Option<String>,
    /// As k6's option: so many iterations, shared by all VUs.
    #[arg(long, value_name = "NUMBER", help_heading = LOAD)]
    iterations: Option<String>,
    /// As k6's option: VUs ramp up or down to a target. May be given several times.
    #[arg(long, value_name = "TIME:TARGET", help_heading = LOAD)]
    stage: Vec<String>,
}

/// Of the options that take the place of the load of a script.
const LOAD: &str = "Load of a k6 script, in the place of its own";

impl Environment {
    /// Whether nothing was given.
    pub fn is_usual(&self) -> bool {
        self.env.is_empty() && self.include_system_env_vars && self.load().is_empty()
    }

    /// Refuses options of the load where that is said by a model.
    ///
    /// # Errors
    /// One was given.
    pub fn leaves_load(&self) -> Result<(), CliError> {
        match self.load().first() {
            None => Ok(()),
            Some((name, _)) => {
                let text = format!(
                    "error: {name} goes with the load of a script, and this load is in a model\n  help: --set \
                     scenarios.NAME.vus=10 changes it"
                );
                Err(CliError::new(exit::USAGE, text))
            }
        }
    }

    /// The options of the load, with their values.
    fn load(&self) -> Vec<(&'static str, String)> {
        let stages = (!self.stage.is_empty()).then(|| self.stage.join(","));
        let [vus, duration, iterations] = [&self.vus, &self.duration, &self.iterations];
        let values = [vus.clone(), duration.clone(), iterations.clone(), stages];
        let given = GIVEN.iter().zip(values);
        given
            .filter_map(|((name, _), value)| Some((*name, value?)))
            .collect()
    }

    /// The arguments of a command that give it the same environment.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments = Vec::new();
        for pair in &self.env {
            arguments.extend(["-e".into(), pair.into()]);
        }
        if !self.include_system_env_vars {
            arguments.push("--include-system-env-vars=false".into());
        }
        for (name, value) in self.load() {
            arguments.extend([name.into(), value.into()]);
        }
        arguments
    }

    /// The settings of a script in this environment.
    ///
    /// # Errors
    /// `-e` without `=`, or a variable `K6_…` or an option that is not what k6 takes.
    pub fn settings(&self) -> Result<Settings, CliError> {
        let mut env = Tags::new();
        for pair in &self.env {
            let Some((name, value)) = pair.split_once('=') else {
                let text = format!("error: -e {pair}\n  help: write -e NAME=VALUE");
                return Err(CliError::new(exit::USAGE, text));
            };
            env.insert(name.to_string(), value.to_string());
        }
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let shell: Tags = texts.collect();
        Ok(Settings {
            env,
            options: options(&shell, &self.load())?,
            shell: match self.include_system_env_vars {
                true => shell,
                false => Tags::new(),
            },
            ..Settings::default()
        })
    }
}

/// What the value of a variable is.
#[derive(Clone, Copy)]
enum Kind {
    Whole,
    Switch,
    Text,
    /// Texts between commas.
    List,
    /// `DURATION:TARGET` between commas.
    Stages,
    /// `NAME:VALUE` between commas.
    Pairs,
}

/// The variables, and the options that they set.
const OPTIONS: [(&str, &str, Kind); 22] = [
    ("K6_VUS", "vus", Kind::Whole),
    ("K6_DURATION", "duration", Kind::Text),
    ("K6_ITERATIONS", "iterations", Kind::Whole),
    ("K6_STAGES", "stages", Kind::Stages),
    ("K6_NO_SETUP", "noSetup", Kind::Switch),
    ("K6_SETUP_TIMEOUT", "setupTimeout", Kind::Text),
    ("K6_NO_TEARDOWN", "noTeardown", Kind::Switch),
    ("K6_TEARDOWN_TIMEOUT", "teardownTimeout", Kind::Text),
    ("K6_RPS", "rps", Kind::Whole),
    ("K6_MAX_REDIRECTS", "maxRedirects", Kind::Whole),
    ("K6_USER_AGENT", "userAgent", Kind::Text),
    ("K6_BATCH", "batch", Kind::Whole),
    ("K6_BATCH_PER_HOST", "batchPerHost", Kind::Whole),
    ("K6_THROW", "throw", Kind::Switch),
    ("K6_NO_CONNECTION_REUSE", "noConnectionReuse", Kind::Switch),
    (
        "K6_NO_VU_CONNECTION_REUSE",
        "noVUConnectionReuse",
        Kind::Switch,
    ),
    (
        "K6_MIN_ITERATION_DURATION",
        "minIterationDuration",
        Kind::Text,
    ),
    ("K6_SUMMARY_TREND_STATS", "summaryTrendStats", Kind::List),
    ("K6_SUMMARY_TIME_UNIT", "summaryTimeUnit", Kind::Text),
    ("K6_TAGS", "tags", Kind::Pairs),
    ("K6_NO_COOKIES_RESET", "noCookiesReset", Kind::Switch),
    (
        "K6_DISCARD_RESPONSE_BODIES",
        "discardResponseBodies",
        Kind::Switch,
    ),
];

/// Options of the command line and the variables whose place they take, in the order of [`Environment::load`].
const GIVEN: [(&str, &str); 4] = [
    ("--vus", "K6_VUS"),
    ("--duration", "K6_DURATION"),
    ("--iterations", "K6_ITERATIONS"),
    ("--stage", "K6_STAGES"),
];

/// The options that variables and the command line set, as JSON; they stand over those of the script. One of the command line
/// that tells the load leaves out all variables that do.
fn options(variables: &Tags, given: &[(&'static str, String)]) -> Result<Option<String>, CliError> {
    let mut set = Map::new();
    let tells_load = |name: &str| name != "K6_VUS" && GIVEN.iter().any(|(_, own)| *own == name);
    let replaced = given.iter().any(|(name, _)| *name != "--vus");
    for (name, option, kind) in OPTIONS {
        let own = GIVEN.iter().find(|(_, variable)| *variable == name);
        let own = own.and_then(|(flag, _)| given.iter().find(|(name, _)| name == flag));
        if let Some((flag, text)) = own {
            set.insert(option.to_owned(), value(flag, text, kind)?);
        } else if let Some(text) = variables.get(name)
            && !text.is_empty()
            && !(replaced && tells_load(name))
        {
            set.insert(option.to_owned(), value(name, text, kind)?);
        }
    }
    if let Some(text) = variables.get("K6_NO_THRESHOLDS")
        && value("K6_NO_THRESHOLDS", text, Kind::Switch)? == json!(true)
    {
        set.insert("thresholds".to_owned(), json!({}));
    }
    Ok((!set.is_empty()).then(|| Value::Object(set).to_string()))
}

fn value(name: &str, text: &str, kind: Kind) -> Result<Value, CliError> {
    let parts = || text.split(',').map(str::trim);
    let read = match kind {
        Kind::Text => Some(json!(text)),
        Kind::Whole => text.parse::<i64>().ok().map(Value::from),
        // As Go reads a boolean.
        Kind::Switch => match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(json!(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(json!(false)),
            _ => None,
        },
        Kind::List => Some(parts().collect()),
        Kind::Stages => parts()
            .map(|stage| {
                let (duration, target) = stage.split_once(':')?;
                let target = target.parse::<i64>().ok()?;
                Some(json!({ "duration": duration, "target": target }))
            })
            .collect(),
        Kind::Pairs => parts()
            .map(|pair| {
                let (name, value) = pair.split_once(':')?;
                Some((name.to_owned(), json!(value)))
            })
            .collect::<Option<Map<_, _>>>()
            .map(Value::Object),
    };
    read.ok_or_else(|| {
        let wanted = match kind {
            Kind::Whole => "a whole number",
            Kind::Switch => "`true` or `false`",
            Kind::Stages => "stages such as `30s:10,1m:0`",
            Kind::Pairs => "tags such as `name:value,other:value`",
            Kind::Text | Kind::List => "a text",
        };
        if name.starts_with('-') {
            let text = format!("error: {name} {text}\n  help: give {wanted}");
            return CliError::new(exit::USAGE, text);
        }
        let text = format!(
            "error: the environment variable {name} is `{text}`\n  help: k6 takes it as an option: set it to {wanted}, or \
             unset it"
        );
        CliError::new(exit::INVALID, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_set_options_as_in_k6() {
        let set = |pairs: &[(&str, &str)]| {
            let variables = pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            options(&variables.collect(), &[]).map_err(|error| format!("{error:?}"))
        };
        let options = |pairs: &[(&str, &str)]| -> Value {
            serde_json::from_str(&set(pairs).unwrap().unwrap()).unwrap()
        };
        assert_eq!(
            set(&[("HOME", "x"), ("K6_OUT", "json"), ("K6_VUS", "")]).unwrap(),
            None
        );
        assert_eq!(
            options(&[
                ("K6_VUS", "7"),
                ("K6_DURATION", "30s"),
                ("K6_NO_SETUP", "true")
            ]),
            json!({ "vus": 7, "duration": "30s", "noSetup": true })
        );
        assert_eq!(
            options(&[("K6_STAGES", "5s:10, 20s:0"), ("K6_TAGS", "a:b,c:d:e")]),
            json!({ "stages": [{ "duration": "5s", "target": 10 }, { "duration": "20s", "target": 0 }],
                    "tags": { "a": "b", "c": "d:e" } })
        );
        assert_eq!(
            options(&[("K6_NO_THRESHOLDS", "1")]),
            json!({ "thresholds": {} })
        );
        assert_eq!(
            options(&[("K6_SUMMARY_TREND_STATS", "avg,p(99.9)")]),
            json!({ "summaryTrendStats": ["avg", "p(99.9)"] })
        );
        let given = [("--stage", "5s:1,1s:0".to_owned())];
        let variables = [("K6_VUS", "7"), ("K6_DURATION", "30s")];
        let variables = variables.map(|(n, v)| (n.to_owned(), v.to_owned()));
        let both = super::options(&Tags::from(variables), &given).unwrap_or_default();
        assert_eq!(
            both.unwrap_or_default(),
            r#"{"stages":[{"duration":"5s","target":1},{"duration":"1s","target":0}],"vus":7}"#
        );
        for (name, value) in [("K6_VUS", "many"), ("K6_STAGES", "5s"), ("K6_THROW", "ja")] {
            let why = set(&[(name, value)]).unwrap_err();
            assert!(why.contains(name) && why.contains("help: "), "{why}");
        }
    }
}
