//! What limits and circuit breakers did in a run.

use crate::model::Model;
use crate::model::limit::{LimitKey, LimitKind};
use crate::report::answers::seconds;
use crate::report::resources::{aligned, amount, percent};
use crate::study::fit::free::four_digits;
use crate::world::limiter::LimitProbe;
use crate::world::outcome::Outcome;

/// A table of all limits that were asked; empty if none was.
#[must_use]
pub fn limits(outcome: &Outcome, model: &Model) -> String {
    let head = [
        "limit",
        "allows",
        "passed",
        "refused",
        "of all",
        "waited",
        "mean wait",
        "at once",
        "max",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    let none = || "-".to_owned();
    for (spec, probe) in model.limits.iter().zip(&outcome.limits) {
        let (passed, refused) = match probe {
            LimitProbe::Rate(p) => (p.passed, p.refused),
            LimitProbe::Concurrency(p) => (p.passed, p.refused),
        };
        if passed + refused == 0 {
            continue;
        }
        let share = refused as f64 / (passed + refused) as f64;
        let mut row = [
            spec.name.clone(),
            allows(&spec.kind, probe, outcome),
            passed.to_string(),
            refused.to_string(),
            percent(share),
            none(),
            none(),
            none(),
            none(),
        ];
        match probe {
            LimitProbe::Rate(p) => {
                row[5] = p.delayed.to_string();
                row[6] = seconds(p.waited as f64 / 1e9 / p.delayed.max(1) as f64);
            }
            LimitProbe::Concurrency(p) => {
                row[7] = amount(p.in_flight.mean(outcome.end_time()));
                row[8] = p.in_flight.max().to_string();
            }
        }
        rows.push(row);
    }
    if rows.len() == 1 {
        return String::new();
    }
    format!(
        "\n{}\n  of all: share of the requests that came to it{}\n",
        aligned(&rows),
        by_class(outcome, model)
    )
}

/// What a limit lets through, in a word.
fn allows(kind: &LimitKind, probe: &LimitProbe, outcome: &Outcome) -> String {
    match (kind, probe) {
        (LimitKind::Rate(rate), _) => {
            let each = match rate.by {
                LimitKey::Global => "",
                LimitKey::User => " a user",
                LimitKey::Endpoint => " an endpoint",
            };
            let per = rate.rate / rate.per.as_secs().max(f64::MIN_POSITIVE);
            format!("{}/s{each}", four_digits(per))
        }
        (LimitKind::Concurrency(_), LimitProbe::Concurrency(p)) => {
            let (mean, most) = (p.limit.mean(outcome.end_time()), p.limit.max());
            if p.lowest == most {
                most.to_string()
            } else {
                format!("{} ({} to {most})", amount(mean), p.lowest)
            }
        }
        _ => String::new(),
    }
}

/// Refused requests of limits with several classes.
fn by_class(outcome: &Outcome, model: &Model) -> String {
    let mut text = String::new();
    for (spec, probe) in model.limits.iter().zip(&outcome.limits) {
        if let LimitProbe::Concurrency(p) = probe
            && p.refused_by_class.len() > 1
            && p.refused > 0
        {
            let counts: Vec<String> = p.refused_by_class.iter().map(u64::to_string).collect();
            text += &format!(
                ";\n  {} refused by class, from 0: {}",
                spec.name,
                counts.join(", ")
            );
        }
    }
    text
}

/// A table of all breakers that were asked; empty if none was.
#[must_use]
pub fn breakers(outcome: &Outcome, model: &Model) -> String {
    let head = [
        "breaker", "calls", "rejected", "of all", "failed", "slow", "opened", "open",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for (spec, p) in model.breakers.iter().zip(&outcome.breakers) {
        let calls = p.permitted + p.rejected;
        if calls == 0 {
            continue;
        }
        rows.push([
            spec.name.clone(),
            calls.to_string(),
            p.rejected.to_string(),
            percent(p.rejected as f64 / calls as f64),
            p.failed.to_string(),
            p.slow.to_string(),
            p.opened.to_string(),
            percent(p.open.mean(outcome.end_time())),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    format!(
        "\n{}\n  of all: share of the calls; failed, slow: of those let through; open: share of the run\n",
        aligned(&rows)
    )
}
