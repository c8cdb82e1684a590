//! What retry policies did in a run: how often they acted, what they cost, and what they saved.

use crate::model::Model;
use crate::report::answers::seconds;
use crate::report::insight::aligned;
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
    format!(
        "\n{}\n  rescued: succeeded after a retry; failed: with all attempts, or with an outcome that is not \
         retried;\n  no budget: of these, those that the budget allowed no retry\n",
        aligned(&rows)
    )
}
