//! The laws that hold of the system: of queues, holdings, limits and attempts.

use crate::engine::Time;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::system::{Op, PoolId, StationId};
use crate::parts::inventory::Inventory;
use crate::parts::keep_alive::KeepAlive;

use super::System;
use super::request::{Held, NONE, RequestState};
use crate::world::audit::{Audit, Law};
use crate::world::kernel::Kernel;

impl System<'_> {
    /// Operations that a test on their kind picks, by index.
    pub(crate) fn ops_where<'w>(
        &'w self,
        is: impl Fn(&Op) -> bool + 'w,
    ) -> impl Iterator<Item = usize> + 'w {
        let ops = self.ops.iter().enumerate();
        ops.filter(move |(_, op)| is(op)).map(|(at, _)| at)
    }

    /// Requests in this state at one of these operations: how many, and how long by now.
    pub(crate) fn there(
        &self,
        kernel: &Kernel,
        state: RequestState,
        is: impl Fn(&Op) -> bool,
    ) -> (u64, u128) {
        let now = kernel.queue.now();
        let at = self.requests.iter().filter(|(_, r)| r.state == state);
        at.filter(|(_, r)| is(&self.ops[r.at as usize]))
            .fold((0, 0), |(n, time), (_, r)| {
                (n + 1, time + u128::from(now.since(r.since).0))
            })
    }

    pub(crate) fn audit_stations(&self, kernel: &Kernel, audit: &mut Audit) {
        let now = kernel.queue.now();
        for (index, (part, _)) in self.stations.iter().enumerate() {
            let name = format!("station `{}`", self.model.stations[index].name);
            let here = move |op: &Op| matches!(op, Op::Serve { station, .. } if *station == StationId(index as u16));
            let times = || self.ops_where(here).map(|at| self.op_times[at]);
            let (in_line, waiting) = self.there(kernel, RequestState::Waiting, here);
            let (in_service, serving) = self.there(kernel, RequestState::InService, here);
            let p = &part.probe;
            let out = p.completed + p.refused + p.left + in_line + in_service;
            let visits: u64 = times().map(|t| t.visits).sum();
            let waited: u128 = times().map(|t| t.waited).sum::<u128>() + waiting;
            let served: u128 = times().map(|t| t.served + t.cut_off).sum::<u128>() + serving;
            audit.equal(
                Law::Flow,
                &name,
                ("came", p.arrived.into()),
                ("left or there", out.into()),
            );
            area(audit, Law::Little, &name, "waiting", &p.queue, now, waited);
            area(
                audit,
                Law::Utilisation,
                &name,
                "in service",
                &p.in_service,
                now,
                served,
            );
            audit.equal(
                Law::Utilisation,
                &name,
                ("completed", p.completed.into()),
                ("services timed", visits.into()),
            );
        }
    }

    pub(crate) fn audit_pools(&self, kernel: &Kernel, audit: &mut Audit) {
        let now = kernel.queue.now();
        for (index, part) in self.pools.iter().enumerate() {
            let spec = &self.model.pools[index];
            let name = format!("pool `{}`", spec.name);
            let id = PoolId(index as u16);
            let here = move |op: &Op| match op {
                Op::Acquire { pool } | Op::AcquireKept { pool } | Op::AcquireMany { pool, .. } => {
                    *pool == id
                }
                _ => false,
            };
            let in_line = self.audit_line(kernel, audit, &name, &part.probe.queue, here);
            let kept = self.keepers[index].as_ref().map_or(0, KeepAlive::count);
            let tokens = [Held::Token(id), Held::Connected(id)];
            let several = self
                .requests
                .iter()
                .flat_map(|(id, _)| self.requests.holdings(id));
            let several: u64 = several
                .map(|held| match held {
                    Held::Tokens(pool, tokens) if *pool == id => u64::from(*tokens),
                    _ => 0,
                })
                .sum();
            let known = self.held_where(|held| tokens.contains(&held)) + kept + several;
            let held = u64::from(part.size() - part.free());
            let instants = part.probe.returned_at + u128::from(held) * u128::from(now.0);
            let spent = instants.wrapping_sub(part.probe.granted_at);
            area(
                audit,
                Law::Little,
                &name,
                "held",
                &part.probe.held,
                now,
                spent,
            );
            audit.equal(
                Law::Returned,
                &name,
                ("tokens out", held.into()),
                (
                    "tokens that requests hold or connections keep",
                    known.into(),
                ),
            );
            let level = part.probe.held.value();
            audit.equal(
                Law::Returned,
                &name,
                ("tokens out", held.into()),
                ("level", level.into()),
            );
            let line = u128::from(part.in_line());
            audit.equal(
                Law::Flow,
                &name,
                ("in line", line),
                ("waiting", in_line.into()),
            );
        }
    }

    pub(crate) fn audit_retries(&self, audit: &mut Audit) {
        let specs = self.model.retries.iter().zip(self.retries.probes());
        for (index, (spec, p)) in specs.enumerate() {
            let name = format!("retry policy `{}`", spec.name);
            let open = self.retries.open(index);
            let ended = p.succeeded + p.failed() + p.broken_off;
            audit.equal(
                Law::Attempts,
                &name,
                ("requests", p.requests.into()),
                ("ended or under way", (ended + open).into()),
            );
            audit.equal(
                Law::Attempts,
                &name,
                ("requests open", p.open.into()),
                ("requests under way", open.into()),
            );
            let ended = p.hedges_failed + p.hedges_lost;
            audit.equal(
                Law::Attempts,
                &name,
                ("second copies", p.hedges.into()),
                (
                    "attempts of which one copy was lost, failed, or both are under way",
                    (ended + self.both_under_way(index)).into(),
                ),
            );
        }
    }

    pub(crate) fn audit_replicas(&self, audit: &mut Audit) {
        for (index, probe) in self.replica_probes() {
            let (service, replica) = index;
            let spec = &self.model.services[usize::from(service)];
            let name = format!("replica {} of `{}`", replica + 1, spec.name);
            let known = self.held_where(|held| held == Held::Replica(service, replica));
            let there = probe.present.value();
            audit.equal(
                Law::Replicas,
                &name,
                ("sent to it", probe.picked.into()),
                ("finished or there", (probe.finished + there).into()),
            );
            audit.equal(
                Law::Replicas,
                &name,
                ("there", there.into()),
                ("requests that know it", known.into()),
            );
        }
        self.audit_scaling(audit);
    }

    pub(crate) fn audit_locks(&self, kernel: &Kernel, audit: &mut Audit) {
        for (key, locks) in self.locks.iter().enumerate() {
            let Some(locks) = locks else { continue };
            let name = format!("locks {key}");
            let known = self.held_where(|held| {
                matches!(held, Held::Lock(entity, number) if entity as usize == key && number != NONE)
            });
            let level = locks.probe.held.value();
            let taken = locks.held();
            audit.equal(
                Law::Returned,
                &name,
                ("taken", taken.into()),
                ("held", known.into()),
            );
            audit.equal(
                Law::Returned,
                &name,
                ("taken", taken.into()),
                ("level", level.into()),
            );
            let here = |op: &Op| matches!(op, Op::Lock { key: k, .. } if *k as usize == key);
            self.audit_line(kernel, audit, &name, &locks.probe.queue, here);
        }
    }

    /// Little's law for the queue before some operations. Returns how many stand in it.
    pub(crate) fn audit_line(
        &self,
        kernel: &Kernel,
        audit: &mut Audit,
        name: &str,
        line: &TimeWeighted,
        here: impl Fn(&Op) -> bool + Copy,
    ) -> u64 {
        let (in_line, waiting) = self.there(kernel, RequestState::Waiting, here);
        let before = self.ops_where(here).map(|at| self.op_times[at].waited);
        let waited = before.sum::<u128>() + waiting;
        let now = kernel.queue.now();
        area(audit, Law::Little, name, "waiting", line, now, waited);
        in_line
    }

    pub(crate) fn held_where(&self, is: impl Fn(Held) -> bool) -> u64 {
        let all = self
            .requests
            .iter()
            .flat_map(|(id, _)| self.requests.holdings(id));
        all.filter(|held| is(**held)).count() as u64
    }
}

fn area(
    audit: &mut Audit,
    law: Law,
    name: &str,
    what: &str,
    level: &TimeWeighted,
    now: Time,
    times: u128,
) {
    let place = format!("{name}, {what}");
    audit.equal(
        law,
        &place,
        ("area", level.area(now)),
        ("sum of times", times),
    );
}

pub(crate) fn audit_seats(inventory: &Inventory, audit: &mut Audit) {
    let (held, sold, marked) = inventory.count();
    let p = &inventory.probe;
    let ended = p.sold + p.expired + p.released + held;
    let pairs = [
        ("holds in force", held, "level", p.held.value()),
        ("seats sold", sold, "sales", p.sold),
        (
            "claims",
            p.claimed,
            "holds sold, expired, released or in force",
            ended,
        ),
        ("seats taken", held + sold, "seats marked", marked),
    ];
    for (left, a, right, b) in pairs {
        audit.equal(Law::Seats, "seats", (left, a.into()), (right, b.into()));
    }
}
