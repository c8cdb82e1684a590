//! Straight models: users send requests that only pass time and queue at stations.
//!
//! The general engine keeps a request apart from the VU that waits for it, for the VU may give up, be
//! interrupted or hear of a failure, and the request may hold and share things meanwhile. Where nothing of
//! that can happen, a VU and its request are one, and walk one flat program. The run is the same to the last
//! event, and takes little more than half the time. Should a request reach its client timeout, or a VU be
//! interrupted after all, then this run is dropped and the general engine does it from the start.

mod in_service;
mod near;
mod notes;
mod program;
mod simple;
#[cfg(test)]
mod tests;
mod walk;
mod walker;

use prefetch_index::prefetch_index;

use crate::engine::heap::major;
use crate::engine::{Span, Time};
use crate::load::ramping_vus::Action;
use crate::model::journey::SiteId;
use crate::model::system::StationId;
use crate::parts::Job;
use crate::parts::station::Station;

use super::event::{Event, Kind};
use super::scenario::{Pattern, ScenarioRun};
use super::watch::Next;
use super::{Phase, WATCH_EVERY, World};
use near::{Near, Source};
use notes::{ByDuration, Notes, Totals};
use program::Program;
use simple::Simple;
use walker::{Everybody, Numbers, OnTheWay, Walker, pause_over};

/// All VUs of a straight model, and the way they go.
#[derive(Debug)]
struct Straight<N> {
    walkers: Vec<Walker>,
    way: Way<N>,
    /// VUs that begin an iteration or go on at this instant, in the order in which they do.
    goers: Vec<u32>,
}

/// Where VUs go, and what is due on the way.
#[derive(Debug)]
struct Way<N> {
    program: Program,
    /// What requests spend where.
    notes: N,
    /// The simple ones of the world's stations.
    simple: Vec<Option<Simple>>,
    /// Whether requests need numbers: in a model with delays.
    numbered: bool,
    numbers: Numbers,
    near: Near,
    /// The key of the first event in the world's queue, where all others are. It may be too small: the event
    /// may have been cleared; or zero, for something else is to be looked at.
    rest: u128,
}

/// Something happened that is not straight.
struct NotStraight;

