//! What a formula says of a load, fitted to nothing but means: the M/M/m//N of the bottleneck (machine
//! repair), or M/M/m for arrivals. A simulation that is no better than this adds nothing.
//!
//! The bottleneck is the resource with the largest demand per server; everything else takes the time
//! that it takes when nobody waits. Each request waits for the bottleneck as often as it visits it, and
//! takes its own mean time besides. Ramps are a steady state at each of their seconds.

use crate::answers::bounds::{Analysis, analyse, of_endpoint};
use crate::model::Model;
use crate::model::metric_name::MetricName;
use crate::model::scenario::{Executor, Stage};
use crate::model::threshold::Aggregation;
use crate::theory::closed::ClosedWait;
use crate::theory::mmc::Mmc;
use crate::theory::numeric::quantile;
use crate::world::window::Window;

use super::read::Stat;

/// Steps in which a load that changes is followed, in seconds.
const STEP: f64 = 1.0;

/// The formula's account of a run.
#[derive(Clone, Debug)]
pub struct Formula {
    /// Its name, such as `M/M/8//500 (pool connections)`.
    pub name: String,
    sites: Vec<Site>,
    /// Steady states: iterations in it, and the wait.
    steps: Vec<(f64, Wait)>,
    /// Seconds that rates are divided by.
    length: f64,
    think: f64,
}

/// A kind of request.
#[derive(Clone, Debug)]
struct Site {
    name: String,
    /// Mean time without waiting, in seconds.
    took: f64,
    /// How often a request visits the bottleneck, on average.
    visits: f64,
    /// Requests per iteration.
    often: f64,
}

#[derive(Clone, Debug)]
enum Wait {
    Closed(ClosedWait),
    Open(Mmc),
    /// Arrivals beyond capacity: no steady state.
    Never,
}

impl Wait {
    fn exceeds(&self, t: f64) -> f64 {
        match self {
            Wait::Closed(wait) => wait.exceeds(t),
            Wait::Open(queue) => queue.wait_exceeds(t),
            Wait::Never => 1.0,
        }
    }

    fn mean(&self) -> f64 {
        match self {
            Wait::Closed(wait) => wait.mean(),
            Wait::Open(queue) => queue.mean_wait(),
            Wait::Never => f64::INFINITY,
        }
    }
}

/// A mean; none where the queue has no steady state.
fn finite(mean: f64) -> Option<f64> {
    Some(mean).filter(|mean| mean.is_finite())
}

impl Formula {
    /// For the run of a model, or for a window of it. `None` if the model has several scenarios, or
    /// needs no resource, or its load is not a number of users or of arrivals.
    #[must_use]
    pub fn new(model: &Model, window: Option<Window>) -> Option<Formula> {
        let all = analyse(model);
        let [one] = all.as_slice() else {
            return None;
        };
        let bottleneck = one.demands.first()?;
        let kinds = ["station ", "pool "];
        let known = kinds.iter().any(|kind| bottleneck.name.starts_with(kind));
        if !known || bottleneck.visits <= 0.0 || one.requests <= 0.0 {
            return None;
        }
        let service = bottleneck.demand / bottleneck.visits;
        let mut sites: Vec<Site> = Vec::new();
        let mut elapsed = 0.0;
        for (site, often) in model.sites.iter().zip(&one.sites) {
            let (took, visits) = of_endpoint(model, site.endpoint, &bottleneck.name);
            elapsed += took * often;
            sites.push(Site {
                name: site.name.clone(),
                took,
                visits,
                often: *often,
            });
        }
        let executor = &model.scenarios[0].executor;
        let cycle = one.think + elapsed;
        let (loads, length) = loads(executor, window, cycle)?;
        // One visit to the bottleneck, and its share of all the rest of an iteration.
        let away = ((cycle - bottleneck.demand) / bottleneck.visits).max(0.0);
        let mut steps = Vec::new();
        for (load, seconds) in loads {
            let (wait, iterations) = if one.users.is_some() {
                let users = load.round().max(1.0) as u32;
                let wait = ClosedWait::new(users, away, bottleneck.servers, 1.0 / service)?;
                let visits = wait.steady.throughput;
                (Wait::Closed(wait), visits / bottleneck.visits)
            } else {
                let capacity = 1.0 / (service * bottleneck.visits) * f64::from(bottleneck.servers);
                let rate = load * bottleneck.visits;
                let open = Mmc::new(rate, 1.0 / service, bottleneck.servers);
                (open.map_or(Wait::Never, Wait::Open), load.min(capacity))
            };
            steps.push((iterations * seconds, wait));
        }
        Some(Formula {
            name: name(one),
            sites,
            steps,
            length,
            think: one.think,
        })
    }

