//! Limits on the rate of requests and on their number at once, as meant.

use super::journey::id;
use crate::engine::Span;

id!(
    /// Index into [`Model::limits`](super::Model::limits).
    LimitId(u16)
);

/// A limit: what exceeds it is refused, or waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Name: the key in the model.
    pub name: String,
    /// Status of a refused request.
    pub status: u16,
    /// What is limited.
    pub kind: LimitKind,
}

/// What is limited.
#[derive(Clone, Debug, PartialEq)]
pub enum LimitKind {
    /// Requests in a time.
    Rate(RateLimit),
    /// Requests at once.
    Concurrency(ConcurrencyLimit),
}

/// A limit on the rate of requests: a token bucket, or a leaky one, which is a token bucket of one token whose
/// requests wait.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    /// Requests in each `per`.
    pub rate: f64,
    /// The time that the rate is for.
    pub per: Span,
    /// Requests that pass at once after a pause: tokens in the full bucket; at least 1.
    pub burst: u32,
    /// Longest wait for one's turn; who would have to wait longer is refused. Zero: nobody waits.
    pub wait: Span,
    /// What has a bucket of its own.
    pub by: LimitKey,
    /// What a refused request is told of when to come again.
    pub retry_after: RetryAfter,
}

/// What has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKey {
    /// All requests share one.
    Global,
    /// Each user.
    User,
    /// Each endpoint that has the limit.
    Endpoint,
}

/// What a refused request is told of when to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Untold,
    /// The time until a token is there, in whole seconds, rounded up (RFC 9110, 10.2.3).
    Exact,
    /// Always the same.
    Fixed(Span),
}

/// A limit on the number of requests at once.
#[derive(Clone, Debug, PartialEq)]
pub struct ConcurrencyLimit {
    /// How the limit is found.
    pub law: ConcurrencyLaw,
    /// The limit at the start.
    pub initial: u32,
    /// The lowest limit.
    pub min: u32,
    /// The highest limit.
    pub max: u32,
    /// Share of the limit up to which requests of each class may fill it, from class 0; of higher classes the
    /// last. Empty: all of it.
    pub classes: Vec<f64>,
}

/// How a concurrency limit is found (Netflix concurrency-limits 0.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConcurrencyLaw {
    /// It does not change.
    Fixed,
    /// `AIMDLimit`: one more with each success while more than half is used, times `backoff` with each failure.
    Aimd {
        /// In 0.5..1.
        backoff: f64,
        /// A request that took longer has failed.
        timeout: Span,
    },
    /// `Gradient2Limit`: follows the ratio of the long-term to the present time of a request.
    Gradient {
        /// How much longer than in the long term requests may take: at least 1.
        tolerance: f64,
        /// Requests that may queue: added to each new limit.
        queue: u32,
        /// Weight of a new limit, in 0..=1.
        smoothing: f64,
        /// Requests over which the long-term time is averaged.
        window: u32,
    },
}
