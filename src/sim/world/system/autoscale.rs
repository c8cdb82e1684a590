//! The number of a service's replicas changes: by an autoscaler, or by a schedule.

use crate::engine::{Time, Turn};
use crate::model::autoscale::Autoscale;
use crate::parts::autoscaler::View;

use super::System;
use super::autoscale_metric::Scaling;
use super::fleet::{Leaving, place};
use crate::world::audit::{Audit, Law};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// What an autoscaler's event is about, as its ticket.
const COLLECT: u32 = 0;
const DECIDE: u32 = 1;
/// This and the following ones: an entry of the schedule.
const PLANNED: u32 = 2;

impl<'m> System<'m> {
    pub(crate) fn autoscale_spec(&self, service: u16) -> Option<&'m Autoscale> {
        let spec = &self.model.services[usize::from(service)];
        spec.autoscale.as_ref()
    }

    /// Plans the first look of each autoscaler, and all times of the schedules.
    pub(crate) fn plan_autoscaling(&mut self, kernel: &mut Kernel) {
        for service in 0..self.model.services.len() as u16 {
            let Some(spec) = self.autoscale_spec(service) else {
                continue;
            };
            let event = |ticket| Event::stale_after(Kind::Autoscale, service.into(), ticket);
            if spec.rule.is_some() {
                let (window, every) = (Time::ZERO + spec.window, Time::ZERO + spec.every);
                kernel.queue.at_turn(window, Turn::Late, event(COLLECT));
                kernel.queue.at_turn(every, Turn::Late, event(DECIDE));
            }
            for (ticket, (at, _)) in (PLANNED..).zip(&spec.schedule) {
                kernel
                    .queue
                    .at_turn(Time::ZERO + *at, Turn::Late, event(ticket));
            }
        }
    }

    /// An autoscaler collects its metric, decides, or comes to a time of its schedule.
    pub(crate) fn autoscale(&mut self, kernel: &mut Kernel, now: Time, service: u16, ticket: u32) {
        let Some(spec) = self.autoscale_spec(service) else {
            return;
        };
        let again = |ticket| Event::stale_after(Kind::Autoscale, service.into(), ticket);
        match ticket {
            COLLECT => {
                let next = now + spec.window;
                kernel.queue.at_turn(next, Turn::Late, again(COLLECT));
                self.collect(now, service);
            }
            DECIDE => {
                let next = now + spec.every;
                kernel.queue.at_turn(next, Turn::Late, again(DECIDE));
                // A window that ends now counts.
                let due = self
                    .scaling(service)
                    .is_some_and(|s| s.collected + spec.window <= now);
                if due {
                    self.collect(now, service);
                }
                let view = self.view(service);
                let to = self.scaling(service).map(|s| s.scaler.decide(now, &view));
                self.scale(kernel, now, service, to.unwrap_or(view.current));
            }
            entry => {
                let planned = spec.schedule.get((entry - PLANNED) as usize);
                let current = self.view(service).current;
                if let (Some((_, n)), Some(scaling)) = (planned, self.scaling(service)) {
                    scaling.scaler.planned(*n);
                    let to = scaling.scaler.within(current);
                    self.scale(kernel, now, service, to);
                }
            }
        }
    }

    fn scaling(&mut self, service: u16) -> Option<&mut Scaling> {
        let run = &mut self.fleet.as_mut()?.services[usize::from(service)];
        run.scaling.as_deref_mut()
    }

    /// The service as its autoscaler sees it.
    fn view(&self, service: u16) -> View {
        let mut view = View::default();
        let Some(fleet) = &self.fleet else {
            return view;
        };
        let run = &fleet.services[usize::from(service)];
        view.external = run.scaling.as_ref().and_then(|s| s.external.1);
        for (at, member) in run.members.iter().enumerate() {
            let stays = member.started && member.leaving != Some(Leaving::Scaled);
            if !stays && !member.booting {
                continue;
            }
            view.current += 1;
            let scaling = run.scaling.as_ref();
            let new = scaling.is_some_and(|s| s.initialising[at]);
            match scaling.and_then(|s| s.values[at]) {
                _ if member.booting || member.lost > 0 || new => view.unready += 1,
                Some(value) => view.values.push(value),
                None => view.unknown += 1,
            }
        }
        view
    }

    /// Sets the desired number of replicas.
    fn scale(&mut self, kernel: &mut Kernel, now: Time, service: u16, to: u32) {
        let from = self.view(service).current;
        let mut current = from;
        while current < to && self.boot(kernel, now, service) {
            current += 1;
        }
        while current > to && self.dismiss(kernel, now, service) {
            current -= 1;
        }
        let Some(fleet) = &mut self.fleet else { return };
        let run = &mut fleet.services[usize::from(service)];
        let probe = &mut run.replicas.probe;
        probe.grown += u64::from(current.saturating_sub(from));
        probe.shrunk += u64::from(from.saturating_sub(current));
        if let Some(scaling) = &mut run.scaling {
            scaling.scaler.changed(now, from, current);
        }
    }

    /// A new replica boots. Returns whether there is a place for it: that of one that drains is not free yet.
    fn boot(&mut self, kernel: &mut Kernel, now: Time, service: u16) -> bool {
        let boot = self.autoscale_spec(service).map(|spec| spec.boot);
        let Some(fleet) = &mut self.fleet else {
            return false;
        };
        let run = &mut fleet.services[usize::from(service)];
        let free = |m: &super::fleet::Member| !m.started && !m.booting && m.lost == 0;
        let (Some(at), Some(boot)) = (run.members.iter().position(free), boot) else {
            return false;
        };
        let member = &mut run.members[at];
        (member.booting, member.born_at) = (true, now);
        member.stage = member.stage.wrapping_add(1);
        let ticket = place(at as u16, member.stage);
        run.replicas.probe.paid.add(now);
        let ready = Event::stale_after(Kind::ReplicaReady, service.into(), ticket);
        kernel.after(boot, ready);
        true
    }

    /// A replica has booted: it is used once it passes its checks.
    pub(crate) fn replica_ready(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        service: u16,
        ticket: u32,
    ) {
        let spec = &self.model.services[usize::from(service)];
        let Some(fleet) = &mut self.fleet else { return };
        let at = (ticket >> 16) as u16;
        let run = &mut fleet.services[usize::from(service)];
        let member = &mut run.members[usize::from(at)];
        if !member.booting || place(at, member.stage) != ticket {
            return;
        }
        (member.booting, member.started, member.ready_at) = (false, true, now);
        member.health.starts(spec.health_check.is_some());
        self.clear_caches_of(service, at);
        let Some(fleet) = &mut self.fleet else { return };
        let run = &mut fleet.services[usize::from(service)];
        let member = &mut run.members[usize::from(at)];
        let warm_up = spec.autoscale.as_ref().and_then(|a| a.warm_up);
        member.warming = warm_up.map_or(1.0, |w| w.speed);
        run.replicas.probe.replicas[usize::from(at)].there.add(now);
        if member.lost == 0 {
            run.replicas.probe.up.add(now);
        }
        if let Some(warm_up) = warm_up {
            kernel.after(
                warm_up.lasts,
                Event::stale_after(Kind::ReplicaWarm, service.into(), ticket),
            );
            self.refresh_replica(kernel, now, service, at);
        }
        self.refresh_view(now, service);
    }

    /// A replica has warmed up.
    pub(crate) fn replica_warm(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        service: u16,
        ticket: u32,
    ) {
        let Some(fleet) = &mut self.fleet else { return };
        let at = (ticket >> 16) as u16;
        let member = &mut fleet.services[usize::from(service)].members[usize::from(at)];
        // One that has left and come again since then is warmed up for itself.
        if member.started && place(at, member.stage) == ticket {
            member.warming = 1.0;
            self.refresh_replica(kernel, now, service, at);
        }
    }

    /// A replica goes: the last of those that boot, else the one that came last. Returns whether there is one.
    fn dismiss(&mut self, kernel: &mut Kernel, now: Time, service: u16) -> bool {
        let Some(fleet) = &mut self.fleet else {
            return false;
        };
        let run = &mut fleet.services[usize::from(service)];
        if let Some(member) = run.members.iter_mut().rev().find(|m| m.booting) {
            member.booting = false;
            member.stage = member.stage.wrapping_add(1);
            run.replicas.probe.paid.subtract(now);
            return true;
        }
        let all = (0_u16..).zip(&run.members);
        let could = all.filter(|(_, m)| m.started && m.leaving.is_none());
        let Some((at, _)) = could.max_by_key(|(at, m)| (m.ready_at, *at)) else {
            return false;
        };
        self.begin_drain(kernel, now, service, at, Leaving::Scaled);
        true
    }

    /// A replica that was to go has done its work.
    pub(crate) fn replica_dismissed(&mut self, now: Time, service: u16, at: u16) {
        let Some(fleet) = &mut self.fleet else { return };
        let run = &mut fleet.services[usize::from(service)];
        let member = &mut run.members[usize::from(at)];
        (member.leaving, member.started) = (None, false);
        run.replicas.probe.replicas[usize::from(at)]
            .there
            .subtract(now);
        run.replicas.probe.paid.subtract(now);
        if member.lost == 0 {
            run.replicas.probe.up.subtract(now);
        }
    }

    /// Replicas come and go by decisions alone, and what is paid for is there or boots.
    pub(crate) fn audit_scaling(&self, audit: &mut Audit) {
        let runs = self.fleet.iter().flat_map(|fleet| &fleet.services);
        for ((service, spec), run) in (0_u16..).zip(&self.model.services).zip(runs) {
            let name = format!("service `{}`", spec.name);
            let probe = &run.replicas.probe;
            let current = u64::from(self.view(service).current);
            audit.equal(
                Law::Replicas,
                &name,
                (
                    "at first and added",
                    (u64::from(spec.replicas) + probe.grown).into(),
                ),
                ("there and dismissed", (current + probe.shrunk).into()),
            );
            let there = run.members.iter().filter(|m| m.started || m.booting);
            audit.equal(
                Law::Replicas,
                &name,
                ("paid for", probe.paid.value().into()),
                ("there, or booting", (there.count() as u64).into()),
            );
            let well = run.members.iter().filter(|m| m.started && m.lost == 0);
            audit.equal(
                Law::Replicas,
                &name,
                ("counted as there", probe.up.value().into()),
                ("there", (well.count() as u64).into()),
            );
        }
    }
}
