//! `capsim capacity` as data.

use capsim::model::{Document, Model, Override};
use capsim::report::answers as report;
use capsim::study::answers::bounds::analyse;
use capsim::study::answers::capacity::{Question, search};
use capsim::study::fit::free::matching;
use capsim::study::runner::HERE;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::capsim_error;
use crate::watch::watched;

/// A question for the capacity of a model.
pub struct Asked<'a> {
    pub document: &'a Document,
    pub overrides: &'a [Override],
    pub model: &'a Model,
    pub path: String,
    pub range: (f64, f64),
    pub minimise: bool,
    pub seed: u64,
    pub runs: u64,
    pub precision: f64,
}

/// Searches, and gives the answer as data and in the words of the command line.
pub fn capacity<'py>(
    py: Python<'py>,
    asked: Asked<'_>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let (low, high) = asked.range;
    if !(low > 0.0 && low < high && high.is_finite()) {
        return Err(capsim_error(
            "a range needs 0 < low < high, such as (0.1, 3)",
        ));
    }
    if !(asked.precision > 0.0 && asked.precision <= 50.0) {
        return Err(capsim_error("precision is a percentage from above 0 to 50"));
    }
    if asked.path != "load" {
        matching(&asked.path, asked.document)
            .map_err(|why| capsim_error(format!("{}: {why}", asked.path)))?;
    }
    let question = Question {
        document: asked.document,
        base: asked.overrides.to_vec(),
        path: asked.path,
        low,
        high,
        minimise: asked.minimise,
        seed: asked.seed,
        budget: asked.runs,
        precision: asked.precision / 100.0,
        runner: &HERE,
    };
    let (asked_of, model) = (&question, asked.model);
    let answer = watched(py, progress, |watch| {
        search(
            asked_of,
            &|runs, _| {
                watch.at(runs);
                watch.end_if_asked();
            },
            &|| true,
        )
    })?;
    let answer = answer.map_err(capsim_error)?;
    let told = PyDict::new(py);
    told.set_item("path", &question.path)?;
    told.set_item("passing", answer.passing)?;
    told.set_item("failing", answer.failing)?;
    told.set_item("estimate", answer.estimate)?;
    told.set_item("now", answer.now)?;
    told.set_item("breaks", answer.breaks.clone())?;
    told.set_item("bottleneck", answer.bottleneck.clone())?;
    told.set_item("runs", answer.runs)?;
    let tried = answer
        .tried
        .iter()
        .map(|t| (t.value, t.samples.len(), t.passing_runs(), t.holds()));
    told.set_item("tried", tried.collect::<Vec<_>>())?;
    let text = report::bounds(&analyse(model)) + "\n" + &report::capacity(&question, &answer, true);
    told.set_item("text", text)?;
    Ok(told)
}
