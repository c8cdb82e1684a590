//! How a run goes on from setup to teardown: scenarios start VUs, stop them, and come to their ends.

use crate::engine::{Time, Turn};
use crate::load::pattern::Pattern;
use crate::load::ramping_vus::Action;
use crate::load::replay::Replayed;
use crate::measure::recorder::SampleSource;

use super::World;
use super::kernel::{Phase, Work};
use super::load::vu::VuState;
use super::termination::Termination;

impl World<'_> {
    /// The run begins: with setup, if there is one.
    pub(super) fn start(&mut self) {
        self.load.start(&mut self.kernel);
        let clients = self.load.vus.len();
        self.system.start(&mut self.kernel, clients);
        self.load.watch_thresholds(&mut self.kernel);
        match self.model.setup {
            Some(journey) => {
                self.kernel.phase = Phase::Setup;
                self.kernel.queue.set_alarm(
                    self.load.phase_timeout,
                    Time::ZERO + self.model.setup_timeout,
                );
                self.run_once(SampleSource::SETUP, journey.0);
            }
            None => self.start_scenarios(Time::ZERO),
        }
    }

    /// Setup and teardown run in a VU of their own, number 0.
    fn run_once(&mut self, origin: SampleSource, journey: u16) {
        self.system.close_connection(&mut self.kernel, 0);
        let vu = &mut self.load.vus[0];
        vu.origin = origin;
        self.load.interpreter.assign_journey(vu, journey);
        self.load.begin_iteration(&mut self.kernel, 0);
    }

    pub(super) fn setup_over(&mut self, now: Time) {
        self.kernel.queue.clear_alarm(self.load.phase_timeout);
        self.system.close_connection(&mut self.kernel, 0);
        self.start_scenarios(now);
    }

    /// Setup or teardown has taken longer than it may.
    pub(super) fn phase_timeout(&mut self) {
        self.interrupt(0);
        let end = if self.kernel.phase == Phase::Setup {
            Termination::SetupTimeout
        } else {
            Termination::TeardownTimeout
        };
        self.kernel.stop(end);
    }

    fn start_scenarios(&mut self, now: Time) {
        self.kernel.phase = Phase::Scenarios;
        self.system.plan_slowdowns_of_load(&mut self.kernel, now);
        for scenario in &mut self.load.scenarios {
            scenario.started = now + scenario.start_time;
            // Users that a scenario brings find the system as it is from that instant on.
            let (alarm, due) = (scenario.load_alarm, scenario.started);
            self.kernel.queue.set_alarm_turn(alarm, due, Turn::Last);
        }
    }

    /// A scenario does what is due now. Returns a user that goes on at once.
    #[inline]
    pub(super) fn load(&mut self, now: Time, index: usize) -> Option<u32> {
        let scenario = &mut self.load.scenarios[index];
        let first_time = !std::mem::replace(&mut scenario.begun, true);
        let mut arrived = None;
        match scenario.pattern {
            Pattern::Ramp(_) => self.ramp(now, index),
            Pattern::Loop(plan) => self.load.start_loop(&mut self.kernel, index, &plan),
            Pattern::Arrivals { .. } => {
                self.load
                    .arrive_at_rate(&mut self.kernel, now, index, first_time)
            }
            Pattern::Open { .. } => arrived = self.arrive_open(now, index, first_time),
        }
        self.scenario_over(now, index);
        arrived
    }

    /// `ramping-vus`: all events of this instant.
    fn ramp(&mut self, now: Time, index: usize) {
        while let Some((id, action)) = self.load.next_step(&mut self.kernel, now, index) {
            let vu = &mut self.load.vus[id as usize];
            let running = vu.state != VuState::Idle;
            vu.stopping = action != Action::Start;
            match action {
                Action::Start if !running => self.load.start_vu(&mut self.kernel, index, id),
                Action::HardStop if running => {
                    self.interrupt(id);
                    self.load.vu_returned(index);
                }
                _ => {}
            }
        }
    }

    /// Returns the user that has arrived, if one has and goes on at once.
    fn arrive_open(&mut self, now: Time, index: usize, first_time: bool) -> Option<u32> {
        let scenario = &mut self.load.scenarios[index];
        let started = scenario.started;
        let Pattern::Open { source, free } = &mut scenario.pattern else {
            return None;
        };
        if first_time {
            self.kernel
                .queue
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
            self.load.active_vus += 1;
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
            self.kernel.queue.set_alarm_turn(alarm, time, Turn::Last);
        }
        let id = slot?.unwrap_or_else(|| self.new_user(index));
        self.system.close_connection(&mut self.kernel, id);
        let vu = &mut self.load.vus[id as usize];
        self.load.interpreter.begin(id, vu, now);
        // Anything but idle: it runs.
        vu.state = VuState::Sleeping;
        vu.at += entry;
        if self.kernel.ready.is_empty() {
            return Some(id);
        }
        self.kernel.ready.push_back(Work::Vu(id));
        None
    }

    /// A slot for one more open user.
    fn new_user(&mut self, index: usize) -> u32 {
        let scenario = &self.load.scenarios[index];
        let slots = usize::from(self.model.journeys[scenario.journey as usize].loop_slots);
        let id = self.load.vus.len();
        let vu = self
            .load
            .interpreter
            .vu(id, scenario.origin, scenario.journey, slots);
        self.load.vus.push(vu);
        self.system.clients = self.load.vus.len();
        self.load.initialised_vus += 1;
        id as u32
    }

    /// The graceful stop of a scenario is over: what still runs is interrupted.
    pub(super) fn hard_stop(&mut self, index: usize) {
        let now = self.kernel.queue.now();
        let scenario = &self.load.scenarios[index];
        let due = |tick| scenario.started + tick <= now;
        if scenario.pending_tick.is_some_and(due) {
            // Of a start and a kill at one instant the start comes first.
            let alarm = scenario.hard_alarm;
            return self.kernel.queue.set_alarm_turn(alarm, now, Turn::Last);
        }
        for id in 1..self.load.vus.len() as u32 {
            let vu = &self.load.vus[id as usize];
            let runs = vu.origin.as_scenario() == Some(index) && vu.state != VuState::Idle;
            if runs && !self.load.is_line(id) {
                let (origin, begun) = (vu.origin, u64::from(vu.iterations));
                self.interrupt(id);
                self.load.vu_returned(index);
                // After an interrupted iteration a VU looks for its next one as after any other.
                if let Pattern::Loop(plan) = self.load.scenarios[index].pattern
                    && let Some(missing) = plan.dropped_by_vu(begun)
                {
                    self.load.recorder.drop_starts(now, origin, missing);
                }
            }
        }
        self.load.scenarios[index].load_over = true;
        self.scenario_over(now, index);
    }

    /// Sees whether a scenario, and with it perhaps the test, is over.
    #[inline]
    pub(super) fn scenario_over(&mut self, now: Time, index: usize) {
        let scenario = &self.load.scenarios[index];
        if scenario.load_over && scenario.active == 0 && scenario.spent.is_none() {
            self.scenario_ends(now, index);
        }
    }

    #[cold]
    fn scenario_ends(&mut self, now: Time, index: usize) {
        let scenario = &mut self.load.scenarios[index];
        scenario.spent = Some(now.since(scenario.started));
        self.kernel.queue.clear_alarm(scenario.load_alarm);
        self.kernel.queue.clear_alarm(scenario.hard_alarm);
        if let Pattern::Loop(plan) = scenario.pattern
            && let Some(missing) = plan.dropped_by_all(scenario.attempts)
        {
            self.load
                .recorder
                .drop_starts(now, scenario.origin, missing);
        }
        if let Pattern::Open { source, .. } = &mut scenario.pattern
            && let Some(replayed) = source.replayed()
            && let Some(why) = replayed.failure()
        {
            let why = Termination::Failed(why.into());
            return self.kernel.stop(why);
        }
        if self.load.scenarios.iter().any(|s| s.spent.is_none()) {
            return;
        }
        self.scenarios_over(now);
    }

    /// All scenarios have returned: teardown, if there is one.
    pub(super) fn scenarios_over(&mut self, now: Time) {
        match self.model.teardown {
            Some(journey) => {
                self.kernel.phase = Phase::Teardown;
                self.kernel
                    .queue
                    .set_alarm(self.load.phase_timeout, now + self.model.teardown_timeout);
                self.run_once(SampleSource::TEARDOWN, journey.0);
            }
            None => self.kernel.stop(self.kernel.end.clone()),
        }
    }
}
