//! Parameters by their effect, as text.

use std::fmt::Write;

use super::counted;
use crate::study::answers::capacity::Cut;
use crate::study::answers::explain::{Effect, Explanation};
use crate::study::fit::free::four_digits;

/// The number that a threshold compares, without the limit: `http_req_duration p(95)`.
#[must_use]
pub fn compared(threshold: &str) -> &str {
    let end = threshold.rfind(' ').map_or(0, |space| {
        let limit = threshold[space..].find(['<', '>', '=', '!']);
        limit.map_or(threshold.len(), |at| space + at)
    });
    &threshold[..end]
}

/// A change in per cent, in brackets if it may be chance.
#[must_use]
pub fn share(effect: Effect) -> String {
    let text = format!("{:+.1} %", 100.0 * effect.change);
    if effect.sure {
        text
    } else {
        format!("({text})")
    }
}

/// Parameters by their effect, the first `most`.
#[must_use]
pub fn explain(explanation: &Explanation, most: usize) -> String {
    let by = four_digits(100.0 * explanation.share);
    let mut out = format!(
        "the model as it stands (mean of {})\n",
        counted(explanation.replications as f64, "run")
    );
    for (threshold, value) in explanation.thresholds.iter().zip(&explanation.base) {
        let _ = writeln!(out, "  {threshold}: {}", four_digits(*value));
    }
    let shown = &explanation.levers[..explanation.levers.len().min(most)];
    let width = shown
        .iter()
        .map(|l| l.path.chars().count())
        .max()
        .unwrap_or(9)
        .max(9);
    let _ = writeln!(
        out,
        "\nwhat each number becomes when one parameter is {by} % lower / {by} % higher (whole numbers by 1 \
         at least); changes in (…) may be chance"
    );
    // The limit is told above.
    let heads: Vec<&str> = explanation.thresholds.iter().map(|t| compared(t)).collect();
    let _ = writeln!(
        out,
        "  {:width$}  {:>10}  {}",
        "parameter",
        "now",
        heads.join("   ")
    );
    for lever in shown {
        let cells: Vec<String> = lever
            .effects
            .iter()
            .zip(&heads)
            .map(|((down, up), head)| {
                let cell = format!("{} / {}", share(*down), share(*up));
                format!("{cell:>w$}", w = head.chars().count())
            })
            .collect();
        let _ = writeln!(
            out,
            "  {:width$}  {:>10}  {}",
            lever.path,
            lever.now,
            cells.join("   ")
        );
    }
    if explanation.levers.len() > most {
        let _ = writeln!(
            out,
            "  … and {} with less effect",
            explanation.levers.len() - most
        );
    }
    for skipped in &explanation.skipped {
        let _ = writeln!(out, "  left out: {skipped}");
    }
    let _ = writeln!(out, "{} runs simulated", explanation.runs);
    let again = explanation.replications;
    match explanation.cut_short {
        Some(Cut::Time) => {
            let _ = writeln!(
                out,
                "the budget of time ended the study; `--replications {again}` gives this everywhere"
            );
        }
        Some(Cut::Runs) => {
            let _ = writeln!(out, "the budget of runs allowed {again} at each value");
        }
        None => {}
    }
    out
}
