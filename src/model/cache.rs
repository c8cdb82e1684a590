//! Caches, as meant.

use super::journey::id;
use super::system::{DistId, Entity, Popularity};
use crate::engine::Span;

id!(
    /// Index into [`Model::caches`](super::Model::caches).
    CacheId(u16)
);

/// What is asked before the work behind it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// Name: the key in the model.
    pub name: String,
    /// What is looked for.
    pub lookup: Lookup,
    /// Which object goes when one more does not fit.
    pub policy: Eviction,
    /// How many objects fit; `u32::MAX` if all do.
    pub size: u32,
    /// How long an object is fresh; without, for ever.
    pub ttl: Option<DistId>,
    /// For so long after that it is still given out, while one request fetches it anew.
    pub grace: Span,
    /// What becomes of those who ask for an object that is being fetched.
    pub flight: Flight,
    /// Share of answers that may not be stored.
    pub uncacheable: f64,
    /// For so long it is remembered that an object may not be stored.
    pub remember: Span,
    /// It is emptied at these times.
    pub clear: Vec<Span>,
    /// It begins with as many of the most popular objects as fit.
    pub warm: bool,
}

/// What a request looks for in a cache.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// Nothing in particular: it is there with this probability.
    Ratio(f64),
    /// The object of the request's entity.
    Entity(Entity),
    /// One of this number of objects, drawn for each request.
    Drawn {
        /// How many there are.
        keys: u32,
        /// How often each is asked for.
        popularity: Popularity,
    },
}

/// Which object goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// That which was not asked for for the longest time.
    Lru,
    /// That which was asked for least often since it came; of these the one least recently.
    Lfu,
    /// The oldest.
    Fifo,
    /// Any.
    Random,
}

/// What becomes of requests that ask for an object which another one fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flight {
    /// Each fetches it for itself.
    Free,
    /// They wait, and are woken when it comes.
    Wake,
    /// They look again from time to time, and go for it themselves after a while.
    Poll {
        /// From one look to the next.
        every: Span,
        /// So long after it came a request goes on its own, and stores nothing.
        timeout: Span,
    },
}
