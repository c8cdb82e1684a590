//! A prediction as data: ranges, verdicts, where the uncertainty comes from, and what would shrink it.

use super::linear::Eigen;
use super::read::{Reading, Stat};
use crate::stats::Moments;
use crate::stats::quantile::percentiles;
use crate::world::window::Window;

/// A run nearer to the load in question is proposed at this share of it, or of the knee if that is less.
const NEARER: f64 = 0.75;

/// One number of a test to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Metric.
    pub metric: String,
    /// Which number of it.
    pub stat: Stat,
    /// All draws, in ascending order.
    pub sample: Vec<f64>,
    /// What the formula says.
    pub formula: Option<f64>,
}

impl Number {
    pub(super) fn new(reading: &Reading, mut sample: Vec<f64>, formula: Option<f64>) -> Number {
        sample.sort_by(f64::total_cmp);
        Number {
            metric: reading.metric.clone(),
            stat: reading.stat,
            sample,
            formula,
        }
    }

    /// The value below which a share of all runs stays.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let found = percentiles(&self.sample, &[100.0 * share]);
        found.and_then(|f| f.first().copied()).unwrap_or(0.0)
    }

    /// The range that holds a share of all runs, as much outside on each side.
    #[must_use]
    pub fn range(&self, share: f64) -> (f64, f64) {
        let beyond = (1.0 - share) / 2.0;
        (self.quantile(beyond), self.quantile(1.0 - beyond))
    }

    /// Half the width of the range that holds 95 % of all runs, as a share of the median; `None` of a median of zero.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        half_width(self.range(0.95), self.quantile(0.5))
    }

    /// How it is named in tables.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.metric, self.stat)
    }
}

/// Half the width of a range, as a share of the median.
pub(super) fn half_width((low, high): (f64, f64), median: f64) -> Option<f64> {
    (median > 0.0).then(|| (high - low) / 2.0 / median)
}

/// The median of some shares.
pub(super) fn middle(all: impl Iterator<Item = f64>) -> Option<f64> {
    let sample: Vec<f64> = all.collect();
    let found = percentiles(&sample, &[50.0]).filter(|_| !sample.is_empty());
    found.and_then(|found| found.first().copied())
}

/// A threshold of a test to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Its metric.
    pub metric: String,
    /// The expression as written.
    pub expression: String,
    /// Index of its number.
    pub number: usize,
    /// Probability that it holds.
    pub passes: f64,
}

/// What was drawn, and what was simulated with it: from this, the shares of the uncertainty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    pub(super) moved: Vec<Vec<f64>>,
    pub(super) times: Vec<f64>,
    pub(super) raw: Vec<Vec<f64>>,
    pub(super) base: Vec<f64>,
    pub(super) lack: Vec<f64>,
    pub(super) waiting: f64,
    pub(super) run_to_run: f64,
    pub(super) drift: f64,
    /// Of each number, the share of the variance that is between structures.
    pub(super) between: Vec<f64>,
}

/// Where the variance of the logarithm of a number comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    /// From parameters that are not known exactly.
    pub parameters: f64,
    /// From what one run differs from another.
    pub run_to_run: f64,
    /// From service times that may drift outside the loads measured.
    pub drift: f64,
    /// From what the model lacks of this number.
    pub lack: f64,
    /// From waiting that low loads do not show.
    pub waiting: f64,
    /// From the random numbers of one run.
    pub chance: f64,
    /// From structures that are as likely and say other things.
    pub structure: f64,
    /// The parameter that contributes most.
    pub most: Option<usize>,
}

