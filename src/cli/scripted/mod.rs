//! VUs whose iterations a k6 script runs: `capsim run MODEL --script FILE`.

mod answers;
mod routes;
mod summary;
mod users;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use capsim_script::{Failure as Stop, Metric, Script, Settings, VuFactory};
use clap::Args;

use super::exit::{self, Failure};
use super::files::Files;
use super::import::{environment, load_of};
use super::is_script;
use super::replicate::MANY;
use crate::engine::Span;
use crate::model::document::Document;
use crate::model::journey::{Check, CustomKind, CustomMetric, Group, Journey, JourneyId, Site};
use crate::model::system::EndpointId;
use crate::model::{Model, input};
use crate::world::users::{UserSource, external_journey};
use users::ScriptUsers;

/// A script in the place of journeys.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// Let the functions of this k6 script run the iterations of the journeys that are named as they are.
    #[arg(long = "script", value_name = "FILE", conflicts_with_all = MANY)]
    script: Option<PathBuf>,
    /// The system, if a k6 script stands in the place of the model; see `capsim stub`.
    #[arg(long, value_name = "FILE", conflicts_with = "script", conflicts_with_all = MANY)]
    system: Option<PathBuf>,
    /// A variable of the script's environment, in __ENV. May be given several times.
    #[arg(short = 'e', long = "env", value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Give every VU of a script an engine of its own: 450 KB each. That is done unasked if the script changes
    /// global objects.
    #[arg(long)]
    isolate_vus: bool,
    /// What endpoints answer the script: a JSON file with a body for each endpoint's name. Without it, bodies
    /// are made up and have every field that the script reads.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
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

    /// The model of a script with the system that is given; `None` if there is none.
    pub fn document(&self, given: &Path) -> Result<Option<Document>, Failure> {
        let Some(system) = &self.system else {
            return Ok(None);
        };
        if !is_script(given) {
            let text =
                "error: --system goes with a k6 script: `capsim run test.js --system system.toml`";
            return Err(Failure::new(exit::USAGE, text));
        }
        let place = system.display().to_string();
        let mut text = input::text(system, input::MODEL)
            .map_err(|e| Failure::new(exit::INVALID, format!("error: {place}: {e}")))?;
        let whole = text.parse::<toml::Table>().unwrap_or_default();
        if !whole.contains_key("scenarios") {
            // Behind it, so that errors name lines of the file.
            text += "\n";
            text += &load_of(given, environment(&self.env)?, &whole)?;
        }
        Document::from_text(&place, &text)
            .map_err(Failure::model)
            .map(Some)
    }

    /// Without a script there is nothing that its options mean.
    fn nothing_else(&self) -> Result<Option<Scripted>, Failure> {
        if self.env.is_empty() && self.answers.is_none() {
            return Ok(None);
        }
        let text = "error: -e and --answers go with a script: give --script FILE";
        Err(Failure::new(exit::USAGE, text))
    }

    /// Reads the script, if there is one, and puts it in the place of journeys.
    pub fn load(
        &self,
        given: &Path,
        seed: u64,
        model: &mut Model,
    ) -> Result<Option<Scripted>, Failure> {
        let script = match (&self.system, &self.script) {
            (Some(_), _) => given,
            (None, Some(script)) => script,
            (None, None) => return self.nothing_else(),
        };
        let settings = Settings {
            env: environment(&self.env)?,
            seed,
            isolate: self.isolate_vus,
            ..Settings::default()
        };
        Scripted::load(script, settings, self.answers.as_deref(), model).map(Some)
    }
}

/// What a run tells beside its results: lines of the script's log, and what went wrong.
#[derive(Debug, Default)]
pub struct Told {
    /// Lines for the user.
    pub lines: Vec<String>,
    /// Why the run means nothing, if so.
    pub problem: Option<String>,
    /// What `setup` returned, as JSON.
    setup: Option<Rc<str>>,
    /// The script's words when it ended the test.
    pub aborted: Option<String>,
    /// What the script did that the model did not know.
    missing: Missing,
}

