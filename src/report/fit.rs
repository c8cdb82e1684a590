//! The result of a fit, as text.

use std::fmt::Write;

use crate::model::threshold::Aggregation;
use crate::report::answers::left_out;
use crate::study::fit::distance::Target;
use crate::study::fit::free::four_digits;
use crate::study::fit::knee::{Knee, Range};
use crate::study::fit::quality::{Blind, Quality, error};
use crate::study::fit::read::Stat;
use crate::study::fit::{Case, Fit};

/// Measured, fitted and error of every number of a run; and by how much the number of one run varies
/// by chance (one standard deviation), if several were simulated. Of a prediction also by how much it
/// may be off by chance and for want of exact parameters (`deviations`).
#[must_use]
pub fn table(
    case: &Case,
    values: &[f64],
    variances: &[f64],
    deviations: Option<&Vec<f64>>,
) -> String {
    let title = match deviations {
        None => "fitted to",
        Some(_) => "predicted (not fitted to)",
    };
    let of = match case.measured.window {
        Some(window) => format!(", {window} after the first request began"),
        None => String::new(),
    };
    let mut out = format!(
        "\n{title} {} ({}, {}{of})\n",
        case.name, case.measured.form, case.load
    );
    out.push_str(&notes(case));
    let rows: Vec<(String, &Target, f64, f64, String)> = case
        .targets
        .iter()
        .zip(values.iter().zip(variances))
        .enumerate()
        .map(|(i, (t, (v, variance)))| {
            let name = format!("{} {}", t.reading.metric, t.reading.stat);
            let all = deviations.map(|all| format!("  {:>5.1} %", 100.0 * all[i]));
            (name, t, *v, variance.sqrt(), all.unwrap_or_default())
        })
        .collect();
    let width = rows
        .iter()
        .map(|r| r.0.chars().count())
        .max()
        .unwrap_or(0)
        .max(6);
    let _ = writeln!(
        out,
        "  {:width$}  {:>12}  {:>12}  {:>8}  {:>7}{}",
        "metric",
        "measured",
        "model",
        "error",
        "± run",
        deviations.map_or("", |_| "    ± all"),
    );
    for (name, target, value, spread, all) in rows {
        let time = is_time(target);
        let mark = if target.scale.is_none() {
            "  (not fitted to)"
        } else {
            ""
        };
        let error = error(target, value);
        let error = match error.is_finite() {
            true => format!("{:+.1} %", 100.0 * error),
            false => "—".to_string(),
        };
        let _ = writeln!(
            out,
            "  {name:width$}  {:>12}  {:>12}  {error:>8}  {:>5.1} %{all}{mark}",
            number(target.reading.value, time),
            number(value, time),
            100.0 * spread,
        );
    }
    if !case.unknown.is_empty() {
        let _ = writeln!(out, "  not in the model: {}", case.unknown.join(", "));
    }
    out
}

/// What a reader should know of a run before its numbers.
fn notes(case: &Case) -> String {
    let mut out = String::new();
    for note in &case.notes {
        let _ = writeln!(out, "  ! {note}");
    }
    if case.measured.coarse {
        out.push_str(
            "  ! its times are whole seconds, and so the window's edges are known to a second;\n",
        );
        out.push_str("    k6 writes finer ones with K6_CSV_TIME_FORMAT=unix_micro\n");
    }
    out
}

/// Measured and simulated numbers of a run as CSV lines: role, run, load, window, number, measured, model,
/// error, spread from run to run and, of a prediction, its deviation.
#[must_use]
pub fn csv_lines(
    case: &Case,
    values: &[f64],
    variances: &[f64],
    deviations: Option<&Vec<f64>>,
) -> String {
    let role = deviations.map_or("fitted", |_| "predicted");
    let mut out = String::new();
    let window = match case.measured.window {
        Some(window) => window.to_string(),
        None => "all".to_string(),
    };
    let rows = case.targets.iter().zip(values.iter().zip(variances));
    for (i, (target, (value, variance))) in rows.enumerate() {
        let all = deviations.map(|all| format!("{:.4}", all[i]));
        let _ = writeln!(
            out,
            "{role},{},{},{window},{} {},{:.6},{:.6},{:.4},{:.4},{}",
            case.name,
            case.load,
            target.reading.metric,
            target.reading.stat,
            target.reading.value,
            value,
            error(target, *value),
            variance.sqrt(),
            all.unwrap_or_default()
        );
    }
    out
}

