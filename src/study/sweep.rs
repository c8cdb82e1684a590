//! Sweeps: every point of a design, run several times, one CSV row for each (point, replication).
//!
//! Runs are shared out to threads; rows are written in the order of their index, each made durable
//! before the next begins, so that a file is at any moment the beginning of the finished one. All
//! points see the same random streams (common random numbers).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::design::Design;
use super::metrics::{Metrics, NamedThreshold, names_of, thresholds_of};
use super::replicate::run_one;
use super::rows::{line, sealed};
use super::runs::Job;
use super::whole::write_whole;
use crate::model::document::Document;
use crate::model::set::Override;
use crate::model::{Model, Problems};
use crate::world::outcome::End;

/// Runs that may be finished ahead of the one to be written next.
const AHEAD: u64 = 256;

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
    /// Somebody asked for the end. So many rows are safe.
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
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// Varied paths.
    pub paths: Vec<String>,
    /// Thresholds of the first point.
    pub thresholds: Vec<NamedThreshold>,
    /// Metrics.
    pub metrics: Vec<String>,
}

impl Columns {
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
        let model = self.model(0)?;
        let mut metrics = names_of(&model);
        if self.steady {
            metrics.push("warm_up_s".to_owned());
        }
        Ok(Columns {
            paths: self.design.paths().map(str::to_owned).collect(),
            thresholds: thresholds_of(&model),
            metrics,
        })
    }

    /// One row.
    fn row(&self, index: u64, columns: &Columns) -> Result<Vec<String>, Problems> {
        let (point, replication) = (index / self.replications, index % self.replications);
        let model = self.model(point)?;
        let job = Job {
            model: &model,
            seed: self.seed,
            replication,
        };
        let mut row = vec![point.to_string(), replication.to_string()];
        row.extend(self.design.point(point));
        let mut cells = |end: &str, held: &[bool], metrics: &Metrics, print: String| {
            row.push(end.to_owned());
            let passed = held.iter().all(|h| *h) && end == "finished";
            row.push(flag(passed).to_owned());
            row.extend((0..columns.thresholds.len()).map(|i| {
                let held = held.get(i).map(|h| flag(*h));
                held.unwrap_or_default().to_owned()
            }));
            let numbers = columns.metrics.iter().map(|name| metrics.get(name));
            row.extend(numbers.map(|n| n.map_or(String::new(), f64::to_string)));
            row.push(print);
        };
        match run_one(&job, self.steady) {
            Ok(mut run) => {
                if let Some(seconds) = run.warm_up {
                    run.metrics.insert("warm_up_s".to_owned(), seconds);
                }
                let print = format!("{:016x}", run.fingerprint);
                cells(end_name(run.end), &run.held, &run.metrics, print);
            }
            Err(_) => cells("not steady", &[], &Metrics::new(), String::new()),
        }
        Ok(row)
    }

    /// Runs what is missing in the file, which holds so many rows or nothing. `watch` is told the number of
    /// rows that are safe, and says whether to go on.
    ///
    /// # Errors
    /// [`SweepError`]; all rows written until then are whole and safe.
    pub fn run(
        &self,
        file: &mut File,
        done: u64,
        mut watch: impl FnMut(u64) -> bool,
    ) -> Result<(), SweepError> {
        let columns = self.columns().map_err(SweepError::Model)?;
        if file.seek(SeekFrom::End(0))? == 0 {
            file.write_all(&line(&columns.header())?)?;
            file.sync_data()?;
        }
        let gate = Gate::new(done);
        let rows = self.rows();
        std::thread::scope(|scope| {
            let (send, receive) = sync_channel(AHEAD as usize);
            for _ in 0..self.threads.max(1) {
                let (send, gate, columns) = (send.clone(), &gate, &columns);
                scope.spawn(move || {
                    while let Some(index) = gate.next(rows) {
                        let row = self.row(index, columns);
                        if send.send((index, row)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            let result = write_rows(&receive, file, done, &gate, &mut watch);
            gate.close();
            drop(receive);
            result
        })
        .and_then(|written| {
            if written == rows {
                Ok(())
            } else {
                Err(SweepError::Interrupted(written))
            }
        })
    }
}

type Finished = (u64, Result<Vec<String>, Problems>);

/// Writes rows in order as they come; returns how many the file has.
fn write_rows(
    receive: &Receiver<Finished>,
    file: &mut File,
    done: u64,
    gate: &Gate,
    watch: &mut impl FnMut(u64) -> bool,
) -> Result<u64, SweepError> {
    let mut early = BTreeMap::new();
    let mut next = done;
    while let Ok(first) = receive.recv() {
        let mut bytes = Vec::new();
        for (index, row) in std::iter::once(first).chain(receive.try_iter()) {
            early.insert(index, row.map_err(SweepError::Model)?);
        }
        while let Some(row) = early.remove(&next) {
            bytes.extend(sealed(&row)?);
            next += 1;
        }
        if bytes.is_empty() {
            continue;
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        gate.written(next);
        if !watch(next) {
            // What is being run comes to its end and is written; nothing new is started.
            gate.close();
        }
    }
    Ok(next)
}

fn flag(held: bool) -> &'static str {
    if held { "1" } else { "0" }
}

fn end_name(end: End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::SetupTimeout => "setup timeout",
        End::TeardownTimeout => "teardown timeout",
        End::Stuck => "stuck",
        End::TooManyRequests(_) => "too many requests",
        #[allow(unreachable_patterns)]
        _ => "aborted",
    }
}

/// Hands out indices in order, none too far ahead of what is written.
struct Gate {
    /// Next index, number written, closed.
    state: Mutex<(u64, u64, bool)>,
    moved: Condvar,
}

impl Gate {
    fn new(done: u64) -> Gate {
        Gate {
            state: Mutex::new((done, done, false)),
            moved: Condvar::new(),
        }
    }

    fn next(&self, rows: u64) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (next, written, closed) = *state;
            if closed || next >= rows {
                return None;
            }
            if next < written + AHEAD {
                state.0 += 1;
                return Some(next);
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, rows: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = rows;
        self.moved.notify_all();
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).2 = true;
        self.moved.notify_all();
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
    write_whole(path, |out| {
        fill(out)?;
        out.flush()?;
        Ok(out.get_ref().sync_data()?)
    })
}
