//! `capsim import`: the model of a k6 script's load, with a system to fill in.

pub mod endpoints;
mod journey;
mod load;
mod stub;
mod thresholds;
mod toml_text;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use capsim_script::record::{phase, record};
use capsim_script::{Call, Failure as Stop, Script, Settings};
use clap::{Args, Parser};
use serde_json::Value;

pub use load::{texts, variables};

use super::AllowPath;
use super::exit::{self, CliError};
use super::files::Files;
use super::fit::FitArgs;
use super::output::write_atomically;
use super::outputs::Outputs;
use super::scripted::environment::Environment;

/// Iterations of each function that are recorded.
const TIMES: u32 = 200;

/// Write the model of a k6 script: its scenarios and thresholds, and what its functions do.
///
/// Runs the script's init code and some iterations of each function that a scenario calls, with answers that
/// are made up (status 200, a body with every field that the script reads), and prints a model: the load as
/// the options say, one journey for each function, and a system whose numbers are to be filled in. Where
/// iterations took different steps, the model says NOT CERTAIN.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim import test.js > test.toml && capsim run test.toml
  capsim import test.js -e BASE_URL=http://shop.example -e USERS=500

Exit codes: 0 done, 104 the script does not run.")]
pub struct Import {
    /// The script.
    script: PathBuf,
    #[command(flatten)]
    environment: Environment,
    #[command(flatten)]
    allow: AllowPath,
}

/// Write the system of a k6 script, to be filled in: an endpoint for each request that it makes.
///
/// As `capsim import`, but without the load and what the functions do: these stay in the script, which
/// `capsim run SCRIPT --system FILE` runs itself. With `--to RUN` the service times are not 10 ms: they are fitted to a run
/// of the real k6 with the same script.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim stub test.js > system.toml && capsim run test.js --system system.toml
  capsim stub test.js --to smoke.csv --out system.toml

Exit codes: 0 done, 104 the script does not run.")]
pub struct Stub {
    #[command(flatten)]
    import: Import,
    /// Find the service times from this run, as `capsim fit --free times` does.
    #[arg(long, value_name = "RUN", requires = "out")]
    to: Vec<PathBuf>,
    /// Where the system is written. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The line of `capsim fit`.
#[derive(Debug, Parser)]
struct Fitting {
    #[command(flatten)]
    fit: FitArgs,
}

impl Stub {
    /// Prints the system.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let Imported { system, doubts, .. } = self.import.imported()?;
        let system = format!("{doubts}{system}");
        warn(&system);
        let mut out = Outputs::default();
        match &self.out {
            None => out.print(&system),
            Some(file) => {
                Files::default()
                    .reads("the script", &self.import.script)
                    .writes("--out", Some(file))
                    .check()?;
                if !self.to.is_empty() {
                    return self.fitted(&system, file);
                }
                out.keep(write_atomically(file, |out| {
                    out.write_all(system.as_bytes())
                }));
            }
        }
        out.done()
    }

    /// Fits the times of the system, and writes it.
    fn fitted(&self, system: &str, file: &Path) -> Result<ExitCode, CliError> {
        // What is fitted is read from a file of its own, which is gone afterwards.
        let name = format!("capsim-stub-{}.toml", std::process::id());
        let stub = std::env::temp_dir().join(name);
        write_atomically(&stub, |out| out.write_all(system.as_bytes()))?;
        let mut line = vec![OsString::from("fit"), self.import.script.clone().into()];
        let mut add = |option: &str, value: OsString| line.extend([option.into(), value]);
        add("--system", stub.clone().into());
        add("--free", "times".into());
        add("--out", file.into());
        for run in &self.to {
            add("--to", run.into());
        }
        for path in &self.import.allow.paths {
            add("--allow-path", path.into());
        }
        line.extend(self.import.environment.arguments());
        let fitting = Fitting::try_parse_from(line);
        let wrong = |why: clap::Error| CliError::new(exit::USAGE, why.to_string());
        let done = fitting.map_err(wrong).and_then(|line| line.fit.execute());
        std::fs::remove_file(&stub).ok();
        done
    }
}

