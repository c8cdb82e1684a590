//! One run of a model in virtual time: VUs run journeys, requests run the programs of endpoints.
//!
//! What lives here: the [`World`], its [`event`]s with the one `match` over them, and how a run becomes an outcome
//! and a summary. It may use `load` and what is below it. It must not know that there are other runs, files, threads
//! or a terminal: one model, seed and replication go in, one outcome comes out.

pub mod abort;
pub mod audit;
mod autoscale;
mod autoscale_metric;
pub mod build;
mod cache;
pub mod client_timeout;
pub mod concurrent;
mod connections;
mod deadline;
pub mod deadlock;
mod dial;
pub mod event;
mod faults;
pub mod fleet;
mod guard;
mod hedge;
mod host;
pub mod journeys;
pub mod keep_alive;
pub mod latency_breakdown;
pub mod limiter;
pub mod limits;
pub mod links;
pub mod network;
mod notice;
pub mod outcome;
pub mod program;
mod queueing;
mod rate_limit;
pub mod request;
mod retry;
pub mod scenario;
mod seats;
pub mod sections;
pub mod service;
pub mod slowdown;
pub mod snapshot;
pub mod summary;
pub mod system;
pub mod tags;
pub mod timeline;
mod trends;
pub mod users;
pub mod values;
pub mod vu;
mod wait_timers;
pub mod waiting_room;
pub mod waits;
mod wake;
pub mod window;

use std::collections::VecDeque;

use prefetch_index::prefetch_index;

use crate::engine::dist::Dist;
use crate::engine::hash::mix;
use crate::engine::queue::{AlarmId, EventQueue, FixedDelayId};
use crate::engine::stream::Stream;
use crate::engine::table::Table;
use crate::engine::{Span, Time};
use crate::measure::recorder::{Memory, Recorder};
use crate::model::Model;
use crate::model::system::{DistId, EndpointId, Op};
use crate::parts::breaker::CircuitBreaker;
use crate::parts::connections::Connections;
use crate::parts::inventory::Inventory;
use crate::parts::keep_alive::KeepAlive;
use crate::parts::listeners::Listeners;
use crate::parts::lock::Locks;
use crate::parts::pool::Pool;
use crate::parts::rate_limit::Limiter;
use crate::parts::station::Station;
use crate::parts::tokens::Tokens;
use crate::parts::version::Versions;
use crate::parts::waiting_room::WaitingRoom;

use client_timeout::TimeoutWatch;
use event::{Event, Kind};
use limits::Place;
use notice::Notice;
use outcome::{Outcome, Termination};
use request::Requests;
use scenario::ScenarioRun;
use vu::{JourneyInterpreter, Vu};

/// A VU or a request that continues at this instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A VU was answered or starts an iteration.
    Vu(u32),
    /// A request got what it waited for.
    Request(u32),
}

/// VUs and requests that continue at this instant, first in, first out. There are mostly one or two, which have fields of
/// their own.
#[derive(Clone, Debug, Default)]
struct ReadyList {
    first: Option<Work>,
    second: Option<Work>,
    others: VecDeque<Work>,
}

impl ReadyList {
    #[inline]
    fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[inline(always)]
    fn push_back(&mut self, work: Work) {
        if self.first.is_none() {
            self.first = Some(work);
        } else {
            self.push_behind(work);
        }
    }

    #[inline(never)]
    fn push_behind(&mut self, work: Work) {
        if self.second.is_none() {
            self.second = Some(work);
        } else {
            self.others.push_back(work);
        }
    }

    #[inline]
    fn pop_front(&mut self) -> Option<Work> {
        let work = self.first?;
        self.first = self.second;
        if self.first.is_some() {
            self.second = self.others.pop_front();
        }
        Some(work)
    }

    /// Takes a piece of work back, wherever it stands.
    fn withdraw(&mut self, work: Work) {
        self.others.retain(|other| *other != work);
        if self.second == Some(work) {
            self.second = self.others.pop_front();
        }
        if self.first == Some(work) {
            self.pop_front();
        }
    }

    fn clear(&mut self) {
        *self = ReadyList::default();
    }
}

/// A distribution and its stream.
#[derive(Clone, Debug)]
struct Sampler {
    /// The time that is drawn next. It is made one draw ahead, while nobody waits for it: half of what a draw
    /// takes is that each step of it needs the one before.
    next: Span,
    dist: Dist,
    stream: Stream,
}

