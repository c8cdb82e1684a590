//! Scenarios at work: k6's executors start, stop and interrupt VUs; open arrivals bring users.

use std::collections::VecDeque;

use crate::engine::queue::AlarmId;
use crate::engine::stream::Stream;
use crate::engine::{Span, Time, Turn};
use crate::load::arrivals::Ticks;
use crate::load::looping::LoopPlan;
use crate::load::poisson::RateCurve;
use crate::load::ramping_vus::{Action, HandleEvents};
use crate::load::replay::Replayed;
use crate::measure::recorder::{Recorder, SampleSource};
use crate::model::network::Reuse;

use super::outcome::Termination;
use super::vu::VuState;
use super::{Phase, Work, World};

/// A scenario at work.
#[derive(Debug)]
pub struct ScenarioRun {
    /// Tells its samples apart.
    pub origin: SampleSource,
    /// Index of its journey.
    pub journey: u16,
    /// Its VUs are `first..first + size`; open arrivals take slots as they need them.
    pub first: u32,
    /// Number of its VUs.
    pub size: u32,
    /// When it starts, counted from the end of setup.
    pub start_time: Span,
    /// Regular end, counted from its start: no iteration starts after it.
    pub regular_end: Span,
    /// Iterations still running are interrupted, counted from its start.
    pub hard_end: Span,
    /// How its load comes about.
    pub pattern: Pattern,
    /// The next thing it does.
    pub load_alarm: AlarmId,
    /// Its hard end.
    pub hard_alarm: AlarmId,
    /// When it started.
    pub started: Time,
    /// The next start of an arrival pattern, since the scenario's start.
    pub pending_tick: Option<Span>,
    /// It has started.
    pub begun: bool,
    /// VUs that have not been returned.
    pub active: u32,
    /// Iterations begun.
    pub attempts: u64,
    /// It generates no more load by itself.
    pub load_over: bool,
    /// How long it took, once it has returned.
    pub spent: Option<Span>,
    /// The run was aborted before its end.
    pub cut_short: bool,
}

/// How load comes about.
#[derive(Debug)]
// What is told apart at every iteration stands in a byte of its own.
#[repr(u8)]
pub enum Pattern {
    /// `ramping-vus`: what happens to each handle.
    Ramp(Box<HandleEvents>),
    /// `constant-vus`, `shared-iterations`, `per-vu-iterations`.
    Loop(LoopPlan),
    /// `constant-arrival-rate` and `ramping-arrival-rate`.
    Arrivals {
        /// Times of the starts.
        ticks: Ticks,
        /// Idle VUs, the one idle longest first.
        idle: VecDeque<u32>,
        /// VUs that may still be initialised.
        spare: u32,
    },
    /// Open arrivals: each a new user.
    Open {
        /// When they come.
        source: OpenSource,
        /// Slots of users that have left.
        free: Vec<u32>,
    },
}

/// Times of open arrivals, worked out one ahead: that takes its time, and the next event is not to wait for it.
#[derive(Debug)]
pub struct OpenSource {
    next: Option<Span>,
    law: ArrivalLaw,
}

/// What times of open arrivals follow.
#[derive(Debug)]
#[repr(u8)]
pub enum ArrivalLaw {
    /// A Poisson stream.
    Poisson(RateCurve, Box<Stream>),
    /// Independent gaps, drawn from this sampler.
    Renewal(crate::engine::dist::Dist, Box<Stream>),
    /// Recorded times and the index of the next.
    Trace(Vec<Span>, usize),
    /// The requests of a log.
    Replay(Box<Replayed>),
}

impl OpenSource {
    /// Arrivals by this law.
    #[must_use]
    pub fn new(mut law: ArrivalLaw) -> OpenSource {
        let next = law.after(Span::ZERO);
        OpenSource { next, law }
    }

    /// The next arrival, since the scenario's start as is `end`, if it comes by then.
    #[inline(always)]
    fn next_by(&mut self, end: Span) -> Option<Span> {
        let next = self.next.filter(|next| *next <= end)?;
        self.next = self.law.after(next);
        Some(next)
    }

    /// The log, if it is one that is replayed.
    fn replayed(&mut self) -> Option<&mut Replayed> {
        match &mut self.law {
            ArrivalLaw::Replay(replayed) => Some(replayed),
            _ => None,
        }
    }
}

impl ArrivalLaw {
    /// The next arrival after one at `after`, both since the scenario's start.
    #[inline(always)]
    fn after(&mut self, after: Span) -> Option<Span> {
        match self {
            ArrivalLaw::Poisson(curve, stream) => curve.next(after, stream.exponential()),
            ArrivalLaw::Renewal(gap, stream) => Some(after + gap.span(stream)),
            ArrivalLaw::Trace(at, next) => {
                let time = at.get(*next).copied();
                *next += 1;
                time
            }
            ArrivalLaw::Replay(replayed) => replayed.next_time(),
        }
    }
}

