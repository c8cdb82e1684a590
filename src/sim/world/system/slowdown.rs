//! What takes speed from stations, and from those who hold tokens of a pool, for a while.
//!
//! A station has a clock of its own, which a slowdown slows. A pool does no work: what is slowed are the delays
//! and services of those who hold its tokens. Their delays run on a clock, too: one for each set of slowed pools
//! that endpoints hold together. A service belongs to its station's clock; it takes longer by what the pools'
//! speed is when it is asked for.

use crate::engine::queue::{AlarmId, EventQueue};
use crate::engine::stream::Stream;
use crate::engine::time::to_f64;
use crate::engine::{Time, Turn};
use crate::model::Model;
use crate::model::system::{self, Discipline, DistId, Growth, Op, PoolId, Slowdown, Trigger};
use crate::model::waiting::{WaitOrder, Waiting};
use crate::parts::station::Station;
use crate::parts::waiting::QueueEntry;

use super::System;
use super::request::RequestState;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// What a slowdown slows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slowed {
    /// A station, by its place in the model.
    Station(usize),
    /// Those who hold tokens of a pool.
    Pool(usize),
}

impl Slowed {
    /// What it is and its name in the model.
    #[must_use]
    pub fn name(self, model: &Model) -> String {
        match self {
            Slowed::Station(at) => format!("station `{}`", model.stations[at].name),
            Slowed::Pool(at) => format!("pool `{}`", model.pools[at].name),
        }
    }
}

/// A slowdown at work.
#[derive(Clone, Debug)]
pub(crate) struct SlowdownRun {
    slowed: Slowed,
    index: usize,
    leaves: f64,
    /// How many of its windows are open.
    open: u32,
}

impl SlowdownRun {
    /// What it slows.
    pub(crate) fn slowed(&self) -> Slowed {
        self.slowed
    }

    /// How many of its windows are open.
    pub(crate) fn open(&self) -> u32 {
        self.open
    }
}

/// The delays of all who hold tokens of the same slowed pools.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    pools: Vec<PoolId>,
    /// Infinitely many servers: a delay waits for nobody.
    clock: Station,
    alarm: AlarmId,
}

/// All slowdowns of a model: those of stations, then those of pools.
pub(crate) fn runs(model: &Model) -> Vec<SlowdownRun> {
    let stations = model.stations.iter().enumerate();
    let stations = stations.map(|(at, s)| (Slowed::Station(at), &s.slowdowns));
    let pools = model.pools.iter().enumerate();
    let pools = pools.map(|(at, p)| (Slowed::Pool(at), &p.slowdowns));
    let mut all = Vec::new();
    for (slowed, slowdowns) in stations.chain(pools) {
        let run = |(index, slowdown): (usize, &Slowdown)| SlowdownRun {
            slowed,
            index,
            leaves: slowdown.leaves,
            open: 0,
        };
        all.extend(slowdowns.iter().enumerate().map(run));
    }
    all
}

/// Stations whose completions are looked at: a slowdown comes after a number of them, the next in line is woken, the speed
/// depends on how many are there, or others share the cores of its host. Empty if there is none.
pub(crate) fn counts_completions(model: &Model) -> Vec<bool> {
    let counts = |s: &Slowdown| matches!(s.trigger, Trigger::Completions(_));
    let stations = model.stations.iter();
    let barges = |waiting: Waiting| waiting.order == WaitOrder::Barging;
    let looked_at = stations.map(|s| {
        let paced = !s.by_number.speeds.is_empty();
        paced || s.slowdowns.iter().any(counts) || barges(s.waiting) || s.host.is_some()
    });
    let looked_at: Vec<bool> = looked_at.collect();
    if looked_at.contains(&true) {
        looked_at
    } else {
        Vec::new()
    }
}

/// Marks what is done in a program while tokens of slowed pools are held, and makes a clock for each set of them.
/// Programs are nested scopes, so what is held at a place is what was taken and not given back before it.
pub(crate) fn paces(model: &Model, ops: &mut [Op], queue: &mut EventQueue<Event>) -> Vec<Pace> {
    let mut paces: Vec<Pace> = Vec::new();
    if model.pools.iter().all(|pool| pool.slowdowns.is_empty()) {
        return paces;
    }
    let slowed = |pool: PoolId| !model.pools[pool.index()].slowdowns.is_empty();
    let mut held: Vec<PoolId> = Vec::new();
    for op in ops {
        match *op {
            Op::Acquire { pool } | Op::AcquireMany { pool, .. } if slowed(pool) => held.push(pool),
            Op::Release(pool) => {
                // The same pool may be held twice.
                if let Some(last) = held.iter().rposition(|other| *other == pool) {
                    held.remove(last);
                }
            }
            Op::Done => held.clear(),
            Op::Delay(time) if !held.is_empty() => {
                let pace = pace_of(&mut paces, &held, queue);
                *op = Op::SlowedDelay { time, pace };
            }
            Op::Serve { ref mut growth, .. } if !held.is_empty() => {
                let pace = pace_of(&mut paces, &held, queue);
                // Without a growth of its own: one of nothing.
                let own = growth.unwrap_or(Growth {
                    with: system::Accumulated::Requests,
                    per_unit: 0.0,
                    pace: None,
                });
                *growth = Some(Growth {
                    pace: Some(pace),
                    ..own
                });
            }
            _ => {}
        }
    }
    paces
}

