//! Building the system of a model: every part with its streams and alarms.

use crate::engine::Span;
use crate::engine::queue::{AlarmId, EventQueue};
use crate::model::Model;
use crate::model::rate_limit::RateLimit;
use crate::model::retry::Retry;
use crate::model::system::{Endpoint, Entity, ListAge, Op};
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

use super::dial::Dialling;
use super::limiter::limiters;
use super::links::Links;
use super::request::Requests;
use super::retry::Retries;
use super::{EndpointState, OpTime, System, keep_alive, slowdown};
use crate::world::CALLED_AT_ONCE;
use crate::world::build::Seeds;
use crate::world::event::{Event, Kind};

/// The endpoints' programs, and what they are adapted to in a run: slowed pools, and connections that keep tokens.
pub(crate) struct Programs {
    ops: Vec<Op>,
    /// Where each endpoint begins for those inside that call it.
    pub(crate) entry: Vec<u32>,
    paces: Vec<slowdown::Pace>,
    keepers: Vec<Option<KeepAlive>>,
}

impl<'m> System<'m> {
    /// The system of a model at the start mark.
    pub(crate) fn new(
        model: &'m Model,
        seeds: Seeds,
        queue: &mut EventQueue<Event>,
        programs: Programs,
    ) -> System<'m> {
        let Programs {
            ops,
            entry,
            paces,
            keepers,
        } = programs;
        System {
            model,
            wait_timers: super::wait_timers::wait_timers(model, queue),
            stations: stations(model, seeds, queue).into(),
            room: room(model, seeds, queue),
            requests: Requests::new(max_held(model)),
            called_at_once: CALLED_AT_ONCE,
            clients: 0,
            op_times: vec![OpTime::default(); ops.len()].into(),
            ops: ops.into(),
            entry,
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
            arrived: 0,
            connections: Vec::new(),
            dialling: model.listener.as_ref().map(|l| {
                let stream = seeds.stream(&format!("listeners.{}.timer_cores", l.name));
                Box::new(Dialling::new(l, stream))
            }),
            slow: None,
            looks_at_services: true,
            receives_directly: model.network.is_none() && model.services.is_empty(),
            answers_directly: false,
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
        }
    }
}

/// All endpoints' operations in one list, and where each endpoint begins for those inside that call it. Some operations
/// are made what they are in this run: under slowed pools, and where connections keep tokens.
pub(crate) fn programs(model: &Model, queue: &mut EventQueue<Event>) -> Programs {
    let mut ops = Vec::new();
    let mut entry = Vec::new();
    for endpoint in &model.endpoints {
        entry.push(ops.len() as u32 + u32::from(endpoint.generated));
        ops.extend_from_slice(&endpoint.ops);
    }
    let paces = slowdown::paces(model, &mut ops, queue);
    let keepers = keep_alive::keepers(model, &mut ops);
    Programs {
        ops,
        entry,
        paces,
        keepers,
    }
}

/// In the order of their discriminants.
const ENTITIES: [Entity; 5] = [
    Entity::User,
    Entity::Token,
    Entity::Event,
    Entity::Seat,
    Entity::Global,
];

/// The retry policies, each with a stream for its jitter.
fn retries(model: &Model, seeds: Seeds) -> Retries {
    let of = |spec: &Retry| {
        let stream = seeds.stream(&format!("retries.{}.jitter", spec.name));
        RetryPolicy::new(spec, stream)
    };
    Retries::new(model.retries.iter().map(of).collect())
}

fn endpoint_states(model: &Model, seeds: Seeds) -> Vec<EndpointState> {
    let of = |endpoint: &Endpoint| EndpointState {
        called: 0,
        fail: seeds.stream(&format!("endpoints.{}.fail", endpoint.name)),
        seat: seeds.stream(&format!("endpoints.{}.seat", endpoint.name)),
    };
    model.endpoints.iter().map(of).collect()
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
            let mut station = Station::new(spec, (stream, balking), plain);
            let host = spec.host.map(|host| &model.hosts[host.index()]);
            if let Some(setup) = host.and_then(|host| host.setup) {
                station.set_up_by_host(setup);
            }
            (station, alarm)
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

fn rate_limiters(model: &Model, seeds: Seeds) -> Vec<Limiter> {
    let stream = |spec: &RateLimit| seeds.stream(&format!("rate_limits.{}.threads", spec.name));
    let limits = model.rate_limits.iter();
    limits
        .map(|spec| Limiter::new(spec, stream(spec)))
        .collect()
}

/// The most that a request can hold at once, as the loader counted it; one that wakes another holds that.
fn max_held(model: &Model) -> usize {
    let each = model.endpoints.iter().map(|e| usize::from(e.max_held));
    let wakes = model.pools.iter().any(|p| p.waiting.wake_work.is_some());
    each.max().unwrap_or(0).max(usize::from(wakes))
}
