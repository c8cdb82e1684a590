//! Parameters by their effect, as text.

use std::fmt::Write;

use super::counted;
use crate::model::duration;
use crate::report::bottleneck::bottleneck;
use crate::study::answers::capacity::Cut;
use crate::study::answers::explain::{Effect, Explanation, Lever};
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
    if effect.change == 0.0 {
        return "0 %".to_owned();
    }
    let text = format!("{:+.1} %", 100.0 * effect.change);
    if effect.sure {
        text
    } else {
        format!("({text})")
    }
}

/// What the lower and the higher value of a parameter do to the number that a threshold compares.
#[must_use]
pub fn pair(lever: &Lever, threshold: usize) -> String {
    let (down, up) = lever.effects[threshold];
    if lever.only_up() {
        return format!("only up: {}", share(up));
    }
    if down.change == 0.0 && up.change == 0.0 {
        return "—".to_owned();
    }
    format!("{} / {}", share(down), share(up))
}

/// The number that a threshold compares in the model as it stands, with its unit.
#[must_use]
pub fn base(explanation: &Explanation, threshold: usize) -> String {
    let value = four_digits(explanation.base[threshold]);
    format!("{value}{}", explanation.units[threshold])
}

/// A value that was tried, as a reader would write it: times with a fitting unit.
#[must_use]
pub fn tried(text: &str) -> String {
    let bare = text.trim_matches('"');
    match bare.strip_suffix("ns").and(duration::parse(bare).ok()) {
        Some(span) => duration::print(span),
        None => bare.to_owned(),
    }
}

/// The factors of the load that were tried, where whole VUs or arrivals make them other than asked for.
fn steps_of_the_load(explanation: &Explanation) -> String {
    let Some(load) = explanation.levers.iter().find(|l| l.path == "load") else {
        return String::new();
    };
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    let now = number(&load.now);
    let far = |text: &String| ((number(text) / now - 1.0).abs() - explanation.share).abs() > 1e-6;
    let tried = match (load.only_up(), far(&load.tried.0), far(&load.tried.1)) {
        (true, _, _) => load.tried.1.clone(),
        (false, false, false) => return String::new(),
        _ => format!("{} and {}", load.tried.0, load.tried.1),
    };
    format!("  load: so few VUs or arrivals change by one at least; tried: {tried}\n")
}

/// Parameters by their effect, the first `most`.
#[must_use]
pub fn explain(explanation: &Explanation, most: usize) -> String {
    let by = four_digits(100.0 * explanation.share);
    let mut out = format!(
        "the model as it stands (mean of {})\n",
        counted(explanation.replications as f64, "run")
    );
    for (t, threshold) in explanation.thresholds.iter().enumerate() {
        let _ = writeln!(out, "  {threshold}: {}", base(explanation, t));
    }
    let _ = writeln!(out, "  {}", bottleneck(&explanation.account));
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
    let cells: Vec<Vec<String>> = shown
        .iter()
        .map(|lever| (0..heads.len()).map(|t| pair(lever, t)).collect())
        .collect();
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(t, head)| {
            let cells = cells.iter().map(|row| row[t].chars().count());
            cells.max().unwrap_or(0).max(head.chars().count())
        })
        .collect();
    let row = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths).map(|(c, w)| format!("  {c:>w$}"));
        cells.collect::<String>()
    };
    let head = row(&mut heads.iter().copied());
    let _ = writeln!(out, "  {:width$}  {:>10}{head}", "parameter", "now");
    for (lever, cells) in shown.iter().zip(&cells) {
        let cells = row(&mut cells.iter().map(String::as_str));
        let _ = writeln!(out, "  {:width$}  {:>10}{cells}", lever.path, lever.now);
    }
    if explanation.levers.len() > most {
        let _ = writeln!(
            out,
            "  … and {} with less effect",
            explanation.levers.len() - most
        );
    }
    out += &steps_of_the_load(explanation);
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
