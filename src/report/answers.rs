//! Capacity, comparison, sensitivity and bounds, as text.

use std::fmt::Write;

use crate::engine::Span;
use crate::model::duration;
use crate::study::answers::bounds::Analysis;
use crate::study::answers::capacity::{Answer, Question, Verdict};
use crate::study::answers::compare::{Row, Verdict as Difference};
use crate::study::answers::explain::{Effect, Explanation};
use crate::study::fit::free::{Unit, four_digits};

/// A value of a unit, four digits.
#[must_use]
pub fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => duration::print(Span::from_ns(four_digits(value))),
        Unit::Whole => format!("{value:.0}"),
        Unit::Number => format!("{}", four_digits(value)),
    }
}

/// Seconds with a unit.
fn seconds(s: f64) -> String {
    duration::print(Span::from_ns(four_digits(s * 1e9)))
}

/// What theory says of each scenario.
#[must_use]
pub fn bounds(analyses: &[Analysis]) -> String {
    let mut out = String::from("bounds (operational analysis, if all requests succeed)\n");
    for a in analyses {
        let _ = writeln!(
            out,
            "  {}: {} requests and {} of think time per iteration",
            a.scenario,
            four_digits(a.requests),
            seconds(a.think)
        );
        for d in &a.demands {
            let _ = writeln!(
                out,
                "    {}: {} per iteration on {} → at most {} iterations/s",
                d.name,
                seconds(d.demand),
                d.servers,
                four_digits(f64::from(d.servers) / d.demand)
            );
        }
        if let (Some(b), Some(first)) = (&a.bounds, a.demands.first()) {
            let _ = writeln!(
                out,
                "    bottleneck {}: X_max = {} iterations/s = {} requests/s",
                first.name,
                four_digits(b.max_throughput),
                four_digits(b.max_throughput * a.requests)
            );
            match (a.users, a.arrivals) {
                (Some(users), _) => {
                    let side = if users > b.knee { "beyond" } else { "below" };
                    let _ = writeln!(
                        out,
                        "    knee N* = {:.0} users; the peak of {users} is {side} it",
                        b.knee
                    );
                }
                (_, Some(rate)) => {
                    let share = 100.0 * rate / b.max_throughput;
                    let _ = writeln!(out, "    the peak of {rate}/s is {share:.1} % of X_max");
                }
                _ => {}
            }
        }
        if let Some(exact) = &a.exact {
            let _ = writeln!(
                out,
                "    exact, steady state at the peak, {}: {} iterations/s, mean response {}",
                exact.formula,
                four_digits(exact.throughput),
                seconds(exact.response)
            );
        }
        for note in &a.notes {
            let _ = writeln!(out, "    ({note})");
        }
    }
    out
}

/// All values tried, one a line.
fn tried(answer: &Answer) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:>12}  {:>4}  {:>7}  {:>12}",
        "value", "runs", "passing", "worst margin"
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
            100.0 * tried.worst().1
        );
    }
    out.push('\n');
    out
}

/// Where the thresholds hold or break out of turn.
fn not_monotone(answer: &Answer) -> String {
    let show = |v: f64| value(answer.unit, v);
    let mut out = String::new();
    if !answer.again.is_empty() {
        let again: Vec<String> = answer.again.iter().map(|v| show(*v)).collect();
        let _ = writeln!(
            out,
            "not monotone: elsewhere the thresholds hold again, at {}",
            again.join(", ")
        );
    }
    if !answer.before.is_empty() {
        let before: Vec<String> = answer.before.iter().map(|v| show(*v)).collect();
        let _ = writeln!(
            out,
            "not monotone: the thresholds do not hold at {} either, on the easier side",
            before.join(", ")
        );
    }
    out
}

