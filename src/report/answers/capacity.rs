//! The answer of a search for capacity, as text.

use std::fmt::Write;

use super::{seconds, value};
use crate::report::bottleneck::bottleneck;
use crate::study::answers::capacity::{Agreement, Answer, Cut, Question, Verdict};
use crate::study::fit::free::four_digits;

/// The answer of a search for capacity.
#[must_use]
pub fn capacity(question: &Question, answer: &Answer, verbose: bool) -> String {
    let show = |v: f64| value(answer.unit, v);
    let mut out = if verbose {
        tried(question, answer)
    } else {
        String::new()
    };
    let (good, bad) = match question.minimise {
        true => ("smallest passing", "largest failing"),
        false => ("largest passing", "smallest failing"),
    };
    let end = |v: Option<f64>, holding: bool| match v {
        Some(v) => show(v),
        None if answer.any(holding) => "none for sure".to_string(),
        None if !reached(question, answer, holding) => {
            let (first, last) = span_tried(answer);
            format!("none of those tried ({} … {})", show(first), show(last))
        }
        None => "none in the range".to_string(),
    };
    let _ = writeln!(
        out,
        "{}: {good} {}, {bad} {}",
        question.path,
        end(answer.passing, true),
        end(answer.failing, false)
    );
    if let (Some(estimate), true) = (answer.estimate, answer.failing.is_some()) {
        let _ = writeln!(out, "best estimate of the limit: {}", show(estimate));
    }
    if let Some(text) = headroom(question, answer) {
        let _ = writeln!(out, "the model as it stands, {text}");
    }
    if let Some(threshold) = &answer.breaks {
        let _ = writeln!(out, "breaks first: {threshold}");
    }
    if let Some(at) = answer.failing.or(answer.passing) {
        let _ = writeln!(out, "at {}: {}", show(at), bottleneck(&answer.account));
    }
    out.push_str(&agreement(&answer.agreement));
    out.push_str(&not_monotone(answer));
    let (runs, seed) = (answer.runs, question.seed);
    let _ = writeln!(out, "{runs} runs simulated, seed {seed}");
    match answer.cut_short {
        Some(Cut::Runs) => out.push_str(
            "the budget of runs ended the search; with a larger one the interval may get narrower\n",
        ),
        Some(Cut::Time) => {
            let _ = writeln!(
                out,
                "the budget of time ended the search: the interval is how far it came, and another \
                 machine may come\nto another; `--budget runs={runs}` gives this one everywhere"
            );
        }
        None => {}
    }
    out
}

/// The least and the largest value tried.
fn span_tried(answer: &Answer) -> (f64, f64) {
    let values = answer.tried.iter().map(|tried| tried.value);
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    values.fold(none, |(low, high), v| (low.min(v), high.max(v)))
}

/// Whether the search has come to the end of the range at which thresholds hold most easily, or, if not `holding`, are
/// crossed most easily: a budget may have ended it before.
fn reached(question: &Question, answer: &Answer, holding: bool) -> bool {
    let (first, last) = span_tried(answer);
    match (answer.cut_short, question.minimise == holding) {
        (None, _) => true,
        (Some(_), true) => last >= question.high,
        (Some(_), false) => first <= question.low,
    }
}

/// All values tried, one a line.
fn tried(question: &Question, answer: &Answer) -> String {
    let mut out = String::new();
    let of = answer.breaks.as_deref().unwrap_or("the nearest threshold");
    let _ = writeln!(
        out,
        "margin: mean distance of {of} from its limit, in % of the limit"
    );
    let _ = writeln!(
        out,
        "{:>12}  {:>4}  {:>7}  {:>12}",
        question.path.rsplit('.').next().unwrap_or("value"),
        "runs",
        "passing",
        "margin"
    );
    for tried in &answer.tried {
        let word = match tried.verdict() {
            Verdict::Passes => "passes",
            Verdict::Fails => "fails",
            Verdict::Unsure => "unsure",
        };
        let _ = writeln!(
            out,
            "{:>12}  {:>4}  {:>7}  {:>+10.2} %  {word}",
            value(answer.unit, tried.value),
            tried.samples.len(),
            tried.passing_runs(),
            100.0 * tried.mean_margin(answer.critical)
        );
    }
    out.push('\n');
    out
}

