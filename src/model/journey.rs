//! The journey of a user, as meant: a flat program of steps with jumps, one program per iteration.

use super::metric_name::{Contains, MetricKind};
use super::retry::RetryId;
use super::system::{DistId, EndpointId};
use crate::engine::Span;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);
        impl $name {
            /// As an index into the model's list.
            #[inline]
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
pub(crate) use id;

id!(
    /// Index into [`Model::journeys`](super::Model::journeys).
    JourneyId(u16)
);
id!(
    /// Index into [`Model::sites`](super::Model::sites): one place in a journey that sends a request.
    SiteId(u16)
);
id!(
    /// Index into [`Model::checks`](super::Model::checks).
    CheckId(u16)
);
id!(
    /// Index into [`Model::metrics`](super::Model::metrics): a custom metric.
    MetricId(u16)
);
id!(
    /// Index into [`Model::groups`](super::Model::groups).
    GroupId(u16)
);

/// One iteration's program. It ends at `Step::End`, which stands last and wherever an iteration is
/// ended early.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// Name: the key in the model.
    pub name: String,
    /// The program; every jump target is a valid index.
    pub steps: Vec<Step>,
    /// How many loop counters the program needs.
    pub loop_slots: u8,
    /// What an iteration usually does, where that is known and the steps do not say it.
    pub usual: Option<Usual>,
}

/// What an iteration does on average, as far as was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Usual {
    /// Requests from each site.
    pub requests: Vec<(SiteId, f64)>,
    /// Seconds asleep.
    pub sleep: f64,
}

/// A step of a journey. Takes no virtual time unless it says so.
#[derive(Clone, Copy, Debug, PartialEq)]
// What is told apart at every step stands in a byte of its own.
#[repr(u8)]
pub enum Step {
    /// Sends the request of this site and waits for the answer.
    Request(SiteId),
    /// Think time.
    Sleep(DistId),
    /// The iteration is over.
    End,
    /// Draws a user uniformly from the population (or the site's popularity).
    PickUser,
    /// Takes one of all tokens issued so far, uniformly; its owner becomes this VU's user.
    TakeToken,
    /// One sample of a check: passes if the condition holds.
    Check(CheckId, Condition),
    /// A number of checks with consecutive ids from this one on, which pass if the last response was ok. All but
    /// the first follow as steps of their own, too, for who makes them one by one.
    Checks(CheckId, u16),
    /// The request of the next step has this retry policy.
    RetryBegin(RetryId),
    /// After a request with a retry policy: it is sent again, after a pause, or this was its last attempt.
    Retry(RetryId),
    /// Waits until the waiting room admits this user's token, told at once (no polling).
    AwaitAdmission,
    /// Draws an event by the inventory's popularity.
    PickEvent,
    /// Sets a loop counter to zero.
    LoopReset(u8),
    /// Adds one to a loop counter; jumps when it has reached `limit`.
    CountTo {
        /// Which counter.
        slot: u8,
        /// How often is enough.
        limit: u32,
        /// Where to go then.
        then: u32,
    },
    /// Goes on elsewhere.
    Jump(u32),
    /// Goes on elsewhere if the condition holds.
    JumpIf(Condition, u32),
    /// Goes on elsewhere with a probability.
    JumpWithProbability(f64, u32),
    /// One sample of a custom metric.
    Record(MetricId, Recorded, Option<GroupId>),
    /// Opens a k6 group.
    GroupStart(GroupId),
    /// Closes the innermost group.
    GroupEnd,
    /// The user gives back the seat it holds, if any, without a request.
    ReleaseSeat,
    /// What the VU does next comes from outside of the model, until its iteration is over.
    External,
}

impl Step {
    /// The same step of a journey whose first step has this number.
    #[must_use]
    pub fn moved_by(self, base: u32) -> Step {
        match self {
            Step::CountTo { slot, limit, then } => Step::CountTo {
                slot,
                limit,
                then: then + base,
            },
            Step::Jump(to) => Step::Jump(to + base),
            Step::JumpIf(condition, to) => Step::JumpIf(condition, to + base),
            Step::JumpWithProbability(p, to) => Step::JumpWithProbability(p, to + base),
            other => other,
        }
    }

    /// Makes one step of checks of consecutive numbers that stand together and ask the same of the last response.
    pub fn join_checks(steps: &mut [Step]) {
        let mut joined: Option<(CheckId, u16)> = None;
        for step in steps.iter_mut().rev() {
            joined = match (*step, joined) {
                (Step::Check(check, Condition::Ok), Some((next, count)))
                    if check.0 + 1 == next.0 =>
                {
                    *step = Step::Checks(check, count + 1);
                    Some((check, count + 1))
                }
                (Step::Check(check, Condition::Ok), _) => Some((check, 1)),
                _ => None,
            };
        }
    }
}