/// The prediction of a test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The test's highest load in words.
    pub load: String,
    /// And as a number.
    pub peak: f64,
    /// The load from which some must wait.
    pub knee: Option<f64>,
    /// Structures that are as likely, this one among them.
    pub structures: usize,
    /// Loads fitted to.
    pub fitted: Option<(f64, f64)>,
    /// Runs fitted to.
    pub runs: usize,
    /// How far the model is off of these, if that is too far for any prediction to be relied on.
    pub misfit: Option<f64>,
    /// The part of the run that counts.
    pub window: Option<Window>,
    /// Runs simulated.
    pub draws: u64,
    /// Seconds that the shortest and the longest of them lasted.
    pub seconds: (f64, f64),
    /// Seed of all random numbers.
    pub seed: u64,
    /// The formula's name.
    pub formula: Option<String>,
    /// Names of the parameters.
    pub names: Vec<String>,
    /// All numbers.
    pub numbers: Vec<Number>,
    /// All thresholds.
    pub thresholds: Vec<Verdict>,
    /// Thresholds on gauges, which are not predicted.
    pub unpredicted: Vec<String>,
    /// Exit codes with their probabilities, the most likely first.
    pub codes: Vec<(u8, f64)>,
    /// What the shares are made from.
    pub inputs: Inputs,
}

impl Prediction {
    /// The number whose uncertainty matters most: that of the threshold nearest to even odds, else the
    /// p(95) of all requests, else the first.
    #[must_use]
    pub fn in_question(&self) -> usize {
        let open = |v: &&Verdict| (v.passes - 0.5).abs();
        let verdicts = self.thresholds.iter();
        let nearest = verdicts.min_by(|a, b| open(a).total_cmp(&open(b)));
        if let Some(verdict) = nearest.filter(|v| open(v) < 0.5) {
            return verdict.number;
        }
        let p95 = self
            .numbers
            .iter()
            .position(|n| n.name() == "http_req_duration p(95)");
        p95.unwrap_or(0)
    }

    /// Median over all numbers of half the width of the range that holds 95 %, as a share of the number's median.
    /// `None` if every median is zero.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        middle(self.numbers.iter().filter_map(Number::half_width))
    }

    /// Where the uncertainty of a number comes from; the shares add up to one.
    #[must_use]
    pub fn shares(&self, number: usize) -> Shares {
        let inputs = &self.inputs;
        let n = inputs.raw.len();
        let logs: Vec<f64> = inputs
            .raw
            .iter()
            .map(|raw| libm::log(raw[number].max(1e-9)))
            .collect();
        let k = self.names.len();
        let row = |r: usize| -> Vec<f64> {
            let mut row = inputs.moved[r].clone();
            row.push(inputs.times[r]);
            row
        };
        let rows: Vec<Vec<f64>> = (0..n).map(row).collect();
        let slopes = regression(&rows, &logs);
        let variance = |of: &dyn Fn(usize) -> f64| -> f64 {
            let all: Moments = (0..n).map(of).collect();
            all.variance().unwrap_or(0.0)
        };
        let by = |r: usize, i: usize| slopes[i] * rows[r][i];
        let parameters = variance(&|r| (0..k).map(|i| by(r, i)).sum());
        let all = variance(&|r| logs[r]);
        let explained = variance(&|r| (0..=k).map(|i| by(r, i)).sum());
        let slope = slopes.get(k).copied().unwrap_or(0.0);
        let median = self.numbers[number].quantile(0.5).max(1e-9);
        let base = inputs.base[number].min(median);
        let part = |share: f64, deviation: f64| share * share * deviation * deviation;
        let mut shares = Shares {
            parameters,
            run_to_run: part(slope, inputs.run_to_run),
            drift: part(slope, inputs.drift),
            lack: part(base / median, inputs.lack[number]),
            waiting: part(1.0 - base / median, inputs.waiting),
            chance: (all - explained).max(0.0),
            structure: 0.0,
            most: None,
        };
        let own = |i: usize| variance(&|r| by(r, i));
        shares.most = (0..k).max_by(|a, b| own(*a).total_cmp(&own(*b)));
        shares.divide();
        let between = inputs.between.get(number).copied().unwrap_or(0.0);
        for part in shares.all() {
            *part *= 1.0 - between;
        }
        shares.structure = between;
        shares
    }

    /// Measurements that would help, with the factor by which each narrows the range of a number; the best first.
    #[must_use]
    pub fn measurements(&self, number: usize) -> Vec<(String, f64)> {
        let shares = self.shares(number);
        let mut all = Vec::new();
        if let Some((low, high)) = self.fitted {
            let far = super::lack::outside(self.peak, low, high);
            let at = NEARER * self.knee.unwrap_or(self.peak).min(self.peak);
            if at > high {
                let still = super::lack::outside(self.peak, low, at);
                let drift = (still / far) * (still / far);
                let lack = (1.0 + still) / (1.0 + far);
                // One run more shares the parameters' chance, shows the waiting of its own load, and tells structures
                // apart that differ at it.
                let runs = self.runs as f64 / (self.runs as f64 + 1.0);
                let left = shares.drift * drift
                    + shares.lack * lack * lack
                    + shares.parameters * runs
                    + (shares.waiting + shares.structure) * 0.25
                    + shares.run_to_run
                    + shares.chance;
                let unit = if self.load.ends_with("/s") {
                    "arrivals/s"
                } else {
                    "VUs"
                };
                let words = format!("one run at {:.0} {unit}, fitted to as well", at.round());
                all.push((words, left.sqrt()));
            }
            let more = 3.0;
            let runs = self.runs as f64 / (self.runs as f64 + more);
            let left = 1.0 - shares.parameters * (1.0 - runs);
            let words = format!("{more:.0} more runs at {high:.0}, fitted to as well");
            all.push((words, left.sqrt()));
        }
        let left = 1.0 - (shares.chance + shares.run_to_run) * 0.75;
        let words = "the test itself made four times, and its mean taken";
        all.push((words.to_owned(), left.sqrt()));
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        all
    }
}