/// The answer of a search for capacity.
#[must_use]
pub fn capacity(question: &Question, answer: &Answer, verbose: bool) -> String {
    let show = |v: f64| value(answer.unit, v);
    let mut out = if verbose {
        tried(answer)
    } else {
        String::new()
    };
    let (good, bad) = match question.minimise {
        true => ("smallest passing", "largest failing"),
        false => ("largest passing", "smallest failing"),
    };
    let end = |v: Option<f64>| v.map_or("none in the range".to_string(), show);
    let path = &question.path;
    let _ = writeln!(
        out,
        "{path}: {good} {}, {bad} {}",
        end(answer.passing),
        end(answer.failing)
    );
    if let (Some(estimate), true) = (answer.estimate, answer.failing.is_some()) {
        let _ = writeln!(out, "best estimate of the limit: {}", show(estimate));
    }
    if let Some(threshold) = &answer.breaks {
        let _ = writeln!(out, "breaks first: {threshold}");
    }
    if let Some((name, share)) = &answer.bottleneck {
        let _ = writeln!(
            out,
            "busiest there: {name}, {:.1} % on average",
            100.0 * share
        );
    }
    for a in &answer.agreement {
        let apart = (a.simulated - a.theory).abs() / a.theory.abs().max(1e-12);
        let word = if apart <= 0.05 { "agree" } else { "differ" };
        let _ = writeln!(
            out,
            "  {}: theory {}, simulation {}: they {word}",
            a.name,
            four_digits(a.theory),
            four_digits(a.simulated)
        );
    }
    if let (Some(now), Some(passing)) = (answer.now, answer.passing) {
        let room = if question.minimise {
            now / passing
        } else {
            passing / now
        };
        let _ = writeln!(
            out,
            "headroom: the model stands at {}, × {} of it {}",
            show(now),
            four_digits(room),
            if room >= 1.0 { "is left" } else { "must go" }
        );
    }
    out.push_str(&not_monotone(answer));
    let cut = if answer.cut_short {
        "; the budget ended the search"
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "{} runs simulated, seed {}{cut}",
        answer.runs, question.seed
    );
    out
}

/// The rows of a comparison; with `all`, also those without a difference that matters.
#[must_use]
pub fn compare(rows: &[Row], effect: f64, all: bool) -> String {
    let word = |v: Difference| match v {
        Difference::Better => "B better",
        Difference::Worse => "B worse",
        Difference::Same => "no difference that matters",
        Difference::Different => "different",
        Difference::Open => "open: more replications",
    };
    let shown: Vec<&Row> = rows
        .iter()
        .filter(|r| all || !matches!(r.verdict, Difference::Same))
        .collect();
    let width = shown
        .iter()
        .map(|r| r.name.chars().count())
        .max()
        .unwrap_or(6)
        .max(6);
    let mut out = String::new();
    if shown.is_empty() {
        let _ = writeln!(
            out,
            "no difference of {} % or more in any number",
            100.0 * effect
        );
        return out;
    }
    let _ = writeln!(
        out,
        "{:width$}  {:>10}  {:>10}  {:>10}  {:>23}  {:>9}  verdict",
        "number", "A", "B", "B - A", "95 %", "real runs"
    );
    for r in shown {
        let d = &r.difference;
        let interval = format!("[{}, {}]", four_digits(d.low()), four_digits(d.high()));
        let runs = r.real_runs.map_or("—".to_string(), |n| match n {
            n if n > 9999.0 => "> 9999".to_string(),
            n => format!("{n}"),
        });
        let _ = writeln!(
            out,
            "{:width$}  {:>10}  {:>10}  {:>10}  {interval:>23}  {runs:>9}  {}",
            r.name,
            four_digits(r.a).to_string(),
            four_digits(r.b).to_string(),
            four_digits(d.mean).to_string(),
            word(r.verdict)
        );
    }
    let count = |v: Difference| rows.iter().filter(|r| r.verdict == v).count();
    let _ = writeln!(
        out,
        "\nsmallest effect that matters: {} %; B better in {}, worse in {}, no difference in {}, open in {}",
        100.0 * effect,
        count(Difference::Better),
        count(Difference::Worse),
        count(Difference::Same),
        count(Difference::Open)
    );
    out
}

/// A change in per cent, in brackets if it may be chance.
fn share(effect: Effect) -> String {
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
    let mut out = String::from("the model as it stands\n");
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
        "\nchange of the number compared, parameter lower / higher; (…) may be chance"
    );
    let mut heads: Vec<String> = explanation.thresholds.clone();
    for head in &mut heads {
        // The limit is told above.
        let end = head.find(['<', '>', '=', '!']).unwrap_or(head.len());
        head.truncate(end);
    }
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
    out
}
