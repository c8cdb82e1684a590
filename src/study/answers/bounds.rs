//! What theory says of a model without simulating it: demands, the bottleneck, the knee, and the
//! exact answer where the model is of a form that has one.
//!
//! A journey is walked with all its branches weighted by their probabilities, supposing that requests
//! succeed: no retries, no polling beyond the first answer. Demands of stations are mean service times.
//! A pool is held for as long as what happens meanwhile takes, waiting included: its demand is the least
//! holding time, when nobody waits, so that its bound on the throughput is right but may be loose.

use std::collections::BTreeMap;

use crate::engine::dist::Dist;
use crate::model::Model;
use crate::model::journey::{Condition, Step};
use crate::model::scenario::Executor;
use crate::model::system::{Discipline, DistId, EndpointId, Op};
use crate::theory::bounds::{Bounds, Resource};
use crate::theory::closed::machine_repair;
use crate::theory::mmc::Mmc;
use crate::theory::mva::mva;

/// Steps walked at most, all branches together.
const MOST_STEPS: usize = 200_000;
/// Branches less probable are not followed.
const LEAST: f64 = 1e-5;
/// Calls nested deeper are not followed.
const DEEPEST: usize = 16;
/// Seconds in a nanosecond.
const NS: f64 = 1e-9;

/// What one iteration needs of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// `station cpu` or `pool threads`.
    pub name: String,
    /// Seconds per iteration: of service at a station; of a pool, the least for which its tokens are
    /// held. Requests that wait while they hold a token hold it for longer.
    pub demand: f64,
    /// Visits per iteration: services, or tokens taken.
    pub visits: f64,
    /// Servers or tokens.
    pub servers: u32,
    /// Index of the pool, if it is one.
    pub pool: Option<usize>,
}

/// Asymptotic bounds (Muntz & Wong 1974).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most iterations per second: the bottleneck's servers over its demand.
    pub max_throughput: f64,
    /// N*: users from which some must wait.
    pub knee: f64,
}

/// What an exact formula says.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// The formula.
    pub formula: String,
    /// Iterations per second.
    pub throughput: f64,
    /// Mean time in the system, seconds per iteration.
    pub response: f64,
}

/// What theory says of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The scenario.
    pub scenario: String,
    /// Think time, and delays that no resource bounds, seconds per iteration.
    pub think: f64,
    /// Requests per iteration.
    pub requests: f64,
    /// Demands, the largest per server first.
    pub demands: Vec<Demand>,
    /// Asymptotic bounds, if anything is needed of any resource.
    pub bounds: Option<Limits>,
    /// Users at the peak of a closed load, or arrivals per second at that of an open one.
    pub users: Option<f64>,
    /// Arrivals of iterations per second at the peak of an open load.
    pub arrivals: Option<f64>,
    /// The exact answer at the peak, where there is one.
    pub exact: Option<Exact>,
    /// What the numbers leave out.
    pub notes: Vec<String>,
}

/// Analyses every scenario as if it ran alone.
#[must_use]
pub fn analyse(model: &Model) -> Vec<Analysis> {
    (0..model.scenarios.len()).map(|i| one(model, i)).collect()
}

fn one(model: &Model, index: usize) -> Analysis {
    let scenario = &model.scenarios[index];
    let mut walk = Walk::new(model);
    walk.journey(scenario.journey.index());
    walk.slowdowns();
    let mut demands = walk.demands();
    let load = load(&scenario.executor);
    demands.sort_by(|a, b| per_server(b).total_cmp(&per_server(a)));
    let resources: Vec<Resource> = demands
        .iter()
        .map(|d| Resource {
            demand: d.demand,
            servers: d.servers,
        })
        .collect();
    // A pool is held while stations serve: one pass through the system counts that time once, so N* is
    // not taken from the sum of demands.
    let bounds = Bounds::new(walk.think, &resources).map(|b| Limits {
        max_throughput: b.max_throughput,
        knee: b.max_throughput * (walk.think + walk.elapsed),
    });
    let mut analysis = Analysis {
        scenario: scenario.name.clone(),
        think: walk.think,
        requests: walk.requests,
        demands,
        bounds,
        users: load.0,
        arrivals: load.1,
        exact: None,
        notes: walk.notes.clone(),
    };
    analysis.exact = exact(model, &walk, &analysis, &scenario.executor);
    analysis
}

/// How long an iteration of a scenario takes if it waits for nothing, and its think time alone, in seconds.
#[must_use]
pub fn idle_iteration(model: &Model, scenario: usize) -> (f64, f64) {
    let mut walk = Walk::new(model);
    walk.journey(model.scenarios[scenario].journey.index());
    (walk.think + walk.elapsed, walk.think)
}

fn per_server(demand: &Demand) -> f64 {
    demand.demand / f64::from(demand.servers.max(1))
}

