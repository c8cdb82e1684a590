//! What a balancer believes of its replicas: health checks, ejections for errors, and which replicas it uses for that.

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;
use crate::parts::health::most_ejected;

use super::System;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

impl System<'_> {
    /// Plans the first checks of all balancers.
    pub(super) fn plan_checks(&mut self, kernel: &mut Kernel) {
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

    pub(super) fn check_health(&mut self, kernel: &mut Kernel, now: Time, service: u16) {
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

    pub(super) fn sweep_ejections(&mut self, kernel: &mut Kernel, now: Time, service: u16) {
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
    pub(super) fn judge(&mut self, now: Time, service: u16, at: u16, code: ResponseCode) {
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
    pub(super) fn refresh_view(&mut self, now: Time, service: u16) {
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
}
