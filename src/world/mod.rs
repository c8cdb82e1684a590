//! One run of a model in virtual time: users walk journeys, requests walk endpoints.

pub mod build;
pub mod event;
pub mod journeys;
pub mod outcome;
pub mod request;
pub mod scenario;
pub mod service;
pub mod summary;
pub mod system;
pub mod vu;

use std::collections::VecDeque;

use crate::engine::dist::Dist;
use crate::engine::queue::{AlarmId, EventQueue, LaneId};
use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::measure::recorder::Recorder;
use crate::model::Model;
use crate::model::system::{DistId, Op};
use crate::parts::inventory::Inventory;
use crate::parts::lock::Locks;
use crate::parts::pool::Pool;
use crate::parts::station::Station;
use crate::parts::tokens::Tokens;
use crate::parts::version::Versions;
use crate::parts::waiting_room::WaitingRoom;

use event::Event;
use outcome::{End, Outcome};
use request::{Requests, TimeoutWatch};
use scenario::ScenarioRun;
use vu::{Choices, EventChoice, Vu};

/// Something to go on with at this very instant.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// A VU was answered or starts an iteration.
    Vu(u32),
    /// A request got what it waited for.
    Request(u32),
}

/// A distribution, its stream, and the lane for its delay if that is constant.
#[derive(Clone, Debug)]
struct Sampler {
    dist: Dist,
    stream: Stream,
    lane: Option<LaneId>,
}

impl Sampler {
    #[inline]
    fn span(&mut self) -> Span {
        self.dist.span(&mut self.stream)
    }
}

/// Random draws that belong to an endpoint.
#[derive(Clone, Debug)]
struct EndpointStreams {
    fail: Stream,
    seat: Stream,
}

/// How long requests spent at one operation of an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpTime {
    /// Visits that were completed.
    pub visits: u64,
    /// Nanoseconds spent waiting for the resource.
    pub waited: u128,
    /// Nanoseconds spent in service, or in a delay.
    pub served: u128,
}

/// A slowdown at work.
#[derive(Clone, Debug)]
struct SlowdownRun {
    station: usize,
    index: usize,
    leaves: f64,
    /// How many of its windows are open.
    open: u32,
}

/// The phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Setup,
    Scenarios,
    Teardown,
    Over,
}

/// One run of a model.
pub struct World<'m> {
    model: &'m Model,
    queue: EventQueue<Event>,
    ready: VecDeque<Work>,
    phase: Phase,
    end: End,
    fingerprint: u64,
    events: u64,

    vus: Vec<Vu>,
    loops: Vec<u32>,
    groups: Vec<Time>,
    group_depth: usize,
    choices: Vec<Choices>,
    event_choice: Option<EventChoice>,
    scenarios: Vec<ScenarioRun>,
    active_vus: u64,
    initialised_vus: u64,
    second: AlarmId,
    phase_timeout: AlarmId,

    requests: Requests,
    ops: Vec<Op>,
    op_times: Vec<OpTime>,
    entry: Vec<u32>,
    watches: Vec<(TimeoutWatch, AlarmId, bool)>,
    watch_of_site: Vec<u16>,
    samplers: Vec<Sampler>,
    endpoint_streams: Vec<EndpointStreams>,
    stations: Vec<(Station, AlarmId)>,
    slowdowns: Vec<SlowdownRun>,
    /// Stations of which a slowdown comes after every so many completions.
    counts_completions: Vec<bool>,
    pools: Vec<Pool>,
    locks: [Option<Locks>; 5],
    versions: [Option<Versions>; 5],
    inventory: Option<Inventory>,
    tokens: Tokens,
    room: Option<(WaitingRoom, AlarmId)>,
    /// VUs that wait to be told of their admission, by token; grows as needed.
    awaiting: Vec<u32>,
    arrived: u64,

    recorder: Recorder,
}

/// Work that one instant may hold before the run counts as stuck: a model in which no time passes.
const WORK_PER_INSTANT: u64 = 20_000_000;

/// Events between two looks of a watcher: some tenths of a second.
const WATCH_EVERY: u64 = 1 << 21;

impl World<'_> {
    /// Runs to the end and gives what was measured.
    #[must_use]
    pub fn run(self) -> Outcome {
        self.run_watched(|_| ())
    }

    /// As [`World::run`], and tells now and then how far it has come.
    #[must_use]
    pub fn run_watched(mut self, mut watch: impl FnMut(Time)) -> Outcome {
        self.start();
        self.drain();
        while self.phase != Phase::Over {
            let Some((now, event)) = self.queue.pop() else {
                break;
            };
            if self.events % WATCH_EVERY == WATCH_EVERY - 1 {
                watch(now);
            }
            self.events += 1;
            self.fingerprint = mix(self.fingerprint ^ now.0, event.code());
            self.handle(now, event);
            self.drain();
        }
        self.into_outcome()
    }

    /// The table of contents of the simulator.
    #[inline]
    fn handle(&mut self, now: Time, event: Event) {
        match event {
            Event::Wake { vu, generation } => self.wake(vu, generation),
            Event::Completion { station } => self.complete(now, station),
            Event::DelayOver { request, ticket } => self.delay_over(now, request, ticket),
            Event::PatienceOver { request, ticket } => self.patience_over(now, request, ticket),
            Event::ClientTimeout { watch } => self.client_timeout(now, watch),
            Event::Load { scenario } => self.load(now, scenario as usize),
            Event::HardStop { scenario } => self.hard_stop(scenario as usize),
            Event::PhaseTimeout => self.phase_timeout(),
            Event::Second => self.tick(now),
            Event::SlowdownBegins { slowdown } => self.slowdown_begins(now, slowdown),
            Event::SlowdownEnds { slowdown } => self.slowdown_ends(now, slowdown),
            Event::HoldExpires { hold } => self.hold_expires(now, hold),
            Event::Admission => self.admission(now),
            Event::SessionEnds { token } => self.session_ends(now, token),
        }
    }

    /// Carries on all that can go on at this instant.
    #[inline]
    fn drain(&mut self) {
        let mut budget = WORK_PER_INSTANT;
        while let Some(work) = self.ready.pop_front() {
            match work {
                Work::Vu(vu) => self.resume(vu),
                Work::Request(request) => self.advance(request),
            }
            budget -= 1;
            if budget == 0 {
                self.stop(End::Stuck);
                self.ready.clear();
            }
        }
    }

    /// k6's one-second sample of its VUs.
    fn tick(&mut self, now: Time) {
        self.recorder
            .sample_vus(self.active_vus, self.initialised_vus);
        self.queue.set_alarm(self.second, now + Span::secs(1));
    }

    /// The run ends now.
    fn stop(&mut self, end: End) {
        self.phase = Phase::Over;
        self.end = end;
    }

    /// Schedules an event after a time drawn from a distribution.
    #[inline]
    fn after(&mut self, dist: DistId, event: Event) {
        let sampler = &mut self.samplers[dist.index()];
        if let Some(lane) = sampler.lane {
            self.queue.after_lane(lane, event);
        } else {
            let span = sampler.span();
            self.queue.at(self.queue.now() + span, event);
        }
    }
}

/// One step of the fingerprint: a multiply-rotate hash, cheap enough for every event.
#[inline]
fn mix(state: u64, value: u64) -> u64 {
    (state.rotate_left(23) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
