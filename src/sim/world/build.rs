//! Building the world of a model: every part, stream, fixed-delay queue and alarm.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::queue::{AlarmId, EventQueue, FixedDelayId};
use crate::engine::stream::Stream;
use crate::engine::table::Table;
use crate::engine::{Span, Time, Turn};
use crate::load::arrivals::Ticks;
use crate::load::looping::{self, LoopPlan};
use crate::load::plan;
use crate::load::poisson::RateCurve;
use crate::load::ramping_vus::RampingVus;
use crate::load::replay::Replayed;
use crate::measure::recorder::{Recorder, SampleSource};
use crate::model::Model;
use crate::model::journey::{CustomKind, Expected, Journey};
use crate::model::rate_limit::RateLimit;
use crate::model::retry::Retry;
use crate::model::scenario::{Executor, Scenario};
use crate::model::system::{Endpoint, Entity, ListAge, NamedDist, Op, Patience, Trigger};
use crate::parts::breaker::CircuitBreaker;
use crate::parts::inventory::Inventory;
use crate::parts::keep_alive::KeepAlive;
use crate::parts::listeners::Listeners;
use crate::parts::lock::Locks;
use crate::parts::pool::Pool;
use crate::parts::rate_limit::Limiter;
use crate::parts::retry::RetryPolicy;
use crate::parts::station::Station;
use crate::parts::tokens::Tokens;
use crate::parts::version::Versions;
use crate::parts::waiting_room::WaitingRoom;

use super::client_timeout::TimeoutWatch;
use super::dial::Dialling;
use super::event::{Event, Kind};
use super::limiter::limiters;
use super::links::Links;
use super::outcome::Termination;
use super::request::Requests;
use super::retry::Retries;
use super::scenario::{ArrivalLaw, OpenSource, Pattern, ScenarioRun};
use super::vu::{Choices, JourneyInterpreter};
use super::{
    CALLED_AT_ONCE, EndpointState, OpTime, Phase, ReadyList, Sampler, SitePlan, World, keep_alive,
    slowdown,
};

/// Names the random streams of one run.
#[derive(Clone, Copy, Debug)]
struct Seeds {
    seed: u64,
    replication: u64,
}

impl Seeds {
    fn stream(self, name: &str) -> Stream {
        Stream::new(self.seed, self.replication, name)
    }
}