/// Tells where a text is that was only guessed at.
fn warn(text: &str) {
    match text.matches("NOT CERTAIN").count() {
        0 => {}
        1 => tell!("WARN one line says NOT CERTAIN: look at it"),
        count => tell!("WARN {count} lines say NOT CERTAIN: look at them"),
    }
}

/// A script as a model.
pub struct Imported {
    /// The load, and what the functions do.
    pub load: String,
    /// The system, with numbers to fill in.
    pub system: String,
    /// What the script did not come to with answers that are made up, as comments.
    doubts: String,
}

impl Import {
    /// Prints the model.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let imported = self.imported()?;
        warn(&imported.load);
        let mut out = Outputs::default();
        out.print(&imported.load);
        out.print("\n");
        out.print(&imported.system);
        out.done()
    }

    fn imported(&self) -> Result<Imported, CliError> {
        let settings = Settings {
            allowed: self.allow.paths.clone(),
            ..self.environment.settings()?
        };
        imported(&self.script, settings)
    }
}

/// Keys of a section with their values, as TOML writes them.
type Values = Vec<(&'static str, String)>;

/// The load of a script as sections of a model, but for those that are `given`. What its functions do is left to
/// the script: their journeys only hold their places. With it, where `[model]` is given, keys and values of that section that
/// the options set.
pub fn load_of(
    path: &Path,
    settings: Settings,
    given: &toml::Table,
) -> Result<(String, Values), CliError> {
    // As k6 ends where the init code does not.
    let ends = |stop: &Stop| match stop {
        Stop::Exception(_) => exit::SCRIPT_EXCEPTION,
        Stop::Abort(_) => exit::SCRIPT_ABORTED,
        _ => exit::INVALID,
    };
    let refused = |stop: Stop| CliError::new(ends(&stop), why(path, &stop));
    let script = Script::load(path, settings).map_err(refused)?;
    let options = script.exports().options.as_deref().unwrap_or("{}");
    let options: Value = serde_json::from_str(options).unwrap_or_default();
    let load = load::load(&options, &Value::Null).map_err(|why| wrong_options(path, &why))?;
    let (mut text, mut defaults) = (String::new(), Vec::new());
    match given.contains_key("model") {
        true => defaults = of_model(&options),
        false => text += &about(path, &options),
    }
    text += &load.text;
    text += "[journeys]\n";
    for exec in &load.functions {
        if !script.exports().has(exec) {
            return Err(not_exported(path, exec));
        }
        writeln!(text, "{} = [", toml_text::key(exec)).ok();
        for metric in &script.exports().metrics {
            let kind = match (&*metric.kind, metric.is_time) {
                ("trend", true) => "time",
                (kind, _) => kind,
            };
            let name = toml_text::quoted(&metric.name);
            writeln!(text, "  {{ record = {name}, as = \"{kind}\", value = 0 }},").ok();
        }
        text += "  { sleep = \"1ms\" },\n]\n";
    }
    if !given.contains_key("thresholds") {
        text += &thresholds(path, &options, &[])?;
    }
    Ok((text, defaults))
}

/// The section `[model]`: the name, and what options say of the summary.
fn about(path: &Path, options: &Value) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut text = format!("[model]\nname = {}\n", toml_text::quoted(&name));
    for (key, value) in of_model(options) {
        writeln!(text, "{key} = {value}").ok();
    }
    text
}

/// Keys and values of `[model]` for what options say of the summary and of connections.
fn of_model(options: &Value) -> Values {
    let stats = options["summaryTrendStats"].as_array().map(|stats| {
        let stats: Vec<String> = stats.iter().map(Value::to_string).collect();
        ("summary_trend_stats", format!("[{}]", stats.join(", ")))
    });
    let unit = options["summaryTimeUnit"].as_str();
    let unit = unit.map(|unit| ("summary_time_unit", toml_text::quoted(unit)));
    let reuse = [
        ("noConnectionReuse", "no_connection_reuse"),
        ("noVUConnectionReuse", "no_vu_connection_reuse"),
    ];
    let reuse = reuse
        .into_iter()
        .filter(|(from, _)| options[*from] == Value::Bool(true));
    let reuse = reuse.map(|(_, key)| (key, "true".to_owned()));
    stats.into_iter().chain(unit).chain(reuse).collect()
}

