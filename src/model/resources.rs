//! What requests compete for, as meant: stations and their hosts, pools, and what slows them down at times. What a request
//! does with them is in [`system`](super::system).

use super::queueing::{Codel, Queueing};
use super::system::{DistId, HostId};
use super::waiting::Waiting;
use crate::engine::Span;
use crate::engine::time::to_f64;

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
    pub fn named(name: String) -> Station {
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

/// What the first service takes in addition after a station, or a host, has been idle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// How much longer that service takes at most.
    pub time: Span,
    /// How much of it there is after which idle time.
    pub cooling: Cooling,
}

/// What becomes of a station, or a host, while it is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooling {
    /// All of the setup after this time, nothing before.
    After(Span),
    /// Half of it after this time h: g / (g + h) of it after g.
    Half(Span),
}

impl Setup {
    /// How many nanoseconds the first service takes in addition after an idle time.
    #[must_use]
    pub fn after(&self, idle: Span) -> f64 {
        let time = to_f64(self.time.0);
        match self.cooling {
            Cooling::After(least) if idle < least => 0.0,
            Cooling::After(_) => time,
            Cooling::Half(half) => {
                let idle = to_f64(idle.0);
                time * idle / (idle + to_f64(half.0))
            }
        }
    }
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
    /// What the first service takes in addition after nothing was at work on any of its stations.
    pub setup: Option<Setup>,
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

impl Discipline {
    /// What each is called in a model.
    pub const NAMES: &[(&str, Discipline)] = &[
        ("fifo", Discipline::Fifo),
        ("lifo", Discipline::Lifo),
        ("random", Discipline::Random),
        ("processor-sharing", Discipline::ProcessorSharing),
        ("priority", Discipline::Priority),
        ("adaptive-lifo", Discipline::AdaptiveLifo),
    ];
}

/// Universal Scalability Law (Gunther 2007): with n in service each proceeds at
/// 1 / (1 + sigma (n-1) + kappa n (n-1)) of the speed of n servers that share nothing.
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

impl Pool {
    /// What is not said: one token, an endless queue, refusal with 503, no timeout.
    #[must_use]
    pub fn named(name: String) -> Pool {
        Pool {
            name,
            size: 1,
            queue: u32::MAX,
            refusal: 503,
            timeout: None,
            codel: None,
            keep_alive: None,
            slowdowns: Vec::new(),
            waiting: Waiting::default(),
            connections: None,
        }
    }
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