impl Sampler {
    fn new(dist: Dist, mut stream: Stream) -> Sampler {
        Sampler {
            next: dist.span(&mut stream),
            dist,
            stream,
        }
    }

    #[inline(always)]
    fn span(&mut self) -> Span {
        std::mem::replace(&mut self.next, self.dist.span(&mut self.stream))
    }
}

/// What a run knows of an endpoint: its calls, and the random draws that belong to it.
#[derive(Clone, Debug)]
struct EndpointState {
    /// Calls by others.
    called: u64,
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
    /// Nanoseconds in service of visits that were cut off.
    pub cut_off: u128,
    /// Services that began after a wait in line that was not zero.
    pub waits: u64,
    /// Services that ended before their time: cut off, or interrupted.
    pub broken_off: u64,
}

/// What sending a request from a site needs.
#[derive(Clone, Copy, Debug)]
pub struct SitePlan {
    /// Index of the endpoint.
    endpoint: u16,
    /// Which client timeout its requests have.
    watch: u16,
    /// First operation of the endpoint.
    entry: u32,
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
    ready: ReadyList,
    phase: Phase,
    end: Termination,
    fingerprint: u64,
    events: u64,
    /// Events until the loop over them pauses: a watcher looks, or the run is over.
    unwatched: u32,

    vus: Table<Vu>,
    interpreter: JourneyInterpreter,
    /// What decides for VUs that run no journey of the model.
    users: Option<Box<dyn users::UserSource + 'm>>,
    /// Requests that VUs have under way at once, if any ever had.
    concurrent: Option<Box<concurrent::Concurrent>>,
    scenarios: Table<ScenarioRun>,
    active_vus: u64,
    initialised_vus: u64,
    second: AlarmId,
    phase_timeout: AlarmId,
    /// The next look at thresholds that may abort the run.
    evaluate: AlarmId,
    /// Metrics that had crossed a threshold when the run was aborted.
    crossed: Vec<String>,

    requests: Requests,
    /// How many requests may be in the system beside one for each VU.
    called_at_once: usize,
    /// VUs that may send requests.
    clients: usize,
    ops: Table<Op>,
    op_times: Table<OpTime>,
    entry: Vec<u32>,
    sites: Table<SitePlan>,
    watches: Vec<TimeoutWatch>,
    /// Watches that are not armed.
    idle_watches: usize,
    samplers: Table<Sampler>,
    /// For each sampler, the fixed-delay queue of its delay if that is constant.
    fixed_delays: Table<Option<FixedDelayId>>,
    endpoint_states: Vec<EndpointState>,
    stations: Table<(Station, AlarmId)>,
    slowdowns: Vec<slowdown::SlowdownRun>,
    /// Delays of those who hold tokens of slowed pools, by the set of these pools.
    paces: Vec<slowdown::Pace>,
    /// Stations whose completions are looked at: for slowdowns, for barging, for their host. Empty if there is none.
    counts_completions: Vec<bool>,
    /// Stations that share cores, if the model has hosts.
    hosts: Option<Box<host::Hosts>>,
    pools: Table<Pool>,
    /// Of each pool, what connections keep of it; none where they keep nothing.
    keepers: Vec<Option<KeepAlive>>,
    /// Of each pool its connections, if they cost anything; empty if there is no such pool.
    pool_connections: Vec<Option<Connections>>,
    /// VUs have connections that may be closed: there is a network, or they keep tokens.
    has_connections: bool,
    /// What goes off while requests wait.
    wait_timers: Vec<wait_timers::WaitTimer>,
    /// Services and their replicas, if the model has any.
    fleet: Option<Box<fleet::Fleet>>,
    locks: [Option<Locks>; 5],
    versions: [Option<Versions>; 5],
    inventory: Option<Inventory>,
    tokens: Tokens,
    room: Option<(WaitingRoom, AlarmId)>,
    /// VUs that wait to be told of their admission.
    awaiting: Listeners,
    /// What VUs are to be told of the last handler's work.
    notices: Vec<Notice>,
    /// Requests that VUs have sent.
    sent: u64,
    /// Requests of VUs that have reached the system.
    arrived: u64,
    /// What is on the way for each VU; empty where no network is modelled.
    connections: Vec<network::Connection>,
    /// Connections on their way into an accept queue, where a listener is modelled.
    dialling: Option<Box<dial::Dialling>>,
    /// Requests that an interrupted VU has left in flight.
    left_in_flight: u64,
    run_limits: limits::Limits,
    deadlocks: deadlock::Deadlocks,
    /// Deadlines, if the model has any.
    deadlines: Option<Box<deadline::Deadlines>>,
    /// Caches, if the model has any.
    caches: Option<Box<cache::Caches>>,
    /// Limits of the rate of requests.
    rate_limits: Vec<Limiter>,
    /// The network between services, if the model has one.
    links: Option<Box<links::Links>>,
    retries: retry::Retries,
    controlled_delays: queueing::ControlledDelays,
    /// In the order of `Model::breakers`.
    breakers: Vec<CircuitBreaker>,
    /// In the order of `Model::limits`.
    limits: Vec<limiter::Limiter>,
    /// Waits at stations, of a run that is looked at.
    waits: Option<Box<waits::WaitLog>>,

