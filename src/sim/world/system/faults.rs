//! What happens to replicas: losses, slow ones, errors, rolling restarts, partitions.

mod errors;

use std::collections::VecDeque;

use crate::engine::stream::Stream;
use crate::engine::{Time, Turn};
use crate::model::Model;
use crate::model::service::{Fault, Trouble, Whom};
use crate::model::system::Trigger;

use super::System;
use super::ending::BAD_GATEWAY;
use super::fleet::Leaving;
use super::request::RequestState;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// In the place of a replica: all of them.
const ALL: u32 = u32::MAX;

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
pub(super) fn runs(model: &Model, stream: impl Fn(&str) -> Stream) -> Vec<FaultRun> {
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
    fn fault(&self, run: usize) -> Option<&'m Fault> {
        let run = self.fleet.as_ref()?.faults.get(run)?;
        self.model.services[usize::from(run.service)]
            .faults
            .get(run.fault)
    }

    /// Plans the first time of each fault.
    pub(super) fn plan_faults(&mut self, kernel: &mut Kernel) {
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
    }

    pub(super) fn fault_begins(&mut self, kernel: &mut Kernel, now: Time, run: usize) {
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

    pub(super) fn fault_ends(&mut self, kernel: &mut Kernel, now: Time, run: usize, ticket: u32) {
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
    pub(super) fn end_all_at(&mut self, kernel: &mut Kernel, now: Time, service: u16, at: u16) {
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

    /// A replica that a rolling restart has drained is away from now on, for as long as the restart takes.
    pub(super) fn restart_drained(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        run: usize,
        service: u16,
        at: u16,
    ) {
        let Some(lasts) = self.fault(run).map(|f| f.lasts) else {
            return;
        };
        // It counts among those that are away as long as it is not back.
        if let Some(fleet) = &mut self.fleet {
            fleet.services[usize::from(service)].members[usize::from(at)].leaving =
                Some(Leaving::Away);
        }
        self.trouble_begins(kernel, now, run, Trouble::Restart(1), at);
        let ends = Event::stale_after(Kind::FaultEnds, run as u32, at.into());
        kernel.after(lasts, ends);
    }

    /// A replica's stations work at its own speed, times what its open faults leave.
    pub(super) fn refresh_replica(
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
}
