//! A prediction as a file, and how it did against a run made since.
//!
//! The score is the continuous ranked probability score (Matheson & Winkler 1976; Gneiting & Raftery 2007) of
//! the logarithm: proper, so nobody gains by saying more or less than he knows; in the unit of a relative
//! error; and for a single number, such as a formula's, the relative error itself.

use serde::{Deserialize, Serialize};

use super::prediction::{Number, Prediction, half_width, middle};
use super::read::Measured;
use crate::model::threshold::Threshold;
use crate::world::window::Window;

/// What the file says it is.
const KIND: &str = "capsim prediction 1";
/// Equally probable values of each number that are kept.
const KEPT: usize = 40;
/// What is added to both sides of a ratio.
const OFFSET: f64 = 1e-3;

/// A prediction as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What this file is.
    pub kind: String,
    /// The model's file.
    pub model: String,
    /// The test's highest load.
    pub load: String,
    /// The part of the run that counts.
    pub window: Option<String>,
    /// Runs simulated.
    pub draws: u64,
    /// Seconds that the shortest and the longest of them lasted; not in files of older versions.
    #[serde(default)]
    pub seconds: Option<(f64, f64)>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// The loads fitted to.
    pub fitted: Option<(f64, f64)>,
    /// The formula beside it.
    pub formula: Option<String>,
    /// All numbers.
    pub numbers: Vec<KeptNumber>,
    /// All thresholds.
    pub thresholds: Vec<KeptThreshold>,
    /// Exit codes and their probabilities, the most likely first.
    pub exit_codes: Vec<(u8, f64)>,
    /// Where the uncertainty of the number in question comes from.
    pub uncertainty_of: String,
    /// Shares of its variance.
    pub uncertainty: Vec<(String, f64)>,
    /// Measurements that would help, and the factor by which each narrows its range.
    pub measurements: Vec<(String, f64)>,
}

/// One number of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptNumber {
    /// Metric.
    pub metric: String,
    /// Statistic, such as `p(95)`.
    pub stat: String,
    /// The middle.
    pub median: f64,
    /// Holds 80 % of all runs.
    pub range_80: (f64, f64),
    /// Holds 95 % of all runs.
    pub range_95: (f64, f64),
    /// What the formula says.
    pub formula: Option<f64>,
    /// Equally probable values, in ascending order.
    pub sample: Vec<f64>,
}

impl KeptNumber {
    /// Half the width of the range that holds 95 % of all runs, as a share of the median; `None` of a median of zero.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        half_width(self.range_95, self.median)
    }
}

/// One threshold of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptThreshold {
    /// Metric.
    pub metric: String,
    /// The expression as written.
    pub expression: String,
    /// Probability that it holds.
    pub passes: f64,
}

/// Nine digits are more than anybody has.
fn short(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

impl Kept {
    /// Of a prediction.
    #[must_use]
    pub fn new(prediction: &Prediction, model: &str) -> Kept {
        let number = |n: &Number| KeptNumber {
            metric: n.metric.clone(),
            stat: n.stat.to_string(),
            median: short(n.quantile(0.5)),
            range_80: pair(n.range(0.8)),
            range_95: pair(n.range(0.95)),
            formula: n.formula.map(short),
            sample: (0..KEPT)
                .map(|i| short(n.quantile((i as f64 + 0.5) / KEPT as f64)))
                .collect(),
        };
        let asked = prediction.in_question();
        Kept {
            kind: KIND.to_owned(),
            model: model.to_owned(),
            load: prediction.load.clone(),
            window: prediction.window.map(|w| w.to_string()),
            draws: prediction.draws,
            seconds: Some(pair(prediction.seconds)),
            seed: prediction.seed,
            fitted: prediction.fitted,
            formula: prediction.formula.clone(),
            numbers: prediction.numbers.iter().map(number).collect(),
            thresholds: prediction
                .thresholds
                .iter()
                .map(|v| KeptThreshold {
                    metric: v.metric.clone(),
                    expression: v.expression.clone(),
                    passes: short(v.passes),
                })
                .collect(),
            exit_codes: prediction.codes.iter().map(|c| (c.0, short(c.1))).collect(),
            uncertainty_of: prediction
                .numbers
                .get(asked)
                .map(Number::name)
                .unwrap_or_default(),
            uncertainty: shortened(prediction.shares(asked).words(&prediction.names)),
            measurements: shortened(prediction.measurements(asked)),
        }
    }

    /// Reads what [`Kept::text`] wrote.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parse(text: &str) -> Result<Kept, String> {
        let kept: Kept = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if kept.kind != KIND {
            return Err(format!("`kind` is {:?}, not {KIND:?}", kept.kind));
        }
        if let Some(empty) = kept.numbers.iter().find(|n| n.sample.is_empty()) {
            return Err(format!("{} {} has no `sample`", empty.metric, empty.stat));
        }
        Ok(kept)
    }

    /// As JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The window it is of.
    ///
    /// # Errors
    /// If the file says something that is none.
    pub fn window(&self) -> Result<Option<Window>, String> {
        self.window.as_deref().map(Window::parse).transpose()
    }
}

