//! What happens to replicas, and what their balancer learns of it: losses, slow ones, errors, rolling restarts,
//! partitions, health checks, ejections, draining.

use std::collections::VecDeque;

use crate::engine::stream::Stream;
use crate::engine::{Span, Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::Model;
use crate::model::service::{Fault, Service, Trouble, Whom};
use crate::model::system::{DistId, Trigger};
use crate::parts::health::most_ejected;

use super::System;
use super::ending::BAD_GATEWAY;
use super::fleet::Leaving;
use super::request::RequestState;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// Status of a call that gets no answer because of a partition.
const NO_ANSWER: ResponseCode = ResponseCode(504);
/// In the place of a replica: all of them.
const ALL: u32 = u32::MAX;

/// The ticket of an event about a replica, at one of the stages of its life.
pub(crate) fn place(at: u16, stage: u16) -> u32 {
    u32::from(at) << 16 | u32::from(stage)
}

/// A fault at work.
pub(crate) struct FaultRun {
    service: u16,
    fault: usize,
    /// The replica whose own times it has.
    own: Option<u16>,
    /// Replicas to which it happens now; of a partition one entry for each time it is open.
    open: Vec<u16>,
    /// Replicas that a rolling restart has not come to.
    to_come: VecDeque<u16>,
    stream: Stream,
}

/// All faults of a model.
pub(crate) fn runs(model: &Model, stream: impl Fn(&str) -> Stream) -> Vec<FaultRun> {
    let mut all = Vec::new();
    for (service, spec) in (0_u16..).zip(&model.services) {
        for (fault, what) in spec.faults.iter().enumerate() {
            let own: Vec<Option<u16>> = match what.whom {
                Whom::Each => (0..spec.most as u16).map(Some).collect(),
                _ => vec![None],
            };
            all.extend(own.into_iter().map(|own| FaultRun {
                service,
                fault,
                own,
                open: Vec::new(),
                to_come: VecDeque::new(),
                stream: stream(&format!("services.{}.faults.{fault}.whom", spec.name)),
            }));
        }
    }
    all
}

impl<'m> System<'m> {
    fn service_spec(&self, service: u16) -> &'m Service {
        &self.model.services[usize::from(service)]
    }

    fn fault(&self, run: usize) -> Option<&'m Fault> {
        let run = self.fleet.as_ref()?.faults.get(run)?;
        self.model.services[usize::from(run.service)]
            .faults
            .get(run.fault)
    }

    /// Plans the first time of each fault, and the checks of all balancers.
    pub(crate) fn plan_faults(&mut self, kernel: &mut Kernel) {
        let count = self.fleet.as_ref().map_or(0, |f| f.faults.len());
        for run in 0..count {
            match self.fault(run).map(|f| f.trigger) {
                Some(Trigger::Every(gap) | Trigger::After(gap)) => {
                    kernel.after(gap, Event::of(Kind::FaultBegins, run));
                }
                Some(Trigger::At(when)) => {
                    let begins = Event::of(Kind::FaultBegins, run);
                    kernel.queue.at_turn(Time::ZERO + when, Turn::Late, begins);
                }
                _ => {}
            }
        }
        for (service, spec) in self.model.services.iter().enumerate() {
            if let Some(check) = spec.health_check {
                let event = Event::of(Kind::HealthCheck, service);
                kernel.queue.at(Time::ZERO + check.every, event);
            }
            if let Some(outliers) = spec.outliers {
                let event = Event::of(Kind::EjectionSweep, service);
                kernel.queue.at(Time::ZERO + outliers.every, event);
            }
        }
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

    fn fault_begins(&mut self, kernel: &mut Kernel, now: Time, run: usize) {
        let Some(fault) = self.fault(run) else { return };
        if let Trigger::Every(gap) = fault.trigger {
            kernel.after(gap, Event::of(Kind::FaultBegins, run));
        }
        let Some(fleet) = &mut self.fleet else { return };
        let own = &mut fleet.faults[run];
        let service = &fleet.services[usize::from(own.service)];
        let there = service.started();
        let (targets, ticket) = match (fault.what, fault.whom) {
            (Trouble::Restart(at_once), _) => {
                own.to_come.extend(there);
                return self.go_on_restarting(kernel, now, run, at_once);
            }
            (Trouble::Partition { .. }, _) => (vec![0], 0),
            (_, Whom::One(at)) => (vec![at], u32::from(at)),
            (_, Whom::All) => (there, ALL),
            (_, Whom::Each) => (Vec::from_iter(own.own), own.own.map_or(0, u32::from)),
            (_, Whom::Any) if there.is_empty() => return,
            (_, Whom::Any) => {
                let at = there[own.stream.below(there.len() as u64) as usize];
                (vec![at], u32::from(at))
            }
        };
        kernel.after(
            fault.lasts,
            Event::stale_after(Kind::FaultEnds, run as u32, ticket),
        );
        for at in targets {
            self.trouble_begins(kernel, now, run, fault.what, at);
        }
    }

    fn fault_ends(&mut self, kernel: &mut Kernel, now: Time, run: usize, ticket: u32) {
        let Some(fault) = self.fault(run) else { return };
        if let (Trigger::After(gap), false) =
            (fault.trigger, matches!(fault.what, Trouble::Restart(_)))
        {
            kernel.after(gap, Event::of(Kind::FaultBegins, run));
        }
        let Some(fleet) = &self.fleet else { return };
        let own = &fleet.faults[run];
        let targets = match ticket {
            ALL => own.open.clone(),
            at => vec![at as u16],
        };
        for at in targets {
            self.trouble_ends(kernel, now, run, fault.what, at);
        }
        if let Trouble::Restart(at_once) = fault.what {
            self.go_on_restarting(kernel, now, run, at_once);
            let over = self.fleet.as_ref().is_some_and(|f| {
                let own = &f.faults[run];
                own.to_come.is_empty() && own.open.is_empty()
            });
            if let (Trigger::After(gap), true) = (fault.trigger, over) {
                kernel.after(gap, Event::of(Kind::FaultBegins, run));
            }
        }
    }

    fn trouble_begins(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        run: usize,
        what: Trouble,
        at: u16,
    ) {
        let Some(fleet) = &mut self.fleet else { return };
        let own = &mut fleet.faults[run];
        let service = own.service;
        own.open.push(at);
        let member = &mut fleet.services[usize::from(service)].members[usize::from(at)];
        match what {
            Trouble::Lost | Trouble::Restart(_) => {
                member.lost += 1;
                if member.lost == 1 {
                    self.replica_gone(kernel, now, service, at);
                }
            }
            Trouble::Slow(_) => self.refresh_replica(kernel, now, service, at),
            Trouble::Fails { .. } => member.failing += 1,
            Trouble::Partition { .. } => {}
        }
    }

    fn trouble_ends(&mut self, kernel: &mut Kernel, now: Time, run: usize, what: Trouble, at: u16) {
        let Some(fleet) = &mut self.fleet else { return };
        let own = &mut fleet.faults[run];
        let service = own.service;
        let Some(place) = own.open.iter().position(|open| *open == at) else {
            return;
        };
        own.open.remove(place);
        let member = &mut fleet.services[usize::from(service)].members[usize::from(at)];
        match what {
            Trouble::Lost | Trouble::Restart(_) => {
                member.lost -= 1;
                if member.lost == 0 {
                    self.replica_back(now, service, at, matches!(what, Trouble::Restart(_)));
                }
            }
            Trouble::Slow(_) => self.refresh_replica(kernel, now, service, at),
            Trouble::Fails { .. } => member.failing -= 1,
            Trouble::Partition { .. } => {}
        }
    }

    /// A replica is gone: all that it works on fails.
    fn replica_gone(&mut self, kernel: &mut Kernel, now: Time, service: u16, at: u16) {
        if let Some(fleet) = &mut self.fleet {
            let run = &mut fleet.services[usize::from(service)];
            if run.members[usize::from(at)].started {
                run.replicas.probe.up.subtract(now);
                run.replicas.probe.lost += 1;
            }
        }
        self.end_all_at(kernel, now, service, at);
        self.clear_caches_of(service, at);
    }

    /// A replica is back. One that was restarted on purpose is used once it passes its checks.
    fn replica_back(&mut self, now: Time, service: u16, at: u16, restarted: bool) {
        let checked = self.service_spec(service).health_check.is_some();
        if let Some(fleet) = &mut self.fleet {
            let run = &mut fleet.services[usize::from(service)];
            let member = &mut run.members[usize::from(at)];
            if member.started {
                run.replicas.probe.up.add(now);
            }
            if restarted {
                member.leaving = None;
                member.health.starts(checked);
            }
        }
        self.refresh_view(now, service);
    }

    /// All requests at a replica fail.
    pub(crate) fn end_all_at(&mut self, kernel: &mut Kernel, now: Time, service: u16, at: u16) {
        let own = Some((service, at));
        let there = self.requests.iter().map(|(id, _)| id);
        let there: Vec<u32> = there
            .filter(|id| self.requests.replica(*id) == own)
            .collect();
        for id in there {
            // The end of one may have been the end of others.
            if self.requests.replica(id) == own {
                self.cut_short(kernel, now, id);
            }
        }
    }

    /// A request ends where it is, with 502.
    fn cut_short(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let request = &mut self.requests[id];
        if request.cancelled {
            return;
        }
        request.code = BAD_GATEWAY;
        match request.state {
            RequestState::Waiting => self.leave_queue(kernel, now, id),
            RequestState::InService => self.leave_service(kernel, now, id),
            RequestState::Delayed | RequestState::Travelling => self.leave_way(id),
            // What it has called goes on, and finds nobody to answer.
            RequestState::Calling | RequestState::Joining => {}
            _ => {
                request.cancelled = true;
                return;
            }
        }
        self.finish(kernel, now, id);
    }

    /// Restarts the next replicas of a rolling restart, as long as no more than the allowed number are away.
    fn go_on_restarting(&mut self, kernel: &mut Kernel, now: Time, run: usize, at_once: u32) {
        loop {
            let Some(fleet) = &mut self.fleet else { return };
            let own = &mut fleet.faults[run];
            let service = &fleet.services[usize::from(own.service)];
            let leaving = Some(Leaving::Restart(run));
            let draining = service.members.iter().filter(|m| m.leaving == leaving);
            let away = draining.count() + own.open.len();
            if away >= at_once as usize {
                return;
            }
            let Some(at) = own.to_come.pop_front() else {
                return;
            };
            let member = &service.members[usize::from(at)];
            if !member.started || member.leaving == Some(Leaving::Scaled) {
                continue;
            }
            let service = own.service;
            self.begin_drain(kernel, now, service, at, Leaving::Restart(run));
        }
    }

    /// A replica gets no more requests, and goes when it has done what it has, or after a while.
    pub(crate) fn begin_drain(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        service: u16,
        at: u16,
        why: Leaving,
    ) {
        let span = self.service_spec(service).drain;
        let Some(fleet) = &mut self.fleet else { return };
        let member = &mut fleet.services[usize::from(service)].members[usize::from(at)];
        member.leaving = Some(why);
        member.stage = member.stage.wrapping_add(1);
        let ticket = place(at, member.stage);
        let over = Event::stale_after(Kind::DrainOver, service.into(), ticket);
        kernel.queue.at_turn(now + span, Turn::Late, over);
        self.refresh_view(now, service);
        self.drained(kernel, now, service, at);
    }

    fn drain_over(&mut self, kernel: &mut Kernel, now: Time, service: u16, ticket: u32) {
        let at = (ticket >> 16) as u16;
        let Some(fleet) = &mut self.fleet else { return };
        let member = &fleet.services[usize::from(service)].members[usize::from(at)];
        if member.leaving.is_some() && place(at, member.stage) == ticket {
            self.end_all_at(kernel, now, service, at);
            // Some end when their turn comes at this instant; they count for nothing any more.
            self.leave_fleet(kernel, now, service, at);
        }
    }

    /// A replica that is to go, and has nothing to do, goes.
    pub(crate) fn drained(&mut self, kernel: &mut Kernel, now: Time, service: u16, at: u16) {
        let Some(fleet) = &self.fleet else { return };
        let run = &fleet.services[usize::from(service)];
        let idle = run.replicas.present(at) == 0;
        if idle && run.members[usize::from(at)].leaving.is_some() {
            self.leave_fleet(kernel, now, service, at);
        }
    }

    fn leave_fleet(&mut self, kernel: &mut Kernel, now: Time, service: u16, at: u16) {
        let Some(fleet) = &mut self.fleet else { return };
        let member = &mut fleet.services[usize::from(service)].members[usize::from(at)];
        member.stage = member.stage.wrapping_add(1);
        match member.leaving {
            Some(Leaving::Restart(run)) => {
                let Some(lasts) = self.fault(run).map(|f| f.lasts) else {
                    return;
                };
                // It is away from now on, and counts among those as long as it is not back.
                if let Some(fleet) = &mut self.fleet {
                    fleet.services[usize::from(service)].members[usize::from(at)].leaving =
                        Some(Leaving::Away);
                }
                self.trouble_begins(kernel, now, run, Trouble::Restart(1), at);
                let ends = Event::stale_after(Kind::FaultEnds, run as u32, at.into());
                kernel.after(lasts, ends);
            }
            Some(Leaving::Scaled) => self.replica_dismissed(now, service, at),
            Some(Leaving::Away) | None => {}
        }
    }

    fn check_health(&mut self, kernel: &mut Kernel, now: Time, service: u16) {
        let Some(spec) = self.service_spec(service).health_check else {
            return;
        };
        kernel.queue.at(
            now + spec.every,
            Event::of(Kind::HealthCheck, service.into()),
        );
        let Some(fleet) = &mut self.fleet else { return };
        let mut changed = false;
        for member in &mut fleet.services[usize::from(service)].members {
            if member.started && member.leaving.is_none() {
                changed |= member.health.check(&spec, member.lost == 0);
            }
        }
        if changed {
            self.refresh_view(now, service);
        }
    }

    fn sweep_ejections(&mut self, kernel: &mut Kernel, now: Time, service: u16) {
        let Some(spec) = self.service_spec(service).outliers else {
            return;
        };
        kernel.queue.at(
            now + spec.every,
            Event::of(Kind::EjectionSweep, service.into()),
        );
        let Some(fleet) = &mut self.fleet else { return };
        let mut changed = false;
        for member in &mut fleet.services[usize::from(service)].members {
            changed |= member.health.sweep(now);
        }
        if changed {
            self.refresh_view(now, service);
        }
    }

    /// A balancer with ejection passes an answer on.
    pub(crate) fn judge(&mut self, now: Time, service: u16, at: u16, code: ResponseCode) {
        let Some(spec) = self.service_spec(service).outliers else {
            return;
        };
        let Some(fleet) = &mut self.fleet else { return };
        let run = &mut fleet.services[usize::from(service)];
        let error = code.0 >= 500;
        if !run.members[usize::from(at)].health.answered(&spec, !error) {
            return;
        }
        let there = run.members.iter().filter(|m| m.started);
        let ejected = there.clone().filter(|m| m.health.is_ejected()).count();
        if ejected < most_ejected(&spec, there.count()) {
            run.members[usize::from(at)].health.eject(now, &spec);
            run.replicas.probe.ejected += 1;
            self.refresh_view(now, service);
        }
    }

    /// The balancer uses those replicas that it believes to be well; if these are too few, all.
    pub(crate) fn refresh_view(&mut self, now: Time, service: u16) {
        let panic = self.service_spec(service).panic;
        let Some(fleet) = &mut self.fleet else { return };
        let run = &mut fleet.services[usize::from(service)];
        let there = || {
            (0_u16..)
                .zip(&run.members)
                .filter(|(_, m)| m.started && m.leaving.is_none())
        };
        let all: Vec<u16> = there().map(|(at, _)| at).collect();
        let good: Vec<u16> = there()
            .filter(|(_, m)| m.health.is_good())
            .map(|(at, _)| at)
            .collect();
        let few = (good.len() as f64) < panic * all.len() as f64;
        run.replicas.may_use(now, if few { all } else { good });
    }

    /// A replica's stations work at its own speed, times what its open faults leave.
    pub(crate) fn refresh_replica(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        service: u16,
        at: u16,
    ) {
        let spec = self.service_spec(service);
        let Some(fleet) = &mut self.fleet else { return };
        let warming = fleet.services[usize::from(service)].members[usize::from(at)].warming;
        let mut speed = spec.speeds[usize::from(at)] * warming;
        for run in fleet.faults.iter().filter(|r| r.service == service) {
            if let Trouble::Slow(leaves) = spec.faults[run.fault].what
                && run.open.contains(&at)
            {
                speed *= leaves;
            }
        }
        for copies in &spec.stations {
            let station = usize::from(copies.first + at);
            if let Some(fleet) = &mut self.fleet {
                fleet.set_speed(station, speed);
            }
            self.refresh_speed(kernel, now, station);
        }
    }

    /// What a replica answers if it fails: status and time.
    pub(crate) fn trouble_of(&self, service: u16, at: u16) -> Option<(ResponseCode, DistId)> {
        let fleet = self.fleet.as_ref()?;
        let spec = self.service_spec(service);
        fleet
            .faults
            .iter()
            .filter(|r| r.service == service && r.open.contains(&at))
            .find_map(|r| match spec.faults[r.fault].what {
                Trouble::Fails { status, takes } => Some((ResponseCode(status), takes)),
                _ => None,
            })
    }

    /// How long a caller waits in vain, if a partition lies between the service of its endpoint and this one.
    pub(crate) fn cut_off_from(&self, id: u32, service: u16) -> Option<(ResponseCode, DistId)> {
        let fleet = self.fleet.as_ref()?;
        let caller = self.requests.caller(id)?;
        let (caller, _) = self.requests.replica(caller)?;
        let spec = self.service_spec(caller);
        let open = fleet
            .faults
            .iter()
            .filter(|r| r.service == caller && !r.open.is_empty());
        open.into_iter()
            .find_map(|r| match spec.faults[r.fault].what {
                Trouble::Partition { to, timeout } if to == service => Some((NO_ANSWER, timeout)),
                _ => None,
            })
    }

    /// A request is answered with an error after a time, without any work.
    pub(crate) fn answer_error(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        (code, takes): (ResponseCode, DistId),
    ) {
        let request = &mut self.requests[id];
        request.code = code;
        (request.state, request.since) = (RequestState::Delayed, now);
        let ticket = request.ticket;
        kernel.after(takes, Event::stale_after(Kind::ReplicaAnswers, id, ticket));
    }

    fn error_answered(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Delayed {
            return;
        }
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        let waited: Span = now.since(request.since);
        self.op_times[request.at as usize].served += u128::from(waited.0);
        self.trace(now, id, false);
        self.finish(kernel, now, id);
    }
}
