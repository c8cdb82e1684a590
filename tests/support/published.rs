//! The three published load tests, and how far the shipped models are from them.
//!
//! The published values stand in `tests/data/published-runs.json` and are used only to compare.

use std::fmt;
use std::path::Path;

use capsim::measure::summary::{Summary, Values};
use capsim::model::threshold::Aggregation;
use capsim::model::{Document, Model};
use capsim::world::World;
use capsim::world::outcome::Outcome;
use capsim::world::summary::summary;
use rayon::prelude::*;
use serde_json::Value;

/// One line of the comparison.
pub struct Row {
    /// What is compared.
    pub metric: String,
    /// What k6 printed.
    pub published: f64,
    /// Mean over the seeds.
    pub mean: f64,
    /// Standard deviation from seed to seed.
    pub deviation: f64,
    /// How far apart they may be.
    pub bound: Bound,
}

/// How far a simulated value may be from the published one.
#[derive(Clone, Copy)]
pub enum Bound {
    /// Relative, in per cent.
    Percent(f64),
    /// Equal.
    Equal,
    /// At most this many times as large or as small.
    Factor(f64),
    /// No bound was asked for; shown only.
    Shown,
}

impl Row {
    /// Relative deviation in per cent.
    pub fn error(&self) -> f64 {
        if self.published == 0.0 {
            100.0 * self.mean
        } else {
            100.0 * (self.mean / self.published - 1.0)
        }
    }

    /// Whether the deviation is within the bound.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::Percent(p) => self.error().abs() <= p,
            Bound::Equal => self.mean == self.published,
            Bound::Factor(f) => (1.0 / f..=f).contains(&(self.mean / self.published)),
            Bound::Shown => true,
        }
    }

    /// The bound as text.
    pub fn bound_text(&self) -> String {
        match self.bound {
            Bound::Percent(p) => format!("{p} %"),
            Bound::Equal => "equal".into(),
            Bound::Factor(f) => format!("× {f}"),
            Bound::Shown => String::new(),
        }
    }
}

/// A threshold, what the published run said and how many seeds agree.
pub struct VerdictRow {
    /// Metric and expression.
    pub threshold: String,
    /// Whether it passed in the published run.
    pub published: bool,
    /// Seeds with the same verdict.
    pub agree: usize,
    /// Seeds run.
    pub seeds: usize,
}

/// A row of the table in Markdown.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.holds() { "" } else { " **missed**" };
        write!(
            f,
            "| {} | {} | {:.2} | {:.2} | {:+.2} % | {}{mark} |",
            self.metric,
            self.published,
            self.mean,
            self.deviation,
            self.error(),
            self.bound_text()
        )
    }
}

/// A row of the table of verdicts in Markdown.
impl fmt::Display for VerdictRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.published { "passed" } else { "crossed" };
        let Self {
            threshold,
            agree,
            seeds,
            ..
        } = self;
        write!(f, "| {threshold} | {verdict} | {agree} of {seeds} |")
    }
}

/// Everything that is compared for one test, over these seeds.
pub fn compare(
    test: &'static str,
    seeds: std::ops::RangeInclusive<u64>,
) -> (Vec<Row>, Vec<VerdictRow>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = Document::from_file(&root.join(format!("models/{test}.toml"))).unwrap();
    compare_model(test, &document.check(&[]).unwrap().model, seeds)
}

/// As [`compare`], with a model of the test that is at hand.
pub fn compare_model(
    test: &'static str,
    model: &Model,
    seeds: std::ops::RangeInclusive<u64>,
) -> (Vec<Row>, Vec<VerdictRow>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("tests/data/published-runs.json")).unwrap();
    let published: Value = serde_json::from_str(&text).unwrap();
    let published = &published[test];
    let seeds: Vec<u64> = seeds.collect();
    let runs: Vec<(Outcome, Summary)> = seeds
        .par_iter()
        .map(|&seed| {
            let outcome = World::new(model, seed, 0).run();
            let summary = summary(&outcome, model);
            (outcome, summary)
        })
        .collect();
    let rows = metrics(test)
        .into_iter()
        .filter_map(|(metric, bound)| {
            let value = published_value(published, metric)?;
            let of: Vec<f64> = runs
                .iter()
                .map(|(o, s)| simulated_value(o, s, metric))
                .collect();
            let n = of.len() as f64;
            let mean = of.iter().sum::<f64>() / n;
            let variance =
                of.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0).max(1.0);
            let metric = metric.to_owned();
            Some(Row {
                metric,
                published: value,
                mean,
                deviation: variance.sqrt(),
                bound,
            })
        })
        .collect();
    let thresholds = published["thresholds"].as_array().unwrap().iter();
    let verdicts = thresholds.map(|t| {
        let (name, expression) = (
            t["metric"].as_str().unwrap(),
            t["expression"].as_str().unwrap(),
        );
        let passed = t["passed"].as_bool().unwrap();
        let agrees = |s: &Summary| {
            let metric = s.metrics.iter().find(|m| m.name == name).unwrap();
            let verdict = metric
                .thresholds
                .iter()
                .find(|v| v.expression == expression)
                .unwrap();
            verdict.passed == passed
        };
        VerdictRow {
            threshold: format!("{name}: {expression}"),
            published: passed,
            agree: runs.iter().filter(|(_, s)| agrees(s)).count(),
            seeds: seeds.len(),
        }
    });
    (rows, verdicts.collect())
}

