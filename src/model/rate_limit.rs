//! Limits on the rate of requests, as meant.

use super::journey::id;
use super::system::Entity;
use crate::engine::Span;

id!(
    /// Index into [`Model::rate_limits`](super::Model::rate_limits).
    RateLimitId(u16)
);

/// A limit of the rate of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    /// Name: the key in the model.
    pub name: String,
    /// Thousandths of a request in a second.
    pub rate: u64,
    /// What it counts, and what becomes of those beyond it.
    pub rule: Rule,
    /// Each entity of this kind has a limit of its own; `Global` for one limit.
    pub per: Entity,
    /// Status of a refused request; 0 is a refused connection.
    pub refusal: u16,
    /// Time is read in steps of so long.
    pub clock: Span,
}

/// How a limit counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// The excess over the rate leaks at the rate. All in thousandths of a request.
    LeakyBucket {
        /// A request that would make a larger excess is refused.
        burst: u64,
        /// A request that makes a larger excess waits until it would be this; `u64::MAX` for no wait.
        delay: u64,
    },
    /// Requests of the last second, those of the second before counted in part; who is beyond waits in order.
    SlidingCounter {
        /// Several threads look at it at the same time, and one that has passed is counted a little later: how likely a
        /// second one passes before the first is counted, then a third, and so on. Empty where one thread looks.
        together: Vec<f64>,
    },
}
