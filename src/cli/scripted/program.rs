//! A script as what drives the users of a model, on any thread.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use capsim_script::{Exports, Metric, Script, Settings, Source, VuFactory};
use serde_json::Value;

use super::answers::Bodies;
use super::learned::{Attempt, Learned, Missing};
use super::text_of;
use super::users::ScriptUsers;
use crate::cli::import::texts;
use crate::cli::origin::digest;
use crate::engine::Span;
use crate::model::journey::{CustomKind, CustomMetric, Journey, JourneyId};
use crate::model::network::Reuse;
use crate::model::{Model, duration};
use crate::world::World;
use crate::world::program::{Session, Told, UserProgram};
use crate::world::users::{UserSource, external_journey};

/// What all runs of a script share.
pub struct Shared {
    /// Tells it from other scripts of this process.
    number: u64,
    identity: String,
    source: Source,
    settings: Settings,
    pub exports: Exports,
    /// The options that it exports.
    pub options: Value,
    pub answers: Bodies,
    /// Every VU has an engine of its own: the script changes what all VUs would see.
    isolate: AtomicBool,
    learned: OnceLock<Learned>,
}

/// A script that stands in the place of journeys.
#[derive(Clone)]
pub struct ScriptProgram(pub Arc<Shared>);

/// Numbers of scripts that were given out.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Scripts that a thread keeps for its next runs.
const KEPT: usize = 4;

thread_local! {
    /// The scripts of this thread by their number, and whether VUs have engines of their own.
    static SCRIPTS: RefCell<Vec<(u64, bool, Rc<Script>)>> = const { RefCell::new(Vec::new()) };
}

impl ScriptProgram {
    /// Reads a script and runs its init code.
    ///
    /// # Errors
    /// What is wrong with the script.
    pub fn load(path: &Path, settings: Settings, answers: Bodies) -> Result<ScriptProgram, String> {
        let script = Script::load(path, settings.clone()).map_err(text_of)?;
        let source = script.source();
        let files = source
            .files()
            .flat_map(|(name, bytes)| [name.to_owned(), String::from_utf8_lossy(bytes).into()]);
        let pairs = |map: &BTreeMap<String, String>| {
            let pairs = map.iter().flat_map(|(k, v)| [k.clone(), v.clone()]);
            pairs.collect::<Vec<_>>()
        };
        // Of the shell what the script may read: not what every session sets anew.
        let shell = settings.shell.iter();
        let shell = shell.filter(|(name, _)| !name.is_empty() && source.has(name));
        let shell = shell.map(|(name, value)| (name.clone(), value.clone()));
        let given = [
            pairs(&settings.env),
            pairs(&shell.collect()),
            pairs(&answers),
        ]
        .concat();
        let identity = digest(files.chain(given).chain(settings.options.clone()));
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let isolate = AtomicBool::new(settings.isolate);
        let exports = script.exports().clone();
        let options = exports.options.as_deref();
        let options = options.and_then(|text| serde_json::from_str(text).ok());
        let options = options.unwrap_or_default();
        keep(number, settings.isolate, script);
        Ok(ScriptProgram(Arc::new(Shared {
            number,
            identity,
            source,
            settings,
            options,
            exports,
            answers,
            isolate,
            learned: OnceLock::new(),
        })))
    }

    /// Learns what the script records, by running the model until nothing new is seen for a while.
    ///
    /// # Errors
    /// Why the script cannot drive the model.
    pub fn learn(&self, model: &Model) -> Result<(), String> {
        let mut whole = Cow::Borrowed(model);
        super::learned::add_a_site_for_each_endpoint(whole.to_mut());
        // Once more, if the script changes what all VUs would see.
        for _ in 0..2 {
            let session = self.session(1, true)?;
            let users = session.users(&whole);
            drop(World::new(&whole, 1, 0).with_users(users).run());
            if session.interferes() {
                continue;
            }
            let attempt = session.attempt();
            // What setup throws is told by the run itself, with its exit code.
            if let Some(problem) = attempt.problem.filter(|_| !attempt.threw) {
                return Err(problem);
            }
            self.0.learned.set(Learned::of(attempt.missing)).ok();
            break;
        }
        Ok(())
    }

    /// The script on this thread.
    pub fn script(&self) -> Result<Rc<Script>, String> {
        let shared = &*self.0;
        let isolate = shared.isolate.load(Ordering::Relaxed);
        let known = SCRIPTS.with_borrow(|scripts| {
            let mut own = scripts.iter();
            own.find(|(number, alone, _)| (*number, *alone) == (shared.number, isolate))
                .map(|(.., script)| script.clone())
        });
        if let Some(script) = known {
            return Ok(script);
        }
        let settings = Settings {
            isolate,
            ..shared.settings.clone()
        };
        let script = Script::open(&shared.source, settings).map_err(text_of)?;
        keep(shared.number, isolate, script.clone());
        Ok(script)
    }

    fn session(&self, seed: u64, learns: bool) -> Result<ScriptSession, String> {
        Ok(ScriptSession {
            script: RefCell::new(self.script()?),
            program: self.clone(),
            seed,
            learns,
            last: RefCell::default(),
        })
    }
}

fn keep(number: u64, isolate: bool, script: Rc<Script>) {
    SCRIPTS.with_borrow_mut(|scripts| {
        if scripts.len() >= KEPT {
            scripts.remove(0);
        }
        scripts.push((number, isolate, script));
    });
}

