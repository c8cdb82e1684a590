//! Where the time of slow requests went: what each request spends at each operation is kept until its
//! answer shows whether it was slow. Only when asked for, which a second run with the same seed does.

use crate::engine::{Span, Time};

use super::request::{Request, RequestState, Requests};
use super::vu::NONE;
use super::{OpTime, World};

/// Requests that took longer than some time.
#[derive(Clone, Debug)]
pub struct Slow {
    /// How long is slow.
    pub than: Span,
    /// How many there were, by endpoint.
    pub requests: Vec<u64>,
    /// What they spent at each operation, in the order of `Outcome::op_times`.
    pub op_times: Vec<OpTime>,
    /// What each request in the system has spent, by its number.
    spent: Vec<Vec<(u32, OpTime)>>,
}

impl Slow {
    pub(super) fn new(than: Span, endpoints: usize, ops: usize) -> Slow {
        Slow {
            than,
            requests: vec![0; endpoints],
            op_times: vec![OpTime::default(); ops],
            spent: Vec::new(),
        }
    }

    fn of(&mut self, id: u32) -> &mut Vec<(u32, OpTime)> {
        let at = id as usize;
        if self.spent.len() <= at {
            self.spent.resize(at + 1, Vec::new());
        }
        &mut self.spent[at]
    }

    /// A request is answered: its time counts if it was slow, and is forgotten.
    fn answered(&mut self, id: u32, endpoint: u16, duration: Span) {
        let spent = std::mem::take(self.of(id));
        if duration <= self.than {
            return;
        }
        self.requests[endpoint as usize] += 1;
        for (op, time) in spent {
            let total = &mut self.op_times[op as usize];
            total.visits += time.visits;
            total.waited += time.waited;
            total.served += time.served;
        }
    }
}

impl World<'_> {
    /// Keeps what requests slower than this spend their time on.
    #[must_use]
    pub fn explaining(mut self, slower_than: Span) -> Self {
        let (endpoints, ops) = (self.model.endpoints.len(), self.ops.len());
        self.slow = Some(Box::new(Slow::new(slower_than, endpoints, ops)));
        self
    }

    /// A request has waited or been served at its present operation since `Request::since`.
    #[inline]
    pub(super) fn trace(&mut self, now: Time, id: u32, waited: bool) {
        if self.slow.is_some() {
            self.trace_spent(now, id, waited);
        }
    }

    #[cold]
    fn trace_spent(&mut self, now: Time, id: u32, waited: bool) {
        let request = self.requests[id];
        if let Some(slow) = &mut self.slow {
            slow.of(id).push((request.at, spent(now, &request, waited)));
        }
    }

    /// A client has its answer, or has given up.
    #[inline]
    pub(super) fn trace_answer(&mut self, now: Time, id: u32) {
        if self.slow.is_some() {
            self.trace_answered(now, id);
        }
    }

    #[cold]
    fn trace_answered(&mut self, now: Time, id: u32) {
        let request = self.requests[id];
        let duration = now.since(request.sent);
        if let Some(slow) = &mut self.slow {
            match request.state {
                RequestState::Waiting => {
                    slow.of(id).push((request.at, spent(now, &request, true)));
                }
                RequestState::InService | RequestState::Delayed => {
                    slow.of(id).push((request.at, spent(now, &request, false)));
                }
                _ => {}
            }
            slow.answered(id, request.endpoint, duration);
        }
    }

    /// A request is over: what it spent for the one that called it counts there.
    #[inline]
    pub(super) fn trace_over(&mut self, id: u32) {
        if let Some(slow) = &mut self.slow {
            hand_over(slow, &self.requests, id);
        }
    }
}

#[cold]
fn hand_over(slow: &mut Slow, requests: &Requests, id: u32) {
    let mut spent = std::mem::take(slow.of(id));
    let (parent, generation) = requests[id].parent;
    if parent != NONE && requests.is_live(parent, generation) {
        slow.of(parent).append(&mut spent);
    }
}

fn spent(now: Time, request: &Request, waited: bool) -> OpTime {
    let time = u128::from(now.since(request.since).0);
    if waited {
        OpTime {
            waited: time,
            ..OpTime::default()
        }
    } else {
        OpTime {
            served: time,
            visits: 1,
            ..OpTime::default()
        }
    }
}
