//! What scripts are told of the scenario that an iteration is of.

use capsim_script::Iteration;
use serde_json::Value;

use crate::cli::import::variables;
use crate::engine::Span;
use crate::load::executor::requirements;
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

/// The number of the first VU of each scenario. Those of scenarios that do not overlap are the same, as k6's VUs go from one
/// to the next.
pub(super) fn first_numbers(scenarios: &[Scenario]) -> Vec<u64> {
    let needs: Vec<(Span, Span, u64)> = scenarios
        .iter()
        .map(|scenario| {
            let steps = requirements(scenario);
            let end = steps.last().map_or(Span::ZERO, |step| step.at);
            let most = steps.iter().map(|step| step.planned + step.unplanned).max();
            let start = scenario.start_time;
            (start, start + end, most.unwrap_or(0))
        })
        .collect();
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    order.sort_by_key(|&at| (needs[at].0, &scenarios[at].name));
    let mut numbers = vec![1; scenarios.len()];
    for (done, &at) in order.iter().enumerate() {
        let (start, end, most) = needs[at];
        let mut taken: Vec<(u64, u64)> = order[..done]
            .iter()
            .filter(|&&other| needs[other].0 < end && start < needs[other].1)
            .map(|&other| (numbers[other], numbers[other] + needs[other].2))
            .collect();
        taken.sort_unstable();
        // The first gap that is wide enough.
        let mut first = 1;
        for (from, to) in taken {
            if first + most <= from {
                break;
            }
            first = first.max(to);
        }
        numbers[at] = first;
    }
    numbers
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