fn shortened(all: Vec<(String, f64)>) -> Vec<(String, f64)> {
    let each = all.into_iter();
    each.map(|(words, x)| (words, short(x))).collect()
}

fn pair((low, high): (f64, f64)) -> (f64, f64) {
    (short(low), short(high))
}

/// How one number did.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'k> {
    /// What was predicted.
    pub number: &'k KeptNumber,
    /// What was measured.
    pub measured: f64,
    /// Whether it lies in the range of 80 %.
    pub in_80: bool,
    /// Whether it lies in the range of 95 %.
    pub in_95: bool,
    /// The score: 0 is perfect.
    pub crps: f64,
    /// The formula's.
    pub formula: Option<f64>,
}

/// How one threshold did.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'k> {
    /// What was predicted.
    pub threshold: &'k KeptThreshold,
    /// Whether it held.
    pub held: bool,
}

/// How a prediction did.
#[derive(Clone, Debug, PartialEq)]
pub struct Score<'k> {
    /// Every number that both have.
    pub rows: Vec<Row<'k>>,
    /// Every threshold whose number was measured.
    pub thresholds: Vec<Judged<'k>>,
    /// If the run was of another length than the test predicted: its seconds, and the test's.
    pub lengths: Option<(f64, f64)>,
}

fn log(x: f64) -> f64 {
    libm::log(x.max(0.0) + OFFSET)
}

/// Of the logarithm: mean distance from the measured value, less half the mean distance of two draws.
fn crps(sample: &[f64], measured: f64) -> f64 {
    let n = sample.len() as f64;
    let (mut from, mut among) = (0.0, 0.0);
    for one in sample {
        from += (log(*one) - log(measured)).abs();
        among += sample
            .iter()
            .map(|other| (log(*one) - log(*other)).abs())
            .sum::<f64>();
    }
    from / n - among / (2.0 * n * n)
}

/// Share, and seconds, by which a run may be longer or shorter than all those simulated.
const LENGTH: (f64, f64) = (0.02, 1.0);

/// Seconds of a run and of the test predicted, if they differ. A window has the length that it has.
fn other_length(kept: &Kept, run: &Measured) -> Option<(f64, f64)> {
    let ((low, high), seconds) = (kept.seconds?, run.seconds()?);
    let slack = |seconds: f64| LENGTH.0 * seconds + LENGTH.1;
    let differs = seconds < low - slack(low) || seconds > high + slack(high);
    (kept.window.is_none() && differs).then_some((seconds, (low + high) / 2.0))
}

