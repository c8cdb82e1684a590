//! The system under test, as meant: endpoints are flat programs of operations on shared resources.

use super::answer::Http;
use super::cache::CacheId;
use super::journey::id;
use super::limit::LimitId;
use super::rate_limit::RateLimitId;
use super::retry::GuardId;
use crate::engine::Span;
use crate::engine::dist::Dist;

pub use super::resources::{
    ByNumber, Connecting, Cooling, Discipline, Host, Pool, Scalability, Setup, Slowdown, Station,
    Trigger,
};
pub use super::ticketing::{
    AdmissionOrder, Inventory, ListAge, Locations, Popularity, WaitingRoom,
};

id!(
    /// Index into [`Model::dists`](super::Model::dists).
    DistId(u16)
);
id!(
    /// Index into [`Model::stations`](super::Model::stations).
    StationId(u16)
);
id!(
    /// Index into [`Model::hosts`](super::Model::hosts).
    HostId(u16)
);
id!(
    /// Index into [`Model::pools`](super::Model::pools).
    PoolId(u16)
);
id!(
    /// Index into [`Model::endpoints`](super::Model::endpoints).
    EndpointId(u16)
);

/// A distribution with a random stream of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedDist {
    /// Names the random stream: the place in the model, such as `endpoints.occupy.visits.0.time`.
    pub name: String,
    /// In nanoseconds.
    pub dist: Dist,
}

/// What the system does for a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Name: the key in the model.
    pub name: String,
    /// The program; ends with `Op::Done`. Every jump target is a valid index.
    pub ops: Vec<Op>,
    /// The system stops working on a request whose client has gone.
    pub cancel: bool,
    /// Factor on the service times that remain when the client has gone and the work goes on.
    pub abandoned_work: f64,
    /// Number of tokens, locks and versions that a request of it can hold at once, calls included.
    pub max_held: u8,
    /// Its first operation is what the load generator does for a request; calls from within the system begin
    /// behind it.
    pub generated: bool,
    /// What a script sees of it, if the model says something.
    pub http: Option<Box<Http>>,
}

