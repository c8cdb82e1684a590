//! Services at work: requests are spread over replicas, each of which runs its own copy of a program.

use crate::engine::Time;
use crate::engine::stream::Stream;
use crate::measure::recorder::ResponseCode;
use crate::model::Model;
use crate::model::service::{Balancer, Service};
use crate::parts::health::Health;
use crate::parts::replicas::{ReplicaProbe, Replicas, ServiceProbe};

use super::System;
use super::autoscale_metric::Scaling;
use super::ending::BAD_GATEWAY;
use super::faults::FaultRun;
use super::request::{Held, NONE};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// All services of a run.
pub struct Fleet {
    pub(crate) services: Vec<ServiceRun>,
    /// Speed of each station as far as its replica decides it.
    speeds: Vec<f64>,
    pub(crate) faults: Vec<FaultRun>,
    /// By VU, the iteration in which it sent its last request; grows with the largest number seen.
    iterations: Vec<u32>,
}

/// One service at work.
pub(crate) struct ServiceRun {
    pub(crate) replicas: Replicas,
    /// By VU, where a balancer remembers it: the replica, and the iteration in which it was picked.
    homes: Vec<Option<(u16, u32)>>,
    pub(crate) members: Vec<Member>,
    pub(crate) scaling: Option<Box<Scaling>>,
}

/// A replica as it is, and as its balancer believes it to be.
pub(crate) struct Member {
    /// It is part of the service.
    pub started: bool,
    /// It will be once it has booted.
    pub booting: bool,
    /// When it began to boot.
    pub born_at: Time,
    /// When it became part of it.
    pub ready_at: Time,
    /// At which share of its speed it works until it has warmed up.
    pub warming: f64,
    /// How many faults keep it away at present.
    pub lost: u32,
    /// How many let it answer errors alone.
    pub failing: u32,
    /// Why it gets no more requests, if it is to go.
    pub leaving: Option<Leaving>,
    /// Changes whenever it begins to leave or has left.
    pub stage: u16,
    /// What the balancer believes.
    pub health: Health,
}

/// Why a replica gets no more requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It is drained, to be restarted by this fault.
    Restart(usize),
    /// It is drained, because there are to be fewer.
    Scaled,
    /// It has been drained, and is away.
    Away,
}

/// The ticket of an event about a replica, at one of the stages of its life.
pub(super) fn place(at: u16, stage: u16) -> u32 {
    u32::from(at) << 16 | u32::from(stage)
}

impl Member {
    fn new(started: bool) -> Member {
        Member {
            started,
            booting: false,
            born_at: Time::ZERO,
            ready_at: Time::ZERO,
            warming: 1.0,
            lost: 0,
            failing: 0,
            leaving: None,
            stage: 0,
            health: Health::default(),
        }
    }
}

impl ServiceRun {
    /// Replicas that are part of the service, ascending.
    pub(crate) fn started(&self) -> Vec<u16> {
        let there = (0_u16..).zip(&self.members).filter(|(_, m)| m.started);
        there.map(|(at, _)| at).collect()
    }
}

impl Fleet {
    /// The services of a model, if it has any; `stream` gives the random stream of a name.
    pub(crate) fn of(model: &Model, stream: impl Fn(&str) -> Stream) -> Option<Box<Fleet>> {
        if model.services.is_empty() {
            return None;
        }
        let services = model.services.iter().map(|spec| ServiceRun {
            replicas: Replicas::new(spec, stream(&format!("services.{}.balancer", spec.name))),
            homes: Vec::new(),
            members: (0..spec.most)
                .map(|at| Member::new(at < spec.replicas))
                .collect(),
            scaling: spec
                .autoscale
                .as_ref()
                .map(|a| Box::new(Scaling::new(a, spec.most))),
        });
        Some(Box::new(Fleet {
            services: services.collect(),
            faults: super::faults::runs(model, &stream),
            iterations: Vec::new(),
            speeds: (0..model.stations.len())
                .map(|at| model.station_speed(at))
                .collect(),
        }))
    }

    /// A VU sends a request in this iteration.
    pub(crate) fn sends_in(&mut self, vu: u32, iteration: u32) {
        let at = vu as usize;
        if self.iterations.len() <= at {
            self.iterations.resize(at + 1, 0);
        }
        self.iterations[at] = iteration;
    }

    /// The speed that a station's replica leaves to it.
    pub(crate) fn speed(&self, station: usize) -> f64 {
        self.speeds[station]
    }

    pub(crate) fn set_speed(&mut self, station: usize, speed: f64) {
        self.speeds[station] = speed;
    }

    pub(crate) fn probes(self) -> Vec<ServiceProbe> {
        let services = self.services.into_iter();
        services.map(|s| s.replicas.probe).collect()
    }
}

