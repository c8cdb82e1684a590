//! A comparison of two designs, as text.

use std::fmt::Write;

use crate::study::answers::compare::{Comparison, Row, Verdict};
use crate::study::fit::free::four_digits;

/// A verdict in words.
#[must_use]
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "B better",
        Verdict::Worse => "B worse",
        Verdict::Same => "no difference that matters",
        Verdict::Different => "different",
        Verdict::Open => "open: more replications would tell",
    }
}

/// B - A as a share of A, with the half-width of its interval, in per cent.
#[must_use]
pub fn relative(row: &Row) -> Option<(f64, f64)> {
    let scale = 100.0 / row.a.abs();
    let (change, half) = (
        row.difference.mean * scale,
        row.difference.half_width * scale,
    );
    (change.is_finite() && half.is_finite()).then_some((change, half))
}

/// How many runs a real test needs.
#[must_use]
pub fn real_runs(row: &Row) -> String {
    match row.real_runs {
        None => "—".to_owned(),
        Some(n) if n > 9999.0 => "> 9999".to_owned(),
        Some(n) => format!("{n}"),
    }
}

/// How the verdicts are spread, in one line.
#[must_use]
pub fn tally(comparison: &Comparison) -> String {
    let count = |v: Verdict| comparison.rows.iter().filter(|r| r.verdict == v).count();
    format!(
        "Of {} numbers B is better in {}, worse in {}, different in {}; no difference that matters \
         (of {} % of A or more) in {}, open in {}",
        comparison.rows.len(),
        count(Verdict::Better),
        count(Verdict::Worse),
        count(Verdict::Different),
        four_digits(100.0 * comparison.effect),
        count(Verdict::Same),
        count(Verdict::Open)
    )
}

/// A comparison; with `all`, also the numbers without a difference that matters.
#[must_use]
pub fn compare(comparison: &Comparison, all: bool) -> String {
    let shown: Vec<&Row> = comparison
        .rows
        .iter()
        .filter(|r| all || r.verdict != Verdict::Same)
        .collect();
    let mut out = String::new();
    if !shown.is_empty() {
        out.push_str(&table(&shown));
        out.push('\n');
    }
    let _ = writeln!(out, "{}", tally(comparison));
    if !shown.is_empty() {
        out.push_str(
            "real runs: how many of each design a real test needs to see the difference (two-sided \
             paired t test, level 5 %, power 80 %)\n",
        );
    }
    out
}

fn table(rows: &[&Row]) -> String {
    let widest = rows.iter().map(|r| r.name.chars().count()).max();
    let width = widest.unwrap_or(6).max(6);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:width$}  {:>10}  {:>10}  {:>10}  {:>9}  {:>23}  {:>9}  verdict",
        "number", "A", "B", "B - A", "of A", "95 % of B - A", "real runs"
    );
    for r in rows {
        let d = &r.difference;
        let interval = format!("[{}, {}]", four_digits(d.low()), four_digits(d.high()));
        let share = relative(r).map_or("—".to_owned(), |(change, _)| format!("{change:+.1} %"));
        let _ = writeln!(
            out,
            "{:width$}  {:>10}  {:>10}  {:>10}  {share:>9}  {interval:>23}  {:>9}  {}",
            r.name,
            four_digits(r.a).to_string(),
            four_digits(r.b).to_string(),
            four_digits(d.mean).to_string(),
            real_runs(r),
            verdict(r.verdict)
        );
    }
    out
}
