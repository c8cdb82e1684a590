//! Deadlines that travel with calls: work whose deadline is past is not begun.
//!
//! A request has a deadline if its endpoint sets one or if the request that has called it has one. Where it waits, it
//! keeps its place until its turn comes, and is dropped then.

use crate::engine::{Span, Time};
use crate::measure::recorder::ResponseCode;
use crate::model::Model;
use crate::model::system::Op;

use super::System;
use super::request::{NONE, Request, RequestState};
use crate::world::audit::{Audit, Law};
use crate::world::kernel::{Kernel, Work};

/// Status of a request whose deadline is past.
pub(crate) const TOO_LATE: ResponseCode = ResponseCode(504);

/// The deadlines of a run.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines {
    /// Of each request by its number: the generation that it is of, and when it is.
    of: Vec<(u32, Time)>,
    /// By endpoint, requests of which no more was begun.
    pub dropped: Vec<u64>,
}

impl Deadlines {
    /// For a model with deadlines.
    pub fn of(model: &Model) -> Option<Box<Deadlines>> {
        let mut ops = model.endpoints.iter().flat_map(|e| &e.ops);
        ops.any(|op| matches!(op, Op::Deadline(_))).then(|| {
            Box::new(Deadlines {
                of: Vec::new(),
                dropped: vec![0; model.endpoints.len()],
            })
        })
    }

    fn get(&self, id: u32, generation: u32) -> Time {
        match self.of.get(id as usize) {
            Some((own, at)) if *own == generation => *at,
            _ => Time::NEVER,
        }
    }

    fn set(&mut self, id: u32, generation: u32, at: Time) {
        let place = id as usize;
        if self.of.len() <= place {
            self.of.resize(place + 1, (0, Time::NEVER));
        }
        self.of[place] = (generation, at);
    }
}

impl System<'_> {
    /// When the deadline of a request is; `Time::NEVER` if it has none.
    pub(crate) fn deadline(&self, id: u32) -> Time {
        let generation = self.requests[id].generation;
        let deadlines = self.deadlines.as_ref();
        deadlines.map_or(Time::NEVER, |all| all.get(id, generation))
    }

    /// Whether it is too late to begin anything for a request.
    pub(crate) fn is_late(&self, now: Time, id: u32) -> bool {
        self.deadlines.is_some() && now >= self.deadline(id)
    }

    /// A request comes to where its endpoint sets a deadline, or to where something would be begun for it. Returns
    /// whether it goes on.
    #[inline(never)]
    pub(crate) fn meet_deadline(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        op: Op,
    ) -> bool {
        if let Op::Deadline(within) = op {
            let own = within.map_or_else(|| self.client_waits_until(id), |span| now + span);
            let at = own.min(self.deadline(id));
            self.set_deadline(id, at);
            return true;
        }
        if self.is_late(now, id) {
            self.count_dropped(id);
            self.fail(kernel, now, id, TOO_LATE);
            return false;
        }
        true
    }

    fn set_deadline(&mut self, id: u32, at: Time) {
        let generation = self.requests[id].generation;
        if let Some(deadlines) = &mut self.deadlines {
            deadlines.set(id, generation, at);
        }
    }

    fn count_dropped(&mut self, id: u32) {
        let endpoint = usize::from(self.requests[id].endpoint);
        if let Some(deadlines) = &mut self.deadlines {
            deadlines.dropped[endpoint] += 1;
        }
    }

    /// How long the VU or the caller waits for a request; a caller without a timeout does so for ever.
    fn client_waits_until(&self, id: u32) -> Time {
        let request = &self.requests[id];
        if request.client != NONE {
            return request.sent + self.model.sites[request.site.index()].timeout;
        }
        let Some(caller) = self.requests.caller(id) else {
            return Time::NEVER;
        };
        if self.requests[caller].state != RequestState::Attempting {
            return Time::NEVER;
        }
        let Some((guard, _)) = self.guarded(caller) else {
            return Time::NEVER;
        };
        let guard = &self.model.guards[guard.index()];
        if guard.front {
            return self.client_waits_until(caller);
        }
        let timeout = guard
            .timeout
            .and_then(|dist| self.model.dists[dist.index()].dist.is_constant());
        timeout.map_or(Time::NEVER, |ns| request.sent + Span::from_ns(ns))
    }

    /// A request has made a call that it waits for: its deadline travels with it.
    #[inline(never)]
    pub(crate) fn pass_deadline_on(&mut self, caller: u32, callee: u32) {
        let at = self.deadline(caller);
        if at != Time::NEVER {
            self.set_deadline(callee, at);
        }
    }

    /// A request has been answered: what is left of it has no deadline.
    #[inline(never)]
    pub(crate) fn forget_deadline(&mut self, id: u32) {
        self.set_deadline(id, Time::NEVER);
    }

    /// The turn of a request that waited has come. If it is too late for it, it gives back what it has got when it goes
    /// on, at this instant. Returns whether it is.
    #[inline(never)]
    pub(crate) fn turn_too_late(&mut self, kernel: &mut Kernel, now: Time, id: u32) -> bool {
        let late = self.is_late(now, id);
        if late {
            self.count_dropped(id);
            let request = &mut self.requests[id];
            request.cancelled = true;
            request.code = TOO_LATE;
            if request.state == RequestState::InService {
                kernel.ready.push_back(Work::Request(id));
            }
        }
        late
    }

    /// A request is dropped instead of going on.
    #[cold]
    pub(crate) fn drop_cancelled(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        match self.requests[id].state {
            RequestState::InService => self.leave_service(kernel, now, id),
            // A higher class has interrupted what was not to be begun.
            RequestState::Waiting => self.leave_queue(kernel, now, id),
            _ => {}
        }
        self.finish(kernel, now, id);
    }

    /// Nobody is served whose service began after the deadline.
    pub(crate) fn audit_deadlines(&self, audit: &mut Audit) {
        if self.deadlines.is_none() {
            return;
        }
        let begun_late = |(id, request): &(u32, &Request)| {
            // At a limit nothing is begun.
            let works = matches!(
                self.ops[request.at as usize],
                Op::Serve { .. } | Op::Delay(_)
            );
            let served = matches!(
                request.state,
                RequestState::InService | RequestState::Delayed
            );
            works && served && !request.cancelled && request.since >= self.deadline(*id)
        };
        let late = self.requests.iter().filter(begun_late).count() as u64;
        audit.equal(
            Law::Deadlines,
            "all requests",
            ("begun after their deadline", late.into()),
            ("allowed", 0),
        );
    }
}