impl ScenarioRun {
    /// A VU of this scenario has finished an iteration. Returns whether it begins another at once. Of the VU
    /// counts whether it was told to stop, and how many iterations it has begun.
    #[inline(always)]
    pub fn starts_another(
        &mut self,
        now: Time,
        id: u32,
        (stopping, begun): (bool, u32),
        recorder: &mut Recorder,
    ) -> bool {
        let due = now.since_past(self.started);
        let another = match &mut self.pattern {
            Pattern::Ramp(events) => match events.peek() {
                // Of an iteration's end and a step of the ramp at one instant, the step comes first.
                Some(event) if event.at <= due => {
                    still_planned(events, due, (id, self.first)).unwrap_or(!stopping)
                }
                _ => !stopping,
            },
            Pattern::Open { free, .. } => {
                free.push(id);
                false
            }
            _ => self.starts_another_by_plan(now, id, begun, recorder),
        };
        self.attempts += u64::from(another);
        another
    }

    #[inline(never)]
    fn starts_another_by_plan(
        &mut self,
        now: Time,
        id: u32,
        begun: u32,
        recorder: &mut Recorder,
    ) -> bool {
        match &mut self.pattern {
            Pattern::Loop(plan) => {
                let (own, since) = (u64::from(begun), now.since(self.started));
                let another = plan.may_start(since, own, self.attempts);
                if let Some(missing) = plan.dropped_by_vu(own).filter(|_| !another) {
                    recorder.drop_starts(now, self.origin, missing);
                }
                another
            }
            Pattern::Arrivals { idle, .. } => {
                idle.push_back(id);
                false
            }
            Pattern::Ramp(_) | Pattern::Open { .. } => false,
        }
    }
}

/// Whether a VU goes on, by the last step for its handle that is due by now; `None` if there is none.
#[inline(never)]
fn still_planned(steps: &HandleEvents, now: Span, (id, first): (u32, u32)) -> Option<bool> {
    let handle = id - first + 1;
    let due = steps.to_come().take_while(|step| step.at <= now);
    let own = due.filter(|step| step.handle == handle);
    own.last().map(|step| step.action == Action::Start)
}

