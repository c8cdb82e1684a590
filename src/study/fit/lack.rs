//! What a fitted model lacks, seen by leaving runs out: how far the numbers of one run are from what the
//! other runs say of them, beyond chance.
//!
//! Leaving a run out moves the parameters by one step of Gauss and Newton (the infinitesimal jackknife:
//! Jaeckel 1972), so no search is made anew. A number's deviations over all runs, those of a run beyond the
//! others' loads being larger by their distance, are pooled with what the kind of number is known to deviate
//! by, for three runs say little of a variance.

use std::collections::BTreeMap;

use super::Fit;
use super::covariance::ranges;
use super::distance::log_ratio;
use super::free::Unit;
use super::linear::Eigen;
use super::read::{Reading, Stat};
use super::search::Found;
use crate::model::threshold::Aggregation;

/// As many runs weigh what is known beforehand.
const WEIGHT: f64 = 3.0;

/// How much slower one run is than another, beyond chance: one standard deviation. From repeated runs of two
/// servers: 0.2 % where the service times are drawn by the server itself, 1.4 % where a database and other
/// programs share the machine.
pub const RUN_TO_RUN: f64 = 0.01;

/// Beyond this a left-out run says nothing linear any more.
const MOST_STEP: f64 = 0.5;

/// Deviations of the logarithms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lack {
    /// Standard deviation by `metric stat`.
    pub numbers: BTreeMap<String, f64>,
    /// Of the speed of one run against that of another.
    pub run_to_run: f64,
}

/// What is known of a kind of number beforehand: how far a fitted model is off, at loads like those fitted to.
#[must_use]
pub fn beforehand(reading: &Reading) -> f64 {
    use Aggregation as A;
    if reading.metric.starts_with("iteration_duration") {
        // Mostly the pause, which the model knows.
        return 0.01;
    }
    match reading.stat {
        Stat::Of(A::Count | A::Rate) => 0.005,
        Stat::Of(A::Avg | A::Med) => 0.025,
        Stat::Of(A::Percentile(p)) if p < 50.0 => 0.05,
        Stat::Of(A::Percentile(p)) if p <= 90.0 => 0.04,
        Stat::Of(A::Percentile(p)) if p <= 95.0 => 0.05,
        Stat::Of(A::Percentile(p)) if p <= 99.0 => 0.1,
        Stat::Of(A::Percentile(_) | A::Min) => 0.3,
        Stat::Of(A::Max | A::Value) | Stat::Passes | Stat::Fails | Stat::Interrupted => 0.5,
    }
}

/// How a number is named in files.
#[must_use]
pub fn name(reading: &Reading) -> String {
    format!("{} {}", reading.metric, reading.stat)
}

/// How far a load is outside a range, as a logarithm.
#[must_use]
pub fn outside(load: f64, low: f64, high: f64) -> f64 {
    if load <= 0.0 || low <= 0.0 {
        return 0.0;
    }
    libm::log(load / high).max(libm::log(low / load)).max(0.0)
}

impl Lack {
    /// From the residuals of all runs fitted to.
    #[must_use]
    pub fn new(fit: &Fit, found: &Found) -> Lack {
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for (c, case) in fit.cases.iter().enumerate() {
            let others = fit.cases.iter().enumerate().filter(|(i, _)| *i != c);
            let loads: Vec<f64> = others.map(|(_, case)| case.peak).collect();
            let low = loads.iter().copied().fold(f64::INFINITY, f64::min);
            let high = loads.iter().copied().fold(0.0, f64::max);
            let (step, distance) = match loads.is_empty() {
                true => (Vec::new(), 0.0),
                false => (without(fit, found, c), outside(case.peak, low, high)),
            };
            let replications = found.evaluation.logs[c].len().max(1) as f64;
            for (t, target) in case.targets.iter().enumerate() {
                let value = found.evaluation.values[c][t];
                let mut off = log_ratio(&target.reading, value);
                for (i, by) in &step {
                    off += by * found.slopes[*i][c][t];
                }
                let chance = found.evaluation.variances[c][t] * (1.0 + 1.0 / replications);
                let beyond = (off * off - chance).max(0.0);
                let sum = sums.entry(name(&target.reading)).or_default();
                sum.0 += beyond / ((1.0 + distance) * (1.0 + distance));
                sum.1 += 1.0;
            }
        }
        let mut numbers = BTreeMap::new();
        for target in fit.cases.iter().flat_map(|case| &case.targets) {
            let name = name(&target.reading);
            let Some((sum, runs)) = sums.get(&name).copied() else {
                continue;
            };
            let known = beforehand(&target.reading);
            let variance = (WEIGHT * known * known + sum) / (WEIGHT + runs);
            numbers.insert(name, variance.sqrt());
        }
        Lack {
            numbers,
            run_to_run: run_to_run(fit, found),
        }
    }
}

