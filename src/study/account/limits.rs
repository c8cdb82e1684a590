//! All that can make somebody wait in a model, with what a run says of each.

use super::holding::{Holding, Places, holding};
use super::replicas::{What, family, there};
use super::stations::{AtStation, NS, at_stations, fastest, law, taken};
use super::{Account, Kind, Limit};
use crate::answers::bounds::idle_iteration;
use crate::measure::recorder::SampleSource;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::Model;
use crate::model::cache::Flight;
use crate::model::limit::LimitKind;
use crate::model::scenario::Executor;
use crate::model::system::{AdmissionOrder, Entity, Op, WaitingRoom};
use crate::parts::waiting_room::RoomProbe;
use crate::world::limiter::LimitProbe;
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

    /// The servers of a station, its law and its slowdowns.
    fn station(&self, index: usize, limits: &mut Vec<Limit>) {
        let (spec, at) = (&self.model.stations[index], &self.stations[index]);
        let probe = &self.outcome.stations[index];
        let end = self.outcome.end_time();
        let run = (self.model, self.outcome);
        let there = there(run, What::Station, index);
        if there <= 0.0 {
            return;
        }
        let causes = at.causes();
        let caused = self.caused[index];
        let mut own = Limit::new(Kind::Station(index), format!("station {}", spec.name));
        own.family = family(run, What::Station, index);
        own.size = (spec.servers != u32::MAX).then(|| f64::from(spec.servers));
        let all = end.0.max(1) as f64 * there;
        let share = |area: u128| {
            own.size
                .map_or(0.0, |n| (area as f64 / all / n.max(1.0)).min(1.0))
        };
        let occupied = share(probe.occupied(spec.discipline).area(end));
        // A server that waits for a core of its host is not used.
        let idle = (at.host / NS) as u128;
        own.utilisation = share(probe.at_work(spec.discipline, end).saturating_sub(idle));
        self.levels(&mut own, &probe.in_service, &probe.queue);
        let came = probe.arrived.max(1) as f64;
        own.lost_count = (probe.refused + probe.left) as f64;
        own.lost = own.lost_count / came;
        (own.waited, own.caused) = (at.queue + at.sharing, caused * causes[0]);
        (own.each, own.alone) = at.each;
        let mut others = Vec::new();
        if let Some(scalability) = spec.scalability {
            let law = law(scalability, spec.servers);
            let name = format!("the scalability of station {}", spec.name);
            let mut limit = Limit {
                kind: Kind::Scalability(index),
                name,
                waited: at.law,
                caused: caused * causes[1],
                best: law.best(),
                ..own.clone()
            };
            let (each, alone) = at.each;
            let done = probe.completed as f64 / self.seconds.max(f64::MIN_POSITIVE);
            // Beyond the best number more in service do less: no load is left that could be borne.
            let crowded = own.in_use * self.model.peak_over_mean() >= law.best();
            let beyond = crowded && each >= alone * law.stretch(law.best());
            limit.utilisation = if beyond && law.best() < law.servers {
                1.0
            } else {
                (done * alone / law.most()).min(1.0)
            };
            (limit.lost, limit.lost_count) = (0.0, 0.0);
            others.push(limit);
        }
        if !spec.by_number.speeds.is_empty() {
            others.push(self.crowding(index, &own, caused * causes[1]));
        }
        if !spec.slowdowns.is_empty() {
            let mut names: Vec<&str> = spec.slowdowns.iter().map(|s| s.name.as_str()).collect();
            names.dedup();
            others.push(Limit {
                kind: Kind::Slowdown(index),
                name: format!("slowdown {} of station {}", names.join(", "), spec.name),
                waited: at.slow,
                caused: caused * causes[2],
                utilisation: self.slowed_use(index).unwrap_or(occupied),
                lost: 0.0,
                lost_count: 0.0,
                ..own.clone()
            });
        }
        limits.push(own);
        limits.extend(others);
    }

    /// The speed of a station by the number of those who are there: how they hold one another up.
    fn crowding(&self, index: usize, own: &Limit, caused: f64) -> Limit {
        let (spec, at) = (&self.model.stations[index], &self.stations[index]);
        let done = self.outcome.stations[index].completed as f64;
        let done = done / self.seconds.max(f64::MIN_POSITIVE);
        let utilisation = match fastest(&spec.by_number, spec.servers) {
            Some(most) => done * at.each.1 / most.max(f64::MIN_POSITIVE),
            None => at.law / at.present.max(f64::MIN_POSITIVE),
        };
        Limit {
            kind: Kind::Scalability(index),
            name: format!("the scalability of station {}", spec.name),
            waited: at.law,
            caused,
            best: f64::INFINITY,
            utilisation: utilisation.min(1.0),
            lost: 0.0,
            lost_count: 0.0,
            ..own.clone()
        }
    }

    /// How much is used of what the slowdowns of a station leave: while it stands still, more servers are
    /// taken than its work needs. Without a limit, how much longer services take.
    fn slowed_use(&self, index: usize) -> Option<f64> {
        let (spec, at) = (&self.model.stations[index], &self.stations[index]);
        if spec.servers == u32::MAX {
            return Some(at.slow / at.present.max(f64::MIN_POSITIVE));
        }
        let left = spec
            .slowdowns
            .iter()
            .map(|s| Some(1.0 - taken(self.model, s)?));
        let left: f64 = left.collect::<Option<Vec<f64>>>()?.iter().product();
        let all = f64::from(spec.servers.max(1)) * self.seconds.max(f64::MIN_POSITIVE);
        let work = (at.present - at.stretch()).max(0.0);
        Some((work / (all * left).max(f64::MIN_POSITIVE)).min(1.0))
    }

    /// The cores of a host. Who works there without a core of its own waits for one.
    fn host(&self, index: usize) -> Limit {
        let (spec, probe) = (&self.model.hosts[index], &self.outcome.hosts[index]);
        let mut limit = Limit::new(Kind::Host(index), format!("host {}", spec.name));
        let (end, seconds) = (self.outcome.end_time(), self.seconds.max(f64::MIN_POSITIVE));
        limit.size = Some(spec.cores);
        limit.in_use = probe.used(end) * NS / seconds;
        limit.utilisation = (limit.in_use / spec.cores).min(1.0);
        let most = probe.wanted.max() as f64;
        limit.in_use_max = most.min(spec.cores);
        limit.queue = (probe.wanted.mean(end) - limit.in_use).max(0.0);
        limit.queue_max = (most - spec.cores).max(0.0);
        for at in self.model.stations_on(index) {
            limit.waited += self.stations[at].host;
            limit.caused += self.caused[at] * self.stations[at].causes()[3];
        }
        limit
    }

    fn pool(&self, index: usize) -> Option<Limit> {
        let run = (self.model, self.outcome);
        let there = there(run, What::Pool, index);
        if there <= 0.0 {
            return None;
        }
        let (spec, probe) = (&self.model.pools[index], &self.outcome.pools[index]);
        let place = self.places.pool(index);
        let mut limit = Limit::new(Kind::Pool(index), format!("pool {}", spec.name));
        let size = f64::from(spec.size.max(1));
        limit.family = family(run, What::Pool, index);
        limit.size = Some(size);
        self.levels(&mut limit, &probe.held, &probe.queue);
        let came = probe.granted + probe.refused + probe.left + probe.queue.value();
        self.held(&mut limit, place, (size, came, probe.refused + probe.left));
        limit.utilisation = (limit.utilisation / there).min(1.0);
        let kept = self.outcome.kept[index].as_ref();
        let reused = kept.map_or(0, |kept| kept.reused);
        limit.each = self.holding.held[place] / ((probe.granted + reused).max(1) as f64);
        if let Some(kept) = kept {
            limit.best = reused as f64 / (probe.granted + reused).max(1) as f64;
            let all = kept.kept.area(self.outcome.end_time()) as f64 * NS;
            limit.alone = all / self.holding.held[place].max(f64::MIN_POSITIVE);
        }
        Some(limit)
    }

    /// What is told of tokens and locks alike.
    fn held(&self, limit: &mut Limit, place: usize, (size, came, lost): (f64, u64, u64)) {
        let all = size * self.seconds.max(f64::MIN_POSITIVE);
        limit.utilisation = (self.holding.own(place) / all).min(1.0);
        limit.waited = self.holding.waited[place];
        limit.caused = self.caused[place];
        limit.lost_count = lost as f64;
        limit.lost = lost as f64 / came.max(1) as f64;
    }

    fn lock(&self, key: Entity) -> Option<Limit> {
        let probe = self.outcome.locks[key as usize].as_ref()?;
        let place = self.places.lock(key as usize);
        let mut limit = Limit::new(Kind::Lock(key), lock_name(key).to_owned());
        self.levels(&mut limit, &probe.held, &probe.queue);
        let came = probe.granted + probe.left + probe.queue.value();
        self.held(&mut limit, place, (1.0, came, probe.left));
        limit.each = self.holding.own(place) / (probe.granted.max(1) as f64);
        limit.size = (self.most_wanted(key) == Some(1.0)).then_some(1.0);
        if limit.size.is_none() {
            // Of many entities the one that is wanted most counts; who comes sees how often it is held.
            let hottest = self.most_wanted(key).unwrap_or(0.0) * limit.in_use;
            let met = probe.contended as f64 / came.max(1) as f64;
            let own = self.holding.own_share(place);
            limit.utilisation = (hottest.max(met) * own).min(1.0);
        }
        Some(limit)
    }

    /// How often the entity that is wanted most is wanted, where the model says it.
    fn most_wanted(&self, key: Entity) -> Option<f64> {
        most_wanted(self.model, key)
    }

    fn rate_limit(&self, index: usize) -> Limit {
        let (spec, probe) = (
            &self.model.rate_limits[index],
            &self.outcome.rate_limits[index],
        );
        let name = format!("rate limit {}", spec.name);
        let mut limit = Limit::new(Kind::RateLimit(index), name);
        let end = self.outcome.end_time();
        limit.queue = probe.queue.mean(end);
        limit.queue_max = probe.queue.max() as f64;
        limit.waited = probe.queue.area(end) as f64 * NS;
        limit.caused = limit.waited;
        limit.lost_count = probe.refused as f64;
        limit.lost = limit.lost_count / probe.came.max(1) as f64;
        if spec.per == Entity::Global {
            let most = spec.rate as f64 / 1000.0 * self.seconds.max(f64::MIN_POSITIVE);
            limit.utilisation = (probe.passed as f64 / most).min(1.0);
        }
        limit
    }

    /// The making of a pool's connections: who has a token waits for it.
    fn connecting(&self, index: usize) -> Option<Limit> {
        let spec = self.model.pools[index].connections?;
        let probe = self.outcome.connections.get(index).copied().flatten()?;
        let name = format!(
            "the making of connections of pool {}",
            self.model.pool_name(index)
        );
        let mut limit = Limit::new(Kind::Connecting(index), name);
        let place = self.places.connecting(index);
        limit.waited = self.holding.waited[place];
        limit.caused = self.caused[place];
        limit.queue = limit.waited / self.seconds.max(f64::MIN_POSITIVE);
        let making = probe.making as f64 * NS;
        limit.in_use = making / self.seconds.max(f64::MIN_POSITIVE);
        limit.each = making / probe.made.max(1) as f64;
        limit.best = probe.made as f64;
        limit.size = spec.at_once.map(f64::from);
        limit.utilisation = limit.size.map_or(0.0, |n| (limit.in_use / n).min(1.0));
        Some(limit)
    }

    /// The fetches of a cache for which others wait; how many there may be at once is not known, so there is no
    /// ceiling.
    fn fetches(&self, index: usize) -> Option<Limit> {
        let (spec, probe) = (&self.model.caches[index], &self.outcome.caches[index]);
        if spec.flight == Flight::Free {
            return None;
        }
        let name = format!("the fetches of cache {}", spec.name);
        let mut limit = Limit::new(Kind::Fetch(index), name);
        let end = self.outcome.end_time();
        limit.queue = probe.queue.mean(end);
        limit.queue_max = probe.queue.max() as f64;
        limit.waited = probe.queue.area(end) as f64 * NS;
        limit.caused = limit.waited;
        limit.each = limit.waited / (probe.shared + probe.left).max(1) as f64;
        limit.lost_count = probe.left as f64;
        limit.lost = limit.lost_count / probe.asked.max(1) as f64;
        Some(limit)
    }

    fn listener(&self) -> Option<Limit> {
        let spec = self.model.listener.as_ref()?;
        let probe = self.outcome.listener.as_ref()?;
        let name = format!("the accept queue of listener {}", spec.name);
        let mut limit = Limit::new(Kind::Listener, name);
        self.levels(&mut limit, &probe.open, &probe.queue);
        let end = self.outcome.end_time();
        let area = |level: &TimeWeighted| level.area(end) as f64 * NS;
        limit.waited = area(&probe.queue) + area(&probe.dialling);
        limit.caused = limit.waited;
        limit.size = (spec.connections != u32::MAX).then(|| f64::from(spec.connections));
        limit.utilisation = limit
            .size
            .map_or(0.0, |size| (limit.in_use / size).min(1.0));
        limit.each = limit.waited / probe.dialled.max(1) as f64;
        limit.lost_count = probe.gave_up as f64;
        limit.lost = limit.lost_count / probe.dialled.max(1) as f64;
        Some(limit)
    }

    /// A limit on a rate or on requests at once.
    fn limit(&self, index: usize) -> Limit {
        let spec = &self.model.limits[index];
        let mut limit = Limit::new(Kind::Limit(index), format!("limit {}", spec.name));
        let end = self.outcome.end_time();
        let lost = match (&spec.kind, &self.outcome.limits[index]) {
            (LimitKind::Rate(rate), LimitProbe::Rate(probe)) => {
                limit.waited = probe.waited as f64 * NS;
                let buckets = probe.buckets.max(1) as f64;
                let most = buckets * rate.rate * self.seconds / rate.per.as_secs();
                limit.utilisation = (probe.passed as f64 / most.max(f64::MIN_POSITIVE)).min(1.0);
                limit.queue = limit.waited / self.seconds.max(f64::MIN_POSITIVE);
                (probe.refused, probe.passed)
            }
            (_, LimitProbe::Concurrency(probe)) => {
                limit.size = Some(probe.limit.mean(end));
                limit.in_use = probe.in_flight.mean(end);
                limit.in_use_max = probe.in_flight.max() as f64;
                limit.utilisation = (limit.in_use / probe.limit.mean(end).max(1.0)).min(1.0);
                (probe.refused, probe.passed)
            }
            _ => (0, 0),
        };
        limit.caused = limit.waited;
        limit.lost_count = lost.0 as f64;
        limit.lost = limit.lost_count / (lost.0 + lost.1).max(1) as f64;
        limit
    }

    fn room(&self) -> Option<Limit> {
        let (spec, probe) = (
            self.model.waiting_room.as_ref()?,
            self.outcome.room.as_ref()?,
        );
        let mut limit = Limit::new(Kind::WaitingRoom, "the waiting room".to_owned());
        self.levels(&mut limit, &probe.active, &probe.waiting);
        limit.size = spec.active_cap.map(f64::from);
        let waited = probe.waiting.area(self.outcome.end_time()) as f64 * NS;
        limit.waited = waited;
        limit.caused = waited;
        limit.each = waited / (probe.joined.max(1) as f64);
        let open = (self.seconds - spec.opens_at.as_secs()).max(1e-9);
        limit.best = probe.admitted as f64 / open;
        limit.utilisation = self.room_used(spec, probe, open);
        let turned = matches!(spec.order, AdmissionOrder::Reject);
        limit.lost_count = if turned { probe.given_up as f64 } else { 0.0 };
        limit.lost = limit.lost_count / (probe.joined.max(1) as f64);
        Some(limit)
    }

    /// How much of what its rules allow the room has let in. Who is inside and waits for the system does not
    /// count.
    fn room_used(&self, spec: &WaitingRoom, probe: &RoomProbe, open: f64) -> f64 {
        if spec.order == AdmissionOrder::PassThrough {
            return 0.0;
        }
        let admitted = probe.admitted as f64;
        let by_rate = spec.rate.map_or(0.0, |rate| admitted / (rate * open));
        let by_batch = spec.batch.map_or(0.0, |(size, every)| {
            let batches = (open / every.as_secs().max(1e-9)).floor().max(1.0);
            admitted / (f64::from(size.max(1)) * batches)
        });
        let by_minute = spec.per_minute.map_or(0.0, |most| {
            let minutes = (open / 60.0).ceil().max(1.0);
            admitted / (f64::from(most.max(1)) * minutes)
        });
        let active = probe.active.area(self.outcome.end_time()) as f64 * NS;
        let waits: f64 = self.holding.waited.iter().sum();
        let by_cap = spec.active_cap.map_or(0.0, |cap| {
            (active - waits).max(0.0) / (f64::from(cap.max(1)) * self.seconds.max(1e-9))
        });
        by_rate.max(by_batch).max(by_minute).max(by_cap).min(1.0)
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
        Some(match &scenario.executor {
            Executor::ConstantArrivalRate {
                rate,
                time_unit,
                max_vus,
                ..
            } => vus_needed(*max_vus, *rate as f64 / time_unit.as_secs().max(1e-9)),
            Executor::RampingArrivalRate {
                start_rate,
                time_unit,
                stages,
                max_vus,
                ..
            } => {
                let targets = stages.iter().map(|s| s.target);
                let most = targets.fold(*start_rate as f64, f64::max);
                vus_needed(*max_vus, most / time_unit.as_secs().max(1e-9))
            }
            Executor::ConstantVus { vus, .. }
            | Executor::SharedIterations { vus, .. }
            | Executor::PerVuIterations { vus, .. } => users(*vus),
            Executor::RampingVus {
                start_vus, stages, ..
            } => {
                let targets = stages.iter().map(|s| s.target);
                users(targets.fold(*start_vus as f64, f64::max) as u64)
            }
            _ => return None,
        })
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

/// The lock of one entity of a kind.
fn lock_name(key: Entity) -> &'static str {
    match key {
        Entity::User => "the lock of the user",
        Entity::Token => "the lock of the token",
        Entity::Event => "the lock of the event",
        Entity::Seat => "the lock of the seat",
        Entity::Global => "the lock of the system",
    }
}

/// How often the entity of a kind that is wanted most is wanted, as a share of all; none where the model does
/// not say it.
#[must_use]
pub fn most_wanted(model: &Model, key: Entity) -> Option<f64> {
    match key {
        Entity::Global => Some(1.0),
        Entity::User => Some(1.0 / f64::from(model.users.max(1))),
        Entity::Event => {
            let inventory = model.inventory.as_ref()?;
            let even = 1.0 / f64::from(inventory.events.max(1));
            let weights = inventory.popularity.weights(inventory.events);
            Some(weights.map_or(even, |weights| {
                let sum: f64 = weights.iter().sum();
                weights.iter().copied().fold(0.0, f64::max) / sum.max(f64::MIN_POSITIVE)
            }))
        }
        Entity::Token | Entity::Seat => None,
    }
}
