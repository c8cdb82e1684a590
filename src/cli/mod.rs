//! The command line: one small file per subcommand.
//!
//! What lives here: arguments, reading and writing of files, the terminal, exit codes, and (feature `scripts`) the
//! bridge to k6 scripts. It may use every other module. It must not know how an event is handled or a number
//! computed: it asks the modules below and passes on what they give.

#[macro_use]
mod console;

mod bar;
mod budget;
mod capacity;
mod cells;
mod check;
mod ci;
mod compare;
mod completions;
mod exit;
mod explain;
mod explain_preset;
mod files;
mod fit;
#[cfg(feature = "scripts")]
mod import;
mod init;
mod interrupt;
mod known;
mod learn;
mod man;
mod memory;
mod origin;
mod output;
mod outputs;
mod plot;
mod predict;
mod read;
mod replicate;
mod report;
mod run;
mod runs;
mod samples;
mod schema;
mod score;
#[cfg(feature = "scripts")]
mod scripted;
mod selftest;
mod store;
mod structure;
mod sweep;
mod ticker;
mod timeline;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::model::document::{Checked, Document};
use crate::model::set::Override;
use exit::CliError;
use files::Files;

/// Run a k6 load test in virtual time, before anything is deployed.
///
/// capsim reads a model of the users, the queue that admits them and the system that serves them, runs
/// the test as k6 would, and prints what k6 would print: which threshold breaks, and why.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 done; 99 a threshold is crossed, 100 setup and 101 teardown took too long,
104 the model or an option is invalid, 105 interrupted (all as k6); 98 replications leave a
verdict undecided; 75 cells of a sweep are missing; 2 wrong usage, 1 anything else.

Start with:  capsim init, or capsim run models/reserve.toml --seed 42")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    memory: memory::MaxMemory,
}