impl Shares {
    fn all(&mut self) -> [&mut f64; 7] {
        [
            &mut self.parameters,
            &mut self.run_to_run,
            &mut self.drift,
            &mut self.lack,
            &mut self.waiting,
            &mut self.chance,
            &mut self.structure,
        ]
    }

    fn divide(&mut self) {
        let sum: f64 = self.all().iter().map(|part| **part).sum();
        for part in self.all() {
            *part /= sum.max(1e-300);
        }
    }

    /// Each share in words, the largest first.
    #[must_use]
    pub fn words(&self, names: &[String]) -> Vec<(String, f64)> {
        let most = self.most.and_then(|i| names.get(i));
        let parameters = match most {
            Some(name) => format!("parameters that are not known exactly, {name} most of all"),
            None => "parameters".to_owned(),
        };
        let mut all = vec![
            (parameters, self.parameters),
            ("one run differs from the next".to_owned(), self.run_to_run),
            (
                "service times may drift outside the loads measured".to_owned(),
                self.drift,
            ),
            ("what the model lacks of this number".to_owned(), self.lack),
            (
                "waiting that the loads measured do not show".to_owned(),
                self.waiting,
            ),
            ("the luck of one run".to_owned(), self.chance),
            (
                "structures that are as likely say other things".to_owned(),
                self.structure,
            ),
        ];
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }
}

/// Slopes of a linear regression with a constant.
fn regression(rows: &[Vec<f64>], values: &[f64]) -> Vec<f64> {
    let k = rows.first().map_or(0, Vec::len);
    let n = rows.len().max(1) as f64;
    let mean = |of: &dyn Fn(usize) -> f64| (0..rows.len()).map(of).sum::<f64>() / n;
    let means: Vec<f64> = (0..k).map(|i| mean(&|r| rows[r][i])).collect();
    let centre = mean(&|r| values[r]);
    let spread: Vec<f64> = (0..k)
        .map(|i| mean(&|r| (rows[r][i] - means[i]) * (rows[r][i] - means[i])).sqrt())
        .map(|s| if s > 0.0 { s } else { 1.0 })
        .collect();
    let at = |r: usize, i: usize| (rows[r][i] - means[i]) / spread[i];
    let matrix: Vec<Vec<f64>> = (0..k)
        .map(|i| (0..k).map(|j| mean(&|r| at(r, i) * at(r, j))).collect())
        .collect();
    let right: Vec<f64> = (0..k)
        .map(|i| mean(&|r| at(r, i) * (values[r] - centre)))
        .collect();
    let slopes = Eigen::new(&matrix).apply(&right, |e| if e > 1e-6 { 1.0 / e } else { 0.0 });
    slopes
        .iter()
        .zip(&spread)
        .map(|(slope, s)| slope / s)
        .collect()
}