pub(super) fn is_time(target: &Target) -> bool {
    let metric = &target.reading.metric;
    let trend = metric.starts_with("http_req_duration")
        || metric.starts_with("iteration_duration")
        || metric.starts_with("group_duration");
    trend && !matches!(target.reading.stat, Stat::Of(Aggregation::Count))
}

/// A number with a unit where it is a time.
pub(super) fn number(value: f64, time: bool) -> String {
    match (time, value) {
        (true, ms) if ms >= 1000.0 => format!("{:.3} s", ms / 1000.0),
        (true, ms) => format!("{ms:.2} ms"),
        (false, n) if n.fract() == 0.0 => format!("{n}"),
        (false, n) => format!("{n:.1}"),
    }
}

/// Parameters with intervals, what cannot be told apart, the range of load and a word on quality.
#[must_use]
pub fn parameters(fit: &Fit, quality: &Quality) -> String {
    let mut out = String::from(match fit.free.is_empty() {
        true => "\nno parameter was free: the model is compared as it is\n",
        false => "\nparameters\n",
    });
    let width = fit
        .free
        .iter()
        .map(|f| f.name.chars().count())
        .max()
        .unwrap_or(0);
    for (free, p) in fit.free.iter().zip(&quality.parameters) {
        let (low, high) = p.interval;
        let interval = format!("{} … {}", free.shown(low), free.shown(high));
        let note = match (p.determined, p.at_bound) {
            (false, _) => "  not determined by the data",
            (true, true) => "  at its bound: give it more room",
            _ => "",
        };
        let _ = writeln!(
            out,
            "  {:width$}  {:>10}  [{interval}]{note}",
            free.name,
            free.shown(p.value)
        );
    }
    for blind in &quality.blind {
        out.push_str(&blind_words(fit, blind));
    }
    let peaks = fit.cases.iter().map(|c| c.peak);
    let low = peaks.clone().fold(f64::INFINITY, f64::min);
    let high = peaks.fold(0.0, f64::max);
    let unit = if fit.cases.iter().any(|c| c.load.ends_with("/s")) {
        "arrivals/s"
    } else {
        "VUs"
    };
    let _ = writeln!(
        out,
        "\nload covered by the data: {low} to {high} {unit} at the peak"
    );
    let _ = writeln!(out, "fit: {}", quality.words());
    out
}

/// An interval whose ends are so many times apart says nothing.
const WIDE: f64 = 1000.0;

/// The knee, named before anybody has measured it.
#[must_use]
pub fn knee(knee: &Knee) -> String {
    let range = |r: Range| {
        if r.high.is_nan() || r.high > WIDE * r.low {
            let value = four_digits(r.value);
            return format!("{value} [the data do not determine it]");
        }
        format!(
            "{} [{} … {}]",
            four_digits(r.value),
            four_digits(r.low),
            four_digits(r.high)
        )
    };
    format!(
        "knee of the fitted model: {} users, at most {} requests/s, bounded by {}{}\n",
        range(knee.users),
        range(knee.requests),
        knee.bottleneck,
        left_out(&knee.left_out)
    )
}

fn blind_words(fit: &Fit, blind: &Blind) -> String {
    let names: Vec<&str> = blind
        .members
        .iter()
        .map(|m| fit.free[m.0].name.as_str())
        .collect();
    let what = match (names.as_slice(), blind.members.as_slice()) {
        ([one], _) => format!("the data do not determine {one}"),
        ([a, b], [_, (_, v)]) if *v < 0.0 => {
            format!("{a} and {b} cannot be told apart: only (about) their product is determined")
        }
        ([a, b], _) => {
            format!("{a} and {b} cannot be told apart: only (about) their ratio is determined")
        }
        _ => format!("{} cannot be told apart", names.join(", ")),
    };
    format!("  ! {what};\n    {}\n", blind.advice)
}
