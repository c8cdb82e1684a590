//! `capsim explain`: which parameter matters most.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::ModelArgs;
use super::budget::Budget;
use super::exit::{self, CliError};
use super::interrupt::Interrupt;
use super::output::write_atomically;
use super::outputs::Outputs;
use super::report::{Report, Words};
use super::runs::Runs;
use super::ticker::Ticker;
use crate::model::Override;
use crate::report::answers as report;
use crate::study::answers::explain::{Plan, csv, explain};

/// Rank the parameters by their effect on the thresholds.
///
/// Every number and time of the system, and the load, goes up and down by a tenth (a whole number by at
/// least 1), the others staying as they are, under the same random numbers. The top row is the parameter
/// to improve first, and to measure most carefully.
///
/// Reads as: `stations.cpu.servers  8  +31.0 % / -17.2 %`. With a server fewer the number that the threshold compares
/// would be 31 % larger, with one more 17 % smaller. Effects in brackets may be due to chance: more --replications
/// decide.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim explain models/reserve.toml
  capsim explain models/token.toml --by 20 --replications 5 --out tornado.csv
  capsim explain models/status.toml --replications 20 --budget time=60s --report status.html

Exit codes: 0 done, 104 the model is invalid or has no thresholds.")]
pub struct Explain {
    #[command(flatten)]
    model: ModelArgs,
    /// How far each parameter moves, in per cent.
    #[arg(long, default_value_t = 10.0, value_name = "PERCENT")]
    by: f64,
    /// Runs at each value.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    replications: u64,
    /// How many parameters are shown.
    #[arg(long, default_value_t = 15)]
    top: usize,
    /// Where all effects are written as CSV (the data of a tornado chart).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How much work: `runs=500`, `time=60s`, or both. If the time is over, the study ends after
    /// the present round (one run at each value), and the output says so.
    #[arg(long, value_name = "runs=N,time=T")]
    budget: Option<Budget>,
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    report: Report,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Explain {
    /// Varies and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        Interrupt::ends_at_once();
        let invalid = |why: String| CliError::new(exit::INVALID, format!("error: {why}"));
        if !(self.by > 0.0 && self.by < 100.0) {
            return Err(invalid("--by is a percentage between 0 and 100".into()));
        }
        let checked = self.model.load()?;
        self.model
            .files(&checked)
            .writes("--out", self.out.as_deref())
            .writes("--report", self.report.file())
            .check()?;
        let model = checked.model;
        let mut base = Vec::new();
        for text in &self.model.set {
            base.push(Override::parse(text).map_err(CliError::model)?);
        }
        let document = self.model.document()?;
        let budget = self.budget.unwrap_or_default();
        let plan = Plan {
            share: self.by / 100.0,
            seed: self.seed,
            replications: self.replications,
            budget: budget.runs.unwrap_or(u64::MAX),
        };
        let clock = budget.start();
        let mut ticker = Ticker::new();
        ticker.say("simulating: every parameter up and down");
        let runner = self.runs.open(&document)?;
        let found = explain(&document, &base, &plan, &runner, &|| clock.may_go_on());
        drop(ticker);
        self.runs.all_made(&runner)?;
        let found = found.map_err(invalid)?;
        let mut out = Outputs::default();
        if let Some(path) = &self.out {
            out.keep(write_atomically(path, |out| {
                out.write_all(csv(&found).as_bytes())
            }));
        }
        let words = Words {
            model: &model,
            args: &self.model,
            known: "",
            signature: format!("{} runs, seed {}", found.runs, self.seed),
        };
        out.keep(self.report.explanation(&words, &found));
        out.print(&report::explain(&found, self.top));
        out.done()
    }
}
