//! The lines around a summary: k6's description of the test before it and its last lines after it.

use crate::engine::Span;
use crate::load::describe;
use crate::load::plan::Plan;
use crate::load::progress::{Bar, Moment, TestMoment, block};
use crate::load::verdict::{abort_error, crossed_error};
use crate::measure::recorder::SampleSource;
use crate::measure::summary::Summary;
use crate::model::Model;
use crate::model::scenario::Scenario;
use crate::model::visible::visible;
use crate::report::{
    bottleneck, components, cost, format, limits, notes, resources, retries, services,
};
use crate::study::account::Account;
use crate::world::latency_breakdown::Slow;
use crate::world::outcome::{Outcome, Termination};

/// The function of a script that a scenario runs, unless it is `default`.
fn exec(model: &Model, scenario: &Scenario) -> Option<String> {
    let name = &model.journeys[scenario.journey.index()].name;
    (model.program.is_some() && name != "default").then(|| name.clone())
}

/// k6's description of the test, with the model's name and purpose above it.
#[must_use]
pub fn header(model: &Model, script: &str, output: &str) -> String {
    let described = describe::header(
        "local (virtual time)",
        &visible(script),
        &visible(output),
        &model.scenarios,
        |scenario| exec(model, scenario),
    );
    let mut text = format!("\n     {}\n", model.name);
    for line in model.description.lines() {
        text += &format!("     {line}\n");
    }
    format!("{text}\n{described}\n\n")
}

/// k6's last block: the status line and a line for each scenario.
#[must_use]
pub fn last_lines(outcome: &Outcome, model: &Model, plan: &Plan) -> String {
    let record = &outcome.recorder;
    let complete = record.iterations_by_origin();
    let now = TestMoment {
        elapsed: outcome.duration,
        max_duration: plan.max_duration(),
        active_vus: outcome.active_vus,
        initialised_vus: outcome.initialised_vus.max(plan.planned_vus()),
        max_vus: plan.max_vus(),
        complete: outcome.complete_iterations(),
        interrupted: record.interrupted,
    };
    let bars: Vec<Bar> = model
        .scenarios
        .iter()
        .enumerate()
        .map(|(i, scenario)| {
            let complete = complete[SampleSource::scenario(i).0 as usize];
            match outcome.scenarios[i] {
                None if outcome.end == Termination::Aborted => {
                    let now = since_setup(outcome);
                    let remaining = scenario.start_time.0.saturating_sub(now.0);
                    Bar::waiting(scenario, Span(remaining))
                }
                None => Bar::idle(&scenario.name),
                Some(spent) => {
                    let moment = Moment {
                        spent,
                        initialised_vus: own_vus(outcome, model, i),
                        complete,
                        gap: Span::ZERO,
                        ..Moment::default()
                    };
                    Bar::finished(scenario, &moment, outcome.cut_short[i])
                }
            }
        })
        .collect();
    block(&now, &bars)
}

/// VUs that a scenario has initialised for itself. Each of its first drops brought one more, as long as there was
/// one to bring.
fn own_vus(outcome: &Outcome, model: &Model, index: usize) -> u64 {
    match model.scenarios[index].executor.allocation() {
        Some((before, most)) => {
            let dropped = outcome.recorder.dropped[SampleSource::scenario(index).0 as usize];
            before.saturating_add(dropped).min(most)
        }
        None => outcome.initialised_vus,
    }
}

/// Time since the end of setup, teardown included: k6 counts the rest of a waiting scenario's time so.
fn since_setup(outcome: &Outcome) -> Span {
    let setup = outcome.recorder.setup.unwrap_or(Span::ZERO);
    Span(outcome.duration.0.saturating_sub(setup.0))
}

/// What identifies a run: equal runs have equal lines.
#[must_use]
pub fn signature(outcome: &Outcome, seed: u64) -> String {
    format!(
        "\nseed {seed}, {} events, fingerprint {:016x}\n",
        outcome.events, outcome.fingerprint
    )
}

/// k6's error line if a threshold is crossed.
#[must_use]
pub fn crossed(summary: &Summary) -> Option<String> {
    let crossed = summary
        .metrics
        .iter()
        .filter(|m| m.thresholds.iter().any(|t| !t.passed));
    crossed_error(crossed.map(|m| m.name.as_str()))
}

