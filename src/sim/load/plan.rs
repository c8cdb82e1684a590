//! The execution plan of all scenarios together: how many VUs must exist when, and how long a test may
//! take (`lib/executors.go`, k6 v2.2.0). VUs are shared by scenarios that do not overlap.

use super::executor::requirements;
use super::ramping_vus::{self};
use crate::engine::Span;
use crate::model::scenario::{Executor, Scenario};

/// From this time on, this number of VUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanStep {
    /// Since the start of the scenario, or of the first scenario in a merged plan.
    pub at: Span,
    /// VUs initialised before the test.
    pub planned: u64,
    /// VUs that arrival-rate executors may initialise during the test.
    pub unplanned: u64,
}

/// Scenarios in k6's order: by start time, then by name.
#[must_use]
pub fn in_order(scenarios: &[Scenario]) -> Vec<&Scenario> {
    let mut sorted: Vec<&Scenario> = scenarios.iter().collect();
    sorted.sort_by(|a, b| (a.start_time, &a.name).cmp(&(b.start_time, &b.name)));
    sorted
}

/// VUs initialised before the test: [`Plan::planned_vus`].
#[must_use]
pub fn planned_vus(scenarios: &[Scenario]) -> u64 {
    Totals::new(scenarios).planned_vus
}

/// What a plan says of the whole test. Where no two scenarios overlap it takes no memory for each VU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// VUs initialised before the test.
    pub planned_vus: u64,
    /// Most VUs that may exist at once.
    pub max_vus: u64,
    /// When the test is over at the latest, setup and teardown excluded.
    pub max_duration: Span,
}

impl Totals {
    /// The totals of all scenarios.
    #[must_use]
    pub fn new(scenarios: &[Scenario]) -> Totals {
        let mut all = Totals::default();
        for scenario in in_order(scenarios) {
            let own = totals(scenario);
            if scenario.start_time < all.max_duration {
                let plan = Plan::new(scenarios);
                return Totals {
                    planned_vus: plan.planned_vus(),
                    max_vus: plan.max_vus(),
                    max_duration: plan.max_duration(),
                };
            }
            all.planned_vus = all.planned_vus.max(own.planned_vus);
            all.max_vus = all.max_vus.max(own.max_vus);
            all.max_duration = scenario.start_time + own.max_duration;
        }
        all
    }
}

/// What one scenario needs at most, counted from its own start.
fn totals(scenario: &Scenario) -> Totals {
    if let Executor::RampingVus {
        start_vus,
        stages,
        graceful_ramp_down,
    } = &scenario.executor
    {
        let vus = ramping_vus::max_vus(*start_vus, stages);
        let (ramp_down, stop) = (*graceful_ramp_down, scenario.graceful_stop);
        return Totals {
            planned_vus: vus,
            max_vus: vus,
            max_duration: ramping_vus::max_duration(*start_vus, stages, ramp_down, stop),
        };
    }
    let steps = requirements(scenario);
    let planned = steps.iter().map(|step| step.planned);
    let most = steps
        .iter()
        .map(|step| step.planned.saturating_add(step.unplanned));
    Totals {
        planned_vus: planned.max().unwrap_or(0),
        max_vus: most.max().unwrap_or(0),
        max_duration: steps.last().map_or(Span::ZERO, |step| step.at),
    }
}

/// The needs of all scenarios, counted from the start of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of time.
    pub steps: Vec<PlanStep>,
    end: Span,
}

impl Plan {
    /// Merges the needs of all scenarios.
    #[must_use]
    pub fn new(scenarios: &[Scenario]) -> Plan {
        let mut tracked: Vec<(PlanStep, usize)> = Vec::new();
        for (id, scenario) in in_order(scenarios).into_iter().enumerate() {
            let shifted = requirements(scenario).into_iter().map(|step| {
                let at = step.at + scenario.start_time;
                (PlanStep { at, ..step }, id)
            });
            tracked.extend(shifted);
        }
        // Stable: steps of one scenario at one time stay in their order.
        tracked.sort_by_key(|&(step, id)| (step.at, id));
        let end = tracked.last().map_or(Span::ZERO, |(step, _)| step.at);
        let mut now = vec![(0, 0); scenarios.len()];
        let (mut planned, mut unplanned) = (0u64, 0u64);
        let mut steps: Vec<PlanStep> = Vec::with_capacity(tracked.len());
        for (step, id) in tracked {
            planned = planned - now[id].0 + step.planned;
            unplanned = unplanned - now[id].1 + step.unplanned;
            now[id] = (step.planned, step.unplanned);
            let same = |last: &PlanStep| (last.planned, last.unplanned) == (planned, unplanned);
            if !steps.last().is_some_and(same) {
                steps.push(PlanStep {
                    at: step.at,
                    planned,
                    unplanned,
                });
            }
        }
        Plan { steps, end }
    }

    /// Most VUs that may exist at once.
    #[must_use]
    pub fn max_vus(&self) -> u64 {
        let sum = |step: &PlanStep| step.planned.saturating_add(step.unplanned);
        self.steps.iter().map(sum).max().unwrap_or(0)
    }

    /// VUs initialised before the test.
    #[must_use]
    pub fn planned_vus(&self) -> u64 {
        self.steps
            .iter()
            .map(|step| step.planned)
            .max()
            .unwrap_or(0)
    }

    /// When the test is over at the latest, setup and teardown excluded.
    #[must_use]
    pub fn max_duration(&self) -> Span {
        self.end
    }
}