/// Checks, groups and kinds of requests to be added to a model.
#[derive(Debug, Default)]
struct Missing {
    checks: BTreeSet<(String, String)>,
    groups: BTreeSet<String>,
    sites: BTreeSet<SiteKey>,
    /// Iterations that have ended since the last of them was found.
    since: u32,
}

/// Iterations that a run in which something was missing goes on for, to find what else is: it is made again.
const LEARN: u32 = 500;

impl Missing {
    fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.groups.is_empty() && self.sites.is_empty()
    }

    fn check(&mut self, group: String, name: String) {
        self.note(|m| m.checks.insert((group, name)));
    }

    fn group(&mut self, path: String) {
        self.note(|m| m.groups.insert(path));
    }

    fn site(&mut self, key: SiteKey) {
        self.note(|m| m.sites.insert(key));
    }

    fn note(&mut self, insert: impl FnOnce(&mut Missing) -> bool) {
        if insert(self) {
            self.since = 0;
        }
    }

    /// An iteration is over. Whether the run has shown enough, and may end.
    fn iteration_over(&mut self) -> bool {
        self.since += 1;
        !self.is_empty() && self.since > LEARN
    }
}

/// What tells one kind of request from another: endpoint, name, group, timeout and tags.
type SiteKey = (EndpointId, String, String, Span, Vec<(String, String)>);

fn key_of(site: &Site) -> SiteKey {
    (
        site.endpoint,
        site.name.clone(),
        site.group.clone(),
        site.timeout,
        site.tags.clone(),
    )
}

/// Kinds of requests beyond which tags are no longer told apart.
const MOST_SITES: usize = 500;

/// How often a run is made again at most, to learn all that a script does.
const RUNS: usize = 20;

impl Told {
    /// Prints what a run told, and fails if something went wrong. Gives how the script ended the test.
    fn tell(&self) -> Result<Option<Failure>, Failure> {
        for line in &self.lines {
            tell!("{line}");
        }
        match &self.problem {
            Some(problem) => Err(Failure::new(exit::INVALID, format!("error: {problem}"))),
            None => Ok(self.aborted.as_ref().map(|text| {
                let text = format!("ERRO {text}");
                Failure::new(exit::SCRIPT_ABORTED, text)
            })),
        }
    }

    /// Adds to a model what the script did that it did not know. Returns whether there was something: then the
    /// run must be made again, which takes the same course.
    fn teach(&self, model: &mut Model) -> bool {
        let missing = &self.missing;
        for (group, name) in &missing.checks {
            model.checks.push(Check {
                name: name.clone(),
                group: group.clone(),
            });
        }
        for path in &missing.groups {
            model.groups.push(Group { path: path.clone() });
        }
        for (endpoint, name, group, timeout, tags) in &missing.sites {
            model.sites.push(Site {
                endpoint: *endpoint,
                name: name.clone(),
                tags: tags.clone(),
                timeout: *timeout,
                expected: Vec::new(),
                pick: None,
                group: group.clone(),
            });
        }
        !missing.is_empty()
    }
}