impl Command {
    /// How many runs it makes at once, at most.
    fn runs_at_once(&self) -> usize {
        match self {
            Command::Run(run) if !run.makes_many() => 1,
            _ => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Run(run::Run),
    Check(check::Check),
    Selftest(selftest::Selftest),
    Sweep(sweep::SweepCommand),
    Cells(cells::CellsArgs),
    Store(store::StoreArgs),
    Plot(plot::Plot),
    Capacity(capacity::Capacity),
    Compare(compare::Compare),
    Explain(explain::Explain),
    ExplainPreset(explain_preset::ExplainPreset),
    Fit(fit::FitArgs),
    Predict(predict::PredictArgs),
    Score(score::ScoreArgs),
    Schema(schema::Schema),
    Completions(completions::Completions),
    #[command(name = "man")]
    Manual(man::Manual),
    Read(read::ReadArgs),
    Learn(learn::LearnArgs),
    #[cfg(feature = "scripts")]
    Import(import::Import),
    #[cfg(feature = "scripts")]
    Stub(import::Stub),
}

/// Which model, and with which changes.
#[derive(Clone, Debug, Args)]
struct ModelArgs {
    /// The model, a TOML file; or a k6 script, with --system.
    model: PathBuf,
    /// Change a value before the run: `stations.cpu.servers=4`, `scenarios.default.stages[*].target=500`,
    /// `load=1.5` for half as many users again. May be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    allow: AllowPath,
    #[cfg(feature = "scripts")]
    #[command(flatten)]
    script: scripted::ScriptArgs,
}

/// Where the files that a model or script reads may lie.
#[derive(Clone, Debug, Args)]
struct AllowPath {
    /// A file or directory outside the model's or script's own directory that it may also read. May be given several
    /// times.
    #[arg(long = "allow-path", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl AllowPath {
    /// Reads and parses a model.
    fn document(&self, model: &Path) -> Result<Document, CliError> {
        let document = document(model)?;
        Ok(document.allowing(&self.paths))
    }
}

impl ModelArgs {
    /// The changes asked for.
    fn overrides(&self) -> Result<Vec<Override>, CliError> {
        let parsed = self.set.iter().map(|text| Override::parse(text));
        parsed.collect::<Result<_, _>>().map_err(CliError::model)
    }

    /// The files that the model is read from.
    fn files(&self, checked: &Checked) -> Files {
        let files = Files::of_model(&self.model, &checked.files);
        #[cfg(feature = "scripts")]
        let files = self.script.files(files);
        files
    }

    /// Reads and parses the model.
    fn document(&self) -> Result<Document, CliError> {
        #[cfg(feature = "scripts")]
        return self
            .script
            .document(&self.model, &self.allow.paths, &self.overrides()?);
        #[cfg(not(feature = "scripts"))]
        self.allow.document(&self.model)
    }

    /// Reads and checks the model; warnings go to stderr.
    fn load(&self) -> Result<Checked, CliError> {
        self.check(&self.document()?)
    }

    /// Checks a model that was read; warnings go to stderr.
    fn check(&self, document: &Document) -> Result<Checked, CliError> {
        let overrides = self.overrides()?;
        let checked = document.check(&overrides).map_err(CliError::model)?;
        for warning in &checked.warnings {
            tell!("warning: {warning}");
        }
        Ok(checked)
    }
}

/// Whether a path is that of a k6 script.
fn is_script(path: &Path) -> bool {
    let script = |e: &std::ffi::OsStr| {
        ["js", "mjs", "ts"]
            .iter()
            .any(|s| e.eq_ignore_ascii_case(s))
    };
    path.extension().is_some_and(script)
}

/// Reads a model; of a k6 script that stands in its place, says what to do.
fn document(path: &Path) -> Result<Document, CliError> {
    if !is_script(path) {
        return Document::from_file(path).map_err(CliError::model);
    }
    let path = path.display();
    let build = match cfg!(feature = "scripts") {
        true => "",
        false => " (in a build with `--features scripts`)",
    };
    let text = format!(
        "error: {path} is a k6 script, which does not say what the system is\n  help: `capsim stub {path} > \
         system.toml`{build} writes one to fill in, for `--system system.toml` with this command; `capsim import {path}` writes a model \
         without the script"
    );
    Err(CliError::new(exit::INVALID, text))
}

/// Runs the command line of this process and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs a command line, whose first word is the name of the program.
#[must_use]
pub fn run(line: impl Iterator<Item = OsString>) -> ExitCode {
    let parsed = match Cli::try_parse_from(line) {
        Ok(parsed) => parsed,
        // A text that was asked for, or an error.
        Err(text) => return print_clap(&text).unwrap_or_else(CliError::report),
    };
    if let Err(failure) = parsed.memory.limit(parsed.command.runs_at_once()) {
        return failure.report();
    }
    let done = match parsed.command {
        Command::Init(command) => command.execute(),
        Command::Run(command) => command.execute(),
        Command::Check(command) => command.execute(),
        Command::Selftest(command) => command.execute(),
        Command::Sweep(command) => command.execute(),
        Command::Cells(command) => command.execute(),
        Command::Store(command) => command.execute(),
        Command::Plot(command) => command.execute(),
        Command::Capacity(command) => command.execute(),
        Command::Compare(command) => command.execute(),
        Command::Explain(command) => command.execute(),
        Command::ExplainPreset(command) => command.execute(),
        Command::Fit(command) => command.execute(),
        Command::Predict(command) => command.execute(),
        Command::Score(command) => command.execute(),
        Command::Schema(command) => command.execute(),
        Command::Completions(command) => command.execute(),
        Command::Manual(command) => command.execute(),
        Command::Read(command) => command.execute(),
        Command::Learn(command) => command.execute(),
        #[cfg(feature = "scripts")]
        Command::Import(command) => command.execute(),
        #[cfg(feature = "scripts")]
        Command::Stub(command) => command.execute(),
    };
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Prints what clap has to say, and gives its exit code.
fn print_clap(text: &clap::Error) -> Result<ExitCode, CliError> {
    let code = u8::try_from(text.exit_code()).unwrap_or(exit::USAGE);
    let failed = text.print().err().filter(|_| code == 0);
    match failed.and_then(|why| CliError::stdout(&why)) {
        Some(failure) => Err(failure),
        None => Ok(ExitCode::from(code)),
    }
}
