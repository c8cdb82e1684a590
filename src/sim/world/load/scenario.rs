//! Scenarios at work: k6's executors start, stop and interrupt VUs; open arrivals bring users.

use crate::engine::queue::AlarmId;
use crate::engine::{Span, Time, Turn};
use crate::load::looping::LoopPlan;
use crate::load::ramping_vus::{Action, HandleEvents};
use crate::measure::recorder::{Recorder, SampleSource};

use crate::load::pattern::Pattern;

use super::Load;
use crate::world::kernel::Kernel;

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

impl Load<'_> {
    /// What a ramp does now to which VU. If nothing, then its alarm is set to what is next.
    pub(crate) fn next_step(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        index: usize,
    ) -> Option<(u32, Action)> {
        let scenario = &mut self.scenarios[index];
        let Pattern::Ramp(events) = &mut scenario.pattern else {
            return None;
        };
        let event = events.peek()?;
        let due = scenario.started + event.at;
        if due > now {
            kernel.queue.set_alarm(scenario.load_alarm, due);
            return None;
        }
        events.next();
        scenario.load_over = events.only_kills();
        Some((scenario.first + event.handle - 1, event.action))
    }

    /// The executors whose VUs all start at once.
    pub(crate) fn start_loop(&mut self, kernel: &mut Kernel, index: usize, plan: &LoopPlan) {
        for id in self.loop_begins(kernel, index, plan) {
            if plan.may_start(Span::ZERO, 0, self.scenarios[index].attempts) {
                self.start_vu(kernel, index, id);
            }
        }
    }

    /// A scenario whose VUs all start at once begins. Returns their numbers.
    fn loop_begins(
        &mut self,
        kernel: &mut Kernel,
        index: usize,
        plan: &LoopPlan,
    ) -> std::ops::Range<u32> {
        let scenario = &mut self.scenarios[index];
        scenario.load_over = true;
        kernel
            .queue
            .set_alarm(scenario.hard_alarm, scenario.started + plan.hard_end);
        scenario.first..scenario.first + scenario.size
    }

    pub(crate) fn arrive_at_rate(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        index: usize,
        first_time: bool,
    ) {
        let scenario = &mut self.scenarios[index];
        let (started, regular_end) = (scenario.started, scenario.started + scenario.regular_end);
        let Pattern::Arrivals { ticks, idle, spare } = &mut scenario.pattern else {
            return;
        };
        let mut free = None;
        if first_time {
            kernel
                .queue
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
                kernel.queue.set_alarm_turn(alarm, due, Turn::Last);
            }
            None if now < regular_end => kernel.queue.set_alarm(scenario.load_alarm, regular_end),
            None => scenario.load_over = true,
        }
        if let Some(id) = free {
            self.start_vu(kernel, index, id);
        }
    }

    #[inline]
    pub(crate) fn start_vu(&mut self, kernel: &mut Kernel, index: usize, id: u32) {
        self.count_start(index);
        self.begin_iteration(kernel, id);
    }

    #[inline]
    pub(crate) fn count_start(&mut self, index: usize) {
        let scenario = &mut self.scenarios[index];
        scenario.active += 1;
        scenario.attempts += 1;
        self.active_vus += 1;
    }

    #[inline]
    pub(crate) fn vu_returned(&mut self, index: usize) {
        self.scenarios[index].active -= 1;
        self.active_vus -= 1;
    }
}