impl<'k> Score<'k> {
    /// Compares a prediction with a run.
    #[must_use]
    pub fn new(kept: &'k Kept, run: &Measured) -> Score<'k> {
        let reading = |metric: &str, stat: &str| -> Option<f64> {
            let mut all = run.readings.iter();
            let found = all.find(|r| r.metric == metric && r.stat.to_string() == stat)?;
            Some(found.value)
        };
        // Files tell a rate by its passes and fails.
        let rate = |metric: &str| {
            let (passes, fails) = (reading(metric, "passes")?, reading(metric, "fails")?);
            (passes + fails > 0.0).then(|| passes / (passes + fails))
        };
        let value = |metric: &str, stat: &str| -> Option<f64> {
            let otherwise = || rate(metric).filter(|_| stat == "rate");
            reading(metric, stat).or_else(otherwise)
        };
        let row = |number: &'k KeptNumber| {
            let measured = value(&number.metric, &number.stat)?;
            let inside = |(low, high): (f64, f64)| low <= measured && measured <= high;
            Some(Row {
                number,
                measured,
                in_80: inside(number.range_80),
                in_95: inside(number.range_95),
                crps: crps(&number.sample, measured),
                formula: number.formula.map(|f| (log(f) - log(measured)).abs()),
            })
        };
        let judged = |threshold: &'k KeptThreshold| {
            let parsed = Threshold::parse(&threshold.expression).ok()?;
            let stat = super::read::Stat::Of(parsed.aggregation).to_string();
            let held = parsed.compare(value(&threshold.metric, &stat)?);
            Some(Judged { threshold, held })
        };
        Score {
            rows: kept.numbers.iter().filter_map(row).collect(),
            thresholds: kept.thresholds.iter().filter_map(judged).collect(),
            lengths: other_length(kept, run),
        }
    }

    /// Mean score of the numbers that the formula has, and the formula's.
    #[must_use]
    pub fn against_formula(&self) -> Option<(f64, f64, usize)> {
        let both: Vec<(f64, f64)> = self
            .rows
            .iter()
            .filter_map(|row| Some((row.crps, row.formula?)))
            .collect();
        let n = both.len() as f64;
        let own: f64 = both.iter().map(|b| b.0).sum();
        let formula: f64 = both.iter().map(|b| b.1).sum();
        (!both.is_empty()).then(|| (own / n, formula / n, both.len()))
    }

    /// Median over all numbers of half the width of the range that holds 95 %, as a share of the number's median:
    /// ranges of everything hold everything, and this tells that they do not. `None` if every median is zero.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        middle(self.rows.iter().filter_map(|row| row.number.half_width()))
    }

    /// Mean score of all numbers.
    #[must_use]
    pub fn crps(&self) -> f64 {
        self.rows.iter().map(|row| row.crps).sum::<f64>() / self.rows.len().max(1) as f64
    }

    /// What the misses have in common, and so what may have caused them.
    #[must_use]
    pub fn likely_cause(&self) -> Option<String> {
        let missed: Vec<&Row> = self.rows.iter().filter(|row| !row.in_95).collect();
        if missed.is_empty() {
            return None;
        }
        let per_run = |r: &&&Row| matches!(r.number.stat.as_str(), "rate" | "count");
        if let Some((run, test)) = self.lengths.filter(|_| missed.iter().any(|r| per_run(&r))) {
            return Some(format!(
                "the run lasted {run:.0} s and the test predicted {test:.0} s: its counts, and rates with another \
                 share of ramps, are others; predict the test as it was run"
            ));
        }
        let above = missed
            .iter()
            .filter(|r| r.measured > r.number.range_95.1)
            .count();
        let rate = missed
            .iter()
            .find(|r| r.number.metric == "http_reqs" && r.number.stat == "rate");
        if let Some(rate) = rate {
            let by = 100.0 * (rate.measured / rate.number.median - 1.0);
            return Some(format!(
                "throughput is {by:+.1} % off: the bottleneck's capacity, the think time or the load was another than the model's"
            ));
        }
        let first = &missed[0].number.metric;
        let times = |r: &&Row| r.number.metric.contains("_duration");
        if !missed.iter().all(times) {
            return None;
        }
        if first.contains('{') && missed.iter().all(|r| r.number.metric == *first) {
            return Some(format!(
                "{first} alone: its own service time has changed, or it waits for something else than the model has it"
            ));
        }
        let tail = |r: &&&Row| {
            matches!(
                r.number.stat.as_str(),
                "p(95)" | "p(99)" | "p(99.9)" | "max"
            )
        };
        if missed.iter().filter(tail).count() == missed.len() {
            return Some(match 2 * above >= missed.len() {
                true => {
                    "tails alone, and longer: slow stretches or stalls that the model does not have"
                        .to_owned()
                }
                false => {
                    "tails alone, and shorter: the runs fitted to had stalls that this one had not"
                        .to_owned()
                }
            });
        }
        let short = missed
            .iter()
            .filter(|r| r.measured < 2.0 && r.number.median < 2.0);
        if 2 * short.count() > missed.len() {
            return Some("mostly times below 2 ms, with throughput as predicted: what else ran on the machine, or the way to it, has changed".to_owned());
        }
        Some(match 2 * above >= missed.len() {
            true => "longer times at the predicted throughput: waiting that the model does not have (waves, stalls, a colder start)".to_owned(),
            false => "shorter times at the predicted throughput: less waiting than the model has".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::crps;

    #[test]
    fn the_score_of_a_point_is_its_relative_error_and_of_a_spread_less_far_off() {
        let off = crps(&[100.0; 40], 110.0);
        assert!((off - libm::log(110.001 / 100.001)).abs() < 1e-12, "{off}");
        let spread: Vec<f64> = (0..40).map(|i| 90.0 + f64::from(i)).collect();
        assert!(crps(&spread, 110.0) < 0.5 * off);
        // Who is sure of the right value does better than who is not.
        assert!(crps(&[110.0; 40], 110.0) < crps(&spread, 110.0));
    }
}
