//! A script: its file, its settings, what it exports.

use crate::effect::{Answer, Effect, Failure, LogLine, Tags};
use crate::files::{Files, Source};
use crate::options;
use crate::raw::Bytecode;
use crate::vu::ScriptVu;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// What the host decides for all VUs of a script.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What `__ENV` holds.
    pub env: Tags,
    /// What `__ENV` holds besides, where nothing else has that name: the variables of the shell.
    pub shell: Tags,
    /// Options as a JSON object, each of which stands over that of the script.
    pub options: Option<String>,
    /// Seed of the random numbers; every VU has a stream of its own.
    pub seed: u64,
    /// The time of day at the start of the test, since 1970.
    pub epoch: Duration,
    /// Memory that a VU may use, in bytes; where VUs share an engine, what it may take before time goes on.
    pub memory: usize,
    /// Memory that the scripts of all VUs of a run may use, in bytes.
    pub memory_in_all: usize,
    /// Every VU gets an engine of its own, even if all could share one.
    pub isolate: bool,
    /// Rust answers usual calls of k6's functions; else all go the way over JavaScript, with the same results.
    pub shortcuts: bool,
    /// Steps (calls and turns of loops, in tens of thousands) that a VU may go without virtual time passing.
    pub budget: u32,
    /// Files and folders outside of the script's own folder that it may read.
    pub allowed: Vec<PathBuf>,
    /// Stack of a VU, in bytes; only what is used counts as memory.
    pub stack: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            env: Tags::new(),
            shell: Tags::new(),
            options: None,
            seed: 1,
            // 1 January 2026.
            epoch: Duration::from_secs(1_767_225_600),
            memory: 256 << 20,
            memory_in_all: 8 << 30,
            isolate: false,
            shortcuts: true,
            budget: 10_000,
            allowed: Vec::new(),
            stack: 512 << 10,
        }
    }
}

/// A custom metric that the init code makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// `counter`, `gauge`, `rate` or `trend`.
    pub kind: String,
    /// Its values are times.
    pub is_time: bool,
}

/// What a script exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// `options` as JSON.
    pub options: Option<String>,
    /// Names of exported functions.
    pub functions: Vec<String>,
    /// Custom metrics, in the order in which they were made.
    pub metrics: Vec<Metric>,
}

impl Exports {
    /// Whether it exports a function of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.functions.iter().any(|f| f == name)
    }
}

/// A script that was read and whose init code ran once.
pub struct Script {
    files: Files,
    settings: Settings,
    exports: OnceCell<Exports>,
    compiled: RefCell<BTreeMap<String, Rc<Bytecode>>>,
    arrays: RefCell<BTreeMap<String, Rc<[String]>>>,
    init_log: RefCell<Vec<LogLine>>,
    /// Why VUs cannot share an engine.
    alone: OnceCell<Option<String>>,
}

impl Script {
    /// Reads a script and runs its init code once.
    ///
    /// # Errors
    /// What is wrong with it, with file and line where known.
    pub fn load(path: &Path, settings: Settings) -> Result<Rc<Script>, Failure> {
        Script::of(Files::of(path), settings)
    }

    /// Makes a script of files that were read before, on this or another thread.
    ///
    /// # Errors
    /// As [`Script::load`].
    pub fn open(source: &Source, settings: Settings) -> Result<Rc<Script>, Failure> {
        Script::of(Files::from(source), settings)
    }

    fn of(files: Files, settings: Settings) -> Result<Rc<Script>, Failure> {
        let script = Rc::new(Script {
            files: files.allowing(&settings.allowed),
            settings,
            exports: OnceCell::new(),
            compiled: RefCell::default(),
            arrays: RefCell::default(),
            init_log: RefCell::default(),
            alone: OnceCell::new(),
        });
        let mut vu = ScriptVu::new(&script, 0);
        let mut effect = vu.resume(Answer::Go, Duration::ZERO);
        loop {
            effect = match effect {
                Effect::Ready => return Ok(script),
                Effect::Done(end) => return Err(end.failure.unwrap_or(Failure::Stopped)),
                Effect::Log(line) => {
                    script.init_log.borrow_mut().push(line);
                    vu.resume(Answer::Go, Duration::ZERO)
                }
                _ => vu.resume(Answer::Go, Duration::ZERO),
            };
        }
    }

    /// The same script with an engine for each VU.
    ///
    /// # Errors
    /// As [`Script::load`].
    pub fn isolated(&self) -> Result<Rc<Script>, Failure> {
        let settings = Settings {
            isolate: true,
            ..self.settings.clone()
        };
        Script::open(&self.source(), settings)
    }

    /// Its files, for other threads.
    #[must_use]
    pub fn source(&self) -> Source {
        self.files.source()
    }

    /// What it exports.
    #[must_use]
    pub fn exports(&self) -> &Exports {
        self.exports.get_or_init(Exports::default)
    }

    /// What the init code logged.
    #[must_use]
    pub fn init_log(&self) -> Vec<LogLine> {
        self.init_log.borrow().clone()
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its init code has not yet run to its end.
    pub(crate) fn is_loading(&self) -> bool {
        self.alone.get().is_none()
    }

    /// Why its VUs cannot share an engine; `None` if they can.
    pub(crate) fn alone(&self) -> Option<String> {
        self.alone.get().cloned().flatten()
    }

    /// Why its VUs cannot share an engine, if a text of it says so: what a module knows of itself is kept by name.
    pub(crate) fn looks_at_itself(&self) -> Option<String> {
        let name = self.files.containing("import.meta")?;
        Some(format!("'{name}' uses import.meta"))
    }

    /// Keeps the first answer to why its VUs cannot share an engine.
    pub(crate) fn set_alone(&self, why: Option<String>) {
        self.alone.set(why).ok();
    }

    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// Whether it is known what the script exports.
    pub(crate) fn has_exports(&self) -> bool {
        self.exports.get().is_some()
    }

    /// Keeps the first answer to what the script exports, and doubts about its options.
    pub(crate) fn set_exports(&self, exports: Exports) {
        let options = exports.options.as_deref().unwrap_or("{}");
        let doubts = options::doubts(options);
        self.init_log.borrow_mut().extend(doubts);
        self.exports.set(exports).ok();
    }

    /// A module that some VU has compiled.
    pub(crate) fn compiled(&self, name: &str) -> Option<Rc<Bytecode>> {
        self.compiled.borrow().get(name).cloned()
    }

    /// Keeps a compiled module.
    pub(crate) fn keep_compiled(&self, name: &str, code: Bytecode) {
        self.compiled
            .borrow_mut()
            .insert(name.to_owned(), Rc::new(code));
    }

    /// Elements of a shared array, as JSON, if some VU has made it.
    pub(crate) fn array(&self, name: &str) -> Option<Rc<[String]>> {
        self.arrays.borrow().get(name).cloned()
    }

    /// Keeps a shared array.
    pub(crate) fn keep_array(&self, name: String, elements: Rc<[String]>) {
        self.arrays.borrow_mut().insert(name, elements);
    }
}
