//! Plans and segments of a store: what an engine of the user's carries to its workers.

use std::path::PathBuf;

use capsim::study::sweep::plan::{Key, Opened, Plan as Written};
use capsim::study::sweep::points::aggregate_to;
use capsim::study::sweep::rows::Text;
use capsim::study::sweep::run::Cells;
use capsim::study::sweep::segment::{self, Entry};
use capsim::study::sweep::shard::Shard;
use capsim::study::sweep::store::Store;
use pyo3::exceptions::{PyIndexError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::watch::watched;
use crate::{PlanMismatch, plan_error, sweep_error};

fn os_error(why: std::io::Error) -> PyErr {
    PyOSError::new_err(why.to_string())
}

/// A sweep as a list of cells.
#[pyclass(frozen)]
pub struct Plan(Opened);

impl Plan {
    pub fn of(opened: Opened) -> Plan {
        Plan(opened)
    }

    fn known(&self, cell: u64) -> PyResult<u64> {
        match cell < self.0.cells() {
            true => Ok(cell),
            false => Err(PyIndexError::new_err(format!("there is no cell {cell}"))),
        }
    }
}

#[pymethods]
impl Plan {
    /// Reads the first line of a plan.
    #[staticmethod]
    fn parse(line: &str) -> PyResult<Plan> {
        Written::parse(line)
            .and_then(Written::open)
            .map(Plan)
            .map_err(plan_error)
    }

    /// Tells this sweep from all others.
    #[getter]
    fn id(&self) -> &str {
        &self.0.plan.id
    }

    /// The first line, without its line break: all that a worker needs beside lines of cells.
    #[getter]
    fn header(&self) -> PyResult<String> {
        let line = self
            .0
            .plan
            .line()
            .map_err(|why| PlanMismatch::new_err(why.to_string()))?;
        Ok(line.trim_end().to_owned())
    }

    /// Names of the columns of the rows.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns().header()
    }

    /// Number of cells.
    fn __len__(&self) -> usize {
        usize::try_from(self.0.cells()).unwrap_or(usize::MAX)
    }

    /// The line of a cell, without its line break.
    fn line(&self, cell: u64) -> PyResult<String> {
        let line = self.0.line(self.known(cell)?);
        serde_json::to_string(&line).map_err(|why| PlanMismatch::new_err(why.to_string()))
    }

    /// The key of a cell.
    fn key(&self, cell: u64) -> PyResult<String> {
        Ok(self.0.key(self.known(cell)?).to_string())
    }

    /// Values of a cell's point as ``path=value``, and its replication.
    fn values(&self, cell: u64) -> PyResult<(Vec<String>, u64)> {
        let line = self.0.line(self.known(cell)?);
        Ok((line.set, line.replication))
    }

    /// Runs all cells here: the rows and the points, as ``capsim sweep --out`` writes them.
    #[pyo3(signature = (threads = None, progress = None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        threads: Option<usize>,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let sweep = self.0.sweep(threads.unwrap_or_else(cores));
        let done = watched(py, progress.as_ref(), |watch| {
            let mut rows = Text::of(&sweep)?;
            sweep.run(&Cells::Range(0, sweep.rows()), &mut rows, |done| {
                watch.at(done)
            })?;
            let mut points = Vec::new();
            aggregate_to(&sweep, rows.bytes.as_slice(), &mut points)?;
            Ok((rows.bytes, points))
        })?;
        let (rows, points) = done.map_err(sweep_error)?;
        Ok((PyBytes::new(py, &rows), PyBytes::new(py, &points)))
    }

    /// Cells that a store has no line of; with ``failed``, also those that failed.
    #[pyo3(signature = (store, failed = false))]
    fn missing(&self, py: Python<'_>, store: PathBuf, failed: bool) -> PyResult<Vec<u64>> {
        let cells = py.detach(|| {
            let contents = Store::open(&store)?.all()?;
            Ok(contents.to_do(&self.0, Shard::WHOLE, failed))
        });
        match cells.map_err(os_error)? {
            Cells::Listed(cells) => Ok(cells),
            Cells::Range(first, end) => Ok((first..end).collect()),
        }
    }

    fn __repr__(&self) -> String {
        format!(
            "<capsim.Plan {} of {}: {} cells>",
            self.id(),
            self.0.plan.model,
            self.0.cells()
        )
    }
}

/// A segment of a store that this process appends to.
#[pyclass]
pub struct Segment(segment::Segment);

#[pymethods]
impl Segment {
    /// Begins one in the store in this directory, which is made if there is none, and keeps the plan there.
    #[new]
    fn new(store: PathBuf, plan: &Plan) -> PyResult<Segment> {
        let store = Store::create(&store).map_err(os_error)?;
        store.keep(&plan.0.plan).map_err(os_error)?;
        store.added().map(Segment).map_err(os_error)
    }

    /// Appends lines of results, which are safe when this returns. Returns how many there were.
    ///
    /// Raises PlanMismatch if one is not as it was written.
    fn add(&mut self, py: Python<'_>, lines: &[u8]) -> PyResult<u64> {
        py.detach(|| segment::add(&mut self.0, lines))
            .map_err(sweep_error)
    }

    /// Where it is.
    #[getter]
    fn path(&self) -> PathBuf {
        self.0.path().to_path_buf()
    }
}

/// The line of a cell that gave no result, with its line break.
#[pyfunction]
pub fn failed_line<'py>(py: Python<'py>, key: &str, why: &str) -> PyResult<Bound<'py, PyBytes>> {
    let key: Key = key
        .parse()
        .map_err(|()| PlanMismatch::new_err(format!("`{key}` is not a key")))?;
    Ok(PyBytes::new(py, &segment::failed_line(key, why)))
}

/// Verifies a line of a result, with its line break: its key, and why there is no result if there is none. ``None`` if
/// the line is not as it was written.
#[pyfunction]
pub fn read_line(line: &[u8]) -> Option<(String, Option<String>)> {
    let entry = Entry::parse(line)?;
    let why = entry
        .result
        .err()
        .map(|why| String::from_utf8_lossy(why).into_owned());
    Some((entry.key.to_string(), why))
}
