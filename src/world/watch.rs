//! Client timeouts. Most requests are answered long before theirs, so nothing is noted when a request is
//! sent: a watch goes off when the oldest request that it knew of would be due, and looks then who is.

use crate::engine::queue::AlarmId;
use crate::engine::{Span, Time};

use super::SitePlan;
use super::request::{RequestState, Requests};
use super::vu::NONE;

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
            soon: Vec::new(),
        }
    }

    /// The next request that is due by now and still unanswered, or when to look again, or nothing: no
    /// request is unanswered. `number` is the watch's own, by which it knows its requests' sites.
    pub fn next(
        &mut self,
        now: Time,
        number: usize,
        requests: &Requests,
        sites: &[SitePlan],
    ) -> Next {
        loop {
            while let Some(&(at, id, generation)) = self.soon.last() {
                let waits = requests.is_live(id, generation) && requests[id].client != NONE;
                if waits && at > now {
                    return Next::LookAt(at);
                }
                self.soon.pop();
                if waits {
                    return Next::Due(id);
                }
            }
            self.look(now, number, requests, sites);
            if self.soon.is_empty() {
                return Next::Nobody;
            }
        }
    }

    /// Notes all that are due up to some time ahead. A request sent later than now is due later, too.
    fn look(&mut self, now: Time, number: usize, requests: &Requests, sites: &[SitePlan]) {
        let timeout = self.timeout;
        let waiting = || {
            let unanswered = |id: u32| {
                let request = &requests[id];
                let own = usize::from(sites[request.site.index()].watch) == number;
                own && request.client != NONE && request.state != RequestState::Free
            };
            let due = move |id: u32| (requests[id].sent + timeout, id, requests[id].generation);
            requests
                .numbers()
                .filter(move |id| unanswered(*id))
                .map(due)
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
