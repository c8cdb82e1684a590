//! What scripts are told of the scenario that an iteration is of.

use capsim_script::Iteration;
use serde_json::Value;

use crate::cli::import::variables;
use crate::model::Model;
use crate::model::scenario::{Executor, Scenario};

/// k6's name of an executor.
fn executor(scenario: &Scenario) -> &'static str {
    match scenario.executor {
        Executor::RampingVus { .. } => "ramping-vus",
        Executor::ConstantVus { .. } => "constant-vus",
        Executor::SharedIterations { .. } => "shared-iterations",
        Executor::PerVuIterations { .. } => "per-vu-iterations",
        Executor::ConstantArrivalRate { .. } => "constant-arrival-rate",
        Executor::RampingArrivalRate { .. } => "ramping-arrival-rate",
        _ => "open-arrivals",
    }
}

/// What is the same for all iterations of each scenario.
pub(super) fn told(model: &Model, options: &Value) -> Vec<Iteration> {
    let all = model.scenarios.iter();
    all.map(|scenario| Iteration {
        exec: model.journeys[scenario.journey.index()]
            .name
            .as_str()
            .into(),
        scenario: scenario.name.as_str().into(),
        executor: executor(scenario).into(),
        // Tags of a scenario are put to all samples by the world.
        env: variables(options, &scenario.name).into(),
        ..Iteration::default()
    })
    .collect()
}