/// The seed of the random numbers of a script in one of many runs.
fn seed_of(seed: u64, replication: u64) -> u64 {
    seed.wrapping_add(replication.wrapping_mul(0xd1b5_4a32_d192_ed03))
}

impl UserProgram for ScriptProgram {
    fn complete(&self, model: &mut Model) {
        let exports = &self.0.exports;
        for journey in &mut model.journeys {
            if exports.has(&journey.name) {
                journey.steps = external_journey();
            }
        }
        let options = &self.0.options;
        if model.run_tags.is_empty() {
            model.run_tags = texts(&options["tags"]).into_iter().collect();
        }
        let is_on = |name: &str| options[name] == Value::Bool(true);
        if is_on("noVUConnectionReuse") {
            model.reuse = Reuse::WithinIteration;
        }
        if is_on("noConnectionReuse") {
            model.reuse = Reuse::Never;
        }
        let set = |into: &mut Span, time: Option<Span>| *into = time.unwrap_or(*into);
        if model.setup.is_none() && !is_on("noSetup") {
            model.setup = phase(model, exports, "setup");
            set(&mut model.setup_timeout, time_of(&options["setupTimeout"]));
        }
        if model.teardown.is_none() && !is_on("noTeardown") {
            model.teardown = phase(model, exports, "teardown");
            set(
                &mut model.teardown_timeout,
                time_of(&options["teardownTimeout"]),
            );
        }
        for metric in &exports.metrics {
            if !model.metrics.iter().any(|m| m.name == metric.name) {
                model.metrics.push(CustomMetric {
                    name: metric.name.clone(),
                    kind: kind(metric),
                });
            }
        }
        if let Some(learned) = self.0.learned.get() {
            learned.teach(model);
        }
    }

    fn identity(&self) -> &str {
        &self.0.identity
    }

    fn begin(&self, seed: u64, replication: u64) -> Result<Box<dyn Session>, String> {
        let session = self.session(seed_of(seed, replication), false)?;
        Ok(Box::new(session))
    }
}

/// The VUs of an attempt, and what it came to.
type Last = (Rc<VuFactory>, Rc<RefCell<Attempt>>);

/// One run of a script.
struct ScriptSession {
    program: ScriptProgram,
    script: RefCell<Rc<Script>>,
    seed: u64,
    /// The run is made to learn what the script records.
    learns: bool,
    last: RefCell<Option<Last>>,
}

impl ScriptSession {
    /// Whether the VUs of the last attempt disturbed one another. From here on they have engines of their own.
    fn interferes(&self) -> bool {
        let last = self.last.borrow();
        let found = last.as_ref().and_then(|(vus, _)| vus.interference());
        if found.is_some() {
            self.program.0.isolate.store(true, Ordering::Relaxed);
        }
        found.is_some()
    }

    /// What the last attempt came to.
    fn attempt(&self) -> Attempt {
        let last = self.last.borrow();
        let attempt = last.as_ref().map(|(_, attempt)| attempt.borrow().clone());
        attempt.unwrap_or_default()
    }
}

impl Session for ScriptSession {
    fn users<'m>(&self, model: &'m Model) -> Box<dyn UserSource + 'm> {
        let script = self.script.borrow();
        let factory = Rc::new(VuFactory::new(&script).with_seed(self.seed));
        let attempt = Rc::new(RefCell::new(Attempt {
            missing: Missing::new(self.learns, model.scenarios.len()),
            ..Attempt::default()
        }));
        self.last.replace(Some((factory.clone(), attempt.clone())));
        let shared = self.program.0.clone();
        let mut users = ScriptUsers::new(shared, factory, model, attempt);
        users.tell_of_init(&script.init_log());
        Box::new(users)
    }

    fn again(&self, model: &mut Cow<'_, Model>) -> Result<bool, String> {
        if self.interferes() {
            self.script.replace(self.program.script()?);
            return Ok(true);
        }
        let last = self.last.borrow();
        let Some((_, attempt)) = &*last else {
            return Ok(false);
        };
        let attempt = attempt.borrow();
        if attempt.problem.is_some() || attempt.missing.is_empty() {
            return Ok(false);
        }
        attempt.missing.teach(model.to_mut());
        super::learned::add_a_site_for_each_endpoint(model.to_mut());
        Ok(true)
    }

    fn told(&self) -> Told {
        let attempt = self.attempt();
        Told {
            lines: attempt.lines,
            aborted: attempt.aborted,
            failed: attempt.failed,
            threw: attempt.threw,
            ended: attempt.ended,
            setup: attempt.setup.as_deref().map(Into::into),
        }
    }
}

/// A time in a script's options: a text with units, or milliseconds.
pub fn time_of(option: &Value) -> Option<Span> {
    let text = match option {
        Value::String(text) => text.clone(),
        Value::Number(ms) => format!("{ms}ms"),
        _ => return None,
    };
    duration::parse(&text).ok()
}

/// The journey of `setup` or `teardown`, if the script has that.
fn phase(model: &mut Model, exports: &Exports, name: &str) -> Option<JourneyId> {
    let id = u16::try_from(model.journeys.len()).ok()?;
    if !exports.has(name) {
        return None;
    }
    model.journeys.push(Journey {
        name: name.to_string(),
        steps: external_journey(),
        loop_slots: 0,
        usual: None,
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
