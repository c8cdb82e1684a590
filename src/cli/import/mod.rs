//! `capsim import`: the model of a k6 script's load, with a system to fill in.

mod journey;
mod load;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use capsim_script::record::record;
use capsim_script::{Failure as Stop, Script, Settings};
use clap::Args;

use super::exit::{self, Failure};
use super::outputs::Outputs;

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
    /// A variable of the script's environment, in __ENV. May be given several times.
    #[arg(short = 'e', long = "env", value_name = "NAME=VALUE")]
    env: Vec<String>,
}

impl Import {
    /// Prints the model.
    pub fn execute(self) -> Result<ExitCode, Failure> {
        let text = self.model()?;
        let mut out = Outputs::default();
        out.print(&text);
        out.done()
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings {
            recording: true,
            ..Settings::default()
        };
        for pair in &self.env {
            let Some((name, value)) = pair.split_once('=') else {
                let text = format!("error: -e {pair}\n  help: write -e NAME=VALUE");
                return Err(Failure::new(exit::USAGE, text));
            };
            settings.env.insert(name.to_string(), value.to_string());
        }
        Ok(settings)
    }

    fn model(&self) -> Result<String, Failure> {
        let refused = |stop: Stop| {
            let text = match stop {
                Stop::Exception(text)
                | Stop::Abort(text)
                | Stop::Endless(text)
                | Stop::Result(text) => text,
                Stop::Stopped => "it was stopped".to_string(),
            };
            let path = self.script.display();
            Failure::new(exit::INVALID, format!("error: {path}: {}", text.trim_end()))
        };
        let script = Script::load(&self.script, self.settings()?).map_err(refused)?;
        let options = script.exports().options.as_deref().unwrap_or("{}");
        let options = serde_json::from_str(options).unwrap_or_default();
        let load = load::load(&options);
        let name = self
            .script
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let mut text = format!("[model]\nname = {}\n\n", load::quoted(&name));
        text += &load.text;
        let metrics = &script.exports().metrics;
        let mut recorded = BTreeSet::new();
        let mut endpoints = journey::Endpoints::new();
        let mut journeys = String::from("[journeys]\n");
        for exec in &load.functions {
            if !script.exports().has(exec) {
                let path = self.script.display();
                let text = format!(
                    "error: {path}: a scenario runs `{exec}`, which the script does not export"
                );
                return Err(Failure::new(exit::INVALID, text));
            }
            let recording = record(&script, exec, TIMES).map_err(refused)?;
            recorded.extend(journey::metrics(&recording));
            journeys += &journey::journey(exec, &recording, metrics, &mut endpoints);
        }
        let names = metrics.iter().map(|m| m.name.as_str());
        let unrecorded: Vec<&str> = names.filter(|n| !recorded.contains(*n)).collect();
        text += &load::thresholds(&options, &unrecorded);
        writeln!(text, "{journeys}").ok();
        text += &journey::system(&endpoints);
        Ok(format!("{}\n", text.trim_end()))
    }
}
