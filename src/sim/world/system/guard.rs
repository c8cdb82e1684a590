//! Guarded calls: a call that is made again when it fails, or that may take so long and no longer. The caller stays
//! at its `Guard` operation until the outcome is known, and then goes on behind the `Call` that follows it.

use crate::engine::{Span, Time};
use crate::measure::recorder::ResponseCode;
use crate::model::breaker::BreakerId;
use crate::model::retry::{GuardId, RetryId};
use crate::model::system::{EndpointId, Op};
use crate::parts::retry::{Tries, Verdict, includes};

use super::System;
use super::ending::BAD_GATEWAY;
use super::request::{NONE, Request, RequestState};
use crate::world::event::{Event, Kind};
use crate::world::kernel::{Kernel, Work};

/// Status of a request whose call was given up after its timeout.
const GATEWAY_TIMEOUT: ResponseCode = ResponseCode(504);

/// The attempts of a guarded call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardedCall {
    /// The policy whose books the call stands in.
    policy: Option<RetryId>,
    pub tries: Tries,
    /// The request that is the present attempt, its first copy; `NONE` between two attempts.
    pub attempt: u32,
    /// When the present attempt began.
    pub begun: Time,
    /// The second copy of the present attempt; `NONE` if there is none.
    pub second: u32,
    /// When that was sent.
    pub second_begun: Time,
}

impl GuardedCall {
    pub const NONE: GuardedCall = GuardedCall {
        policy: None,
        tries: Tries::NEW,
        attempt: NONE,
        begun: Time::ZERO,
        second: NONE,
        second_begun: Time::ZERO,
    };

    /// The server asks for such a pause.
    pub fn is_asked(&mut self, wait: Span) {
        self.tries.retry_after = wait;
    }

    /// The policy of a call that is under way.
    pub fn policy(&self) -> Option<RetryId> {
        self.policy
    }
}

