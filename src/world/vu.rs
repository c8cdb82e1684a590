//! A virtual user and how it walks its journey.
//!
//! A user is whatever yields effects (a request, a sleep, done) and is resumed with their results.
//! Journeys from a model are one source of users; this file is all the world knows of it.

use crate::engine::alias::Alias;
use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::measure::recorder::{Code, Origin, Recorder};
use crate::model::Model;
use crate::model::journey::{Condition, Recorded, SiteId, Step};
use crate::model::system::{DistId, Popularity};
use crate::parts::tokens::Tokens;

/// No entity.
pub const NONE: u32 = u32::MAX;

/// What a request is about: the entities that the user has in mind.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// User number.
    pub user: u32,
    /// Token number.
    pub token: u32,
    /// Event number.
    pub event: u32,
    /// Seat number among all seats.
    pub seat: u32,
    /// The hold on that seat; 0 for none.
    pub hold: u32,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            user: NONE,
            token: NONE,
            event: NONE,
            seat: NONE,
            hold: 0,
        }
    }
}

/// What a VU learnt from its last response.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// How the request ended.
    pub code: Code,
    /// How long it took.
    pub duration: Span,
    /// The waiting room has let the user through.
    pub admitted: bool,
    /// A listing offered no seat.
    pub nothing_free: bool,
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
}

/// A virtual user. Its position is a step of a flat program.
#[derive(Clone, Copy, Debug)]
pub struct Vu {
    /// Who runs it.
    pub origin: Origin,
    /// Index of its journey.
    pub journey: u16,
    /// Next step.
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
    /// What it has in mind.
    pub context: Context,
    /// Its last response.
    pub reply: Reply,
    /// First of its loop counters.
    pub loops: u32,
    /// Open groups.
    pub groups: u8,
}

impl Vu {
    /// An idle VU.
    #[must_use]
    pub fn new(origin: Origin, journey: u16, loops: u32) -> Vu {
        Vu {
            origin,
            journey,
            at: 0,
            state: VuState::Idle,
            stopping: false,
            generation: 0,
            started: Time::ZERO,
            iterations: 0,
            context: Context::default(),
            reply: Reply {
                code: Code::OK,
                duration: Span::ZERO,
                admitted: false,
                nothing_free: false,
            },
            loops,
            groups: 0,
        }
    }

    /// Begins an iteration: nothing is remembered of the last one.
    #[inline]
    pub fn begin(&mut self, now: Time) {
        self.at = 0;
        self.started = now;
        self.iterations += 1;
        self.context = Context::default();
        self.reply = Reply {
            code: Code::OK,
            duration: Span::ZERO,
            admitted: false,
            nothing_free: false,
        };
        self.groups = 0;
    }
}

/// What a user does next; the world carries it out and resumes the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Sends a request from this site.
    Request(SiteId),
    /// Sleeps for a time drawn from this distribution.
    Sleep(DistId),
    /// Waits until its token is let through.
    AwaitAdmission,
    /// Gives back the seat it holds, without a request, and goes on.
    ReleaseSeat,
    /// The iteration is over.
    Done,
    /// The journey has gone on and on without any virtual time passing.
    Stuck,
}

/// The random choices of one journey, each with its own stream.
#[derive(Clone, Debug)]
pub struct Choices {
    user: Stream,
    event: Stream,
    token: Stream,
    branch: Stream,
}

impl Choices {
    /// Streams named after the journey.
    #[must_use]
    pub fn new(seed: u64, replication: u64, journey: &str) -> Choices {
        let stream = |what| Stream::new(seed, replication, &format!("journeys.{journey}.{what}"));
        Choices {
            user: stream("user"),
            event: stream("event"),
            token: stream("token"),
            branch: stream("branch"),
        }
    }
}

/// How events are chosen.
#[derive(Clone, Debug)]
pub enum EventChoice {
    /// All alike, out of this many.
    Uniform(u32),
    /// By weight.
    Weighted(Alias),
}

impl EventChoice {
    /// The choice for a popularity; `None` if the weights are unusable, which a checked model's are not.
    #[must_use]
    pub fn new(popularity: &Popularity, events: u32) -> Option<EventChoice> {
        let n = events as usize;
        let weights: Vec<f64> = match popularity {
            Popularity::Uniform => return Some(EventChoice::Uniform(events)),
            Popularity::Zipf(exponent) => (1..=n)
                .map(|k| libm::exp(-exponent * libm::log(k as f64)))
                .collect(),
            Popularity::Weights(weights) => weights.clone(),
            Popularity::Hot(_) if n == 1 => vec![1.0],
            Popularity::Hot(p) => {
                let others = (1.0 - p) / (n - 1) as f64;
                (0..n).map(|i| if i == 0 { *p } else { others }).collect()
            }
        };
        Alias::new(&weights).map(EventChoice::Weighted)
    }

