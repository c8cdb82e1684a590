//! Fetches of what a cache does not have: who makes them, who waits for another's, and what comes of them.

use std::collections::VecDeque;

use crate::engine::{Span, Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::cache::{CacheId, Flight};
use crate::model::system::{EndpointId, Op};
use crate::parts::Job;
use crate::parts::cache::Found;
use crate::parts::waiting::Tickets;

use super::{FlightRun, System};
use crate::world::event::{Event, Kind};
use crate::world::kernel::{Kernel, Work};
use crate::world::system::request::{Held, NONE, RequestState};

impl System<'_> {
    /// A request goes on to fetch an object.
    pub(super) fn fetches(&mut self, id: Job, cache: CacheId, key: u32) -> usize {
        self.requests.hold(id, Held::Fetch(cache, key));
        let free = self.cache_spec(cache).flight == Flight::Free;
        if let Some(run) = self.cache_run(cache) {
            run.probe.fetches += 1;
            if !free {
                run.flights.insert(key, FlightRun::of(id));
            }
        }
        0
    }

    /// What is stale is fetched anew by a request that nobody waits for, which does what the cache stands before and no more.
    pub(super) fn refresh(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: Job,
        cache: CacheId,
        (key, at): (u32, usize),
    ) {
        let endpoint = EndpointId(self.requests[id].endpoint);
        let Some(child) = self.start_child(kernel, now, id, endpoint, false) else {
            return;
        };
        self.requests[child].at = at as u32 + 1;
        self.requests.hold(child, Held::Fetch(cache, key));
        let Some(caches) = &mut self.caches else {
            return;
        };
        caches.refreshing.insert(child);
        let run = &mut caches.all[cache.index()];
        run.probe.refreshes += 1;
        run.flights.insert(key, FlightRun::of(child));
    }

    /// A request waits for another's fetch.
    pub(super) fn awaits_fetch(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: Job,
        cache: CacheId,
        key: u32,
    ) {
        let flight = self.cache_spec(cache).flight;
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Waiting, now);
        let ticket = request.ticket;
        let Some(caches) = &mut self.caches else {
            return;
        };
        let run = &mut caches.all[cache.index()];
        run.probe.queue.add(now);
        if let Flight::Poll { every, timeout } = flight {
            caches.looking.insert(id, (key, now));
            let look = Event::stale_after(Kind::CacheLook, id, ticket);
            kernel
                .queue
                .at_turn(now + every.min(timeout), Turn::Late, look);
        } else if let Some(flight) = run.flights.get_mut(&key) {
            flight.waiters.push_back((id, ticket));
        }
    }

    /// A request that waits for another's fetch looks again.
    pub(in crate::world) fn cache_look(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: Job,
        ticket: u32,
    ) {
        let request = &self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Waiting {
            return;
        }
        let Op::Cache { cache, skip } = self.ops[request.at as usize] else {
            return;
        };
        let spec = self.cache_spec(cache);
        let Flight::Poll { every, timeout } = spec.flight else {
            return;
        };
        let Some(caches) = &mut self.caches else {
            return;
        };
        let Some(&(key, since)) = caches.looking.get(&id) else {
            return;
        };
        let run = &mut caches.all[cache.index()];
        let left = Span(timeout.0.saturating_sub(now.since(since).0));
        let found = run.store.look(now, key, spec.grace);
        let skipped = match found {
            Found::Fresh | Found::Stale => {
                run.probe.shared += 1;
                usize::from(skip)
            }
            _ if found == Found::Unfit || left == Span::ZERO => self.goes_past(id, cache),
            _ if !run.flights.contains_key(&key) => self.fetches(id, cache, key),
            _ => {
                let look = Event::stale_after(Kind::CacheLook, id, ticket);
                let next = now + every.min(left);
                return kernel.queue.at_turn(next, Turn::Late, look);
            }
        };
        self.wait_over(kernel, now, id, cache, skipped);
    }

    /// A request waits no longer for another's fetch: it goes on, a number of operations further.
    fn wait_over(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: Job,
        cache: CacheId,
        skipped: usize,
    ) {
        self.trace(now, id, true);
        let request = &mut self.requests[id];
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        let waited = now.since_past(request.since).0;
        self.op_times[request.at as usize].waited += u128::from(waited);
        request.at += 1 + skipped as u32;
        if let Some(caches) = &mut self.caches {
            caches.looking.remove(&id);
            caches.all[cache.index()].probe.queue.subtract(now);
        }
        kernel.ready.push_back(Work::Request(id));
    }

    /// A request has made the visits behind a cache. Returns whether it goes on.
    pub(in crate::world) fn stores(&mut self, kernel: &mut Kernel, now: Time, id: Job) -> bool {
        self.give_back_last(kernel, now, id);
        let caches = self.caches.as_mut();
        let for_nobody = caches.is_some_and(|caches| caches.refreshing.contains(&id));
        if for_nobody {
            self.finish(kernel, now, id);
        }
        !for_nobody
    }

    /// A fetch is over, well or not.
    pub(in crate::world) fn fetch_over(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: Job,
        cache: CacheId,
        key: u32,
    ) {
        if key == NONE {
            return;
        }
        let request = &self.requests[id];
        let well = request.code == ResponseCode::OK && !request.cancelled;
        let spec = self.cache_spec(cache);
        let fits = well && !self.cache_chance(cache, spec.uncacheable);
        let until = match spec.ttl {
            Some(ttl) if fits => now + kernel.samplers[ttl.index()].span(),
            _ => Time(u64::MAX / 2),
        };
        let Some(caches) = &mut self.caches else {
            return;
        };
        caches.refreshing.remove(&id);
        let run = &mut caches.all[cache.index()];
        run.probe.fetched += 1;
        if fits {
            run.probe.stored += 1;
            run.probe.evicted += u64::from(run.store.put(key, until));
        } else if well && spec.remember > Span::ZERO {
            run.store.is_unfit(key, now + spec.remember);
        }
        if run
            .flights
            .get(&key)
            .is_none_or(|flight| flight.fetcher != id)
        {
            return;
        }
        if let Some(flight) = run.flights.remove(&key) {
            let remembered = well && !fits && spec.remember > Span::ZERO;
            self.tell_waiters(
                kernel,
                now,
                cache,
                (key, flight.waiters),
                (fits, remembered),
            );
        }
    }

    /// Those who waited for a fetch get the object; go for it all at once, if it may not be stored; or the first of them fetches
    /// it in its turn.
    fn tell_waiters(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        cache: CacheId,
        (key, mut waiters): (u32, VecDeque<(Job, u32)>),
        (fits, remembered): (bool, bool),
    ) {
        while let Some((id, ticket)) = waiters.pop_front() {
            if !self.requests.is_current(id, ticket) {
                continue;
            }
            let Op::Cache { skip, .. } = self.ops[self.requests[id].at as usize] else {
                continue;
            };
            if fits {
                if let Some(run) = self.cache_run(cache) {
                    run.probe.shared += 1;
                }
                self.wait_over(kernel, now, id, cache, usize::from(skip));
            } else if remembered {
                let skipped = self.goes_past(id, cache);
                self.wait_over(kernel, now, id, cache, skipped);
            } else {
                let skipped = self.fetches(id, cache, key);
                self.wait_over(kernel, now, id, cache, skipped);
                if let Some(run) = self.cache_run(cache)
                    && let Some(flight) = run.flights.get_mut(&key)
                {
                    flight.waiters = waiters;
                }
                return;
            }
        }
    }
}