/// What k6 cannot show; what slow requests did, too, if the run has kept it.
#[must_use]
pub fn insight(outcome: &Outcome, model: &Model, summary: &Summary) -> String {
    let account = Account::of(outcome, model);
    let mut text = format!("\n  {}\n", bottleneck::bottleneck(&account));
    if !account.limits.is_empty() {
        text += &format!(
            "\n{}\n  used: without what is held while waiting for something else; waiting: share of the time of \
             requests\n  (of users, in the waiting room); ceiling: requests/s at which it is used in full\n",
            resources::resource_table(&account)
        );
    }
    text + &details(outcome, model, summary)
}

/// Where the time of requests went, what mechanisms did, and what to know about the numbers.
#[must_use]
pub fn details(outcome: &Outcome, model: &Model, summary: &Summary) -> String {
    let mut text = retries::table(outcome, model);
    text += &retries::too_late(outcome, model);
    text += &services::table(outcome, model);
    text += &cost::table(outcome, model);
    text += &limits::breakers(outcome, model);
    text += &limits::limits(outcome, model);
    let all = resources::time_table(outcome, model);
    if !all.is_empty() {
        text += &format!("\n  Where the time went, mean of all requests:\n\n{all}");
    }
    if let Some(slow) = slow_requests(outcome, summary) {
        let from = format::time(slow.from.as_ms(), None);
        let table = resources::slow_table(&slow, model);
        if !table.is_empty() {
            text += &format!("\n  The same for the slowest 1 %, from {from} on:\n\n{table}");
        }
    }
    let components = components::lines(outcome, model);
    if !components.is_empty() {
        text += "\n  In front of the system and inside:\n\n";
        text.extend(components.iter().map(|line| format!("    - {line}\n")));
    }
    let notes = notes::notes(outcome, model, summary);
    if !notes.is_empty() {
        text += "\n  What this test cannot show, and what to know about its numbers:\n\n";
        for note in notes {
            text += &format!("    - {note}\n");
        }
    }
    text
}

/// What requests that were slower than the p(99) did; nothing for too few of them.
fn slow_requests(outcome: &Outcome, summary: &Summary) -> Option<Slow> {
    let breakdown = outcome.slow.as_ref()?;
    let p99 = summary.slow_from?;
    Some(breakdown.slower_than(Span::from_ns(p99 * 1e6)))
}

/// k6's warnings on a run: too few VUs, or no iteration that came to its end.
#[must_use]
pub fn warnings(outcome: &Outcome, model: &Model) -> Vec<String> {
    let mut warnings = Vec::new();
    for (index, scenario) in model.scenarios.iter().enumerate() {
        let Some((planned, most)) = scenario.executor.allocation() else {
            continue;
        };
        // Each of the first drops brought one more VU, as long as there was one to bring.
        let dropped = outcome.recorder.dropped[SampleSource::scenario(index).0 as usize];
        if dropped > most.saturating_sub(planned) {
            warnings.push(format!(
                "Insufficient VUs, reached {most} active VUs and cannot initialize more (scenario {})",
                scenario.name
            ));
        }
    }
    if outcome.complete_iterations() == 0 {
        warnings.push(
            "No script iterations fully finished, consider making the test duration longer".into(),
        );
    }
    warnings
}

/// k6's error line if a threshold ended the run before its time.
#[must_use]
pub fn aborted(outcome: &Outcome) -> Option<String> {
    abort_error(outcome.crossed.iter().map(String::as_str))
}

/// A line on each part of a model.
#[must_use]
pub fn contents(model: &Model) -> String {
    let count = |n: usize, one: &str| {
        let s = format::plural(n as u64);
        format!("     {n:>6} {one}{s}\n")
    };
    let mut text = String::new();
    text += &count(model.journeys.len(), "journey");
    text += &count(model.endpoints.len(), "endpoint");
    text += &count(model.stations.len(), "station");
    text += &count(model.pools.len(), "pool");
    text += &count(
        model.thresholds.iter().map(|t| t.thresholds.len()).sum(),
        "threshold",
    );
    text + "\n     The model is sound.\n"
}