impl<'m> World<'m> {
    /// A world at the start mark of the run.
    #[must_use]
    pub fn new(model: &'m Model, seed: u64, replication: u64) -> World<'m> {
        World::begun(model, Seeds { seed, replication })
    }

    #[expect(clippy::too_many_lines, reason = "one line for each field")]
    fn begun(model: &'m Model, seeds: Seeds) -> World<'m> {
        let (mut queue, fixed_delays) = queue_and_delays(model);
        let (ops, entry, (paces, keepers)) = programs(model, &mut queue);
        let (watches, sites) = watches(model, &mut queue, &entry);
        World {
            wait_timers: super::wait_timers::wait_timers(model, &mut queue),
            stations: stations(model, seeds, &mut queue).into(),
            room: room(model, seeds, &mut queue),
            model,
            ready: ReadyList::default(),
            phase: Phase::Setup,
            end: Termination::Finished,
            fingerprint: 0,
            events: 0,
            unwatched: super::WATCH_EVERY - 1,
            // Scenarios that do not overlap share VUs, as k6 plans them.
            initialised_vus: plan::planned_vus(&model.scenarios),
            vus: Table::default(),
            interpreter: JourneyInterpreter::new(model, choices(model, seeds)),
            users: None,
            concurrent: None,
            scenarios: Population { next: 1 }
                .scenarios(model, seeds, &mut queue)
                .into(),
            active_vus: 0,
            second: queue.alarm(Event::of(Kind::Second, 0)),
            phase_timeout: queue.alarm(Event::of(Kind::PhaseTimeout, 0)),
            requests: Requests::new(max_held(model)),
            called_at_once: CALLED_AT_ONCE,
            clients: 0,
            op_times: vec![OpTime::default(); ops.len()].into(),
            ops: ops.into(),
            entry,
            idle_watches: watches.len(),
            watches,
            sites: sites.into(),
            samplers: samplers(model, seeds).into(),
            fixed_delays: fixed_delays.into(),
            endpoint_states: endpoint_states(model, seeds),
            slowdowns: slowdown::runs(model),
            paces,
            counts_completions: slowdown::counts_completions(model),
            hosts: super::host::Hosts::of(model),
            pools: pools(model, seeds).into(),
            has_connections: model.network.is_some() || keepers.iter().any(Option::is_some),
            keepers,
            pool_connections: super::connections::connections(model),
            locks: ENTITIES.map(|e| uses_lock(model, e).then(|| locks(model, seeds, e))),
            fleet: super::fleet::Fleet::of(model, |name| seeds.stream(name)),
            versions: versions(model),
            inventory: inventory(model),
            tokens: Tokens::default(),
            awaiting: Listeners::default(),
            notices: Vec::new(),
            sent: 0,
            arrived: 0,
            connections: Vec::new(),
            dialling: model.listener.as_ref().map(|l| {
                let stream = seeds.stream(&format!("listeners.{}.timer_cores", l.name));
                Box::new(Dialling::new(l, stream))
            }),
            slow: None,
            looks_at_services: true,
            answers_directly: false,
            counts_bytes: false,
            sends_directly: model.network.is_none() && model.services.is_empty(),
            evaluate: queue.alarm(Event::of(Kind::Evaluate, 0)),
            crossed: Vec::new(),
            left_in_flight: 0,
            run_limits: super::limits::Limits::new(),
            deadlocks: super::deadlock::Deadlocks::default(),
            deadlines: super::deadline::Deadlines::of(model),
            caches: super::cache::Caches::of(model, |name| seeds.stream(name)),
            rate_limits: rate_limiters(model, seeds),
            links: Links::new(model, |name| seeds.stream(name)),
            retries: retries(model, seeds),
            controlled_delays: super::queueing::ControlledDelays::of(model),
            breakers: model.breakers.iter().map(CircuitBreaker::new).collect(),
            limits: limiters(model),
            waits: None,
            recorder: recorder(model),
            queue,
        }
    }
}

/// The retry policies, each with a stream for its jitter.
fn retries(model: &Model, seeds: Seeds) -> Retries {
    let of = |spec: &Retry| {
        let stream = seeds.stream(&format!("retries.{}.jitter", spec.name));
        RetryPolicy::new(spec, stream)
    };
    Retries::new(model.retries.iter().map(of).collect())
}

fn choices(model: &Model, seeds: Seeds) -> Vec<Choices> {
    let of = |journey: &Journey| Choices::new(seeds.seed, seeds.replication, &journey.name);
    model.journeys.iter().map(of).collect()
}

fn endpoint_states(model: &Model, seeds: Seeds) -> Vec<EndpointState> {
    let of = |endpoint: &Endpoint| EndpointState {
        called: 0,
        fail: seeds.stream(&format!("endpoints.{}.fail", endpoint.name)),
        seat: seeds.stream(&format!("endpoints.{}.seat", endpoint.name)),
    };
    model.endpoints.iter().map(of).collect()
}

fn recorder(model: &Model) -> Recorder {
    let kinds: Vec<CustomKind> = model.metrics.iter().map(|m| m.kind).collect();
    let sites = &model.sites;
    let mut recorder = Recorder::new(
        sites.len(),
        model.scenarios.len(),
        model.checks.len(),
        &kinds,
    );
    if sites.iter().any(|site| site.expected != Expected::Usual) {
        recorder.expect(sites.iter().map(|site| site.expected.clone()).collect());
    }
    recorder
}

fn inventory(model: &Model) -> Option<Inventory> {
    let spec = model.inventory.as_ref();
    spec.map(|spec| {
        let seats = Inventory::new(spec, model.users);
        match spec.list {
            None => seats,
            Some(ListAge::Refresh(every)) => seats.remembering(Some(every)),
            Some(ListAge::Lag(law)) => {
                let (_, most) = model.dists[law.index()].dist.support();
                seats.remembering(most.is_finite().then(|| Span::from_ns(most)))
            }
        }
    })
}

fn pools(model: &Model, seeds: Seeds) -> Vec<Pool> {
    let of = |spec: &crate::model::system::Pool| {
        let stream = seeds.stream(&format!("pools.{}.order", spec.name));
        let rejoins = seeds.stream(&format!("pools.{}.rejoin", spec.name));
        Pool::new(spec, stream, rejoins)
    };
    model.pools.iter().map(of).collect()
}

fn locks(model: &Model, seeds: Seeds, entity: Entity) -> Locks {
    let waiting = &model.locks[entity as usize].waiting;
    let stream = seeds.stream(&format!("locks.{entity:?}.order"));
    Locks::new(entities(model, entity), waiting, stream)
}

fn stations(model: &Model, seeds: Seeds, queue: &mut EventQueue<Event>) -> Vec<(Station, AlarmId)> {
    let specs = model.stations.iter().enumerate();
    specs
        .map(|(i, spec)| {
            let stream = seeds.stream(&format!("stations.{}.order", spec.name));
            let alarm = queue.busy_alarm(Event::of(Kind::Completion, i));
            let balking = seeds.stream(&format!("stations.{}.balking", spec.name));
            let plain = whole_demands(model, i) && !changes_speed(model, i);
            (Station::new(spec, (stream, balking), plain), alarm)
        })
        .collect()
}

/// Whether a station belongs to replicas that do not always work at full speed.
fn changes_speed(model: &Model, station: usize) -> bool {
    let replica = model.replica_of_station(station);
    replica.is_some_and(|(service, _)| model.services[service].changes_speed())
}

/// Whether all that is asked of a station is a whole number of nanoseconds, as times drawn are.
fn whole_demands(model: &Model, station: usize) -> bool {
    let slowed = model.pools.iter().any(|pool| !pool.slowdowns.is_empty());
    let whole = |endpoint: &Endpoint, op: &Op| match op {
        Op::Serve {
            station: at,
            growth,
            ..
        } if at.index() == station => {
            let stretched = growth.is_some() || slowed;
            !stretched && endpoint.abandoned_work.fract() == 0.0
        }
        _ => true,
    };
    let mut all = model
        .endpoints
        .iter()
        .flat_map(|e| e.ops.iter().map(move |op| (e, op)));
    all.all(|(endpoint, op)| whole(endpoint, op))
}

fn room(
    model: &Model,
    seeds: Seeds,
    queue: &mut EventQueue<Event>,
) -> Option<(WaitingRoom, AlarmId)> {
    let spec = model.waiting_room.as_ref()?;
    let room = WaitingRoom::new(spec, seeds.stream("waiting_room.order"));
    let room = room.by_asking(spec, seeds.stream("waiting_room.locations"));
    Some((room, queue.busy_alarm(Event::of(Kind::Admission, 0))))
}

/// In the order of their discriminants.
const ENTITIES: [Entity; 5] = [
    Entity::User,
    Entity::Token,
    Entity::Event,
    Entity::Seat,
    Entity::Global,
];

fn entities(model: &Model, entity: Entity) -> usize {
    let (events, seats) = model.inventory.as_ref().map_or((0, 0), |i| {
        (
            i.events as usize,
            i.events as usize * i.seats_per_event as usize,
        )
    });
    match entity {
        Entity::User => model.users as usize,
        // Tokens are numbered as they are issued; their tables grow.
        Entity::Token => 0,
        Entity::Event => events,
        Entity::Seat => seats,
        Entity::Global => 1,
    }
}

fn uses_lock(model: &Model, entity: Entity) -> bool {
    let locks = |op: &Op| matches!(op, Op::Lock { key, .. } if *key == entity);
    model.endpoints.iter().flat_map(|e| &e.ops).any(locks)
}

fn versions(model: &Model) -> [Option<Versions>; 5] {
    ENTITIES.map(|e| uses_version(model, e).then(|| Versions::new(entities(model, e))))
}

fn uses_version(model: &Model, entity: Entity) -> bool {
    let reads = |op: &Op| matches!(op, Op::ReadVersion(key) if *key == entity);
    model.endpoints.iter().flat_map(|e| &e.ops).any(reads)
}

/// An event queue. For each distribution that is a constant, the fixed-delay queue of that delay: one for all that share it
/// and whose events have the same turn and are as rare.
fn queue_and_delays(model: &Model) -> (EventQueue<Event>, Vec<Option<FixedDelayId>>) {
    let mut queue = EventQueue::default();
    let mut known = BTreeMap::new();
    let mut lane = |delay: Span, late: bool, rare: bool| {
        let turn = if late { Turn::Late } else { Turn::Usual };
        *known.entry((delay, late, rare)).or_insert_with(|| {
            if rare {
                queue.rare_fixed_delay(delay, turn)
            } else {
                queue.fixed_delay(delay, turn)
            }
        })
    };
    let constants = model.dists.iter().map(|named| named.dist.is_constant());
    let delays = constants
        .zip(late_delays(model).into_iter().zip(rare_delays(model)))
        .map(|(ns, (late, rare))| ns.map(|ns| lane(Span::from_ns(ns), late, rare)))
        .collect();
    (queue, delays)
}

/// For each distribution, whether it is a time between slowdowns or the length of one: their events are few.
fn rare_delays(model: &Model) -> Vec<bool> {
    let stations = model.stations.iter().flat_map(|s| &s.slowdowns);
    let pools = model.pools.iter().flat_map(|p| &p.slowdowns);
    let mut rare = vec![false; model.dists.len()];
    for slowdown in stations.chain(pools) {
        rare[slowdown.lasts.index()] = true;
        if let Trigger::Every(gap) | Trigger::After(gap) = slowdown.trigger {
            rare[gap.index()] = true;
        }
    }
    rare
}

/// For each distribution, whether what follows its time has the turn [`Turn::Late`].
fn late_delays(model: &Model) -> Vec<bool> {
    let seats = model.inventory.iter().filter_map(|i| i.hold_expires_after);
    let attempts = model.guards.iter().filter_map(|guard| guard.timeout);
    let faults = model.services.iter().flat_map(|s| &s.faults);
    let gaps = faults.filter_map(|fault| match fault.trigger {
        Trigger::Every(gap) | Trigger::After(gap) => Some(gap),
        Trigger::Completions(_) | Trigger::At(_) | Trigger::Loaded(_) => None,
    });
    let ops = model.endpoints.iter().flat_map(|endpoint| &endpoint.ops);
    let patience = ops.filter_map(|op| match op {
        Op::Serve {
            patience: Some(Patience::Drawn(time)),
            ..
        } => Some(*time),
        _ => None,
    });
    let mut late = vec![false; model.dists.len()];
    for time in seats.chain(attempts).chain(gaps).chain(patience) {
        late[time.index()] = true;
    }
    late
}

fn rate_limiters(model: &Model, seeds: Seeds) -> Vec<Limiter> {
    let stream = |spec: &RateLimit| seeds.stream(&format!("rate_limits.{}.threads", spec.name));
    let limits = model.rate_limits.iter();
    limits
        .map(|spec| Limiter::new(spec, stream(spec)))
        .collect()
}

fn samplers(model: &Model, seeds: Seeds) -> Vec<Sampler> {
    let of = |named: &NamedDist| Sampler::new(named.dist.clone(), seeds.stream(&named.name));
    model.dists.iter().map(of).collect()
}

/// The most that a request can hold at once, as the loader counted it; one that wakes another holds that.
fn max_held(model: &Model) -> usize {
    let each = model.endpoints.iter().map(|e| usize::from(e.max_held));
    let wakes = model.pools.iter().any(|p| p.waiting.wake_work.is_some());
    each.max().unwrap_or(0).max(usize::from(wakes))
}

/// What programs are adapted to: slowed pools, and connections that keep tokens.
type Adapted = (Vec<slowdown::Pace>, Vec<Option<KeepAlive>>);

/// All endpoints' operations in one list, and where each endpoint begins for those inside that call it. Some operations
/// are made what they are in this run: under slowed pools, and where connections keep tokens.
fn programs(model: &Model, queue: &mut EventQueue<Event>) -> (Vec<Op>, Vec<u32>, Adapted) {
    let mut ops = Vec::new();
    let mut entry = Vec::new();
    for endpoint in &model.endpoints {
        entry.push(ops.len() as u32 + u32::from(endpoint.generated));
        ops.extend_from_slice(&endpoint.ops);
    }
    let paces = slowdown::paces(model, &mut ops, queue);
    let keepers = keep_alive::keepers(model, &mut ops);
    (ops, entry, (paces, keepers))
}

/// One watch for each distinct client timeout, and how requests are sent from each site.
fn watches(
    model: &Model,
    queue: &mut EventQueue<Event>,
    entry: &[u32],
) -> (Vec<TimeoutWatch>, Vec<SitePlan>) {
    let mut watches: Vec<TimeoutWatch> = Vec::new();
    let mut sites = Vec::new();
    for site in &model.sites {
        let known = watches.iter().position(|w| w.timeout == site.timeout);
        let watch = known.unwrap_or_else(|| {
            let alarm = queue.alarm(Event::of(Kind::ClientTimeout, watches.len()));
            watches.push(TimeoutWatch::new(site.timeout, alarm));
            watches.len() - 1
        });
        sites.push(SitePlan {
            endpoint: site.endpoint.0,
            watch: watch as u16,
            entry: entry[site.endpoint.index()]
                - u32::from(model.endpoints[site.endpoint.index()].generated),
        });
    }
    (watches, sites)
}

impl World<'_> {
    /// Makes the VUs of all scenarios, one after another; number 0 is for setup and teardown.
    pub(super) fn make_vus(&mut self) {
        let journeys = &self.model.journeys;
        // Setup and teardown may need as many loop counters as any journey.
        let most = journeys.iter().map(|j| j.loop_slots).max().unwrap_or(0);
        let number = self.scenarios.last().map_or(1, |s| s.first + s.size);
        self.vus.reserve_exact(number as usize);
        self.vus.push(
            self.interpreter
                .vu(0, SampleSource::SETUP, 0, usize::from(most)),
        );
        for scenario in &self.scenarios {
            let slots = usize::from(journeys[usize::from(scenario.journey)].loop_slots);
            for number in scenario.first..scenario.first + scenario.size {
                let (origin, journey) = (scenario.origin, scenario.journey);
                self.vus
                    .push(self.interpreter.vu(number as usize, origin, journey, slots));
            }
        }
        self.clients = self.vus.len();
    }
}

/// The VUs that scenarios have from the start, by number.
struct Population {
    /// The next number: 0 is for setup and teardown.
    next: u32,
}

impl Population {
    fn scenarios(
        &mut self,
        model: &Model,
        seeds: Seeds,
        queue: &mut EventQueue<Event>,
    ) -> Vec<ScenarioRun> {
        let scenarios = model.scenarios.iter().enumerate();
        scenarios
            .map(|(i, s)| self.add(i, s, seeds, queue))
            .collect()
    }