/// An operation of an endpoint. What can fail gives the request its status and ends the program;
/// everything held is then returned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A visit to a station: queue, then service of this time.
    Serve {
        /// Where.
        station: StationId,
        /// Service time on an unhindered server.
        time: DistId,
        /// How the service time grows with what has accumulated.
        growth: Option<Growth>,
        /// Priority class, 0 first; only a priority station looks at it.
        class: u8,
        /// Longest time in the queue; then the request fails with 503.
        patience: Option<Patience>,
    },
    /// Time that passes without any resource.
    Delay(DistId),
    /// A delay while a token is held whose pool is slowed at times. Made of `Delay` for a run.
    SlowedDelay {
        /// How long at full speed.
        time: DistId,
        /// Which of the run's sets of slowed pools is held.
        pace: u16,
    },
    /// Takes one token of a pool; waits in its queue.
    Acquire {
        /// Which pool.
        pool: PoolId,
    },
    /// Takes several tokens of a pool at once; of such a pool, all tokens are taken so.
    AcquireMany {
        /// Which pool.
        pool: PoolId,
        /// How many.
        tokens: u16,
    },
    /// Takes a connection of the pool whose token is held, or waits until one is made.
    Connect(PoolId),
    /// Returns what the innermost `Acquire` or `AcquireMany` of this pool has taken.
    Release(PoolId),
    /// `Acquire` of a pool whose tokens connections keep. Made of it for a run.
    AcquireKept {
        /// Which pool.
        pool: PoolId,
    },
    /// `Release` to the connection, for its next request. Made of it for a run.
    Keep(PoolId),
    /// Takes the exclusive right to one entity; waits for it.
    Lock {
        /// Which entity of the request.
        key: Entity,
        /// Longest wait; then the request fails with 503.
        timeout: Option<Span>,
        /// The holder makes a new version of the row. It counts where the order is by version alone.
        writes: bool,
    },
    /// Gives the right back.
    Unlock(Entity),
    /// Comes to a limit of the rate; may wait or be refused.
    RateLimit(RateLimitId),
    /// Asks a cache: on a hit the program goes on behind its `Store`, a number of operations further on.
    Cache {
        /// Which one.
        cache: CacheId,
        /// Operations up to its `Store`.
        skip: u16,
    },
    /// What a cache did not have is there, and is put into it.
    Store(CacheId),
    /// What a cache has of the request's object, it has no more.
    Invalidate(CacheId),
    /// Notes the version of an entity's row.
    ReadVersion(Entity),
    /// Writes the row if its version is still the one noted, else fails with this status.
    CheckVersion(Entity, u16),
    /// The user joins the waiting room and gets a token.
    IssueToken,
    /// Tells the user's place in the waiting room.
    QueueStatus,
    /// The user's session begins anew, if it is still in force.
    RenewSession,
    /// The user leaves the waiting room or ends the session.
    LeaveRoom,
    /// Lists the event's free seats; the site's `pick` chooses one.
    ListSeats,
    /// Fails with this status if the picked seat is not free.
    Look(u16),
    /// Holds the picked seat for the user, or fails with this status if it is not free.
    Claim(u16),
    /// Sells the held seat to its holder, or fails with this status if the hold is gone.
    Confirm(u16),
    /// Gives the held seat back.
    ReleaseSeat,
    /// Fails with a probability.
    Fail {
        /// In 0..=1.
        probability: f64,
        /// HTTP status of the failure, or k6's error code where there is no answer.
        status: u16,
    },
    /// Work for the request is begun only so long from now; `None`: as long as its client waits.
    Deadline(Option<Span>),
    /// Fails with 504 if the request's deadline is past. Stands before what takes time, in models with deadlines.
    InTime,
    /// The call that follows is made under this guard.
    Guard(GuardId),
    /// Takes a token of a limit on a rate; may wait or be refused.
    Limit(LimitId),
    /// Enters a concurrency limit, or is refused.
    Enter {
        /// Which limit.
        limit: LimitId,
        /// Class, 0 first: of a limit with classes, how much of it may be filled.
        class: u8,
    },
    /// Leaves a concurrency limit.
    Leave(LimitId),
    /// Calls another endpoint and waits for it; fails as it fails.
    Call(EndpointId),
    /// Starts another endpoint and does not wait for it.
    Spawn(EndpointId),
    /// Starts another endpoint as one branch of a fan-out; `Join` waits for all of them.
    Fork(EndpointId),
    /// Waits for all branches; fails if one failed.
    Join,
    /// Picks a replica of a service for the request, which goes on in that replica's copy of the program: the
    /// first begins at the next operation, each has as many operations.
    Balance {
        /// Which service.
        service: super::service::ServiceId,
        /// Operations of each copy.
        stride: u16,
    },
    /// Sends the answer now; what follows is work the client does not wait for.
    Respond,
    /// The program is over: status 200.
    Done,
}

impl Endpoint {
    /// The method of its requests: that of its route, or GET.
    #[must_use]
    pub fn method(&self) -> &str {
        let route = self.http.as_deref().and_then(|http| http.route.as_ref());
        route.map_or("GET", |route| &route.method)
    }

    /// An endpoint of which nothing is said: it does nothing.
    pub(crate) fn named(name: String) -> Endpoint {
        Endpoint {
            name,
            ops: vec![Op::Done],
            cancel: false,
            abandoned_work: 1.0,
            max_held: 0,
            generated: false,
            http: None,
        }
    }

    /// The operations of a request that another one makes: without what the load generator does.
    #[must_use]
    pub fn own_ops(&self) -> &[Op] {
        &self.ops[usize::from(self.generated)..]
    }
}

/// How long a request waits at a station before it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As drawn.
    Drawn(DistId),
    /// As the station's controlled delay says.
    Controlled,
}

/// What a lock, a version or a popularity is keyed by.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// The request's user.
    User,
    /// The request's token.
    Token,
    /// The request's event.
    Event,
    /// The request's seat.
    Seat,
    /// One for the whole system.
    Global,
}

impl Entity {
    /// As columns and sentences call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Entity::User => "user",
            Entity::Token => "token",
            Entity::Event => "event",
            Entity::Seat => "seat",
            Entity::Global => "global",
        }
    }
}

/// Service time × (1 + `per_unit` × what has accumulated).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// What accumulates.
    pub with: Accumulated,
    /// Growth of the factor for each one of them.
    pub per_unit: f64,
    /// Which of the run's sets of slowed pools is held meanwhile, if any; set for a run.
    pub pace: Option<u16>,
}

/// Data that accumulates in the course of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulated {
    /// Seats sold.
    Sales,
    /// Seats claimed, sold or not.
    Claims,
    /// Tokens issued.
    Tokens,
    /// Requests that reached the system.
    Requests,
}