/// Where the model's own value lies, and how far it is from the limit.
fn headroom(question: &Question, answer: &Answer) -> Option<String> {
    let now = answer.now?;
    let show = |v: f64| value(answer.unit, v);
    // Seen from the easier side: is a beyond b?
    let beyond = |a: f64, b: f64| if question.minimise { a < b } else { a > b };
    let from = |v: f64| format!("{} (× {})", show(v), four_digits(v / now));
    let stands = show(now);
    if answer.before.contains(&now) {
        return Some(format!("{stands}, fails: it is on the easier side"));
    }
    let text = match (answer.passing, answer.failing) {
        (Some(pass), _) if now == pass => {
            format!("{stands}, passes; it is the last value that passes for sure")
        }
        (Some(pass), fail) if beyond(pass, now) => {
            let end = if fail.is_none() {
                ", and perhaps beyond"
            } else {
                ""
            };
            let word = if question.minimise { "down" } else { "up" };
            format!("{stands}, passes; headroom: {word} to {}{end}", from(pass))
        }
        (pass, Some(fail)) if now == fail || beyond(now, fail) => match pass {
            Some(pass) => format!("{stands}, fails; it would have to come to {}", from(pass)),
            None if answer.any(true) => format!("{stands}, fails; no value passes for sure"),
            None => format!("{stands}, fails, and so does every value of the range"),
        },
        (Some(pass), Some(fail)) => {
            let (low, high) = if pass < fail {
                (pass, fail)
            } else {
                (fail, pass)
            };
            format!(
                "{stands}, stands within the unsure range {} … {}:\n  whether it passes is a matter of \
                 chance or of a closer look (`capsim run --replications 50`)",
                show(low),
                show(high)
            )
        }
        _ if (question.low..=question.high).contains(&now) => {
            let (first, last) = span_tried(answer);
            let (first, last) = (show(first), show(last));
            format!(
                "{stands}, was not come to: the budget ended the search, which tried {first} … {last}"
            )
        }
        _ => format!("{stands}, is outside the range that was searched"),
    };
    Some(text)
}

/// What theory and simulation say of the same numbers.
fn agreement(all: &[Agreement]) -> String {
    let mut out = String::new();
    for a in all {
        let apart = (a.simulated - a.theory).abs() / a.theory.abs().max(1e-12);
        let word = if apart <= 0.05 {
            "they agree".to_owned()
        } else {
            format!("they differ by {:.0} %", 100.0 * apart)
        };
        let (theory, simulated) = (four_digits(a.theory), four_digits(a.simulated));
        let _ = match &a.holding {
            None => writeln!(
                out,
                "  {}: theory {theory}, simulation {simulated}: {word}",
                a.name
            ),
            Some(holding) => writeln!(
                out,
                "  {}: throughput × holding time {theory}, simulation {simulated}: {word}\n    \
                 a token is held for {}, {:.0} % of it waiting for something else (at least {} if \
                 nobody waits)",
                a.name,
                seconds(holding.mean),
                100.0 * holding.waiting(),
                seconds(holding.least)
            ),
        };
    }
    out
}

/// Where the thresholds hold or break out of turn.
fn not_monotone(answer: &Answer) -> String {
    let list = |values: &[f64]| {
        let shown: Vec<String> = values.iter().map(|v| value(answer.unit, *v)).collect();
        shown.join(", ")
    };
    let mut out = String::new();
    if !answer.again.is_empty() {
        let again = list(&answer.again);
        let _ = writeln!(
            out,
            "not monotone: elsewhere the thresholds hold again, at {again}"
        );
    }
    if !answer.before.is_empty() {
        let before = list(&answer.before);
        let _ = writeln!(
            out,
            "not monotone: the thresholds do not hold at {before} either, on the easier side"
        );
    }
    out
}
