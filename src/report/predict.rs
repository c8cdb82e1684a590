//! A prediction, and how it did, as text.

use std::fmt::Write;

use super::fit::{fitted_to, number};
use crate::model::threshold::Aggregation;
use crate::study::fit::prediction::{Number, Prediction};
use crate::study::fit::read::{Measured, Stat};
use crate::study::fit::score::{Kept, Row, Score};

/// Misses shown.
const WORST: usize = 10;
/// Said of ranges of a model without `[fitted]`.
pub(super) const NEVER_FITTED: &str =
    "never fitted: parameters count as exact, and the ranges hold only if they are\n";
/// Shares of the uncertainty below this are not worth a line.
const LITTLE: f64 = 0.05;

pub(super) fn is_time(metric: &str, stat: &str) -> bool {
    let trend = ["http_req_", "iteration_duration", "group_duration"];
    trend.iter().any(|begin| metric.starts_with(begin))
        && !metric.starts_with("http_req_failed")
        && !matches!(stat, "count" | "rate")
}

/// Numbers that stand in the short table.
pub(super) fn is_main(number: &Number, thresholds: &[usize], at: usize) -> bool {
    let stat = match number.stat {
        Stat::Of(stat) => stat,
        _ => return false,
    };
    let main = match stat {
        Aggregation::Avg | Aggregation::Rate => true,
        Aggregation::Percentile(p) => p == 95.0 || (p == 90.0 && !number.metric.contains('{')),
        Aggregation::Med => !number.metric.contains('{'),
        _ => false,
    };
    main || thresholds.contains(&at)
}

/// Each number with its ranges, thresholds, exit code, and where the uncertainty comes from.
#[must_use]
pub fn prediction(p: &Prediction, model: &str, all: bool) -> String {
    let of = match p.window {
        Some(window) => format!(", {window} after the first request"),
        None => ", the whole run".to_owned(),
    };
    let mut out = format!("prediction of {model} at {}{of}\n", p.load);
    out.push_str(&match p.fitted {
        Some((low, high)) if p.peak > 1.05 * high => format!(
            "{}: extrapolating × {:.1}\n",
            fitted_to(p.runs, &low, &high),
            p.peak / high
        ),
        Some((low, high)) => format!("{}\n", fitted_to(p.runs, &low, &high)),
        None => NEVER_FITTED.to_owned(),
    });
    out.push_str(&misfit(p));
    let _ = writeln!(
        out,
        "{} runs simulated, seed {}, each under parameters, a speed and a lack drawn anew{}\n",
        p.draws,
        p.seed,
        match p.structures {
            0 | 1 => String::new(),
            n => format!("; as many of each of {n} structures"),
        }
    );
    out.push_str(&table(p, all));
    out.push_str(&half_width(p.half_width(), "  "));
    if let Some(formula) = &p.formula {
        let _ = writeln!(out, "  formula: {formula} on the fitted means");
    }
    out.push_str(&verdicts(p));
    out.push_str(&uncertainty(p));
    out
}

/// The ranges of a run's numbers, as they stand below its summary; thresholds and exit code if they are evaluated.
#[must_use]
pub fn ranges(p: &Prediction, thresholds: bool) -> String {
    let mut out = format!(
        "\nranges of all runs to come, from {} runs, seed {}, each under parameters, a speed and a lack drawn anew\n{}",
        p.draws,
        p.seed,
        table(p, false)
    );
    out.push_str(&half_width(p.half_width(), "  "));
    if p.fitted.is_none() {
        out.push_str(NEVER_FITTED);
    }
    out.push_str(&misfit(p));
    if thresholds && !p.thresholds.is_empty() {
        out.push_str(&verdicts(p));
    }
    out
}

/// That the model does not describe the very runs that it was fitted to; empty if it does.
fn misfit(p: &Prediction) -> String {
    p.misfit.map_or_else(String::new, |off| {
        format!(
            "the fit was bad: off by {:.0} % (root mean square) of the runs that it was fitted to, and what is predicted \
             may be off by as much; `capsim fit` says which runs, and what to do\n",
            100.0 * off
        )
    })
}

