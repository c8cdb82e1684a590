//! The requests of VUs: how they are sent, answered, given up, and tried again.

use crate::engine::{Span, Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::journey::SiteId;
use crate::model::system::EndpointId;
use crate::parts::retry::Verdict;

use super::World;
use super::event::{Event, Kind};
use super::kernel::Work;
use super::load::client_timeout::Next;
use super::load::vu::{NONE, VuState};
use super::system::request::{Client, Received};

impl World<'_> {
    /// A VU sends a request.
    #[inline(always)]
    pub(super) fn send(&mut self, now: Time, id: u32, site_id: SiteId) {
        let site = self.load.sites[site_id.index()];
        self.load.sent += 1;
        if !self.system.retries.asked.is_empty() {
            self.system.retries.asked.remove(&id);
        }
        if self.load.idle_watches > 0 {
            self.load.arm(&mut self.kernel, now, site.watch);
        }
        let number = self.system.open();
        let vu = &mut self.load.vus[id as usize];
        vu.state = VuState::Requesting(number);
        let client = Client {
            id,
            site: site_id,
            origin: vu.origin,
            context: vu.context,
        };
        let entry = (EndpointId(site.endpoint), site.entry);
        let received = self
            .system
            .receive(&mut self.kernel, now, number, client, entry);
        if received != Received::Waits {
            self.receive_otherwise(now, id, number, received);
        }
    }

    /// The request of a VU passes through a network first, or does something at once.
    #[inline(never)]
    fn receive_otherwise(&mut self, now: Time, id: u32, number: u32, received: Received) {
        if received == Received::Enters {
            let vu = &self.load.vus[id as usize];
            let sender = (id, vu.iterations, vu.generation);
            self.system.enter(&mut self.kernel, now, number, sender);
        }
        self.deliver(now);
    }

    /// A request that holds nothing, and that no other has called, is over. Returns its client, if it has one, which
    /// goes on. Neither is there a network nor does anybody want to know where the request's time went.
    #[inline(always)]
    pub(super) fn answer_and_close(&mut self, now: Time, id: u32) -> Option<u32> {
        // The slot is looked up once: after a call with the whole system, it would be looked up anew.
        let (request, free) = self.system.requests.slot_and_free(id);
        let client = request.end();
        free.push(id);
        if client == NONE {
            return None;
        }
        self.load.answered(now, client, request);
        Some(client)
    }

    /// An answer reaches its VU.
    pub(super) fn answer(&mut self, now: Time, id: u32, generation: u32) {
        if self.load.vus[id as usize].generation != generation {
            return;
        }
        let Some((answer, timings)) = self.system.take_answer(id) else {
            return;
        };
        let key = (answer.origin, answer.site, answer.code);
        self.load.recorder.timed_request(now, key, timings);
        let vu = &mut self.load.vus[id as usize];
        vu.reply.code = answer.code;
        self.load.interpreter.answered(id, timings.duration());
        vu.reply.admitted = answer.admitted;
        vu.reply.nothing_free = answer.nothing_free;
        vu.context = answer.context.unwrap_or(vu.context);
        self.resume(id);
    }

    /// Requests have reached their client timeout: status 0, and the work goes on without a client.
    pub(super) fn client_timeout(&mut self, now: Time, number: usize) {
        loop {
            let watch = &mut self.load.watches[number];
            let sites = &self.load.sites;
            let own = |site: SiteId| usize::from(sites[site.index()].watch) == number;
            match watch.next(now, &self.system.requests, own) {
                // What is answered at this very instant is answered in time: it is looked at again then.
                Next::Due(_)
                    if self.kernel.queue.next_time() == Some(now) && watch.answers_first(now) =>
                {
                    return self
                        .kernel
                        .queue
                        .set_alarm_turn(watch.alarm, now, Turn::Late);
                }
                Next::Due(id) => self.time_out(now, id),
                Next::LookAt(time) => return self.kernel.queue.set_alarm(watch.alarm, time),
                Next::Nobody => {
                    watch.armed = false;
                    self.load.idle_watches += 1;
                    return;
                }
            }
        }
    }

    /// The client of a request gives up.
    fn time_out(&mut self, now: Time, id: u32) {
        let request = self.system.requests[id];
        let client = request.client;
        if self.system.slow.is_some() {
            self.system.trace_answer(now, id);
        }
        let mut duration = now.since(request.sent);
        let key = (request.origin, request.site, ResponseCode::TIMEOUT);
        if self.model.network.is_some() {
            let timings = self.system.given_up(&mut self.kernel, client, duration);
            duration = timings.duration();
            self.load.recorder.timed_request(now, key, timings);
        } else {
            self.load
                .recorder
                .request(now, key.0, key.1, key.2, duration);
        }
        let vu = &mut self.load.vus[client as usize];
        vu.reply.code = ResponseCode::TIMEOUT;
        self.load.interpreter.answered(client, duration);
        vu.reply.admitted = false;
        vu.reply.nothing_free = false;
        vu.state = VuState::Sleeping;
        self.kernel.ready.push_back(Work::Vu(client));
        self.system.client_gone(&mut self.kernel, id);
        self.deliver(now);
    }

    /// A VU has the answer to an attempt. Returns whether it goes on now: with the next step, or with another
    /// attempt; else it sleeps until that.
    #[inline(never)]
    pub(super) fn retry(&mut self, now: Time, id: u32) -> bool {
        let vu = &mut self.load.vus[id as usize];
        let Some(Some((policy, tries))) = self.system.retries.of_vus.get_mut(id as usize) else {
            return true;
        };
        let policy = &mut self.system.retries.policies[policy.index()];
        let Verdict::Again(pause) = policy.ended(now, tries, vu.reply.code) else {
            self.system.retries.of_vus[id as usize] = None;
            return true;
        };
        // The request is the step before this one.
        vu.at -= 2;
        if pause == Span::ZERO {
            return true;
        }
        vu.state = VuState::Sleeping;
        let event = Event::stale_after(Kind::Wake, id, vu.generation);
        self.kernel.queue.at(now + pause, event);
        false
    }
}
