//! Replicas that go on purpose: they get no more requests, finish what they have, and leave, or are cut off after a while.

use crate::engine::{Time, Turn};

use super::System;
use super::fleet::{Leaving, place};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

impl System<'_> {
    /// A replica gets no more requests, and goes when it has done what it has, or after a while.
    pub(super) fn begin_drain(
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

    pub(super) fn drain_over(&mut self, kernel: &mut Kernel, now: Time, service: u16, ticket: u32) {
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
    pub(super) fn drained(&mut self, kernel: &mut Kernel, now: Time, service: u16, at: u16) {
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
            Some(Leaving::Restart(run)) => self.restart_drained(kernel, now, run, service, at),
            Some(Leaving::Scaled) => self.replica_dismissed(now, service, at),
            Some(Leaving::Away) | None => {}
        }
    }
}
