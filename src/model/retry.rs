//! Retries and guarded calls, as meant: how often a failed request is sent again, when, and what may stop that.

use super::breaker::BreakerId;
use super::journey::id;
use super::system::DistId;
use crate::engine::Span;

id!(
    /// Index into [`Model::retries`](super::Model::retries).
    RetryId(u16)
);
id!(
    /// Index into [`Model::guards`](super::Model::guards).
    GuardId(u16)
);

/// A retry policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Name: the key in the model, or the place of a policy that is written where it is used.
    pub name: String,
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    /// Which outcomes are retried.
    pub on: Failures,
    /// The pause before each retry.
    pub backoff: Backoff,
    /// How the pause is randomised.
    pub jitter: Jitter,
    /// A pause that the server asks for (`Retry-After`) is kept where it is longer.
    pub retry_after: bool,
    /// What limits retries and hedges to a share of the requests.
    pub budget: Option<Budget>,
    /// When a second copy of an attempt is sent, if ever.
    pub hedge: Option<Hedge>,
    /// Status that a caller answers with whose last attempt found no connection.
    pub refusal: u16,
}

/// A second copy of an attempt that has not been answered; the first good answer of the two counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hedge {
    /// How long after the first copy it is sent.
    pub after: HedgeAfter,
    /// The copy that is no longer needed is dropped, whatever its endpoint says.
    pub cancel: bool,
}

/// When the second copy is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HedgeAfter {
    /// So long after the first.
    Delay(Span),
    /// As soon as the attempt has taken longer than this share of all attempts up to now.
    Percentile(f64),
}

/// A set of outcomes of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// HTTP statuses, each from the first to the last.
    pub statuses: Vec<(u16, u16)>,
    /// No answer in time.
    pub timeout: bool,
    /// A refused connection.
    pub refused: bool,
    /// A call that a circuit breaker has rejected.
    pub open: bool,
}

/// How the pause grows: of the n-th retry, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Backoff {
    /// Always the same.
    Fixed(Span),
    /// n times the base, at most the cap.
    Linear {
        /// Pause before the first retry.
        base: Span,
        /// Longest pause.
        cap: Span,
    },
    /// Base × factor^(n - 1), at most the cap.
    Exponential {
        /// Pause before the first retry.
        base: Span,
        /// At least 1.
        factor: f64,
        /// Longest pause.
        cap: Span,
    },
}

/// How a pause is randomised (M. Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Uniform from zero to the pause.
    Full,
    /// Half of the pause, and uniform up to as much again.
    Equal,
    /// Uniform from the base to three times the last pause, at most the cap.
    Decorrelated,
    /// Exponential with the pause as its mean: the customers of a retrial queue. No cap holds for what is drawn.
    Exponential,
}

/// What limits retries to a share of the requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// Finagle's `RetryBudget`: each request deposits, each retry withdraws; what is older than `window` no
    /// longer counts.
    Window {
        /// Retries for each request.
        ratio: f64,
        /// Retries a second that are allowed in any case.
        min_per_second: f64,
        /// How long deposits and withdrawals count.
        window: Span,
    },
    /// gRPC's retry throttling (proposal A6): a failed attempt takes a token, a successful one gives
    /// `ratio` of one back; no retries with half of the tokens or fewer.
    Throttle {
        /// Tokens at the start, and at most.
        tokens: f64,
        /// Tokens for a success.
        ratio: f64,
    },
    /// Envoy's `retry_budget`: retries in progress, at most this share of the requests in progress.
    Concurrent {
        /// Retries for each request in progress.
        ratio: f64,
        /// Retries that are allowed in any case.
        min: u32,
    },
}

/// What stands around a call: the operation `Guard` is followed by the `Call` that it makes, several times if
/// need be.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// The place in the model, such as `endpoints.order.visits.0`.
    pub name: String,
    /// Failed attempts are retried.
    pub retry: Option<RetryId>,
    /// The policy by whose hedge attempts get a second copy.
    pub hedge: Option<RetryId>,
    /// It stands for a request of a journey whose attempts are hedged: its outcome is that of the call, as it is.
    pub front: bool,
    /// Asked before each attempt, and told of its outcome.
    pub breaker: Option<BreakerId>,
    /// Each attempt may take so long: a constant.
    pub timeout: Option<DistId>,
}
