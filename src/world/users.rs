//! VUs that run no journey of the model: another source of what they do, such as a script.

use crate::engine::{Span, Time};
use crate::measure::recorder::{Label, Origin};
use crate::model::journey::{CheckId, GroupId, MetricId, SiteId, Step};

use super::World;
use super::event::{Event, Kind};
use super::outcome::End;
use super::vu::{NONE, Reply, VuState};

/// The VU that acts next, and what it knows.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The present.
    pub now: Time,
    /// Number of the VU.
    pub vu: u32,
    /// Who it is to the record.
    pub origin: Origin,
    /// Iterations it has begun, this one included. A higher number than before: the iteration is new, whether or
    /// not the one before came to its end.
    pub iteration: u32,
    /// Its last response.
    pub reply: Reply,
}

/// What a VU does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UserAction {
    /// Sends a request from this site.
    Request(SiteId),
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
    /// The run ends here.
    End,
}

/// Decides what VUs do.
pub trait UserSource {
    /// What the VU does next.
    fn next(&mut self, turn: Turn) -> UserAction;
}

impl<'m> World<'m> {
    /// VUs on journeys that consist of [`Step::External`] do what this source says.
    #[must_use]
    pub fn with_users(mut self, users: Box<dyn UserSource + 'm>) -> Self {
        self.users = Some(users);
        self
    }

    /// Carries out what the source says that a VU does next. Returns whether the VU continues at this instant;
    /// `None` if its iteration is over.
    #[cold]
    pub(super) fn resume_external(&mut self, now: Time, id: u32) -> Option<bool> {
        let vu = &mut self.vus[id as usize];
        if vu.context.user == NONE {
            // Every VU is a user of its own.
            vu.context.user = id % self.model.users.max(1);
        }
        let turn = Turn {
            now,
            vu: id,
            origin: vu.origin,
            iteration: vu.iterations,
            reply: vu.reply,
        };
        let Some(users) = &mut self.users else {
            return None;
        };
        let origin = turn.origin;
        let label = |group| Label { origin, group };
        match users.next(turn) {
            UserAction::Request(site) => self.send(now, id, site),
            UserAction::Sleep(time) => {
                let vu = &mut self.vus[id as usize];
                vu.state = VuState::Sleeping;
                let event = Event::stale_after(Kind::Wake, id, vu.generation);
                self.queue.at(now + time, event);
            }
            UserAction::Check(check, passed) => {
                self.recorder.check(now, origin, check, passed);
                return Some(true);
            }
            UserAction::Record(metric, group, value) => {
                self.recorder.custom(now, metric, label(group), value);
                return Some(true);
            }
            UserAction::GroupEnd(group, duration) => {
                self.recorder.group(now, label(Some(group)), duration);
                return Some(true);
            }
            UserAction::Done => return None,
            UserAction::End => self.stop(End::Aborted),
        }
        Some(false)
    }
}

/// The steps of a journey whose VUs are driven by a [`UserSource`].
#[must_use]
pub fn external_journey() -> Vec<Step> {
    vec![Step::External, Step::End]
}
