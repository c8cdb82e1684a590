//! The system at work: requests, their programs, and the resources that these compete for.
//!
//! What lives here: the [`System`], whose handlers take the kernel, and one file for each mechanism, whose rules are in
//! `parts`. It may use the kernel and `parts`. It must not know the `World`, or any VU: a client is a number, and what it is to
//! be told is returned or left as a notice.

mod autoscale;
mod autoscale_metric;
pub(crate) mod build;
mod cache;
mod calls;
mod connections;
mod deadline;
pub mod deadlock;
mod dial;
mod draining;
mod ending;
mod entities;
mod faults;
pub mod fleet;
mod guard;
mod health;
mod hedge;
mod holding;
mod host;
pub mod keep_alive;
pub mod latency_breakdown;
pub(crate) mod laws;
pub mod limiter;
pub mod links;
pub mod network;
pub mod operations;
mod queueing;
mod rate_limit;
pub mod request;
mod retry;
pub mod service;
pub mod slowdown;
mod wait_timers;
pub mod waiting_room;
pub mod waits;
mod wake;

use crate::engine::Time;
use crate::engine::queue::AlarmId;
use crate::engine::stream::Stream;
use crate::engine::table::Table;
use crate::model::Model;
use crate::model::system::Op;
use crate::parts::breaker::CircuitBreaker;
use crate::parts::connections::Connections;
use crate::parts::inventory::Inventory;
use crate::parts::keep_alive::KeepAlive;
use crate::parts::listeners::Listeners;
use crate::parts::lock::Locks;
use crate::parts::pool::Pool;
use crate::parts::rate_limit::Limiter;
use crate::parts::station::Station;
use crate::parts::tokens::Tokens;
use crate::parts::version::Versions;
use crate::parts::waiting_room::WaitingRoom;

use crate::world::kernel::Kernel;
use crate::world::notice::Notice;
use request::Requests;

/// The system that is simulated: requests, their programs, and the resources that these compete for.
pub struct System<'m> {
    pub(crate) model: &'m Model,
    pub(crate) requests: Requests,
    /// How many requests may be in the system beside one for each VU.
    called_at_once: usize,
    /// VUs that may send requests.
    pub(crate) clients: usize,
    pub(crate) ops: Table<Op>,
    pub(crate) op_times: Table<OpTime>,
    entry: Vec<u32>,
    pub(crate) endpoint_states: Vec<EndpointState>,
    pub(crate) stations: Table<(Station, AlarmId)>,
    pub(crate) slowdowns: Vec<slowdown::SlowdownRun>,
    /// Delays of those who hold tokens of slowed pools, by the set of these pools.
    paces: Vec<slowdown::Pace>,
    /// Stations whose completions are looked at: for slowdowns, for barging, for their host. Empty if there is none.
    counts_completions: Vec<bool>,
    /// Stations that share cores, if the model has hosts.
    pub(crate) hosts: Option<Box<host::Hosts>>,
    pub(crate) pools: Table<Pool>,
    /// Of each pool, what connections keep of it; none where they keep nothing.
    pub(crate) keepers: Vec<Option<KeepAlive>>,
    /// Of each pool its connections, if they cost anything; empty if there is no such pool.
    pub(crate) pool_connections: Vec<Option<Connections>>,
    /// VUs have connections that may be closed: there is a network, or they keep tokens.
    has_connections: bool,
    /// What goes off while requests wait.
    wait_timers: Vec<wait_timers::WaitTimer>,
    /// Services and their replicas, if the model has any.
    pub(crate) fleet: Option<Box<fleet::Fleet>>,
    pub(crate) locks: [Option<Locks>; 5],
    pub(crate) versions: [Option<Versions>; 5],
    pub(crate) inventory: Option<Inventory>,
    pub(crate) tokens: Tokens,
    pub(crate) room: Option<(WaitingRoom, AlarmId)>,
    /// VUs that wait to be told of their admission.
    pub(crate) awaiting: Listeners,
    /// What VUs are to be told of the last handler's work.
    pub(crate) notices: Vec<Notice>,
    /// Requests of VUs that have reached the system.
    arrived: u64,
    /// What is on the way for each VU; empty where no network is modelled.
    connections: Vec<network::Connection>,
    /// Connections on their way into an accept queue, where a listener is modelled.
    pub(crate) dialling: Option<Box<dial::Dialling>>,
    pub(crate) deadlocks: deadlock::Deadlocks,
    /// Deadlines, if the model has any.
    pub(crate) deadlines: Option<Box<deadline::Deadlines>>,
    /// Caches, if the model has any.
    pub(crate) caches: Option<Box<cache::Caches>>,
    /// Limits of the rate of requests.
    pub(crate) rate_limits: Vec<Limiter>,
    /// The network between services, if the model has one.
    pub(crate) links: Option<Box<links::Links>>,
    pub(crate) retries: retry::Retries,
    controlled_delays: queueing::ControlledDelays,
    /// In the order of `Model::breakers`.
    pub(crate) breakers: Vec<CircuitBreaker>,
    /// In the order of `Model::limits`.
    pub(crate) limits: Vec<limiter::Limiter>,
    /// Waits at stations, of a run that is looked at.
    pub(crate) waits: Option<Box<waits::WaitLog>>,
    pub(crate) slow: Option<Box<latency_breakdown::Breakdown>>,
    /// The begin or the end of a service means more than that a request waits no longer.
    looks_at_services: bool,
    /// A request that comes meets nothing that keeps something of its client.
    receives_directly: bool,
    /// There is no network, and nobody wants to know where the time of requests went.
    answers_directly: bool,
}

/// What a run knows of an endpoint: its calls, and the random draws that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct EndpointState {
    /// Calls by others.
    pub(crate) called: u64,
    pub(crate) fail: Stream,
    pub(crate) seat: Stream,
}

/// How long requests spent at one operation of an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpTime {
    /// Visits that were completed.
    pub visits: u64,
    /// Nanoseconds spent waiting for the resource.
    pub waited: u128,
    /// Nanoseconds spent in service, or in a delay.
    pub served: u128,
    /// Nanoseconds in service of visits that were cut off.
    pub cut_off: u128,
    /// Services that began after a wait in line that was not zero.
    pub waits: u64,
    /// Services that ended before their time: cut off, or interrupted.
    pub broken_off: u64,
}

impl OpTime {
    /// A visit is over that was in service since then.
    #[inline(always)]
    fn served_since(&mut self, now: Time, since: Time) {
        self.visits += 1;
        self.served += u128::from(now.since_past(since).0);
    }
}

impl System<'_> {
    /// The run begins, with this many clients.
    pub(crate) fn start(&mut self, kernel: &mut Kernel, clients: usize) {
        self.clients = clients;
        self.watch_turns();
        self.answers_directly = self.model.network.is_none() && self.slow.is_none();
        self.looks_at_services =
            self.slow.is_some() || self.waits.is_some() || !self.counts_completions.is_empty();
        self.plan_slowdowns(kernel);
        self.open_connections(kernel);
        self.plan_accepting(kernel);
        self.start_fleet(kernel);
        self.plan_clears(kernel);
    }
}
