//! Hedged attempts: a second copy of an attempt that is not answered in time. A journey's request whose attempts are
//! hedged is one to a front (`model/read/guard.rs`), which makes the call; so both kinds of hedging are guarded calls.

use crate::engine::{Time, Turn};
use crate::model::retry::RetryId;

use super::System;
use super::guard::GuardedCall;
use super::request::NONE;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

impl System<'_> {
    /// The first copy of an attempt has set out: the second follows at once, later, or never.
    pub(crate) fn plan_hedge(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        first: u32,
        policy: RetryId,
    ) {
        let Some(after) = self.retries.policies[policy.index()].hedge_after() else {
            return;
        };
        if after.0 == 0 {
            return self.send_second(kernel, now, id);
        }
        let generation = self.requests[first].generation;
        let event = Event::stale_after(Kind::HedgeDue, first, generation);
        kernel.queue.at_turn(now + after, Turn::Late, event);
    }

    /// An attempt has not been answered for so long that its second copy is due.
    pub(crate) fn hedge_due(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        first: u32,
        generation: u32,
    ) {
        if !self.requests.is_live(first, generation) {
            return;
        }
        let Some(caller) = self.requests.caller(first) else {
            return;
        };
        let waits = self.retries.calls[caller as usize].attempt == first;
        if waits && !self.requests[caller].cancelled {
            self.send_second(kernel, now, caller);
        }
    }

    fn send_second(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let Some((guard, endpoint)) = self.guarded(id) else {
            return;
        };
        let guard = &self.model.guards[guard.index()];
        let Some(at) = guard.hedge.map(RetryId::index) else {
            return;
        };
        let policy = &mut self.retries.policies[at];
        let allowed = if guard.front {
            let client = self.requests[id].client as usize;
            match self.retries.of_vus.get_mut(client) {
                Some(Some((_, tries))) => policy.hedges(now, tries),
                _ => return,
            }
        } else {
            policy.hedges(now, &mut self.retries.calls[id as usize].tries)
        };
        if !allowed {
            return;
        }
        let Some(second) = self.start_child(kernel, now, id, endpoint, true) else {
            // The run ends here, and the copy is never sent.
            self.retries.policies[at].probe.hedges -= 1;
            return;
        };
        let call = &mut self.retries.calls[id as usize];
        (call.second, call.second_begun) = (second, now);
        if let Some(timeout) = guard.timeout {
            let generation = self.requests[second].generation;
            let event = Event::stale_after(Kind::AttemptTimeout, second, generation);
            kernel.after(timeout, event);
        }
    }

    /// A copy of a hedged attempt has ended, well or not. Returns whether the attempt has ended with it; else its other
    /// copy is waited for.
    pub(crate) fn copy_over(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        copy: u32,
        ok: bool,
    ) -> bool {
        let policy = self
            .guarded(id)
            .and_then(|(guard, _)| self.model.guards[guard.index()].hedge);
        let Some(policy) = policy.map(RetryId::index) else {
            return true;
        };
        let call = &mut self.retries.calls[id as usize];
        let is_second = call.second == copy;
        let other = if is_second {
            call.second = NONE;
            call.attempt
        } else {
            call.second
        };
        if !is_second {
            call.attempt = NONE;
        }
        let took = now.since(call.begun);
        let probe = &mut self.retries.policies[policy].probe;
        if other != NONE {
            if !ok && !self.requests[id].cancelled {
                probe.hedges_failed += 1;
                return false;
            }
            self.lose(kernel, now, id, other, policy);
        }
        let policy = &mut self.retries.policies[policy];
        policy.probe.hedges_won += u64::from(ok && is_second);
        policy.attempt_took(took);
        true
    }

    /// The answer of a copy is no longer needed.
    fn lose(&mut self, kernel: &mut Kernel, now: Time, id: u32, copy: u32, policy: usize) {
        let call = &mut self.retries.calls[id as usize];
        let begun = if call.second == copy {
            call.second_begun
        } else {
            call.begun
        };
        (call.attempt, call.second) = (NONE, NONE);
        let policy = &mut self.retries.policies[policy];
        policy.hedge_lost(now.since(begun));
        let cancels = policy.cancels();
        self.leave_copy(kernel, copy, cancels);
    }

    /// Nobody waits for a copy any more.
    fn leave_copy(&mut self, kernel: &mut Kernel, copy: u32, cancels: bool) {
        if self.fleet.is_some() {
            self.disconnect(copy);
        }
        self.requests[copy].parent = (NONE, 0);
        if self.slow.is_some() {
            self.trace_over(copy);
        }
        self.gone(kernel, copy, cancels);
    }

    /// Whether a request stands for one of a journey and waits for its copies.
    pub(crate) fn is_front(&self, id: u32) -> bool {
        let guard = self.guarded(id).map(|(guard, _)| guard);
        guard.is_some_and(|guard| self.model.guards[guard.index()].front)
    }

    /// The VU whose request this front stands for has gone: so has the client of the copies.
    pub(crate) fn front_gone(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let policy = self
            .guarded(id)
            .and_then(|(guard, _)| self.model.guards[guard.index()].hedge);
        let call = std::mem::replace(&mut self.retries.calls[id as usize], GuardedCall::NONE);
        if let Some(policy) = policy {
            let policy = &mut self.retries.policies[policy.index()];
            policy.attempt_took(now.since(call.begun));
            if call.attempt != NONE && call.second != NONE {
                policy.hedge_lost(now.since(call.second_begun));
            }
        }
        for copy in [call.attempt, call.second] {
            if copy != NONE {
                self.leave_copy(kernel, copy, false);
            }
        }
        self.finish(kernel, now, id);
    }

    /// Attempts under this policy of which both copies are under way.
    pub(crate) fn both_under_way(&self, policy: usize) -> u64 {
        let calls = self.retries.calls.iter().zip(0_u32..);
        let pairs = calls.filter(|(call, _)| call.attempt != NONE && call.second != NONE);
        let own = pairs.filter(|(_, id)| {
            let guard = self.guarded(*id).map(|(guard, _)| guard);
            let hedge = guard.and_then(|guard| self.model.guards[guard.index()].hedge);
            hedge.is_some_and(|hedge| hedge.index() == policy)
        });
        own.count() as u64
    }
}
