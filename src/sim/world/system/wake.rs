//! Waking up. Under barging what is given back is free at once, and the first in line is woken. Who asks before it has
//! woken up is served first; it stays first in line then, and is woken again. In other orders what is handed over waits.

use crate::engine::{Span, Time};
use crate::model::system::{Entity, Op, PoolId};
use crate::model::waiting::{WaitOrder, Waiting};

use super::System;
use super::request::{Held, RequestState};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// When the one who is woken asks, if anybody is woken at all.
fn wakes_at(now: Time, waiting: Waiting) -> Option<Time> {
    (waiting.order == WaitOrder::Barging).then(|| now + waiting.wake)
}

impl System<'_> {
    /// A token has come back that nobody was handed.
    pub(crate) fn wake_for_pool(&mut self, kernel: &mut Kernel, now: Time, pool: PoolId) {
        let waiting = self.model.pools[pool.index()].waiting;
        if let Some(at) = wakes_at(now, waiting)
            && self.pools[pool.index()].waiting() > 0
            && !self.pools[pool.index()].closes()
        {
            kernel
                .queue
                .at(at, Event::of(Kind::PoolWakes, pool.index()));
        }
    }

    /// A server may have become free that nobody was handed.
    pub(crate) fn server_free(&mut self, kernel: &mut Kernel, now: Time, station: usize) {
        self.host_changed(kernel, now, station);
        let waiting = self.model.stations[station].waiting;
        if let Some(at) = wakes_at(now, waiting)
            && self.stations[station].0.waiting() > 0
        {
            kernel.queue.at(at, Event::of(Kind::StationWakes, station));
        }
    }

    /// A lock has come back that nobody was handed.
    pub(crate) fn wake_for_lock(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        key: Entity,
        entity: u32,
    ) {
        let waiting = self.model.locks[key as usize].waiting;
        if let Some(at) = wakes_at(now, waiting) {
            let event = Event::stale_after(Kind::LockWakes, entity, key as u32);
            kernel.queue.at(at, event);
        }
    }

    /// A lock is handed to a request, which goes on as soon as it is awake. The lock is its own from now on.
    pub(crate) fn lock_handed(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        key: Entity,
        entity: u32,
        next: u32,
    ) {
        let waiting = self.model.locks[key as usize].waiting;
        if waiting.wake == Span::ZERO || waiting.order == WaitOrder::Barging {
            return self.granted(kernel, now, next);
        }
        self.trace(now, next, true);
        let request = &mut self.requests[next];
        let waited = now.since_past(request.since).0;
        self.op_times[request.at as usize].waited += u128::from(waited);
        request.ticket = request.ticket.wrapping_add(1);
        (request.state, request.since) = (RequestState::Delayed, now);
        let awake = Event::stale_after(Kind::DelayOver, next, request.ticket);
        self.requests.hold(next, Held::Lock(key, entity));
        kernel.queue.at(now + waiting.wake, awake);
    }

    /// A request begins to wait for a token of a pool that may have a reserve.
    pub(crate) fn may_open_reserve(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        waiting: Waiting,
    ) {
        if let Some((_, after)) = waiting.reserve {
            let due = now + waiting.by_timer(now, after);
            self.goes_off(kernel, due, id, Kind::ReserveDue, (after, waiting.timer));
        }
    }

    /// A request has waited for as long as the reserve of its pool takes to come.
    pub(crate) fn reserve_due(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Waiting {
            return self.forget_waits(kernel);
        }
        if let Op::Acquire { pool } | Op::AcquireKept { pool } = self.ops[request.at as usize]
            && let Some(next) = self.pools[pool.index()].open_reserve(now, &self.requests)
        {
            self.granted(kernel, now, next);
        }
    }

    /// The first in line for a token has woken up, or has work to do before.
    pub(crate) fn pool_wakes(&mut self, kernel: &mut Kernel, now: Time, pool: usize) {
        let Some(work) = self.model.pools[pool].waiting.wake_work else {
            return self.pool_is_awake(kernel, now, pool);
        };
        // A request of its own, which wakes it however it ends.
        if let Some(id) = self.start_alone(kernel, now, work) {
            self.requests.hold(id, Held::Wake(PoolId(pool as u16)));
        }
    }

    /// The first in line for a token asks for it.
    pub(crate) fn pool_is_awake(&mut self, kernel: &mut Kernel, now: Time, pool: usize) {
        if let Some(next) = self.pools[pool].wake(now, &self.requests) {
            self.granted(kernel, now, next);
        }
    }

    pub(crate) fn station_wakes(&mut self, kernel: &mut Kernel, now: Time, station: usize) {
        let (part, alarm) = &mut self.stations[station];
        let next = part.wake(now, &self.requests);
        if let Some(at) = part.next_completion() {
            kernel.queue.set_alarm(*alarm, at.max(now));
        }
        if let Some(next) = next {
            self.service_begins(kernel, now, next);
            self.host_changed(kernel, now, station);
        }
    }

    pub(crate) fn lock_wakes(&mut self, kernel: &mut Kernel, now: Time, entity: u32, key: u32) {
        if let Some(locks) = &mut self.locks[key as usize]
            && let Some(next) = locks.wake(now, entity, &self.requests)
        {
            self.granted(kernel, now, next);
        }
    }
}
