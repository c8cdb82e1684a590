//! What tells k6's executors, and capsim's own, apart: the VUs that each needs, how its load comes about, and what is
//! printed about it before and during a run (`lib/executor`, k6 v2.2.0).

use std::collections::VecDeque;

use super::arrivals::Ticks;
use super::looping::{self, LoopPlan};
use super::pattern::{ArrivalLaw, OpenSource, Pattern};
use super::plan::PlanStep;
use super::poisson::RateCurve;
use super::progress::Moment;
use super::ramping_vus::{self, RampingVus};
use super::replay::Replayed;
use crate::engine::Span;
use crate::engine::stream::Stream;
use crate::model::duration::{fixed_width, print};
use crate::model::replay::Replay;
use crate::model::scenario::{Executor, Scenario, Stage};

/// What one scenario needs, counted from its own start.
#[must_use]
pub fn requirements(scenario: &Scenario) -> Vec<PlanStep> {
    let (planned, unplanned) = match &scenario.executor {
        Executor::RampingVus {
            start_vus,
            stages,
            graceful_ramp_down,
        } => {
            let ramp = RampingVus::new(
                *start_vus,
                stages,
                *graceful_ramp_down,
                scenario.graceful_stop,
            );
            let steps = ramp.reserved.iter();
            return steps
                .map(|step| PlanStep {
                    at: step.at,
                    planned: step.vus,
                    unplanned: 0,
                })
                .collect();
        }
        Executor::ConstantVus { vus, .. }
        | Executor::SharedIterations { vus, .. }
        | Executor::PerVuIterations { vus, .. } => (*vus, 0),
        rate @ (Executor::ConstantArrivalRate { .. } | Executor::RampingArrivalRate { .. }) => {
            let (before, most) = rate.allocation().unwrap_or_default();
            (before, most.saturating_sub(before))
        }
        // Every arrival is a user of its own: there is nothing to plan.
        Executor::PoissonArrivals { .. }
        | Executor::RenewalArrivals { .. }
        | Executor::TraceArrivals { .. }
        | Executor::Replay(_) => (0, 0),
    };
    let end = scenario.executor.regular_duration() + scenario.graceful_stop;
    vec![
        PlanStep {
            at: Span::ZERO,
            planned,
            unplanned,
        },
        PlanStep {
            at: end,
            planned: 0,
            unplanned: 0,
        },
    ]
}

/// How a scenario's load comes about, how many VUs it may have, and how many are there from the start.
pub fn pattern(scenario: &Scenario, stream: impl Fn() -> Box<Stream>) -> (Pattern, u64, u64) {
    let grace = scenario.graceful_stop;
    let looping = |plan: LoopPlan| (Pattern::Loop(plan), plan.vus, plan.vus);
    match &scenario.executor {
        Executor::RampingVus {
            start_vus,
            stages,
            graceful_ramp_down: wait,
        } => ramp(RampingVus::new(*start_vus, stages, *wait, grace)),
        Executor::ConstantVus { vus, duration } => {
            looping(looping::constant_vus(*vus, *duration, grace))
        }
        Executor::SharedIterations {
            vus,
            iterations: n,
            max_duration: end,
        } => looping(looping::shared_iterations(*vus, *n, *end, grace)),
        Executor::PerVuIterations {
            vus,
            iterations: n,
            max_duration: end,
        } => looping(looping::per_vu_iterations(*vus, *n, *end, grace)),
        Executor::ConstantArrivalRate {
            rate,
            time_unit,
            duration,
            pre_allocated_vus: planned,
            max_vus: max,
        } => arrivals(
            Ticks::constant(*rate, *time_unit, *duration),
            *planned,
            *max,
        ),
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            pre_allocated_vus: planned,
            max_vus: max,
        } => arrivals(
            Ticks::ramping(*start_rate, *time_unit, stages),
            *planned,
            *max,
        ),
        Executor::PoissonArrivals { start_rate, stages } => {
            let curve = RateCurve::new(*start_rate, stages);
            open(ArrivalLaw::Poisson(curve, stream()))
        }
        Executor::RenewalArrivals { gap, .. } => open(ArrivalLaw::Renewal(gap.clone(), stream())),
        Executor::TraceArrivals { at } => open(ArrivalLaw::Trace(at.clone(), 0)),
        Executor::Replay(replay) => {
            open(ArrivalLaw::Replay(Box::new(Replayed::new(replay.clone()))))
        }
    }
}