fn refused(path: &Path, stop: Stop) -> CliError {
    CliError::new(exit::INVALID, why(path, &stop))
}

/// Why a script does not run.
fn why(path: &Path, stop: &Stop) -> String {
    let text = match stop {
        Stop::Exception(text) | Stop::Abort(text) | Stop::Endless(text) | Stop::Result(text) => {
            text.trim_end()
        }
        Stop::Stopped => "it was stopped",
    };
    format!("error: {}: {text}", path.display())
}

fn wrong_options(path: &Path, why: &str) -> CliError {
    CliError::new(exit::INVALID, format!("error: {}: {why}", path.display()))
}

fn thresholds(path: &Path, options: &Value, unrecorded: &[&str]) -> Result<String, CliError> {
    thresholds::thresholds(options, unrecorded).map_err(|why| wrong_options(path, &why))
}

fn not_exported(path: &Path, exec: &str) -> CliError {
    let place = path.display();
    let text =
        format!("error: {place}: a scenario runs `{exec}`, which the script does not export");
    CliError::new(exit::INVALID, text)
}

/// What to do where a script does not come to its end.
const GIVE: &str = "\
# Endpoints that the script calls afterwards are missing here: where it waits for certain answers, let the system give them
# (`answer` of an endpoint). capsim run then names what is missing.
";

/// Runs a script as `capsim import` does.
pub fn imported(path: &Path, settings: Settings) -> Result<Imported, CliError> {
    let refused = |stop| refused(path, stop);
    let script = Script::load(path, settings).map_err(refused)?;
    let options = script.exports().options.as_deref().unwrap_or("{}");
    let options: Value = serde_json::from_str(options).unwrap_or_default();
    let load = load::load(&options, &options["tags"]).map_err(|why| wrong_options(path, &why))?;
    let mut text = about(path, &options) + "\n" + &load.text;
    let metrics = &script.exports().metrics;
    let declared = journey::Declared {
        metrics,
        named: thresholds::named(&options),
    };
    let mut recorded = BTreeSet::new();
    let mut endpoints = endpoints::Endpoints::new();
    let mut journeys = String::from("[journeys]\n");
    let mut doubts = String::new();
    for exec in &load.functions {
        if !script.exports().has(exec) {
            return Err(not_exported(path, exec));
        }
        let loads = load::loads(&options, exec);
        let recording = record(&script, &loads, TIMES).map_err(refused)?;
        recorded.extend(journey::metrics(&recording));
        doubts += &journey::doubts(exec, &recording);
        journeys += &journey::journey(exec, &recording, &declared, &mut endpoints);
    }
    let mut data = None;
    for name in ["setup", "teardown"] {
        if !script.exports().has(name) {
            continue;
        }
        let call = match name {
            "setup" => Call::Setup,
            _ => Call::Teardown(data.take()),
        };
        let recording = phase(&script, call).map_err(refused)?;
        data = recording.value.as_deref().map(Into::into);
        doubts += &journey::doubts(name, &recording);
        if recording
            .variants
            .iter()
            .any(|(steps, _)| !steps.is_empty())
        {
            recorded.extend(journey::metrics(&recording));
            journeys += &journey::journey(name, &recording, &declared, &mut endpoints);
            text += &format!("[{name}]\njourney = \"{name}\"\n\n");
        }
    }
    let names = metrics.iter().map(|m| m.name.as_str());
    let unrecorded: Vec<&str> = names.filter(|n| !recorded.contains(*n)).collect();
    text += &thresholds(path, &options, &unrecorded)?;
    text += &journeys;
    let system = endpoints::system(&endpoints);
    Ok(Imported {
        load: text,
        system: format!("{}\n", system.trim_end()),
        doubts: match doubts.is_empty() {
            true => doubts,
            false => format!("{doubts}{GIVE}\n"),
        },
    })
}
