//! One run of a test to come, with everything drawn anew that the fit leaves open.

use super::bottleneck::{demand, demand_of, room};
use super::distance::Target;
use super::lack::{RUN_TO_RUN, beforehand, name, outside};
use super::linear::Eigen;
use super::predict::Question;
use super::read::Stat;
use super::remembered::Remembered;
use super::wanted::{Kind, kind, readings};
use crate::engine::stream::Stream;
use crate::model::threshold::Aggregation;
use crate::model::{Model, Override};
use crate::runner::{Asked, Numbers, Take};
use crate::runs::map_in_order;

/// How far service times drift when the load grows by a factor of e beyond those measured: mean and standard
/// deviation. From two servers: none where a server draws its times, and 2 % where programs share a machine. A model
/// with hosts has that itself, and its times drift either way.
pub(super) const DRIFT: (f64, f64) = (0.01, 0.015);
/// How much longer waiting is than the model's, where it is no matter of capacity, as a logarithm: mean and
/// standard deviation. Work comes in waves and stalls that low loads do not show: 1.2 to 2.4 times as long on
/// two servers.
pub(super) const WAITING: (f64, f64) = (0.3, 0.5);
/// The number of runs that the prior knowledge of a kind of number counts as.
const KNOWN_RUNS: usize = 3;
/// Runs for each thread, after which the caller is told of them where they are made here.
const TOLD: usize = 10;
/// Draws whose models are held at a time.
const AT_ONCE: usize = 1000;
/// Replications at the highest load fitted to, from which waiting counts.
const BASE: u64 = 4;

/// One run of the test.
pub(super) struct Draw {
    /// Changes of the logarithms of the parameters, and of all times: by run, and by drift.
    pub(super) moved: Vec<f64>,
    pub(super) day: f64,
    pub(super) drift: f64,
    /// How much of the waiting is not a matter of capacity.
    pub(super) room: f64,
    /// The numbers as simulated, and with what the model lacks.
    pub(super) raw: Vec<f64>,
    pub(super) out: Vec<f64>,
    /// The exit code that k6 has for the way in which it ended, thresholds left aside.
    pub(super) code: u8,
    pub(super) seconds: f64,
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
pub(super) struct Setting<'a> {
    pub(super) question: Question<'a>,
    pub(super) memory: Remembered,
    /// The numbers that are predicted.
    pub(super) targets: Vec<Target>,
    take: Take,
    /// Each number at the highest load fitted to; infinite where the test does not go beyond it.
    pub(super) base: Vec<f64>,
    /// How far each number is off by itself: a standard deviation of its logarithm.
    pub(super) lack: Vec<f64>,
    /// How far outside the loads fitted to, as a logarithm.
    pub(super) distance: f64,
    pub(super) run_to_run: f64,
    /// Mean of the drift.
    drift: f64,
    /// Index of the mean response time of all requests.
    mean: Option<usize>,
    /// Of each number, the index of the mean of its metric.
    means: Vec<Option<usize>>,
    /// The bottleneck's name, its demand, and the derivatives of its logarithm.
    demand: Option<(String, f64, Vec<f64>)>,
    eigen: Eigen,
    /// Random streams of this name: settings that share it, and the fit, share what is drawn.
    stream: &'static str,
}

/// Mean of the drift in a model, for a factor of e.
pub(super) fn mean_drift(model: &Model) -> f64 {
    match model.hosts.is_empty() {
        true => DRIFT.0,
        false => 0.0,
    }
}

/// The numbers that are predicted of all models, in the order of the first.
pub(super) fn common(models: &[&Model]) -> Vec<Target> {
    let same = |x: &Target, y: &Target| {
        x.reading.metric == y.reading.metric && x.reading.stat == y.reading.stat
    };
    let mut each = models.iter().map(|model| targets(model));
    let mut all = each.next().unwrap_or_default();
    for other in each {
        all.retain(|target| other.iter().any(|o| same(target, o)));
    }
    all
}

/// The numbers that are predicted of a model.
pub(super) fn targets(model: &Model) -> Vec<Target> {
    let each = readings(model).into_iter();
    each.map(|reading| Target {
        reading,
        scale: None,
    })
    .collect()
}

