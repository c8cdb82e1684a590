//! Carries out what VUs do: requests, sleeps, checks, the ends of iterations.

use crate::engine::{Span, Time, Turn};
use crate::measure::recorder::{Recorder, ResponseCode, SampleSource};
use crate::model::journey::SiteId;
use crate::model::network::Reuse;
use crate::model::system::{EndpointId, Op};
use crate::parts::Admission;

use super::client_timeout::Next;
use super::event::{Event, Kind};
use super::limits::Place;
use super::outcome::Termination;
use super::request::{Request, RequestState};
use super::service::PlainVisit;
use super::vu::{Effect, MOST_STEPS_AT_ONE_INSTANT, NONE, Reply, Vu, VuState};
use super::{Work, World};

impl World<'_> {
    /// Resumes a VU until virtual time must pass.
    #[inline(never)]
    pub(super) fn resume(&mut self, id: u32) {
        self.run_journey(self.queue.now(), id);
    }

    /// As [`World::resume`], in the place of the call.
    #[inline(always)]
    pub(super) fn run_journey(&mut self, now: Time, id: u32) {
        let mut steps = 0;
        while steps < MOST_STEPS_AT_ONE_INSTANT {
            let vu = &mut self.vus[id as usize];
            let recorder = &mut self.recorder;
            let mut effect = self.interpreter.resume(now, id, vu, &self.tokens, recorder);
            // From the end of an iteration to the first effect of the next one.
            if effect == Effect::Done
                && !self.counts_bytes
                && let Some(index) = vu.origin.as_scenario()
            {
                recorder.iteration(now, vu.origin, now.since_past(vu.started));
                let own = (vu.stopping, vu.iterations);
                if !self.scenarios[index].starts_another(now, id, own, recorder) {
                    return self.no_more_iterations(now, id, index);
                }
                self.interpreter.begin(id, vu, now);
                steps += 1;
                effect = self.interpreter.resume(now, id, vu, &self.tokens, recorder);
            }
            match effect {
                Effect::Request(site) => return self.send(now, id, site),
                Effect::Sleep(time) => {
                    vu.state = VuState::Sleeping;
                    let over = Event::stale_after(Kind::Wake, id, vu.generation);
                    return self.after(time, over);
                }
                Effect::Check(check, passed) => {
                    recorder.checks(now, vu.origin, (check, 1), passed);
                }
                Effect::RetryBegin(policy) => self.begin_retries(now, id, policy),
                Effect::Retry => {
                    if !self.retry(now, id) {
                        return;
                    }
                }
                Effect::AwaitAdmission => {
                    if self.await_admission(id) {
                        return;
                    }
                }
                Effect::ReleaseSeat => {
                    let hold = std::mem::take(&mut vu.context.hold);
                    if let Some(inventory) = &mut self.inventory {
                        inventory.release(now, hold);
                    }
                }
                Effect::External if vu.state == VuState::Resting => {
                    if !self.rest_over(now, id) {
                        return;
                    }
                }
                Effect::External => match self.resume_external(now, id) {
                    Some(true) => {}
                    Some(false) => return,
                    None => {
                        if !self.iteration_over(now, id) {
                            return;
                        }
                    }
                },
                Effect::Done => {
                    if !self.iteration_over(now, id) {
                        return;
                    }
                }
                Effect::Stuck => break,
            }
            steps += 1;
        }
        let journey = self.vus[id as usize].journey;
        self.stop(Termination::Stuck(Place::Journey(journey)));
    }

    /// A think time is over. Returns the VU, which goes on.
    #[inline(always)]
    pub(super) fn wake(&mut self, id: u32, generation: u32) -> Option<u32> {
        let is_current = self.vus[id as usize].generation == generation;
        is_current.then_some(id)
    }

    /// A VU begins an iteration now, when its turn comes.
    pub(super) fn begin_iteration(&mut self, id: u32) {
        self.begin(id);
        self.ready.push_back(Work::Vu(id));
    }

    /// A VU is at the begin of an iteration.
    #[inline]
    pub(super) fn begin(&mut self, id: u32) {
        let vu = &mut self.vus[id as usize];
        self.interpreter.begin(id, vu, self.queue.now());
        // Anything but idle: it runs.
        vu.state = VuState::Sleeping;
    }

    /// Returns whether the VU goes on with another iteration at once.
    #[inline(never)]
    fn iteration_over(&mut self, now: Time, id: u32) -> bool {
        if self.counts_bytes {
            self.count_bytes(now, id);
        }
        let vu = &mut self.vus[id as usize];
        let duration = now.since_past(vu.started);
        let Some(index) = vu.origin.as_scenario() else {
            self.phase_over(now, id, duration);
            return false;
        };
        self.recorder.iteration(now, vu.origin, duration);
        self.looks_for_another(now, id, index)
    }

    /// An iteration of a scenario is over; the next one of its VU may begin after this time (k6's
    /// `minIterationDuration`). Until then the VU counts as one that runs.
    pub(super) fn rest(&mut self, now: Time, id: u32, time: Span) {
        self.give_up_lines(id);
        if self.counts_bytes {
            self.count_bytes(now, id);
        }
        let vu = &mut self.vus[id as usize];
        self.recorder
            .iteration(now, vu.origin, now.since_past(vu.started));
        vu.state = VuState::Resting;
        let event = Event::stale_after(Kind::Wake, id, vu.generation);
        self.queue.at(now + time, event);
    }

    /// A VU has rested. Returns whether it goes on with another iteration at once.
    fn rest_over(&mut self, now: Time, id: u32) -> bool {
        let vu = &mut self.vus[id as usize];
        vu.state = VuState::Sleeping;
        match vu.origin.as_scenario() {
            Some(index) => self.looks_for_another(now, id, index),
            None => false,
        }
    }

    /// Returns whether a VU whose iteration is over goes on with another one.
    #[inline(always)]
    fn looks_for_another(&mut self, now: Time, id: u32, index: usize) -> bool {
        let vu = &mut self.vus[id as usize];
        let own = (vu.stopping, vu.iterations);
        let another = self.scenarios[index].starts_another(now, id, own, &mut self.recorder);
        if another {
            self.interpreter.begin(id, vu, now);
        } else {
            self.no_more_iterations(now, id, index);
        }
        another
    }

    /// A VU comes to rest.
    #[inline]
    fn no_more_iterations(&mut self, now: Time, id: u32, index: usize) {
        self.vus[id as usize].state = VuState::Idle;
        self.vu_returned(index);
        self.scenario_over(now, index);
    }

    /// Setup or teardown has come to its end.
    #[cold]
    fn phase_over(&mut self, now: Time, id: u32, duration: Span) {
        let vu = &mut self.vus[id as usize];
        vu.state = VuState::Idle;
        self.recorder.phase(now, vu.origin, duration);
        if vu.origin == SampleSource::SETUP {
            self.setup_over(now);
        } else {
            self.stop(self.end.clone());
        }
    }

    /// What an iteration has sent and received counts at its end; nothing where no network is modelled.
    #[cold]
    fn count_bytes(&mut self, now: Time, id: u32) {
        let (sent, received) = match self.model.network {
            Some(_) => {
                let (own, beside) = (self.take_bytes(id), self.bytes_of_lines(id));
                (own.0 + beside.0, own.1 + beside.1)
            }
            None => (0, 0),
        };
        let origin = self.vus[id as usize].origin;
        self.recorder.data(now, origin, sent, received);
        if self.dialling.is_some() {
            self.user_leaves(id);
        }
        if self.model.reuse == Reuse::WithinIteration {
            self.close_connection(id);
        }
    }

    /// Cuts a VU's iteration off: a request in flight is left to the system and counts nowhere.
    pub(super) fn interrupt(&mut self, id: u32) {
        if self.concurrent.is_some() {
            self.give_up_lines(id);
        }
        let vu = &mut self.vus[id as usize];
        let state = std::mem::replace(&mut vu.state, VuState::Idle);
        vu.generation = vu.generation.wrapping_add(1);
        let token = vu.context.token;
        // It may have begun at this very instant.
        if !self.ready.is_empty() {
            self.ready.withdraw(Work::Vu(id));
        }
        match state {
            VuState::Requesting(request) => {
                self.left_in_flight += 1;
                self.close_connection(id);
                self.client_gone(request);
                self.deliver(self.queue.now());
            }
            VuState::Awaiting => self.stop_awaiting(id, token),
            VuState::Sleeping => self.left_in_flight += u64::from(self.drop_answer(id)),
            VuState::Idle | VuState::Resting => {}
        }
        let runs = !matches!(state, VuState::Idle | VuState::Resting);
        if runs && !self.is_line(id) {
            let origin = self.vus[id as usize].origin;
            self.recorder.cut_off(origin);
            self.break_off_retries(id);
            self.count_bytes(self.queue.now(), id);
        }
    }

    /// A VU sends a request.
    #[inline(always)]
    pub(super) fn send(&mut self, now: Time, id: u32, site_id: SiteId) {
        let site = self.sites[site_id.index()];
        self.sent += 1;
        if !self.retries.asked.is_empty() {
            self.retries.asked.remove(&id);
        }
        if self.idle_watches > 0 {
            self.arm(now, site.watch);
        }
        let vu = &mut self.vus[id as usize];
        let (number, request) = self.requests.open();
        let ticket = request.ticket;
        vu.state = VuState::Requesting(number);
        *request = Request {
            client: id,
            site: site_id,
            origin: vu.origin,
            sent: now,
            since: now,
            context: vu.context,
            ticket,
            generation: request.generation,
            // Mostly it is served at once.
            state: RequestState::InService,
            ..Request::new(EndpointId(site.endpoint), site.entry)
        };
        if self.sends_directly {
            let entry = site.entry as usize;
            if let Some(visit) = PlainVisit::of(&self.ops[entry]) {
                self.arrived += 1;
                let (samplers, stations) = (&mut self.samplers, &mut self.stations);
                return match visit.begin(
                    now,
                    (number, request),
                    samplers,
                    stations,
                    &mut self.queue,
                ) {
                    Admission::Granted | Admission::Queued => {}
                    other => {
                        self.visit_otherwise(now, number, entry, other);
                        self.deliver(now);
                    }
                };
            }
            if let Op::Delay(time) = self.ops[entry] {
                self.arrived += 1;
                request.state = RequestState::Delayed;
                let over = Event::stale_after(Kind::DelayOver, number, ticket);
                return self.after(time, over);
            }
        }
        request.state = RequestState::Ready;
        self.enter_system(now, number);
    }

    /// From now on requests with this client timeout are watched.
    #[inline(never)]
    pub(super) fn arm(&mut self, now: Time, watch: u16) {
        let watch = &mut self.watches[watch as usize];
        if !watch.armed {
            watch.armed = true;
            self.idle_watches -= 1;
            self.queue.set_alarm(watch.alarm, now + watch.timeout);
        }
    }

    /// A request passes through a network first, or does something at once.
    #[inline(never)]
    fn enter_system(&mut self, now: Time, id: u32) {
        let client = self.requests[id].client;
        let vu = self.vus[client as usize];
        if let Some(fleet) = &mut self.fleet {
            fleet.sends_in(client, vu.iterations);
        }
        match &self.model.network {
            Some(network) => {
                self.connected_by(client, vu.generation);
                self.send_over_network(now, network, id);
            }
            None => {
                self.arrived += 1;
                self.advance_and_answer(now, id);
            }
        }
        self.deliver(now);
    }

    /// A request that holds nothing, and that no other has called, is over. Returns its client, if it has one, which
    /// goes on. Neither is there a network nor does anybody want to know where the request's time went.
    #[inline(always)]
    pub(super) fn answer_and_close(&mut self, now: Time, id: u32) -> Option<u32> {
        // The slot is looked up once: with the world in the hands of calls, each look would be made anew.
        let (request, free) = self.requests.slot_and_free(id);
        let client = request.end();
        free.push(id);
        if client == NONE {
            return None;
        }
        let vu = &mut self.vus[client as usize];
        let duration = record_response(now, request, vu, &mut self.recorder);
        self.interpreter.answered(client, duration);
        Some(client)
    }

    /// Requests have reached their client timeout: status 0, and the work goes on without a client.
    pub(super) fn client_timeout(&mut self, now: Time, number: usize) {
        loop {
            let watch = &mut self.watches[number];
            let sites = &self.sites;
            let own = |site: SiteId| usize::from(sites[site.index()].watch) == number;
            match watch.next(now, &self.requests, own) {
                // What is answered at this very instant is answered in time: it is looked at again then.
                Next::Due(_) if self.queue.next_time() == Some(now) && watch.answers_first(now) => {
                    return self.queue.set_alarm_turn(watch.alarm, now, Turn::Late);
                }
                Next::Due(id) => self.time_out(now, id),
                Next::LookAt(time) => return self.queue.set_alarm(watch.alarm, time),
                Next::Nobody => {
                    watch.armed = false;
                    self.idle_watches += 1;
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
        let key = (request.origin, request.site, ResponseCode::TIMEOUT);
        if self.model.network.is_some() {
            let timings = self.given_up(client, duration);
            duration = timings.duration();
            self.recorder.timed_request(now, key, timings);
        } else {
            self.recorder.request(now, key.0, key.1, key.2, duration);
        }
        let vu = &mut self.vus[client as usize];
        vu.reply.code = ResponseCode::TIMEOUT;
        self.interpreter.answered(client, duration);
        vu.reply.admitted = false;
        vu.reply.nothing_free = false;
        vu.state = VuState::Sleeping;
        self.ready.push_back(Work::Vu(client));
        self.client_gone(id);
        self.deliver(now);
    }
}

/// Records the response to a VU's request. Returns how long it took.
#[inline(always)]
pub(super) fn record_response(
    now: Time,
    request: &Request,
    vu: &mut Vu,
    recorder: &mut Recorder,
) -> Span {
    let mut duration = now.since_past(request.sent);
    if request.code == ResponseCode::REFUSED {
        duration = Span::ZERO;
    }
    recorder.request(now, request.origin, request.site, request.code, duration);
    vu.reply = Reply {
        code: request.code,
        admitted: request.admitted,
        nothing_free: request.nothing_free,
    };
    vu.context = request.context;
    vu.state = VuState::Sleeping;
    duration
}
