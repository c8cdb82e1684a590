//! The result of a fit on one page of a terminal.

use std::fmt::Write;

use super::fit::{blind_words, covered, fitted_to, is_time, knee, notes, number, parameter_lines};
use super::readable;
use crate::study::fit::distance::log_ratio;
use crate::study::fit::free::four_digits;
use crate::study::fit::knee::Knee;
use crate::study::fit::quality::{Quality, error};
use crate::study::fit::{Case, Fit};

/// Misses in the short account.
const WORST: usize = 10;
/// Parameters and combinations in the short account.
const MAX_PARAMETERS: (usize, usize) = (14, 2);

/// The short account: the verdict and up to which load it holds, parameters, the knee, and the worst misses.
#[must_use]
pub fn short(fit: &Fit, quality: &Quality, at: Option<&Knee>, runs: &[Shown]) -> String {
    let mut out = format!("fit: {}\n", quality.words());
    out.push_str(&quality.untried_words());
    out.push_str(&quality.undescribed.words());
    let (low, high, unit) = covered(fit);
    let _ = write!(out, "{} {unit}", fitted_to(fit.cases.len(), &low, &high));
    let _ = match at {
        Some(knee) if !fit.free.is_empty() => writeln!(
            out,
            "; beyond that, `capsim predict` says how sure it is, the knee being at {} users",
            four_digits(knee.users.value)
        ),
        _ => writeln!(out),
    };
    for run in runs {
        let notes = notes(run.case);
        if !notes.is_empty() {
            let _ = write!(out, "{}\n{notes}", run.case.name);
        }
    }
    let all = parameter_lines(fit, quality);
    if !all.is_empty() {
        out.push_str("\nparameters, with the interval of 95 %\n");
        out.push_str(&first(&all, MAX_PARAMETERS.0));
    }
    let blind: Vec<String> = quality.blind.iter().map(|b| blind_words(fit, b)).collect();
    out.push_str(&first(&blind, MAX_PARAMETERS.1));
    if let Some(at) = at {
        out.push_str(&knee(at));
    }
    out.push_str(&worst(runs));
    out
}

/// The first `most` lines, and how many more there are.
fn first(lines: &[String], most: usize) -> String {
    let mut out: String = lines.iter().take(most).map(String::as_str).collect();
    if lines.len() > most {
        let _ = writeln!(out, "  … and {} more: --verbose", lines.len() - most);
    }
    out
}

/// A run with what the model says of it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The run.
    pub case: &'a Case,
    /// Simulated values.
    pub values: &'a [f64],
    /// Standard deviation of the logarithm that a run may be off by.
    pub deviations: &'a [f64],
    /// Whether it was predicted, not fitted to.
    pub held: bool,
}

/// The worst misses of all runs, those outside twice the deviation marked.
fn worst(runs: &[Shown]) -> String {
    let mut misses = Vec::new();
    for run in runs {
        let each = run
            .case
            .targets
            .iter()
            .zip(run.values.iter().zip(run.deviations));
        for (target, (value, deviation)) in each {
            if let Some(scale) = target.scale {
                let off = log_ratio(&target.reading, *value);
                let far = off.abs() / scale.max(0.02);
                misses.push((
                    far,
                    run,
                    target,
                    *value,
                    off.abs() > 2.0 * deviation.max(scale),
                ));
            }
        }
    }
    misses.sort_by(|a, b| b.0.total_cmp(&a.0));
    let outside = misses.iter().filter(|miss| miss.4).count();
    let all = misses.len();
    misses.truncate(WORST);
    if misses.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "\nthe worst of {all} numbers; {outside} of all are further off than chance and tolerance explain (outside)\n"
    );
    for (_, run, target, value, outside) in misses {
        let time = is_time(target);
        let name = format!("{} {}", target.reading.metric, target.reading.stat);
        let _ = writeln!(
            out,
            "  {:>9}{}  {name}: measured {}, model {} ({}){}",
            run.case.load,
            if run.held { " predicted" } else { "" },
            number(target.reading.value, time),
            number(value, time),
            readable::error(error(target, value)),
            if outside { "  outside" } else { "" },
        );
    }
    out
}
