//! Everything in a model that can make requests or users wait, with what a run measured of it.

mod admission;
mod holding;
mod servers;

pub use holding::most_wanted;

use super::holding::{Holding, Places, holding};
use super::stations::{AtStation, NS, at_stations};
use super::{Account, Kind, Limit};
use crate::answers::bounds::idle_iteration;
use crate::measure::recorder::SampleSource;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::Model;
use crate::model::system::{Entity, Op};
use crate::world::outcome::Outcome;

/// All kinds of locks, in the order of their numbers.
const KEYS: [Entity; 5] = [
    Entity::User,
    Entity::Token,
    Entity::Event,
    Entity::Seat,
    Entity::Global,
];

/// What all limits are made from.
struct Sums<'a> {
    outcome: &'a Outcome,
    model: &'a Model,
    places: Places,
    stations: Vec<AtStation>,
    holding: Holding,
    caused: Vec<f64>,
    /// Length of the run, in seconds.
    seconds: f64,
}

/// The account of a run.
pub(super) fn account(outcome: &Outcome, model: &Model) -> Account {
    let sums = Sums::new(outcome, model);
    let mut limits = Vec::new();
    for index in 0..model.stations.len() {
        sums.station(index, &mut limits);
    }
    limits.extend((0..model.hosts.len()).map(|index| sums.host(index)));
    limits.extend((0..model.pools.len()).filter_map(|index| sums.pool(index)));
    limits.extend((0..model.pools.len()).filter_map(|index| sums.connecting(index)));
    limits.extend(KEYS.iter().filter_map(|key| sums.lock(*key)));
    limits.extend((0..model.limits.len()).map(|index| sums.limit(index)));
    let room = sums.room();
    let in_room = room.as_ref().map_or(0.0, |r| r.waited);
    limits.extend(room);
    limits.extend(sums.listener());
    limits.extend((0..model.rate_limits.len()).map(|index| sums.rate_limit(index)));
    limits.extend((0..model.caches.len()).filter_map(|index| sums.fetches(index)));
    limits.extend(seats(outcome));
    limits.extend((0..model.scenarios.len()).filter_map(|index| sums.users(index)));
    let seconds = sums.seconds.max(f64::MIN_POSITIVE);
    let rate = outcome.recorder.requests() as f64 / seconds;
    for limit in &mut limits {
        let used = limit.utilisation;
        let none = matches!(limit.kind, Kind::Think(_) | Kind::Seats);
        let counts = used > 0.0 && rate > 0.0 && !none;
        limit.ceiling = counts.then(|| rate / used);
    }
    Account {
        limits,
        in_system: sums.in_system(),
        in_room,
    }
}

