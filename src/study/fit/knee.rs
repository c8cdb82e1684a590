//! The knee of a fitted model, named in advance: N* and the largest throughput, with intervals.

use super::Fit;
use super::free::Unit;
use super::quality::Quality;
use super::search::Found;
use crate::answers::bounds::{Analysis, analyse};
use crate::stats::interval::student_t;

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// At the fitted parameters.
    pub value: f64,
    /// About 95 %.
    pub low: f64,
    /// About 95 %.
    pub high: f64,
}

/// The knee of the first scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Knee {
    /// Users from which some must wait (N*).
    pub users: Range,
    /// Requests per second that cannot be exceeded.
    pub requests: Range,
    /// The resource that bounds them.
    pub bottleneck: String,
    /// What the numbers leave out.
    pub left_out: Vec<String>,
}

/// Step of a numerical derivative, as a logarithm.
const STEP: f64 = 0.02;

/// Bounds at the fitted parameters, and an interval for what a run to come will show: how well the data
/// determine the parameters and, with three runs or more, how far the runs themselves were apart beyond
/// chance (with the quantile of Student's t for their number).
#[must_use]
pub fn knee(fit: &Fit, found: &Found, quality: &Quality) -> Option<Knee> {
    let case = fit.cases.last()?;
    let at = |point: &[f64]| -> Option<(f64, f64, Analysis)> {
        let (_, model) = fit.model(case, point).ok()?;
        let analysis = analyse(&model).into_iter().next()?;
        let bounds = analysis.bounds?;
        let requests = bounds.max_throughput * analysis.requests;
        Some((bounds.knee, requests, analysis))
    };
    let (users, requests, analysis) = at(&found.point)?;
    let (mut slopes, mut whole) = ((Vec::new(), Vec::new()), (0.0, 0.0));
    for (i, parameter) in quality.parameters.iter().enumerate() {
        let moved = |to: f64| {
            let mut point = found.point.clone();
            point[i] = to;
            let (u, r, _) = at(&point)?;
            Some((libm::log(u / users), libm::log(r / requests)))
        };
        if fit.free[i].unit == Unit::Whole {
            let mut most = (0.0f64, 0.0f64);
            for end in [parameter.interval.0, parameter.interval.1] {
                let (u, r) = moved(libm::log(end)).unwrap_or_default();
                most = (most.0.max(u.abs()), most.1.max(r.abs()));
            }
            whole = (whole.0 + most.0 * most.0, whole.1 + most.1 * most.1);
        } else {
            let up = moved(found.point[i] + STEP).unwrap_or_default();
            let down = moved(found.point[i] - STEP).unwrap_or_default();
            slopes.0.push((up.0 - down.0) / (2.0 * STEP));
            slopes.1.push((up.1 - down.1) / (2.0 * STEP));
        }
    }
    let covariance = &quality.covariance;
    let t = student_t(0.95, quality.freedom as u64).unwrap_or(2.0);
    let t_runs = student_t(0.95, covariance.runs.saturating_sub(1) as u64).unwrap_or(2.0);
    let range = |value: f64, slopes: &[f64], whole: f64| {
        let parameters = t * t * covariance.variance(slopes);
        let runs = covariance.between_runs(slopes).unwrap_or(0.0) * t_runs * t_runs;
        let width = (parameters + runs + whole).sqrt();
        Range {
            value,
            low: value * libm::exp(-width),
            high: value * libm::exp(width),
        }
    };
    Some(Knee {
        users: range(users, &slopes.0, whole.0),
        requests: range(requests, &slopes.1, whole.1),
        bottleneck: analysis.bottleneck(),
        left_out: analysis.notes,
    })
}
