//! Where the time of slow requests went. Which requests are slow shows at the end of a run alone, so what
//! requests spend at each operation is added up by buckets of their durations, 128 to a power of two. Only
//! when asked for: it is an eighth of a run's cost.

use crate::engine::{Span, Time};
use crate::stats::buckets;

use super::request::{Request, RequestState, Requests};
use super::{OpTime, System};

/// What requests spent, by how long they took.
#[derive(Clone, Debug)]
pub struct Breakdown {
    endpoints: usize,
    ops: usize,
    /// The row of each bucket in the tables below; `NO_ROW` while it is empty.
    row_of: Vec<u32>,
    /// Requests by row and endpoint.
    requests: Vec<u64>,
    /// What they spent by row and operation.
    op_times: Vec<OpTime>,
    /// What each request in the system has spent so far, by its number.
    spent: Vec<Vec<Spent>>,
}

const NO_ROW: u32 = u32::MAX;

/// Time spent at one operation: in its line, or in service.
#[derive(Clone, Copy, Debug)]
struct Spent {
    op: u32,
    waited: bool,
    time: Span,
}

/// Requests that took longer than some time.
#[derive(Clone, Debug)]
pub struct Slow {
    /// How long is slow: from this on.
    pub from: Span,
    /// How many there were, by endpoint.
    pub requests: Vec<u64>,
    /// What they spent at each operation, in the order of `Outcome::op_times`.
    pub op_times: Vec<OpTime>,
}

impl Breakdown {
    /// For the requests of a model.
    pub(crate) fn of(system: &System) -> Breakdown {
        Breakdown {
            endpoints: system.model.endpoints.len(),
            ops: system.ops.len(),
            row_of: vec![NO_ROW; buckets::COUNT],
            requests: Vec::new(),
            op_times: Vec::new(),
            spent: Vec::new(),
        }
    }

    /// The requests in this duration's bucket and in all above it: from at most 0.8 % less on.
    #[must_use]
    pub fn slower_than(&self, duration: Span) -> Slow {
        let first = buckets::index(duration.0);
        let mut slow = Slow {
            from: Span(buckets::range(first).0),
            requests: vec![0; self.endpoints],
            op_times: vec![OpTime::default(); self.ops],
        };
        for row in self.row_of[first..].iter().filter(|row| **row != NO_ROW) {
            let row = *row as usize;
            let requests = &self.requests[row * self.endpoints..][..self.endpoints];
            for (sum, n) in slow.requests.iter_mut().zip(requests) {
                *sum += n;
            }
            let times = &self.op_times[row * self.ops..][..self.ops];
            for (sum, time) in slow.op_times.iter_mut().zip(times) {
                sum.visits += time.visits;
                sum.waited += time.waited;
                sum.served += time.served;
            }
        }
        slow
    }

    #[inline]
    fn note(&mut self, id: u32, spent: Spent) {
        let at = id as usize;
        if self.spent.len() <= at {
            self.spent.resize(at + 1, Vec::new());
        }
        self.spent[at].push(spent);
    }

    /// The row of an answered request.
    #[inline]
    fn row(&mut self, duration: Span) -> usize {
        let bucket = buckets::index(duration.0);
        if self.row_of[bucket] == NO_ROW {
            self.new_row(bucket);
        }
        self.row_of[bucket] as usize
    }

    /// Counts a request of this endpoint.
    #[inline]
    fn count(&mut self, row: usize, endpoint: u16) {
        self.requests[row * self.endpoints + usize::from(endpoint)] += 1;
    }

    #[cold]
    fn new_row(&mut self, bucket: usize) {
        self.row_of[bucket] = (self.op_times.len() / self.ops.max(1)) as u32;
        self.requests
            .resize(self.requests.len() + self.endpoints, 0);
        let times = self.op_times.len() + self.ops;
        self.op_times.resize(times, OpTime::default());
    }

    /// Nobody is on the way any more.
    pub(crate) fn forget_the_unanswered(mut self: Box<Self>) -> Box<Self> {
        self.spent = Vec::new();
        self
    }

    /// A request is answered: its time counts, and is forgotten.
    fn answered(&mut self, id: u32, endpoint: u16, duration: Span) {
        let row = self.row(duration);
        self.count(row, endpoint);
        let times = &mut self.op_times[row * self.ops..];
        if let Some(all) = self.spent.get_mut(id as usize) {
            for spent in &*all {
                let total = &mut times[spent.op as usize];
                if spent.waited {
                    total.waited += u128::from(spent.time.0);
                } else {
                    total.visits += 1;
                    total.served += u128::from(spent.time.0);
                }
            }
            all.clear();
        }
    }

    /// A request is over: what it spent for the one that called it counts there.
    fn hand_over(&mut self, requests: &Requests, id: u32) {
        let Some(own) = self.spent.get_mut(id as usize) else {
            return;
        };
        if own.is_empty() {
            return;
        }
        let Some(caller) = requests.caller(id) else {
            return own.clear();
        };
        for spent in std::mem::take(own) {
            self.note(caller, spent);
        }
    }
}

impl System<'_> {
    /// A request has waited or been served at its present operation since `Request::since`.
    #[inline]
    pub(crate) fn trace(&mut self, now: Time, id: u32, waited: bool) {
        if self.slow.is_some() {
            self.trace_spent(now, id, waited);
        }
    }

    #[inline(never)]
    fn trace_spent(&mut self, now: Time, id: u32, waited: bool) {
        let request = &self.requests[id];
        if let Some(breakdown) = &mut self.slow {
            breakdown.note(id, spent(now, request, waited));
        }
    }

    /// A client has its answer, or has given up.
    #[inline(never)]
    pub(crate) fn trace_answer(&mut self, now: Time, id: u32) {
        let request = &self.requests[id];
        let duration = now.since(request.sent);
        if let Some(breakdown) = &mut self.slow {
            match request.state {
                RequestState::Waiting => breakdown.note(id, spent(now, request, true)),
                RequestState::InService | RequestState::Delayed => {
                    breakdown.note(id, spent(now, request, false));
                }
                _ => {}
            }
            breakdown.answered(id, request.endpoint, duration);
        }
    }

    /// A request is over: what it spent for the one that called it counts there.
    #[inline(never)]
    pub(crate) fn trace_over(&mut self, id: u32) {
        if let Some(breakdown) = &mut self.slow {
            breakdown.hand_over(&self.requests, id);
        }
    }
}

fn spent(now: Time, request: &Request, waited: bool) -> Spent {
    Spent {
        op: request.at,
        waited,
        time: now.since(request.since),
    }
}
