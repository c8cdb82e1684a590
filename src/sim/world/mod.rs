//! One run of a model in virtual time: VUs run journeys, requests run the programs of endpoints.
//!
//! What lives here: the [`World`] with its kernel, load and system, its [`event`]s with the one `match` over them, what
//! crosses between load and system, and how a run becomes an outcome and a summary. It may use the crate's `load` and what
//! is below that. It must not know that there are other runs, files, threads or a terminal: one model, seed and
//! replication go in, one outcome comes out.

mod abort;
pub mod build;
pub mod concurrent;
pub mod event;
mod journeys;
mod kernel;
pub mod limits;
mod load;
mod notice;
mod observe;
pub mod program;
mod requests;
mod scenarios;
mod system;
mod termination;
pub mod users;

pub use load::vu;
pub use observe::{audit, outcome, snapshot, summary, tags, timeline, values, window};
pub use system::{latency_breakdown, limiter, links, waits};

use prefetch_index::prefetch_index;

use crate::engine::{Span, Time};
use crate::measure::recorder::Memory;
use crate::model::Model;
use crate::model::system::EndpointId;

use event::{Event, Kind};
use kernel::{Kernel, Phase, Work};
use latency_breakdown::Breakdown;
use limits::Place;
use load::Load;
use outcome::Outcome;
use system::System;
use termination::Termination;
use vu::Vu;

pub use system::OpTime;

/// One run of a model: the load sends requests to the system, whose answers bring the VUs on; both are borrowed apart.
pub struct World<'m> {
    model: &'m Model,
    kernel: Kernel,
    load: Load<'m>,
    system: System<'m>,
    run_limits: limits::Limits,
}

/// Work that one instant may hold before the run counts as stuck: a model in which no time passes.
const WORK_PER_INSTANT: u64 = 20_000_000;

/// Requests that may be in the system beside one for each VU, before no endpoint can call another: more than a
/// gigabyte of memory.
const CALLED_AT_ONCE: usize = 10_000_000;

/// Events between two looks of a watcher: some tenths of a second.
const WATCH_EVERY: u32 = 1 << 21;