impl<'a> Sums<'a> {
    fn new(outcome: &'a Outcome, model: &'a Model) -> Sums<'a> {
        let places = Places::of(model);
        let stations = at_stations(outcome, model);
        let end = outcome.end_time();
        let area = |level: &TimeWeighted| level.area(end) as f64 * NS;
        let mut waited = vec![0.0; places.count()];
        let mut held = vec![0.0; places.count()];
        for (at, station) in stations.iter().enumerate() {
            waited[at] = station.waited();
        }
        for (at, probe) in outcome.pools.iter().enumerate() {
            waited[places.pool(at)] = area(&probe.queue);
            held[places.pool(at)] = area(&probe.held);
        }
        let ops = model.endpoints.iter().flat_map(|e| &e.ops);
        for (op, time) in ops.zip(&outcome.op_times) {
            if let Op::Connect(pool) = op {
                waited[places.connecting(pool.index())] += time.waited as f64 * NS;
            }
        }
        for (key, probe) in outcome.locks.iter().enumerate() {
            if let Some(probe) = probe {
                waited[places.lock(key)] = area(&probe.queue);
                held[places.lock(key)] = area(&probe.held);
            }
        }
        let holding = holding(outcome, model, &stations, (waited, held));
        Sums {
            outcome,
            model,
            places,
            stations,
            caused: holding.caused(),
            holding,
            seconds: outcome.duration.as_secs(),
        }
    }

    /// Time of all requests in the system.
    fn in_system(&self) -> f64 {
        let lines: f64 = self.holding.waited[self.stations.len()..].iter().sum();
        let stations = self.stations.iter().map(|s| s.queue + s.present);
        let ops = self.model.endpoints.iter().flat_map(|e| &e.ops);
        let delays = ops.zip(&self.outcome.op_times);
        let delays = delays.filter(|(op, _)| matches!(op, Op::Delay(_) | Op::Limit(_)));
        let delays = delays.map(|(_, time)| time.served as f64 * NS);
        let connecting = self.listener().map_or(0.0, |l| l.waited);
        let limits = 0..self.model.rate_limits.len();
        let limited: f64 = limits.map(|index| self.rate_limit(index).waited).sum();
        let end = self.outcome.end_time();
        let fetches = self.outcome.caches.iter();
        let fetches = fetches.map(|cache| cache.queue.area(end) as f64 * NS);
        let fetched: f64 = fetches.sum();
        lines + stations.sum::<f64>() + delays.sum::<f64>() + connecting + limited + fetched
    }

    fn levels(&self, limit: &mut Limit, in_use: &TimeWeighted, queue: &TimeWeighted) {
        let end = self.outcome.end_time();
        limit.in_use = in_use.mean(end);
        limit.in_use_max = in_use.max() as f64;
        limit.queue = queue.mean(end);
        limit.queue_max = queue.max() as f64;
    }

    /// The VUs of an arrival rate, or the think time of users whose number is fixed.
    fn users(&self, index: usize) -> Option<Limit> {
        let scenario = &self.model.scenarios[index];
        let of_scenario = format!("of scenario {}", scenario.name);
        let record = &self.outcome.recorder;
        let origin = SampleSource::scenario(index).0 as usize;
        let done = record.iterations_by_origin()[origin] as f64;
        let (iteration, think) = idle_iteration(self.model, index);
        let spent = self.outcome.scenarios[index].unwrap_or(self.outcome.duration);
        let spent = spent.as_secs().max(1e-9);
        let vus_needed = |vus: u64, rate: f64| {
            let mut limit = Limit::new(Kind::Vus(index), format!("the VUs {of_scenario}"));
            let vus = (vus as f64).max(1.0);
            limit.size = Some(vus);
            limit.in_use = (done * iteration / spent).min(vus);
            limit.utilisation = limit.in_use / vus;
            limit.lost_count = record.dropped[origin] as f64;
            limit.lost = limit.lost_count / (limit.lost_count + done).max(1.0);
            (limit.each, limit.best) = (iteration, rate * iteration);
            limit
        };
        let users = |users: u64| {
            let mut limit = Limit::new(Kind::Think(index), format!("think time {of_scenario}"));
            let all = record.iteration_stats(&[]).map_or(0.0, |s| s.avg / 1000.0);
            limit.size = Some(users as f64);
            if all > 0.0 && self.model.scenarios.len() == 1 {
                limit.utilisation = (think / all).min(1.0);
            }
            limit.each = think;
            limit
        };
        let executor = &scenario.executor;
        match (executor.allocation(), executor.peak_rate()) {
            (Some((_, most)), Some(rate)) => Some(vus_needed(most, rate)),
            _ => executor.peak_users().map(|peak| users(peak as u64)),
        }
    }
}

/// The seats, if there are any: claims that found theirs taken are lost.
fn seats(outcome: &Outcome) -> Option<Limit> {
    let (probe, count) = outcome.inventory.as_ref()?;
    let mut limit = Limit::new(Kind::Seats, "the seats".to_owned());
    limit.size = Some(*count as f64);
    limit.in_use = probe.held.mean(outcome.end_time());
    limit.in_use_max = probe.held.max() as f64;
    limit.utilisation = probe.sold as f64 / (*count as f64).max(1.0);
    limit.lost_count = probe.lost as f64;
    limit.lost = limit.lost_count / (probe.claimed + probe.lost).max(1) as f64;
    limit.best = probe.sold as f64;
    limit.alone = probe.outdated as f64;
    Some(limit)
}
