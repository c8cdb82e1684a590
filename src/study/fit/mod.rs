//! Fitting a model to measured runs, and saying how well that went.

pub(crate) mod bottleneck;
pub mod covariance;
pub mod crossing;
pub mod difference;
pub mod distance;
mod draws;
pub mod exact;
pub mod family;
pub mod file;
pub mod forecast;
pub mod formula;
pub mod free;
pub mod knee;
pub mod known;
pub mod lack;
mod length;
pub mod limit;
mod linear;
mod load;
pub mod names;
pub mod predict;
pub mod prediction;
pub mod quality;
pub mod read;
pub mod remembered;
pub mod score;
pub mod search;
pub mod structure;
pub mod undescribed;
mod wanted;

use crate::model::{Document, Model, Override};
use crate::runner::{Asked, Given, Runner, Study, Take};
use distance::{Target, log_ratio, targets};
use free::Free;
use read::Measured;

/// A measured run, and the load under which it was measured.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name for tables: the file.
    pub name: String,
    /// What was measured.
    pub measured: Measured,
    /// Changes to the model for this run: its load.
    pub overrides: Vec<Override>,
    /// The load in words.
    pub load: String,
    /// All that is compared.
    pub targets: Vec<Target>,
    /// Metrics in the file that the model does not have.
    pub unknown: Vec<String>,
    /// Peak of VUs (or of arrivals per second) that the model runs under these overrides.
    pub peak: f64,
    /// What a reader of its numbers should know: the load taken, another length.
    pub notes: Vec<String>,
}

/// A model, its free parameters and the runs it is held to.
#[derive(Debug)]
pub struct Fit<'a> {
    /// The model as written.
    pub document: &'a Document,
    /// Changes for all runs.
    pub base: Vec<Override>,
    /// What may vary.
    pub free: Vec<Free>,
    /// The runs.
    pub cases: Vec<Case>,
    /// Seed of all random numbers: the same for every point (common random numbers).
    pub seed: u64,
    /// Where runs are made.
    pub runner: &'a Runner,
}

/// What a point of the parameter space gave.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Simulated values by case and target, mean over the replications.
    pub values: Vec<Vec<f64>>,
    /// Variance of the logarithm from replication to replication, by case and target; zeros with one.
    pub variances: Vec<Vec<f64>>,
    /// Logarithms of simulated over measured by case, replication and target.
    pub logs: Vec<Vec<Vec<f64>>>,
}

impl Case {
    /// Prepares a run. `given` are the user's own overrides for it; without any, the run's load is told
    /// from its VUs or its iterations. A run of another length than the model is compared by rates.
    ///
    /// # Errors
    /// If the model cannot be checked under the overrides, or has no number in common with the run.
    pub fn new(
        name: &str,
        mut measured: Measured,
        document: &Document,
        base: &[Override],
        given: Vec<Override>,
    ) -> Result<Case, String> {
        let check = |extra: &[Override]| -> Result<Model, String> {
            let all: Vec<Override> = base.iter().chain(extra).cloned().collect();
            document.check(&all).map(|c| c.model).map_err(|e| e.brief())
        };
        let times = |factor: f64| Override::new("load", &format!("{factor}"));
        let mut overrides = given;
        let mut notes = measured.said.clone();
        let mut model = check(&overrides)?;
        if overrides.is_empty() {
            let load = load::of_run(&measured, &model, |factor| {
                check(&[times(factor).ok()?]).ok()
            });
            notes.extend(load.note);
            if let Some(factor) = load.factor {
                overrides.push(times(factor).map_err(|e| e.brief())?);
                model = check(&overrides)?;
            }
        }
        if let Some(lengths) = length::other_length(&measured, &model) {
            measured = length::by_rates(&measured, &model, lengths.run);
            notes.push(format!(
                "the run lasted {:.1} s and the model generates load for {:.1} s: they are compared by \
                 rates and shares, not by counts",
                lengths.run, lengths.model
            ));
        }
        let (targets, unknown) = targets(&measured, &model);
        if targets.iter().all(|t| t.scale.is_none()) {
            return Err(nothing_in_common(name, &measured, &model));
        }
        let peak = model.peak_load();
        Ok(Case {
            name: name.to_string(),
            load: peak.to_string(),
            targets,
            unknown,
            peak: peak.value,
            measured,
            overrides,
            notes,
        })
    }

    /// What is taken of a run of it.
    fn take(&self) -> Take {
        Take::Numbers(self.targets.clone(), self.measured.window)
    }
}

/// Why a run that has no number in common with the model is of no use.
fn nothing_in_common(name: &str, measured: &Measured, model: &Model) -> String {
    const SHOWN: usize = 6;
    let mut metrics: Vec<&str> = Vec::new();
    for reading in &measured.readings {
        if !metrics.contains(&reading.metric.as_str()) {
            metrics.push(&reading.metric);
        }
    }
    let more = match metrics.len() {
        n if n > SHOWN => format!(" and {} more", n - SHOWN),
        _ => String::new(),
    };
    metrics.truncate(SHOWN);
    let own: String = model
        .metrics
        .iter()
        .map(|m| format!(", {}", m.name))
        .collect();
    format!(
        "{name}: nothing to compare: this {} has {}{more}, and the model gives http_reqs, \
         http_req_duration, http_req_failed, iterations, iteration_duration{own}; give a run of the \
         test that the model describes",
        measured.form,
        metrics.join(", ")
    )
}

