//! What theory says of a model without simulating it: demands, the bottleneck, the knee, and the
//! exact answer where the model is of a form that has one.
//!
//! A journey is walked with all its branches weighted by their probabilities, supposing that requests
//! succeed: no retries, no polling beyond the first answer. Demands of stations are mean service times.
//! A host's cores are shared by what its stations need together, and the load generator there.
//! A station's scalability law and its recurrent slowdowns, locks by what is wanted most, and the rules of the
//! waiting room are in the ceilings; what is left out is told.
//! A pool is held for as long as what happens meanwhile takes, waiting included: its demand is the least
//! holding time, when nobody waits, so that its bound on the throughput is right but may be loose.

use super::ceilings::{ceilings, knee, vus};

use super::excess::{Excess, excess};
use super::walk::Walk;
use crate::account::Kind;
use crate::engine::dist::Dist;
use crate::model::Model;
use crate::model::scenario::Executor;
use crate::model::system::{ByNumber, Discipline, EndpointId};
use crate::theory::closed::machine_repair;
use crate::theory::mmc::Mmc;
use crate::theory::mva::mva;

/// Of more users the exact answer takes longer than it is worth.
const MOST_USERS: u32 = 5_000_000;

/// What one iteration needs of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// What it is.
    pub kind: Kind,
    /// `station cpu` or `pool threads`.
    pub name: String,
    /// Seconds per iteration: of service at a station; of a pool or a lock, the least for which it is held;
    /// of a waiting room, between two admissions, or inside. Requests that wait while they hold a token hold
    /// it for longer.
    pub demand: f64,
    /// Visits per iteration: services, or tokens taken.
    pub visits: f64,
    /// Servers, cores (to the next whole number), tokens, places; `u32::MAX` without a limit.
    pub servers: u32,
    /// Index of the pool, if it is one.
    pub pool: Option<usize>,
    /// Most iterations per second.
    pub ceiling: f64,
    /// What the ceiling takes into account beside demand and servers.
    pub with: Option<String>,
    /// Whether holders that wait for something else make the ceiling lower.
    pub least: bool,
    /// Users from which some must wait for it, if their number is fixed.
    pub knee: f64,
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
    /// Requests per iteration of each site of the model.
    pub sites: Vec<f64>,
    /// Demands, the lowest ceiling first.
    pub demands: Vec<Demand>,
    /// The VUs of an arrival rate: how long an iteration takes if it waits for nothing.
    pub vus: Option<Demand>,
    /// Asymptotic bounds, if anything is needed of any resource.
    pub bounds: Option<Limits>,
    /// Users at the peak of a closed load, or arrivals per second at that of an open one.
    pub users: Option<f64>,
    /// Arrivals of iterations per second at the peak of an open load.
    pub arrivals: Option<f64>,
    /// What happens to arrivals beyond the bottleneck's most.
    pub excess: Excess,
    /// The exact answer at the peak, where there is one.
    pub exact: Option<Exact>,
    /// What the numbers leave out.
    pub notes: Vec<String>,
}

/// Ceilings that are as near as this are equal.
const EQUAL: f64 = 0.95;

impl Analysis {
    /// What bounds the throughput: that with the lowest ceiling, and those whose ceilings equal it.
    #[must_use]
    pub fn bottleneck(&self) -> String {
        let lowest = self.demands.first().map_or(0.0, |d| d.ceiling);
        let equal = self.demands.iter().filter(|d| EQUAL * d.ceiling <= lowest);
        equal
            .map(Demand::in_words)
            .collect::<Vec<_>>()
            .join(" and ")
    }
}

impl Demand {
    /// The name, and what the ceiling takes into account beside demand and servers.
    #[must_use]
    pub fn in_words(&self) -> String {
        match &self.with {
            Some(with) => format!("{} ({with})", self.name),
            None => self.name.clone(),
        }
    }
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
    let mut demands = ceilings(&mut walk);
    for demand in &mut demands {
        demand.knee = knee(&walk, demand.ceiling);
    }
    if model.scenarios.len() > 1 {
        walk.note("other scenarios are left out");
    }
    let load = load(&scenario.executor);
    demands.sort_by(|a, b| a.ceiling.total_cmp(&b.ceiling));
    let bounds = demands.first().map(|first| Limits {
        max_throughput: first.ceiling,
        knee: first.knee,
    });
    let mut analysis = Analysis {
        scenario: scenario.name.clone(),
        think: walk.think,
        requests: walk.requests,
        sites: walk.sites.clone(),
        vus: vus(&walk, scenario),
        excess: excess(&walk, &scenario.executor, demands.first()),
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

/// What one request to an endpoint takes when nobody waits, in seconds, and how often it visits a station or takes a token
/// of a pool, which is named as in [`Demand::name`].
#[must_use]
pub fn of_endpoint(model: &Model, endpoint: EndpointId, resource: &str) -> (f64, f64) {
    let mut walk = Walk::new(model);
    let took = walk.request(endpoint, 1.0);
    let is = |kind: &str, name: &str| resource.strip_prefix(kind) == Some(name);
    let serves = walk.serves.iter();
    let served = serves.filter(|visit| is("station ", &model.stations[visit.0].name));
    let pools = model.pools.iter().zip(&walk.pools);
    let taken = pools.filter(|(pool, _)| is("pool ", &pool.name));
    let visits =
        served.map(|visit| visit.2).sum::<f64>() + taken.map(|(_, uses)| uses.1).sum::<f64>();
    (took, visits)
}

/// Users at the peak, or arrivals per second at the peak.
fn load(executor: &Executor) -> (Option<f64>, Option<f64>) {
    let rate = executor.peak_rate();
    (
        executor.peak_users(),
        rate.filter(|_| !executor.is_recorded()),
    )
}

/// The exact answer where the model has one: one law of service at each station, and a form that
/// queueing theory has solved.
fn exact(model: &Model, walk: &Walk, analysis: &Analysis, executor: &Executor) -> Option<Exact> {
    let plain = |i: usize| {
        let s = &model.stations[i];
        s.scalability.is_none() && s.slowdowns.is_empty() && s.host.is_none()
    };
    let used: Vec<usize> = (0..model.stations.len())
        .filter(|i| walk.stations[*i] > 0.0)
        .collect();
    let users = analysis.users.map(|u| u.round() as u32);
    // A pool as large as the number of users never makes anyone wait.
    let free_pools = (0..model.pools.len()).all(|i| {
        walk.pools[i].0 == 0.0
            || users.is_some_and(|u| model.pools[i].size / walk.most_tokens[i] >= u)
    });
    let alone = model.scenarios.len() == 1
        && model.services.is_empty()
        && used.iter().all(|i| plain(*i))
        && free_pools;
    let held = walk.locks.iter().any(|l| l.1 > 0.0) || walk.room.joined > 0.0;
    if !alone || held || used.is_empty() || !analysis.notes.is_empty() {
        return None;
    }
    let sharing = |i: usize| model.stations[i].discipline == Discipline::ProcessorSharing;
    let exponential = |i: usize| {
        let mut own = walk.serves.iter().filter(|s| s.0 == i);
        let first = own.next().map(|s| &model.dists[s.1.index()].dist);
        matches!(first, Some(Dist::Exponential(_))) && own.next().is_none()
    };
    let by_number = |i: &usize| model.stations[*i].by_number != ByNumber::default();
    if used.iter().any(by_number) {
        return None;
    }
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
        (Some(users), _, many)
            if users <= MOST_USERS && many.iter().all(|i| model.stations[*i].servers == 1) =>
        {
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