/// Users at the peak, or arrivals per second at the peak.
fn load(executor: &Executor) -> (Option<f64>, Option<f64>) {
    let highest = |start: f64, stages: &[crate::model::scenario::Stage]| {
        stages.iter().map(|s| s.target).fold(start, f64::max)
    };
    match executor {
        Executor::RampingVus {
            start_vus, stages, ..
        } => (Some(highest(*start_vus as f64, stages)), None),
        Executor::ConstantVus { vus, .. }
        | Executor::SharedIterations { vus, .. }
        | Executor::PerVuIterations { vus, .. } => (Some(*vus as f64), None),
        Executor::ConstantArrivalRate {
            rate, time_unit, ..
        } => (None, Some(*rate as f64 / time_unit.as_secs())),
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            ..
        } => {
            let peak = highest(*start_rate as f64, stages);
            (None, Some(peak / time_unit.as_secs()))
        }
        Executor::PoissonArrivals { start_rate, stages } => {
            (None, Some(highest(*start_rate, stages)))
        }
        Executor::RenewalArrivals { gap, .. } => (None, Some(1.0 / (gap.mean() * NS))),
        Executor::TraceArrivals { .. } => (None, None),
    }
}

/// Expected needs of one iteration.
struct Walk<'m> {
    model: &'m Model,
    stations: Vec<f64>,
    /// Of each pool: seconds held, and tokens taken.
    pools: Vec<(f64, f64)>,
    /// Visits to stations per iteration, with the distribution of each.
    serves: Vec<(usize, DistId, f64)>,
    think: f64,
    /// Time in the system when nobody waits.
    elapsed: f64,
    delays: f64,
    requests: f64,
    notes: Vec<String>,
}

impl<'m> Walk<'m> {
    fn new(model: &'m Model) -> Walk<'m> {
        Walk {
            model,
            stations: vec![0.0; model.stations.len()],
            pools: vec![(0.0, 0.0); model.pools.len()],
            serves: Vec::new(),
            think: 0.0,
            elapsed: 0.0,
            delays: 0.0,
            requests: 0.0,
            notes: Vec::new(),
        }
    }

    /// Everything that has finitely many servers or tokens and is needed.
    fn demands(&self) -> Vec<Demand> {
        let stations = self.model.stations.iter().zip(&self.stations).enumerate();
        let stations = stations.filter(|(_, (s, d))| **d > 0.0 && s.servers != u32::MAX);
        let stations = stations.map(|(index, (spec, demand))| {
            let own = self.serves.iter().filter(|s| s.0 == index);
            Demand {
                name: format!("station {}", spec.name),
                demand: *demand,
                visits: own.map(|s| s.2).sum(),
                servers: spec.servers,
                pool: None,
            }
        });
        let pools = self.model.pools.iter().zip(&self.pools).enumerate();
        let pools = pools.filter(|(_, (_, (held, _)))| *held > 0.0);
        let pools = pools.map(|(index, (spec, (held, taken)))| Demand {
            name: format!("pool {}", spec.name),
            demand: *held,
            visits: *taken,
            servers: spec.size,
            pool: Some(index),
        });
        stations.chain(pools).collect()
    }

    fn mean(&self, id: DistId) -> f64 {
        self.model.dists[id.index()].dist.mean() * NS
    }

    /// What the stations have that the demands leave out.
    fn slowdowns(&mut self) {
        let (stations, model) = (&self.stations, self.model);
        let mut used = model
            .stations
            .iter()
            .zip(stations)
            .filter(|(_, d)| **d > 0.0);
        if used.any(|(s, _)| !s.slowdowns.is_empty() || s.scalability.is_some()) {
            self.note("slowdowns and scalability are left out");
        }
    }

    fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|n| n == text) {
            self.notes.push(text.to_string());
        }
    }

    fn journey(&mut self, index: usize) {
        let journey = &self.model.journeys[index];
        let mut open = vec![(0usize, vec![0u32; usize::from(journey.loop_slots)], 1.0)];
        let mut budget = MOST_STEPS;
        while let Some((mut at, mut slots, weight)) = open.pop() {
            while budget > 0 {
                budget -= 1;
                let Some(step) = journey.steps.get(at) else {
                    break;
                };
                at += 1;
                match *step {
                    Step::End => break,
                    Step::Request(site) => {
                        self.requests += weight;
                        let endpoint = self.model.sites[site.index()].endpoint;
                        let took = self.endpoint(endpoint, weight, 0);
                        self.elapsed += weight * took;
                    }
                    Step::Sleep(dist) => self.think += weight * self.mean(dist),
                    Step::AwaitAdmission => self.note("the wait for admission is left out"),
                    Step::LoopReset(slot) => slots[usize::from(slot)] = 0,
                    Step::CountTo { slot, limit, then } => {
                        let count = &mut slots[usize::from(slot)];
                        *count += 1;
                        if *count >= limit {
                            at = then as usize;
                        }
                    }
                    Step::Jump(to) => at = to as usize,
                    Step::JumpIf(condition, to) if succeeds(condition) => at = to as usize,
                    Step::JumpWithProbability(p, to) => {
                        if weight * p > LEAST {
                            open.push((to as usize, slots.clone(), weight * p));
                        }
                        if weight * (1.0 - p) <= LEAST {
                            break;
                        }
                        // The rest of this path goes on with what is left of its weight.
                        open.push((at, slots.clone(), weight * (1.0 - p)));
                        break;
                    }
                    _ => {}
                }
            }
        }
        if budget == 0 {
            self.note("the journey is too long to be walked to its end");
        }
    }

    /// Adds what a request needs; returns how long it takes when nobody waits.
    fn endpoint(&mut self, id: EndpointId, weight: f64, depth: usize) -> f64 {
        if depth > DEEPEST {
            self.note("calls are nested too deep to be followed to their end");
            return 0.0;
        }
        let model = self.model;
        let mut held: BTreeMap<usize, f64> = BTreeMap::new();
        let (mut now, mut branches, mut answered) = (0.0, 0.0f64, None);
        for op in &model.endpoints[id.index()].ops {
            match *op {
                Op::Serve {
                    station,
                    time,
                    growth,
                    ..
                } => {
                    let mean = self.mean(time);
                    self.stations[station.index()] += weight * mean;
                    self.serves.push((station.index(), time, weight));
                    now += mean;
                    if growth.is_some() {
                        self.note("service that grows counts as at the start");
                    }
                }
                Op::Delay(dist) => {
                    let mean = self.mean(dist);
                    self.delays += weight * mean;
                    now += mean;
                }
                Op::Acquire { pool } => {
                    held.insert(pool.index(), now);
                }
                Op::Release(pool) => {
                    if let Some(since) = held.remove(&pool.index()) {
                        let (held, taken) = &mut self.pools[pool.index()];
                        *held += weight * (now - since);
                        *taken += weight;
                    }
                }
                Op::Call(other) => now += self.endpoint(other, weight, depth + 1),
                Op::Spawn(other) => {
                    self.endpoint(other, weight, depth + 1);
                }
                Op::Fork(other) => {
                    branches = branches.max(self.endpoint(other, weight, depth + 1));
                }
                Op::Join => {
                    now += branches;
                    branches = 0.0;
                }
                Op::Respond => answered = Some(now),
                Op::Lock { .. } => self.note("waits for locks are left out"),
                _ => {}
            }
        }
        answered.unwrap_or(now)
    }
}