impl Fit<'_> {
    /// The overrides that a point stands for.
    fn overrides(&self, point: &[f64]) -> Result<Vec<Override>, String> {
        let mut all = self.base.clone();
        for (free, x) in self.free.iter().zip(point) {
            all.extend(free.overrides(libm::exp(*x))?);
        }
        Ok(all)
    }

    /// The changes of a case at a point (logarithms of the parameters), and the model with them.
    fn model(&self, case: &Case, point: &[f64]) -> Result<(Vec<Override>, Model), String> {
        let mut all = self.overrides(point)?;
        all.extend(case.overrides.iter().cloned());
        let checked = self.document.check(&all).map_err(|e| e.brief())?;
        Ok((all, case.take().prepared(checked.model, None)))
    }

    /// What a formula says of a case, from the means of the fitted model.
    #[must_use]
    pub fn formula(&self, case: &Case, found: &search::Found) -> Option<formula::Formula> {
        let (_, model) = self.model(case, &found.point).ok()?;
        formula::Formula::new(&model, case.measured.window)
    }

    /// Runs cases, each with a model and a replication: the numbers of each run, or why it came to no end.
    fn simulate<'m>(
        &self,
        cases: &[Case],
        jobs: impl Iterator<Item = (usize, &'m (Vec<Override>, Model), u64)>,
    ) -> Result<Vec<Result<Vec<f64>, String>>, String> {
        let study = Study {
            document: self.document,
            seed: self.seed,
            takes: cases.iter().map(Case::take).collect(),
        };
        let asked = jobs.map(|(take, (set, model), replication)| Asked {
            model,
            set,
            slower: None,
            replication,
            take,
        });
        let given = self.runner.run(&study, &asked.collect::<Vec<_>>())?;
        let numbers = given.into_iter().map(Given::numbers);
        Ok(numbers.map(|run| run.map(|run| run.values)).collect())
    }

    /// Runs all cases at all points, on all cores. A point at which the model is invalid, or one of its runs comes to
    /// no end, is `Err`.
    #[must_use]
    pub fn evaluate(
        &self,
        points: &[Vec<f64>],
        replications: u64,
    ) -> Vec<Result<Evaluation, String>> {
        self.evaluate_cases(&self.cases, points, replications)
    }

    /// As [`Fit::evaluate`], of other runs: those held out.
    #[must_use]
    pub fn evaluate_cases(
        &self,
        cases: &[Case],
        points: &[Vec<f64>],
        replications: u64,
    ) -> Vec<Result<Evaluation, String>> {
        let models: Vec<Result<Vec<_>, String>> = points
            .iter()
            .map(|point| cases.iter().map(|case| self.model(case, point)).collect())
            .collect();
        let jobs: Vec<(usize, usize, u64)> = (0..points.len())
            .filter(|p| models[*p].is_ok())
            .flat_map(|p| (0..cases.len()).map(move |c| (p, c)))
            .flat_map(|(p, c)| (0..replications).map(move |r| (p, c, r)))
            .collect();
        let asked = jobs.iter().filter_map(|&(p, c, replication)| {
            let models = models[p].as_ref().ok()?;
            Some((c, &models[c], replication))
        });
        let done = match self.simulate(cases, asked) {
            Ok(done) => done,
            Err(why) => return points.iter().map(|_| Err(why.clone())).collect(),
        };
        let mut runs = jobs.iter().zip(done).peekable();
        models
            .into_iter()
            .enumerate()
            .map(|(p, models)| {
                models?;
                let mut evaluation = Evaluation {
                    values: Vec::new(),
                    variances: Vec::new(),
                    logs: Vec::new(),
                };
                let mut no_end = None;
                for (c, case) in cases.iter().enumerate() {
                    let mut own = Vec::new();
                    while let Some((_, run)) = runs.next_if(|(job, _)| job.0 == p && job.1 == c) {
                        match run {
                            Ok(run) => own.push(run),
                            Err(why) => no_end = no_end.or(Some(why)),
                        }
                    }
                    let (mean, variance, logs) = over_replications(case, &own);
                    evaluation.values.push(mean);
                    evaluation.variances.push(variance);
                    evaluation.logs.push(logs);
                }
                no_end.map_or(Ok(evaluation), Err)
            })
            .collect()
    }
}

/// Mean of each target, variance of its logarithm, and the logarithms themselves by replication.
fn over_replications(case: &Case, runs: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
    let n = runs.len().max(1) as f64;
    let log = |run: &Vec<f64>| -> Vec<f64> {
        let targets = case.targets.iter().zip(run);
        targets.map(|(t, v)| log_ratio(&t.reading, *v)).collect()
    };
    let logs: Vec<Vec<f64>> = runs.iter().map(log).collect();
    let mean = |i: usize| {
        runs.iter()
            .map(|r| r.get(i).copied().unwrap_or(0.0))
            .sum::<f64>()
            / n
    };
    let variance = |i: usize| {
        let of: crate::stats::Moments = logs.iter().filter_map(|l| l.get(i).copied()).collect();
        of.variance().unwrap_or(0.0)
    };
    let all = 0..case.targets.len();
    let (means, variances) = (all.clone().map(mean).collect(), all.map(variance).collect());
    (means, variances, logs)
}