impl System<'_> {
    /// A request makes a guarded call: its first attempt.
    #[inline(never)]
    pub(crate) fn begin_guarded_call(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        guard: GuardId,
    ) {
        let at = id as usize;
        if self.retries.calls.len() <= at {
            self.retries.calls.resize(at + 1, GuardedCall::NONE);
        }
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Attempting, now);
        let policy = self.model.guards[guard.index()].retry;
        let mut call = GuardedCall {
            policy,
            ..GuardedCall::NONE
        };
        if let Some(policy) = policy {
            call.tries = self.retries.policies[policy.index()].begin(now);
        }
        self.retries.calls[at] = call;
        self.attempt(kernel, now, id);
    }

    /// The guard and the endpoint of the guarded call that a request makes.
    pub(crate) fn guarded(&self, id: u32) -> Option<(GuardId, EndpointId)> {
        let at = self.requests[id].at as usize;
        // Of a caller that waits for a plain call, what stands here is behind that.
        match *self.ops.get(at..at + 2)? {
            [Op::Guard(guard), Op::Call(endpoint)] => Some((guard, endpoint)),
            _ => None,
        }
    }

    /// A request makes an attempt of its guarded call.
    fn attempt(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let Some((guard, endpoint)) = self.guarded(id) else {
            return;
        };
        let guard = &self.model.guards[guard.index()];
        if let Some(breaker) = guard.breaker
            && !self.breakers[breaker.index()].permits(now)
        {
            return self.attempt_rejected(kernel, now, id, breaker);
        }
        let Some(child) = self.start_child(kernel, now, id, endpoint, true) else {
            if let Some(breaker) = guard.breaker {
                // The run ends here, and the call is never made.
                self.breakers[breaker.index()].probe.permitted -= 1;
            }
            return;
        };
        let call = &mut self.retries.calls[id as usize];
        (call.attempt, call.begun) = (child, now);
        if let Some(timeout) = guard.timeout {
            let generation = self.requests[child].generation;
            let event = Event::stale_after(Kind::AttemptTimeout, child, generation);
            kernel.after(timeout, event);
        }
        if let Some(policy) = guard.hedge {
            self.plan_hedge(kernel, now, id, child, policy);
        }
    }

    /// The pause before an attempt is over.
    pub(crate) fn attempt_again(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Attempting {
            return;
        }
        if request.cancelled {
            return self.break_off_call(kernel, now, id);
        }
        self.trace(now, id, true);
        let waited = now.since(self.requests[id].since).0;
        self.op_times[self.requests[id].at as usize].waited += u128::from(waited);
        self.attempt(kernel, now, id);
    }

    /// An attempt has taken as long as it may: its caller waits for it no more, and it goes on for nobody.
    pub(crate) fn attempt_timeout(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        child: u32,
        generation: u32,
    ) {
        if !self.requests.is_live(child, generation) {
            return;
        }
        let Some(caller) = self.requests.caller(child) else {
            return;
        };
        if self.slow.is_some() {
            self.trace_over(child);
        }
        if self.fleet.is_some() {
            self.disconnect(child);
        }
        self.requests[child].parent = (NONE, 0);
        self.client_gone(kernel, child);
        let over = Request {
            code: ResponseCode::TIMEOUT,
            ..self.requests[caller]
        };
        self.attempt_over(kernel, now, caller, (child, &over));
    }

    /// An attempt of a guarded call has ended, or one copy of it: the request of this number, as the callee left it.
    #[inline(never)]
    pub(crate) fn attempt_over(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        (copy, over): (u32, &Request),
    ) {
        if !self.copy_over(kernel, now, id, copy, over.code.is_expected()) {
            return;
        }
        let call = &mut self.retries.calls[id as usize];
        call.attempt = NONE;
        let (took, again) = (now.since(call.begun), call.tries.made > 1);
        self.tell_breaker(now, id, over.code, took);
        if again && over.code == ResponseCode::OK {
            // What was asked of the senders was about an attempt that no longer counts.
            self.tell_senders(id, Span::ZERO);
        }
        if self.requests[id].cancelled {
            return self.break_off_call(kernel, now, id);
        }
        let late = self.is_late(now, id);
        let call = &mut self.retries.calls[id as usize];
        if let Some(policy) = call.policy {
            let policy = &mut self.retries.policies[policy.index()];
            if late {
                policy.ended_late(now, &mut call.tries, over.code);
            } else if let Verdict::Again(pause) = policy.ended(now, &mut call.tries, over.code) {
                return self.attempt_later(kernel, now, id, pause);
            }
        }
        self.call_over(kernel, now, id, over);
    }

    /// A guarded call has come to its outcome.
    fn call_over(&mut self, kernel: &mut Kernel, now: Time, id: u32, over: &Request) {
        let policy = self.retries.calls[id as usize].policy.take();
        self.op_times[self.requests[id].at as usize].visits += 1;
        let as_it_is = self.is_front(id);
        let caller = &mut self.requests[id];
        caller.ticket = caller.ticket.wrapping_add(1);
        caller.context = over.context;
        caller.admitted |= over.admitted;
        caller.nothing_free |= over.nothing_free;
        caller.state = RequestState::Ready;
        if over.code == ResponseCode::OK {
            caller.at += 2;
            kernel.ready.push_back(Work::Request(id));
        } else {
            caller.code = match over.code {
                code if as_it_is => code,
                ResponseCode::TIMEOUT => GATEWAY_TIMEOUT,
                code if code.status() == 0 => policy.map_or(BAD_GATEWAY, |policy| {
                    ResponseCode(self.model.retries[policy.index()].refusal)
                }),
                code => code,
            };
            self.finish(kernel, now, id);
        }
    }

    /// The breaker of a guarded call does not let an attempt through.
    fn attempt_rejected(&mut self, kernel: &mut Kernel, now: Time, id: u32, breaker: BreakerId) {
        let call = &mut self.retries.calls[id as usize];
        if let Some(policy) = call.policy {
            let policy = &mut self.retries.policies[policy.index()];
            if let Verdict::Again(pause) = policy.rejected(now, &mut call.tries) {
                return self.attempt_later(kernel, now, id, pause);
            }
        }
        let over = Request {
            code: ResponseCode(self.model.breakers[breaker.index()].status),
            ..self.requests[id]
        };
        self.call_over(kernel, now, id, &over);
    }

    /// The breaker of a guarded call, if it has one, learns how an attempt ended.
    fn tell_breaker(&mut self, now: Time, id: u32, code: ResponseCode, took: Span) {
        let guard = self.guarded(id).map(|(guard, _)| guard);
        let breaker = guard.and_then(|guard| self.model.guards[guard.index()].breaker);
        if let Some(breaker) = breaker {
            let spec = &self.model.breakers[breaker.index()];
            let failed = includes(&spec.failures, code);
            self.breakers[breaker.index()].record(now, failed, took);
        }
    }

    /// Attempts under way that this breaker has let through.
    pub(crate) fn attempts_of(&self, breaker: usize) -> u64 {
        let calls = self.retries.calls.iter().zip(0_u32..);
        let under_way = calls.filter(|(call, _)| call.attempt != NONE || call.second != NONE);
        let own = under_way.filter(|(_, id)| {
            let guard = self.guarded(*id).map(|(guard, _)| guard);
            let guard = guard.map(|guard| &self.model.guards[guard.index()]);
            guard
                .and_then(|guard| guard.breaker)
                .is_some_and(|b| b.index() == breaker)
        });
        own.count() as u64
    }

    fn attempt_later(&mut self, kernel: &mut Kernel, now: Time, id: u32, pause: Span) {
        if pause == Span::ZERO {
            return self.attempt(kernel, now, id);
        }
        let request = &mut self.requests[id];
        request.since = now;
        let event = Event::stale_after(Kind::AttemptAgain, id, request.ticket);
        kernel.queue.at(now + pause, event);
    }

    /// A caller is dropped instead of trying again.
    fn break_off_call(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let call = std::mem::replace(&mut self.retries.calls[id as usize], GuardedCall::NONE);
        if let Some(policy) = call.policy {
            self.retries.policies[policy.index()].broken_off(&call.tries);
        }
        self.finish(kernel, now, id);
    }
}
