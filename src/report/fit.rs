//! The result of a fit, as text.

use std::fmt::{Display, Write};

use super::format::plural;
use super::readable;
use crate::model::threshold::Aggregation;
use crate::report::answers::left_out;
use crate::study::fit::distance::Target;
use crate::study::fit::free::four_digits;
use crate::study::fit::knee::{Knee, Range};
use crate::study::fit::names::Named;
use crate::study::fit::quality::{Blind, Quality, size};
use crate::study::fit::read::{Stat, is_part_of_request};
use crate::study::fit::structure::Choice;
use crate::study::fit::{Case, Fit};
use crate::study::runner::Unended;

/// What a reader should know of a run before its numbers.
pub(super) fn notes(case: &Case) -> String {
    let mut out = String::new();
    for note in &case.notes {
        let _ = writeln!(out, "  ! {note}");
    }
    if case.measured.readings.iter().any(|r| r.hidden.is_some()) {
        out.push_str(
            "  ! some numbers are rounded: one that would be written the same is not an error\n",
        );
    }
    if case.measured.coarse {
        out.push_str(
            "  ! its times are whole seconds, and so the window's edges are known to a second;\n",
        );
        out.push_str("    k6 writes finer ones with K6_CSV_TIME_FORMAT=unix_micro\n");
    }
    out
}

pub(super) fn is_time(target: &Target) -> bool {
    let metric = &target.reading.metric;
    let trend = metric.starts_with("http_req_duration")
        || is_part_of_request(metric)
        || metric.starts_with("iteration_duration")
        || metric.starts_with("group_duration");
    trend && !matches!(target.reading.stat, Stat::Of(Aggregation::Count))
}

/// A number with a unit where it is a time.
pub(super) fn number(value: f64, time: bool) -> String {
    match time {
        true => readable::time(value),
        false => readable::plain(value),
    }
}

/// To how many runs a model was fitted, and of which loads.
pub(super) fn fitted_to<T: Display + PartialEq>(runs: usize, low: &T, high: &T) -> String {
    let loads = match low == high {
        true => format!("at {low}"),
        false => format!("of {low} to {high}"),
    };
    format!("fitted to {runs} run{} {loads}", plural(runs as u64))
}

/// Loads fitted to, and their unit.
pub(super) fn covered(fit: &Fit) -> (f64, f64, &'static str) {
    let peaks = fit.cases.iter().map(|c| c.peak);
    let low = peaks.clone().fold(f64::INFINITY, f64::min);
    let high = peaks.fold(0.0, f64::max);
    let unit = if fit.cases.iter().any(|c| c.load.ends_with("/s")) {
        "arrivals/s"
    } else {
        "VUs"
    };
    (low, high, unit)
}

/// Parameters with intervals, what cannot be told apart, the range of load and a word on quality.
#[must_use]
pub fn parameters(fit: &Fit, quality: &Quality) -> String {
    let mut out = String::from(match fit.free.is_empty() {
        true => "\nno parameter was free: the model is compared as it is\n",
        false => "\nparameters\n",
    });
    for line in parameter_lines(fit, quality) {
        out.push_str(&line);
    }
    for blind in &quality.blind {
        out.push_str(&blind_words(fit, blind));
    }
    let (low, high, unit) = covered(fit);
    let _ = writeln!(
        out,
        "\nload covered by the data: {low} to {high} {unit} at the peak"
    );
    let _ = writeln!(out, "fit: {}", quality.words());
    out.push_str(&quality.untried_words());
    out.push_str(&quality.undescribed.words());
    out
}

pub(super) fn parameter_lines(fit: &Fit, quality: &Quality) -> Vec<String> {
    let mut lines = Vec::new();
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
        lines.push(format!(
            "  {:width$}  {:>10}  [{interval}]{note}\n",
            free.name,
            free.shown(p.value)
        ));
    }
    lines
}

/// An interval whose ends differ by this factor says nothing.
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

pub(super) fn blind_words(fit: &Fit, blind: &Blind) -> String {
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

/// What was freed by a name, as `--free` would have it.
#[must_use]
pub fn freed(named: &Named) -> String {
    if named.free.is_empty() {
        return String::new();
    }
    let mut text = "free by name, the ranges made of the model's own values\n".to_owned();
    for free in &named.free {
        let (low, high) = (free.shown(free.low), free.shown(free.high));
        text.push_str(&format!("  --free '{}={low}..{high}'\n", free.name));
    }
    if !named.left.is_empty() {
        text.push_str(&format!(
            "left as written, for hardly any other value is valid: {}\n",
            named.left.join(", ")
        ));
    }
    text.push('\n');
    text
}

/// What a reader of a fit should know of runs that came to no end.
#[must_use]
pub fn unended(unended: &Unended) -> String {
    match unended.runs {
        0 => String::new(),
        runs => format!(
            "{runs} run{} came to no end, and the values tried there do not count. The first: {}\n",
            plural(runs),
            unended.why
        ),
    }
}

/// Which structures were tried, and which was taken.
#[must_use]
pub fn structures(choice: &Choice) -> String {
    let mut rows =
        vec![["structure", "free", "lower loads", "highest load", ""].map(str::to_owned)];
    for (at, tried) in choice.tried.iter().enumerate() {
        let taken = match at == choice.taken {
            true => "taken",
            false if choice.is_as_near(at) => "as near",
            false => "",
        };
        rows.push([
            tried.name.clone(),
            tried.free.to_string(),
            size(tried.fitted),
            size(tried.predicted),
            taken.to_owned(),
        ]);
    }
    let width = |column: usize| {
        rows.iter()
            .map(|r| r[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = format!(
        "structures, each fitted to all runs but those of {}, and how far it is from either\n",
        choice.left_out
    );
    for row in &rows {
        let line = format!(
            "  {:<a$}  {:>b$}  {:>c$}  {:>d$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            a = widths[0],
            b = widths[1],
            c = widths[2],
            d = widths[3]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(
        "  another than the first is taken if it is nearer to the highest load by a tenth\n",
    );
    if (0..choice.tried.len()).any(|at| choice.is_as_near(at)) {
        text.push_str(
            "  as near: neither is nearer by a tenth; where it is fitted, too, `capsim predict FITTED --or OTHER` draws \
             from both\n",
        );
    }
    text.push('\n');
    text
}