/// What a step may ask about the VU's last response and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always true.
    Always,
    /// The last response has a status from 200 to 399.
    Ok,
    /// The last response has another status: an error, a timeout or a refused connection.
    Failed,
    /// The last response has exactly this status.
    Status(u16),
    /// The last status response, or the wait for admission since, said that the user is admitted.
    Admitted,
    /// As `Failed`, or the last listing offered no seat.
    Unsuccessful,
    /// The last listing offered no seat.
    NothingFree,
    /// The VU's user already has a token.
    UserHasToken,
}

/// The value of one sample of a custom metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Recorded {
    /// A plain number (milliseconds for a time).
    Number(f64),
    /// 1 if the condition holds, else 0.
    Condition(Condition),
    /// Milliseconds the last request took.
    LastDuration,
    /// The VU's number, from 1.
    Vu,
}

/// Which statuses a request expects: the others count as failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// 200 to 399, k6's default.
    #[default]
    Usual,
    /// These, as k6's `expectedStatuses`.
    Statuses(Vec<u16>),
    /// None is asked for (k6's `responseCallback: null`): `http_req_failed` gets no sample.
    Unasked,
}

impl Expected {
    /// These statuses; k6's default if there are none.
    #[must_use]
    pub fn of(statuses: Vec<u16>) -> Expected {
        match statuses.is_empty() {
            true => Expected::Usual,
            false => Expected::Statuses(statuses),
        }
    }

    /// Whether a status (0 without an answer) is expected; `None` if nobody asks.
    #[must_use]
    pub fn judge(&self, status: u16) -> Option<bool> {
        match self {
            Expected::Usual => Some((200..400).contains(&status)),
            Expected::Statuses(statuses) => Some(statuses.contains(&status)),
            Expected::Unasked => None,
        }
    }
}

/// One place in a journey that sends a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// What is called.
    pub endpoint: EndpointId,
    /// The `name` tag.
    pub name: String,
    /// Further tags.
    pub tags: Vec<(String, String)>,
    /// The client gives up after it: status 0 (k6's default: 60 s).
    pub timeout: Span,
    /// Which statuses count as expected.
    pub expected: Expected,
    /// Which of the listed seats the user takes, if the response lists seats.
    pub pick: Option<SeatChoice>,
    /// The `group` tag: path of the innermost open group, `""` at the root.
    pub group: String,
}

/// Which of the listed free seats a user picks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeatChoice {
    /// Any, with equal probability.
    Uniform,
    /// The first of the list.
    First,
    /// One of the first `seats` of the event with this probability while any is free, else any.
    HotZone {
        /// How many seats, from the front, are wanted most.
        seats: u32,
        /// How often a user wants one of them.
        probability: f64,
    },
}

/// A custom metric that journeys record.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomMetric {
    /// k6 metric name.
    pub name: String,
    /// One of k6's four types.
    pub kind: CustomKind,
}

/// k6's metric types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomKind {
    /// Sum.
    Counter,
    /// Last, smallest, largest value.
    Gauge,
    /// Share of non-zero samples.
    Rate,
    /// Distribution of plain numbers.
    Trend,
    /// Distribution of times in milliseconds.
    TrendTime,
}

impl CustomKind {
    /// k6's type, and what the values are.
    #[must_use]
    pub fn meaning(self) -> (MetricKind, Contains) {
        match self {
            CustomKind::Counter => (MetricKind::Counter, Contains::Default),
            CustomKind::Gauge => (MetricKind::Gauge, Contains::Default),
            CustomKind::Rate => (MetricKind::Rate, Contains::Default),
            CustomKind::Trend => (MetricKind::Trend, Contains::Default),
            CustomKind::TrendTime => (MetricKind::Trend, Contains::Time),
        }
    }
}

/// A k6 group, and tags that samples in it have beside those of their scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Full path: `::buy::inner`; empty outside all groups.
    pub path: String,
    /// Those tags, sorted by key. A script's samples in one group may have others.
    pub tags: Vec<(String, String)>,
}

/// A named check: its name and the path of the group it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Name as printed.
    pub name: String,
    /// The `group` tag: path of the innermost open group, `""` at the root.
    pub group: String,
    /// Tags of its own, sorted by key.
    pub tags: Vec<(String, String)>,
}
