//! What requests hold: tokens of pools and locks, how they wait for them, and how they come back.

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;
use crate::model::system::{Entity, Op, PoolId};
use crate::parts::Admission;

use super::System;
use super::ending::refusal;
use super::request::{Held, NONE, RequestState};
use crate::world::event::Kind;
use crate::world::kernel::{Kernel, Work};

/// Status of a request that waited too long for something inside the system.
const GAVE_UP_WAITING: u16 = 503;

impl System<'_> {
    /// Takes a token of a pool. Returns whether the request goes on; it may wait or be refused.
    #[inline(always)]
    pub(crate) fn acquire(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        at: usize,
        pool: PoolId,
    ) -> bool {
        let (request, held, first) = self.requests.slot_and_held(id);
        request.at = at as u32;
        let part = &mut self.pools[pool.index()];
        match part.acquire(now, id, request.ticket) {
            Admission::Granted | Admission::Displaces | Admission::OnHost => {
                self.op_times[at].visits += 1;
                held[first + usize::from(request.held)] = Held::Token(pool);
                request.held += 1;
                return true;
            }
            Admission::Queued | Admission::QueuedAnew => {
                (request.state, request.since) = (RequestState::Waiting, now);
                if part.has_timers() {
                    self.start_pool_timers(kernel, now, id, pool);
                }
            }
            Admission::Refused => {
                let status = self.model.pools[pool.index()].refusal;
                self.refuse(kernel, now, id, refusal(status));
            }
        }
        false
    }

    /// Takes several tokens of a pool. Returns whether the request goes on; it may wait or be refused.
    #[inline(never)]
    pub(crate) fn acquire_many(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        pool: PoolId,
        tokens: u16,
    ) -> bool {
        let request = &self.requests[id];
        let (at, ticket) = (request.at as usize, request.ticket);
        match self.pools[pool.index()].acquire_many(now, id, ticket, tokens) {
            Admission::Granted => {
                self.op_times[at].visits += 1;
                self.requests.hold(id, Held::Tokens(pool, tokens));
                return true;
            }
            Admission::Refused => {
                let status = self.model.pools[pool.index()].refusal;
                self.refuse(kernel, now, id, refusal(status));
            }
            _ => self.start_pool_timers(kernel, now, id, pool),
        }
        false
    }

    /// Tokens of a pool of which several are taken at once are free, or the one in front has left.
    pub(crate) fn hand_out(&mut self, kernel: &mut Kernel, now: Time, pool: PoolId) {
        while let Some((next, tokens)) = self.pools[pool.index()].next_many(now, &self.requests) {
            self.goes_on_with(kernel, now, next, Some(Held::Tokens(pool, tokens)));
        }
    }

    /// What goes off while a request waits for a token of a pool: its patience, the pool's reserve.
    #[inline(never)]
    pub(crate) fn start_pool_timers(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        pool: PoolId,
    ) {
        self.begin_wait(now, id);
        self.lose_pool_patience_later(kernel, now, id, pool);
        self.may_open_reserve(kernel, now, id, self.model.pools[pool.index()].waiting);
        self.may_be_stuck(now, id, pool);
    }

    /// Asks for a lock. Returns whether the request has it; else it waits, or is a deadlock's victim.
    pub(crate) fn take_lock(&mut self, kernel: &mut Kernel, now: Time, id: u32, at: usize) -> bool {
        let Op::Lock {
            key,
            timeout,
            writes,
        } = self.ops[at]
        else {
            return true;
        };
        if self.lock(now, id, key, writes) {
            return true;
        }
        self.begin_wait(now, id);
        if let Some(timeout) = timeout {
            self.goes_off(
                kernel,
                now + timeout,
                id,
                Kind::PatienceOver,
                (timeout, None),
            );
        }
        if self.closes_circle(id) {
            self.leave_queue(kernel, now, id);
            self.fail(kernel, now, id, ResponseCode(super::deadlock::VICTIM));
        }
        false
    }

    /// Takes the lock of an entity. Returns whether the request has it; it may have to wait.
    pub(crate) fn lock(&mut self, now: Time, id: u32, key: Entity, writes: bool) -> bool {
        let entity = self.entity(id, key);
        let Some(locks) = self.locks[key as usize].as_mut().filter(|_| entity != NONE) else {
            self.requests.hold(id, Held::Lock(key, NONE));
            return true;
        };
        let request = &self.requests[id];
        let (at, ticket) = (request.at as usize, request.ticket);
        if locks.acquire(now, entity, (id, ticket), writes) == Admission::Granted {
            self.op_times[at].visits += 1;
            self.requests.hold(id, Held::Lock(key, entity));
            return true;
        }
        false
    }

    pub(crate) fn begin_wait(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Waiting, now);
    }

    /// Grants a waiting request the pool's token or the lock.
    #[inline(never)]
    pub(crate) fn granted(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let held = match self.ops[self.requests[id].at as usize] {
            Op::Acquire { pool } | Op::AcquireKept { pool } => Some(Held::Token(pool)),
            Op::AcquireMany { pool, tokens } => Some(Held::Tokens(pool, tokens)),
            Op::Lock { key, .. } => Some(Held::Lock(key, self.entity(id, key))),
            _ => None,
        };
        self.goes_on_with(kernel, now, id, held);
    }

    /// A waiting request goes on with what it waited for.
    #[inline(always)]
    pub(crate) fn goes_on_with(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        held: Option<Held>,
    ) {
        self.trace(now, id, true);
        let request = &mut self.requests[id];
        let time = &mut self.op_times[request.at as usize];
        time.visits += 1;
        time.waited += u128::from(now.since_past(request.since).0);
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        request.at += 1;
        if let Some(held) = held {
            self.requests.hold(id, held);
        }
        if self.deadlines.is_some() {
            self.turn_too_late(kernel, now, id);
        }
        kernel.ready.push_back(Work::Request(id));
    }

    /// What the request took last comes back.
    #[inline(never)]
    pub(crate) fn give_back_last(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        self.give_back_here(kernel, now, id);
    }

    /// As [`System::give_back_last`], in the place of the call.
    #[inline(always)]
    pub(crate) fn give_back_here(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let held = self.requests.let_go(id);
        if let Some(Held::Token(pool)) = held {
            self.give_back_token(kernel, now, pool);
        } else if let Some(held) = held {
            self.give_back_other(kernel, now, id, held);
        }
    }

    /// A token comes back to its pool: who waits for it first gets it.
    #[inline(always)]
    pub(crate) fn give_back_token(&mut self, kernel: &mut Kernel, now: Time, pool: PoolId) {
        let part = &mut self.pools[pool.index()];
        match part.release(now, &self.requests) {
            Some(next) => self.goes_on_with(kernel, now, next, Some(Held::Token(pool))),
            None if part.waiting() > 0 => self.wake_for_pool(kernel, now, pool),
            None => {}
        }
    }

    /// Something held that is not a token comes back, and the first that waits for it gets it.
    #[inline(never)]
    pub(crate) fn give_back_other(&mut self, kernel: &mut Kernel, now: Time, id: u32, held: Held) {
        match held {
            Held::Token(pool) => self.give_back_token(kernel, now, pool),
            Held::Tokens(pool, tokens) => {
                self.pools[pool.index()].release_many(now, tokens);
                self.hand_out(kernel, now, pool);
            }
            Held::Connected(pool) => {
                self.give_back_connection(now, id, pool);
                self.give_back_token(kernel, now, pool);
            }
            Held::Lock(key, entity) if entity != NONE => {
                let request = &self.requests[id];
                let failed = request.code != ResponseCode::OK || request.cancelled;
                let locks = self.locks[key as usize].as_mut();
                let next = locks.and_then(|l| l.release(now, entity, failed, &self.requests));
                match next {
                    Some(next) => self.lock_handed(kernel, now, key, entity, next),
                    None => self.wake_for_lock(kernel, now, key, entity),
                }
            }
            Held::Permit(limit) => self.leave_limit(now, id, limit),
            Held::Fetch(cache, key) => self.fetch_over(kernel, now, id, cache, key),
            Held::Wake(pool) => self.pool_is_awake(kernel, now, pool.index()),
            Held::Replica(service, replica) => {
                self.leave_replica(kernel, now, id, service, replica)
            }
            Held::Lock(..) | Held::Version(..) => {}
        }
    }

    /// A request has waited as long as its timeout or patience allows: it fails.
    pub(crate) fn patience_over(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &self.requests[id];
        if request.ticket == ticket && request.state == RequestState::Waiting {
            self.leave_queue(kernel, now, id);
            self.fail(kernel, now, id, ResponseCode(GAVE_UP_WAITING));
        } else {
            self.forget_waits(kernel);
        }
    }

    /// Takes a waiting request out of its queue.
    pub(crate) fn leave_queue(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        self.trace(now, id, true);
        let request = &mut self.requests[id];
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        let at = request.at as usize;
        self.op_times[at].waited += u128::from(now.since(request.since).0);
        match self.ops[at] {
            Op::Serve { station, .. } => {
                self.stations[station.index()].0.renege(now);
                self.number_changed(kernel, now, station.index());
            }
            Op::Acquire { pool } | Op::AcquireKept { pool } => {
                self.pools[pool.index()].renege(now);
            }
            Op::AcquireMany { pool, .. } => {
                self.pools[pool.index()].renege_many(now, id);
                // Who stood behind it may have enough.
                self.hand_out(kernel, now, pool);
            }
            Op::RateLimit(limit) => self.rate_limits[limit.index()].renege(now),
            Op::Cache { cache, .. } => {
                if let Some(caches) = &mut self.caches {
                    caches.renege(now, id, cache);
                }
            }
            Op::Lock { key, .. } => {
                let entity = self.entity(id, key);
                if let Some(locks) = &mut self.locks[key as usize] {
                    locks.renege(now, entity);
                }
            }
            _ => {}
        }
    }
}
