//! The prediction of a test that has not been made: one distribution, simulated.
//!
//! Each draw is one run of the test. Its parameters are drawn from their covariance; its speed from what
//! one run differs from another; its capacity from how far service times drift when the load leaves the range
//! that was measured; its random numbers are its own. What the model lacks comes on top: each number by what
//! leaving runs out showed, more of it the further away the load, and the waiting beyond that of the loads
//! fitted to, by a factor of its own. Nothing is linearised, so ranges are as lopsided as a knee makes them.

use super::bottleneck::{demand, demand_of, knee, room};
use super::distance::Target;
use super::formula::Formula;
use super::lack::{RUN_TO_RUN, beforehand, name, outside};
use super::linear::Eigen;
use super::prediction::{Inputs, Number, Prediction, Verdict};
use super::read::Stat;
use super::remembered::Remembered;
use super::wanted::{Kind, gauges, kind, readings};
use crate::engine::stream::Stream;
use crate::model::threshold::Aggregation;
use crate::model::{Document, Model, Override};
use crate::runner::{Asked, Given, Numbers, Runner, Study, Take};
use crate::runs::map_in_order;
use crate::world::window::Window;

/// How far service times drift when the load grows by a factor of e beyond those measured: mean and standard
/// deviation. From two servers: none where a server draws its times, and 2 % where programs share a machine.
pub(super) const DRIFT: (f64, f64) = (0.01, 0.015);
/// How much longer waiting is than the model's, where it is no matter of capacity, as a logarithm: mean and
/// standard deviation. Work comes in waves and stalls that low loads do not show: 1.2 to 2.4 times as long on
/// two servers.
const WAITING: (f64, f64) = (0.3, 0.5);
/// The number of runs that the prior knowledge of a kind of number counts as.
const KNOWN_RUNS: usize = 3;
/// Draws whose models are held at a time.
const AT_ONCE: u64 = 1000;
/// Replications at the highest load fitted to, from which waiting counts.
const BASE: u64 = 4;

/// What is to be predicted.
#[derive(Debug)]
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

/// One run of the test.
struct Draw {
    /// Changes of the logarithms of the parameters, and of all times: by run, and by drift.
    moved: Vec<f64>,
    day: f64,
    drift: f64,
    /// How much of the waiting is not a matter of capacity.
    room: f64,
    raw: Vec<f64>,
    out: Vec<f64>,
    /// The exit code that k6 has for the way in which it ended, thresholds left aside.
    code: u8,
    seconds: f64,
}

/// A draw before its run.
struct Drawn {
    stream: Stream,
    moved: Vec<f64>,
    day: f64,
    drift: f64,
    bunched: f64,
    set: Vec<Override>,
    slower: f64,
    model: Model,
}

/// How much longer new waiting is than the model's: its mean, and how far it spreads around it. Bunched work
/// spreads it at a full server, too, where the mean follows from capacity.
#[derive(Clone, Copy)]
struct Waits {
    mean: f64,
    spread: f64,
}

/// Where the mean of a metric stands.
fn mean_of(targets: &[Target], metric: &str) -> Option<usize> {
    let wanted = Stat::Of(Aggregation::Avg);
    let mut all = targets.iter();
    all.position(|t| t.reading.metric == metric && t.reading.stat == wanted)
}

/// Everything that is the same for all draws.
struct Setting<'q, 'a> {
    question: &'q Question<'a>,
    memory: Remembered,
    targets: Vec<Target>,
    take: Take,
    base: Vec<f64>,
    lack: Vec<f64>,
    /// How far outside the loads fitted to, as a logarithm.
    distance: f64,
    run_to_run: f64,
    /// Index of the mean response time of all requests.
    mean: Option<usize>,
    /// Of each number, the index of the mean of its metric.
    means: Vec<Option<usize>>,
    /// The bottleneck's name, its demand, and the derivatives of its logarithm.
    demand: Option<(String, f64, Vec<f64>)>,
    eigen: Eigen,
}

impl Question<'_> {
    pub(super) fn model(&self, more: &[Override]) -> Result<Model, String> {
        self.model_of(&self.changes(more))
    }

    /// A parameter of the fit, and what the user then says of the test.
    fn changes(&self, more: &[Override]) -> Vec<Override> {
        more.iter().chain(&self.overrides).cloned().collect()
    }

    fn model_of(&self, all: &[Override]) -> Result<Model, String> {
        let checked = self.document.check(all).map_err(|e| e.brief())?;
        Ok(checked.model)
    }

    /// Makes runs and takes the numbers of a take.
    fn run(&self, take: &Take, asked: &[Asked<'_>]) -> Result<Vec<Numbers>, String> {
        let study = Study {
            document: self.document,
            seed: self.seed,
            takes: vec![take.clone()],
        };
        let given = self.runner.run(&study, asked)?.into_iter();
        given.map(Given::numbers).collect()
    }

    /// Simulates the test a number of times.
    ///
    /// # Errors
    /// If the model or its section `[fitted]` cannot be used.
    pub fn predict(&self) -> Result<Prediction, String> {
        let setting = Setting::new(self)?;
        let mut draws = Vec::new();
        for first in (0..self.draws).step_by(AT_ONCE as usize) {
            draws.extend(setting.draws(first..self.draws.min(first + AT_ONCE))?);
        }
        setting.conclude(&draws)
    }
}

