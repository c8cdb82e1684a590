//! What one run gave: everything that reports and studies are made of.

use crate::engine::{Span, Time};
use crate::measure::recorder::Recorder;
use crate::model::Model;
use crate::parts::accept::AcceptProbe;
use crate::parts::breaker::BreakerProbe;
use crate::parts::cache::CacheProbe;
use crate::parts::connections::ConnectionsProbe;
use crate::parts::host::HostProbe;
use crate::parts::inventory::InventoryProbe;
use crate::parts::keep_alive::KeepAliveProbe;
use crate::parts::lock::LockProbe;
use crate::parts::pool::PoolProbe;
use crate::parts::rate_limit::LimiterProbe;
use crate::parts::replicas::ServiceProbe;
use crate::parts::retry::RetryProbe;
use crate::parts::station::StationProbe;
use crate::parts::waiting_room::RoomProbe;

use crate::world::World;
use crate::world::system::OpTime;
use crate::world::system::deadlock::Deadlocks;
use crate::world::system::latency_breakdown::Breakdown;
use crate::world::system::limiter::{LimitProbe, Limiter};
use crate::world::system::links::LinkProbe;

pub use crate::world::termination::Termination;

/// What one run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: Termination,
    /// k6's testRunDuration: from the start mark to the end mark, setup and teardown included.
    pub duration: Span,
    /// Samples of the load side.
    pub recorder: Recorder,
    /// A hash of the kind, the time and the number of every event, in order: equal runs have equal ones. What takes no
    /// time, such as the choice of a seat, is not in it.
    pub fingerprint: u64,
    /// Events handled.
    pub events: u64,
    /// Probes in the order of `Model::stations`.
    pub stations: Vec<StationProbe>,
    /// Probes in the order of `Model::hosts`.
    pub hosts: Vec<HostProbe>,
    /// Probes in the order of `Model::pools`.
    pub pools: Vec<PoolProbe>,
    /// What connections kept of each pool, in the same order; `None` where they keep nothing.
    pub kept: Vec<Option<KeepAliveProbe>>,
    /// Of each pool what its connections cost; `None` where they cost nothing, empty where all do.
    pub connections: Vec<Option<ConnectionsProbe>>,
    /// Probes in the order of `Model::services`.
    pub services: Vec<ServiceProbe>,
    /// Probes by the discriminant of `Entity`; `None` where the model has no such lock.
    pub locks: [Option<LockProbe>; 5],
    /// Optimistic conflicts by the discriminant of `Entity`.
    pub conflicts: [u64; 5],
    /// The inventory's probe and its number of seats.
    pub inventory: Option<(InventoryProbe, u64)>,
    /// Circles of requests that waited for one another's locks.
    pub deadlocks: Deadlocks,
    /// Probes in the order of `Model::links`.
    pub links: Vec<LinkProbe>,
    /// By endpoint, requests for which no more was begun because their deadline was past; empty without deadlines.
    pub too_late: Vec<u64>,
    /// Probes in the order of `Model::rate_limits`.
    pub rate_limits: Vec<LimiterProbe>,
    /// Calls of each endpoint by others, in the order of `Model::endpoints`.
    pub called: Vec<u64>,
    /// Probes in the order of `Model::caches`.
    pub caches: Vec<CacheProbe>,
    /// Probes in the order of `Model::retries`.
    pub retries: Vec<RetryProbe>,
    /// Probes in the order of `Model::breakers`.
    pub breakers: Vec<BreakerProbe>,
    /// Probes in the order of `Model::limits`.
    pub limits: Vec<LimitProbe>,
    /// The waiting room's probe.
    pub room: Option<RoomProbe>,
    /// The probe of the accept queue, where the model has a listener.
    pub listener: Option<AcceptProbe>,
    /// Time spent at each operation, endpoint by endpoint.
    pub op_times: Vec<OpTime>,
    /// Services that began at each operation that is a visit of a station, in the order of `op_times`.
    pub begun: Vec<u64>,
    /// Where the time of requests went by how long they took, if that was asked for.
    pub slow: Option<Box<Breakdown>>,
    /// How long each scenario took from its own start; `None` if it did not come to its end.
    pub scenarios: Vec<Option<Span>>,
    /// VUs that ran an iteration at the end.
    pub active_vus: u64,
    /// VUs that existed at the end.
    pub initialised_vus: u64,
    /// Whether each scenario was cut short by an abort.
    pub cut_short: Vec<bool>,
    /// Metrics that had crossed a threshold when the run was aborted.
    pub crossed: Vec<String>,
    /// Requests still in the system at the end.
    pub in_system: u64,
}

impl Outcome {
    /// What a run that never began would give: every probe at zero.
    #[must_use]
    pub fn nothing(model: &Model) -> Outcome {
        World::new(model, 0, 0).into_outcome()
    }

    /// The end mark.
    #[must_use]
    pub fn end_time(&self) -> Time {
        Time::ZERO + self.duration
    }

    /// Iterations that came to their end.
    #[must_use]
    pub fn complete_iterations(&self) -> u64 {
        self.recorder.complete_iterations()
    }
}

impl World<'_> {
    pub(crate) fn into_outcome(self) -> Outcome {
        let World {
            kernel,
            load,
            system,
            ..
        } = self;
        let duration = kernel.elapsed();
        let end = Time::ZERO + duration;
        let begun = system.services_begun();
        Outcome {
            begun,
            hosts: system.hosts.map_or_else(Vec::new, |h| h.probes(end)),
            end: kernel.end,
            duration,
            fingerprint: kernel.fingerprint,
            events: kernel.events,
            stations: system
                .stations
                .into_vec()
                .into_iter()
                .map(|(s, _)| s.probe)
                .collect(),
            pools: system
                .pools
                .into_vec()
                .into_iter()
                .map(|p| p.probe)
                .collect(),
            kept: system
                .keepers
                .into_iter()
                .map(|keeper| keeper.map(|k| k.probe))
                .collect(),
            connections: system
                .pool_connections
                .iter()
                .map(|of| of.as_ref().map(|c| c.probe))
                .collect(),
            services: system.fleet.map_or_else(Vec::new, |f| f.probes()),
            locks: system.locks.map(|l| l.map(|l| l.probe)),
            conflicts: system.versions.map(|v| v.map_or(0, |v| v.conflicts)),
            inventory: system.inventory.map(|i| (i.probe.clone(), i.seats())),
            rate_limits: system.rate_limits.into_iter().map(|l| l.probe).collect(),
            links: system.links.map_or_else(Vec::new, |l| l.probes),
            called: system.endpoint_states.iter().map(|e| e.called).collect(),
            caches: system.caches.map_or_else(Vec::new, |c| c.probes()),
            retries: system.retries.probes(),
            breakers: system.breakers.into_iter().map(|b| b.probe).collect(),
            limits: system.limits.iter().map(Limiter::probe).collect(),
            deadlocks: system.deadlocks,
            too_late: system.deadlines.map_or_else(Vec::new, |d| d.dropped),
            room: system.room.map(|(r, _)| r.probe),
            listener: system.dialling.map(|d| d.queue.probe),
            op_times: system.op_times.into_vec(),
            slow: system.slow.map(Breakdown::forget_the_unanswered),
            scenarios: load.scenarios.iter().map(|s| s.spent).collect(),
            cut_short: load.scenarios.iter().map(|s| s.cut_short).collect(),
            crossed: load.crossed,
            active_vus: load.active_vus,
            initialised_vus: load.initialised_vus,
            in_system: system.requests.live() as u64,
            recorder: load.recorder,
        }
    }
}
