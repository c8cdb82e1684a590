//! One run and what it measured.

use std::collections::BTreeMap;

use capsim::measure::summary::Summary;
use capsim::model::Model;
use capsim::report::{SummaryOptions, bottleneck};
use capsim::study::account::Account;
use capsim::study::cost::{self, Item};
use capsim::study::metrics::{metrics_of, thresholds_of, verdicts_of};
use capsim::world::World;
use capsim::world::outcome::{Termination, Outcome};
use pyo3::prelude::*;

use crate::samples::Samples;
use crate::watch::watched;

/// What a run measured. ``print(run)`` gives the summary that k6 would print.
#[pyclass(frozen)]
pub struct Run {
    metrics: BTreeMap<String, f64>,
    thresholds: Vec<(String, bool)>,
    text: String,
    bottleneck: String,
    bill: Vec<Item>,
    end: String,
    fingerprint: u64,
    duration: f64,
    samples: Option<Py<Samples>>,
}

/// Runs a model.
pub fn run(
    py: Python<'_>,
    model: &Model,
    seed: u64,
    replication: u64,
    keep: bool,
) -> PyResult<Run> {
    let (outcome, summary) = watched(py, None, |watch| {
        let mut world = World::new(model, seed, replication);
        if !keep {
            world = world.summarising();
        }
        let outcome = world.run_watched(|_| watch.end_if_asked());
        let summary = capsim::world::summary::summary(&outcome, model);
        (outcome, summary)
    })?;
    let samples = match keep {
        true => Some(Py::new(py, Samples::of(model, &outcome)?)?),
        false => None,
    };
    Ok(told(model, &outcome, &summary, samples))
}

fn told(model: &Model, outcome: &Outcome, summary: &Summary, samples: Option<Py<Samples>>) -> Run {
    let options = SummaryOptions {
        trend_stats: model.summary_trend_stats.clone(),
        ..SummaryOptions::new(model.k6_version)
    };
    let names = thresholds_of(model)
        .into_iter()
        .map(|threshold| threshold.text());
    Run {
        metrics: metrics_of(model, outcome, summary).into_iter().collect(),
        thresholds: names.zip(verdicts_of(model, summary)).collect(),
        text: capsim::report::summary(summary, &options),
        bottleneck: bottleneck::bottleneck(&Account::of(outcome, model)),
        bill: cost::items(model, outcome),
        end: match &outcome.end {
            Termination::Finished => "finished".to_owned(),
            Termination::SetupTimeout => "setup timeout".to_owned(),
            Termination::TeardownTimeout => "teardown timeout".to_owned(),
            Termination::Aborted => "aborted".to_owned(),
            end => end.complaint(model).unwrap_or_else(|| "aborted".to_owned()),
        },
        fingerprint: outcome.fingerprint,
        duration: outcome.duration.as_secs(),
        samples,
    }
}

#[pymethods]
impl Run {
    /// Every number of the run by the name of its column in a sweep (docs/csv.md).
    #[getter]
    fn metrics(&self) -> BTreeMap<String, f64> {
        self.metrics.clone()
    }

    /// Each threshold, and whether it held.
    #[getter]
    fn thresholds(&self) -> BTreeMap<String, bool> {
        self.thresholds.iter().cloned().collect()
    }

    /// Whether the run came to its end and every threshold held.
    #[getter]
    fn passed(&self) -> bool {
        self.end == "finished" && self.thresholds.iter().all(|(_, held)| *held)
    }

    /// ``finished``, or why not.
    #[getter]
    fn end(&self) -> &str {
        &self.end
    }

    /// What limits the throughput, in one sentence.
    #[getter]
    fn bottleneck(&self) -> &str {
        &self.bottleneck
    }

    /// What was paid for, by the model's prices: what, how much of it, in hours or in calls, the price of one, and the
    /// cost. Empty without prices; the sum is the metric ``cost``.
    #[getter]
    fn bill(&self) -> Vec<(&str, f64, &str, f64, f64)> {
        let unit = |item: &Item| if item.hours { "hours" } else { "calls" };
        self.bill
            .iter()
            .map(|item| {
                (
                    item.what.as_str(),
                    item.amount,
                    unit(item),
                    item.price,
                    item.cost(),
                )
            })
            .collect()
    }

    /// The sequence of events as sixteen digits: equal runs have equal ones.
    #[getter]
    fn fingerprint(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    /// Virtual time of the run in seconds, setup and teardown included.
    #[getter]
    fn duration_s(&self) -> f64 {
        self.duration
    }

    /// The requests, one by one; ``None`` if they were not kept.
    #[getter]
    fn samples(&self, py: Python<'_>) -> Option<Py<Samples>> {
        self.samples.as_ref().map(|samples| samples.clone_ref(py))
    }

    fn __getitem__(&self, name: &str) -> PyResult<f64> {
        let found = self.metrics.get(name).copied();
        found.ok_or_else(|| pyo3::exceptions::PyKeyError::new_err(name.to_owned()))
    }

    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        let verdict = if self.passed() {
            "passed"
        } else {
            "not passed"
        };
        let requests = self.metrics.get("http_reqs").copied().unwrap_or(0.0);
        format!(
            "<capsim.Run {verdict}, {requests} requests, fingerprint {}>",
            self.fingerprint()
        )
    }
}