/// Whether a condition holds if all goes well.
fn succeeds(condition: Condition) -> bool {
    match condition {
        Condition::Always | Condition::Ok | Condition::Admitted => true,
        Condition::Status(status) => status == 200,
        _ => false,
    }
}

/// The exact answer where the model has one: one law of service at each station, and a form that
/// queueing theory has solved.
fn exact(model: &Model, walk: &Walk, analysis: &Analysis, executor: &Executor) -> Option<Exact> {
    let plain = |i: usize| {
        let s = &model.stations[i];
        s.scalability.is_none() && s.slowdowns.is_empty()
    };
    let used: Vec<usize> = (0..model.stations.len())
        .filter(|i| walk.stations[*i] > 0.0)
        .collect();
    let users = analysis.users.map(|u| u.round() as u32);
    // A pool as large as the number of users never makes anyone wait.
    let free_pools = (0..model.pools.len())
        .all(|i| walk.pools[i].0 == 0.0 || users.is_some_and(|u| model.pools[i].size >= u));
    let alone = model.scenarios.len() == 1 && used.iter().all(|i| plain(*i)) && free_pools;
    if !alone || used.is_empty() || !analysis.notes.is_empty() {
        return None;
    }
    let sharing = |i: usize| model.stations[i].discipline == Discipline::ProcessorSharing;
    let exponential = |i: usize| {
        let mut own = walk.serves.iter().filter(|s| s.0 == i);
        let first = own.next().map(|s| &model.dists[s.1.index()].dist);
        matches!(first, Some(Dist::Exponential(_))) && own.next().is_none()
    };
    let fifo = |i: usize| model.stations[i].discipline == Discipline::Fifo && exponential(i);
    if !used.iter().all(|i| sharing(*i) || fifo(*i)) {
        return None;
    }
    let rest = walk.think + walk.delays;
    match (users, analysis.arrivals, used.as_slice()) {
        (Some(users), _, &[i]) => {
            let servers = model.stations[i].servers;
            let closed = machine_repair(users, rest, servers, 1.0 / walk.stations[i])?;
            Some(Exact {
                formula: format!("{users} users before {servers} servers (machine repair)"),
                throughput: closed.throughput,
                response: closed.mean_response + walk.delays,
            })
        }
        (Some(users), _, many) if many.iter().all(|i| model.stations[*i].servers == 1) => {
            let demands: Vec<f64> = many.iter().map(|i| walk.stations[*i]).collect();
            let solved = mva(users, rest, &demands)?;
            Some(Exact {
                formula: format!("mean value analysis, {users} users"),
                throughput: solved.throughput,
                response: solved.mean_response + walk.delays,
            })
        }
        (None, Some(rate), &[i]) if matches!(executor, Executor::PoissonArrivals { .. }) => {
            let servers = model.stations[i].servers;
            let queue = Mmc::new(rate, 1.0 / walk.stations[i], servers)?;
            Some(Exact {
                formula: format!("M/M/{servers} (Erlang C) at the peak rate"),
                throughput: rate,
                response: queue.mean_response() + walk.delays,
            })
        }
        _ => None,
    }
}