impl<'m> System<'m> {
    pub(super) fn service_spec(&self, service: u16) -> &'m Service {
        &self.model.services[usize::from(service)]
    }

    /// Replicas begin at their own speeds.
    pub(crate) fn start_fleet(&mut self, kernel: &mut Kernel) {
        let Some(fleet) = &self.fleet else { return };
        let unlike = |station: &usize| fleet.speeds[*station] != 1.0;
        let stations: Vec<usize> = (0..fleet.speeds.len()).filter(unlike).collect();
        for station in stations {
            self.refresh_speed(kernel, Time::ZERO, station);
        }
        if let Some(fleet) = &mut self.fleet {
            for run in &mut fleet.services {
                let there = run.started();
                let probe = &mut run.replicas.probe;
                probe.up.set(Time::ZERO, there.len() as u64);
                probe.paid.set(Time::ZERO, there.len() as u64);
                for at in there {
                    probe.replicas[usize::from(at)].there.add(Time::ZERO);
                }
            }
        }
        self.plan_faults(kernel);
        self.plan_checks(kernel);
        self.plan_autoscaling(kernel);
    }

    /// All that can happen to replicas.
    #[cold]
    pub(crate) fn fleet_event(&mut self, kernel: &mut Kernel, now: Time, event: Event) {
        let (who, ticket) = (event.who() as usize, event.ticket());
        match event.kind {
            Kind::FaultBegins => self.fault_begins(kernel, now, who),
            Kind::FaultEnds => self.fault_ends(kernel, now, who, ticket),
            Kind::HealthCheck => self.check_health(kernel, now, who as u16),
            Kind::EjectionSweep => self.sweep_ejections(kernel, now, who as u16),
            Kind::DrainOver => self.drain_over(kernel, now, who as u16, ticket),
            Kind::ReplicaAnswers => self.error_answered(kernel, now, event.who(), ticket),
            Kind::Autoscale => self.autoscale(kernel, now, who as u16, ticket),
            Kind::ReplicaReady => self.replica_ready(kernel, now, who as u16, ticket),
            Kind::ReplicaWarm => self.replica_warm(kernel, now, who as u16, ticket),
            _ => {}
        }
    }

    /// A request comes to the balancer of a service. Returns by how much further on than at the next operation
    /// the program of its replica begins; if there is no replica, it has failed.
    // Out of the way of models without services.
    #[inline(never)]
    pub(crate) fn route(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        service: u16,
        stride: u16,
    ) -> Option<usize> {
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
        if let Some(cut_off) = self.cut_off_from(id, service) {
            self.answer_error(kernel, now, id, cut_off);
            return None;
        }
        let awaited = self.is_awaited(id);
        let run = &mut self.fleet.as_mut()?.services[usize::from(service)];
        let Some(replica) = run.replicas.pick(now, key, home) else {
            self.fail(kernel, now, id, ResponseCode(spec.refusal));
            return None;
        };
        run.replicas.enter(now, replica, awaited);
        if let Some(scaling) = &mut run.scaling {
            scaling.arrives(now, id);
        }
        self.requests.hold(id, Held::Replica(service, replica));
        if user != NONE && home != Some(replica) {
            self.remember(service, user, replica);
        }
        let member =
            &self.fleet.as_ref()?.services[usize::from(service)].members[usize::from(replica)];
        if member.lost > 0 {
            // A caller meets the refused connection itself, and may try again for it; a client has a balancer in between.
            let called = self.requests[id].parent.0 != NONE;
            let code = if called {
                ResponseCode::REFUSED
            } else {
                BAD_GATEWAY
            };
            self.fail(kernel, now, id, code);
            return None;
        }
        if member.failing > 0
            && let Some(trouble) = self.trouble_of(service, replica)
        {
            self.answer_error(kernel, now, id, trouble);
            return None;
        }
        Some(usize::from(replica) * usize::from(stride))
    }

    /// What each replica measured, with the indices of service and replica.
    pub(crate) fn replica_probes(&self) -> impl Iterator<Item = ((u16, u16), &ReplicaProbe)> {
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
    pub(crate) fn disconnect(&mut self, id: u32) {
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
    pub(crate) fn leave_replica(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        service: u16,
        replica: u16,
    ) {
        let awaited = self.is_awaited(id);
        let request = &self.requests[id];
        let (code, abandoned) = (request.code, request.abandoned);
        if let Some(fleet) = &mut self.fleet {
            let run = &mut fleet.services[usize::from(service)];
            if awaited {
                run.replicas.disconnect(replica);
            }
            run.replicas.leave(now, replica, code.is_expected());
            if let Some(scaling) = &mut run.scaling {
                scaling.leaves(now, id);
            }
            if run.members[usize::from(replica)].leaving.is_some() {
                self.drained(kernel, now, service, replica);
            }
        }
        // A balancer does not see the answer to a client that has gone.
        if !abandoned {
            self.judge(now, service, replica, code);
        }
    }

    /// The VU whose request has led to this one, as long as it waits for it; else `NONE`.
    fn sender(&self, id: u32) -> u32 {
        let mut at = id;
        while self.requests[at].client == NONE {
            let Some(caller) = self.requests.caller(at) else {
                return NONE;
            };
            at = caller;
        }
        self.requests[at].client
    }

    /// The replica that a balancer remembers of a VU.
    fn home(&self, service: u16, user: u32) -> Option<u16> {
        let homes = &self.fleet.as_ref()?.services[usize::from(service)].homes;
        let (replica, iteration) = (*homes.get(user as usize)?)?;
        let by_iteration = matches!(
            self.model.services[usize::from(service)].balancer,
            Balancer::Sticky { by_iteration: true }
        );
        let same = iteration == self.fleet.as_ref()?.iterations[user as usize];
        (same || !by_iteration).then_some(replica)
    }

    fn remember(&mut self, service: u16, user: u32, replica: u16) {
        if let Some(fleet) = &mut self.fleet {
            let iteration = fleet.iterations[user as usize];
            let homes = &mut fleet.services[usize::from(service)].homes;
            if homes.len() <= user as usize {
                homes.resize(user as usize + 1, None);
            }
            homes[user as usize] = Some((replica, iteration));
        }
    }
}