    recorder: Recorder,
    slow: Option<Box<latency_breakdown::Breakdown>>,
    /// The begin or the end of a service means more than that a request waits no longer.
    looks_at_services: bool,
    /// A request that is sent meets nothing that keeps something of its VU.
    sends_directly: bool,
    /// There is no network, and nobody wants to know where the time of requests went.
    answers_directly: bool,
    /// An iteration's end is when bytes sent and received are told, or connections closed.
    counts_bytes: bool,
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
        self.recorder.keep_log();
        self
    }

    /// Counts durations in histograms instead of keeping them, for runs of hundreds of millions of
    /// requests: memory does not grow with their number, percentiles are at most 0.4 % off, and there are
    /// no samples for a log, a time line or a warm-up to be cut off. Takes back [`World::logging`].
    #[must_use]
    pub fn summarising(mut self) -> Self {
        self.recorder.keep_tallies();
        self
    }

    /// Records into the memory of an earlier run.
    #[must_use]
    pub fn reusing(mut self, memory: Memory) -> Self {
        self.recorder.reuse(memory);
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
        let mut over = self.phase == Phase::Over;
        while !over && self.step_here() {
            over = self.report_progress(watch);
        }
    }

    /// Behind each event: tells the watcher now and then how far the run has come. Returns whether it is over.
    #[inline(always)]
    fn report_progress(&mut self, watch: &mut dyn FnMut(Time)) -> bool {
        self.unwatched -= 1;
        self.unwatched == 0 && self.pause(watch)
    }

    /// The watcher is told how far the run has come, or the run is over. Returns whether it is.
    #[cold]
    #[inline(never)]
    fn pause(&mut self, watch: &mut dyn FnMut(Time)) -> bool {
        if self.phase != Phase::Over {
            self.unwatched = WATCH_EVERY;
            watch(self.queue.now());
            self.look_at_limits();
        }
        self.phase == Phase::Over
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
        let vus: &[Vu] = &self.vus;
        let popped = self.queue.pop_and_look_ahead(|ahead| {
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
        self.note_event(now, event);
        let first = self.handle(now, event);
        self.deliver(now);
        self.resume_ready(now, first);
    }

    /// Counts an event and mixes it into the fingerprint.
    #[inline(always)]
    fn note_event(&mut self, now: Time, event: Event) {
        self.events += 1;
        self.fingerprint = mix(self.fingerprint ^ now.0, event.code());
    }

    /// Calls the handler of an event. Returns the VU that goes on first then.
    #[inline(always)]
    fn handle(&mut self, now: Time, event: Event) -> Option<u32> {
        let (who, ticket) = (event.who(), event.ticket());
        let index = who as usize;
        match event.kind {
            Kind::Wake => return self.wake(who, ticket),
            Kind::Completion => {
                let over = self.complete(now, index);
                return self.answer_first(now, over);
            }
            Kind::DelayOver => {
                let over = self.delay_over(now, who, ticket);
                return self.answer_first(now, over);
            }
            Kind::PatienceOver => self.patience_over(now, who, ticket),
            Kind::ClientTimeout => self.client_timeout(now, index),
            Kind::Load => return self.load(now, index),
            Kind::HardStop => self.hard_stop(index),
            Kind::PhaseTimeout => self.phase_timeout(),
            Kind::Second => self.tick(now),
            Kind::SlowdownBegins => self.slowdown_begins(now, index),
            Kind::SlowdownEnds => self.slowdown_ends(now, index),
            Kind::HoldExpires => self.hold_expires(now, who),
            Kind::Admission => self.admission(now),
            Kind::SessionEnds => self.session_ends(now, who),
            Kind::Arrival => self.arrival(who, ticket),
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
            | Kind::ReplicaWarm => self.fleet_event(now, event),
            Kind::KeepAliveOver => self.keep_alive_over(now, who, ticket),
            Kind::Connected => self.connection_made(now, who, ticket),
            Kind::SlowedDelayOver => self.slowed_delay_over(now, index),
            Kind::ReserveDue => self.reserve_due(now, who, ticket),
            Kind::LinkPassed => self.link_passed(now, who, ticket),
            Kind::RateLimitOver => self.rate_limit_over(now, who, ticket),
            Kind::RateLimitLook => self.rate_limit_look(now, index),
            Kind::CacheCleared => self.clear_cache(index),
            Kind::CacheLook => self.cache_look(now, who, ticket),
            Kind::SynTick => self.syn_tick(now, who),
            Kind::Ack => self.ack(now, who, ticket),
            Kind::DialOver => self.dial_over(now, who, ticket),
            Kind::Accepting => self.accept(now),
            Kind::Accepted => self.accepted_one(now),
            Kind::PoolWakes => self.pool_wakes(now, index),
            Kind::StationWakes => self.station_wakes(now, index),
            Kind::LockWakes => self.lock_wakes(now, who, ticket),
            Kind::AttemptAgain => self.attempt_again(now, who, ticket),
            Kind::AttemptTimeout => self.attempt_timeout(now, who, ticket),
            Kind::HedgeDue => self.hedge_due(now, who, ticket),
        }
        None
    }

    /// Resumes everything that is ready at this instant.
    #[inline(never)]
    fn drain(&mut self) {
        self.resume_ready(self.queue.now(), None);
    }

    /// Resumes the VU that goes on first, if one does, then everything that is ready at this instant.
    #[inline(always)]
    fn resume_ready(&mut self, now: Time, first: Option<u32>) {
        if let Some(id) = first {
            self.run_journey(now, id);
        }
        if !self.ready.is_empty() {
            self.resume_others(now);
        }
    }

    /// Resumes everything else that is ready at this instant.
    #[inline(never)]
    fn resume_others(&mut self, now: Time) {
        let mut done: u64 = 0;
        while let Some(work) = self.ready.pop_front() {
            match work {
                Work::Vu(id) => self.resume(id),
                Work::Request(id) => {
                    self.resume_request(now, id);
                    self.deliver(now);
                }
            }
            done += 1;
            if done == WORK_PER_INSTANT && !self.ready.is_empty() {
                self.stop_stuck(work);
            }
        }
    }

    /// The run ends with this piece of work, for no time passes.
    #[cold]
    #[inline(never)]
    fn stop_stuck(&mut self, work: Work) {
        let place = match work {
            Work::Vu(vu) => Place::Journey(self.vus[vu as usize].journey),
            Work::Request(id) => Place::Endpoint(EndpointId(self.requests[id].endpoint)),
        };
        self.stop(Termination::Stuck(place));
        self.ready.clear();
    }

    /// k6's one-second sample of its VUs.
    fn tick(&mut self, now: Time) {
        self.recorder
            .sample_vus(now, self.active_vus, self.initialised_vus);
        self.queue.set_alarm(self.second, now + Span::secs(1));
    }

    /// The run ends now.
    #[cold]
    fn stop(&mut self, end: Termination) {
        self.phase = Phase::Over;
        self.end = end;
        // Behind each event one number is looked at, and not the phase as well.
        self.unwatched = 1;
    }

    /// Schedules an event after a time drawn from a distribution.
    #[inline(always)]
    fn after(&mut self, dist: DistId, event: Event) {
        match self.fixed_delays[dist.index()] {
            Some(lane) => self.queue.after_fixed_delay(lane, event),
            None => self.after_draw(dist, event),
        }
    }

    #[inline(never)]
    fn after_draw(&mut self, dist: DistId, event: Event) {
        let span = self.samplers[dist.index()].span();
        let time = self.queue.now() + span;
        self.queue.at_turn(time, event.kind.turn(), event);
    }
}
