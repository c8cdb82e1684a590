//! A virtual user, and what its journey has it do.
//!
//! A VU yields effects (a request, a sleep, done) and is resumed with their results. Journeys from a model are
//! one source of effects; the engine knows nothing else of them.

use crate::engine::Time;
use crate::measure::recorder::{ResponseCode, SampleSource};
use crate::model::journey::{CheckId, SiteId};
use crate::model::retry::RetryId;
use crate::model::system::DistId;

pub use crate::world::system::request::{Context, NONE};

/// What a VU learnt from its last response.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// How the request ended.
    pub code: ResponseCode,
    /// The waiting room has let the user through, as its last answer or the end of a wait for it said.
    pub admitted: bool,
    /// A listing offered no seat.
    pub nothing_free: bool,
}

impl Default for Reply {
    fn default() -> Self {
        Reply {
            code: ResponseCode::OK,
            admitted: false,
            nothing_free: false,
        }
    }
}

/// What a VU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VuState {
    /// No iteration.
    Idle,
    /// Thinking.
    Sleeping,
    /// Waiting for this request's answer.
    Requesting(u32),
    /// Waiting to be let through.
    Awaiting,
    /// Its iteration is over, and the next one may not begin yet.
    Resting,
}

/// A virtual user. Its position is a step of a flat program. It fills one line of the caches: of a million
/// VUs, the one that wakes up is in none of them.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Vu {
    /// Who runs it.
    pub origin: SampleSource,
    /// Index of its journey.
    pub journey: u16,
    /// Next step, among the steps of all journeys.
    pub at: u32,
    /// What it is doing.
    pub state: VuState,
    /// It was told to stop after the running iteration.
    pub stopping: bool,
    /// Counts interruptions: a wake-up of an older generation is stale.
    pub generation: u32,
    /// Start of the running iteration.
    pub started: Time,
    /// Iterations begun.
    pub iterations: u32,
    /// The entities that its requests are about.
    pub context: Context,
    /// Its last response.
    pub reply: Reply,
    /// First of its loop counters.
    pub loops: u32,
    /// Open groups.
    pub groups: u8,
}

const _: () = assert!(size_of::<Vu>() == 64);

impl Vu {
    /// An idle VU without a journey.
    #[must_use]
    pub fn new(origin: SampleSource, loops: u32) -> Vu {
        Vu {
            origin,
            journey: 0,
            at: 0,
            state: VuState::Idle,
            stopping: false,
            generation: 0,
            started: Time::ZERO,
            iterations: 0,
            context: Context::default(),
            reply: Reply::default(),
            loops,
            groups: 0,
        }
    }
}

/// What a user does next; the world carries it out and resumes the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Sends a request from this site.
    Request(SiteId),
    /// Sleeps for a time drawn from this distribution.
    Sleep(DistId),
    /// Sends the next request with this retry policy.
    RetryBegin(RetryId),
    /// Has the answer to an attempt of a request with a retry policy.
    Retry,
    /// Makes a check, which passes or fails, and goes on.
    Check(CheckId, bool),
    /// Waits until its token is let through, or has lost its place.
    AwaitAdmission,
    /// Gives back the seat it holds, without a request, and goes on.
    ReleaseSeat,
    /// Does what comes from outside of the model.
    External,
    /// The iteration is over.
    Done,
    /// The journey has gone on and on without any virtual time passing.
    Stuck,
}