/// What is compared, and how close it must be.
fn metrics(test: &str) -> Vec<(&'static str, Bound)> {
    use Bound::{Equal, Factor, Percent, Shown};
    let pick = |token, status, reserve| match test {
        "token" => token,
        "status" => status,
        _ => reserve,
    };
    let p = |a, b, c| Percent(pick(a, b, c));
    vec![
        ("http_reqs.count", p(1.0, 1.0, 1.0)),
        ("http_reqs.rate", Shown),
        ("iterations.count", p(1.0, 1.0, 1.0)),
        (
            "iterations.interrupted",
            if test == "reserve" {
                Percent(6.0)
            } else {
                Equal
            },
        ),
        ("checks.passes", p(1.0, 1.0, 1.0)),
        ("checks.total", p(1.0, 1.0, 1.0)),
        ("http_req_duration.avg", p(1.0, 5.0, 2.0)),
        ("http_req_duration.min", Shown),
        ("http_req_duration.med", p(2.0, 8.0, 5.0)),
        ("http_req_duration.max", p(20.0, 25.0, 15.0)),
        ("http_req_duration.p(90)", p(1.5, 6.0, 2.0)),
        ("http_req_duration.p(95)", p(1.5, 10.0, 2.0)),
        ("iteration_duration.avg", p(1.0, 1.0, 4.0)),
        ("iteration_duration.min", Shown),
        ("iteration_duration.med", p(1.0, 1.0, 4.0)),
        ("iteration_duration.max", Shown),
        ("iteration_duration.p(90)", p(1.0, 1.0, 4.0)),
        ("iteration_duration.p(95)", p(1.0, 1.0, 4.0)),
        (
            "failed.reservations",
            if test == "reserve" {
                Percent(20.0)
            } else {
                Shown
            },
        ),
        (
            "failed.other",
            if test == "reserve" {
                Factor(1.5)
            } else {
                Equal
            },
        ),
        ("data_integrity.passes", Shown),
        ("duration_s", Shown),
    ]
}

fn published_value(published: &Value, metric: &str) -> Option<f64> {
    let summary = &published["summary"];
    let reservations = summary["check: reserve status is 200"]["fails"]
        .as_f64()
        .unwrap_or(0.0);
    match metric {
        "checks.total" => {
            Some(summary["checks"]["passes"].as_f64()? + summary["checks"]["fails"].as_f64()?)
        }
        "failed.reservations" => summary
            .get("check: reserve status is 200")
            .map(|_| reservations),
        "failed.other" => Some(summary["http_req_failed"]["failed"].as_f64()? - reservations),
        "duration_s" => Some(summary["duration_ms"].as_f64()? / 1000.0),
        _ => {
            let (name, field) = metric.split_once('.')?;
            summary[name][field].as_f64()
        }
    }
}

fn simulated_value(outcome: &Outcome, summary: &Summary, metric: &str) -> f64 {
    let values = |name: &str| {
        &summary
            .metrics
            .iter()
            .find(|m| m.name == name)
            .unwrap()
            .values
    };
    let rate = |name: &str| match values(name) {
        Values::Rate { passes, fails } => (*passes as f64, *fails as f64),
        _ => unreachable!(),
    };
    let reservations = || {
        let checks = summary.root.checks.iter();
        checks
            .filter(|c| c.name == "reserve status is 200")
            .map(|c| c.fails as f64)
            .sum::<f64>()
    };
    match metric {
        "iterations.interrupted" => outcome.recorder.interrupted as f64,
        "checks.passes" => rate("checks").0,
        "checks.total" => rate("checks").0 + rate("checks").1,
        "data_integrity.passes" => rate("data_integrity").0,
        "failed.reservations" => reservations(),
        "failed.other" => rate("http_req_failed").0 - reservations(),
        "duration_s" => outcome.duration.as_secs(),
        _ => {
            let (name, field) = metric.split_once('.').unwrap();
            match (values(name), field) {
                (Values::Counter { count, .. }, "count") => *count,
                (Values::Counter { rate, .. }, "rate") => *rate,
                (values, stat) => values.stat(aggregation(stat)).unwrap(),
            }
        }
    }
}

fn aggregation(text: &str) -> Aggregation {
    match text {
        "avg" => Aggregation::Avg,
        "min" => Aggregation::Min,
        "max" => Aggregation::Max,
        "med" => Aggregation::Med,
        "p(90)" => Aggregation::Percentile(90.0),
        "p(95)" => Aggregation::Percentile(95.0),
        other => unreachable!("{other}"),
    }
}
