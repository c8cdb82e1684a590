//! What retry policies and deadlines did in a run: how often they acted, what they cost, and what they saved.

use crate::model::Model;
use crate::report::answers::seconds;
use crate::report::resources::{aligned, percent};
use crate::world::outcome::Outcome;

/// A table of all policies that were used; empty if none was.
#[must_use]
pub fn table(outcome: &Outcome, model: &Model) -> String {
    let head = [
        "retry policy",
        "requests",
        "retries",
        "attempts each",
        "rescued",
        "failed",
        "no budget",
        "mean pause",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    let policies = model.retries.iter().zip(&outcome.retries);
    for (spec, p) in policies.filter(|(_, p)| p.requests > 0) {
        let pause = p.paused as f64 / 1e9 / p.retries.max(1) as f64;
        rows.push([
            spec.name.clone(),
            p.requests.to_string(),
            p.retries.to_string(),
            format!("{:.2}", p.amplification()),
            p.rescued.to_string(),
            p.failed().to_string(),
            match spec.budget {
                Some(_) => p.denied.to_string(),
                None => "-".to_owned(),
            },
            seconds(pause),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    let hedged = hedges(outcome, model);
    format!(
        "\n{}\n  rescued: succeeded after a retry; failed: with all attempts, or with an outcome that is not \
         retried;\n  no budget: of these, those that the budget allowed no retry\n{hedged}",
        aligned(&rows)
    )
}

/// A table of the policies that hedge; empty if none does.
fn hedges(outcome: &Outcome, model: &Model) -> String {
    let head = [
        "hedged by",
        "attempts",
        "second copies",
        "share",
        "they won",
        "no budget",
        "lost copies",
        "mean time under way",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    let policies = model.retries.iter().zip(&outcome.retries);
    for (spec, p) in policies.filter(|(spec, p)| p.requests > 0 && spec.hedge.is_some()) {
        let attempts = p.requests + p.retries;
        let lost = p.hedges_wasted as f64 / 1e9 / p.hedges_lost.max(1) as f64;
        rows.push([
            spec.name.clone(),
            attempts.to_string(),
            p.hedges.to_string(),
            percent(p.hedges as f64 / attempts as f64),
            p.hedges_won.to_string(),
            match spec.budget {
                Some(_) => p.hedges_denied.to_string(),
                None => "-".to_owned(),
            },
            p.hedges_lost.to_string(),
            seconds(lost),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    format!(
        "\n{}\n  they won: the second copy gave the first good answer; lost copies: under way when the other had \
         answered, and dropped\n  then if the hedge has `cancel`\n",
        aligned(&rows)
    )
}

/// For which requests no more was begun because their deadline was past; empty if there were none.
#[must_use]
pub fn too_late(outcome: &Outcome, model: &Model) -> String {
    let all = model.endpoints.iter().zip(&outcome.too_late);
    let parts: Vec<String> = all
        .filter(|(_, n)| **n > 0)
        .map(|(endpoint, n)| format!("{} {n}", endpoint.name))
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "\n  Past their deadline, and dropped instead of being worked on: {}\n",
        parts.join(", ")
    )
}
