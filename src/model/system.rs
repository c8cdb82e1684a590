//! The system under test, as meant: endpoints are flat programs of operations on shared resources.

use super::answer::Http;
use super::cache::CacheId;
use super::journey::id;
use super::limit::LimitId;
use super::queueing::{Codel, Queueing};
use super::rate_limit::RateLimitId;
use super::retry::GuardId;
use super::waiting::Waiting;
use crate::engine::Span;
use crate::engine::dist::Dist;

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

/// Servers, a queue and a discipline.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Name: the key in the model.
    pub name: String,
    /// Number of servers; `u32::MAX` for infinitely many.
    pub servers: u32,
    /// Who is served next, or that all share.
    pub discipline: Discipline,
    /// Longest queue (those in service not counted); beyond it a request is refused.
    pub queue: u32,
    /// Status of a refused request; 0 is a refused connection.
    pub refusal: u16,
    /// Whether a free server waits for the next in line to wake up.
    pub waiting: Waiting,
    /// Pre-emption, ageing, controlled delay.
    pub queueing: Queueing,
    /// Contention and coherency of the Universal Scalability Law, if the station follows it.
    pub scalability: Option<Scalability>,
    /// Times at which it works slower or not at all.
    pub slowdowns: Vec<Slowdown>,
    /// Where it runs, if it shares cores with others.
    pub host: Option<HostId>,
    /// What depends on how many are there.
    pub by_number: ByNumber,
}

impl Station {
    /// What is not said: one server, first come, first served, an endless queue, refusal with 503.
    #[must_use]
    pub(crate) fn named(name: String) -> Station {
        Station {
            name,
            servers: 1,
            discipline: Discipline::Fifo,
            queue: u32::MAX,
            refusal: 503,
            waiting: Waiting::default(),
            queueing: Queueing::default(),
            scalability: None,
            slowdowns: Vec::new(),
            host: None,
            by_number: ByNumber::default(),
        }
    }
}

/// What depends on how many are at a station. The last value of each list holds for all greater numbers, too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByNumber {
    /// The probability that who comes goes away at once, by the number waiting: 0, 1, 2, …
    pub balking: Vec<f64>,
    /// Factor on the speed of the servers, by the number in service and waiting: 1, 2, 3, …
    pub speeds: Vec<f64>,
    /// What who comes to an idle station needs in addition.
    pub setup: Option<Setup>,
}

/// What the first service takes in addition after a station has been idle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// How much longer that service takes.
    pub time: Span,
    /// How long the station must have been idle for it.
    pub after: Span,
}

/// Cores that stations share.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Name: the key in the model.
    pub name: String,
    /// How many servers can work at once at full speed.
    pub cores: f64,
    /// What the load generator needs of a core for each request, if it runs here.
    pub load_generator: Option<DistId>,
}

/// The order of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// First come, first served.
    Fifo,
    /// Last come, first served, not preemptive.
    Lifo,
    /// The next one is drawn at random from those waiting.
    Random,
    /// All are served at once and share the servers; nobody gets more than one.
    ProcessorSharing,
    /// By class, FIFO within a class; the station's `queueing` says whether a class interrupts another.
    Priority,
    /// First come, first served, while few wait; the last one first, while more do.
    AdaptiveLifo,
}

/// Universal Scalability Law (Gunther 2007): with n in service each proceeds at
/// 1 / (1 + sigma (n-1) + kappa n (n-1)) of the speed... of n servers that share nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalability {
    /// Contention.
    pub sigma: f64,
    /// Coherency.
    pub kappa: f64,
}

/// Something that takes speed from a station, or from those who hold a pool's tokens, for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Slowdown {
    /// Name, for reports.
    pub name: String,
    /// What brings it about.
    pub trigger: Trigger,
    /// How long it lasts.
    pub lasts: DistId,
    /// Share of the speed that is left meanwhile; 0 is a full stop.
    pub leaves: f64,
}

/// When a slowdown begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trigger {
    /// Again and again: this long after the start of the run and after each start of it. (A gap
    /// shorter than the slowdown lets them follow one another without a break.)
    Every(DistId),
    /// This long after the start of the run and after each end of it: a time between failures.
    After(DistId),
    /// After each number of completed services.
    Completions(u32),
    /// Once, at this time.
    At(Span),
    /// Once, so long after the scenarios' start: after setup.
    Loaded(Span),
}

