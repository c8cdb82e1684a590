//! Which thresholds hold (`metrics/thresholds.go`, `internal/metrics/engine/engine.go`, k6 v2.2.0).

use crate::engine::Span;
use crate::measure::summary::{Values, Verdict};
use crate::model::threshold::{Aggregation, MetricThresholds, Threshold};

/// The value that a threshold compares. A metric without samples has 0 for every statistic. `None`: the
/// metric has no such statistic, or the summary did not compute it.
#[must_use]
pub fn value(values: &Values, aggregation: Aggregation) -> Option<f64> {
    match (values, aggregation) {
        (Values::Counter { count, .. }, Aggregation::Count) => Some(*count),
        (Values::Counter { rate, .. }, Aggregation::Rate) => Some(*rate),
        (Values::Gauge { value, .. }, Aggregation::Value) => Some(*value),
        (Values::Rate { .. }, Aggregation::Rate) => values.rate_share(),
        (Values::Trend { count: 0, .. }, Aggregation::Rate | Aggregation::Value) => None,
        (Values::Trend { count: 0, .. }, _) => Some(0.0),
        (Values::Trend { .. }, _) => values.stat(aggregation),
        _ => None,
    }
}

/// Whether a threshold holds at the end of a test. A rate without samples meets every threshold.
#[must_use]
pub fn holds(threshold: &Threshold, values: &Values) -> bool {
    if matches!(
        values,
        Values::Rate {
            passes: 0,
            fails: 0
        }
    ) {
        return true;
    }
    value(values, threshold.aggregation).is_some_and(|v| threshold.compare(v))
}

/// The verdict of each threshold at the end of a test, in the order written.
#[must_use]
pub fn verdicts(thresholds: &MetricThresholds, values: &Values) -> Vec<Verdict> {
    let verdict = |threshold: &Threshold| Verdict {
        expression: threshold.expression.clone(),
        passed: holds(threshold, values),
    };
    thresholds.thresholds.iter().map(verdict).collect()
}

/// Whether the metric's thresholds end the test now: one with `abortOnFail` fails and its delay has
/// passed. `elapsed` is the time since the start mark. k6 asks every 2 s and only if the metric has
/// samples.
#[must_use]
pub fn aborts(thresholds: &MetricThresholds, values: &Values, elapsed: Span) -> bool {
    thresholds.thresholds.iter().any(|threshold| {
        let delayed = threshold
            .delay_abort_eval
            .is_some_and(|delay| delay >= elapsed);
        threshold.abort_on_fail && !delayed && !holds(threshold, values)
    })
}

/// k6's error line at the end of a test in which these metrics crossed a threshold; `None` if none did.
#[must_use]
pub fn crossed_error<'a>(metrics: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names = joined(metrics)?;
    Some(format!("thresholds on metrics '{names}' have been crossed"))
}

/// k6's error line when a threshold aborts the test; `metrics` are all that crossed one by then.
#[must_use]
pub fn abort_error<'a>(metrics: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names = joined(metrics)?;
    Some(format!(
        "thresholds on metrics '{names}' were crossed; at least one has abortOnFail enabled, \
         stopping test prematurely"
    ))
}

/// Sorted by bytes, with commas.
fn joined<'a>(metrics: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names: Vec<&str> = metrics.into_iter().collect();
    names.sort_unstable();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric_name::MetricName;

    fn passes(expression: &str, values: &Values) -> bool {
        let threshold = Threshold::parse(expression).unwrap_or_else(|e| panic!("{e}"));
        holds(&threshold, values)
    }

    /// As recorded ("nosamples").
    #[test]
    fn without_samples() {
        let rate = Values::Rate {
            passes: 0,
            fails: 0,
        };
        assert!(passes("rate>0.5", &rate));
        assert!(passes("rate==1.0", &rate));
        let trend = Values::Trend {
            count: 0,
            stats: vec![],
        };
        assert!(passes("p(95)<100", &trend));
        assert!(!passes("avg>1", &trend));
        let counter = Values::Counter {
            count: 0.0,
            rate: 0.0,
        };
        assert!(passes("count<1", &counter));
        assert!(!passes("rate>0", &counter));
        let gauge = Values::Gauge {
            value: 0.0,
            min: 0.0,
            max: 0.0,
        };
        assert!(passes("value==0", &gauge));
    }

    #[test]
    fn each_type_has_its_statistics() {
        let rate = Values::Rate {
            passes: 1,
            fails: 3,
        };
        assert!(passes("rate==0.25", &rate));
        assert!(!passes("count>0", &rate));
        let stats = vec![(Aggregation::Percentile(99.9), 7.0)];
        let trend = Values::Trend { count: 2, stats };
        assert!(passes("p(99.90)>=7", &trend));
        assert!(!passes("p(90)<1000", &trend));
    }

    #[test]
    fn an_abort_waits_for_its_delay() {
        let mut threshold = Threshold::parse("rate<0.1").unwrap_or_else(|e| panic!("{e}"));
        let failing = Values::Rate {
            passes: 1,
            fails: 0,
        };
        let with = |threshold: &Threshold| MetricThresholds {
            metric: "http_req_failed".to_string(),
            name: MetricName::Whole("http_req_failed".to_string()),
            thresholds: vec![threshold.clone()],
        };
        assert!(!aborts(&with(&threshold), &failing, Span::secs(60)));
        threshold.abort_on_fail = true;
        assert!(aborts(&with(&threshold), &failing, Span::ZERO));
        threshold.delay_abort_eval = Some(Span::secs(10));
        assert!(!aborts(&with(&threshold), &failing, Span::secs(10)));
        assert!(aborts(&with(&threshold), &failing, Span::secs(12)));
    }

    #[test]
    fn error_lines_sort_the_names() {
        let names = ["http_reqs", "checks", "Zz"];
        assert_eq!(
            crossed_error(names).as_deref(),
            Some("thresholds on metrics 'Zz, checks, http_reqs' have been crossed")
        );
        assert_eq!(crossed_error([]), None);
        let abort = "thresholds on metrics 'http_req_duration' were crossed; at least one has \
                     abortOnFail enabled, stopping test prematurely";
        assert_eq!(abort_error(["http_req_duration"]).as_deref(), Some(abort));
    }
}