impl World<'_> {
    /// Runs the model to its end, if it is straight, and tells now and then how far it has come. Returns whether it
    /// stayed straight; `None` if it is not from the start, and nothing has been done.
    pub(super) fn run_if_straight(&mut self, watch: &mut dyn FnMut(Time)) -> Option<bool> {
        Some(if self.slow.is_some() {
            let straight = self.straight::<ByDuration>()?;
            self.run_straight(straight, watch)
        } else {
            let straight = self.straight::<Totals>()?;
            self.run_straight(straight, watch)
        })
    }

    /// The flat form of the model, if it has one.
    fn straight<N: Notes>(&self) -> Option<Straight<N>> {
        let model = self.model;
        let plain_load = |pattern: &Pattern| !matches!(pattern, Pattern::Arrivals { .. });
        let simple = model.network.is_none()
            && model.setup.is_none()
            && model.teardown.is_none()
            && self.room.is_none()
            && self.waits.is_none()
            && self.recorder.log.is_none()
            && self.slowdowns.is_empty()
            && self.scenarios.iter().all(|s| plain_load(&s.pattern));
        let aborts = model.thresholds.iter().flat_map(|t| &t.thresholds);
        if !simple || aborts.into_iter().any(|t| t.abort_on_fail) {
            return None;
        }
        let journeys = self.scenarios.iter().map(|s| s.journey);
        let simple: Vec<_> = self.stations.iter().map(|(s, _)| Simple::of(s)).collect();
        let is_simple = |station: StationId| simple[station.index()].is_some();
        let program = Program::of(model, journeys, &self.entry, is_simple, N::EACH_VISIT)?;
        let open = |scenario: &ScenarioRun| matches!(scenario.pattern, Pattern::Open { .. });
        let scenarios = self.scenarios.iter().rposition(open).map_or(0, |at| at + 1);
        Some(Straight {
            walkers: Vec::new(),
            way: Way {
                near: Near::new(&program.pauses, self.stations.len(), scenarios)?,
                numbered: program.has_delays(),
                numbers: Numbers::default(),
                notes: N::new(self),
                simple,
                program,
                rest: 0,
            },
            goers: Vec::new(),
        })
    }

    /// Runs a straight model to its end. Returns whether it stayed straight.
    fn run_straight<N: Notes>(
        &mut self,
        mut straight: Straight<N>,
        watch: &mut dyn FnMut(Time),
    ) -> bool {
        let mut looked_at = 0;
        straight.populate(&self.scenarios);
        self.start_clock();
        while self.phase != Phase::Over {
            let key = loop {
                let Way { near, rest, .. } = &straight.way;
                let (due, source) = near.first();
                if due.0 >= major(*rest) {
                    let key = near.key(source);
                    if key >= *rest {
                        break key;
                    }
                }
                self.go_straight(&mut straight, due, source);
            };
            if self.phase == Phase::Over {
                break;
            }
            straight.way.rest = self.queue.first_key();
            if straight.way.rest <= key {
                let Some((now, event)) = self.queue.pop() else {
                    break;
                };
                self.note_event(now, event);
                if self.turn_aside(&mut straight, now, event).is_err() {
                    return false;
                }
                straight.way.rest = self.queue.first_key();
            }
            // Every second, at least, comes an event of the queue.
            if self.events > looked_at + WATCH_EVERY {
                looked_at = self.events;
                watch(self.queue.now());
            }
        }
        // All were answered.
        self.sent = self.recorder.requests();
        self.arrived = self.sent;
        let Way {
            program,
            notes,
            simple,
            ..
        } = straight.way;
        notes.give(self);
        for ((station, _), simple) in self.stations.iter_mut().zip(simple) {
            if let Some(simple) = simple {
                station.probe = simple.into_probe();
            }
        }
        self.time_stations(&program);
        true
    }

    /// The times of operations that were not noted visit by visit.
    fn time_stations(&mut self, program: &Program) {
        let now = self.queue.now();
        for ((station, _), op) in self.stations.iter().zip(&program.alone) {
            if let Some(op) = op {
                let probe = &station.probe;
                let time = &mut self.op_times[*op as usize];
                time.visits = probe.completed;
                time.served = probe.in_service.area(now);
                time.waited = probe.queue.area(now);
            }
        }
    }

    /// The next event of this near source takes place.
    #[inline(always)]
    fn go_straight<N: Notes>(&mut self, straight: &mut Straight<N>, now: Time, source: usize) {
        self.queue.advance(now);
        let id = match straight.way.near.take(source) {
            Source::Station(index) => {
                self.note_code(now, straight.way.near.code(source));
                match self.complete_straight(straight, now, index) {
                    Some(id) => id,
                    None => return,
                }
            }
            Source::Lane(over, id, next) => {
                if let Some(next) = next {
                    ask_for(&straight.walkers, next);
                }
                let request = || straight.walkers[id as usize].number;
                self.note_event(now, pause_over(over, id, request));
                id
            }
            Source::Scenario(index) => {
                self.note_code(now, straight.way.near.code(source));
                if let Some(id) = self.open_straight(straight, now, index, false) {
                    let walker = &mut straight.walkers[id as usize];
                    walker.begin(now);
                    let entry = straight.way.program.entry[index];
                    self.walk_straight(&mut straight.way, walker, entry, now, id);
                }
                return;
            }
        };
        self.next_leg(straight, now, id);
    }

    /// A job at a station is due. Returns the VU whose request it was.
    #[inline(always)]
    fn complete_straight<N: Notes>(
        &mut self,
        straight: &mut Straight<N>,
        now: Time,
        index: usize,
    ) -> Option<u32> {
        let Straight { walkers, way, .. } = straight;
        let (done, next, due) = if let Some(Some(part)) = way.simple.get_mut(index) {
            let (done, next) = part.complete(now);
            (Some(done), next, part.next_completion())
        } else {
            let ended = complete(&mut self.stations[index].0, now);
            if let Some(next) = ended.1 {
                let walker = &mut walkers[next as usize];
                walker.part = now.since_past(walker.since);
            }
            ended
        };
        let due = due.map(|at| (at, self.queue.next_order()));
        way.near.complete_at(index, due);
        if let Some(next) = next {
            ask_for(walkers, next);
        }
        done
    }

    /// An open user may arrive. Returns the VU that is to begin.
    #[inline(always)]
    fn open_straight<N: Notes>(
        &mut self,
        straight: &mut Straight<N>,
        now: Time,
        index: usize,
        first: bool,
    ) -> Option<u32> {
        if !first && let Some((slot, next)) = self.user_between(index) {
            let next = (next, self.queue.next_order());
            straight.way.near.arrive_at(index, Some(next));
            return Some(slot.unwrap_or_else(|| self.new_straight(straight, index)));
        }
        self.open_at_an_edge(straight, now, index, first)
    }

    /// As [`World::open_straight`], at the begin of a scenario and at its end.
    #[inline(never)]
    fn open_at_an_edge<N: Notes>(
        &mut self,
        straight: &mut Straight<N>,
        now: Time,
        index: usize,
        first: bool,
    ) -> Option<u32> {
        let (slot, next) = self.next_user(now, index, first);
        let next = next.map(|at| (at, self.queue.next_order()));
        straight.way.near.arrive_at(index, next);
        let Some(slot) = slot else {
            self.scenario_over(now, index);
            straight.way.rest = 0;
            return None;
        };
        Some(slot.unwrap_or_else(|| self.new_straight(straight, index)))
    }

    /// A slot for one more open user.
    #[cold]
    #[inline(never)]
    fn new_straight<N: Notes>(&mut self, straight: &mut Straight<N>, index: usize) -> u32 {
        self.initialised_vus += 1;
        straight.walkers.push(Walker::new(index));
        straight.walkers.len() as u32 - 1
    }

    /// An event of the world's queue takes place.
    fn turn_aside<N: Notes>(
        &mut self,
        straight: &mut Straight<N>,
        now: Time,
        event: Event,
    ) -> Result<(), NotStraight> {
        let index = event.who as usize;
        match event.kind {
            Kind::Wake => straight.goers.push(event.who),
            // The event is about the request; its ticket is the VU.
            Kind::DelayOver => straight.goers.push(event.ticket),
            Kind::Load => {
                self.load_straight(straight, now, index)?;
                self.scenario_over(now, index);
            }
            Kind::HardStop if self.scenarios[index].active == 0 => self.hard_stop(index),
            Kind::ClientTimeout => return self.watch_straight(straight, now, index),
            Kind::Second => self.tick(now),
            _ => return Err(NotStraight),
        }
        for n in 0..straight.goers.len() {
            self.next_leg(straight, now, straight.goers[n]);
        }
        straight.goers.clear();
        Ok(())
    }

    /// The pause of a VU, or of its request, is over; or it begins.
    #[inline(always)]
    fn next_leg<N: Notes>(&mut self, straight: &mut Straight<N>, now: Time, id: u32) {
        let walker = &mut straight.walkers[id as usize];
        self.walk_straight(&mut straight.way, walker, walker.at, now, id);
    }

    /// A scenario does what is due now.
    fn load_straight<N: Notes>(
        &mut self,
        straight: &mut Straight<N>,
        now: Time,
        index: usize,
    ) -> Result<(), NotStraight> {
        let scenario = &mut self.scenarios[index];
        let first_time = !std::mem::replace(&mut scenario.begun, true);
        match scenario.pattern {
            Pattern::Open { .. } => {
                if let Some(id) = self.open_straight(straight, now, index, first_time) {
                    straight.set_out(now, id);
                }
            }
            Pattern::Ramp(_) => {
                while let Some((id, action)) = self.next_step(now, index) {
                    let walker = &mut straight.walkers[id as usize];
                    let running = !walker.is_idle();
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

    fn begin_straight<N: Notes>(&mut self, straight: &mut Straight<N>, now: Time, id: u32) {
        let scenario = straight.set_out(now, id);
        self.count_start(scenario);
    }

    /// Requests with a client timeout may have reached it.
    fn watch_straight<N: Notes>(
        &mut self,
        straight: &Straight<N>,
        now: Time,
        number: usize,
    ) -> Result<(), NotStraight> {
        let sites = &self.sites;
        let own = |site: SiteId| usize::from(sites[site.index()].watch) == number;
        let watch = &mut self.watches[number];
        let all = OnTheWay {
            walkers: &straight.walkers,
            legs: &straight.way.program.legs,
        };
        match watch.next(now, &all, own) {
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

/// A job leaves a station that is not simple. Returns it and the next one in line, and when another one leaves.
#[inline(never)]
fn complete(part: &mut Station, now: Time) -> (Option<Job>, Option<Job>, Option<Time>) {
    let (done, next) = part.complete(now, &Everybody);
    (done, next, part.next_completion().map(|at| at.max(now)))
}

/// A VU that has paused or waited for long is in no cache near by: who is next is asked for early, and nobody
/// waits for it to come.
#[inline(always)]
fn ask_for(walkers: &[Walker], id: u32) {
    prefetch_index(walkers, id as usize);
}

impl<N> Straight<N> {
    /// A VU begins an iteration at this instant. Returns its scenario.
    fn set_out(&mut self, now: Time, id: u32) -> usize {
        let walker = &mut self.walkers[id as usize];
        let scenario = usize::from(walker.scenario);
        walker.begin(now);
        walker.at = self.way.program.entry[scenario];
        self.goers.push(id);
        scenario
    }

    /// Makes all VUs but open users, by the world's numbers; 0 is that of setup and teardown.
    fn populate(&mut self, scenarios: &[ScenarioRun]) {
        self.walkers = vec![Walker::new(0)];
        for (index, scenario) in scenarios.iter().enumerate() {
            let end = (scenario.first + scenario.size) as usize;
            self.walkers.resize(end, Walker::new(index));
        }
    }
}