/// How far the parameters move if a run is left out: parameter, and change of its logarithm.
fn without(fit: &Fit, found: &Found, left_out: usize) -> Vec<(usize, f64)> {
    let free = fit.free.iter().enumerate();
    let smooth: Vec<usize> = free
        .filter(|(_, f)| f.unit != Unit::Whole)
        .map(|(i, _)| i)
        .collect();
    let n = smooth.len();
    let mut g = ranges(fit, &smooth);
    let mut gradient = vec![0.0; n];
    let mut add = |slope: &[f64], residual: f64| {
        for (k, a) in slope.iter().enumerate() {
            gradient[k] += a * residual;
            for (j, b) in slope.iter().enumerate() {
                g[k][j] += a * b;
            }
        }
    };
    let slopes = |c: usize, t: usize, weight: f64| -> Vec<f64> {
        let slope = |i: &usize| found.slopes[*i][c][t] * weight;
        smooth.iter().map(slope).collect()
    };
    let mut at = 0;
    for (c, case) in fit.cases.iter().enumerate() {
        for (t, target) in case.targets.iter().enumerate() {
            if target.scale.is_none() {
                continue;
            }
            if c != left_out {
                let scale = found.scales[at];
                let off = log_ratio(&target.reading, found.evaluation.values[c][t]);
                add(&slopes(c, t, 1.0 / scale), off / scale);
            }
            at += 1;
        }
    }
    for mean in &found.exact {
        let rest = 1.0 - mean.of_case(left_out).map_or(0.0, |part| part.1);
        if rest < 1e-6 {
            continue;
        }
        let (mut slope, mut off) = (vec![0.0; n], 0.0);
        for c in (0..fit.cases.len()).filter(|c| *c != left_out) {
            let Some((t, share)) = mean.of_case(c) else {
                continue;
            };
            let weight = share / rest / mean.scale;
            let reading = &fit.cases[c].targets[t].reading;
            off += weight * log_ratio(reading, found.evaluation.values[c][t]);
            for (sum, s) in slope.iter_mut().zip(slopes(c, t, weight)) {
                *sum += s;
            }
        }
        add(&slope, off);
    }
    let step = Eigen::new(&g).apply(&gradient, |e| -1.0 / e.max(1e-9));
    let step = step.into_iter().map(|s| s.clamp(-MOST_STEP, MOST_STEP));
    smooth.into_iter().zip(step).collect()
}

/// How much slower one run is than another: from the mean times per iteration of the low loads, beyond
/// chance, pooled with [`RUN_TO_RUN`].
fn run_to_run(fit: &Fit, found: &Found) -> f64 {
    let (mut speeds, mut chance) = (Vec::new(), 0.0);
    for (c, case) in fit.cases.iter().enumerate() {
        let (mut measured, mut simulated, mut variance) = (0.0, 0.0, 0.0);
        for mean in &found.exact {
            if let Some((t, _)) = mean.of_case(c) {
                let value = found.evaluation.values[c][t];
                measured += case.targets[t].reading.value;
                simulated += value;
                variance += value * value * found.evaluation.variances[c][t];
            }
        }
        if measured > 0.0 && simulated > 0.0 {
            speeds.push(libm::log(measured / simulated));
            chance += variance / (simulated * simulated);
        }
    }
    let runs = speeds.len() as f64;
    let spread: crate::stats::Moments = speeds.into_iter().collect();
    let freedom = (runs - 1.0).max(0.0);
    let seen = (spread.variance().unwrap_or(0.0) - chance / runs.max(1.0)).max(0.0);
    ((WEIGHT * RUN_TO_RUN * RUN_TO_RUN + freedom * seen) / (WEIGHT + freedom)).sqrt()
}
