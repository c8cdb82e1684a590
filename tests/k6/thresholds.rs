//! Thresholds against what k6 v2.2.0 answered: each expression of the fixtures was given to the real
//! program, on a trend whose only sample is 5.

use capsim::load::verdict::{crossed_error, verdicts};
use capsim::measure::summary::Values;
use capsim::model::metric_name::{MetricKind, find_builtin};
use capsim::model::threshold::{Aggregation, MetricThresholds, Threshold, resolve};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expression {
    expression: String,
    exit_code: i32,
    error: Option<String>,
    shown: Option<String>,
}

#[derive(Deserialize)]
struct Metric {
    metric: String,
    expressions: Vec<String>,
    exit_code: i32,
    error: Option<String>,
    shown: Option<String>,
}

/// k6's answer to one expression on the trend `tt`: exit code, error, and how it shows the expression.
fn answer(expression: &str) -> (i32, Option<String>, Option<String>) {
    let threshold = match Threshold::parse(expression) {
        Ok(threshold) => threshold,
        Err(error) => return (104, Some(error), None),
    };
    let five = [
        Aggregation::Avg,
        Aggregation::Min,
        Aggregation::Max,
        Aggregation::Med,
        threshold.aggregation,
    ];
    let stats = five.into_iter().map(|statistic| (statistic, 5.0)).collect();
    let values = Values::Trend { count: 1, stats };
    let thresholds = vec![threshold];
    let name = match resolve("tt", &thresholds, |_| Some(MetricKind::Trend)) {
        Ok((name, _)) => name,
        Err(error) => return (104, Some(error), None),
    };
    let metric = MetricThresholds {
        metric: "tt".to_string(),
        name,
        thresholds,
    };
    let verdicts = verdicts(&metric, &values);
    let shown = Some(verdicts[0].expression.clone());
    if verdicts[0].passed {
        (0, None, shown)
    } else {
        (99, crossed_error(["tt"]), shown)
    }
}

#[test]
fn every_expression_is_answered_as_k6_does() {
    let text = include_str!("../data/k6/threshold-expressions.json");
    let cases: Vec<Expression> = serde_json::from_str(text).expect("the fixture is JSON");
    assert_eq!(cases.len(), 22);
    for case in cases {
        let expected = (case.exit_code, case.error, case.shown);
        assert_eq!(answer(&case.expression), expected, "{:?}", case.expression);
    }
}

#[test]
fn every_metric_name_is_answered_as_k6_does() {
    let text = include_str!("../data/k6/threshold-metrics.json");
    let cases: Vec<Metric> = serde_json::from_str(text).expect("the fixture is JSON");
    assert_eq!(cases.len(), 10);
    for case in cases {
        let thresholds: Vec<Threshold> = case
            .expressions
            .iter()
            .map(|expression| Threshold::parse(expression).expect("a valid expression"))
            .collect();
        let kind_of = |name: &str| find_builtin(name).map(|builtin| builtin.kind);
        match resolve(&case.metric, &thresholds, kind_of) {
            Ok((name, _)) => {
                assert_eq!(case.exit_code, 0, "{}", case.metric);
                if let Some(shown) = case.shown {
                    assert_eq!(name.shown(), shown);
                }
            }
            Err(error) => assert_eq!((104, Some(error)), (case.exit_code, case.error)),
        }
    }
}

#[test]
fn a_number_beyond_a_double_is_refused() {
    let error = Threshold::parse("avg<1e999").expect_err("it is out of range");
    assert!(
        error.ends_with("strconv.ParseFloat: parsing \"1e999\": value out of range"),
        "{error}"
    );
    let error = Threshold::parse("p(nan)<1").expect_err("it is not a percentile");
    assert!(
        error.ends_with("provide a number between 0 and 100"),
        "{error}"
    );
    let error = Threshold::parse("avg<").expect_err("it has no number");
    assert!(error.ends_with("malformed threshold expression"), "{error}");
}

#[test]
fn trend_statistics_of_the_summary() {
    let stat = Aggregation::parse_trend_stat;
    assert_eq!(stat("p(99.9)"), Ok(Aggregation::Percentile(99.9)));
    assert_eq!(stat("count"), Ok(Aggregation::Count));
    let unknown = |name: &str| Err(format!("invalid trend stat '{name}', unknown format"));
    assert_eq!(stat("foo"), unknown("foo"));
    assert_eq!(stat("rate"), unknown("rate"));
}