impl<'q, 'a> Setting<'q, 'a> {
    fn new(question: &'q Question<'a>) -> Result<Setting<'q, 'a>, String> {
        let memory = Remembered::read(question.document)?;
        let model = question.model(&[])?;
        let targets: Vec<Target> = readings(&model)
            .into_iter()
            .map(|reading| Target {
                reading,
                scale: None,
            })
            .collect();
        let take = Take::Numbers(targets.clone(), question.window);
        let peak = model.peak_load().value;
        let loads = memory.loads;
        let distance = loads.map_or(0.0, |(low, high)| outside(peak, low, high));
        let base = match loads {
            Some((_, high)) if peak > high => base(question, &take, targets.len(), high / peak)?,
            _ => vec![f64::INFINITY; targets.len()],
        };
        let lack = |target: &Target| {
            let own = memory.lack.get(&name(&target.reading)).copied();
            own.unwrap_or(beforehand(&target.reading)) * (1.0 + distance)
        };
        Ok(Setting {
            lack: targets.iter().map(lack).collect(),
            distance,
            run_to_run: memory.run_to_run.unwrap_or(RUN_TO_RUN),
            mean: mean_of(&targets, "http_req_duration"),
            means: targets
                .iter()
                .map(|t| mean_of(&targets, &t.reading.metric))
                .collect(),
            demand: demand(question, &memory, &model)?,
            eigen: Eigen::new(&memory.covariance),
            question,
            base,
            targets,
            take,
            memory,
        })
    }

    /// Some runs of the test.
    fn draws(&self, numbers: std::ops::Range<u64>) -> Result<Vec<Draw>, String> {
        let drawn = map_in_order(numbers.clone().collect(), |k| self.drawn(k));
        let drawn = drawn.into_iter().collect::<Result<Vec<Drawn>, String>>()?;
        let asked = numbers.zip(&drawn).map(|(replication, drawn)| Asked {
            model: &drawn.model,
            set: &drawn.set,
            slower: Some(drawn.slower),
            replication,
            take: 0,
        });
        let given = self.question.run(&self.take, &asked.collect::<Vec<_>>())?;
        let pairs = drawn.into_iter().zip(given).collect();
        Ok(map_in_order(pairs, |(drawn, given)| {
            self.draw(drawn, given)
        }))
    }

    /// Everything of a run drawn anew.
    fn drawn(&self, k: u64) -> Result<Drawn, String> {
        let question = self.question;
        let mut stream = Stream::new(question.seed, k, "fit.predict");
        let mut moved = vec![0.0; self.memory.parameters.len()];
        for (value, vector) in self.eigen.values.iter().zip(&self.eigen.vectors) {
            let along = value.max(0.0).sqrt() * stream.normal();
            for (sum, component) in moved.iter_mut().zip(vector) {
                *sum += along * component;
            }
        }
        let mut overrides = Vec::new();
        for whole in &self.memory.whole {
            let (value, moves) = whole.at(stream.unit())?;
            overrides.extend(value);
            for (sum, by) in moved.iter_mut().zip(moves) {
                *sum += by;
            }
        }
        let day = self.run_to_run * stream.normal();
        let drift = self.distance * (DRIFT.0 + DRIFT.1 * stream.normal());
        let bunched = WAITING.0 + WAITING.1 * stream.normal();
        for (parameter, by) in self.memory.parameters.iter().zip(&moved) {
            overrides.extend(parameter.moved(*by)?);
        }
        let set = question.changes(&overrides);
        let model = question.model_of(&set)?;
        let slower = libm::exp(day + drift) * self.as_measured(&model, &moved);
        Ok(Drawn {
            model: self.take.prepared(model, Some(slower)),
            stream,
            moved,
            day,
            drift,
            bunched,
            set,
            slower,
        })
    }

    /// What a run gave, with what the model lacks.
    fn draw(&self, drawn: Drawn, given: Numbers) -> Draw {
        let Drawn {
            mut stream,
            moved,
            day,
            drift,
            bunched,
            model,
            ..
        } = drawn;
        let raw = given.values;
        let waited = self.mean.map_or(0.0, |i| raw[i] - self.base[i]);
        let room = room(&model, waited);
        let waits = Waits {
            mean: libm::exp(room * bunched),
            spread: libm::exp(bunched),
        };
        let heavier = self.heavier(&mut stream);
        let mut own: Vec<(String, f64)> = Vec::new();
        let mut out = Vec::new();
        for (i, target) in self.targets.iter().enumerate() {
            let metric = &target.reading.metric;
            let shared = match own.iter().find(|(m, _)| m == metric) {
                Some((_, z)) => *z,
                None => {
                    let z = stream.normal();
                    own.push((metric.clone(), z));
                    z
                }
            };
            let z = heavier * (shared + stream.normal()) / std::f64::consts::SQRT_2;
            out.push(self.with_lack(i, &raw, z, waits));
        }
        Draw {
            moved,
            day,
            drift,
            room,
            raw,
            out,
            code: given.code,
            seconds: given.seconds,
        }
    }

