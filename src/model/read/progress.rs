//! Whether every iteration of a looping VU takes time: otherwise the VU would loop forever at one instant.

use super::flow::Reach;
use super::{Build, Sections};
use crate::Model;
use crate::engine::dist::Dist;
use crate::journey::{Condition, Journey, Step};
use crate::scenario::Executor;
use crate::system::DistId;

/// More iterations than this at one instant are as good as endless.
const MOST_ITERATIONS: u64 = 1_000_000;

/// Whether a distribution is more than a constant zero.
pub(super) fn is_positive(model: &Model, id: DistId) -> bool {
    let dist = model.dists.get(id.index()).map(|named| &named.dist);
    !matches!(dist, Some(Dist::Constant(ns)) if *ns < 1.0)
}

/// Complains about journeys of looping VUs that may end without taking time.
pub(super) fn check(build: &Build, model: &Model, reach: &[Reach], at: &Sections) {
    let mut blamed = Vec::new();
    for scenario in &model.scenarios {
        let loops = match &scenario.executor {
            Executor::RampingVus { .. } | Executor::ConstantVus { .. } => true,
            Executor::SharedIterations { iterations, .. } => *iterations > MOST_ITERATIONS,
            Executor::PerVuIterations {
                vus, iterations, ..
            } => iterations.saturating_mul(*vus) > MOST_ITERATIONS,
            _ => false,
        };
        let Some(journey) = model.journeys.get(scenario.journey.index()) else {
            continue;
        };
        if !loops || blamed.contains(&scenario.journey) || always_takes_time(model, journey, reach)
        {
            continue;
        }
        blamed.push(scenario.journey);
        let named = at.journeys.iter().find(|(name, _)| *name == journey.name);
        if let Some((name, field)) = named {
            let message = format!(
                "an iteration of `{name}` may take no time: a VU would loop for ever at one instant"
            );
            build.notes.error(
                field.at,
                message,
                "add { sleep = \"1s\" }, or give a visit of its requests a time",
            );
        }
    }
}

/// Whether no way through the program avoids taking time. Found backwards from the end, until nothing
/// changes; where chance decides, one side is enough, because the other is not taken for ever.
fn always_takes_time(model: &Model, journey: &Journey, reach: &[Reach]) -> bool {
    let mut sure = vec![false; journey.steps.len()];
    loop {
        let mut changed = false;
        for at in (0..journey.steps.len()).rev() {
            let known = sure.get(at).copied().unwrap_or(true);
            if !known && step_is_sure(model, journey, reach, &sure, at) {
                if let Some(slot) = sure.get_mut(at) {
                    *slot = true;
                }
                changed = true;
            }
        }
        if !changed {
            return sure.first().copied().unwrap_or(false);
        }
    }
}

fn step_is_sure(
    model: &Model,
    journey: &Journey,
    reach: &[Reach],
    sure: &[bool],
    at: usize,
) -> bool {
    let leads = |to: u32| sure.get(to as usize).copied().unwrap_or(false);
    let next = sure.get(at + 1).copied().unwrap_or(false);
    match journey.steps.get(at) {
        None | Some(Step::End) => false,
        Some(Step::Sleep(dist)) => is_positive(model, *dist) || next,
        Some(Step::Request(site)) => {
            let endpoint = model.sites.get(site.index()).map(|site| site.endpoint);
            let reach = endpoint.and_then(|id| reach.get(id.index()));
            reach.is_some_and(|reach| reach.takes_time) || next
        }
        Some(Step::Jump(to) | Step::JumpIf(Condition::Always, to)) => leads(*to),
        Some(Step::JumpIf(_, to)) => next && leads(*to),
        Some(Step::JumpWithProbability(p, to)) => match *p {
            p if p <= 0.0 => next,
            p if p >= 1.0 => leads(*to),
            _ => next || leads(*to),
        },
        // A loop ends at last.
        Some(Step::CountTo { then, .. }) => leads(*then),
        Some(_) => next,
    }
}
