//! k6 scripts in the place of journeys: `capsim COMMAND SCRIPT --system FILE`, `capsim COMMAND MODEL --script FILE`.

mod answers;
mod body;
pub mod environment;
mod learned;
mod program;
mod routes;
mod summary;
mod users;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use capsim_script::{Failure as Stop, Settings};
use clap::Args;

use super::exit::{self, CliError};
use super::files::Files;
use super::import::load_of;
use super::is_script;
use crate::model::document::{Document, GENERATED};
use crate::model::journey::{Journey, Site};
use crate::model::program::Program;
use crate::model::system::EndpointId;
use crate::model::{Model, Override, input};
use crate::world::program::{Carried, Told};
use environment::Environment;
use learned::is_stand_in;
use program::ScriptProgram;
use routes::twins;
pub use summary::handle_summary;

/// A script in the place of journeys.
#[derive(Clone, Debug, Args)]
pub struct ScriptArgs {
    /// Let the functions of this k6 script run the iterations of the journeys that are named as they are.
    #[arg(long = "script", value_name = "FILE")]
    script: Option<PathBuf>,
    /// The system, if a k6 script stands in the place of the model; see `capsim stub`.
    #[arg(long, value_name = "FILE", conflicts_with = "script")]
    system: Option<PathBuf>,
    #[command(flatten)]
    environment: Environment,
    /// Give every VU of a script an engine of its own: 450 KB each. That is done unasked if the script changes
    /// global objects.
    #[arg(long)]
    isolate_vus: bool,
    /// What endpoints answer the script: a JSON file with a body for each endpoint's name. Without it, bodies
    /// are made up and have every field that the script reads.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// What drives the users, once it was read.
    #[arg(skip)]
    kept: OnceCell<Program>,
}

impl ScriptArgs {
    /// Adds what is read beside the model.
    pub fn files(&self, files: Files) -> Files {
        let read = [
            ("the script", &self.script),
            ("the system", &self.system),
            ("the file of --answers", &self.answers),
        ];
        let given = read
            .into_iter()
            .filter_map(|(what, file)| Some((what, file.as_ref()?)));
        given.fold(files, |files, (what, file)| files.reads(what, file))
    }

    /// The model, or the system and the load of a script. What drives the users is the script, if there is one; what
    /// it records is learnt from the model with these changes.
    pub fn document(
        &self,
        given: &Path,
        allowed: &[PathBuf],
        overrides: &[Override],
    ) -> Result<Document, CliError> {
        let (document, script) = match (&self.system, &self.script) {
            (Some(system), _) => (self.with_load(given, system, allowed)?, given),
            (None, Some(script)) => {
                self.environment.leaves_load()?;
                (super::document(given)?, script.as_path())
            }
            (None, None) => {
                self.nothing_else()?;
                return Ok(super::document(given)?.allowing(allowed));
            }
        };
        let document = document.allowing(allowed);
        if let Some(program) = self.kept.get() {
            return Ok(document.driven_by(program.clone()));
        }
        let invalid = |why: String| {
            let text = format!("error: {}: {why}", script.display());
            CliError::new(exit::INVALID, text)
        };
        let settings = self.settings(allowed)?;
        let answers = self.answers.as_deref();
        let answers = answers.map_or(Ok(BTreeMap::new()), read_answers)?;
        let program = ScriptProgram::load(script, settings, answers).map_err(invalid)?;
        let carried = Program::new(Carried(Box::new(program.clone())));
        let document = document.driven_by(carried.clone());
        // What is wrong with the model itself is told when it is checked for good.
        if let Ok(checked) = document.check(overrides) {
            drives(&program, &checked.model, script)?;
            self.answers_of(&program, &checked.model)?;
            program
                .learn(&checked.model)
                .map_err(|why| CliError::new(exit::INVALID, format!("error: {why}")))?;
            let twins = twins(&checked.model);
            if !twins.is_empty()
                && let Ok(learnt) = document.check(overrides)
            {
                told_apart(&learnt.model, &twins);
            }
        }
        self.kept.set(carried).ok();
        Ok(document)
    }

    /// Refuses bodies of endpoints that the model does not have.
    fn answers_of(&self, program: &ScriptProgram, model: &Model) -> Result<(), CliError> {
        let has = |name: &&String| model.endpoints.iter().any(|e| e.name == **name);
        match program.0.answers.keys().find(|name| !has(name)) {
            None => Ok(()),
            Some(name) => {
                let place = self.answers.as_deref().unwrap_or(Path::new("--answers"));
                let text = format!("error: {}: no endpoint is named `{name}`", place.display());
                Err(CliError::new(exit::INVALID, text))
            }
        }
    }

    /// The same options for another script or system.
    pub fn other(&self, system: Option<&Path>) -> ScriptArgs {
        ScriptArgs {
            system: system.map(Path::to_path_buf).or(self.system.clone()),
            kept: OnceCell::new(),
            ..self.clone()
        }
    }

    fn settings(&self, allowed: &[PathBuf]) -> Result<Settings, CliError> {
        Ok(Settings {
            isolate: self.isolate_vus,
            allowed: allowed.to_vec(),
            ..self.environment.settings()?
        })
    }

