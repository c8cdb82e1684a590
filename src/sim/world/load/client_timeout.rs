//! Client timeouts. Most requests are answered long before theirs, so nothing is noted when a request is
//! sent: a watch goes off when the oldest request that it knew of would be due, and looks then who is.

use crate::engine::queue::AlarmId;
use crate::engine::{Span, Time};
use crate::model::journey::SiteId;

use super::vu::NONE;
use crate::world::system::request::{RequestState, Requests};

/// Share of the timeout for which a look at all requests is good.
const LOOKS_PER_TIMEOUT: u64 = 8;

/// Watches all requests that have the same client timeout.
#[derive(Clone, Debug)]
pub struct TimeoutWatch {
    /// The timeout.
    pub timeout: Span,
    /// Goes off when the next one may be due.
    pub alarm: AlarmId,
    /// Whether the alarm is set: as long as a request may be unanswered.
    pub armed: bool,
    /// The last instant at which it has let answers of that instant come first.
    waited_for_answers: Option<Time>,
    /// Those that are due next, the earliest last: when, request and generation.
    soon: Vec<(Time, u32, u32)>,
}

impl TimeoutWatch {
    /// Watches nobody yet.
    #[must_use]
    pub fn new(timeout: Span, alarm: AlarmId) -> TimeoutWatch {
        TimeoutWatch {
            timeout,
            alarm,
            armed: false,
            waited_for_answers: None,
            soon: Vec::new(),
        }
    }

    /// The next request that is due by now and still unanswered, or when to look again, or nothing: no
    /// request is unanswered. `own` tells which sites' requests have this client timeout.
    pub fn next(&mut self, now: Time, requests: &Requests, own: impl Fn(SiteId) -> bool) -> Next {
        loop {
            while let Some(&(at, id, generation)) = self.soon.last() {
                let waits = unanswered(requests, id).is_some_and(|r| r.generation == generation);
                if waits && at > now {
                    return Next::LookAt(at);
                }
                if waits {
                    return Next::Due(id);
                }
                self.soon.pop();
            }
            self.look(now, requests, &own);
            if self.soon.is_empty() {
                return Next::Nobody;
            }
        }
    }

    /// Whether answers of this instant are still to come: once for each instant.
    pub fn answers_first(&mut self, now: Time) -> bool {
        self.waited_for_answers.replace(now) != Some(now)
    }

    /// Notes all that are due up to some time ahead. A request sent later than now is due later, too.
    fn look(&mut self, now: Time, requests: &Requests, own: &impl Fn(SiteId) -> bool) {
        let timeout = self.timeout;
        let waiting = || {
            requests.numbers().filter_map(|id| {
                let request = unanswered(requests, id).filter(|r| own(r.site))?;
                Some((request.sent + timeout, id, request.generation))
            })
        };
        let Some((first, ..)) = waiting().min() else {
            return;
        };
        let some_time = Span(timeout.0 / LOOKS_PER_TIMEOUT);
        let horizon = (first + some_time).min(now + timeout);
        self.soon.extend(waiting().filter(|due| due.0 <= horizon));
        self.soon.sort_unstable_by(|a, b| b.cmp(a));
    }
}

/// A request whose client waits.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    sent: Time,
    site: SiteId,
    /// Tells it from others of the same number.
    generation: u32,
}

/// The request of this number, if a client waits for its answer.
fn unanswered(requests: &Requests, id: u32) -> Option<Unanswered> {
    let request = &requests[id];
    let waits = request.client != NONE && request.state != RequestState::Free;
    waits.then_some(Unanswered {
        sent: request.sent,
        site: request.site,
        generation: request.generation,
    })
}

/// What a watch has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This request has reached its timeout.
    Due(u32),
    /// The next one may be due then.
    LookAt(Time),
    /// Every request was answered.
    Nobody,
}