impl World<'_> {
    /// Keeps all samples in their order, for k6's `--out`. Takes back [`World::summarising`].
    #[must_use]
    pub fn logging(mut self) -> Self {
        self.load.recorder.keep_log();
        self
    }

    /// Counts durations in histograms instead of keeping them, for runs of hundreds of millions of
    /// requests: memory does not grow with their number, percentiles are at most 0.4 % off, and there are
    /// no samples for a log, a time line or a warm-up to be cut off. Takes back [`World::logging`].
    #[must_use]
    pub fn summarising(mut self) -> Self {
        self.load.recorder.keep_tallies();
        self
    }

    /// Records into the memory of an earlier run.
    #[must_use]
    pub fn reusing(mut self, memory: Memory) -> Self {
        self.load.recorder.reuse(memory);
        self
    }

    /// Keeps what requests spend their time on, by how long they take.
    #[must_use]
    pub fn explaining(mut self) -> Self {
        self.system.slow = Some(Box::new(Breakdown::of(&self.system)));
        self
    }

    /// Runs to the end and gives what was measured.
    #[must_use]
    pub fn run(self) -> Outcome {
        self.run_watched(|_| ())
    }

    /// As [`World::run`], and tells now and then how far it has come.
    #[must_use]
    pub fn run_watched(mut self, mut watch: impl FnMut(Time)) -> Outcome {
        self.run_to_end(&mut watch);
        self.assert_laws();
        self.into_outcome()
    }

    // Not once for each watcher, in the crate where that is made.
    fn run_to_end(&mut self, watch: &mut dyn FnMut(Time)) {
        if self.vus_have_room() {
            self.start();
            self.drain();
        }
        let mut over = self.kernel.phase == Phase::Over;
        while !over && self.step_here() {
            over = self.report_progress(watch);
        }
    }

    /// Behind each event: tells the watcher now and then how far the run has come. Returns whether it is over.
    #[inline(always)]
    fn report_progress(&mut self, watch: &mut dyn FnMut(Time)) -> bool {
        self.kernel.unwatched -= 1;
        self.kernel.unwatched == 0 && self.pause(watch)
    }

    /// The watcher is told how far the run has come, or the run is over. Returns whether it is.
    #[cold]
    #[inline(never)]
    fn pause(&mut self, watch: &mut dyn FnMut(Time)) -> bool {
        if self.kernel.phase != Phase::Over {
            self.kernel.unwatched = WATCH_EVERY;
            watch(self.kernel.queue.now());
            self.look_at_limits();
        }
        self.kernel.phase == Phase::Over
    }

    /// In debug builds, every run is audited at its end.
    fn assert_laws(&self) {
        if cfg!(debug_assertions) {
            let broken = self.audit().violations;
            assert!(broken.is_empty(), "laws do not hold: {broken:#?}");
        }
    }

    /// Handles the next event. Returns whether there was one.
    fn step(&mut self) -> bool {
        self.step_here()
    }

    /// As [`World::step`], in the place of the call.
    #[inline(always)]
    fn step_here(&mut self) -> bool {
        let vus: &[Vu] = &self.load.vus;
        let popped = self.kernel.queue.pop_and_look_ahead(|ahead| {
            // Of a million VUs, the one that wakes up next is in no cache: it is asked for early, and nobody
            // waits for it to come.
            if ahead.kind == Kind::Wake {
                prefetch_index(vus, ahead.who() as usize);
            }
        });
        let Some((now, event)) = popped else {
            return false;
        };
        self.process_event(now, event);
        true
    }

    /// Processes an event: notes it, calls its handler, resumes what became ready.
    #[inline(always)]
    fn process_event(&mut self, now: Time, event: Event) {
        self.kernel.note_event(now, event);
        let first = self.handle(now, event);
        self.resume_ready(now, first);
    }

    /// Calls the handler of an event, and tells VUs what it leaves for them. Returns the VU that goes on first then.
    #[inline(always)]
    fn handle(&mut self, now: Time, event: Event) -> Option<u32> {
        let (who, ticket) = (event.who(), event.ticket());
        let index = who as usize;
        match event.kind {
            Kind::Wake => return self.wake(who, ticket),
            Kind::Completion => {
                let over = self.system.complete(&mut self.kernel, now, index);
                return self.answer_first(now, over);
            }
            Kind::DelayOver => {
                let over = self.system.delay_over(&mut self.kernel, now, who, ticket);
                return self.answer_first(now, over);
            }
            Kind::PatienceOver => self
                .system
                .patience_over(&mut self.kernel, now, who, ticket),
            Kind::ClientTimeout => self.client_timeout(now, index),
            Kind::Load => return self.load(now, index),
            Kind::HardStop => self.hard_stop(index),
            Kind::PhaseTimeout => self.phase_timeout(),
            Kind::Second => self.tick(now),
            Kind::SlowdownBegins => self.system.slowdown_begins(&mut self.kernel, now, index),
            Kind::SlowdownEnds => self.system.slowdown_ends(&mut self.kernel, now, index),
            Kind::HoldExpires => self.system.hold_expires(now, who),
            Kind::Admission => self.system.admission(&mut self.kernel, now),
            Kind::SessionEnds => self.system.session_ends(&mut self.kernel, now, who),
            Kind::Arrival => self.system.arrival(&mut self.kernel, who, ticket),
            Kind::Answer => self.answer(now, who, ticket),
            Kind::Evaluate => self.evaluate(now),
            Kind::FaultBegins
            | Kind::FaultEnds
            | Kind::HealthCheck
            | Kind::EjectionSweep
            | Kind::DrainOver
            | Kind::ReplicaAnswers
            | Kind::Autoscale
            | Kind::ReplicaReady
            | Kind::ReplicaWarm => self.system.fleet_event(&mut self.kernel, now, event),
            Kind::KeepAliveOver => self
                .system
                .keep_alive_over(&mut self.kernel, now, who, ticket),
            Kind::Connected => self
                .system
                .connection_made(&mut self.kernel, now, who, ticket),
            Kind::SlowedDelayOver => self.system.slowed_delay_over(&mut self.kernel, now, index),
            Kind::ReserveDue => self.system.reserve_due(&mut self.kernel, now, who, ticket),
            Kind::LinkPassed => self.system.link_passed(&mut self.kernel, now, who, ticket),
            Kind::RateLimitOver => self
                .system
                .rate_limit_over(&mut self.kernel, now, who, ticket),
            Kind::RateLimitLook => self.system.rate_limit_look(&mut self.kernel, now, index),
            Kind::CacheCleared => self.system.clear_cache(index),
            Kind::CacheLook => self.system.cache_look(&mut self.kernel, now, who, ticket),
            Kind::SynTick => self.system.syn_tick(&mut self.kernel, now, who),
            Kind::Ack => self.system.ack(&mut self.kernel, now, who, ticket),
            Kind::DialOver => self.system.dial_over(&mut self.kernel, now, who, ticket),
            Kind::Accepting => self.system.accept(&mut self.kernel, now),
            Kind::Accepted => self.system.accepted_one(&mut self.kernel, now),
            Kind::PoolWakes => self.system.pool_wakes(&mut self.kernel, now, index),
            Kind::StationWakes => self.system.station_wakes(&mut self.kernel, now, index),
            Kind::LockWakes => self.system.lock_wakes(&mut self.kernel, now, who, ticket),
            Kind::AttemptAgain => self
                .system
                .attempt_again(&mut self.kernel, now, who, ticket),
            Kind::AttemptTimeout => self
                .system
                .attempt_timeout(&mut self.kernel, now, who, ticket),
            Kind::HedgeDue => self.system.hedge_due(&mut self.kernel, now, who, ticket),
        }
        self.deliver(now);
        None
    }

    /// Resumes everything that is ready at this instant.
    #[inline(never)]
    fn drain(&mut self) {
        self.resume_ready(self.kernel.queue.now(), None);
    }

    /// Resumes the VU that goes on first, if one does, then everything that is ready at this instant.
    #[inline(always)]
    fn resume_ready(&mut self, now: Time, first: Option<u32>) {
        if let Some(id) = first {
            self.run_journey(now, id);
        }
        if !self.kernel.ready.is_empty() {
            self.resume_others(now);
        }
    }

    /// Resumes everything else that is ready at this instant.
    #[inline(never)]
    fn resume_others(&mut self, now: Time) {
        let mut done: u64 = 0;
        while let Some(work) = self.kernel.ready.pop_front() {
            match work {
                Work::Vu(id) => self.resume(id),
                Work::Request(id) => self.resume_request(now, id),
            }
            done += 1;
            if done == WORK_PER_INSTANT && !self.kernel.ready.is_empty() {
                self.stop_stuck(work);
            }
        }
    }

    /// The run ends with this piece of work, for no time passes.
    #[cold]
    #[inline(never)]
    fn stop_stuck(&mut self, work: Work) {
        let place = match work {
            Work::Vu(vu) => Place::Journey(self.load.vus[vu as usize].journey),
            Work::Request(id) => Place::Endpoint(EndpointId(self.system.requests[id].endpoint)),
        };
        self.kernel.stop(Termination::Stuck(place));
        self.kernel.ready.clear();
    }

    /// k6's one-second sample of its VUs.
    fn tick(&mut self, now: Time) {
        self.load
            .recorder
            .sample_vus(now, self.load.active_vus, self.load.initialised_vus);
        self.kernel
            .queue
            .set_alarm(self.load.second, now + Span::secs(1));
    }
}
