//! The prediction of a test that has not been made: one distribution, simulated.
//!
//! Each draw is one run of the test. Its parameters are drawn from their covariance; its speed from what
//! one run differs from another; its capacity from how far service times drift when the load leaves the range
//! that was measured; its random numbers are its own. What the model lacks comes on top: each number by what
//! leaving runs out showed, more of it the further away the load, and the waiting beyond that of the loads
//! fitted to, by a factor of its own. Nothing is linearised, so ranges are as lopsided as a knee makes them.

use super::bottleneck::knee;
use super::draws::{DRIFT, Draw, Setting, WAITING, common, runs};
use super::formula::Formula;
use super::prediction::{Inputs, Number, Prediction, Verdict};
use super::quality::BAD;
use super::read::Stat;
use super::wanted::gauges;
use crate::model::threshold::Threshold;
use crate::model::{Document, Model, Override};
use crate::runner::{Asked, Given, Numbers, Runner, Study, Take};
use crate::stats::Moments;
use crate::world::window::Window;

/// What is to be predicted.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The model as written.
    pub document: &'a Document,
    /// The test's own changes.
    pub overrides: Vec<Override>,
    /// The part of the run that counts; `None` for all of it.
    pub window: Option<Window>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Runs.
    pub draws: u64,
    /// Where runs are made.
    pub runner: &'a Runner,
}