/// The starts of k6's arrival-rate executors.
fn arrivals(ticks: Ticks, planned: u64, max: u64) -> (Pattern, u64, u64) {
    let (idle, spare) = (VecDeque::new(), (max - planned) as u32);
    (Pattern::Arrivals { ticks, idle, spare }, max, planned)
}

/// The arrivals of capsim's own open executors.
fn open(law: ArrivalLaw) -> (Pattern, u64, u64) {
    let (source, free) = (OpenSource::new(law), Vec::new());
    (Pattern::Open { source, free }, 0, 0)
}

fn ramp(steps: RampingVus) -> (Pattern, u64, u64) {
    let most = steps.max_vus();
    (Pattern::Ramp(Box::new(steps.into_events())), most, most)
}

/// What an executor does for so long, as its line in the header says it.
pub(super) fn description(executor: &Executor, duration: &str) -> String {
    match executor {
        Executor::RampingVus {
            start_vus, stages, ..
        } => {
            let vus = peak(*start_vus as f64, stages);
            format!(
                "Up to {vus} looping VUs for {duration} over {} stages",
                stages.len()
            )
        }
        Executor::ConstantVus { vus, .. } => format!("{vus} looping VUs for {duration}"),
        Executor::SharedIterations {
            vus, iterations, ..
        } => {
            format!("{iterations} iterations shared among {vus} VUs")
        }
        Executor::PerVuIterations {
            vus, iterations, ..
        } => {
            format!("{iterations} iterations for each of {vus} VUs")
        }
        Executor::ConstantArrivalRate {
            rate, time_unit, ..
        } => {
            let rate = per_second(*rate as f64, *time_unit);
            format!("{rate:.2} iterations/s for {duration}")
        }
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            ..
        } => {
            let rate = per_second(peak(*start_rate as f64, stages), *time_unit);
            let over = format!("over {} stages", stages.len());
            format!("Up to {rate:.2} iterations/s for {duration} {over}")
        }
        Executor::PoissonArrivals { start_rate, stages } => {
            let rate = peak(*start_rate, stages);
            let over = format!("over {} stages", stages.len());
            format!("Up to {rate:.2} random arrivals/s for {duration} {over}")
        }
        Executor::RenewalArrivals { .. } => format!("Arrivals at random gaps for {duration}"),
        Executor::TraceArrivals { at } => format!("{} recorded arrivals in {duration}", at.len()),
        Executor::Replay(replay) => replayed(replay, duration),
    }
}

/// The replay of a log.
fn replayed(replay: &Replay, duration: &str) -> String {
    let file = replay.log.path.file_name().unwrap_or_default();
    let file = file.to_string_lossy();
    let mut text = format!(
        "{} recorded requests of {file} for {duration}",
        replay.survey.requests
    );
    if replay.offset > Span::ZERO {
        text += &format!(", from {} on", print(replay.offset));
    }
    match replay.times {
        Some(1) => {}
        Some(times) => text += &format!(", {times} times"),
        None => text += ", again and again",
    }
    text
}

/// The bracketed fact that only this executor has.
pub(super) fn own_fact(executor: &Executor) -> Option<String> {
    match executor {
        Executor::RampingVus {
            graceful_ramp_down, ..
        } => Some(format!("gracefulRampDown: {}", print(*graceful_ramp_down))),
        Executor::SharedIterations { max_duration, .. }
        | Executor::PerVuIterations { max_duration, .. } => {
            Some(format!("maxDuration: {}", print(*max_duration)))
        }
        _ => executor.allocation().map(|(before, most)| {
            if most > before {
                format!("maxVUs: {before}-{most}")
            } else {
                format!("maxVUs: {before}")
            }
        }),
    }
}

