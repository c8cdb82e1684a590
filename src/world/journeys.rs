//! Users walking journeys: the world's side of a VU's effects.

use std::hint::black_box;

use crate::engine::{Span, Time};
use crate::measure::recorder::{Code, Origin};
use crate::model::journey::SiteId;
use crate::model::system::EndpointId;
use crate::parts::waiting_room::Standing;

use super::event::{Event, Kind};
use super::outcome::End;
use super::request::{Request, RequestState};
use super::vu::{Effect, NONE, VuState};
use super::watch::Next;
use super::{Work, World};

impl World<'_> {
    /// A VU goes on with its journey until virtual time must pass.
    #[inline]
    pub(super) fn resume(&mut self, id: u32) {
        let now = self.queue.now();
        loop {
            let vu = &mut self.vus[id as usize];
            let effect = match self.minds.at_once(vu) {
                Some(effect) => effect,
                None => self
                    .minds
                    .resume(now, id, vu, &self.tokens, &mut self.recorder),
            };
            match effect {
                Effect::Request(site) => return self.send(now, id, site),
                Effect::Sleep(time) => {
                    vu.state = VuState::Sleeping;
                    let generation = vu.generation;
                    return self.after(time, Event::stale_after(Kind::Wake, id, generation));
                }
                Effect::AwaitAdmission => {
                    if self.await_admission(id) {
                        return;
                    }
                }
                Effect::ReleaseSeat => {
                    let hold = vu.context.hold;
                    vu.context.hold = 0;
                    if let Some(inventory) = &mut self.inventory {
                        inventory.release(now, hold);
                    }
                }
                Effect::Done => {
                    if !self.iteration_over(now, id) {
                        return;
                    }
                }
                Effect::Stuck => return self.stop(End::Stuck),
            }
        }
    }

    /// A think time is over.
    #[inline]
    pub(super) fn wake(&mut self, id: u32, generation: u32) {
        if let Some(ahead) = self.queue.ahead()
            && ahead.kind == Kind::Wake
        {
            // Of a million VUs, the one that wakes up next is in no cache: it is asked for early, and nobody
            // waits for it to come.
            black_box(self.vus[ahead.who as usize].generation);
        }
        if self.vus[id as usize].generation == generation {
            self.resume(id);
        }
    }

    /// A VU begins an iteration now.
    #[inline]
    pub(super) fn begin_iteration(&mut self, id: u32) {
        let now = self.queue.now();
        let vu = &mut self.vus[id as usize];
        self.minds.begin(id, vu, now);
        // Anything but idle: it runs.
        vu.state = VuState::Sleeping;
        self.ready.push_back(Work::Vu(id));
    }

    /// Returns whether the VU goes on with another iteration at once.
    #[inline]
    fn iteration_over(&mut self, now: Time, id: u32) -> bool {
        if self.model.network.is_some() || self.recorder.log.is_some() {
            self.count_bytes(now, id);
        }
        let vu = &mut self.vus[id as usize];
        let duration = now.since(vu.started);
        let Some(index) = vu.origin.as_scenario() else {
            self.phase_over(now, id, duration);
            return false;
        };
        self.recorder.iteration(now, vu.origin, duration);
        let goes_on = self.scenarios[index].goes_on(now, id, vu, &mut self.recorder);
        if goes_on {
            self.minds.begin(id, vu, now);
        } else {
            vu.state = VuState::Idle;
            self.vu_returned(index);
            self.scenario_over(now, index);
        }
        goes_on
    }

    /// Setup or teardown has come to its end.
    #[cold]
    fn phase_over(&mut self, now: Time, id: u32, duration: Span) {
        let vu = &mut self.vus[id as usize];
        vu.state = VuState::Idle;
        self.recorder.phase(now, vu.origin, duration);
        if vu.origin == Origin::SETUP {
            self.setup_over(now);
        } else {
            self.stop(self.end);
        }
    }

    /// What an iteration has sent and received counts at its end; nothing where no network is modelled.
    #[cold]
    fn count_bytes(&mut self, now: Time, id: u32) {
        let (sent, received) = match self.model.network {
            Some(_) => self.take_bytes(id),
            None => (0, 0),
        };
        let origin = self.vus[id as usize].origin;
        self.recorder.data(now, origin, sent, received);
    }

    /// Cuts a VU's iteration off: a request in flight is left to the system and counts nowhere.
    pub(super) fn interrupt(&mut self, id: u32) {
        let vu = &mut self.vus[id as usize];
        let state = std::mem::replace(&mut vu.state, VuState::Idle);
        vu.generation = vu.generation.wrapping_add(1);
        let token = vu.context.token;
        match state {
            VuState::Requesting(request) => {
                self.left_in_flight += 1;
                self.client_gone(request);
            }
            VuState::Awaiting => {
                if let Some(waiter) = self.awaiting.get_mut(token as usize) {
                    *waiter = NONE;
                }
            }
            VuState::Sleeping => self.left_in_flight += u64::from(self.lose_answer(id)),
            VuState::Idle => {}
        }
        if state != VuState::Idle {
            self.recorder.interrupted += 1;
            self.count_bytes(self.queue.now(), id);
        }
    }

    /// Waits for the admission of the VU's token. Returns whether it has to.
    fn await_admission(&mut self, id: u32) -> bool {
        let vu = &mut self.vus[id as usize];
        let token = vu.context.token;
        let Some((room, _)) = &self.room else {
            return false;
        };
        if token == NONE || room.standing(token) != Standing::Waiting {
            return false;
        }
        vu.state = VuState::Awaiting;
        if self.awaiting.len() <= token as usize {
            self.awaiting.resize(token as usize + 1, NONE);
        }
        self.awaiting[token as usize] = id;
        true
    }

    /// A VU sends a request.
    #[inline]
    fn send(&mut self, now: Time, id: u32, site_id: SiteId) {
        let site = self.sites[site_id.index()];
        let vu = &mut self.vus[id as usize];
        let (request, slot) = self.requests.open();
        *slot = Request {
            client: id,
            site: site_id,
            origin: vu.origin,
            sent: now,
            context: vu.context,
            ticket: slot.ticket,
            generation: slot.generation,
            ..blank(EndpointId(site.endpoint), site.entry)
        };
        vu.state = VuState::Requesting(request);
        self.sent += 1;
        let watch = &mut self.watches[site.watch as usize];
        if !watch.armed {
            watch.armed = true;
            self.queue.set_alarm(watch.alarm, now + watch.timeout);
        }
        if let Some(network) = &self.model.network {
            return self.set_out(now, network, request);
        }
        self.arrived += 1;
        self.go_on(now, request);
    }

    /// A request's client gets its answer.
    #[inline(always)]
    pub(super) fn respond(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        let client = request.client;
        request.abandoned = true;
        request.client = NONE;
        if client == NONE {
            return;
        }
        if self.slow.is_some() {
            self.trace_answer(now, id);
        }
        if let Some(network) = &self.model.network {
            return self.answer_sets_out(now, network, id, client);
        }
        let request = &self.requests[id];
        let mut duration = now.since(request.sent);
        if request.code == Code::REFUSED {
            duration = Span::ZERO;
        }
        self.recorder
            .request(now, request.origin, request.site, request.code, duration);
        let vu = &mut self.vus[client as usize];
        vu.reply.code = request.code;
        self.minds.answered(client, duration);
        vu.reply.admitted = request.admitted;
        vu.reply.nothing_free = request.nothing_free;
        vu.context = request.context;
        vu.state = VuState::Sleeping;
        self.ready.push_back(Work::Vu(client));
    }

    /// Requests have reached their client timeout: status 0, and the work goes on without a client.
    pub(super) fn client_timeout(&mut self, now: Time, number: usize) {
        loop {
            let watch = &mut self.watches[number];
            match watch.next(now, number, &self.requests, &self.sites) {
                Next::Due(id) => self.time_out(now, id),
                Next::LookAt(time) => return self.queue.set_alarm(watch.alarm, time),
                Next::Nobody => {
                    watch.armed = false;
                    return;
                }
            }
        }
    }

    /// The client of a request gives up.
    fn time_out(&mut self, now: Time, id: u32) {
        let request = self.requests[id];
        let client = request.client;
        if self.slow.is_some() {
            self.trace_answer(now, id);
        }
        let mut duration = now.since(request.sent);
        let key = (request.origin, request.site, Code::TIMEOUT);
        if self.model.network.is_some() {
            let timings = self.given_up(client, duration);
            duration = timings.duration();
            self.recorder.timed_request(now, key, timings);
        } else {
            self.recorder.request(now, key.0, key.1, key.2, duration);
        }
        let vu = &mut self.vus[client as usize];
        vu.reply.code = Code::TIMEOUT;
        self.minds.answered(client, duration);
        vu.reply.admitted = false;
        vu.reply.nothing_free = false;
        vu.state = VuState::Sleeping;
        self.ready.push_back(Work::Vu(client));
        self.client_gone(id);
    }
}

/// A request of an endpoint that nobody waits for and that is about nothing.
#[inline]
pub(super) fn blank(endpoint: EndpointId, entry: u32) -> Request {
    Request {
        at: entry,
        ticket: 0,
        generation: 0,
        client: NONE,
        parent: (NONE, 0),
        branches: 0,
        endpoint: endpoint.0,
        site: SiteId(0),
        origin: Origin::SETUP,
        code: Code::OK,
        state: RequestState::Ready,
        abandoned: false,
        admitted: false,
        nothing_free: false,
        held: 0,
        sent: Time::ZERO,
        since: Time::ZERO,
        context: super::vu::Context::default(),
    }
}
