//! Straight models: users send requests that only pass time and queue at stations.
//!
//! The general engine keeps a request apart from the VU that waits for it, for the VU may give up, be
//! interrupted or hear of a failure, and the request may hold and share things meanwhile. Where nothing of
//! that can happen, a VU and its request are one, and walk one flat [program]. The run is the
//! same to the last event, and takes half the time. Should a request reach its client timeout, or a VU be
//! interrupted after all, then this run is dropped and the general engine does it from the start.

mod near;
mod program;
#[cfg(test)]
mod tests;

use crate::engine::heap::major;
use crate::engine::{Span, Time};
use crate::load::ramping_vus::Action;
use crate::measure::recorder::{Code, Origin};
use crate::model::journey::SiteId;
use crate::model::system::{DistId, StationId};
use crate::parts::waiting::{Tickets, Waiting};
use crate::parts::{Admission, Job};

use super::event::{Event, Kind};
use super::scenario::Pattern;
use super::watch::{Next, Outstanding, Unanswered};
use super::{Phase, WATCH_EVERY, World};
use near::{Near, Source};
use program::{Hop, Program};

/// A VU together with the request that it waits for. It fills one line of the caches.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Walker {
    /// Start of the running iteration.
    started: Time,
    /// When its request was sent.
    sent: Time,
    /// When the request's present wait, service or delay began.
    since: Time,
    /// The hop it stands at.
    at: u32,
    /// Requests sent: tells one from the next.
    requests: u32,
    /// The number of its request, if requests are numbered.
    number: u32,
    /// Where its journey begins.
    entry: u32,
    /// Iterations begun.
    iterations: u32,
    /// Where its request was sent from.
    site: SiteId,
    /// Who its scenario is to the record.
    origin: Origin,
    /// Index of its scenario.
    scenario: u16,
    doing: Doing,
    /// It was told to stop after the running iteration.
    stopping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Idle,
    Thinking,
    Requesting,
}

/// All VUs of a straight model and their programs.
#[derive(Debug)]
pub(super) struct Straight {
    program: Program,
    walkers: Vec<Walker>,
    /// The journey of each scenario.
    journeys: Vec<usize>,
    /// VUs that begin an iteration at this instant, in the order in which they do.
    beginners: Vec<u32>,
    /// Numbers of requests, in a model with delays.
    numbers: Option<Numbers>,
    near: Near,
    /// The key of the first event in the world's queue, where all others are.
    rest: u128,
}

/// Gives requests the numbers that they have in the general engine: the ends of their delays are events about
/// them, and go into the run's fingerprint.
#[derive(Debug, Default)]
struct Numbers {
    /// The last freed last.
    free: Vec<u32>,
    unused: u32,
}

impl Numbers {
    fn next(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        })
    }
}

/// Something happened that is not straight.
struct NotStraight;

