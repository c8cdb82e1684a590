//! The fitted model as a file: the model as it was written, with other values, and a section that
//! records what it was fitted to.

use std::fmt::Write;

use super::Fit;
use super::free::{Free, Unit};
use super::lack::Lack;
use super::quality::Quality;
use super::search::{Found, Tried};
use crate::model::document::GENERATED;

/// Begins of comments that belong to the section.
const HEADS: [&str; 5] = [
    "# Written by capsim fit:",
    "# What capsim predict reads:",
    "# run is than another beyond chance.",
    "# Whole-numbered parameters: values with their weights",
    "# How far each number of one run was",
];

/// The text of the fitted model; all that the user wrote, comments too, stays.
///
/// # Errors
/// If a free parameter is not a value of the file.
pub fn text(fit: &Fit, found: &Found, quality: &Quality) -> Result<String, String> {
    let runs = found.runs;
    let mut values = Vec::new();
    for (free, parameter) in fit.free.iter().zip(&quality.parameters) {
        let value = match free.unit {
            Unit::Time => format!("\"{}\"", free.shown(parameter.value)),
            _ => free.shown(parameter.value),
        };
        values.extend(free.paths.iter().map(|path| (path.clone(), value.clone())));
    }
    let rewritten = fit.document.rewritten(&values);
    let text = rewritten.ok_or("a free parameter is not in the file")?;
    let own = text.split(GENERATED).next().unwrap_or(&text);
    let mut text = without_section(own);
    let peak = |pick: fn(f64, f64) -> f64| fit.cases.iter().map(|c| c.peak).reduce(pick);
    let (low, high) = (peak(f64::min).unwrap_or(0.0), peak(f64::max).unwrap_or(0.0));
    let key = if fit.cases.iter().any(|c| c.load.ends_with("/s")) {
        "rate"
    } else {
        "vus"
    };
    let names: Vec<String> = fit.cases.iter().map(|c| format!("{:?}", c.name)).collect();
    let _ = write!(
        text,
        "\n# Written by capsim fit: what the values above were fitted to. Runs beyond it extrapolate.\n\
         [fitted]\nto = [{}]\n{key} = [{low}, {high}]\nseed = {}\nruns = {runs}\nerror = {:.4}\n",
        names.join(", "),
        fit.seed,
        quality.rms,
    );
    text.push_str("\n[fitted.intervals]\n");
    for (free, parameter) in fit.free.iter().zip(&quality.parameters) {
        let (low, high) = parameter.interval;
        let _ = writeln!(
            text,
            "{:?} = [{:?}, {:?}]{}",
            free.name,
            free.shown(low),
            free.shown(high),
            if parameter.determined {
                ""
            } else {
                " # not determined by the data"
            },
        );
    }
    text.push_str(&forecast(fit, found, quality));
    Ok(text)
}

/// What `capsim predict` reads back.
fn forecast(fit: &Fit, found: &Found, quality: &Quality) -> String {
    let lack = Lack::new(fit, found);
    let smooth: Vec<&Free> = fit.free.iter().filter(|f| f.unit != Unit::Whole).collect();
    let names: Vec<String> = smooth.iter().map(|f| format!("{:?}", f.name)).collect();
    let bounds = smooth
        .iter()
        .map(|f| format!("[{:e}, {:e}]", f.low, f.high));
    let rows = quality.covariance.chance.iter().map(|row| {
        let row: Vec<String> = row.iter().map(|x| format!("{x:.3e}")).collect();
        format!("  [{}],\n", row.join(", "))
    });
    let mut text = format!(
        "\n# What capsim predict reads: the covariance of the parameters' logarithms, and how much slower one\n\
         # run is than another beyond chance.\n[fitted.forecast]\nparameters = [{}]\nbounds = [{}]\n\
         covariance = [\n{}]\nrun_to_run = {:.5}\n",
        names.join(", "),
        bounds.collect::<Vec<String>>().join(", "),
        rows.collect::<String>(),
        lack.run_to_run,
    );
    text.push_str(&whole(fit, found, quality));
    text.push_str(
        "\n# How far each number of one run was from what the others say of it: a standard deviation.\n\
         [fitted.lack]\n",
    );
    for (name, deviation) in &lack.numbers {
        let _ = writeln!(text, "{name:?} = {deviation:.4}");
    }
    text
}

/// The values of whole-numbered parameters that the data leave possible, with what they weigh, and how far the
/// logarithms of the others move with each.
fn whole(fit: &Fit, found: &Found, quality: &Quality) -> String {
    let smooth: Vec<usize> = (0..fit.free.len())
        .filter(|i| fit.free[*i].unit != Unit::Whole)
        .collect();
    let mut text = String::new();
    for (i, (free, profile)) in fit.free.iter().zip(&found.profiles).enumerate() {
        let weights = weights(profile, quality.inflation);
        if free.unit != Unit::Whole || weights.len() < 2 {
            continue;
        }
        if text.is_empty() {
            text.push_str(
                "\n# Whole-numbered parameters: values with their weights, and how far the logarithms of the \
                 others move with each.\n[fitted.whole]\n",
            );
        }
        let _ = writeln!(text, "{:?} = [", free.name);
        // All values were tried at the same stage of the search, at which the one found has a point, too.
        let same = |tried: &&Tried| (libm::log(tried.value) - found.point[i]).abs() < 1e-9;
        let from = profile.iter().find(same).map_or(&found.point, |t| &t.point);
        for (tried, weight) in weights {
            let moves = smooth.iter().map(|i| tried.point[*i] - from[*i]);
            let moves: Vec<String> = moves.map(|m| format!("{m:.4}")).collect();
            let _ = writeln!(
                text,
                "  {{ value = {:.0}, weight = {weight:.4}, moves = [{}] }},",
                tried.value,
                moves.join(", ")
            );
        }
        text.push_str("]\n");
    }
    text
}

/// Values less probable than this are left out.
const LEAST: f64 = 0.005;

/// How probable each value tried is: exp(-Δcost / (2 × cost per degree of freedom)), all alike beforehand.
fn weights(profile: &[Tried], inflation: f64) -> Vec<(&Tried, f64)> {
    let costs = profile.iter().map(|tried| tried.cost);
    let best = costs.fold(f64::INFINITY, f64::min);
    let weight = |tried: &Tried| libm::exp(-(tried.cost - best) / (2.0 * inflation));
    let kept: Vec<(&Tried, f64)> = profile
        .iter()
        .map(|tried| (tried, weight(tried)))
        .filter(|(_, weight)| *weight >= LEAST)
        .collect();
    let all: f64 = kept.iter().map(|k| k.1).sum();
    let share = |(tried, weight)| (tried, weight / all);
    kept.into_iter().map(share).collect()
}

/// Without the section of an earlier fit.
fn without_section(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        let head = line.trim_start();
        if head.starts_with('[') {
            inside = head.starts_with("[fitted]") || head.starts_with("[fitted.");
        }
        let own = HEADS.iter().any(|own| head.starts_with(own));
        if !inside && !own {
            out.push_str(line);
            out.push('\n');
        }
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    out.push('\n');
    out
}
