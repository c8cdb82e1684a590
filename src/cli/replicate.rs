//! `capsim run MODEL --replications N | --precision P`: many runs of one model.

use std::process::ExitCode;

use clap::Args;

use super::bar::Bar;
use super::exit::{self, CliError};
use super::interrupt::Interrupt;
use super::outputs::Outputs;
use crate::model::Model;
use crate::report::replications;
use crate::study::replicate::{Count, Plan, Replications, Run, Stopped, replicate};
use crate::study::replication_stats::Judgement;
use crate::study::sweep::{Columns, rows};
use crate::world::outcome::Termination;

/// Options that ask for many runs: what shows or keeps a single one conflicts with them.
pub const MANY: [&str; 3] = ["replications", "precision", "steady"];

/// How many runs, and what of them.
#[derive(Clone, Debug, Args)]
pub struct Replicate {
    /// Run the model this number of times, each with its own random numbers, and print means with 95 % intervals.
    #[arg(long, value_name = "N", conflicts_with = "precision",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    replications: Option<u64>,
    /// Run until the 95 % half-width of every metric named in a threshold is below this share of its
    /// mean, such as `2%`.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    precision: Option<f64>,
    /// With --precision: the largest number of runs.
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    max_replications: u64,
    /// Measure the steady state of a fixed load: the warm-up is cut off each run (MSER-5).
    #[arg(long, conflicts_with = "ranges")]
    steady: bool,
    /// Threads for many runs; never changes a result. Default: all cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// A row for each of many runs, as text.
pub struct RunRows {
    columns: Option<Columns>,
    count: u64,
    /// Header and rows; empty if nobody wants them.
    pub bytes: Vec<u8>,
}

impl RunRows {
    /// The header, if rows are wanted.
    pub fn of(model: &Model, steady: bool, wanted: bool) -> Result<RunRows, CliError> {
        let columns = wanted.then(|| Columns::of(model, steady));
        let header = columns.as_ref().map(rows::header).transpose();
        let header =
            header.map_err(|_| CliError::new(exit::OTHER, "error: no row can be written"))?;
        Ok(RunRows {
            columns,
            count: 0,
            bytes: header.unwrap_or_default(),
        })
    }

    /// Adds the row of the next run.
    pub fn add(&mut self, run: &Run) {
        if let Some(columns) = &self.columns {
            self.bytes
                .extend(rows::replication(self.count, run, columns));
            self.count += 1;
        }
    }
}

/// Reads `2%` or `0.02`.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let value = number.trim().parse::<f64>().map(|n| n / unit);
    value
        .ok()
        .filter(|share| *share > 0.0 && *share < 1.0)
        .ok_or_else(|| "write a share such as 2% or 0.02".to_owned())
}

/// Does work with this number of threads.
pub fn with_threads<T: Send>(
    threads: Option<u16>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, CliError> {
    let count = threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    let pool = pool.map_err(|e| CliError::new(1, format!("error: no threads: {e}")))?;
    Ok(pool.install(work))
}

impl Replicate {
    /// Whether many runs are asked for, not one.
    pub fn wanted(&self) -> bool {
        self.replications.is_some() || self.precision.is_some() || self.steady
    }

    /// Whether the steady state alone is measured.
    pub fn is_steady(&self) -> bool {
        self.steady
    }

    /// The study.
    pub fn plan(&self, seed: u64) -> Plan {
        let count = match self.precision {
            Some(share) => Count::Precision {
                share,
                at_most: self.max_replications,
            },
            None => Count::Fixed(self.replications.unwrap_or(1)),
        };
        Plan {
            seed,
            count,
            steady: self.steady,
        }
    }

    /// Runs the study.
    pub fn study(
        &self,
        model: &Model,
        seed: u64,
        quiet: bool,
        each: impl FnMut(&Run) + Send,
    ) -> Result<Replications, CliError> {
        let plan = self.plan(seed);
        let total = match plan.count {
            Count::Fixed(n) => n,
            Count::Precision { at_most, .. } => at_most,
        };
        let interrupt = Interrupt::listen();
        let mut bar = Bar::new(total, 0, quiet);
        let done = with_threads(self.threads, || {
            let go_on = |done| {
                bar.at(done);
                !interrupt.asked()
            };
            replicate(model, &plan, go_on, each)
        })?;
        bar.done();
        done.map_err(stopped)
    }

    /// Prints the study, and what a fit leaves open of it, and gives the study's exit code.
    pub fn show(
        &self,
        all: &Replications,
        model: &Model,
        seed: u64,
        known: &str,
        mut out: Outputs,
    ) -> Result<ExitCode, CliError> {
        out.print(&replications::text(all, &model.name, seed));
        out.print(known);
        if !all.precise {
            tell!(
                "warning: the precision was not reached in {} replications",
                all.tally.runs()
            );
        }
        out.end(Ok(code(all.tally.overall())))
    }
}

/// The exit code of a verdict.
pub fn code(overall: Option<Judgement>) -> u8 {
    match overall {
        Some(Judgement::Fail) => exit::THRESHOLDS,
        Some(Judgement::Undecided) => exit::UNDECIDED,
        Some(Judgement::Pass) | None => 0,
    }
}

/// How a study that was stopped ends.
pub fn stopped(why: Stopped) -> CliError {
    let limit = |phase: &str| format!("error: {phase} took longer than its timeout");
    match why {
        Stopped::Interrupted => Interrupt::failure(""),
        Stopped::NotSteady(why) => CliError::new(exit::INVALID, format!("error: {why}")),
        Stopped::Ended(Termination::SetupTimeout) => {
            CliError::new(exit::SETUP_TIMEOUT, limit("setup"))
        }
        Stopped::Ended(Termination::TeardownTimeout) => {
            CliError::new(exit::TEARDOWN_TIMEOUT, limit("teardown"))
        }
        Stopped::Ended(_) => CliError::new(exit::OTHER, "error: a run did not come to its end"),
        Stopped::NoEnd(why) => CliError::new(exit::INVALID, format!("error: {why}")),
    }
}
