//! How well the capacity of a fitted model is known, without a simulation: the law from which `predict` draws the
//! parameters, the speed of a run and the drift beyond the loads measured, taken to the bottleneck's ceiling. That is
//! a product of factors, so its logarithm is a sum, and near enough normal; what stands behind a knee (times, verdicts)
//! is not, and is for `predict` to simulate.

use super::bottleneck::demand;
use super::draws::{DRIFT, mean_drift};
use super::lack::{RUN_TO_RUN, outside};
use super::predict::Question;
use super::remembered::Remembered;
use crate::answers::bounds::analyse;
use crate::model::{Document, Model, Override};
use crate::runner::HERE;
use crate::stats::Moments;

/// 97.5 % of a normal law lie below this number of standard deviations.
const NORMAL: f64 = 1.959_964;
/// Values at which the law of whole-numbered parameters is read.
const READ: usize = 40;

/// What is known of the capacity of a fitted model under a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Runs that the model was fitted to.
    pub runs: usize,
    /// Lowest and highest load of these.
    pub loads: (f64, f64),
    /// The load's peak.
    pub peak: f64,
    /// The load in words.
    pub load: String,
    /// The bottleneck.
    pub bottleneck: String,
    /// Most iterations per second that it allows: as the model says, and 95 % of all runs to come.
    pub most: (f64, [f64; 2]),
}

/// What a model remembers of its fit, taken to the capacity; `None` if it was never fitted, or nothing in it has a
/// limit.
///
/// # Errors
/// If the model or its section `[fitted]` cannot be used.
pub fn known(document: &Document, overrides: &[Override]) -> Result<Option<Known>, String> {
    let memory = Remembered::read(document)?;
    let Some(loads) = memory.loads else {
        return Ok(None);
    };
    let question = Question {
        document,
        overrides: overrides.to_vec(),
        window: None,
        seed: 1,
        draws: 0,
        runner: &HERE,
    };
    let model = question.model(&[])?;
    let (Some((bottleneck, _, slopes)), Some(most)) =
        (demand(&question, &memory, &model)?, ceiling(&model))
    else {
        return Ok(None);
    };
    let peak = model.peak_load();
    let distance = outside(peak.value, loads.0, loads.1);
    let run_to_run = memory.run_to_run.unwrap_or(RUN_TO_RUN);
    let drift = DRIFT.1 * distance;
    let variance = of_parameters(&memory, &slopes)
        + of_whole(&question, &memory, most)?
        + run_to_run * run_to_run
        + drift * drift;
    let middle = most * libm::exp(-mean_drift(&model) * distance);
    let wide = libm::exp(NORMAL * variance.max(0.0).sqrt());
    Ok(Some(Known {
        runs: memory.runs,
        loads,
        peak: peak.value,
        load: peak.to_string(),
        bottleneck,
        most: (most, [middle / wide, middle * wide]),
    }))
}

/// Most iterations per second.
fn ceiling(model: &Model) -> Option<f64> {
    let one = analyse(model).into_iter().next()?;
    one.bounds.map(|bounds| bounds.max_throughput)
}

/// Variance of the logarithm of the bottleneck's demand.
fn of_parameters(memory: &Remembered, slopes: &[f64]) -> f64 {
    let rows = memory.covariance.iter().zip(slopes);
    rows.map(|(row, slope)| {
        let sum: f64 = row.iter().zip(slopes).map(|(c, s)| c * s).sum();
        slope * sum
    })
    .sum()
}

/// What whole-numbered parameters add to it: the capacity at values of their law, the others moved with them.
fn of_whole(question: &Question, memory: &Remembered, most: f64) -> Result<f64, String> {
    let mut variance = 0.0;
    for whole in &memory.whole {
        let mut all = Moments::new();
        for k in 0..READ {
            let (mut overrides, moves) = whole.at((k as f64 + 0.5) / READ as f64)?;
            for (parameter, by) in memory.parameters.iter().zip(moves) {
                overrides.extend(parameter.moved(*by)?);
            }
            let model = question.model(&overrides)?;
            all.push(libm::log(ceiling(&model).unwrap_or(most)));
        }
        variance += all.variance().unwrap_or(0.0);
    }
    Ok(variance)
}