/// Highest target, the start included.
fn peak(start: f64, stages: &[Stage]) -> f64 {
    stages
        .iter()
        .fold(start, |peak, stage| peak.max(stage.target))
}

/// A rate per time unit, per second.
fn per_second(rate: f64, time_unit: Span) -> f64 {
    rate * 1e9 / time_unit.0 as f64
}

/// The time that counts as 100 %.
pub(super) fn progress_end(scenario: &Scenario) -> Span {
    match &scenario.executor {
        // Not the sum of the stages: those at 0 at the end are cut off.
        Executor::RampingVus {
            start_vus, stages, ..
        } => ramping_vus::max_duration(*start_vus, stages, Span::ZERO, Span::ZERO),
        executor => executor.regular_duration(),
    }
}

/// Progress and columns.
pub(super) fn state(scenario: &Scenario, now: &Moment, end: Span) -> (f64, Vec<String>) {
    let over = now.spent >= end;
    let share = if over {
        1.0
    } else {
        now.spent.0 as f64 / end.0 as f64
    };
    let clock = format!("{}/{}", fixed_width(now.spent, end), print(end));
    let until_end = if over { print(end) } else { clock.clone() };
    match &scenario.executor {
        Executor::RampingVus {
            start_vus, stages, ..
        } => {
            let vus = of(now.active_vus, peak(*start_vus as f64, stages) as u64);
            let clock = format!("{}/{}", fixed_width(now.spent, end), fixed_width(end, end));
            let time = if over { print(end) } else { clock };
            (share, vec![format!("{vus} VUs"), time])
        }
        Executor::ConstantVus { vus, .. } => (share, vec![format!("{vus} VUs"), until_end]),
        Executor::SharedIterations {
            vus, iterations, ..
        } => {
            let done = of(now.complete, *iterations);
            let right = vec![format!("{vus} VUs"), clock, format!("{done} shared iters")];
            (ratio(now.complete, *iterations), right)
        }
        Executor::PerVuIterations {
            vus, iterations, ..
        } => {
            let total = vus.saturating_mul(*iterations);
            let done = of(now.complete, total);
            let iters = format!("{done} iters, {iterations} per VU");
            let progress = if over {
                1.0
            } else {
                ratio(now.complete, total)
            };
            (progress, vec![format!("{vus} VUs"), until_end, iters])
        }
        arrivals => (share, arrival_columns(arrivals, now, until_end)),
    }
}

fn arrival_columns(executor: &Executor, now: &Moment, time: String) -> Vec<String> {
    match executor {
        Executor::ConstantArrivalRate {
            rate,
            time_unit,
            max_vus,
            ..
        } => {
            let rate = per_second(*rate as f64, *time_unit);
            vec![
                arrival_vus(now, *max_vus),
                time,
                iters_per_second(rate, rate),
            ]
        }
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            max_vus,
            ..
        } => {
            let most = per_second(peak(*start_rate as f64, stages), *time_unit);
            let rate = if now.gap == Span::ZERO {
                0.0
            } else {
                1e9 / now.gap.0 as f64
            };
            vec![
                arrival_vus(now, *max_vus),
                time,
                iters_per_second(rate, most),
            ]
        }
        _ => vec![format!("{} users", now.active_vus), time],
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// `part/whole`, padded with zeros to the digits of `whole`.
fn of(part: u64, whole: u64) -> String {
    padded_pair(part, whole, whole)
}

pub(super) fn padded_pair(a: u64, b: u64, max: u64) -> String {
    let width = max.checked_ilog10().map_or(1, |log| log as usize + 1);
    format!("{a:0width$}/{b:0width$}")
}

fn arrival_vus(now: &Moment, max_vus: u64) -> String {
    format!(
        "{} VUs",
        padded_pair(now.active_vus, now.initialised_vus, max_vus)
    )
}

/// Two decimals, padded with zeros to the width of the highest rate.
fn iters_per_second(rate: f64, most: f64) -> String {
    let width = (most as u64)
        .checked_ilog10()
        .map_or(1, |log| log as usize + 1)
        + 3;
    format!("{rate:0width$.2} iters/s")
}
