//! Where the reader of models meets grammars, checks and samplers that know no text: each error becomes
//! a sentence.

use super::duration;
use super::journey::{CustomKind, CustomMetric, JourneyId};
use super::metric_name::MetricKind;
use super::scenario::Scenario;
use super::threshold::{self, Aggregation, Threshold};
use crate::engine::Span;

pub(crate) use super::metric_name::{BUILTINS, find_builtin};
pub(crate) use super::raw_scenario::{Problem as Fault, RawScenario, RawStage};

/// Reads a length of time.
pub(crate) fn duration(text: &str) -> Result<Span, String> {
    duration::parse(text).map_err(|why| why.to_string())
}

/// Reads a length of time that may be negative, in nanoseconds.
pub(crate) fn signed_duration(text: &str) -> Result<i64, String> {
    duration::parse_signed(text).map_err(|why| why.to_string())
}

/// Reads a threshold expression.
pub(crate) fn threshold(expression: &str) -> Result<Threshold, String> {
    Threshold::parse(expression)
}

/// Reads one entry of k6's `summaryTrendStats`.
pub(crate) fn trend_stat(text: &str) -> Result<Aggregation, String> {
    Aggregation::parse_trend_stat(text)
}

/// Checks the name of a metric and that it has the statistics its thresholds compare.
pub(crate) fn check_thresholds(
    metric: &str,
    thresholds: &[Threshold],
    custom: &[CustomMetric],
) -> Result<(), String> {
    let kind_of = |name: &str| {
        let builtin = find_builtin(name).map(|builtin| builtin.kind);
        let own = || custom.iter().find(|metric| metric.name == name).map(kind);
        builtin.or_else(own)
    };
    threshold::resolve(metric, thresholds, kind_of).map(|_| ())
}

fn kind(metric: &CustomMetric) -> MetricKind {
    match metric.kind {
        CustomKind::Counter => MetricKind::Counter,
        CustomKind::Gauge => MetricKind::Gauge,
        CustomKind::Rate => MetricKind::Rate,
        CustomKind::Trend | CustomKind::TrendTime => MetricKind::Trend,
    }
}

/// Checks a scenario as k6 does and fills in k6's defaults.
pub(crate) fn resolve_scenario(
    raw: &RawScenario,
    journey: JourneyId,
) -> Result<Scenario, Vec<Fault>> {
    super::scenario_check::resolve(raw, journey)
}

/// Distributions by their natural parameters, in nanoseconds.
pub(crate) mod dist {
    use crate::engine::dist::{Dist, DistError};

    type Made = Result<Dist, String>;

    fn said(made: Result<Dist, DistError>) -> Made {
        made.map_err(|why| why.to_string())
    }
    pub(crate) fn constant(value: f64) -> Made {
        said(Dist::constant(value))
    }
    pub(crate) fn exponential(mean: f64) -> Made {
        said(Dist::exponential(mean))
    }
    pub(crate) fn uniform(low: f64, high: f64) -> Made {
        said(Dist::uniform(low, high))
    }
    pub(crate) fn erlang(mean: f64, stages: u32) -> Made {
        said(Dist::erlang(mean, stages))
    }
    pub(crate) fn gamma_mean_cv(mean: f64, cv: f64) -> Made {
        said(Dist::gamma_mean_cv(mean, cv))
    }
    pub(crate) fn gamma(shape: f64, scale: f64) -> Made {
        said(Dist::gamma(shape, scale))
    }
    pub(crate) fn lognormal_mean_cv(mean: f64, cv: f64) -> Made {
        said(Dist::lognormal_mean_cv(mean, cv))
    }
    pub(crate) fn lognormal_median_p99(median: f64, p99: f64) -> Made {
        said(Dist::lognormal_median_p99(median, p99))
    }
    pub(crate) fn lognormal_median_sigma(median: f64, sigma: f64) -> Made {
        if median <= 0.0 {
            return Err(format!(
                "median must be a number above zero, and is {median}"
            ));
        }
        // The median of a lognormal law is exp(mu).
        said(Dist::lognormal(libm::log(median), sigma))
    }
    pub(crate) fn weibull(shape: f64, scale: f64) -> Made {
        said(Dist::weibull(shape, scale))
    }
    pub(crate) fn weibull_mean_cv(mean: f64, cv: f64) -> Made {
        said(Dist::weibull_mean_cv(mean, cv))
    }
    pub(crate) fn weibull_median_p99(median: f64, p99: f64) -> Made {
        said(Dist::weibull_median_p99(median, p99))
    }
    pub(crate) fn pareto(shape: f64, minimum: f64) -> Made {
        said(Dist::pareto(shape, minimum))
    }
    pub(crate) fn truncated_pareto(shape: f64, minimum: f64, maximum: f64) -> Made {
        said(Dist::truncated_pareto(shape, minimum, maximum))
    }
    pub(crate) fn pareto_mean_cv(mean: f64, cv: f64) -> Made {
        said(Dist::pareto_mean_cv(mean, cv))
    }
    pub(crate) fn hyperexponential(phases: &[(f64, f64)]) -> Made {
        said(Dist::hyperexponential(phases))
    }
    pub(crate) fn hyperexponential_mean_cv(mean: f64, cv: f64) -> Made {
        said(Dist::hyperexponential_mean_cv(mean, cv))
    }
    pub(crate) fn mixture(parts: &[(f64, Dist)]) -> Made {
        said(Dist::mixture(parts))
    }
    pub(crate) fn empirical(values: &[f64]) -> Made {
        said(Dist::empirical(values))
    }
}
