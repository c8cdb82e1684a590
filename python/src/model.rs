//! A model that was read and checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use capsim::model::{Checked, Document, Override};
use capsim::study::design::Design;
use capsim::study::sweep::Sweep;
use capsim::study::sweep::plan::Plan as Written;
use capsim::study::vary;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answers::{Asked, capacity};
use crate::plan::Plan;
use crate::run::{Run, run};
use crate::{capsim_error, model_error, plan_error};

/// A valid model. It never changes: ``set`` gives another one.
#[pyclass(frozen)]
pub struct Model {
    document: Arc<Document>,
    overrides: Vec<Override>,
    checked: Checked,
}

impl Model {
    fn of(document: Arc<Document>, overrides: Vec<Override>) -> PyResult<Model> {
        let checked = document.check(&overrides).map_err(model_error)?;
        Ok(Model {
            document,
            overrides,
            checked,
        })
    }
}

#[pymethods]
impl Model {
    /// Reads a model. Data files that it names lie beside it, or in ``allow_paths``.
    #[staticmethod]
    #[pyo3(signature = (path, allow_paths = Vec::new()))]
    fn load(path: PathBuf, allow_paths: Vec<PathBuf>) -> PyResult<Model> {
        let document = Document::from_file(&path).map_err(model_error)?;
        Model::of(Arc::new(document.allowing(&allow_paths)), Vec::new())
    }

    /// Reads a model from TOML text.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Model> {
        let document = Document::from_text("model", text).map_err(model_error)?;
        Model::of(Arc::new(document), Vec::new())
    }

    /// Reads a model from what ``contents`` gave. No other file is looked for.
    #[staticmethod]
    fn from_contents(name: &str, text: &str, files: BTreeMap<String, String>) -> PyResult<Model> {
        let document = Document::from_contents(name, text, files).map_err(model_error)?;
        Model::of(Arc::new(document), Vec::new())
    }

    /// The model with a value changed, written as for ``--set``.
    fn set(&self, path: &str, value: &str) -> PyResult<Model> {
        let mut overrides = self.overrides.clone();
        overrides.push(Override::new(path, value).map_err(model_error)?);
        Model::of(Arc::clone(&self.document), overrides)
    }

    /// The name.
    #[getter]
    fn name(&self) -> &str {
        &self.checked.model.name
    }

    /// What is doubtful about it.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.checked.warnings.clone()
    }

    /// Changes made with ``set``, as ``--set`` takes them.
    #[getter]
    fn changes(&self) -> Vec<String> {
        self.overrides.iter().map(ToString::to_string).collect()
    }

    /// Paths of all values that the model gives.
    fn parameters(&self) -> Vec<String> {
        self.document.paths()
    }

    /// File name, text, and data files and logs by name: all that makes the model.
    fn contents(&self) -> PyResult<(String, String, BTreeMap<String, String>)> {
        self.document.contents().map_err(model_error)
    }

    /// One run.
    #[pyo3(signature = (seed = 1, replication = 0, samples = true))]
    fn run(&self, py: Python<'_>, seed: u64, replication: u64, samples: bool) -> PyResult<Run> {
        run(py, &self.checked.model, seed, replication, samples)
    }

    /// The plan of a sweep; arguments as those of ``capsim sweep``.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    #[pyo3(signature = (vary, *, design = None, zip = false, lhs = None, replications = 1, seed = 1, steady = false))]
    fn plan(
        &self,
        py: Python<'_>,
        vary: Vec<String>,
        design: Option<&str>,
        zip: bool,
        lhs: Option<u32>,
        replications: u64,
        seed: u64,
        steady: bool,
    ) -> PyResult<Plan> {
        if replications == 0 {
            return Err(capsim_error("replications: at least one run of each point"));
        }
        let whole = |path: &str| self.document.wants_whole(&self.overrides, path);
        let axes = || {
            vary.iter()
                .map(|text| vary::parse(text, &whole))
                .collect::<Result<Vec<_>, _>>()
        };
        let design = match (design, lhs) {
            (Some(text), _) => Design::from_csv(text),
            _ if vary.is_empty() => {
                Err("nothing to vary: give vary={path: values} or design=table".to_owned())
            }
            (None, Some(points)) => {
                axes().and_then(|axes| Design::latin_hypercube(axes, points as usize, seed))
            }
            (None, None) if zip => axes().and_then(Design::zip),
            (None, None) => axes().and_then(Design::grid),
        };
        let design = design.map_err(capsim_error)?;
        let sweep = Sweep {
            document: &self.document,
            overrides: &self.overrides,
            design: &design,
            replications,
            seed,
            steady,
            threads: 1,
        };
        let plan = py.detach(|| {
            for point in 0..design.len() {
                sweep.model(point)?;
            }
            Written::of(&sweep)
        });
        let opened = plan.map_err(model_error)?.open().map_err(plan_error)?;
        Ok(Plan::of(opened))
    }

    /// The largest load, or the smallest resource, that meets all thresholds.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    #[pyo3(signature = (path, low, high, *, minimise = false, seed = 1, runs = 200, precision = 1.0, progress = None))]
    fn capacity<'py>(
        &self,
        py: Python<'py>,
        path: String,
        low: f64,
        high: f64,
        minimise: bool,
        seed: u64,
        runs: u64,
        precision: f64,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let asked = Asked {
            document: &self.document,
            overrides: &self.overrides,
            model: &self.checked.model,
            path,
            range: (low, high),
            minimise,
            seed,
            runs,
            precision,
        };
        capacity(py, asked, progress.as_ref())
    }

    fn __repr__(&self) -> String {
        let changes = self.changes();
        match changes.is_empty() {
            true => format!("<capsim.Model {}>", self.name()),
            false => format!("<capsim.Model {} with {}>", self.name(), changes.join(", ")),
        }
    }
}