    fn draw(&self, stream: &mut Stream) -> u32 {
        match self {
            EventChoice::Uniform(n) => stream.below(u64::from(*n)) as u32,
            EventChoice::Weighted(table) => table.draw(stream),
        }
    }
}

/// What a walking user can see and do.
pub struct Walk<'a> {
    /// The instant.
    pub now: Time,
    /// The model.
    pub model: &'a Model,
    /// Number of the VU.
    pub number: u32,
    /// Loop counters of the VU.
    pub loops: &'a mut [u32],
    /// Start times of the VU's open groups.
    pub groups: &'a mut [Time],
    /// Random choices of its journey.
    pub choices: &'a mut Choices,
    /// How events are chosen, if there are any.
    pub events: Option<&'a EventChoice>,
    /// All tokens.
    pub tokens: &'a Tokens,
    /// Where samples go.
    pub recorder: &'a mut Recorder,
}

/// Steps a user may take without virtual time passing before it counts as stuck.
const PATIENCE: u32 = 20_000_000;

impl Walk<'_> {
    /// Resumes a user and returns what it does next.
    #[inline]
    pub fn resume(&mut self, vu: &mut Vu) -> Effect {
        let model = self.model;
        let steps = &model.journeys[vu.journey as usize].steps[..];
        for _ in 0..PATIENCE {
            let step = steps[vu.at as usize];
            vu.at += 1;
            match step {
                Step::Request(site) => return Effect::Request(site),
                Step::Sleep(time) => return Effect::Sleep(time),
                Step::Check(check, condition) => {
                    let passed = self.holds(condition, vu);
                    self.recorder.check(vu.origin, check, passed);
                }
                Step::End => return Effect::Done,
                Step::JumpIf(condition, to) => {
                    if self.holds(condition, vu) {
                        vu.at = to;
                    }
                }
                Step::Jump(to) => vu.at = to,
                Step::LoopReset(slot) => self.loops[slot as usize] = 0,
                Step::CountTo { slot, limit, then } => {
                    let count = &mut self.loops[slot as usize];
                    *count += 1;
                    if *count >= limit {
                        vu.at = then;
                    }
                }
                Step::AwaitAdmission => return Effect::AwaitAdmission,
                Step::ReleaseSeat => return Effect::ReleaseSeat,
                other => self.instant(other, vu),
            }
        }
        Effect::Stuck
    }

    /// Steps that change only the user's mind or the record.
    fn instant(&mut self, step: Step, vu: &mut Vu) {
        match step {
            Step::PickUser => {
                vu.context.user = self.choices.user.below(u64::from(self.model.users)) as u32;
            }
            Step::PickEvent => {
                if let Some(events) = self.events {
                    vu.context.event = events.draw(&mut self.choices.event);
                }
            }
            Step::TakeToken => {
                let issued = self.tokens.issued();
                if issued > 0 {
                    let token = self.choices.token.below(u64::from(issued)) as u32;
                    vu.context.token = token;
                    vu.context.user = self.tokens.owner(token).unwrap_or(NONE);
                }
            }
            Step::JumpWithProbability(p, to) => {
                let jumps = self.choices.branch.chance(p);
                vu.at = if jumps { to } else { vu.at };
            }
            Step::Record(metric, recorded) => {
                let value = match recorded {
                    Recorded::Number(x) => x,
                    Recorded::Condition(c) => f64::from(u8::from(self.holds(c, vu))),
                    Recorded::LastDuration => vu.reply.duration.as_ms(),
                    Recorded::Vu => f64::from(self.number),
                };
                self.recorder.custom(metric, value);
            }
            Step::GroupStart(_) => {
                self.groups[vu.groups as usize] = self.now;
                vu.groups += 1;
            }
            Step::GroupEnd => {
                vu.groups -= 1;
                let started = self.groups[vu.groups as usize];
                self.recorder.groups.push(self.now.since(started).0);
            }
            _ => {}
        }
    }

    #[inline]
    fn holds(&self, condition: Condition, vu: &Vu) -> bool {
        let reply = &vu.reply;
        match condition {
            Condition::Always => true,
            Condition::Ok => reply.code.is_expected(),
            Condition::Failed => !reply.code.is_expected(),
            Condition::Status(status) => reply.code.status() == status,
            Condition::Admitted => reply.admitted && reply.code.is_expected(),
            Condition::Unsuccessful => !reply.code.is_expected() || reply.nothing_free,
            Condition::NothingFree => reply.nothing_free,
            Condition::UserHasToken => self.tokens.has_token(vu.context.user),
        }
    }
}