/// Tokens that are held across several visits: worker threads, database connections.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Name: the key in the model.
    pub name: String,
    /// Number of tokens.
    pub size: u32,
    /// Longest queue; beyond it a request is refused.
    pub queue: u32,
    /// Status of a refused request; 0 is a refused connection.
    pub refusal: u16,
    /// Longest wait for a token; then the request fails with 503.
    pub timeout: Option<Span>,
    /// How long requests may wait while the queue does not get empty.
    pub codel: Option<Codel>,
    /// How long the connection of a client keeps the token after an answer.
    pub keep_alive: Option<DistId>,
    /// Times at which what is done with its tokens takes longer.
    pub slowdowns: Vec<Slowdown>,
    /// Who of those who wait is next.
    pub waiting: Waiting,
    /// What its connections cost, if they cost anything.
    pub connections: Option<Connecting>,
}

/// What it costs to have connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connecting {
    /// How long it takes to make one.
    pub connect: DistId,
    /// How long one may be used.
    pub lifetime: Option<DistId>,
    /// How long one may be unused.
    pub idle_timeout: Option<Span>,
    /// How many are made at once; `None`: as many as are wanted.
    pub at_once: Option<u32>,
    /// How many there are at the start.
    pub opened: u32,
    /// Of those that nobody uses, that is used next which has been idle for longest; else that which was used last.
    pub in_turn: bool,
}

/// Events × seats.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    /// Number of events.
    pub events: u32,
    /// Seats of each.
    pub seats_per_event: u32,
    /// Which events users want.
    pub popularity: Popularity,
    /// Which seats of an event users want, of those that are free.
    pub seat_popularity: Popularity,
    /// A held seat is free again after it.
    pub hold_expires_after: Option<DistId>,
    /// How often expired holds are collected; `None`: each at once.
    pub sweep_every: Option<Span>,
    /// Seats one user may hold or have bought.
    pub per_user_limit: Option<u32>,
    /// How old what a list shows is; `None`: it is of now.
    pub list: Option<ListAge>,
}

/// How old the list of free seats is that a user sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListAge {
    /// It is made anew every so often, for all events at once, and shown until then.
    Refresh(Span),
    /// Each time it is so much behind.
    Lag(DistId),
}

/// How often each of n entities is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Popularity {
    /// All alike.
    Uniform,
    /// The k-th in proportion to 1 / k^exponent.
    Zipf(f64),
    /// By explicit weights, one for each.
    Weights(Vec<f64>),
    /// The first one with this probability, the others alike.
    Hot(f64),
}

impl Popularity {
    /// Weights of `n` entities; `None` if all are alike.
    #[must_use]
    pub fn weights(&self, n: u32) -> Option<Vec<f64>> {
        match self {
            Popularity::Uniform => None,
            Popularity::Zipf(exponent) => Some(
                (1..=n)
                    .map(|k| libm::exp(-exponent * libm::log(f64::from(k))))
                    .collect(),
            ),
            Popularity::Weights(weights) => Some(weights.clone()),
            Popularity::Hot(_) if n == 1 => Some(vec![1.0]),
            Popularity::Hot(p) => {
                let others = (1.0 - p) / (f64::from(n) - 1.0);
                Some((0..n).map(|i| if i == 0 { *p } else { others }).collect())
            }
        }
    }
}

/// Users with a token in line.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingRoom {
    /// Who is admitted next.
    pub order: AdmissionOrder,
    /// At most this number per second, evenly spaced.
    pub rate: Option<f64>,
    /// A batch of this size, at this interval.
    pub batch: Option<(u32, Span)>,
    /// Batches raise the number that is served: who has a turn up to it comes in, whenever that is.
    pub numbered: bool,
    /// Users are let through when they ask; those who joined in the same so long stand at the same place.
    pub bucket: Option<Span>,
    /// With buckets: at most this number in each whole minute.
    pub per_minute: Option<u32>,
    /// With buckets: where users are let through, if not at one place.
    pub locations: Option<Locations>,
    /// At most this number of admitted users at once.
    pub active_cap: Option<u32>,
    /// How long an admission lasts.
    pub session: Option<DistId>,
    /// Who has not asked for the queue's status for so long has left the line.
    pub poll_expiry: Option<Span>,
    /// Admission begins this long after the start of the run.
    pub opens_at: Span,
}

/// Locations that let users through and hear late of a crowd.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Locations {
    /// How many; users are equally likely to come to each.
    pub count: u16,
    /// The share of the limits that any may use; the rest is divided among them.
    pub common: f64,
    /// How long it takes until all know of a crowd; then the limits are divided as a whole.
    pub propagation: Span,
}

/// Who is admitted next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionOrder {
    /// In the order of joining.
    Fifo,
    /// Those present at the opening in random order, later ones behind them.
    RandomAtOpening,
    /// Nobody waits: who cannot be let through at once is turned away.
    Reject,
    /// Everybody is let through at once: the room is switched off.
    PassThrough,
}