impl World<'_> {
    /// The flat form of the model, if it has one.
    pub(super) fn straight(&self) -> Option<Straight> {
        let model = self.model;
        let plain_load = |pattern: &Pattern| !matches!(pattern, Pattern::Arrivals { .. });
        let simple = model.network.is_none()
            && model.setup.is_none()
            && model.teardown.is_none()
            && self.room.is_none()
            && self.slow.is_none()
            && self.waits.is_none()
            && self.recorder.log.is_none()
            && self.slowdowns.is_empty()
            && self.scenarios.iter().all(|s| plain_load(&s.pattern));
        let aborts = model.thresholds.iter().flat_map(|t| &t.thresholds);
        if !simple || aborts.into_iter().any(|t| t.abort_on_fail) {
            return None;
        }
        let program = Program::of(model, &self.entry)?;
        let mut walkers = vec![Walker::new(0, 0); self.vus.len()];
        for (index, scenario) in self.scenarios.iter().enumerate() {
            let own = scenario.first as usize..(scenario.first + scenario.size) as usize;
            walkers[own].fill(Walker::new(
                index,
                program.entry[usize::from(scenario.journey)],
            ));
        }
        Some(Straight {
            near: Near::new(&program.pauses, self.stations.len(), self.scenarios.len())?,
            rest: 0,
            journeys: self
                .scenarios
                .iter()
                .map(|s| usize::from(s.journey))
                .collect(),
            numbers: program.has_delays().then(Numbers::default),
            program,
            walkers,
            beginners: Vec::new(),
        })
    }

    /// Runs a straight model to its end, and tells now and then how far it has come. Returns whether it stayed
    /// straight.
    pub(super) fn run_straight(
        &mut self,
        mut straight: Straight,
        watch: &mut impl FnMut(Time),
    ) -> bool {
        let mut looked_at = 0;
        self.start();
        while self.phase != Phase::Over {
            let key = straight.near.first();
            if key < straight.rest {
                self.go_straight(&mut straight, key);
                continue;
            }
            // The first event may have been cleared since.
            straight.rest = self.queue.first_key();
            if straight.rest <= key {
                let Some((now, event)) = self.queue.pop() else {
                    break;
                };
                self.note_event(now, event);
                if self.turn_aside(&mut straight, now, event).is_err() {
                    return false;
                }
                straight.rest = self.queue.first_key();
            }
            // Every second, at least, comes an event of the queue.
            if self.events > looked_at + WATCH_EVERY {
                looked_at = self.events;
                watch(self.queue.now());
            }
        }
        true
    }

    /// The near event with this key takes place.
    #[inline(always)]
    fn go_straight(&mut self, straight: &mut Straight, key: u128) {
        let now = Time(major(key));
        self.queue.advance(now);
        match straight.near.take(key) {
            Source::Station(index) => {
                self.note_event(now, Event::of(Kind::Completion, index));
                self.complete_straight(straight, now, index);
            }
            Source::Lane(id) => {
                let walker = &mut straight.walkers[id as usize];
                match straight.program.hops[walker.at as usize] {
                    Hop::Delay { op, .. } => {
                        let over = Event::stale_after(Kind::DelayOver, walker.number, id);
                        self.note_event(now, over);
                        self.delay_is_over(walker, now, op);
                    }
                    _ => self.note_event(now, Event::stale_after(Kind::Wake, id, 0)),
                }
                walker.at += 1;
                self.walk_straight(straight, now, id);
            }
            Source::Scenario(index) => {
                self.note_event(now, Event::of(Kind::Load, index));
                self.open_straight(straight, now, index, false);
            }
        }
    }

    /// An open user may arrive.
    #[inline(always)]
    fn open_straight(&mut self, straight: &mut Straight, now: Time, index: usize, first: bool) {
        let (slot, next) = self.next_user(now, index, first);
        if let Some(time) = next {
            straight
                .near
                .arrive_at(index, time, self.queue.next_order());
        }
        if let Some(slot) = slot {
            let id = slot.unwrap_or_else(|| {
                self.initialised_vus += 1;
                straight.new_user(index)
            });
            self.count_start(index);
            straight.walkers[id as usize].begin(now);
            self.scenario_over(now, index);
            self.walk_straight(straight, now, id);
        } else {
            self.scenario_over(now, index);
        }
    }

    #[inline]
    fn delay_is_over(&mut self, walker: &Walker, now: Time, op: u32) {
        let time = &mut self.op_times[op as usize];
        time.visits += 1;
        time.served += u128::from(now.since(walker.since).0);
    }

    /// An event of the world's queue takes place.
    #[inline]
    fn turn_aside(
        &mut self,
        straight: &mut Straight,
        now: Time,
        event: Event,
    ) -> Result<(), NotStraight> {
        let index = event.who as usize;
        match event.kind {
            Kind::Wake => {
                straight.walkers[index].at += 1;
                self.walk_straight(straight, now, event.who);
            }
            Kind::DelayOver => {
                // The event is about the request; its ticket is the VU.
                let walker = &mut straight.walkers[event.ticket as usize];
                let op = straight.program.op(walker.at);
                self.delay_is_over(walker, now, op as u32);
                walker.at += 1;
                self.walk_straight(straight, now, event.ticket);
            }
            Kind::Load => {
                self.load_straight(straight, now, index)?;
                self.scenario_over(now, index);
                for at in 0..straight.beginners.len() {
                    self.walk_straight(straight, now, straight.beginners[at]);
                }
                straight.beginners.clear();
            }
            Kind::HardStop if self.scenarios[index].active == 0 => self.hard_stop(index),
            Kind::ClientTimeout => return self.watch_straight(straight, now, index),
            Kind::Second => self.tick(now),
            _ => return Err(NotStraight),
        }
        Ok(())
    }

    /// A VU goes on until virtual time must pass.
    #[inline(always)]
    fn walk_straight(&mut self, straight: &mut Straight, now: Time, id: u32) {
        let Straight {
            program,
            walkers,
            numbers,
            near,
            rest,
            ..
        } = straight;
        let hops = &program.hops[..];
        let walker = &mut walkers[id as usize];
        loop {
            // In the order of most journeys, so that one hop after the other is foreseen.
            if let Hop::Answer(site) = hops[walker.at as usize] {
                self.answer_straight(walker, now, site);
                if let Some(numbers) = numbers {
                    numbers.free.push(walker.number);
                }
            }
            while let Hop::Check(check, passed) = hops[walker.at as usize] {
                self.recorder.check(now, walker.origin, check, passed);
                walker.at += 1;
            }
            if let Hop::Sleep { time, lane } = hops[walker.at as usize] {
                if let Some(lane) = lane {
                    return near.pause(lane, now, self.queue.next_order(), id);
                }
                let over = Event::stale_after(Kind::Wake, id, 0);
                return self.pause_at_random(rest, time, over);
            }
            if let Hop::End = hops[walker.at as usize]
                && !self.end_straight(walker, now, id)
            {
                return;
            }
            if let Hop::Send(site) = hops[walker.at as usize] {
                if let Some(numbers) = numbers {
                    walker.number = numbers.next();
                }
                self.send_straight(walker, now, site);
                if self.idle_watches > 0 {
                    self.arm(now, self.sites[site.index()].watch);
                    *rest = self.queue.first_key();
                }
            }
            match hops[walker.at as usize] {
                Hop::Serve {
                    station,
                    time,
                    class,
                    ..
                } => {
                    walker.since = now;
                    return self.serve_straight(near, now, id, (station, time, class));
                }
                Hop::Delay { time, lane, .. } => {
                    walker.since = now;
                    if let Some(lane) = lane {
                        return near.pause(lane, now, self.queue.next_order(), id);
                    }
                    let over = Event::stale_after(Kind::DelayOver, walker.number, id);
                    return self.pause_at_random(rest, time, over);
                }
                _ => {}
            }
        }
    }

    #[inline(always)]
    fn answer_straight(&mut self, walker: &mut Walker, now: Time, site: SiteId) {
        let took = now.since(walker.sent);
        self.recorder
            .request(now, walker.origin, site, Code::OK, took);
        walker.doing = Doing::Thinking;
        walker.at += 1;
    }

    /// An iteration is over. Returns whether another begins at once.
    #[inline(always)]
    fn end_straight(&mut self, walker: &mut Walker, now: Time, id: u32) -> bool {
        let took = now.since(walker.started);
        self.recorder.iteration(now, walker.origin, took);
        let index = usize::from(walker.scenario);
        let own = (walker.stopping, walker.iterations);
        let goes_on = self.scenarios[index].goes_on(now, id, own, &mut self.recorder);
        if goes_on {
            walker.begin(now);
        } else {
            walker.doing = Doing::Idle;
            self.vu_returned(index);
            self.scenario_over(now, index);
        }
        goes_on
    }

    #[inline(always)]
    fn send_straight(&mut self, walker: &mut Walker, now: Time, site: SiteId) {
        walker.sent = now;
        walker.site = site;
        walker.doing = Doing::Requesting;
        walker.requests = walker.requests.wrapping_add(1);
        walker.at += 1;
        self.sent += 1;
        self.arrived += 1;
    }

    #[inline]
    fn pause_at_random(&mut self, rest: &mut u128, time: DistId, over: Event) {
        let pause = self.samplers[time.index()].span();
        self.queue.at(self.queue.now() + pause, over);
        *rest = self.queue.first_key();
    }

    #[inline(always)]
    fn serve_straight(
        &mut self,
        near: &mut Near,
        now: Time,
        id: u32,
        (station, time, class): (StationId, DistId, u8),
    ) {
        let time = self.samplers[time.index()].span();
        let (part, _) = &mut self.stations[station.index()];
        let entry = Waiting {
            job: id,
            ticket: 0,
            demand: part.demand(time),
        };
        if part.arrive(now, entry, class) == Admission::Granted
            && let Some(at) = part.next_completion()
        {
            near.complete_at(station.index(), at, self.queue.next_order());
        }
    }
}

