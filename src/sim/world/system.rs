//! Runs the programs of endpoints: the operations that take no time, and how a request ends.

use crate::engine::{Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::system::{DistId, EndpointId, Entity, ListAge, Op, PoolId};
use crate::parts::Admission;

use super::event::{Event, Kind};
use super::notice::{Notice, Over};
use super::outcome::Termination;
use super::request::{Held, Request, RequestState};
use super::vu::NONE;
use super::{Work, World};

/// Status of a request that has been accepted, if a connection is refused to it further in: k6 hears of a
/// refused connection only where it makes one.
pub(super) const BAD_GATEWAY: ResponseCode = ResponseCode(502);

/// Status of a request that waited too long for something inside the system.
const GAVE_UP_WAITING: u16 = 503;

/// The rarer operations that may hold a request up.
macro_rules! rarer_op {
    () => {
        Op::SlowedDelay { .. }
            | Op::AcquireKept { .. }
            | Op::AcquireMany { .. }
            | Op::Lock { .. }
            | Op::RateLimit(_)
            | Op::Limit(_)
            | Op::Enter { .. }
            | Op::Guard(_)
            | Op::Call(_)
            | Op::Fork(_)
            | Op::Spawn(_)
            | Op::Join
            | Op::Cache { .. }
            | Op::Store(_)
            | Op::Balance { .. }
            | Op::Deadline(_)
            | Op::InTime
            | Op::Connect(_)
    };
}

/// The rarer operations that take no time but may fail. By name, all of them: for what is left over, the compiler would look
/// first whether it is one of the others.
macro_rules! instant_op {
    () => {
        Op::Fail { .. }
            | Op::QueueStatus
            | Op::RenewSession
            | Op::LeaveRoom
            | Op::ListSeats
            | Op::Look(_)
            | Op::Claim(_)
            | Op::Confirm(_)
            | Op::ReleaseSeat
            | Op::ReadVersion(_)
            | Op::CheckVersion(..)
            | Op::Invalidate(_)
            | Op::Keep(_)
            | Op::Respond
    };
}

impl World<'_> {
    /// As [`World::advance`]; a client that can go on does so when its turn comes.
    pub(super) fn advance_and_answer(&mut self, now: Time, id: u32) {
        if let Some(Over { id, .. }) = self.advance(now, id) {
            self.close_with_answer(id);
        }
    }

    /// Runs the program of a request's endpoint until virtual time must pass. Returns the request if it is over then and
    /// has nothing to do but to answer its client.
    #[inline(never)]
    pub(super) fn advance(&mut self, now: Time, id: u32) -> Option<Over> {
        let request = &self.requests[id];
        if request.cancelled {
            self.drop_cancelled(now, id);
            return None;
        }
        let mut at = request.at as usize;
        loop {
            // Where a request stands is noted before all that it may wait or end at, and not behind each operation.
            match self.ops[at] {
                Op::Serve { .. } => {
                    self.visit_here(now, id, at);
                    return None;
                }
                Op::Delay(time) => {
                    self.delay(now, id, at, time);
                    return None;
                }
                Op::Acquire { pool } => {
                    if !self.acquire(now, id, at, pool) {
                        return None;
                    }
                }
                Op::Release(_) => self.give_back_here(now, id),
                Op::Unlock(_) | Op::Leave(_) => self.give_back_last(now, id),
                Op::IssueToken => {
                    if let Err(code) = self.issue_token(now, id) {
                        self.fail(now, id, code);
                        return None;
                    }
                }
                Op::Done => return self.end_program(now, id),
                rarer_op!() => {
                    self.requests[id].at = at as u32;
                    at += self.rarer_op(now, id, at)?;
                }
                op @ instant_op!() => {
                    if let Err(code) = self.instant_op(now, id, op) {
                        self.fail(now, id, code);
                        return None;
                    }
                }
            }
            at += 1;
        }
    }

    /// Time passes for a request at the operation at `at`.
    #[inline(always)]
    fn delay(&mut self, now: Time, id: u32, at: usize, time: DistId) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Delayed, now);
        request.at = at as u32;
        let ticket = request.ticket;
        self.after(time, Event::stale_after(Kind::DelayOver, id, ticket));
    }

    /// A request calls an endpoint and waits for it.
    fn call(&mut self, now: Time, id: u32, endpoint: EndpointId) {
        self.requests[id].state = RequestState::Calling;
        self.requests[id].at += 1;
        let _ = self.start_child(now, id, endpoint, true);
    }

    /// A request comes to the end of its program: it is over.
    #[inline(always)]
    fn end_program(&mut self, now: Time, id: u32) -> Option<Over> {
        if !self.answers_by_end(id) {
            self.finish(now, id);
            return None;
        }
        let first = self.ready.is_empty();
        Some(Over { id, first })
    }

    /// Whether a request at the end of its program has nothing to do but to answer its client.
    #[inline(always)]
    pub(super) fn answers_by_end(&self, id: u32) -> bool {
        let request = &self.requests[id];
        request.held == 0 && request.parent.0 == NONE && self.answers_directly
    }

    /// Takes a token of a pool. Returns whether the request goes on; it may wait or be refused.
    #[inline(always)]
    fn acquire(&mut self, now: Time, id: u32, at: usize, pool: PoolId) -> bool {
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
                    self.start_pool_timers(now, id, pool);
                }
            }
            Admission::Refused => {
                let status = self.model.pools[pool.index()].refusal;
                self.refuse(now, id, refusal(status));
            }
        }
        false
    }

    /// Takes several tokens of a pool. Returns whether the request goes on; it may wait or be refused.
    #[inline(never)]
    fn acquire_many(&mut self, now: Time, id: u32, pool: PoolId, tokens: u16) -> bool {
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
                self.refuse(now, id, refusal(status));
            }
            _ => self.start_pool_timers(now, id, pool),
        }
        false
    }

    /// Tokens of a pool of which several are taken at once are free, or the one in front has left.
    fn hand_out(&mut self, now: Time, pool: PoolId) {
        while let Some((next, tokens)) = self.pools[pool.index()].next_many(now, &self.requests) {
            self.goes_on_with(now, next, Some(Held::Tokens(pool, tokens)));
        }
    }

    /// What goes off while a request waits for a token of a pool: its patience, the pool's reserve.
    #[inline(never)]
    fn start_pool_timers(&mut self, now: Time, id: u32, pool: PoolId) {
        self.begin_wait(now, id);
        self.lose_pool_patience_later(now, id, pool);
        self.may_open_reserve(now, id, self.model.pools[pool.index()].waiting);
        self.may_be_stuck(now, id, pool);
    }

    /// The rarer operations that may hold a request up. Returns how many of those behind it are skipped, or nothing if
    /// the request does not go on now.
    // By a call: what any of them may need would be made ready for each request that comes to another.
    #[inline(never)]
    fn rarer_op(&mut self, now: Time, id: u32, at: usize) -> Option<usize> {
        let goes_on = match self.ops[at] {
            Op::AcquireKept { pool } => {
                self.takes_kept(now, id, pool) || self.acquire(now, id, at, pool)
            }
            Op::AcquireMany { pool, tokens } => self.acquire_many(now, id, pool, tokens),
            Op::Lock { .. } => self.take_lock(now, id, at),
            Op::Connect(pool) => self.connect(now, id, pool),
            Op::RateLimit(limit) => self.comes_to_limit(now, id, limit),
            Op::Store(_) => self.stores(now, id),
            op @ (Op::Limit(_) | Op::Enter { .. }) => self.meet_limit(now, id, op),
            op @ (Op::Deadline(_) | Op::InTime) => self.meet_deadline(now, id, op),
            Op::Fork(endpoint) => {
                self.requests[id].branches += 1;
                self.start_child(now, id, endpoint, true).is_some()
            }
            Op::Spawn(endpoint) => self.start_child(now, id, endpoint, false).is_some(),
            Op::Join => self.join(now, id),
            Op::Balance { service, stride } => return self.route(now, id, service, stride),
            Op::Cache { .. } => return self.ask_cache(now, id, at),
            Op::SlowedDelay { time, pace } => {
                self.slowed_delay(now, id, time, pace);
                false
            }
            Op::Guard(guard) => {
                self.begin_guarded_call(now, id, guard);
                false
            }
            Op::Call(endpoint) => {
                self.call(now, id, endpoint);
                false
            }
            _ => true,
        };
        goes_on.then_some(0)
    }

    /// All branches must have ended. Returns whether the request goes on.
    fn join(&mut self, now: Time, id: u32) -> bool {
        let request = &mut self.requests[id];
        if request.branches > 0 {
            request.state = RequestState::Joining;
            return false;
        }
        let failed = request.code != ResponseCode::OK;
        if failed {
            self.finish(now, id);
        }
        !failed
    }

    /// Asks for a lock. Returns whether the request has it; else it waits, or is a deadlock's victim.
    fn take_lock(&mut self, now: Time, id: u32, at: usize) -> bool {
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
            self.goes_off(now + timeout, id, Kind::PatienceOver, (timeout, None));
        }
        if self.closes_circle(id) {
            self.leave_queue(now, id);
            self.fail(now, id, ResponseCode(super::deadlock::VICTIM));
        }
        false
    }

    /// Operations on tokens, seats and the waiting room: no time, no queue, but they may fail.
    fn instant_op(&mut self, now: Time, id: u32, op: Op) -> Result<(), ResponseCode> {
        let request = &mut self.requests[id];
        match op {
            Op::Fail {
                probability,
                status,
            } => {
                let stream = &mut self.endpoint_states[request.endpoint as usize].fail;
                if stream.chance(probability) {
                    return Err(refusal(status));
                }
            }
            Op::IssueToken => return self.issue_token(now, id),
            Op::QueueStatus => {
                let token = request.context.token;
                let admitted = self.ask_room(now, token);
                self.requests[id].admitted = admitted;
            }
            Op::RenewSession => {
                let token = request.context.token;
                self.renew_session(now, token);
            }
            Op::LeaveRoom => {
                let token = request.context.token;
                self.leave_room(now, token);
            }
            Op::ListSeats => self.list_seats(now, id),
            Op::Look(status) => return self.look(id, status),
            Op::Claim(status) => return self.claim(now, id, status),
            Op::Confirm(status) => {
                let hold = request.context.hold;
                let sold = self
                    .inventory
                    .as_mut()
                    .is_some_and(|i| i.confirm(now, hold));
                if !sold {
                    return Err(ResponseCode(status));
                }
            }
            Op::ReleaseSeat => {
                let hold = std::mem::take(&mut request.context.hold);
                if let Some(inventory) = &mut self.inventory {
                    inventory.release(now, hold);
                }
            }
            Op::ReadVersion(key) => self.read_version(id, key),
            Op::CheckVersion(key, status) => return self.check_version(id, key, status),
            Op::Invalidate(cache) => self.invalidate(id, cache),
            Op::Keep(pool) => self.keep_token(now, id, pool),
            Op::Respond => self.answer_early(now, id),
            _ => {}
        }
        Ok(())
    }

    /// The user gets a token, and with it a place in the waiting room, if there is one.
    #[inline(always)]
    fn issue_token(&mut self, now: Time, id: u32) -> Result<(), ResponseCode> {
        let context = &mut self.requests[id].context;
        context.token = self.tokens.issue(context.user);
        if self.room.is_some() {
            return self.join_room(now);
        }
        Ok(())
    }

    /// The client chooses among the free seats, if there are any.
    #[inline(never)]
    fn list_seats(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        let choice = self.model.sites[request.site.index()].pick;
        let event = request.context.event;
        let stream = &mut self.endpoint_states[request.endpoint as usize].seat;
        let age = self.model.inventory.as_ref().and_then(|spec| spec.list);
        let before = age.map(|age| match age {
            ListAge::Refresh(every) => Time(now.0 / every.0 * every.0),
            ListAge::Lag(law) => {
                let lag = self.samplers[law.index()].span();
                Time(now.0.saturating_sub(lag.0))
            }
        });
        if let (Some(inventory), Some(choice)) = (&mut self.inventory, choice)
            && event != NONE
        {
            let seat = inventory.pick(event, before, choice, stream);
            request.context.seat = seat.unwrap_or(NONE);
            request.nothing_free = seat.is_none();
        }
    }

    #[inline(never)]
    fn read_version(&mut self, id: u32, key: Entity) {
        let entity = self.entity(id, key);
        let rows = self.versions[key as usize].as_ref();
        let version = rows.map_or(0, |rows| rows.read(entity));
        self.requests.hold(id, Held::Version(key, version));
    }

    #[inline(never)]
    fn check_version(&mut self, id: u32, key: Entity, status: u16) -> Result<(), ResponseCode> {
        let entity = self.entity(id, key);
        if let Some(read) = self.requests.take_version(id, key)
            && entity != NONE
            && let Some(rows) = &mut self.versions[key as usize]
            && !rows.write(entity, read)
        {
            return Err(ResponseCode(status));
        }
        Ok(())
    }

    #[inline(never)]
    fn claim(&mut self, now: Time, id: u32, status: u16) -> Result<(), ResponseCode> {
        let context = &mut self.requests[id].context;
        let Some(inventory) = self.inventory.as_mut().filter(|_| context.seat != NONE) else {
            return Err(ResponseCode(status));
        };
        let hold = inventory
            .claim(now, context.seat, context.user)
            .ok_or(ResponseCode(status))?;
        context.hold = hold;
        let spec = self.model.inventory.as_ref();
        if let Some(expiry) = spec.and_then(|i| i.hold_expires_after) {
            match spec.and_then(|i| i.sweep_every) {
                None => self.after(expiry, Event::of(Kind::HoldExpires, hold as usize)),
                Some(every) => {
                    // A sweeper collects what has expired at its next round.
                    let over = now + self.samplers[expiry.index()].span();
                    let round = Time(over.0.div_ceil(every.0).saturating_mul(every.0));
                    let expires = Event::of(Kind::HoldExpires, hold as usize);
                    self.queue.at_turn(round, Turn::Late, expires);
                }
            }
        }
        Ok(())
    }

    /// Takes the lock of an entity. Returns whether the request has it; it may have to wait.
    fn lock(&mut self, now: Time, id: u32, key: Entity, writes: bool) -> bool {
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

    /// The number of the entity that a request is about; `NONE` if it is about none.
    pub(super) fn entity(&self, id: u32, key: Entity) -> u32 {
        let context = &self.requests[id].context;
        match key {
            Entity::User => context.user,
            Entity::Token => context.token,
            Entity::Event => context.event,
            Entity::Seat => context.seat,
            Entity::Global => 0,
        }
    }

    fn begin_wait(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Waiting, now);
    }

    /// Grants a waiting request the pool's token or the lock.
    #[inline(never)]
    pub(super) fn granted(&mut self, now: Time, id: u32) {
        let held = match self.ops[self.requests[id].at as usize] {
            Op::Acquire { pool } | Op::AcquireKept { pool } => Some(Held::Token(pool)),
            Op::AcquireMany { pool, tokens } => Some(Held::Tokens(pool, tokens)),
            Op::Lock { key, .. } => Some(Held::Lock(key, self.entity(id, key))),
            _ => None,
        };
        self.goes_on_with(now, id, held);
    }

    /// A waiting request goes on with what it waited for.
    #[inline(always)]
    fn goes_on_with(&mut self, now: Time, id: u32, held: Option<Held>) {
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
            self.turn_too_late(now, id);
        }
        self.ready.push_back(Work::Request(id));
    }

    /// A token comes back to its pool: who waits for it first gets it.
    #[inline(always)]
    fn give_back_token(&mut self, now: Time, pool: PoolId) {
        let part = &mut self.pools[pool.index()];
        match part.release(now, &self.requests) {
            Some(next) => self.goes_on_with(now, next, Some(Held::Token(pool))),
            None if part.waiting() > 0 => self.wake_for_pool(now, pool),
            None => {}
        }
    }

    /// Something held that is not a token comes back, and the first that waits for it gets it.
    #[inline(never)]
    fn give_back_other(&mut self, now: Time, id: u32, held: Held) {
        match held {
            Held::Token(pool) => self.give_back_token(now, pool),
            Held::Tokens(pool, tokens) => {
                self.pools[pool.index()].release_many(now, tokens);
                self.hand_out(now, pool);
            }
            Held::Connected(pool) => {
                self.give_back_connection(now, id, pool);
                self.give_back_token(now, pool);
            }
            Held::Lock(key, entity) if entity != NONE => {
                let request = &self.requests[id];
                let failed = request.code != ResponseCode::OK || request.cancelled;
                let locks = self.locks[key as usize].as_mut();
                let next = locks.and_then(|l| l.release(now, entity, failed, &self.requests));
                match next {
                    Some(next) => self.lock_handed(now, key, entity, next),
                    None => self.wake_for_lock(now, key, entity),
                }
            }
            Held::Permit(limit) => self.leave_limit(now, id, limit),
            Held::Fetch(cache, key) => self.fetch_over(now, id, cache, key),
            Held::Wake(pool) => self.pool_is_awake(now, pool.index()),
            Held::Replica(service, replica) => self.leave_replica(now, id, service, replica),
            Held::Lock(..) | Held::Version(..) => {}
        }
    }

    /// A delay of a request is over. Returns the request if it is over as well.
    #[inline(always)]
    pub(super) fn delay_over(&mut self, now: Time, id: u32, ticket: u32) -> Option<Over> {
        let mut request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Delayed {
            return None;
        }
        if self.slow.is_some() {
            self.trace(now, id, false);
            request = &mut self.requests[id];
        }
        let time = &mut self.op_times[request.at as usize];
        time.visits += 1;
        time.served += u128::from(now.since_past(request.since).0);
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        request.at += 1;
        self.advance(now, id)
    }

    /// A request has waited as long as its timeout or patience allows: it fails.
    pub(super) fn patience_over(&mut self, now: Time, id: u32, ticket: u32) {
        let request = &self.requests[id];
        if request.ticket == ticket && request.state == RequestState::Waiting {
            self.leave_queue(now, id);
            self.fail(now, id, ResponseCode(GAVE_UP_WAITING));
        } else {
            self.forget_waits();
        }
    }

    /// Takes a waiting request out of its queue.
    pub(super) fn leave_queue(&mut self, now: Time, id: u32) {
        self.trace(now, id, true);
        let request = &mut self.requests[id];
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        let at = request.at as usize;
        self.op_times[at].waited += u128::from(now.since(request.since).0);
        match self.ops[at] {
            Op::Serve { station, .. } => {
                self.stations[station.index()].0.renege(now);
                self.number_changed(now, station.index());
            }
            Op::Acquire { pool } | Op::AcquireKept { pool } => {
                self.pools[pool.index()].renege(now);
            }
            Op::AcquireMany { pool, .. } => {
                self.pools[pool.index()].renege_many(now, id);
                // Who stood behind it may have enough.
                self.hand_out(now, pool);
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

    /// Nobody waits for the answer any more. The work goes on unless the endpoint cancels it.
    pub(super) fn client_gone(&mut self, id: u32) {
        self.gone(id, false);
    }

    /// As [`World::client_gone`]; if it is `dropped`, the work ends whatever the endpoint says.
    pub(super) fn gone(&mut self, id: u32, dropped: bool) {
        let now = self.queue.now();
        if self.fleet.is_some() {
            self.disconnect(id);
        }
        let request = &mut self.requests[id];
        request.client = NONE;
        request.abandoned = true;
        if request.cancelled {
            // It ends at this instant, or when what it has called ends.
            return;
        }
        if request.state == RequestState::Dialling {
            return self.dialler_gone(now, id);
        }
        if request.state == RequestState::Attempting && self.is_front(id) {
            return self.front_gone(now, id);
        }
        let request = &mut self.requests[id];
        if !dropped && !self.model.endpoints[request.endpoint as usize].cancel {
            return;
        }
        match request.state {
            RequestState::Waiting => self.leave_queue(now, id),
            RequestState::InService => self.leave_service(now, id),
            RequestState::Delayed | RequestState::Travelling => self.leave_way(id),
            // It ends instead of going on: at once if it has just been given what it waited for, else when
            // what it has called ends, which goes on.
            _ => {
                request.cancelled = true;
                return;
            }
        }
        self.finish(now, id);
    }

    pub(super) fn fail(&mut self, now: Time, id: u32, code: ResponseCode) {
        self.requests[id].code = code;
        self.finish(now, id);
    }

    /// A station or a pool has no place for a request. A connection is refused to it only if that is the first
    /// that it comes to; a delay before is the way there.
    #[cold]
    pub(super) fn refuse(&mut self, now: Time, id: u32, code: ResponseCode) {
        let request = &self.requests[id];
        let entry = self.entry[usize::from(request.endpoint)] as usize;
        let comes_to = |op: &Op| {
            matches!(
                op,
                Op::Serve { .. }
                    | Op::Acquire { .. }
                    | Op::AcquireKept { .. }
                    | Op::AcquireMany { .. }
                    | Op::Lock { .. }
                    | Op::Cache { .. }
                    | Op::Call(_)
                    | Op::Join
                    | Op::Balance { .. }
            )
        };
        let inside = self.ops[entry..request.at as usize].iter().any(comes_to);
        let refused_inside = code == ResponseCode::REFUSED && inside;
        self.fail(now, id, if refused_inside { BAD_GATEWAY } else { code });
    }

    /// A request is over: everything held comes back, its client or caller is notified.
    pub(super) fn finish(&mut self, now: Time, id: u32) {
        while self.requests[id].held > 0 {
            self.give_back_last(now, id);
        }
        if self.answers_by_end(id) {
            return self.close_with_answer(id);
        }
        self.finish_otherwise(now, id);
    }

    /// A request that has nothing to do but to answer its client does so and is over.
    fn close_with_answer(&mut self, id: u32) {
        let (request, free) = self.requests.slot_and_free(id);
        let answer = *request;
        let client = request.end();
        free.push(id);
        if client != NONE {
            self.notices.push(Notice::Answered(answer));
            self.ready.push_back(Work::Vu(client));
        }
    }

    /// As [`World::finish`], where there is a caller or a network, or somebody looks where the time went.
    #[inline(never)]
    fn finish_otherwise(&mut self, now: Time, id: u32) {
        if self.links.is_some() && self.answer_returns(now, id) {
            return;
        }
        self.answer_client(now, id);
        let request = self.close(id);
        if request.parent.0 != NONE {
            let request = *request;
            self.notify_caller(now, (id, &request));
        }
    }

    /// A request's client gets its answer, over the network if there is one; the request may go on.
    fn answer_client(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        let answer = *request;
        request.client = NONE;
        if answer.client == NONE {
            return;
        }
        if self.slow.is_some() {
            self.trace_answer(now, id);
        }
        if let Some(network) = &self.model.network {
            self.answer_sets_out(now, network, id, answer.client);
            return;
        }
        self.notices.push(Notice::Answered(answer));
        self.ready.push_back(Work::Vu(answer.client));
    }

    /// Answers a request's client or caller before the request ends; nobody waits for the rest.
    fn answer_early(&mut self, now: Time, id: u32) {
        if self.fleet.is_some() {
            self.disconnect(id);
        }
        self.answer_client(now, id);
        if self.deadlines.is_some() {
            self.forget_deadline(id);
        }
        let request = self.requests[id];
        if request.parent.0 != NONE {
            if self.slow.is_some() {
                self.trace_over(id);
            }
            self.requests[id].parent = (NONE, 0);
            self.notify_caller(now, (id, &request));
        }
    }

    /// The slot of a request that is over is free. Returns the request as it ended.
    #[inline]
    fn close(&mut self, id: u32) -> &Request {
        if self.slow.is_some() {
            self.trace_over(id);
        }
        self.requests.close(id)
    }

    /// What the request took last comes back.
    #[inline(never)]
    pub(super) fn give_back_last(&mut self, now: Time, id: u32) {
        self.give_back_here(now, id);
    }

    /// As [`World::give_back_last`], in the place of the call.
    #[inline(always)]
    fn give_back_here(&mut self, now: Time, id: u32) {
        let held = self.requests.let_go(id);
        if let Some(Held::Token(pool)) = held {
            self.give_back_token(now, pool);
        } else if let Some(held) = held {
            self.give_back_other(now, id, held);
        }
    }

    /// The request that called this one, which has answered or is over, is notified.
    fn notify_caller(&mut self, now: Time, (id, over): (u32, &Request)) {
        let (parent, generation) = over.parent;
        if !self.requests.is_live(parent, generation) {
            return;
        }
        if self.requests[parent].state == RequestState::Attempting {
            return self.attempt_over(now, parent, (id, over));
        }
        let &Request {
            code,
            context,
            admitted,
            nothing_free,
            ..
        } = over;
        let caller = &mut self.requests[parent];
        if code != ResponseCode::OK {
            caller.code = if code.status() == 0 && code != ResponseCode::TIMEOUT {
                BAD_GATEWAY
            } else {
                code
            };
        }
        if caller.state == RequestState::Calling {
            caller.context = context;
            caller.admitted |= admitted;
            caller.nothing_free |= nothing_free;
            caller.state = RequestState::Ready;
            if code == ResponseCode::OK {
                self.ready.push_back(Work::Request(parent));
            } else {
                self.finish(now, parent);
            }
        } else {
            caller.branches = caller.branches.saturating_sub(1);
            if caller.branches == 0 && caller.state == RequestState::Joining {
                caller.state = RequestState::Ready;
                self.ready.push_back(Work::Request(parent));
            }
        }
    }

    /// A request calls an endpoint. Returns the number of the new request, if there can be one: calls that call
    /// others may be more than any machine can hold, and then the run ends.
    pub(super) fn start_child(
        &mut self,
        now: Time,
        id: u32,
        endpoint: EndpointId,
        attached: bool,
    ) -> Option<u32> {
        if self.calls_too_many(endpoint) {
            return None;
        }
        let caller = self.requests[id];
        let (child, ticket, generation) = self.requests.next_free();
        self.requests[child] = Request {
            parent: if attached {
                (id, caller.generation)
            } else {
                (NONE, 0)
            },
            site: caller.site,
            origin: caller.origin,
            abandoned: caller.abandoned,
            sent: now,
            context: caller.context,
            ticket,
            generation,
            ..Request::new(endpoint, self.entry[endpoint.index()])
        };
        if attached && self.deadlines.is_some() {
            self.pass_deadline_on(id, child);
        }
        if self.links.is_none() || !self.call_sets_out(now, id, child) {
            self.ready.push_back(Work::Request(child));
        }
        Some(child)
    }

    /// One more request that no client makes. Returns whether there are too many: then the run ends.
    fn calls_too_many(&mut self, endpoint: EndpointId) -> bool {
        if self.requests.live() >= self.called_at_once + self.clients {
            self.ready.clear();
            self.stop(Termination::TooManyRequests(endpoint));
            return true;
        }
        self.endpoint_states[endpoint.index()].called += 1;
        false
    }

    /// The system itself makes a request of an endpoint, about no entity. Returns its number, if there can be one.
    pub(super) fn start_alone(&mut self, now: Time, endpoint: EndpointId) -> Option<u32> {
        if self.calls_too_many(endpoint) {
            return None;
        }
        let (id, ticket, generation) = self.requests.next_free();
        self.requests[id] = Request {
            sent: now,
            ticket,
            generation,
            ..Request::new(endpoint, self.entry[endpoint.index()])
        };
        self.ready.push_back(Work::Request(id));
        Some(id)
    }

    /// A hold on a seat has run out.
    pub(super) fn hold_expires(&mut self, now: Time, hold: u32) {
        if let Some(inventory) = &mut self.inventory {
            inventory.expire(now, hold);
        }
    }
}

/// The code of a refusal: status 0 is a refused connection.
pub(super) fn refusal(status: u16) -> ResponseCode {
    if status == 0 {
        ResponseCode::REFUSED
    } else {
        ResponseCode(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    /// Each call makes two of the next.
    fn calls(visits: &str, levels: usize) -> Model {
        let mut text = String::from(
            "[scenarios.default]\nexecutor = \"per-vu-iterations\"\nvus = 1\niterations = 1\njourney = \"j\"\n\
             [journeys]\nj = [{ request = \"e0\" }, { sleep = \"9s\" }]\n",
        );
        for level in 0..levels {
            let next = format!("e{}", level + 1);
            let visits = visits.replace("NEXT", &next);
            text += &format!("[endpoints.e{level}]\nvisits = [{visits}]\n");
        }
        text += &format!("[endpoints.e{levels}]\nvisits = [{{ delay = \"1s\" }}]\n");
        Model::from_text("test.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn calls_that_multiply_end_the_run() {
        let spawned = "{ delay = \"1ms\" }, { spawn = \"NEXT\" }, { spawn = \"NEXT\" }";
        let called = "{ parallel = [\"NEXT\", \"NEXT\"] }";
        for visits in [spawned, called] {
            let model = calls(visits, 40);
            let mut world = World::new(&model, 1, 0);
            world.called_at_once = 1000;
            let outcome = world.run();
            let Termination::TooManyRequests(endpoint) = outcome.end else {
                panic!("{:?}", outcome.end);
            };
            assert_eq!(outcome.in_system, 1002);
            let complaint = outcome.end.complaint(&model).unwrap_or_default();
            let name = &model.endpoints[endpoint.index()].name;
            assert!(complaint.contains(&format!("`{name}` is called")));
            // As many as there may be do no harm.
            let model = calls(visits, 8);
            let mut world = World::new(&model, 1, 0);
            world.called_at_once = 1000;
            assert_eq!(world.run().end, Termination::Finished);
        }
    }
}
