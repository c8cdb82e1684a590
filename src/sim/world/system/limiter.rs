//! Limits on the rate of requests and on their number at once, as requests meet them.

use crate::engine::{Span, Time};
use crate::measure::recorder::ResponseCode;
use crate::model::Model;
use crate::model::limit::{LimitId, LimitKey, LimitKind};
use crate::model::system::Op;
use crate::parts::concurrency_limit::{ConcurrencyLimiter, ConcurrencyProbe, Ended};
use crate::parts::token_bucket::{Pass, RateLimiter, RateProbe};

use super::System;
use super::request::{Held, NONE, RequestState};
use crate::world::audit::{Audit, Law};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// A limit at work.
#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    Rate(RateLimiter),
    Concurrency(ConcurrencyLimiter),
}

/// What a limit measured.
#[derive(Clone, Debug)]
pub enum LimitProbe {
    /// On a rate.
    Rate(RateProbe),
    /// On requests at once.
    Concurrency(ConcurrencyProbe),
}

/// The limits of a model, in its order.
pub(crate) fn limiters(model: &Model) -> Vec<Limiter> {
    let limits = model.limits.iter().map(|limit| match &limit.kind {
        LimitKind::Rate(spec) => Limiter::Rate(RateLimiter::new(spec)),
        LimitKind::Concurrency(spec) => Limiter::Concurrency(ConcurrencyLimiter::new(spec)),
    });
    limits.collect()
}

impl Limiter {
    pub fn probe(&self) -> LimitProbe {
        match self {
            Limiter::Rate(limiter) => LimitProbe::Rate(limiter.probe),
            Limiter::Concurrency(limiter) => LimitProbe::Concurrency(limiter.probe.clone()),
        }
    }
}

impl System<'_> {
    /// A request comes to a limit. Returns whether it goes on; it may wait or be refused.
    #[inline(never)]
    pub(crate) fn meet_limit(&mut self, kernel: &mut Kernel, now: Time, id: u32, op: Op) -> bool {
        match op {
            Op::Limit(limit) => self.pass_limit(kernel, now, id, limit),
            Op::Enter { limit, class } => self.enter_limit(kernel, now, id, limit, class),
            _ => true,
        }
    }

    /// Asks a limit on a rate.
    fn pass_limit(&mut self, kernel: &mut Kernel, now: Time, id: u32, limit: LimitId) -> bool {
        let request = &self.requests[id];
        let spec = &self.model.limits[limit.index()];
        let key = match &spec.kind {
            LimitKind::Rate(rate) => match rate.by {
                LimitKey::Global => 0,
                LimitKey::User => request.context.user,
                LimitKey::Endpoint => u32::from(request.endpoint),
            },
            LimitKind::Concurrency(_) => return true,
        };
        let Limiter::Rate(limiter) = &mut self.limits[limit.index()] else {
            return true;
        };
        match limiter.take(now, key) {
            Pass::Now => {
                self.op_times[self.requests[id].at as usize].visits += 1;
                return true;
            }
            Pass::Later(wait) => {
                let request = &mut self.requests[id];
                (request.state, request.since) = (RequestState::Delayed, now);
                let event = Event::stale_after(Kind::DelayOver, id, request.ticket);
                kernel.queue.at(now + wait, event);
            }
            Pass::Refused(told) => {
                if told > Span::ZERO {
                    self.tell_senders(id, told);
                }
                self.fail(kernel, now, id, ResponseCode(spec.status));
            }
        }
        false
    }

    /// Asks a limit on requests at once.
    fn enter_limit(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        limit: LimitId,
        class: u8,
    ) -> bool {
        let Limiter::Concurrency(limiter) = &mut self.limits[limit.index()] else {
            return true;
        };
        if limiter.enter(now, id, class) {
            self.op_times[self.requests[id].at as usize].visits += 1;
            self.requests.hold(id, Held::Permit(limit));
            return true;
        }
        let status = self.model.limits[limit.index()].status;
        self.fail(kernel, now, id, ResponseCode(status));
        false
    }

    /// A request leaves a concurrency limit.
    #[inline(never)]
    pub(crate) fn leave_limit(&mut self, now: Time, id: u32, limit: LimitId) {
        let request = &self.requests[id];
        let ended = match request.code {
            _ if request.abandoned || request.cancelled => Ended::Ignored,
            ResponseCode(500..) => Ended::Dropped,
            _ => Ended::Well,
        };
        if let Limiter::Concurrency(limiter) = &mut self.limits[limit.index()] {
            limiter.leave(now, id, ended);
        }
    }

    /// The books of limits and breakers.
    pub(crate) fn audit_limits(&self, kernel: &Kernel, audit: &mut Audit) {
        let now = kernel.queue.now();
        for (index, limiter) in self.limits.iter().enumerate() {
            let name = format!("limit `{}`", self.model.limits[index].name);
            match limiter {
                Limiter::Rate(limiter) => {
                    let passed = u128::from(limiter.probe.passed);
                    let within = passed.min(limiter.most_passed(now));
                    let most = ("that its buckets held", within);
                    audit.equal(Law::Limits, &name, ("tokens taken", passed), most);
                }
                Limiter::Concurrency(limiter) => {
                    let id = LimitId(index as u16);
                    let known = self.held_where(|held| held == Held::Permit(id));
                    let inside = u64::from(limiter.in_flight());
                    let requests = ("requests inside", inside.into());
                    audit.equal(Law::Limits, &name, requests, ("known", known.into()));
                    let p = &limiter.probe;
                    let there = ("left or inside", (p.left + inside).into());
                    audit.equal(Law::Limits, &name, ("let in", p.passed.into()), there);
                }
            }
        }
        for (index, breaker) in self.breakers.iter().enumerate() {
            let name = format!("breaker `{}`", self.model.breakers[index].name);
            let ended = breaker.probe.recorded + self.attempts_of(index);
            let permitted = ("let through", breaker.probe.permitted.into());
            let there = ("ended or under way", ended.into());
            audit.equal(Law::Limits, &name, permitted, there);
        }
    }

    /// The caller of this request learns how long the server asks it to wait before the next attempt: its
    /// callers, and the VU.
    pub(crate) fn tell_senders(&mut self, id: u32, wait: Span) {
        let mut at = id;
        loop {
            let request = &self.requests[at];
            if request.client != NONE {
                self.retries.vu_is_asked(request.client, wait);
            }
            let Some(caller) = self.requests.caller(at) else {
                return;
            };
            if self.requests[caller].state == RequestState::Attempting {
                self.retries.caller_is_asked(caller, wait);
            }
            at = caller;
        }
    }
}