impl<'a> Setting<'a> {
    /// A test, its model as written, and the numbers that are predicted. Their values at the highest load fitted to
    /// may be known, if another setting has them.
    pub(super) fn of(
        question: &Question<'a>,
        model: &Model,
        targets: Vec<Target>,
        known: Option<Vec<f64>>,
    ) -> Result<Setting<'a>, String> {
        let memory = Remembered::read(question.document)?;
        let take = Take::Numbers(targets.clone(), question.window);
        let peak = model.peak_load().value;
        let loads = memory.loads;
        let distance = loads.map_or(0.0, |(low, high)| outside(peak, low, high));
        let base = match (loads, known) {
            (Some((_, high)), Some(known)) if peak > high => known,
            (Some((_, high)), None) if peak > high => {
                base(question, &take, targets.len(), high / peak)?
            }
            _ => vec![f64::INFINITY; targets.len()],
        };
        let lack = |target: &Target| {
            let own = memory.lack.get(&name(&target.reading)).copied();
            own.unwrap_or(beforehand(&target.reading)) * (1.0 + distance)
        };
        Ok(Setting {
            lack: targets.iter().map(lack).collect(),
            distance,
            drift: mean_drift(model),
            run_to_run: memory.run_to_run.unwrap_or(RUN_TO_RUN),
            mean: mean_of(&targets, "http_req_duration"),
            means: targets
                .iter()
                .map(|t| mean_of(&targets, &t.reading.metric))
                .collect(),
            demand: demand(question, &memory, model)?,
            eigen: Eigen::new(&memory.covariance),
            stream: "fit.predict",
            question: question.clone(),
            base,
            targets,
            take,
            memory,
        })
    }

    /// As it is, but nothing that is drawn of it has to do with what is drawn of others.
    pub(super) fn apart(self) -> Setting<'a> {
        Setting {
            stream: "fit.predict.apart",
            ..self
        }
    }

    /// Everything of a run drawn anew.
    fn drawn(&self, k: u64) -> Result<Drawn, String> {
        let question = &self.question;
        let mut stream = Stream::new(question.seed, k, self.stream);
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
        let drift = self.distance * (self.drift + DRIFT.1 * stream.normal());
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
            // A full server is as likely to spread its waits less as more.
            spread: libm::exp(bunched - (1.0 - room) * WAITING.0),
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
}

/// Makes a run of each setting, with a number, in their order; `watch` is told how many have been made. All are of one
/// document, seed and runner.
///
/// # Errors
/// If a model cannot be used where a draw lies, or a run comes to no end.
pub(super) fn runs(jobs: &[(&Setting<'_>, u64)], watch: &dyn Fn(u64)) -> Result<Vec<Draw>, String> {
    let mut all: Vec<Draw> = Vec::with_capacity(jobs.len());
    let here = jobs.iter().all(|(s, _)| s.question.runner.is_here());
    let at_once = match here {
        true => TOLD * rayon::current_num_threads(),
        false => AT_ONCE,
    };
    for some in jobs.chunks(at_once.clamp(1, AT_ONCE)) {
        all.extend(batch(some)?);
        watch(all.len() as u64);
    }
    Ok(all)
}

/// As many runs as are under way at a time.
fn batch(jobs: &[(&Setting<'_>, u64)]) -> Result<Vec<Draw>, String> {
    let Some((first, _)) = jobs.first() else {
        return Ok(Vec::new());
    };
    let drawn = map_in_order(jobs.to_vec(), |(setting, k)| setting.drawn(k));
    let drawn = drawn.into_iter().collect::<Result<Vec<Drawn>, String>>()?;
    let mut takes: Vec<Take> = Vec::new();
    let mut asked = Vec::new();
    for ((setting, replication), drawn) in jobs.iter().zip(&drawn) {
        let take = takes.iter().position(|take| *take == setting.take);
        let take = take.unwrap_or_else(|| {
            takes.push(setting.take.clone());
            takes.len() - 1
        });
        asked.push(Asked {
            model: &drawn.model,
            set: &drawn.set,
            slower: Some(drawn.slower),
            replication: *replication,
            take,
        });
    }
    let given = first.question.run(takes, &asked)?;
    let all = jobs.iter().zip(drawn).zip(given).collect();
    Ok(map_in_order(all, |(((setting, _), drawn), given)| {
        setting.draw(drawn, given)
    }))
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
    for run in question.run(vec![take.clone()], &asked.collect::<Vec<_>>())? {
        for (sum, value) in sums.iter_mut().zip(run.values) {
            *sum += value / BASE as f64;
        }
    }
    Ok(sums)
}
