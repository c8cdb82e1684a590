//! Measured and simulated numbers of a run beside one another, as a table and as CSV, and how a formula compares.

use std::fmt::Write;

use super::fit::{is_time, notes, number};
use super::readable;
use crate::study::fit::Case;
use crate::study::fit::distance::{Target, log_ratio};
use crate::study::fit::formula::Formula;
use crate::study::fit::quality::error;

/// What stands beside the numbers of a prediction.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// By how much each may be off by chance and for want of exact parameters.
    pub deviations: &'a [f64],
    /// What a formula says that was fitted to nothing but means.
    pub formula: Option<&'a Formula>,
}

impl Beside<'_> {
    fn formula(&self, target: &Target) -> Option<f64> {
        let reading = &target.reading;
        self.formula?.number(&reading.metric, reading.stat)
    }
}

/// What a table is of.
fn title(case: &Case, predicted: bool) -> String {
    let title = match predicted {
        false => "fitted to",
        true => "predicted (not fitted to)",
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
    out
}

/// Measured, fitted and error of every number of a run; and by how much the number of one run varies
/// by chance (one standard deviation), if several were simulated. A prediction has more beside it.
#[must_use]
pub fn table(case: &Case, values: &[f64], variances: &[f64], prediction: Option<Beside>) -> String {
    let mut out = title(case, prediction.is_some());
    let rows: Vec<(String, &Target, f64, f64, String)> = case
        .targets
        .iter()
        .zip(values.iter().zip(variances))
        .enumerate()
        .map(|(i, (t, (v, variance)))| {
            let name = format!("{} {}", t.reading.metric, t.reading.stat);
            let all = prediction.map(|beside| {
                let formula = beside.formula(t);
                let formula = formula.map(|value| number(value, is_time(t)));
                let off = 100.0 * beside.deviations[i];
                format!("  {off:>5.1} %  {:>12}", formula.unwrap_or_default())
            });
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
        prediction.map_or("", |_| "    ± all       formula"),
    );
    for (name, target, value, spread, all) in rows {
        let time = is_time(target);
        let mark = if target.scale.is_none() {
            "  (not fitted to)"
        } else {
            ""
        };
        let error = readable::error(error(target, value));
        let _ = writeln!(
            out,
            "  {name:width$}  {:>12}  {:>12}  {error:>8}  {:>7}{all}{mark}",
            number(target.reading.value, time),
            number(value, time),
            readable::spread(spread),
        );
    }
    if !case.unknown.is_empty() {
        let _ = writeln!(out, "  not in the model: {}", case.unknown.join(", "));
    }
    out
}

/// Measured and simulated numbers of a run as CSV lines: role, run, load, window, number, measured, model,
/// error, spread from run to run and, of a prediction, its deviation and the formula's value.
#[must_use]
pub fn csv_lines(
    case: &Case,
    values: &[f64],
    variances: &[f64],
    prediction: Option<Beside>,
) -> String {
    let role = prediction.map_or("fitted", |_| "predicted");
    let mut out = String::new();
    let window = match case.measured.window {
        Some(window) => window.to_string(),
        None => "all".to_string(),
    };
    let rows = case.targets.iter().zip(values.iter().zip(variances));
    for (i, (target, (value, variance))) in rows.enumerate() {
        let all = prediction.map(|beside| format!("{:.4}", beside.deviations[i]));
        let formula = prediction.and_then(|beside| beside.formula(target));
        let _ = writeln!(
            out,
            "{role},{},{},{window},{} {},{:.6},{:.6},{:.4},{:.4},{},{}",
            case.name,
            case.load,
            target.reading.metric,
            target.reading.stat,
            target.reading.value,
            value,
            error(target, *value),
            variance.sqrt(),
            all.unwrap_or_default(),
            formula.map(|f| format!("{f:.6}")).unwrap_or_default()
        );
    }
    out
}

/// How near a prediction came, and how near the formula, over the numbers that the formula has.
#[must_use]
pub fn against_formula(held: &[Case], values: &[Vec<f64>], formulas: &[Option<Formula>]) -> String {
    let (mut model, mut plain, mut numbers) = (0.0, 0.0, 0u32);
    let mut name = "";
    for ((case, values), formula) in held.iter().zip(values).zip(formulas) {
        let Some(formula) = formula else { continue };
        name = &formula.name;
        for (target, value) in case.targets.iter().zip(values) {
            let reading = &target.reading;
            let of_formula = formula.number(&reading.metric, reading.stat);
            if let (Some(plainly), Some(_)) = (of_formula, target.scale) {
                let (one, other) = (log_ratio(reading, *value), log_ratio(reading, plainly));
                (model, plain, numbers) = (model + one * one, plain + other * other, numbers + 1);
            }
        }
    }
    if numbers == 0 {
        return String::new();
    }
    let rms = |sum: f64| 100.0 * (sum / f64::from(numbers)).sqrt();
    let (model, plain) = (rms(model), rms(plain));
    let word = match model < plain {
        true => "the simulation is nearer",
        false => "the simulation adds nothing to the formula",
    };
    format!(
        "beside the formula, {name} on the fitted means: {model:.1} % against {plain:.1} % over {numbers} numbers; {word}\n"
    )
}
