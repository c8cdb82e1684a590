//! What k6 prints about scenarios before a run (`GetDescription` of `lib/executor`, `internal/cmd/ui.go`,
//! k6 v2.2.0).

use super::plan::{Totals, in_order, regular_duration};
use crate::engine::Span;
use crate::model::duration::{print, round};
use crate::model::replay::Replay;
use crate::model::scenario::{Executor, Scenario, Stage};

/// One line on a scenario. `exec` is the function it runs, if one was named (k6 does not show `default`
/// unless it was written).
#[must_use]
pub fn scenario(scenario: &Scenario, exec: Option<&str>) -> String {
    let duration = print(regular_duration(&scenario.executor));
    let mut facts: Vec<String> = own_fact(&scenario.executor).into_iter().collect();
    facts.extend(exec.map(|exec| format!("exec: {exec}")));
    let mut time = |name: &str, span: Span| {
        if span > Span::ZERO {
            facts.push(format!("{name}: {}", print(span)));
        }
    };
    time("startTime", scenario.start_time);
    time("gracefulStop", scenario.graceful_stop);
    let facts = match facts.as_slice() {
        [] => String::new(),
        facts => format!(" ({})", facts.join(", ")),
    };
    let what = match &scenario.executor {
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
        Executor::Replay(replay) => replayed(replay, &duration),
    };
    what + &facts
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
fn own_fact(executor: &Executor) -> Option<String> {
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
pub(super) fn peak(start: f64, stages: &[Stage]) -> f64 {
    stages
        .iter()
        .fold(start, |peak, stage| peak.max(stage.target))
}

/// A rate per time unit, per second.
pub(super) fn per_second(rate: f64, time_unit: Span) -> f64 {
    rate * 1e9 / time_unit.0 as f64
}

/// The block that k6 prints before a run, from `execution:` to the last scenario, without an empty line
/// at either end. `execution` is `local` in k6, `output` is `-` without outputs; `exec` names the
/// function of a scenario if it is to be shown.
#[must_use]
pub fn header(
    execution: &str,
    script: &str,
    output: &str,
    scenarios: &[Scenario],
    exec: impl Fn(&Scenario) -> Option<String>,
) -> String {
    let plan = Totals::new(scenarios);
    let count = match scenarios.len() {
        1 => "1 scenario".to_string(),
        n => format!("{n} scenarios"),
    };
    let vus = plan.max_vus;
    let duration = print(round(plan.max_duration, Span::millis(100)));
    let mut text = format!(
        "     execution: {execution}\n        script: {script}\n        output: {output}\n\n     \
         scenarios: (100.00%) {count}, {vus} max VUs, {duration} max duration (incl. graceful stop):\n"
    );
    for one in in_order(scenarios) {
        let line = scenario(one, exec(one).as_deref());
        text += &format!("              * {}: {line}\n", one.name);
    }
    text
}