/// How likely each threshold is to pass, and each exit code.
fn verdicts(p: &Prediction) -> String {
    let mut out = String::new();
    if !p.thresholds.is_empty() || !p.unpredicted.is_empty() {
        out.push_str("\nthresholds\n");
    }
    for one in &p.unpredicted {
        let _ = writeln!(
            out,
            "  {one}: not predicted, and not in the exit code below"
        );
    }
    for verdict in &p.thresholds {
        let _ = writeln!(
            out,
            "  {} {}: passes with probability {}",
            verdict.metric,
            verdict.expression,
            percent(verdict.passes)
        );
    }
    let codes: Vec<String> = p
        .codes
        .iter()
        .map(|(code, share)| format!("{code} ({})", percent(*share)))
        .collect();
    let _ = writeln!(
        out,
        "\nexit code that k6 will most likely give: {}",
        codes.join(", ")
    );
    out
}

/// Each number with its ranges.
fn table(p: &Prediction, all: bool) -> String {
    let mut out = String::new();
    let asked: Vec<usize> = p.thresholds.iter().map(|v| v.number).collect();
    let shown: Vec<&Number> = p
        .numbers
        .iter()
        .enumerate()
        .filter(|(i, n)| all || is_main(n, &asked, *i))
        .map(|(_, n)| n)
        .collect();
    let width = shown.iter().map(|n| n.name().chars().count()).max();
    let width = width.unwrap_or(6).max(6);
    let _ = writeln!(
        out,
        "  {:width$}  {:>10}  {:>25}  {:>25}  {:>10}",
        "number", "median", "80 %", "95 %", "formula"
    );
    for n in shown {
        let time = is_time(&n.metric, &n.stat.to_string());
        let range = |share: f64| {
            let (low, high) = n.range(share);
            format!("{} … {}", short(low, time), short(high, time))
        };
        let formula = n.formula.map(|f| short(f, time));
        let _ = writeln!(
            out,
            "  {:width$}  {:>10}  {:>25}  {:>25}  {:>10}",
            n.name(),
            short(n.quantile(0.5), time),
            range(0.8),
            range(0.95),
            formula.unwrap_or_default()
        );
    }
    out
}

/// How wide the ranges are.
fn half_width(of_median: Option<f64>, indent: &str) -> String {
    match of_median {
        Some(width) => format!(
            "{indent}median half-width of the 95 % ranges: {:.1} % of the number's median\n",
            100.0 * width
        ),
        None => String::new(),
    }
}

/// Where the uncertainty comes from, and what would help.
fn uncertainty(p: &Prediction) -> String {
    let mut out = String::new();
    let at = p.in_question();
    let name = p.numbers.get(at).map(Number::name).unwrap_or_default();
    let _ = writeln!(out, "\nwhere the uncertainty of {name} comes from");
    for (words, share) in p.shares(at).words(&p.names) {
        if share >= LITTLE {
            let _ = writeln!(out, "  {:>4}  {words}", percent(share));
        }
    }
    if let Some((words, factor)) = p.measurements(at).first() {
        let _ = writeln!(
            out,
            "cheapest remedy: {words}; its range would be about {} narrower",
            percent(1.0 - factor)
        );
    }
    out
}

/// A number with three digits, which are enough for one that is known to a few per cent.
pub(super) fn short(x: f64, time: bool) -> String {
    match time {
        true if (100.0..1000.0).contains(&x.abs()) => format!("{x:.0} ms"),
        true if (10.0..100.0).contains(&x.abs()) => format!("{x:.1} ms"),
        _ if x.abs() >= 100.0 => number(if time { x } else { x.round() }, time),
        _ => number(x, time),
    }
}

pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        x if x > 0.0 && x < 1.0 => "< 1 %".to_owned(),
        x if x > 99.0 && x < 100.0 => "> 99 %".to_owned(),
        x => format!("{x:.0} %"),
    }
}

/// How a prediction did against a run.
#[must_use]
pub fn score(score: &Score, kept: &Kept, run: &Measured, all: bool) -> String {
    let n = score.rows.len();
    let inside = |pick: fn(&Row) -> bool| score.rows.iter().filter(|row| pick(row)).count();
    let mut out = format!(
        "{n} numbers of the prediction ({}) were measured\n",
        kept.load
    );
    for said in &run.said {
        let _ = writeln!(out, "! {said}");
    }
    if let Some(vus) = run.peak_vus
        && kept.load.ends_with("VUs")
        && !kept.load.starts_with(&format!("{vus} "))
    {
        let _ = writeln!(
            out,
            "! the run had {vus} VUs, and the prediction is of {}",
            kept.load
        );
    }
    let _ = writeln!(
        out,
        "inside 95 %: {} of {n}; inside 80 %: {} of {n}",
        inside(|row| row.in_95),
        inside(|row| row.in_80)
    );
    out.push_str(&half_width(score.half_width(), ""));
    let _ = writeln!(
        out,
        "score (CRPS of the logarithm, a relative error): {:.1} %",
        100.0 * score.crps()
    );
    if let (Some((own, formula, numbers)), Some(name)) = (score.against_formula(), &kept.formula) {
        let word = match own < formula {
            true => "the simulation is better",
            false => "the simulation adds nothing",
        };
        let _ = writeln!(
            out,
            "beside the formula, {name}: {:.1} % against {:.1} % over {numbers} numbers; {word}",
            100.0 * own,
            100.0 * formula
        );
    }
    for judged in &score.thresholds {
        let held = match judged.held {
            true => "passed",
            false => "was crossed",
        };
        let _ = writeln!(
            out,
            "{} {} {held}; predicted to pass with probability {}",
            judged.threshold.metric,
            judged.threshold.expression,
            percent(judged.threshold.passes)
        );
    }
    out.push_str(&rows(score, all));
    if let Some(cause) = score.likely_cause() {
        let _ = writeln!(out, "likely cause: {cause}");
    }
    out
}

/// What was missed, or everything.
fn rows(score: &Score, all: bool) -> String {
    let mut out = String::new();
    let mut rows: Vec<&Row> = score.rows.iter().filter(|row| all || !row.in_95).collect();
    if !all {
        rows.sort_by(|a, b| b.crps.total_cmp(&a.crps));
        rows.truncate(WORST);
    }
    if !rows.is_empty() {
        let title = if all {
            "all numbers"
        } else {
            "missed, the worst first"
        };
        let names = rows
            .iter()
            .map(|r| r.number.metric.len() + r.number.stat.len() + 1);
        let width = names.max().unwrap_or(6);
        let _ = writeln!(
            out,
            "\n  {title:width$}  {:>10}  {:>10}  {:>25}  {:>9}  {:>8}",
            "measured", "median", "95 %", "half", "score"
        );
        for row in rows {
            let time = is_time(&row.number.metric, &row.number.stat);
            let (low, high) = row.number.range_95;
            let range = format!("{} … {}", short(low, time), short(high, time));
            let half = row.number.half_width();
            let half = half.map_or_else(|| "-".to_owned(), |w| format!("{:.1} %", 100.0 * w));
            let mark = match (row.in_95, row.in_80) {
                (false, _) => "  outside",
                (true, false) => "  outside 80 %",
                (true, true) => "",
            };
            let _ = writeln!(
                out,
                "  {:width$}  {:>10}  {:>10}  {range:>25}  {half:>9}  {:>6.1} %{mark}",
                format!("{} {}", row.number.metric, row.number.stat),
                short(row.measured, time),
                short(row.number.median, time),
                100.0 * row.crps,
            );
        }
    }
    out
}
