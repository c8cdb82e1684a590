//! The options of a scenario as written, and what may be wrong with them.

use super::replay::Replay;
use crate::engine::Span;
use crate::engine::dist::Dist;
use std::fmt;
use std::sync::Arc;

/// A stage as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawStage {
    /// Signed nanoseconds.
    pub duration: Option<i64>,
    /// VUs or a rate.
    pub target: Option<f64>,
}

/// The options of a scenario as written. Durations are signed nanoseconds, so that a negative one is
/// refused in k6's words; `None` where nothing was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawScenario {
    /// The key in the model.
    pub name: String,
    /// The name of an executor.
    pub executor: Option<String>,
    /// Default 0.
    pub start_time: Option<i64>,
    /// Default 30 s.
    pub graceful_stop: Option<i64>,
    /// Name of the journey, which is k6's `exec`.
    pub exec: Option<String>,
    /// Default 1.
    pub vus: Option<f64>,
    /// Default 1.
    pub iterations: Option<f64>,
    /// Must be written where it applies.
    pub duration: Option<i64>,
    /// Default 10 min.
    pub max_duration: Option<i64>,
    /// Default 1.
    pub start_vus: Option<f64>,
    /// Must be written where they apply.
    pub stages: Option<Vec<RawStage>>,
    /// Default 30 s.
    pub graceful_ramp_down: Option<i64>,
    /// Iterations per `time_unit`; of `open-arrivals`, arrivals per `time_unit`.
    pub rate: Option<f64>,
    /// Default 0.
    pub start_rate: Option<f64>,
    /// Default 1 s.
    pub time_unit: Option<i64>,
    /// Must be written where it applies.
    pub pre_allocated_vus: Option<f64>,
    /// Default `pre_allocated_vus`.
    pub max_vus: Option<f64>,
    /// `open-arrivals`: time between arrivals, in nanoseconds.
    pub gap: Option<Dist>,
    /// `open-arrivals`: recorded times since the scenario's start.
    pub at: Option<Vec<Span>>,
    /// `replay`: its log, already read.
    pub replay: Option<Arc<Replay>>,
    /// Tags put on every sample.
    pub tags: Vec<(String, String)>,
}

/// What is wrong with one option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// In k6's words where k6 has this check.
    pub text: String,
    /// The option it is about, as spelled in a model (`start_time`); `name` for the scenario's key.
    pub field: &'static str,
    /// The stage it is about, from 0.
    pub stage: Option<usize>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// k6's line on a scenario: `scenario NAME has configuration errors: e1, e2`.
#[must_use]
pub fn report(name: &str, problems: &[Problem]) -> String {
    let texts: Vec<&str> = problems
        .iter()
        .map(|problem| problem.text.as_str())
        .collect();
    format!(
        "scenario {name} has configuration errors: {}",
        texts.join(", ")
    )
}

/// k6's message on all scenarios, from one [`report`] for each with problems.
#[must_use]
pub fn report_all(reports: &[String]) -> String {
    let lines: String = reports
        .iter()
        .map(|report| format!("\n\t- {report}"))
        .collect();
    format!("There were problems with the specified script configuration:{lines}")
}
