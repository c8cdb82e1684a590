//! `capsim predict`: how a test that has not been made will end, and how sure that is.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::ModelArgs;
use super::exit::{self, CliError};
use super::interrupt::Interrupt;
use super::output::write_atomically;
use super::outputs::Outputs;
use super::runs::Runs;
use super::ticker::Ticker;
use crate::engine::Span;
use crate::model::{Document, Model, Override};
use crate::report::predict as report;
use crate::study::fit::predict::Question;
use crate::study::fit::score::Kept;
use crate::world::window::Window;

/// Predict a test that has not been made, with a range for each number.
///
/// The model is one that `capsim fit --out` wrote: its section `[fitted]` says how well its parameters are
/// known. Prints each number with the ranges that hold 80 % and 95 % of all runs, each threshold with the
/// probability that it passes, the exit code that k6 will most likely give, where the uncertainty comes from
/// and which measurement would shrink it. Beside each number stands what a formula says, M/M/m//N or M/M/m on
/// the fitted means: where it is as good, the simulation adds nothing. How it is done: docs/fit.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim predict fitted.toml --set load=5
  capsim predict fitted.toml --or fitted-host.toml --set load=5
  capsim predict fitted.toml --set load=5 --window 7s..35s --out prediction.json
  capsim score prediction.json --against run.csv.gz

Exit codes: 0 predicted, 104 the model or an option is invalid, 1 anything else.")]
pub struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Only what ends in this part of the run counts: `7s..35s` after the first request began.
    #[arg(long, value_name = "A..B", value_parser = Window::parse)]
    window: Option<Window>,
    /// Another fitted model of the same system, of another structure, where leaving loads out does not tell which is
    /// nearer; may be given several times. As many runs are made of each. Changes hold for all.
    #[arg(long = "or", value_name = "FITTED")]
    or: Vec<PathBuf>,
    /// Runs simulated.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(20..=100_000))]
    runs: u64,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the prediction is written, for `capsim score`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Runs,
    /// Show all numbers.
    #[arg(long)]
    all: bool,
}

impl PredictArgs {
    /// Simulates and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        let overrides = self.model.overrides()?;
        let document = self.model.document()?;
        let checked = document.check(&overrides).map_err(CliError::model)?;
        let others = self.others(&overrides)?;
        let files = self.model.files(&checked);
        let files = self
            .or
            .iter()
            .fold(files, |all, path| all.reads("--or", path));
        files.writes("--out", self.out.as_deref()).check()?;
        if let Some(window) = self.window {
            within_load(window, &checked.model)?;
        }
        let runner = self.place.open(&document)?;
        let question = |document| Question {
            document,
            overrides: overrides.clone(),
            window: self.window,
            seed: self.seed,
            draws: self.runs,
            runner: &runner,
        };
        let others: Vec<Question<'_>> = others.iter().map(question).collect();
        let ticker = RefCell::new(Ticker::new());
        let watch = |made: u64| {
            let mut ticker = ticker.borrow_mut();
            ticker.say(&format!("{made} of {} runs simulated", self.runs));
        };
        watch(0);
        let names = std::iter::once(&self.model.model).chain(&self.or);
        let names: Vec<String> = names.map(|path| path.display().to_string()).collect();
        let name = names.join(" or ");
        let prediction = question(&document).predict_with(&others, &watch);
        drop(ticker);
        self.place.all_made(&runner)?;
        let prediction = prediction
            .map_err(|why| CliError::new(exit::INVALID, format!("error: {name}: {why}")))?;
        let mut out = Outputs::default();
        let mut text = report::prediction(&prediction, &name, self.all);
        if let Some(path) = &self.out {
            let kept = Kept::new(&prediction, &name).text();
            let written = write_atomically(path, |out| out.write_all(kept.as_bytes()));
            if written.is_ok() {
                text.push_str(&format!("written: {}\n", path.display()));
            }
            out.keep(written);
        }
        out.print(&text);
        out.done()
    }
}

impl PredictArgs {
    /// The models of other structures.
    fn others(&self, overrides: &[Override]) -> Result<Vec<Document>, CliError> {
        let each = self.or.iter().map(|path| {
            let document = self.model.allow.document(path)?;
            document.check(overrides).map_err(CliError::model)?;
            Ok(document)
        });
        each.collect()
    }
}

/// Refuses a window in which the load has ended.
fn within_load(window: Window, model: &Model) -> Result<(), CliError> {
    let scenarios = model.scenarios.iter();
    let ends = scenarios.map(|s| s.start_time + s.executor.regular_duration());
    let end = ends.max().unwrap_or(Span::ZERO);
    if window.to <= end {
        return Ok(());
    }
    let why = format!(
        "error: --window: the load ends after {} s, before the window {window} does",
        end.as_secs()
    );
    Err(CliError::new(exit::INVALID, why))
}
