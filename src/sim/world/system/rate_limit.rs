//! Requests that come to a limit of their rate.

use crate::engine::Time;
use crate::model::rate_limit::RateLimitId;
use crate::model::system::Op;
use crate::parts::rate_limit::Passage;

use super::System;
use super::ending::refusal;
use super::request::{NONE, RequestState};
use crate::world::audit::{Audit, Law};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

impl System<'_> {
    /// A request comes to a limit. Returns whether it goes on; else it waits or is refused.
    pub(crate) fn comes_to_limit(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        limit: RateLimitId,
    ) -> bool {
        let spec = &self.model.rate_limits[limit.index()];
        let entity = self.entity(id, spec.per);
        let request = &self.requests[id];
        let (at, ticket) = (request.at as usize, request.ticket);
        if entity == NONE {
            return true;
        }
        let passage = self.rate_limits[limit.index()].come(now, entity, id, ticket);
        match passage {
            Passage::Pass => {
                self.op_times[at].visits += 1;
                return true;
            }
            Passage::Refused => self.refuse(kernel, now, id, refusal(spec.refusal)),
            Passage::After(wait) => {
                self.waits_for_limit(now, id);
                let event = Event::stale_after(Kind::RateLimitOver, id, ticket);
                kernel.queue.at(now + wait, event);
            }
            Passage::InLine(look) => {
                self.waits_for_limit(now, id);
                let event = Event::of(Kind::RateLimitLook, limit.index());
                kernel.queue.at(look, event);
            }
            Passage::Behind => self.waits_for_limit(now, id),
        }
        false
    }

    fn waits_for_limit(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Waiting, now);
    }

    /// A request has waited as long as its limit wanted.
    pub(crate) fn rate_limit_over(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Waiting {
            return;
        }
        if let Op::RateLimit(limit) = self.ops[request.at as usize] {
            self.rate_limits[limit.index()].waited(now);
        }
        self.granted(kernel, now, id);
    }

    /// Those in line for a limit are looked at.
    pub(crate) fn rate_limit_look(&mut self, kernel: &mut Kernel, now: Time, limit: usize) {
        for taken in 0.. {
            match self.rate_limits[limit].next(now, taken, &self.requests) {
                Ok(id) => self.granted(kernel, now, id),
                Err(Some(again)) => {
                    return kernel
                        .queue
                        .at(again, Event::of(Kind::RateLimitLook, limit));
                }
                Err(None) => return,
            }
        }
    }

    /// Who came to a limit passed, was refused, left or waits.
    pub(crate) fn audit_rate_limits(&self, kernel: &Kernel, audit: &mut Audit) {
        for (index, limiter) in self.rate_limits.iter().enumerate() {
            let spec = &self.model.rate_limits[index];
            let name = format!("rate limit `{}`", spec.name);
            let p = &limiter.probe;
            // Who waits for the time of a leaky bucket counts as passed already.
            let in_line = limiter.in_line(&self.requests);
            let out = p.passed + p.refused + p.left + in_line;
            let (left, right) = (
                ("came", p.came.into()),
                ("passed, refused, left or in line", out.into()),
            );
            audit.equal(Law::Flow, &name, left, right);
            let here = |op: &Op| matches!(op, Op::RateLimit(own) if own.index() == index);
            self.audit_line(kernel, audit, &name, &p.queue, here);
        }
    }
}
