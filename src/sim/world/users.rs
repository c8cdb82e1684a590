//! VUs that run no journey of the model: another source of what they do, such as a script.

use std::sync::Arc;

use crate::engine::{Span, Time};
use crate::measure::recorder::{SampleSource, SampleTags, Timings};
use crate::model::journey::{CheckId, GroupId, MetricId, SiteId, Step};
use crate::model::scenario::Executor;
use crate::parts::inventory::Inventory;

use super::World;
use super::concurrent::Arrived;
use super::event::{Event, Kind};
use super::kernel::{Kernel, Phase};
use super::load::Load;
use super::load::vu::{Context, NONE, Reply, VuState};
use super::termination::Termination;

/// The VU that acts next, and what it knows.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The present.
    pub now: Time,
    /// Number of the VU.
    pub vu: u32,
    /// Who it is to the record.
    pub origin: SampleSource,
    /// Iterations it has begun, this one included. A higher number than before: the iteration is new, whether or
    /// not the one before came to its end.
    pub iteration: u32,
    /// Its last response.
    pub reply: Reply,
    /// Which of several requests under way that is the response to, if it waited for any of them.
    pub arrived: Option<Arrived>,
}

/// What the next requests of a VU are about, so far as that is said; numbers begin at 0, those of holds at 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    /// The user.
    pub user: Option<u32>,
    /// The token; its owner is the user, unless another is named.
    pub token: Option<u32>,
    /// The event.
    pub event: Option<u32>,
    /// The seat, among those of all events.
    pub seat: Option<u32>,
    /// The hold on a seat.
    pub hold: Option<u32>,
}

/// What a VU does next.
#[derive(Clone, Debug, PartialEq)]
pub enum UserAction {
    /// Says what its next requests are about, and goes on.
    Identify(Entities),
    /// Sends a request from this site.
    Request(SiteId),
    /// Sends a request from this site and goes on without waiting for the answer. The number is the sender's.
    Send(SiteId, u64),
    /// Waits for the answer to any of the requests that were sent so, or so long.
    WaitForAny(Option<Span>),
    /// Sleeps.
    Sleep(Span),
    /// Makes a check, which passes or fails, and goes on.
    Check(CheckId, bool),
    /// Gives a custom metric a value, in this group, and goes on.
    Record(MetricId, Option<GroupId>, f64),
    /// A group ended that took so long, and it goes on.
    GroupEnd(GroupId, Span),
    /// The iteration is over.
    Done,
    /// The iteration of a scenario is over, and the next one of this VU begins after so long at the earliest.
    Rest(Span),
    /// The run ends here, as it is.
    End,
    /// The test ends: iterations are interrupted, and teardown runs.
    Abort,
    /// The run cannot go on, for this reason.
    Fail(Arc<str>),
}

/// Decides what VUs do.
pub trait UserSource {
    /// What the VU does next. `state` tells what its last answer can.
    fn next(&mut self, turn: Turn, state: &StateView) -> UserAction;
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Iterations that came to their end.
    pub completed: u64,
    /// Iterations that were interrupted.
    pub interrupted: u64,
    /// VUs that run an iteration.
    pub active: u64,
    /// VUs that exist.
    pub initialised: u64,
}

/// What an answer can tell a VU of the system's state.
#[derive(Clone, Copy)]
pub struct StateView<'w> {
    world: &'w World<'w>,
    context: Context,
}

impl StateView<'_> {
    /// The parts of the time of a VU's last request, where a network is modelled; of one that was sent beside others see
    /// [`Arrived::timings`].
    #[must_use]
    pub fn timings(&self, vu: u32) -> Option<Timings> {
        self.world.system.last_timings(vu)
    }

    /// How long the last answer of a VU asks it to wait before it tries again, as HTTP's `Retry-After` does; zero if it does
    /// not.
    #[must_use]
    pub fn retry_after(&self, vu: u32) -> Span {
        let asked = self.world.system.retries.asked.get(&vu);
        asked.copied().unwrap_or(Span::ZERO)
    }

    /// What its requests are about; numbers of entities, or [`NONE`].
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// The seat that its request is about, or that its hold is on.
    #[must_use]
    pub fn seat(&self) -> Option<u32> {
        let inventory = self.world.system.inventory.as_ref()?;
        let known = (self.context.seat != NONE).then_some(self.context.seat);
        known.or_else(|| inventory.seat_of(self.context.hold))
    }

    /// Its place in line, from 1, and how long it will wait there as far as the room can tell; `None` if it does
    /// not wait.
    #[must_use]
    pub fn place(&self) -> Option<(u32, Option<Span>)> {
        let (room, _) = self.world.system.room.as_ref()?;
        room.place(self.world.kernel.queue.now(), self.context.token)
    }

    /// The first of the VUs that are a scenario's.
    #[must_use]
    pub fn first_vu(&self, scenario: usize) -> u32 {
        self.world.load.scenarios[scenario].first
    }

    /// How the run stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let world = self.world;
        Standing {
            completed: world.load.recorder.complete_iterations(),
            interrupted: world.load.recorder.interrupted,
            active: world.load.active_vus,
            initialised: world.load.initialised_vus,
        }
    }

    /// When a scenario started, and the share of its time that has passed; of a scenario with a fixed number of iterations the
    /// share of them that are over.
    #[must_use]
    pub fn progress(&self, scenario: usize) -> (Time, f64) {
        let run = &self.world.load.scenarios[scenario];
        let spent = self.world.kernel.queue.now().since(run.started).as_secs();
        let over = run.attempts.saturating_sub(u64::from(run.active)) as f64;
        let share = match self.world.model.scenarios[scenario].executor {
            Executor::SharedIterations { iterations, .. } => over / iterations.max(1) as f64,
            Executor::PerVuIterations {
                vus, iterations, ..
            } => over / (vus * iterations).max(1) as f64,
            _ => spent / run.regular_end.as_secs().max(1e-9),
        };
        (run.started, share.min(1.0))
    }

    /// The free seats of its event, as numbers among those of all events.
    #[must_use]
    pub fn free_seats(&self) -> Vec<u32> {
        let inventory = self.world.system.inventory.as_ref();
        let free = inventory.map(|i| i.free_of(self.context.event).collect());
        free.unwrap_or_default()
    }
}