fn pace_of(paces: &mut Vec<Pace>, held: &[PoolId], queue: &mut EventQueue<Event>) -> u16 {
    let mut pools = held.to_vec();
    pools.sort_unstable();
    let known = paces.iter().position(|pace| pace.pools == pools);
    let at = known.unwrap_or_else(|| {
        let spec = system::Station {
            name: String::new(),
            servers: u32::MAX,
            discipline: Discipline::Fifo,
            queue: u32::MAX,
            refusal: 503,
            waiting: Waiting::default(),
            queueing: crate::model::queueing::Queueing::default(),
            scalability: None,
            slowdowns: Vec::new(),
            host: None,
            by_number: system::ByNumber::default(),
        };
        paces.push(Pace {
            pools,
            // Nobody waits at it, so that nothing is drawn from its stream.
            clock: Station::new(&spec, (Stream::new(0, 0, ""), Stream::new(0, 0, "")), false),
            alarm: queue.busy_alarm(Event::of(Kind::SlowedDelayOver, paces.len())),
        });
        paces.len() - 1
    });
    at as u16
}

impl System<'_> {
    /// Plans the first window of each slowdown that counts from the start of the run.
    pub(crate) fn plan_slowdowns(&mut self, kernel: &mut Kernel) {
        for at in 0..self.slowdowns.len() {
            match self.trigger(at).0 {
                Trigger::Every(gap) | Trigger::After(gap) => {
                    kernel.after(gap, Event::of(Kind::SlowdownBegins, at));
                }
                Trigger::At(when) => {
                    let begins = Event::of(Kind::SlowdownBegins, at);
                    kernel.queue.at(Time::ZERO + when, begins);
                }
                Trigger::Completions(_) | Trigger::Loaded(_) => {}
            }
        }
    }

    /// Plans the slowdowns that count from the start of the scenarios, which is now.
    pub(crate) fn plan_slowdowns_of_load(&mut self, kernel: &mut Kernel, now: Time) {
        for at in 0..self.slowdowns.len() {
            if let Trigger::Loaded(after) = self.trigger(at).0 {
                let begins = Event::of(Kind::SlowdownBegins, at);
                kernel.queue.at(now + after, begins);
            }
        }
    }

    fn trigger(&self, slowdown: usize) -> (Trigger, DistId) {
        let run = &self.slowdowns[slowdown];
        let all = match run.slowed {
            Slowed::Station(at) => &self.model.stations[at].slowdowns,
            Slowed::Pool(at) => &self.model.pools[at].slowdowns,
        };
        (all[run.index].trigger, all[run.index].lasts)
    }

    pub(crate) fn completion_triggers(&mut self, kernel: &mut Kernel, now: Time, station: usize) {
        self.server_free(kernel, now, station);
        self.number_changed(kernel, now, station);
        let completed = self.stations[station].0.probe.completed;
        for at in 0..self.slowdowns.len() {
            if self.slowdowns[at].slowed == Slowed::Station(station)
                && let (Trigger::Completions(every), _) = self.trigger(at)
                && completed.is_multiple_of(u64::from(every))
            {
                self.slowdown_begins(kernel, now, at);
            }
        }
    }

    /// Whether something is done at this very instant of what a slowdown slows.
    fn is_due_now(&self, now: Time, slowdown: usize) -> bool {
        let due = |part: &Station| part.next_completion().is_some_and(|at| at <= now);
        match self.slowdowns[slowdown].slowed {
            Slowed::Station(station) => due(&self.stations[station].0),
            Slowed::Pool(pool) => self.paces.iter().any(|pace| {
                let slows = pace.pools.iter().any(|p| p.index() == pool);
                slows && due(&pace.clock)
            }),
        }
    }

    /// A slowdown begins. What is done at this instant is done, and not stopped or slowed: the slowdown begins
    /// behind it.
    pub(crate) fn slowdown_begins(&mut self, kernel: &mut Kernel, now: Time, at: usize) {
        if self.is_due_now(now, at) {
            let begins = Event::of(Kind::SlowdownBegins, at);
            return kernel.queue.at_turn(now, Turn::Late, begins);
        }
        let (trigger, lasts) = self.trigger(at);
        kernel.after(lasts, Event::of(Kind::SlowdownEnds, at));
        if let Trigger::Every(gap) = trigger {
            kernel.after(gap, Event::of(Kind::SlowdownBegins, at));
        }
        self.slowdowns[at].open += 1;
        self.set_speed(kernel, now, at);
    }

    /// A slowdown is over.
    pub(crate) fn slowdown_ends(&mut self, kernel: &mut Kernel, now: Time, at: usize) {
        if let (Trigger::After(gap), _) = self.trigger(at) {
            kernel.after(gap, Event::of(Kind::SlowdownBegins, at));
        }
        self.slowdowns[at].open -= 1;
        self.set_speed(kernel, now, at);
    }

    /// The product of what the open slowdowns of something leave.
    fn speed(&self, slowed: Slowed) -> f64 {
        let all = self.slowdowns.iter();
        let open = all.filter(|s| s.slowed == slowed && s.open > 0);
        open.map(|s| s.leaves).product()
    }

    /// The speed of those who hold tokens of a set of slowed pools.
    pub(crate) fn pace(&self, pace: usize) -> f64 {
        let pools = self.paces[pace].pools.iter();
        pools.map(|p| self.speed(Slowed::Pool(p.index()))).product()
    }

    fn set_speed(&mut self, kernel: &mut Kernel, now: Time, slowdown: usize) {
        match self.slowdowns[slowdown].slowed {
            Slowed::Station(station) => self.refresh_speed(kernel, now, station),
            Slowed::Pool(pool) => {
                for at in 0..self.paces.len() {
                    if self.paces[at].pools.iter().any(|p| p.index() == pool) {
                        let speed = self.pace(at);
                        self.paces[at].clock.set_speed(now, speed);
                        self.wake_pace(kernel, now, at);
                    }
                }
            }
        }
    }

    /// A station works at the product of what its open slowdowns, its replica and its host leave.
    pub(crate) fn refresh_speed(&mut self, kernel: &mut Kernel, now: Time, station: usize) {
        let own = self.fleet.as_ref().map_or(1.0, |f| f.speed(station));
        let share = self.hosts.as_ref().map_or(1.0, |h| h.share(station));
        let speed = self.speed(Slowed::Station(station)) * own * share;
        let (part, alarm) = &mut self.stations[station];
        part.set_speed(now, speed);
        match part.next_completion() {
            Some(at) => kernel.queue.set_alarm(*alarm, at.max(now)),
            None => kernel.queue.clear_alarm(*alarm),
        }
    }

    /// Sets the alarm of the delay that is over next.
    fn wake_pace(&mut self, kernel: &mut Kernel, now: Time, pace: usize) {
        let Pace { clock, alarm, .. } = &self.paces[pace];
        match clock.next_completion() {
            Some(at) => kernel.queue.set_alarm(*alarm, at.max(now)),
            None => kernel.queue.clear_alarm(*alarm),
        }
    }

    /// A request is delayed while it holds a token of a slowed pool.
    #[inline(never)]
    pub(crate) fn slowed_delay(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        time: DistId,
        pace: u16,
    ) {
        let span = kernel.samplers[time.index()].span();
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::InService, now);
        let pace = usize::from(pace);
        let clock = &mut self.paces[pace].clock;
        let entry = QueueEntry {
            job: id,
            ticket: request.ticket,
            demand: clock.demand_in_ns(to_f64(span.0)),
        };
        clock.arrive(now, entry, 0);
        self.wake_pace(kernel, now, pace);
    }

    /// The delay that was over first among those who hold tokens of a set of slowed pools.
    pub(crate) fn slowed_delay_over(&mut self, kernel: &mut Kernel, now: Time, pace: usize) {
        let (done, _) = self.paces[pace].clock.complete(now, &self.requests);
        self.wake_pace(kernel, now, pace);
        let Some(id) = done else { return };
        self.trace(now, id, false);
        let request = &mut self.requests[id];
        self.op_times[request.at as usize].served_since(now, request.since);
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        request.at += 1;
        self.advance_and_answer(kernel, now, id);
    }

    /// A request is dropped in such a delay.
    pub(crate) fn leave_slowed_delay(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        pace: u16,
    ) {
        let pace = usize::from(pace);
        self.paces[pace].clock.cancel(now, id, &self.requests);
        self.wake_pace(kernel, now, pace);
    }
}
