//! Carries out what VUs do, but for their requests: sleeps, checks, waits for admission, the ends of iterations.

use crate::engine::{Span, Time};
use crate::load::pattern::Pattern;
use crate::measure::recorder::SampleSource;
use crate::model::network::Reuse;
use crate::parts::waiting_room::Standing;

use super::World;
use super::event::{Event, Kind};
use super::kernel::Work;
use super::limits::Place;
use super::load::interpreter::MOST_STEPS_AT_ONE_INSTANT;
use super::load::vu::{Effect, VuState};
use super::termination::Termination;

impl World<'_> {
    /// Resumes a VU until virtual time must pass.
    #[inline(never)]
    pub(super) fn resume(&mut self, id: u32) {
        self.run_journey(self.kernel.queue.now(), id);
    }

    /// As [`World::resume`], in the place of the call.
    #[inline(always)]
    pub(super) fn run_journey(&mut self, now: Time, id: u32) {
        let mut steps = 0;
        while steps < MOST_STEPS_AT_ONE_INSTANT {
            let vu = &mut self.load.vus[id as usize];
            let recorder = &mut self.load.recorder;
            let mut effect =
                self.load
                    .interpreter
                    .resume(now, id, vu, &self.system.tokens, recorder);
            // From the end of an iteration to the first effect of the next one.
            if effect == Effect::Done
                && !self.load.counts_bytes
                && let Some(index) = vu.origin.as_scenario()
            {
                recorder.iteration(now, vu.origin, now.since_past(vu.started));
                let own = (vu.stopping, vu.iterations);
                if !self.load.scenarios[index].starts_another(now, id, own, recorder) {
                    return self.no_more_iterations(now, id, index);
                }
                self.load.interpreter.begin(id, vu, now);
                steps += 1;
                effect = self
                    .load
                    .interpreter
                    .resume(now, id, vu, &self.system.tokens, recorder);
            }
            match effect {
                Effect::Request(site) => return self.send(now, id, site),
                Effect::Sleep(time) => {
                    vu.state = VuState::Sleeping;
                    let over = Event::stale_after(Kind::Wake, id, vu.generation);
                    return self.kernel.after(time, over);
                }
                Effect::Check(check, passed) => {
                    recorder.checks(now, vu.origin, (check, 1), passed);
                }
                Effect::RetryBegin(policy) => self.system.begin_retries(now, id, policy),
                Effect::ReleaseSeat => {
                    let hold = std::mem::take(&mut vu.context.hold);
                    if let Some(inventory) = &mut self.system.inventory {
                        inventory.release(now, hold);
                    }
                }
                Effect::Retry | Effect::AwaitAdmission | Effect::External | Effect::Done => {
                    if !self.goes_on(now, id, effect) {
                        return;
                    }
                }
                Effect::Stuck => break,
            }
            steps += 1;
        }
        let journey = self.load.vus[id as usize].journey;
        self.kernel
            .stop(Termination::Stuck(Place::Journey(journey)));
    }

    /// Carries out an effect that may hold a VU up. Returns whether the VU goes on at this instant.
    #[inline(never)]
    fn goes_on(&mut self, now: Time, id: u32, effect: Effect) -> bool {
        match effect {
            Effect::Retry => self.retry(now, id),
            Effect::AwaitAdmission => !self.await_admission(id),
            Effect::External if self.load.vus[id as usize].state == VuState::Resting => {
                self.rest_over(now, id)
            }
            Effect::External => {
                let goes_on = self.resume_external(now, id);
                goes_on.unwrap_or_else(|| self.iteration_over(now, id))
            }
            _ => self.iteration_over(now, id),
        }
    }

    /// A think time is over. Returns the VU, which goes on.
    #[inline(always)]
    pub(super) fn wake(&mut self, id: u32, generation: u32) -> Option<u32> {
        let is_current = self.load.vus[id as usize].generation == generation;
        is_current.then_some(id)
    }

    /// Returns whether the VU goes on with another iteration at once.
    #[inline(never)]
    fn iteration_over(&mut self, now: Time, id: u32) -> bool {
        if self.load.counts_bytes {
            self.count_bytes(now, id);
        }
        let vu = &mut self.load.vus[id as usize];
        let duration = now.since_past(vu.started);
        let Some(index) = vu.origin.as_scenario() else {
            self.phase_over(now, id, duration);
            return false;
        };
        self.load.recorder.iteration(now, vu.origin, duration);
        self.looks_for_another(now, id, index)
    }

    /// An iteration of a scenario is over; the next one of its VU may begin after this time (k6's
    /// `minIterationDuration`). Until then the VU counts as one that runs.
    pub(super) fn rest(&mut self, now: Time, id: u32, time: Span) {
        self.give_up_lines(id);
        if self.load.counts_bytes {
            self.count_bytes(now, id);
        }
        let vu = &mut self.load.vus[id as usize];
        self.load
            .recorder
            .iteration(now, vu.origin, now.since_past(vu.started));
        vu.state = VuState::Resting;
        let event = Event::stale_after(Kind::Wake, id, vu.generation);
        self.kernel.queue.at(now + time, event);
    }

    /// A VU has rested. Returns whether it goes on with another iteration at once.
    fn rest_over(&mut self, now: Time, id: u32) -> bool {
        let vu = &mut self.load.vus[id as usize];
        vu.state = VuState::Sleeping;
        match vu.origin.as_scenario() {
            Some(index) => self.looks_for_another(now, id, index),
            None => false,
        }
    }

    /// Returns whether a VU whose iteration is over goes on with another one.
    #[inline(always)]
    fn looks_for_another(&mut self, now: Time, id: u32, index: usize) -> bool {
        let vu = &mut self.load.vus[id as usize];
        let own = (vu.stopping, vu.iterations);
        let another =
            self.load.scenarios[index].starts_another(now, id, own, &mut self.load.recorder);
        if another {
            self.load.interpreter.begin(id, vu, now);
        } else {
            self.no_more_iterations(now, id, index);
        }
        another
    }

    /// A VU comes to rest.
    #[inline]
    fn no_more_iterations(&mut self, now: Time, id: u32, index: usize) {
        self.load.vus[id as usize].state = VuState::Idle;
        self.load.vu_returned(index);
        self.scenario_over(now, index);
    }

    /// Setup or teardown has come to its end.
    #[cold]
    fn phase_over(&mut self, now: Time, id: u32, duration: Span) {
        let vu = &mut self.load.vus[id as usize];
        vu.state = VuState::Idle;
        self.load.recorder.phase(now, vu.origin, duration);
        if vu.origin == SampleSource::SETUP {
            self.setup_over(now);
        } else {
            self.kernel.stop(self.kernel.end.clone());
        }
    }

    /// What an iteration has sent and received counts at its end; nothing where no network is modelled.
    #[cold]
    fn count_bytes(&mut self, now: Time, id: u32) {
        let (sent, received) = match self.model.network {
            Some(_) => {
                let (own, beside) = (self.system.take_bytes(id), self.bytes_of_lines(id));
                (own.0 + beside.0, own.1 + beside.1)
            }
            None => (0, 0),
        };
        let origin = self.load.vus[id as usize].origin;
        self.load.recorder.data(now, origin, sent, received);
        if self.system.dialling.is_some() {
            self.user_leaves(id);
        }
        if self.model.reuse == Reuse::WithinIteration {
            self.system.close_connection(&mut self.kernel, id);
        }
    }

    /// Cuts a VU's iteration off: a request in flight is left to the system and counts nowhere.
    pub(super) fn interrupt(&mut self, id: u32) {
        if self.load.concurrent.is_some() {
            self.give_up_lines(id);
        }
        let vu = &mut self.load.vus[id as usize];
        let state = std::mem::replace(&mut vu.state, VuState::Idle);
        vu.generation = vu.generation.wrapping_add(1);
        let token = vu.context.token;
        // It may have begun at this very instant.
        if !self.kernel.ready.is_empty() {
            self.kernel.ready.withdraw(Work::Vu(id));
        }
        match state {
            VuState::Requesting(request) => {
                self.load.left_in_flight += 1;
                self.system.close_connection(&mut self.kernel, id);
                self.system.client_gone(&mut self.kernel, request);
                self.deliver(self.kernel.queue.now());
            }
            VuState::Awaiting => self.system.stop_awaiting(&mut self.kernel, id, token),
            VuState::Sleeping => {
                self.load.left_in_flight += u64::from(self.system.drop_answer(&mut self.kernel, id))
            }
            VuState::Idle | VuState::Resting => {}
        }
        let runs = !matches!(state, VuState::Idle | VuState::Resting);
        if runs && !self.load.is_line(id) {
            let origin = self.load.vus[id as usize].origin;
            self.load.recorder.cut_off(origin);
            self.system.break_off_retries(id);
            self.count_bytes(self.kernel.queue.now(), id);
        }
    }

    /// Waits for the admission of the VU's token. Returns whether it has to.
    pub(super) fn await_admission(&mut self, id: u32) -> bool {
        let now = self.kernel.queue.now();
        let vu = &mut self.load.vus[id as usize];
        let token = vu.context.token;
        let standing = match &mut self.system.room {
            Some((room, _)) => room.listen(now, token),
            None => Standing::Admitted,
        };
        if standing != Standing::Waiting {
            vu.reply.admitted = standing == Standing::Admitted;
            return false;
        }
        vu.state = VuState::Awaiting;
        self.system.awaiting.join(token, id);
        true
    }

    /// An open user is gone after its iteration, and its connection with it.
    pub(super) fn user_leaves(&mut self, vu: u32) {
        let scenario = self.load.vus[vu as usize].origin.as_scenario();
        let open = |s: usize| matches!(self.load.scenarios[s].pattern, Pattern::Open { .. });
        if scenario.is_some_and(open) {
            self.system.close_connection(&mut self.kernel, vu);
        }
    }
}