impl World<'_> {
    /// A job at a station is due.
    #[inline(always)]
    fn complete_straight(&mut self, straight: &mut Straight, now: Time, index: usize) {
        let (part, _) = &mut self.stations[index];
        let (done, next) = part.complete(now, &Everybody);
        if let Some(at) = part.next_completion() {
            let order = self.queue.next_order();
            straight.near.complete_at(index, at.max(now), order);
        }
        if let Some(next) = next {
            let walker = &mut straight.walkers[next as usize];
            let time = &mut self.op_times[straight.program.op(walker.at)];
            time.waited += u128::from(now.since(walker.since).0);
            walker.since = now;
        }
        let Some(id) = done else { return };
        let walker = &mut straight.walkers[id as usize];
        let time = &mut self.op_times[straight.program.op(walker.at)];
        time.visits += 1;
        time.served += u128::from(now.since(walker.since).0);
        walker.at += 1;
        self.walk_straight(straight, now, id);
    }

    /// A scenario does what is due now.
    #[inline(always)]
    fn load_straight(
        &mut self,
        straight: &mut Straight,
        now: Time,
        index: usize,
    ) -> Result<(), NotStraight> {
        let scenario = &mut self.scenarios[index];
        let first_time = !std::mem::replace(&mut scenario.begun, true);
        match scenario.pattern {
            Pattern::Open { .. } => self.open_straight(straight, now, index, first_time),
            Pattern::Ramp { .. } => {
                while let Some((id, action)) = self.next_step(now, index) {
                    let walker = &mut straight.walkers[id as usize];
                    let running = walker.doing != Doing::Idle;
                    walker.stopping = action != Action::Start;
                    match action {
                        Action::Start if !running => self.begin_straight(straight, now, id),
                        Action::HardStop if running => return Err(NotStraight),
                        _ => {}
                    }
                }
            }
            Pattern::Loop(plan) => {
                for id in self.loop_begins(index, &plan) {
                    if plan.may_start(Span::ZERO, 0, self.scenarios[index].attempts) {
                        self.begin_straight(straight, now, id);
                    }
                }
            }
            Pattern::Arrivals { .. } => return Err(NotStraight),
        }
        Ok(())
    }

    #[inline(always)]
    fn begin_straight(&mut self, straight: &mut Straight, now: Time, id: u32) {
        let walker = &mut straight.walkers[id as usize];
        walker.begin(now);
        self.count_start(usize::from(walker.scenario));
        straight.beginners.push(id);
    }

    /// Requests with a client timeout may have reached it.
    #[cold]
    fn watch_straight(
        &mut self,
        straight: &Straight,
        now: Time,
        number: usize,
    ) -> Result<(), NotStraight> {
        let sites = &self.sites;
        let own = |site: SiteId| usize::from(sites[site.index()].watch) == number;
        let watch = &mut self.watches[number];
        match watch.next(now, &straight.walkers, own) {
            Next::Due(_) => return Err(NotStraight),
            Next::LookAt(time) => self.queue.set_alarm(watch.alarm, time),
            Next::Nobody => {
                watch.armed = false;
                self.idle_watches += 1;
            }
        }
        Ok(())
    }
}

