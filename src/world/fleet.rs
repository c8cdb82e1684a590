//! Services at work: requests are spread over replicas, each of which runs its own copy of a program.

use crate::engine::Time;
use crate::engine::stream::Stream;
use crate::measure::recorder::Code;
use crate::model::Model;
use crate::model::service::Balancer;
use crate::parts::replicas::{ReplicaProbe, Replicas, ServiceProbe};

use super::World;
use super::request::Held;
use super::vu::NONE;

/// Status of a request for which a balancer knows no replica: as Envoy's and HAProxy's.
const NO_REPLICA: Code = Code(503);

/// All services of a run.
pub struct Fleet {
    pub(super) services: Vec<ServiceRun>,
    /// Speed of each station as far as its replica decides it.
    speeds: Vec<f64>,
}

/// One service at work.
pub(super) struct ServiceRun {
    pub(super) replicas: Replicas,
    /// By VU, where a balancer remembers it: the replica, and the iteration in which it was picked.
    homes: Vec<Option<(u16, u32)>>,
}

impl Fleet {
    /// The services of a model, if it has any; `stream` gives the random stream of a name.
    pub(super) fn of(model: &Model, stream: impl Fn(&str) -> Stream) -> Option<Box<Fleet>> {
        if model.services.is_empty() {
            return None;
        }
        let services = model.services.iter().map(|spec| ServiceRun {
            replicas: Replicas::new(spec, stream(&format!("services.{}.balancer", spec.name))),
            homes: Vec::new(),
        });
        Some(Box::new(Fleet {
            services: services.collect(),
            speeds: (0..model.stations.len())
                .map(|at| model.station_speed(at))
                .collect(),
        }))
    }

    /// The speed that a station's replica leaves to it.
    pub(super) fn speed(&self, station: usize) -> f64 {
        self.speeds[station]
    }

    pub(super) fn probes(self) -> Vec<ServiceProbe> {
        let services = self.services.into_iter();
        services.map(|s| s.replicas.probe).collect()
    }
}

impl World<'_> {
    /// Replicas begin at their own speeds.
    pub(super) fn start_fleet(&mut self) {
        let Some(fleet) = &self.fleet else { return };
        let unlike = |station: &usize| fleet.speeds[*station] != 1.0;
        let stations: Vec<usize> = (0..fleet.speeds.len()).filter(unlike).collect();
        for station in stations {
            self.refresh_speed(Time::ZERO, station);
        }
    }

    /// A request comes to the balancer of a service. Returns by how much further on than at the next operation
    /// the program of its replica begins; if there is no replica, it has failed.
    // Out of the way of models without services.
    #[inline(never)]
    pub(super) fn route(&mut self, now: Time, id: u32, service: u16, stride: u16) -> Option<usize> {
        let at = self.requests[id].at as usize;
        self.op_times[at].visits += 1;
        let spec = &self.model.services[usize::from(service)];
        let (mut key, mut user) = (None, NONE);
        match spec.balancer {
            Balancer::Hash { key: entity, .. } => {
                key = Some(self.entity(id, entity)).filter(|number| *number != NONE);
            }
            Balancer::Sticky { .. } => user = self.sender(id),
            _ => {}
        }
        let home = self.home(service, user);
        let awaited = self.is_awaited(id);
        let run = &mut self.fleet.as_mut()?.services[usize::from(service)];
        let Some(replica) = run.replicas.pick(key, home) else {
            self.fail(now, id, NO_REPLICA);
            return None;
        };
        run.replicas.enter(now, replica, awaited);
        self.requests.hold(id, Held::Replica(service, replica));
        if user != NONE && home != Some(replica) {
            self.remember(service, user, replica);
        }
        Some(usize::from(replica) * usize::from(stride))
    }

    /// What each replica measured, with the indices of service and replica.
    pub(super) fn replica_probes(&self) -> impl Iterator<Item = ((u16, u16), &ReplicaProbe)> {
        let services = self.fleet.iter().flat_map(|fleet| &fleet.services);
        (0_u16..).zip(services).flat_map(|(service, run)| {
            let replicas = (0_u16..).zip(&run.replicas.probe.replicas);
            replicas.map(move |(replica, probe)| ((service, replica), probe))
        })
    }

    /// Whether a client or a caller waits for the answer of a request.
    fn is_awaited(&self, id: u32) -> bool {
        let request = &self.requests[id];
        request.client != NONE || request.parent.0 != NONE
    }

    /// Nobody will wait for a request's answer from now on.
    #[inline(never)]
    pub(super) fn disconnect(&mut self, id: u32) {
        if self.is_awaited(id)
            && let Some((service, replica)) = self.requests.replica(id)
            && let Some(fleet) = &mut self.fleet
        {
            let replicas = &mut fleet.services[usize::from(service)].replicas;
            replicas.disconnect(replica);
        }
    }

    /// A request is over at a replica, its code known.
    #[inline(never)]
    pub(super) fn leave_replica(&mut self, now: Time, id: u32, service: u16, replica: u16) {
        let awaited = self.is_awaited(id);
        let succeeded = self.requests[id].code.is_expected();
        if let Some(fleet) = &mut self.fleet {
            let replicas = &mut fleet.services[usize::from(service)].replicas;
            if awaited {
                replicas.disconnect(replica);
            }
            replicas.leave(now, replica, succeeded);
        }
    }

    /// The VU whose request has led to this one, as long as it waits for it; else `NONE`.
    fn sender(&self, id: u32) -> u32 {
        let mut request = &self.requests[id];
        while request.client == NONE && request.parent.0 != NONE {
            let (parent, generation) = request.parent;
            if !self.requests.is_live(parent, generation) {
                return NONE;
            }
            request = &self.requests[parent];
        }
        request.client
    }

    /// The replica that a balancer remembers of a VU.
    fn home(&self, service: u16, user: u32) -> Option<u16> {
        let homes = &self.fleet.as_ref()?.services[usize::from(service)].homes;
        let (replica, iteration) = (*homes.get(user as usize)?)?;
        let by_iteration = matches!(
            self.model.services[usize::from(service)].balancer,
            Balancer::Sticky { by_iteration: true }
        );
        let same = iteration == self.vus[user as usize].iterations;
        (same || !by_iteration).then_some(replica)
    }

    fn remember(&mut self, service: u16, user: u32, replica: u16) {
        let iteration = self.vus[user as usize].iterations;
        if let Some(fleet) = &mut self.fleet {
            let homes = &mut fleet.services[usize::from(service)].homes;
            if homes.len() <= user as usize {
                homes.resize(user as usize + 1, None);
            }
            homes[user as usize] = Some((replica, iteration));
        }
    }
}
