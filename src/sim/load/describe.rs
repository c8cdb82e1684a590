//! What k6 prints about scenarios before a run (`GetDescription` of `lib/executor`, `internal/cmd/ui.go`,
//! k6 v2.2.0).

use super::executor;
use super::plan::{Totals, in_order};
use crate::engine::Span;
use crate::model::duration::{print, round};
use crate::model::scenario::Scenario;

/// One line on a scenario. `exec` is the function it runs, if one was named (k6 does not show `default`
/// unless it was written).
#[must_use]
pub fn scenario(scenario: &Scenario, exec: Option<&str>) -> String {
    let duration = print(scenario.executor.regular_duration());
    let mut facts: Vec<String> = executor::own_fact(&scenario.executor).into_iter().collect();
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
    executor::description(&scenario.executor, &duration) + &facts
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