impl Straight {
    /// A slot for one more open user.
    #[inline(never)]
    fn new_user(&mut self, scenario: usize) -> u32 {
        let entry = self.program.entry[self.journeys[scenario]];
        self.walkers.push(Walker::new(scenario, entry));
        self.walkers.len() as u32 - 1
    }
}

impl Walker {
    fn new(scenario: usize, entry: u32) -> Walker {
        Walker {
            started: Time::ZERO,
            sent: Time::ZERO,
            since: Time::ZERO,
            at: entry,
            requests: 0,
            number: 0,
            entry,
            iterations: 0,
            site: SiteId(0),
            origin: Origin::scenario(scenario),
            scenario: scenario as u16,
            doing: Doing::Idle,
            stopping: false,
        }
    }

    #[inline]
    fn begin(&mut self, now: Time) {
        self.at = self.entry;
        self.started = now;
        self.iterations += 1;
        self.doing = Doing::Thinking;
    }
}

impl Outstanding for Vec<Walker> {
    fn slots(&self) -> u32 {
        self.len() as u32
    }

    fn unanswered(&self, id: u32) -> Option<Unanswered> {
        let walker = &self[id as usize];
        (walker.doing == Doing::Requesting).then_some(Unanswered {
            sent: walker.sent,
            site: walker.site,
            generation: walker.requests,
        })
    }
}

/// Nobody walks away from a line.
struct Everybody;

impl Tickets for Everybody {
    fn is_current(&self, _: Job, _: u32) -> bool {
        true
    }
}
