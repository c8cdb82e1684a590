//! `capsim compare`: which of two designs is better.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit::{self, Failure};
use super::interrupt::Interrupt;
use super::ticker::Ticker;
use crate::model::{Document, Model, Override};
use crate::report::answers as report;
use crate::study::answers::compare::compare;

/// Compare two designs under the same random numbers.
///
/// Prints paired differences with 95 % intervals, a verdict against the smallest effect that matters,
/// and how many runs of each design a real test, whose runs are not paired, would need to see the
/// difference (power 80 %, level 5 %).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim compare before.toml after.toml
  capsim compare models/token.toml --set-b stations.server.servers=3
  capsim compare models/reserve.toml --set load=0.5 --set-a pools.threads.size=100 \\
      --set-b pools.threads.size=400 --smallest-effect 10

Exit codes: 0 compared, 104 a model is invalid.")]
pub struct Compare {
    /// Model A.
    a: PathBuf,
    /// Model B. Default: A, with other `--set-b`.
    b: Option<PathBuf>,
    /// Change a value in both.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Change a value in A.
    #[arg(long, value_name = "PATH=VALUE")]
    set_a: Vec<String>,
    /// Change a value in B.
    #[arg(long, value_name = "PATH=VALUE")]
    set_b: Vec<String>,
    /// Replications of each.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    replications: u64,
    /// Smallest relative difference that matters, in per cent.
    #[arg(long, default_value_t = 5.0, value_name = "PERCENT")]
    smallest_effect: f64,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show all numbers, also those without a difference that matters.
    #[arg(long)]
    all: bool,
}

fn model(path: &Path, sets: [&[String]; 2]) -> Result<Model, Failure> {
    let mut overrides = Vec::new();
    for text in sets.into_iter().flatten() {
        overrides.push(Override::parse(text).map_err(Failure::model)?);
    }
    let document = Document::from_file(path).map_err(Failure::model)?;
    Ok(document.check(&overrides).map_err(Failure::model)?.model)
}

impl Compare {
    /// Runs both and prints the differences.
    pub fn execute(self) -> Result<ExitCode, Failure> {
        Interrupt::ends_at_once();
        if !(0.0..=1000.0).contains(&self.smallest_effect) {
            let why = "error: --smallest-effect is a percentage from 0 to 1000";
            return Err(Failure::new(exit::INVALID, why));
        }
        let second = self.b.as_ref().unwrap_or(&self.a);
        let a = model(&self.a, [&self.set, &self.set_a])?;
        let b = model(second, [&self.set, &self.set_b])?;
        if a == b {
            eprintln!("warning: A and B are the same; change one with --set-a or --set-b");
        }
        let effect = self.smallest_effect / 100.0;
        let mut ticker = Ticker::new();
        ticker.say(&format!("simulating {} runs", 2 * self.replications));
        let rows = compare(&a, &b, self.seed, self.replications, effect);
        drop(ticker);
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "A {} {}\nB {} {}\n{} replications of each, same random numbers, seed {}\n",
            self.a.display(),
            self.set_a.join(" "),
            second.display(),
            self.set_b.join(" "),
            self.replications,
            self.seed
        )?;
        out.write_all(report::compare(&rows, effect, self.all).as_bytes())?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
