//! The knee of a fitted model, named in advance: N* and the largest throughput, with intervals.

use super::Fit;
use super::quality::Quality;
use super::search::Found;
use crate::study::answers::bounds::analyse;

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
}

/// Bounds at the fitted parameters and at both ends of each parameter's interval; the deviations are
/// taken as independent, which overstates them where parameters make up for each other.
#[must_use]
pub fn knee(fit: &Fit, found: &Found, quality: &Quality) -> Option<Knee> {
    let case = fit.cases.last()?;
    let at = |point: &[f64]| -> Option<(f64, f64, String)> {
        let model = fit.model(case, point).ok()?;
        let analysis = analyse(&model).into_iter().next()?;
        let bounds = analysis.bounds?;
        let name = analysis.demands.first()?.name.clone();
        Some((bounds.knee, bounds.max_throughput * analysis.requests, name))
    };
    let (users, requests, bottleneck) = at(&found.point)?;
    let (mut users_apart, mut requests_apart) = (0.0, 0.0);
    for (i, parameter) in quality.parameters.iter().enumerate() {
        let (mut most_users, mut most_requests) = (0.0f64, 0.0f64);
        for end in [parameter.interval.0, parameter.interval.1] {
            let mut point = found.point.clone();
            point[i] = libm::log(end);
            if let Some((u, r, _)) = at(&point) {
                most_users = most_users.max(libm::log(u / users).abs());
                most_requests = most_requests.max(libm::log(r / requests).abs());
            }
        }
        users_apart += most_users * most_users;
        requests_apart += most_requests * most_requests;
    }
    let range = |value: f64, squares: f64| Range {
        value,
        low: value * libm::exp(-squares.sqrt()),
        high: value * libm::exp(squares.sqrt()),
    };
    Some(Knee {
        users: range(users, users_apart),
        requests: range(requests, requests_apart),
        bottleneck,
    })
}
