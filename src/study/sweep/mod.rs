//! Sweeps: every point of a design, run several times, one CSV row for each (point, replication).
//!
//! A sweep is a list of *cells*, one for each (point, replication). Cells are run on threads of this process ([`run`]),
//! or as lines of a plan ([`plan`]) anywhere else. Their results go to a [`run::Sink`]: the CSV file itself, in the
//! order of the cells, or a segment of a [`store`], of which [`merge`] makes the same CSV file. All points see the same
//! random streams (common random numbers).

pub mod merge;
pub mod plan;
pub mod points;
pub mod rows;
pub mod run;
pub mod segment;
pub mod shard;
pub mod store;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::atomic_file::write_atomically;
use super::design::Design;
use super::metrics::{NamedThreshold, names_of, thresholds_of};
use super::replicate::{Run, run_one};
use super::runs::Job;
use crate::model::document::Document;
use crate::model::set::Override;
use crate::model::{Model, Problems};
use crate::world::outcome::Termination;

/// What is swept.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// The model.
    pub document: &'a Document,
    /// Changes common to all points.
    pub overrides: &'a [Override],
    /// The points.
    pub design: &'a Design,
    /// Runs of each point.
    pub replications: u64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Measure the steady state alone.
    pub steady: bool,
    /// Threads; never changes a byte.
    pub threads: usize,
}

/// Why a sweep ended early.
#[derive(Debug)]
pub enum SweepError {
    /// A point makes no valid model.
    Model(Problems),
    /// The file cannot be written or read.
    Io(std::io::Error),
    /// The file does not belong to this sweep: the reason.
    Mismatch(String),
    /// The sweep was interrupted. This number of rows is safe.
    Interrupted(u64),
}

impl From<std::io::Error> for SweepError {
    fn from(error: std::io::Error) -> SweepError {
        SweepError::Io(error)
    }
}

impl From<csv::Error> for SweepError {
    fn from(error: csv::Error) -> SweepError {
        SweepError::Mismatch(format!("the rows are no CSV: {error}"))
    }
}

/// The columns of a sweep: fixed ones, varied paths, thresholds, metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Varied paths.
    pub paths: Vec<String>,
    /// Thresholds of the first point.
    pub thresholds: Vec<NamedThreshold>,
    /// Metrics.
    pub metrics: Vec<String>,
}

impl Columns {
    /// Those of a model of which nothing is varied.
    #[must_use]
    pub fn of(model: &Model, steady: bool) -> Columns {
        let mut metrics = names_of(model);
        if steady {
            metrics.push("warm_up_s".to_owned());
        }
        Columns {
            paths: Vec::new(),
            thresholds: thresholds_of(model),
            metrics,
        }
    }

    /// All names in order.
    #[must_use]
    pub fn header(&self) -> Vec<String> {
        let mut header = vec!["point".to_owned(), "replication".to_owned()];
        header.extend(self.paths.iter().cloned());
        header.extend(["end".to_owned(), "passed".to_owned()]);
        header.extend(self.thresholds.iter().map(|t| format!("slo:{}", t.text())));
        header.extend(self.metrics.iter().cloned());
        header.extend(["fingerprint", "checksum"].map(str::to_owned));
        header
    }

    /// Where the thresholds' columns begin.
    #[must_use]
    pub fn first_threshold(&self) -> usize {
        2 + self.paths.len() + 2
    }

    /// Where the metrics' columns begin.
    #[must_use]
    pub fn first_metric(&self) -> usize {
        self.first_threshold() + self.thresholds.len()
    }
}

impl Sweep<'_> {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.design.len().saturating_mul(self.replications)
    }

    /// The model of a point.
    ///
    /// # Errors
    /// If its values make no valid model.
    pub fn model(&self, point: u64) -> Result<Model, Problems> {
        let mut overrides = self.overrides.to_vec();
        for (path, value) in self.design.paths().zip(self.design.point(point)) {
            overrides.push(Override::new(path, &value)?);
        }
        Ok(self.document.check(&overrides)?.model)
    }

    /// The columns, which are those of the first point.
    ///
    /// # Errors
    /// If the first point makes no valid model.
    pub fn columns(&self) -> Result<Columns, Problems> {
        let columns = Columns::of(&self.model(0)?, self.steady);
        let paths = self.design.paths().map(str::to_owned).collect();
        Ok(Columns { paths, ..columns })
    }

    /// Runs a cell, and gives the columns from `end` to `fingerprint` as they stand in a row.
    ///
    /// # Errors
    /// If its point makes no valid model.
    pub fn result(&self, cell: u64, columns: &Columns) -> Result<Vec<u8>, Problems> {
        let (point, replication) = (cell / self.replications, cell % self.replications);
        let model = self.model(point)?;
        let job = Job {
            model: &model,
            seed: self.seed,
            replication,
        };
        Ok(result(&job, self.steady, columns))
    }
}

/// Runs a job, and gives its columns from `end` to `fingerprint`, separated by commas.
#[must_use]
pub fn result(job: &Job<'_>, steady: bool, columns: &Columns) -> Vec<u8> {
    match run_one(job, steady) {
        Ok(run) => result_of(&run, columns),
        Err(_) => {
            let none = vec![String::new(); columns.thresholds.len() + columns.metrics.len() + 1];
            format!("not steady,0,{}", none.join(",")).into_bytes()
        }
    }
}

/// As [`result`], of a run that was made.
#[must_use]
pub fn result_of(run: &Run, columns: &Columns) -> Vec<u8> {
    let end = end_name(&run.end);
    let passed = run.held.iter().all(|h| *h) && end == "finished";
    let mut row = vec![end.to_owned(), flag(passed).to_owned()];
    row.extend((0..columns.thresholds.len()).map(|i| {
        let held = run.held.get(i).map(|h| flag(*h));
        held.unwrap_or_default().to_owned()
    }));
    let number = |name: &String| match name.as_str() {
        "warm_up_s" => run.warm_up,
        name => run.metrics.get(name).copied(),
    };
    let numbers = columns.metrics.iter().map(number);
    row.extend(numbers.map(|n| n.map_or(String::new(), |n| n.to_string())));
    row.push(format!("{:016x}", run.fingerprint));
    // Names of ends, digits and numbers: nothing that CSV quotes.
    row.join(",").into_bytes()
}

fn flag(held: bool) -> &'static str {
    if held { "1" } else { "0" }
}

fn end_name(end: &Termination) -> &'static str {
    match end {
        Termination::Finished => "finished",
        Termination::SetupTimeout => "setup timeout",
        Termination::TeardownTimeout => "teardown timeout",
        Termination::Stuck(_) => "stuck",
        Termination::TooMuchMemory(_) => "too much memory",
        Termination::TooManyRequests(_) => "too many requests",
        Termination::Failed(_) => "failed",
        #[allow(unreachable_patterns)]
        _ => "aborted",
    }
}

/// Writes a file that appears whole and stays, whatever happens to the machine.
///
/// # Errors
/// If it cannot be written.
pub fn replace_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), SweepError>,
) -> Result<(), SweepError> {
    write_atomically(path, |out| {
        fill(out)?;
        out.flush()?;
        Ok(out.get_ref().sync_data()?)
    })
}