impl World<'_> {
    /// The run begins: with setup, if there is one.
    pub(super) fn start(&mut self) {
        self.make_vus();
        self.watch_turns();
        let network = self.model.network.is_some();
        self.answers_directly = !network && self.slow.is_none();
        self.looks_at_services =
            self.slow.is_some() || self.waits.is_some() || !self.counts_completions.is_empty();
        let closes = self.model.reuse == Reuse::WithinIteration;
        self.counts_bytes = network || closes || self.recorder.log.is_some();
        self.queue
            .set_alarm(self.second, Time::ZERO + Span::secs(1));
        self.plan_slowdowns();
        self.open_connections();
        self.plan_accepting();
        self.start_fleet();
        self.plan_clears();
        self.watch_thresholds();
        match self.model.setup {
            Some(journey) => {
                self.phase = Phase::Setup;
                self.queue
                    .set_alarm(self.phase_timeout, Time::ZERO + self.model.setup_timeout);
                self.run_once(SampleSource::SETUP, journey.0);
            }
            None => self.start_scenarios(Time::ZERO),
        }
    }

    /// Setup and teardown run in a VU of their own, number 0.
    fn run_once(&mut self, origin: SampleSource, journey: u16) {
        self.close_connection(0);
        let vu = &mut self.vus[0];
        vu.origin = origin;
        self.interpreter.assign_journey(vu, journey);
        self.begin_iteration(0);
    }

    pub(super) fn setup_over(&mut self, now: Time) {
        self.queue.clear_alarm(self.phase_timeout);
        self.close_connection(0);
        self.start_scenarios(now);
    }

    /// Setup or teardown has taken longer than it may.
    pub(super) fn phase_timeout(&mut self) {
        self.interrupt(0);
        let end = if self.phase == Phase::Setup {
            Termination::SetupTimeout
        } else {
            Termination::TeardownTimeout
        };
        self.stop(end);
    }

    fn start_scenarios(&mut self, now: Time) {
        self.phase = Phase::Scenarios;
        self.plan_slowdowns_of_load(now);
        for scenario in &mut self.scenarios {
            scenario.started = now + scenario.start_time;
            // Users that a scenario brings find the system as it is from that instant on.
            let (alarm, due) = (scenario.load_alarm, scenario.started);
            self.queue.set_alarm_turn(alarm, due, Turn::Last);
        }
    }

    /// A scenario does what is due now. Returns a user that goes on at once.
    #[inline]
    pub(super) fn load(&mut self, now: Time, index: usize) -> Option<u32> {
        let scenario = &mut self.scenarios[index];
        let first_time = !std::mem::replace(&mut scenario.begun, true);
        let mut arrived = None;
        match scenario.pattern {
            Pattern::Ramp(_) => self.ramp(now, index),
            Pattern::Loop(plan) => self.start_loop(index, &plan),
            Pattern::Arrivals { .. } => self.arrive_at_rate(now, index, first_time),
            Pattern::Open { .. } => arrived = self.arrive_open(now, index, first_time),
        }
        self.scenario_over(now, index);
        arrived
    }

    /// `ramping-vus`: all events of this instant.
    fn ramp(&mut self, now: Time, index: usize) {
        while let Some((id, action)) = self.next_step(now, index) {
            let vu = &mut self.vus[id as usize];
            let running = vu.state != VuState::Idle;
            vu.stopping = action != Action::Start;
            match action {
                Action::Start if !running => self.start_vu(index, id),
                Action::HardStop if running => {
                    self.interrupt(id);
                    self.vu_returned(index);
                }
                _ => {}
            }
        }
    }

    /// What a ramp does now to which VU. If nothing, then its alarm is set to what is next.
    fn next_step(&mut self, now: Time, index: usize) -> Option<(u32, Action)> {
        let scenario = &mut self.scenarios[index];
        let Pattern::Ramp(events) = &mut scenario.pattern else {
            return None;
        };
        let event = events.peek()?;
        let due = scenario.started + event.at;
        if due > now {
            self.queue.set_alarm(scenario.load_alarm, due);
            return None;
        }
        events.next();
        scenario.load_over = events.only_kills();
        Some((scenario.first + event.handle - 1, event.action))
    }

    /// The executors whose VUs all start at once.
    fn start_loop(&mut self, index: usize, plan: &LoopPlan) {
        for id in self.loop_begins(index, plan) {
            if plan.may_start(Span::ZERO, 0, self.scenarios[index].attempts) {
                self.start_vu(index, id);
            }
        }
    }

    /// A scenario whose VUs all start at once begins. Returns their numbers.
    fn loop_begins(&mut self, index: usize, plan: &LoopPlan) -> std::ops::Range<u32> {
        let scenario = &mut self.scenarios[index];
        scenario.load_over = true;
        self.queue
            .set_alarm(scenario.hard_alarm, scenario.started + plan.hard_end);
        scenario.first..scenario.first + scenario.size
    }

    fn arrive_at_rate(&mut self, now: Time, index: usize, first_time: bool) {
        let scenario = &mut self.scenarios[index];
        let (started, regular_end) = (scenario.started, scenario.started + scenario.regular_end);
        let Pattern::Arrivals { ticks, idle, spare } = &mut scenario.pattern else {
            return;
        };
        let mut free = None;
        if first_time {
            self.queue
                .set_alarm(scenario.hard_alarm, started + scenario.hard_end);
            scenario.pending_tick = ticks.next();
        }
        if scenario
            .pending_tick
            .is_some_and(|tick| started + tick <= now)
        {
            free = idle.pop_front();
            if free.is_none() {
                self.recorder.drop_starts(now, scenario.origin, 1);
                if *spare > 0 {
                    // Ready for the next tick: initialising takes no virtual time.
                    idle.push_back(scenario.first + scenario.size - *spare);
                    *spare -= 1;
                    self.initialised_vus += 1;
                }
            }
            scenario.pending_tick = ticks.next();
        }
        match scenario.pending_tick {
            Some(tick) => {
                let (alarm, due) = (scenario.load_alarm, started + tick);
                self.queue.set_alarm_turn(alarm, due, Turn::Last);
            }
            None if now < regular_end => self.queue.set_alarm(scenario.load_alarm, regular_end),
            None => scenario.load_over = true,
        }
        if let Some(id) = free {
            self.start_vu(index, id);
        }
    }

    /// Returns the user that has arrived, if one has and goes on at once.
    fn arrive_open(&mut self, now: Time, index: usize, first_time: bool) -> Option<u32> {
        let scenario = &mut self.scenarios[index];
        let started = scenario.started;
        let Pattern::Open { source, free } = &mut scenario.pattern else {
            return None;
        };
        if first_time {
            self.queue
                .set_alarm(scenario.hard_alarm, started + scenario.hard_end);
            scenario.pending_tick = source.next_by(scenario.regular_end);
        }
        // In whose slot a user arrives now, if that is one who has left.
        let (mut slot, mut entry) = (None, 0);
        if let Some(tick) = scenario.pending_tick
            && tick <= now.since_past(started)
        {
            slot = Some(free.pop());
            scenario.pending_tick = source.next_by(scenario.regular_end);
            entry = source.replayed().map_or(0, Replayed::entry);
            scenario.active += 1;
            scenario.attempts += 1;
            self.active_vus += 1;
        }
        let next = match scenario.pending_tick {
            None if now.since_past(started) >= scenario.regular_end => {
                scenario.load_over = true;
                None
            }
            tick => Some(started + tick.unwrap_or(scenario.regular_end)),
        };
        if let Some(time) = next {
            let alarm = scenario.load_alarm;
            self.queue.set_alarm_turn(alarm, time, Turn::Last);
        }
        let id = slot?.unwrap_or_else(|| self.new_user(index));
        self.close_connection(id);
        let vu = &mut self.vus[id as usize];
        self.interpreter.begin(id, vu, now);
        // Anything but idle: it runs.
        vu.state = VuState::Sleeping;
        vu.at += entry;
        if self.ready.is_empty() {
            return Some(id);
        }
        self.ready.push_back(Work::Vu(id));
        None
    }

    /// A slot for one more open user.
    fn new_user(&mut self, index: usize) -> u32 {
        let scenario = &self.scenarios[index];
        let slots = usize::from(self.model.journeys[scenario.journey as usize].loop_slots);
        let id = self.vus.len();
        let vu = self
            .interpreter
            .vu(id, scenario.origin, scenario.journey, slots);
        self.vus.push(vu);
        self.clients = self.vus.len();
        self.initialised_vus += 1;
        id as u32
    }

    #[inline]
    fn start_vu(&mut self, index: usize, id: u32) {
        self.count_start(index);
        self.begin_iteration(id);
    }

    #[inline]
    fn count_start(&mut self, index: usize) {
        let scenario = &mut self.scenarios[index];
        scenario.active += 1;
        scenario.attempts += 1;
        self.active_vus += 1;
    }

    #[inline]
    pub(super) fn vu_returned(&mut self, index: usize) {
        self.scenarios[index].active -= 1;
        self.active_vus -= 1;
    }

    /// The graceful stop of a scenario is over: what still runs is interrupted.
    pub(super) fn hard_stop(&mut self, index: usize) {
        let now = self.queue.now();
        let scenario = &self.scenarios[index];
        let due = |tick| scenario.started + tick <= now;
        if scenario.pending_tick.is_some_and(due) {
            // Of a start and a kill at one instant the start comes first.
            let alarm = scenario.hard_alarm;
            return self.queue.set_alarm_turn(alarm, now, Turn::Last);
        }
        for id in 1..self.vus.len() as u32 {
            let vu = &self.vus[id as usize];
            let runs = vu.origin.as_scenario() == Some(index) && vu.state != VuState::Idle;
            if runs && !self.is_line(id) {
                let (origin, begun) = (vu.origin, u64::from(vu.iterations));
                self.interrupt(id);
                self.vu_returned(index);
                // After an interrupted iteration a VU looks for its next one as after any other.
                if let Pattern::Loop(plan) = self.scenarios[index].pattern
                    && let Some(missing) = plan.dropped_by_vu(begun)
                {
                    self.recorder.drop_starts(now, origin, missing);
                }
            }
        }
        self.scenarios[index].load_over = true;
        self.scenario_over(now, index);
    }

    /// Sees whether a scenario, and with it perhaps the test, is over.
    #[inline]
    pub(super) fn scenario_over(&mut self, now: Time, index: usize) {
        let scenario = &self.scenarios[index];
        if scenario.load_over && scenario.active == 0 && scenario.spent.is_none() {
            self.scenario_ends(now, index);
        }
    }

    #[cold]
    fn scenario_ends(&mut self, now: Time, index: usize) {
        let scenario = &mut self.scenarios[index];
        scenario.spent = Some(now.since(scenario.started));
        self.queue.clear_alarm(scenario.load_alarm);
        self.queue.clear_alarm(scenario.hard_alarm);
        if let Pattern::Loop(plan) = scenario.pattern
            && let Some(missing) = plan.dropped_by_all(scenario.attempts)
        {
            self.recorder.drop_starts(now, scenario.origin, missing);
        }
        if let Pattern::Open { source, .. } = &mut scenario.pattern
            && let Some(replayed) = source.replayed()
            && let Some(why) = replayed.failure()
        {
            let why = Termination::Failed(why.into());
            return self.stop(why);
        }
        if self.scenarios.iter().any(|s| s.spent.is_none()) {
            return;
        }
        self.scenarios_over(now);
    }

    /// All scenarios have returned: teardown, if there is one.
    pub(super) fn scenarios_over(&mut self, now: Time) {
        match self.model.teardown {
            Some(journey) => {
                self.phase = Phase::Teardown;
                self.queue
                    .set_alarm(self.phase_timeout, now + self.model.teardown_timeout);
                self.run_once(SampleSource::TEARDOWN, journey.0);
            }
            None => self.stop(self.end.clone()),
        }
    }
}