    /// Makes a normal law one of Student: a deviation that few runs tell is not known well itself.
    fn heavier(&self, stream: &mut Stream) -> f64 {
        let freedom = self.memory.runs + KNOWN_RUNS;
        let squares = (0..freedom).map(|_| {
            let z = stream.normal();
            z * z
        });
        (freedom as f64 / squares.sum::<f64>().max(1e-9)).sqrt()
    }

    /// A simulated number with what the model lacks: of its part without the waiting that is new, of the mean
    /// of that waiting, and of how far this number of it is from the mean.
    fn with_lack(&self, i: usize, raw: &[f64], z: f64, waits: Waits) -> f64 {
        let (value, base) = (raw[i], self.base[i]);
        let off = libm::exp(self.lack[i] * z);
        match (kind(&self.targets[i].reading), value > base) {
            (Kind::Share, _) => value,
            (Kind::Time, true) => {
                let new = value - base;
                let mean = self.means[i].map_or(new, |m| (raw[m] - self.base[m]).max(0.0));
                base * off + (mean * waits.mean + (new - mean) * waits.spread).max(0.0)
            }
            _ => value * off,
        }
    }

    /// Parameters that the data do not tell apart may be drawn far from each other; what they make together
    /// of the bottleneck's demand, the data know. The factor that leads back to it.
    fn as_measured(&self, model: &Model, moved: &[f64]) -> f64 {
        let Some((name, demand, slopes)) = &self.demand else {
            return 1.0;
        };
        let by: f64 = slopes.iter().zip(moved).map(|(s, m)| s * m).sum();
        match demand_of(model, name) {
            Some(drawn) if drawn > 0.0 => (demand * libm::exp(by) / drawn).clamp(0.5, 2.0),
            _ => 1.0,
        }
    }

    /// How often each threshold held, and with what probability k6 gives which exit code.
    fn verdicts(&self, model: &Model, draws: &[Draw]) -> (Vec<Verdict>, Vec<(u8, f64)>) {
        let mut thresholds = Vec::new();
        let mut crossed = vec![false; draws.len()];
        for of_metric in &model.thresholds {
            for threshold in &of_metric.thresholds {
                let wanted = Stat::Of(threshold.aggregation);
                let at = self
                    .targets
                    .iter()
                    .position(|t| t.reading.metric == of_metric.metric && t.reading.stat == wanted);
                let Some(at) = at else { continue };
                let mut passes = 0u32;
                for (draw, crossed) in draws.iter().zip(&mut crossed) {
                    let held = threshold.compare(draw.out[at]);
                    passes += u32::from(held);
                    *crossed |= !held;
                }
                thresholds.push(Verdict {
                    metric: of_metric.metric.clone(),
                    expression: threshold.expression.clone(),
                    number: at,
                    passes: f64::from(passes) / draws.len().max(1) as f64,
                });
            }
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

    fn conclude(&self, draws: &[Draw]) -> Result<Prediction, String> {
        let question = self.question;
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
        let (thresholds, codes) = self.verdicts(&model, draws);
        let inputs = Inputs {
            moved: draws.iter().map(|d| d.moved.clone()).collect(),
            times: draws.iter().map(|d| d.day + d.drift).collect(),
            raw: draws.iter().map(|d| d.raw.clone()).collect(),
            base: self.base.clone(),
            lack: self.lack.clone(),
            waiting: WAITING.1 * draws.iter().map(|d| d.room).sum::<f64>()
                / draws.len().max(1) as f64,
            run_to_run: self.run_to_run,
            drift: DRIFT.1 * self.distance,
        };
        let peak = model.peak_load();
        Ok(Prediction {
            load: peak.to_string(),
            peak: peak.value,
            knee: knee(&model),
            fitted: self.memory.loads,
            runs: self.memory.runs,
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
            inputs,
        })
    }
}

/// What the fitted model says of the highest load it was fitted to: the mean of a few runs.
fn base(question: &Question, take: &Take, targets: usize, factor: f64) -> Result<Vec<f64>, String> {
    let given = question.overrides.iter().filter(|o| o.path() == "load");
    let now: f64 = given
        .filter_map(|o| o.value().parse::<f64>().ok())
        .next_back()
        .unwrap_or(1.0);
    let mut all = question.overrides.clone();
    all.retain(|o| o.path() != "load");
    all.push(Override::new("load", &format!("{}", now * factor)).map_err(|e| e.brief())?);
    let checked = question.document.check(&all).map_err(|e| e.brief())?;
    let model = take.prepared(checked.model, None);
    let asked = (0..BASE).map(|replication| Asked {
        model: &model,
        set: &all,
        slower: None,
        replication,
        take: 0,
    });
    let mut sums = vec![0.0; targets];
    for run in question.run(take, &asked.collect::<Vec<_>>())? {
        for (sum, value) in sums.iter_mut().zip(run.values) {
            *sum += value / BASE as f64;
        }
    }
    Ok(sums)
}