/// A script that stands in for the journeys of a model.
pub struct Scripted {
    script: RefCell<Rc<Script>>,
    answers: BTreeMap<String, String>,
    /// What `setup` returned in the last run, as JSON.
    setup: RefCell<Option<Rc<str>>>,
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

/// The name of a journey's function in the script.
fn functions(model: &Model, script: &Script) -> Vec<usize> {
    let exported = |name: &str| script.exports().has(name);
    (0..model.journeys.len())
        .filter(|i| exported(&model.journeys[*i].name))
        .collect()
}

impl Scripted {
    /// Reads a script and puts its functions in the place of the journeys that are named as they are.
    pub fn load(
        path: &Path,
        settings: Settings,
        answers: Option<&Path>,
        model: &mut Model,
    ) -> Result<Scripted, Failure> {
        let place = path.display();
        let invalid = |text: String| Failure::new(exit::INVALID, format!("error: {place}: {text}"));
        let answers = answers.map_or(Ok(BTreeMap::new()), read_answers)?;
        let script = Script::load(path, settings).map_err(|stop| invalid(text_of(stop)))?;
        let replaced = functions(model, &script);
        if replaced.is_empty() {
            let names: Vec<&str> = model.journeys.iter().map(|j| j.name.as_str()).collect();
            let names = names.join(", ");
            let text = format!(
                "it exports no function that is named as a journey of the model ({names})\n  help: write the \
                 model with `capsim import {place}`"
            );
            return Err(invalid(text));
        }
        for index in replaced {
            model.journeys[index].steps = external_journey();
        }
        if model.setup.is_none() {
            model.setup = phase(model, &script, "setup");
        }
        if model.teardown.is_none() {
            model.teardown = phase(model, &script, "teardown");
        }
        for metric in &script.exports().metrics {
            if !model.metrics.iter().any(|m| m.name == metric.name) {
                model.metrics.push(CustomMetric {
                    name: metric.name.clone(),
                    kind: kind(metric),
                });
            }
        }
        Ok(Scripted {
            script: RefCell::new(script),
            answers,
            setup: RefCell::default(),
        })
    }

    /// Runs the model with the script's users. A run in which the script does something that the model does not
    /// know is made again with that added; it takes the same course. Gives beside what came of it how the script
    /// itself ended the test, if it did.
    pub fn run<R>(
        &self,
        model: &mut Model,
        simulate: impl Fn(&Model, Box<dyn UserSource + '_>) -> R,
    ) -> Result<(R, Option<Failure>), Failure> {
        for _ in 0..RUNS {
            let told = Rc::new(RefCell::new(Told::default()));
            let factory = Rc::new(VuFactory::new(&self.script.borrow()));
            let users = ScriptUsers::new(self, factory.clone(), model, told.clone());
            let run = simulate(model, Box::new(users));
            if factory.interference().is_some() {
                self.isolate()?;
                continue;
            }
            let told = told.borrow();
            if told.problem.is_none() && told.teach(model) {
                continue;
            }
            self.setup.replace(told.setup.clone());
            return told.tell().map(|ended| (run, ended));
        }
        let text = "error: the script does something else in every run";
        Err(Failure::new(exit::OTHER, text))
    }
}

impl Scripted {
    /// From here on every VU gets an engine of its own: the script changes what all VUs would see.
    fn isolate(&self) -> Result<(), Failure> {
        let script = self.script.borrow().isolated();
        let script = script.map_err(|stop| {
            let text = format!("error: {}", text_of(stop));
            Failure::new(exit::INVALID, text)
        })?;
        self.script.replace(script);
        Ok(())
    }
}

/// The journey of `setup` or `teardown`, if the script has that.
fn phase(model: &mut Model, script: &Script, name: &str) -> Option<JourneyId> {
    let id = u16::try_from(model.journeys.len()).ok()?;
    if !script.exports().has(name) {
        return None;
    }
    model.journeys.push(Journey {
        name: name.to_string(),
        steps: external_journey(),
        loop_slots: 0,
    });
    Some(JourneyId(id))
}

fn kind(metric: &Metric) -> CustomKind {
    match (&*metric.kind, metric.is_time) {
        ("counter", _) => CustomKind::Counter,
        ("gauge", _) => CustomKind::Gauge,
        ("rate", _) => CustomKind::Rate,
        (_, true) => CustomKind::TrendTime,
        (_, false) => CustomKind::Trend,
    }
}

/// Bodies of answers by the endpoint's name, from a JSON file.
fn read_answers(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let place = path.display();
    let invalid = |why: String| {
        let help =
            "write { \"ENDPOINT\": BODY, … }, with the names that the model's endpoints have";
        Failure::new(
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
