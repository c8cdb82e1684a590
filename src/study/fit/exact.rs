//! Means that a fit meets exactly, whatever the percentiles say.
//!
//! What a model says of higher loads stands on its capacity, and that on service demands and holding
//! times. By the utilisation law and Little's law they follow from mean times under low load, where hardly
//! anybody waits (Denning & Buzen 1978), and from no percentile. Thirty percentiles near the fastest
//! requests would outvote one mean, and one per cent of capacity is ten of the response time just past
//! the knee. So the mean of each kind of request, over all runs below `LOW` of the knee together, gets a
//! residual so heavy that the others only choose among the points that meet it.

use super::Fit;
use super::distance::log_ratio;
use super::read::Stat;
use crate::answers::bounds::analyse;
use crate::model::threshold::Aggregation;

/// Runs whose peak is below this share of the knee are low loads.
const LOW: f64 = 0.8;
/// A mean weighs as much as if it were known this much better than it is.
pub(super) const HEAVIER: f64 = 10.0;
/// A mean is never known better than this, as a logarithm.
const KNOWN: f64 = 0.002;

/// The mean of one metric over several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// The metric.
    pub metric: String,
    /// Case, target in it, and its share of all samples.
    parts: Vec<(usize, usize, f64)>,
    /// Distance, as a logarithm, that counts as one.
    pub scale: f64,
}

impl Exact {
    /// The logarithm of simulated over measured, the mean over the runs.
    #[must_use]
    pub fn log_ratio(&self, fit: &Fit, values: &[Vec<f64>]) -> f64 {
        let part = |&(c, t, share): &(usize, usize, f64)| {
            share * log_ratio(&fit.cases[c].targets[t].reading, values[c][t])
        };
        self.parts.iter().map(part).sum()
    }

    /// Its target in a case, and the share of the case.
    #[must_use]
    pub fn of_case(&self, case: usize) -> Option<(usize, f64)> {
        let part = self.parts.iter().find(|part| part.0 == case)?;
        Some((part.1, part.2))
    }
}

/// The means of response times that count, over the low loads; none if no load is low, for the response time of a
/// full server says little of its service times.
#[must_use]
pub fn means(fit: &Fit, point: &[f64], variances: &[Vec<f64>], heavier: f64) -> Vec<Exact> {
    let cases = (0..fit.cases.len()).filter(|c| is_low(fit, *c, point));
    let mut found: Vec<Exact> = Vec::new();
    for c in cases {
        for (t, target) in fit.cases[c].targets.iter().enumerate() {
            let metric = &target.reading.metric;
            let mean = target.reading.stat == Stat::Of(Aggregation::Avg);
            if !mean || target.scale.is_none() || !metric.starts_with("http_req_duration") {
                continue;
            }
            let part = (c, t, samples(fit, c, metric));
            match found.iter_mut().find(|exact| exact.metric == *metric) {
                Some(exact) => exact.parts.push(part),
                None => found.push(Exact {
                    metric: metric.clone(),
                    parts: vec![part],
                    scale: 0.0,
                }),
            }
        }
    }
    for exact in &mut found {
        let all: f64 = exact.parts.iter().map(|part| part.2).sum();
        let mut variance = 0.0;
        for (c, t, share) in &mut exact.parts {
            *share /= all;
            variance += *share * *share * variances[*c][*t];
        }
        exact.scale = variance.sqrt().max(KNOWN) / heavier;
    }
    found
}

/// Whether any run is a low load, as far as a point tells.
#[must_use]
pub fn any_low(fit: &Fit, point: &[f64]) -> bool {
    (0..fit.cases.len()).any(|c| is_low(fit, c, point))
}

/// How many requests a mean is of.
fn samples(fit: &Fit, case: usize, metric: &str) -> f64 {
    let measured = &fit.cases[case].measured;
    let count = Stat::Of(Aggregation::Count);
    let own = measured.value(metric, count);
    let all = || measured.value("http_reqs", count);
    own.or_else(all).unwrap_or(1.0).max(1.0)
}

/// Whether hardly anybody waits in a run, as far as the bounds of the model at the point tell.
fn is_low(fit: &Fit, case: usize, point: &[f64]) -> bool {
    let Ok((_, model)) = fit.model(&fit.cases[case], point) else {
        return false;
    };
    analyse(&model).iter().all(|one| {
        let Some(bounds) = one.bounds else {
            return true;
        };
        let closed = one.users.is_none_or(|n| n < LOW * bounds.knee);
        closed && one.arrivals.is_none_or(|r| r < LOW * bounds.max_throughput)
    })
}
