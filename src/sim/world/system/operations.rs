//! How a request is received, and runs the program of its endpoint.

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;
use crate::model::system::{DistId, EndpointId, Op};
use crate::parts::Admission;

use super::System;
use super::ending::refusal;
use super::request::{Client, NONE, Received, Request, RequestState};
use super::service::PlainVisit;
use crate::world::event::{Event, Kind};
use crate::world::kernel::{Kernel, Work};

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

impl System<'_> {
    /// The number of the next request that a client sends.
    #[inline(always)]
    pub(crate) fn open(&mut self) -> u32 {
        self.requests.open()
    }

    /// A client sends a request of an endpoint whose program begins at `entry`. Returns what is to be done with it.
    // The number is known before the client is looked at, so that what is known of it goes into the request's slot at once.
    #[inline(always)]
    pub(crate) fn receive(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        client: Client,
        (endpoint, entry): (EndpointId, u32),
    ) -> Received {
        let request = &mut self.requests[id];
        let ticket = request.ticket;
        *request = Request {
            client: client.id,
            site: client.site,
            origin: client.origin,
            sent: now,
            since: now,
            context: client.context,
            ticket,
            generation: request.generation,
            // Mostly it is served at once.
            state: RequestState::InService,
            ..Request::new(endpoint, entry)
        };
        if self.receives_directly {
            let op = &self.ops[entry as usize];
            if let Some(visit) = PlainVisit::of(op) {
                self.arrived += 1;
                let stations = &mut self.stations;
                match visit.begin(kernel, now, (id, request), stations) {
                    Admission::Granted | Admission::Queued => return Received::Waits,
                    other => self.visit_otherwise(kernel, now, id, entry as usize, other),
                }
                return Received::MayBeOver;
            }
            if let Op::Delay(time) = *op {
                self.arrived += 1;
                request.state = RequestState::Delayed;
                kernel.after(time, Event::stale_after(Kind::DelayOver, id, ticket));
                return Received::Waits;
            }
        }
        request.state = RequestState::Ready;
        Received::Enters
    }

    /// A request that was received passes through a network first, or does something at once. Its sender is a VU by number, in
    /// this iteration and with this generation.
    pub(crate) fn enter(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        (client, iteration, generation): (u32, u32, u32),
    ) {
        if let Some(fleet) = &mut self.fleet {
            fleet.sends_in(client, iteration);
        }
        match &self.model.network {
            Some(network) => {
                self.connected_by(client, generation);
                self.send_over_network(kernel, now, network, id);
            }
            None => {
                self.arrived += 1;
                self.advance_and_answer(kernel, now, id);
            }
        }
    }

    /// As [`System::advance`]; a client that can go on does so when its turn comes.
    pub(crate) fn advance_and_answer(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        if let Some(id) = self.advance(kernel, now, id)
            && let Some(client) = self.close_with_answer(id)
        {
            kernel.ready.push_back(Work::Vu(client));
        }
    }

    /// Runs the program of a request's endpoint until virtual time must pass. Returns the request if it is over then and
    /// has nothing to do but to answer its client.
    #[inline(never)]
    pub(crate) fn advance(&mut self, kernel: &mut Kernel, now: Time, id: u32) -> Option<u32> {
        let request = &self.requests[id];
        if request.cancelled {
            self.drop_cancelled(kernel, now, id);
            return None;
        }
        let mut at = request.at as usize;
        loop {
            // Where a request stands is noted before all that it may wait or end at, and not behind each operation.
            match self.ops[at] {
                Op::Serve { .. } => {
                    self.visit_here(kernel, now, id, at);
                    return None;
                }
                Op::Delay(time) => {
                    self.delay(kernel, now, id, at, time);
                    return None;
                }
                Op::Acquire { pool } => {
                    if !self.acquire(kernel, now, id, at, pool) {
                        return None;
                    }
                }
                Op::Release(_) => self.give_back_here(kernel, now, id),
                Op::Unlock(_) | Op::Leave(_) => self.give_back_last(kernel, now, id),
                Op::IssueToken => {
                    if let Err(code) = self.issue_token(kernel, now, id) {
                        self.fail(kernel, now, id, code);
                        return None;
                    }
                }
                Op::Done => return self.end_program(kernel, now, id),
                rarer_op!() => {
                    self.requests[id].at = at as u32;
                    at += self.rarer_op(kernel, now, id, at)?;
                }
                op @ instant_op!() => {
                    if let Err(code) = self.instant_op(kernel, now, id, op) {
                        self.fail(kernel, now, id, code);
                        return None;
                    }
                }
            }
            at += 1;
        }
    }

    /// Time passes for a request at the operation at `at`.
    #[inline(always)]
    pub(crate) fn delay(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        at: usize,
        time: DistId,
    ) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Delayed, now);
        request.at = at as u32;
        let ticket = request.ticket;
        kernel.after(time, Event::stale_after(Kind::DelayOver, id, ticket));
    }

    /// A request comes to the end of its program: it is over.
    #[inline(always)]
    pub(crate) fn end_program(&mut self, kernel: &mut Kernel, now: Time, id: u32) -> Option<u32> {
        if !self.answers_by_end(id) {
            self.finish(kernel, now, id);
            return None;
        }
        Some(id)
    }

    /// Whether a request at the end of its program has nothing to do but to answer its client.
    #[inline(always)]
    pub(crate) fn answers_by_end(&self, id: u32) -> bool {
        let request = &self.requests[id];
        request.held == 0 && request.parent.0 == NONE && self.answers_directly
    }

    /// The rarer operations that may hold a request up. Returns how many of those behind it are skipped, or nothing if
    /// the request does not go on now.
    // By a call: what any of them may need would be made ready for each request that comes to another.
    #[inline(never)]
    pub(crate) fn rarer_op(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        at: usize,
    ) -> Option<usize> {
        let goes_on = match self.ops[at] {
            Op::AcquireKept { pool } => {
                self.takes_kept(now, id, pool) || self.acquire(kernel, now, id, at, pool)
            }
            Op::AcquireMany { pool, tokens } => self.acquire_many(kernel, now, id, pool, tokens),
            Op::Lock { .. } => self.take_lock(kernel, now, id, at),
            Op::Connect(pool) => self.connect(kernel, now, id, pool),
            Op::RateLimit(limit) => self.comes_to_limit(kernel, now, id, limit),
            Op::Store(_) => self.stores(kernel, now, id),
            op @ (Op::Limit(_) | Op::Enter { .. }) => self.meet_limit(kernel, now, id, op),
            op @ (Op::Deadline(_) | Op::InTime) => self.meet_deadline(kernel, now, id, op),
            Op::Fork(endpoint) => {
                self.requests[id].branches += 1;
                self.start_child(kernel, now, id, endpoint, true).is_some()
            }
            Op::Spawn(endpoint) => self.start_child(kernel, now, id, endpoint, false).is_some(),
            Op::Join => self.join(kernel, now, id),
            Op::Balance { service, stride } => return self.route(kernel, now, id, service, stride),
            Op::Cache { .. } => return self.ask_cache(kernel, now, id, at),
            Op::SlowedDelay { time, pace } => {
                self.slowed_delay(kernel, now, id, time, pace);
                false
            }
            Op::Guard(guard) => {
                self.begin_guarded_call(kernel, now, id, guard);
                false
            }
            Op::Call(endpoint) => {
                self.call(kernel, now, id, endpoint);
                false
            }
            _ => true,
        };
        goes_on.then_some(0)
    }

    /// Operations on tokens, seats and the waiting room: no time, no queue, but they may fail.
    pub(crate) fn instant_op(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        op: Op,
    ) -> Result<(), ResponseCode> {
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
            Op::IssueToken => return self.issue_token(kernel, now, id),
            Op::QueueStatus => {
                let token = request.context.token;
                let admitted = self.ask_room(kernel, now, token);
                self.requests[id].admitted = admitted;
            }
            Op::RenewSession => {
                let token = request.context.token;
                self.renew_session(kernel, now, token);
            }
            Op::LeaveRoom => {
                let token = request.context.token;
                self.leave_room(kernel, now, token);
            }
            Op::ListSeats => self.list_seats(kernel, now, id),
            Op::Look(status) => return self.look(id, status),
            Op::Claim(status) => return self.claim(kernel, now, id, status),
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
            Op::Keep(pool) => self.keep_token(kernel, now, id, pool),
            Op::Respond => self.answer_early(kernel, now, id),
            _ => {}
        }
        Ok(())
    }

    /// A delay of a request is over. Returns the request if it is over as well.
    #[inline(always)]
    pub(crate) fn delay_over(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        ticket: u32,
    ) -> Option<u32> {
        let mut request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Delayed {
            return None;
        }
        if self.slow.is_some() {
            self.trace(now, id, false);
            request = &mut self.requests[id];
        }
        self.op_times[request.at as usize].served_since(now, request.since);
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        request.at += 1;
        self.advance(kernel, now, id)
    }
}
