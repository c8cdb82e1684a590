//! How far a measured run may be from a prediction: chance, and parameters that are not known exactly.

use super::distance::log_ratio;
use super::free::Unit;
use super::linear::Eigen;
use super::quality::Quality;
use super::search::Found;
use super::{Case, Fit};
use crate::engine::stream::Stream;
use crate::stats::Moments;

/// Standard deviation of the logarithm of each number of each case. Every draw is one run under
/// parameters drawn from the normal law around the fitted ones, once with each estimate of their
/// covariance; the larger deviation counts. Draws outside the bounds of a parameter are put on them.
///
/// # Errors
/// If the model is invalid where a draw lies, or its run comes to no end.
pub fn deviations(
    fit: &Fit,
    cases: &[Case],
    found: &Found,
    quality: &Quality,
    draws: u64,
) -> Result<Vec<Vec<f64>>, String> {
    let covariance = &quality.covariance;
    let mut largest: Vec<Vec<f64>> = cases.iter().map(|c| vec![0.0; c.targets.len()]).collect();
    let by_run = covariance.by_run.iter();
    for matrix in std::iter::once(&covariance.chance).chain(by_run) {
        let eigen = Eigen::new(matrix);
        let jobs: Vec<(usize, u64)> = (0..cases.len())
            .flat_map(|c| (0..draws).map(move |r| (c, r)))
            .collect();
        let models = jobs
            .iter()
            .map(|&(c, r)| fit.model(&cases[c], &drawn(fit, found, &eigen, r)))
            .collect::<Result<Vec<_>, String>>()?;
        let asked = jobs.iter().zip(&models);
        let runs = fit.simulate(cases, asked.map(|(&(c, r), model)| (c, model, r)))?;
        let values = runs.into_iter().collect::<Result<Vec<_>, String>>()?;
        let logs = |(&(c, _), values): (&(usize, u64), Vec<f64>)| -> Vec<f64> {
            let logs = cases[c].targets.iter().zip(values);
            logs.map(|(t, v)| log_ratio(&t.reading, v)).collect()
        };
        let runs: Vec<Vec<f64>> = jobs.iter().zip(values).map(logs).collect();
        for (c, largest) in largest.iter_mut().enumerate() {
            for (t, largest) in largest.iter_mut().enumerate() {
                let own = jobs.iter().zip(&runs).filter(|(job, _)| job.0 == c);
                let logs: Moments = own.map(|(_, logs)| logs[t]).collect();
                *largest = largest.max(logs.variance().unwrap_or(0.0).sqrt());
            }
        }
    }
    Ok(largest)
}

/// Parameters of one draw.
fn drawn(fit: &Fit, found: &Found, eigen: &Eigen, draw: u64) -> Vec<f64> {
    let mut stream = Stream::new(fit.seed, draw, "fit.forecast");
    let mut point = found.point.clone();
    let free = fit.free.iter().enumerate();
    let smooth = free.filter(|(_, free)| free.unit != Unit::Whole);
    let smooth: Vec<usize> = smooth.map(|(i, _)| i).collect();
    for (value, vector) in eigen.values.iter().zip(&eigen.vectors) {
        let along = value.max(0.0).sqrt() * stream.normal();
        for (i, component) in smooth.iter().zip(vector) {
            point[*i] += along * component;
        }
    }
    for (x, free) in point.iter_mut().zip(&fit.free) {
        *x = x.clamp(libm::log(free.low), libm::log(free.high));
    }
    point
}