    /// The system of a file, with the load of a script behind it.
    fn with_load(
        &self,
        given: &Path,
        system: &Path,
        allowed: &[PathBuf],
    ) -> Result<Document, CliError> {
        if !is_script(given) {
            let text =
                "error: --system goes with a k6 script: `capsim run test.js --system system.toml`";
            return Err(CliError::new(exit::USAGE, text));
        }
        let place = system.display().to_string();
        let mut text = input::text(system, input::MODEL)
            .map_err(|e| CliError::new(exit::INVALID, format!("error: {place}: {e}")))?;
        // What is no TOML, or nests too deep, is told first.
        Document::from_text(&place, &text).map_err(CliError::model)?;
        let whole = text.parse::<toml::Table>().unwrap_or_default();
        let script = given.display().to_string().replace(['\n', '\r'], " ");
        let mut defaults = Vec::new();
        if !whole.contains_key("scenarios") {
            // Behind it, so that errors name lines of the file.
            text += GENERATED;
            text += &format!("# the options of {script}, as a model\n");
            let (load, values) = load_of(given, self.settings(allowed)?, &whole)?;
            text += &load;
            for (key, value) in values {
                let value = Override::new(&format!("model.{key}"), &value);
                defaults.push(value.map_err(CliError::model)?);
            }
        } else {
            self.environment.leaves_load()?;
        }
        let document = Document::from_text(&place, &text).map_err(CliError::model)?;
        Ok(document.with_defaults(&format!("the options of {script}"), defaults))
    }

    /// Without a script there is nothing that its options mean.
    fn nothing_else(&self) -> Result<(), CliError> {
        if self.environment.is_usual() && self.answers.is_none() {
            return Ok(());
        }
        let text = "error: -e, --answers, --vus, --duration, --iterations and --stage go with a k6 script; a model takes \
                    --set scenarios.NAME.vus=10";
        Err(CliError::new(exit::USAGE, text))
    }
}

/// Warns of endpoints that have a route with another one and that no request reached while the script was learnt.
fn told_apart(model: &Model, twins: &[(EndpointId, EndpointId)]) {
    let name = |id: EndpointId| &model.endpoints[id.index()].name;
    for &(first, other) in twins {
        let reached = |site: &Site| site.endpoint == other && !is_stand_in(site);
        if !model.sites.iter().any(reached) {
            let (first, other) = (name(first), name(other));
            tell!(
                "WARN the endpoints `{first}` and `{other}` have the same route: `{other}` is reached by requests whose tag \
                 `name` is `{other}`, and there was none"
            );
        }
    }
}

/// Refuses a script that runs no journey of the model.
fn drives(program: &ScriptProgram, model: &Model, script: &Path) -> Result<(), CliError> {
    let has = |journey: &Journey| program.0.exports.has(&journey.name);
    if model.journeys.iter().any(has) {
        return Ok(());
    }
    let names: Vec<&str> = model.journeys.iter().map(|j| j.name.as_str()).collect();
    let (names, place) = (names.join(", "), script.display());
    let text = format!(
        "error: {place}: it exports no function that is named as a journey of the model ({names})\n  help: write the \
         model with `capsim import {place}`"
    );
    Err(CliError::new(exit::INVALID, text))
}

/// Prints what a run of a script told, and how the script ended the test.
pub fn tell(told: Option<&Told>) -> Option<CliError> {
    let told = told?;
    for line in &told.lines {
        tell!("{line}");
    }
    let (all, threw) = told.ended;
    if threw > 0 && 2 * threw >= all {
        tell!(
            "WARN {threw} of {all} iterations ended by an exception\n  help: where it comes of a body that is made up, say \
             what the endpoint answers: [endpoints.NAME] answer = {{ body = {{ … }} }}"
        );
    }
    told.aborted.as_ref().map(|text| {
        let text = format!("ERRO {text}");
        CliError::new(exit::SCRIPT_ABORTED, text)
    })
}

fn text_of(stop: Stop) -> String {
    let text = match stop {
        Stop::Exception(text) | Stop::Abort(text) | Stop::Endless(text) | Stop::Result(text) => {
            text
        }
        Stop::Stopped => "it was stopped".to_string(),
    };
    text.trim_end().to_string()
}

/// Bodies of answers by the endpoint's name, from a JSON file.
fn read_answers(path: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let place = path.display();
    let invalid = |why: String| {
        let help =
            "write { \"ENDPOINT\": BODY, … }, with the names that the model's endpoints have";
        CliError::new(
            exit::INVALID,
            format!("error: {place}: {why}\n  help: {help}"),
        )
    };
    let text = input::text(path, input::MODEL).map_err(invalid)?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| invalid(e.to_string()))?;
    let fields = value
        .as_object()
        .ok_or_else(|| invalid("it is no JSON object".to_string()))?;
    let body = |v: &serde_json::Value| match v {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(fields.iter().map(|(k, v)| (k.clone(), body(v))).collect())
}