impl<'m> World<'m> {
    /// VUs on journeys that consist of [`Step::External`] do what this source says.
    #[must_use]
    pub fn with_users(mut self, users: Box<dyn UserSource + 'm>) -> Self {
        self.load.users = Some(users);
        self.system.retries.is_told = true;
        self
    }

    /// Carries out what the source says that a VU does next. Returns whether the VU continues at this instant;
    /// `None` if its iteration is over.
    #[cold]
    pub(super) fn resume_external(&mut self, now: Time, id: u32) -> Option<bool> {
        let mut arrived = None;
        if self.load.concurrent.is_some() {
            if self.load.is_line(id) {
                self.line_is_answered(now, id);
                return Some(false);
            }
            arrived = self.take_arrived(id);
        }
        let vu = &mut self.load.vus[id as usize];
        if vu.context.user == NONE {
            // Every VU is a user of its own.
            vu.context.user = id % self.model.users.max(1);
        }
        let mut turn = Turn {
            now,
            vu: id,
            origin: vu.origin,
            iteration: vu.iterations,
            reply: vu.reply,
            arrived,
        };
        let origin = turn.origin;
        let label = |group| SampleTags { origin, group };
        let mut users = self.load.users.take()?;
        let goes_on = loop {
            let context = self.load.vus[id as usize].context;
            let world = &*self;
            match users.next(turn, &StateView { world, context }) {
                // What takes no time is followed at once.
                UserAction::Identify(entities) => self.identify(id, entities),
                UserAction::Check(check, passed) => {
                    self.load.recorder.checks(now, origin, (check, 1), passed);
                }
                UserAction::Record(metric, group, value) => {
                    self.load.recorder.custom(now, metric, label(group), value);
                }
                UserAction::GroupEnd(group, duration) => {
                    self.load.recorder.group(now, label(Some(group)), duration);
                }
                UserAction::Send(site, tag) => {
                    self.send_beside(now, id, site, tag);
                    break Some(true);
                }
                UserAction::WaitForAny(at_most) => {
                    break Some(self.load.wait_for_any(&mut self.kernel, now, id, at_most));
                }
                UserAction::Done => {
                    self.give_up_lines(id);
                    break None;
                }
                last => {
                    self.end_turn(now, id, origin, last);
                    break Some(false);
                }
            }
            turn.arrived = None;
        };
        self.load.users = Some(users);
        goes_on
    }

    /// Carries out what a VU does before others act.
    fn end_turn(&mut self, now: Time, id: u32, origin: SampleSource, action: UserAction) {
        match action {
            UserAction::Request(site) => self.send(now, id, site),
            UserAction::Sleep(time) => self.load.sleep(&mut self.kernel, now, id, time),
            UserAction::Rest(time) => self.rest(now, id, time),
            UserAction::Abort if self.kernel.phase != Phase::Teardown => {
                // The iteration that ends the test counts.
                if origin.as_scenario().is_some() {
                    self.rest(now, id, Span::ZERO);
                }
                self.abort(now);
            }
            UserAction::Fail(why) => self.kernel.stop(Termination::Failed(why)),
            // The end, or an abort in teardown.
            _ => self.kernel.stop(Termination::Aborted),
        }
    }

    /// The next requests of a VU are about these. What does not exist is nothing.
    fn identify(&mut self, id: u32, entities: Entities) {
        let known = |number: u32, count: u64| match u64::from(number) < count {
            true => number,
            false => NONE,
        };
        let context = &mut self.load.vus[id as usize].context;
        if let Some(user) = entities.user {
            context.user = user % self.model.users.max(1);
        }
        if let Some(token) = entities.token {
            context.token = known(token, u64::from(self.system.tokens.issued()));
            if entities.user.is_none() {
                context.user = self.system.tokens.owner(token).unwrap_or(context.user);
            }
        }
        let events = self.model.inventory.as_ref().map_or(0, |i| i.events);
        if let Some(event) = entities.event {
            context.event = known(event, u64::from(events));
        }
        if let Some(seat) = entities.seat {
            let seats = self.system.inventory.as_ref().map_or(0, Inventory::seats);
            context.seat = known(seat, seats);
        }
        if let Some(hold) = entities.hold {
            context.hold = hold;
        }
    }
}

impl Load<'_> {
    /// A VU sleeps for some time.
    fn sleep(&mut self, kernel: &mut Kernel, now: Time, id: u32, time: Span) {
        let vu = &mut self.vus[id as usize];
        vu.state = VuState::Sleeping;
        let event = Event::stale_after(Kind::Wake, id, vu.generation);
        kernel.queue.at(now + time, event);
    }
}

/// The steps of a journey whose VUs are driven by a [`UserSource`].
#[must_use]
pub fn external_journey() -> Vec<Step> {
    vec![Step::External, Step::End]
}