    fn add(
        &mut self,
        index: usize,
        scenario: &Scenario,
        seeds: Seeds,
        queue: &mut EventQueue<Event>,
    ) -> ScenarioRun {
        let origin = SampleSource::scenario(index);
        let (mut pattern, count, planned) = pattern(scenario, seeds);
        let (first, size) = (self.next, count as u32);
        self.next += size;
        if let Pattern::Arrivals { idle, .. } = &mut pattern {
            idle.extend(first..first + planned as u32);
        }
        let regular_end = plan::regular_duration(&scenario.executor);
        let load = Event::of(Kind::Load, index);
        // Arrivals come by the thousand, steps of a ramp or a loop hardly ever.
        let load_alarm = match &pattern {
            Pattern::Open { .. } | Pattern::Arrivals { .. } => queue.busy_alarm(load),
            Pattern::Ramp(_) | Pattern::Loop(_) => queue.alarm(load),
        };
        ScenarioRun {
            origin,
            journey: scenario.journey.0,
            first,
            size,
            start_time: scenario.start_time,
            regular_end,
            hard_end: regular_end + scenario.graceful_stop,
            pattern,
            load_alarm,
            hard_alarm: queue.alarm(Event::of(Kind::HardStop, index)),
            started: Time::ZERO,
            pending_tick: None,
            begun: false,
            active: 0,
            attempts: 0,
            load_over: false,
            spent: None,
            cut_short: false,
        }
    }
}

/// How a scenario's load comes about, how many VUs it may have, and how many are there from the start.
fn pattern(scenario: &Scenario, seeds: Seeds) -> (Pattern, u64, u64) {
    let grace = scenario.graceful_stop;
    let looping = |plan: LoopPlan| (Pattern::Loop(plan), plan.vus, plan.vus);
    let stream = || Box::new(seeds.stream(&format!("scenarios.{}.arrivals", scenario.name)));
    match &scenario.executor {
        Executor::RampingVus {
            start_vus,
            stages,
            graceful_ramp_down: wait,
        } => ramp(RampingVus::new(*start_vus, stages, *wait, grace)),
        Executor::ConstantVus { vus, duration } => {
            looping(looping::constant_vus(*vus, *duration, grace))
        }
        Executor::SharedIterations {
            vus,
            iterations: n,
            max_duration: end,
        } => looping(looping::shared_iterations(*vus, *n, *end, grace)),
        Executor::PerVuIterations {
            vus,
            iterations: n,
            max_duration: end,
        } => looping(looping::per_vu_iterations(*vus, *n, *end, grace)),
        Executor::ConstantArrivalRate {
            rate,
            time_unit,
            duration,
            pre_allocated_vus: planned,
            max_vus: max,
        } => arrivals(
            Ticks::constant(*rate, *time_unit, *duration),
            *planned,
            *max,
        ),
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            pre_allocated_vus: planned,
            max_vus: max,
        } => arrivals(
            Ticks::ramping(*start_rate, *time_unit, stages),
            *planned,
            *max,
        ),
        Executor::PoissonArrivals { start_rate, stages } => {
            let curve = RateCurve::new(*start_rate, stages);
            open(ArrivalLaw::Poisson(curve, stream()))
        }
        Executor::RenewalArrivals { gap, .. } => open(ArrivalLaw::Renewal(gap.clone(), stream())),
        Executor::TraceArrivals { at } => open(ArrivalLaw::Trace(at.clone(), 0)),
        Executor::Replay(replay) => {
            open(ArrivalLaw::Replay(Box::new(Replayed::new(replay.clone()))))
        }
    }
}

/// The starts of k6's arrival-rate executors.
fn arrivals(ticks: Ticks, planned: u64, max: u64) -> (Pattern, u64, u64) {
    let (idle, spare) = (VecDeque::new(), (max - planned) as u32);
    (Pattern::Arrivals { ticks, idle, spare }, max, planned)
}

/// The arrivals of capsim's own open executors.
fn open(law: ArrivalLaw) -> (Pattern, u64, u64) {
    let (source, free) = (OpenSource::new(law), Vec::new());
    (Pattern::Open { source, free }, 0, 0)
}

fn ramp(steps: RampingVus) -> (Pattern, u64, u64) {
    let most = steps.max_vus();
    (Pattern::Ramp(Box::new(steps.into_events())), most, most)
}