    /// The formula's value of a number, in the number's unit; `None` if it says nothing of it.
    #[must_use]
    pub fn number(&self, metric: &str, stat: Stat) -> Option<f64> {
        let Stat::Of(stat) = stat else { return None };
        let name = MetricName::parse(metric).ok()?;
        let iterations: f64 = self.steps.iter().map(|step| step.0).sum();
        let only = match &name {
            MetricName::Whole(_) => None,
            MetricName::Part(sub) => match sub.tags.as_slice() {
                [(key, value)] if key == "name" => Some(value.as_str()),
                _ => return None,
            },
        };
        let own = |site: &&Site| only.is_none_or(|only| site.name == only);
        let sites: Vec<_> = self.sites.iter().filter(own).collect();
        let per_iteration: f64 = sites.iter().map(|site| site.often).sum();
        let count = match name.metric() {
            "iterations" | "iteration_duration" => iterations,
            "http_reqs" | "http_req_duration" => iterations * per_iteration,
            _ => return None,
        };
        match (name.metric(), stat) {
            (_, Aggregation::Count) => Some(count),
            (_, Aggregation::Rate) => Some(count / self.length),
            ("http_req_duration", _) if per_iteration <= 0.0 => None,
            ("http_req_duration", Aggregation::Avg) => {
                let time = |site: &&Site| site.often * self.mean(site);
                finite(1e3 * sites.iter().map(time).sum::<f64>() / per_iteration)
            }
            ("iteration_duration", Aggregation::Avg) => {
                let time = |site: &&Site| site.often * self.mean(site);
                finite(1e3 * (self.think + sites.iter().map(time).sum::<f64>()))
            }
            ("http_req_duration", Aggregation::Med) => self.quantile(&sites, 0.5),
            ("http_req_duration", Aggregation::Percentile(p)) => self.quantile(&sites, p / 100.0),
            _ => None,
        }
    }

    fn mean(&self, site: &Site) -> f64 {
        if site.visits <= 0.0 {
            return site.took;
        }
        let all: f64 = self.steps.iter().map(|step| step.0).sum();
        let waits = self.steps.iter().map(|(weight, wait)| weight * wait.mean());
        site.took + site.visits * waits.sum::<f64>() / all
    }

    /// In milliseconds.
    fn quantile(&self, sites: &[&Site], p: f64) -> Option<f64> {
        let all: f64 = self.steps.iter().map(|step| step.0).sum();
        let requests: f64 = sites.iter().map(|site| site.often).sum();
        let exceeds = |t: f64| -> f64 {
            let of_site = |site: &&Site| {
                // Less than one visit is one now and then; several wait as long each as the first.
                let (share, each) = (site.visits.min(1.0), site.visits.max(1.0));
                let late = match (t < site.took, share > 0.0) {
                    (true, _) => 1.0,
                    (false, false) => 0.0,
                    (false, true) => {
                        let beyond = (t - site.took) / each;
                        let steps = self.steps.iter();
                        let sum: f64 = steps.map(|(w, wait)| w * wait.exceeds(beyond)).sum();
                        share * sum / all
                    }
                };
                site.often * late
            };
            sites.iter().map(of_site).sum::<f64>() / requests
        };
        let endless = self.steps.iter().filter(|s| matches!(s.1, Wait::Never));
        if endless.map(|step| step.0).sum::<f64>() / all > 1.0 - p {
            return None;
        }
        quantile(exceeds, p, 1e-3).map(|t| 1e3 * t)
    }
}

fn name(one: &Analysis) -> String {
    let (servers, resource) = one
        .demands
        .first()
        .map_or((0, ""), |d| (d.servers, d.name.as_str()));
    match one.users {
        Some(users) => format!("M/M/{servers}//{users:.0} ({resource})"),
        None => format!("M/M/{servers} ({resource})"),
    }
}

/// Loads with how many seconds each lasts, and the seconds that rates are divided by.
fn loads(
    executor: &Executor,
    window: Option<Window>,
    cycle: f64,
) -> Option<(Vec<(f64, f64)>, f64)> {
    let (start, stages, unit): (f64, Vec<Stage>, f64) = match executor {
        Executor::RampingVus {
            start_vus, stages, ..
        } => (*start_vus as f64, stages.clone(), 1.0),
        Executor::ConstantVus { vus, duration } => {
            let stage = Stage {
                duration: *duration,
                target: *vus as f64,
            };
            (*vus as f64, vec![stage], 1.0)
        }
        Executor::ConstantArrivalRate {
            rate,
            time_unit,
            duration,
            ..
        } => {
            let stage = Stage {
                duration: *duration,
                target: *rate as f64,
            };
            (*rate as f64, vec![stage], time_unit.as_secs())
        }
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            ..
        } => (*start_rate as f64, stages.clone(), time_unit.as_secs()),
        Executor::PoissonArrivals { start_rate, stages } => (*start_rate, stages.clone(), 1.0),
        _ => return None,
    };
    let closed = matches!(
        executor,
        Executor::RampingVus { .. } | Executor::ConstantVus { .. }
    );
    let all: f64 = stages.iter().map(|stage| stage.duration.as_secs()).sum();
    let (from, to) = window.map_or((0.0, all), |w| (w.from.as_secs(), w.to.as_secs()));
    let steps = ((to - from) / STEP).round().clamp(1.0, 200.0);
    let width = (to - from) / steps;
    let at = |t: f64| {
        let (mut value, mut begin) = (start, 0.0);
        for stage in &stages {
            let length = stage.duration.as_secs();
            if t < begin + length {
                return value + (stage.target - value) * (t - begin) / length;
            }
            (value, begin) = (stage.target, begin + length);
        }
        value
    };
    let mut found: Vec<(f64, f64)> = Vec::new();
    for i in 0..steps as usize {
        let load = at(from + (i as f64 + 0.5) * width) / unit;
        match found.last_mut() {
            Some(last) if last.0 == load => last.1 += width,
            _ => found.push((load, width)),
        }
    }
    // k6 waits for iterations that are under way, and divides by that time as well.
    let rest = match (window, closed) {
        (None, true) => cycle,
        _ => 0.0,
    };
    found.retain(|(load, _)| *load > 0.0);
    (!found.is_empty()).then_some((found, to - from + rest))
}