impl Question<'_> {
    pub(super) fn model(&self, more: &[Override]) -> Result<Model, String> {
        self.model_of(&self.changes(more))
    }

    /// A parameter of the fit, and what the user then says of the test.
    pub(super) fn changes(&self, more: &[Override]) -> Vec<Override> {
        more.iter().chain(&self.overrides).cloned().collect()
    }

    pub(super) fn model_of(&self, all: &[Override]) -> Result<Model, String> {
        let checked = self.document.check(all).map_err(|e| e.brief())?;
        Ok(checked.model)
    }

    /// Makes runs, and takes numbers of them.
    pub(super) fn run(
        &self,
        takes: Vec<Take>,
        asked: &[Asked<'_>],
    ) -> Result<Vec<Numbers>, String> {
        let study = Study {
            document: self.document,
            seed: self.seed,
            takes,
        };
        let given = self.runner.run(&study, asked)?.into_iter();
        given.map(Given::numbers).collect()
    }

    /// Simulates the test a number of times.
    ///
    /// # Errors
    /// If the model or its section `[fitted]` cannot be used.
    pub fn predict(&self) -> Result<Prediction, String> {
        self.predict_watched(&|_| ())
    }

    /// As [`Question::predict`]; `watch` is told how many runs have been made.
    ///
    /// # Errors
    /// As [`Question::predict`].
    pub fn predict_watched(&self, watch: &dyn Fn(u64)) -> Result<Prediction, String> {
        self.predict_with(&[], watch)
    }

    /// As [`Question::predict_watched`], where other models of the same system are as likely: as many runs are made of
    /// each, and what is predicted is what all of them say together. Of the others, the document and the changes count.
    ///
    /// # Errors
    /// As [`Question::predict`], of any model.
    pub fn predict_with(
        &self,
        others: &[Question<'_>],
        watch: &dyn Fn(u64),
    ) -> Result<Prediction, String> {
        let first = self.model(&[])?;
        let models = others.iter().map(|other| other.model(&[]));
        let models = models.collect::<Result<Vec<Model>, String>>()?;
        let all: Vec<&Model> = std::iter::once(&first).chain(&models).collect();
        let targets = common(&all);
        let setting = Setting::of(self, &first, targets.clone(), None)?;
        let structures = all.len() as u64;
        let numbers = |structure: u64| {
            let all = 0..self.draws;
            all.filter(move |k| k % structures == structure)
        };
        let jobs: Vec<(&Setting<'_>, u64)> = numbers(0).map(|k| (&setting, k)).collect();
        let mut draws = vec![runs(&jobs, watch)?];
        for ((other, model), structure) in others.iter().zip(&models).zip(1..) {
            let other = Question {
                seed: self.seed,
                window: self.window,
                ..other.clone()
            };
            let setting = Setting::of(&other, model, targets.clone(), None)?;
            let before: usize = draws.iter().map(Vec::len).sum();
            let watch = |made| watch(before as u64 + made);
            let jobs: Vec<(&Setting<'_>, u64)> =
                numbers(structure).map(|k| (&setting, k)).collect();
            draws.push(runs(&jobs, &watch)?);
        }
        setting.conclude(&draws)
    }
}

/// A threshold on a number that is predicted.
pub(super) struct Judged {
    /// As written.
    pub(super) metric: String,
    pub(super) threshold: Threshold,
    /// Index of its number.
    pub(super) number: usize,
}

impl Judged {
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.metric, self.threshold.expression)
    }
}

impl Setting<'_> {
    /// The thresholds on numbers that are predicted, in the order of the model.
    pub(super) fn judged(&self, model: &Model) -> Vec<Judged> {
        let of_metrics = model.thresholds.iter();
        let all = of_metrics.flat_map(|of| of.thresholds.iter().map(|t| (&of.metric, t)));
        all.filter_map(|(metric, threshold)| {
            let wanted = Stat::Of(threshold.aggregation);
            let mut numbers = self.targets.iter().map(|t| &t.reading);
            let number = numbers.position(|r| r.metric == *metric && r.stat == wanted)?;
            Some(Judged {
                metric: metric.clone(),
                threshold: threshold.clone(),
                number,
            })
        })
        .collect()
    }

    /// How often each threshold held, and with what probability k6 gives which exit code.
    fn verdicts(&self, model: &Model, draws: &[&Draw]) -> (Vec<Verdict>, Vec<(u8, f64)>) {
        let mut thresholds = Vec::new();
        let mut crossed = vec![false; draws.len()];
        for judged in self.judged(model) {
            let mut passes = 0u32;
            for (draw, crossed) in draws.iter().zip(&mut crossed) {
                let held = judged.threshold.compare(draw.out[judged.number]);
                passes += u32::from(held);
                *crossed |= !held;
            }
            thresholds.push(Verdict {
                metric: judged.metric,
                expression: judged.threshold.expression,
                number: judged.number,
                passes: f64::from(passes) / draws.len().max(1) as f64,
            });
        }
        let mut codes: Vec<(u8, u64)> = Vec::new();
        for (draw, crossed) in draws.iter().zip(&crossed) {
            let code = match draw.code {
                0 | 104 if *crossed => 99,
                code => code,
            };
            match codes.iter_mut().find(|(c, _)| *c == code) {
                Some((_, n)) => *n += 1,
                None => codes.push((code, 1)),
            }
        }
        let all = draws.len().max(1) as f64;
        codes.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), *code));
        let codes = codes.into_iter().map(|(code, n)| (code, n as f64 / all));
        (thresholds, codes.collect())
    }

    /// What the draws of each structure say together; the first is that of this setting.
    fn conclude(&self, structures: &[Vec<Draw>]) -> Result<Prediction, String> {
        let draws: Vec<&Draw> = structures.iter().flatten().collect();
        let question = &self.question;
        let model = question.model(&[])?;
        let formula = Formula::new(&model, question.window);
        let numbers: Vec<Number> = self
            .targets
            .iter()
            .enumerate()
            .map(|(i, target)| {
                let reading = &target.reading;
                let of_formula = formula.as_ref();
                let of_formula = of_formula.and_then(|f| f.number(&reading.metric, reading.stat));
                let sample = draws.iter().map(|draw| draw.out[i]).collect();
                Number::new(reading, sample, of_formula)
            })
            .collect();
        let (thresholds, codes) = self.verdicts(&model, &draws);
        let peak = model.peak_load();
        Ok(Prediction {
            load: peak.to_string(),
            peak: peak.value,
            knee: knee(&model),
            fitted: self.memory.loads,
            runs: self.memory.runs,
            misfit: self.memory.error.filter(|error| *error > BAD),
            window: question.window,
            draws: question.draws,
            seconds: draws.iter().fold((f64::INFINITY, 0.0), |(low, high), d| {
                (low.min(d.seconds), high.max(d.seconds))
            }),
            seed: question.seed,
            formula: formula.map(|f| f.name),
            names: self
                .memory
                .parameters
                .iter()
                .map(|p| p.name.clone())
                .collect(),
            numbers,
            thresholds,
            unpredicted: gauges(&model),
            codes,
            inputs: self.inputs(structures),
            structures: structures.len(),
        })
    }

    /// What was drawn of the first structure, and what the others differ by.
    fn inputs(&self, structures: &[Vec<Draw>]) -> Inputs {
        let draws = structures.first().map(Vec::as_slice).unwrap_or_default();
        let each = 0..self.targets.len();
        Inputs {
            moved: draws.iter().map(|d| d.moved.clone()).collect(),
            times: draws.iter().map(|d| d.day + d.drift).collect(),
            raw: draws.iter().map(|d| d.raw.clone()).collect(),
            base: self.base.clone(),
            lack: self.lack.clone(),
            waiting: WAITING.1 * draws.iter().map(|d| d.room).sum::<f64>()
                / draws.len().max(1) as f64,
            run_to_run: self.run_to_run,
            drift: DRIFT.1 * self.distance,
            between: each.map(|i| between(structures, i)).collect(),
        }
    }
}

/// The share of the variance of a number's logarithm that is between structures.
fn between(structures: &[Vec<Draw>], number: usize) -> f64 {
    let logs = |draws: &Vec<Draw>| -> Moments {
        let logs = draws.iter().map(|d| libm::log(d.out[number].max(1e-9)));
        logs.collect()
    };
    let all: Vec<Moments> = structures.iter().map(logs).collect();
    let within: Moments = all.iter().filter_map(Moments::variance).collect();
    let means: Moments = all.iter().filter_map(Moments::mean).collect();
    let chance: Moments = all
        .iter()
        .filter_map(Moments::std_error)
        .map(|e| e * e)
        .collect();
    let within = within.mean().unwrap_or(0.0);
    let between = means.variance().unwrap_or(0.0) - chance.mean().unwrap_or(0.0);
    match between > 0.0 {
        true => between / (between + within),
        false => 0.0,
    }
}
