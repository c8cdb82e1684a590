//! Everything that can happen at an instant. The one `match` over it, in [`World`](crate::world::World), is
//! the simulator's table of contents.

use crate::engine::Turn;

/// What happens. The number tells events apart in the run's fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// As wide as a register, so that it is read and told apart as it stands.
#[repr(u32)]
pub enum Kind {
    /// A VU's think time is over; the ticket is its generation when it fell asleep.
    Wake = 1,
    /// A job at a station is due.
    Completion = 2,
    /// A delay of a request is over.
    DelayOver = 3,
    /// A request has waited as long as its timeout or patience allows.
    PatienceOver = 4,
    /// Requests that share a client timeout, a watch, may have reached it.
    ClientTimeout = 5,
    /// A scenario starts or stops VUs, or iterations arrive.
    Load = 6,
    /// Running iterations of a scenario are interrupted: its graceful stop is over.
    HardStop = 7,
    /// Setup or teardown has taken too long.
    PhaseTimeout = 8,
    /// k6's one-second sample of its VUs.
    Second = 9,
    /// A slowdown begins; `who` is its place in the world's list.
    SlowdownBegins = 10,
    /// A slowdown is over.
    SlowdownEnds = 11,
    /// A hold on a seat is over.
    HoldExpires = 12,
    /// The waiting room may let somebody through.
    Admission = 13,
    /// An admitted user's session is over; `who` is the token.
    SessionEnds = 14,
    /// A request reaches the system.
    Arrival = 15,
    /// An answer reaches its VU; the ticket is its generation when the answer set out.
    Answer = 16,
    /// Thresholds are evaluated, for one of them may abort the run.
    Evaluate = 17,
    /// Something happens to replicas of a service; `who` is its place in the fleet's list.
    FaultBegins = 100,
    /// It is over; the ticket is the replica.
    FaultEnds = 101,
    /// A balancer checks its replicas; `who` is the service.
    HealthCheck = 102,
    /// A balancer looks whose ejection is over; `who` is the service.
    EjectionSweep = 103,
    /// A replica has drained for as long as it may; `who` is the service, the ticket says which and when.
    DrainOver = 104,
    /// A replica answers with an error, or a caller has waited in vain.
    ReplicaAnswers = 105,
    /// An autoscaler measures, decides or follows its schedule, as the ticket says; `who` is the service.
    Autoscale = 106,
    /// A new replica has booted; `who` is the service, the ticket says which and when.
    ReplicaReady = 107,
    /// It has warmed up; likewise.
    ReplicaWarm = 108,
    /// A delay is over that was made under a token of a slowed pool; `who` is the set of such pools.
    SlowedDelayOver = 30,
    /// The connection of a VU may not keep a token any longer; the ticket is that of the token.
    KeepAliveOver = 31,
    /// A connection of a pool has been made for a request.
    Connected = 32,
    /// Connections that found a full accept queue try again; `who` is the processor whose timers go off.
    SynTick = 43,
    /// The last ACK of a connection, or data that stand for it, reach the listener; the ticket is the request.
    Ack = 44,
    /// A client gives up a connection; the ticket is the request.
    DialOver = 45,
    /// The listening program begins to accept.
    Accepting = 46,
    /// The listening program has accepted a connection, after the time that it needs for each.
    Accepted = 52,
    /// A request has waited until the reserve of its pool comes.
    ReserveDue = 47,
    /// A call or an answer between two services has passed its link.
    LinkPassed = 110,
    /// A request has waited as long as a limit of the rate wants it to.
    RateLimitOver = 48,
    /// Those in line for a limit of the rate are looked at; `who` is the limit.
    RateLimitLook = 49,
    /// A cache is emptied; `who` is the cache.
    CacheCleared = 50,
    /// A request that waits for another's fetch looks again.
    CacheLook = 51,
    /// Under barging, the first in line for a pool has woken up.
    PoolWakes = 40,
    /// Under barging, the first in line at a station has woken up.
    StationWakes = 41,
    /// Under barging, the first in line for a lock has woken up; `who` is the entity, the ticket its kind.
    LockWakes = 42,
    /// The pause before an attempt of a guarded call is over; `who` is the caller.
    AttemptAgain = 60,
    /// An attempt of a guarded call has taken as long as it may; the ticket is its generation.
    AttemptTimeout = 61,
    /// The second copy of an attempt is due; `who` is the first, the ticket its generation.
    HedgeDue = 62,
}

impl Kind {
    /// When such an event has its turn among those of its instant. The times of arrivals belong to an alarm
    /// that steps of a ramp use as well; they are set to come last where they are set.
    #[must_use]
    pub fn turn(self) -> Turn {
        match self {
            Kind::PatienceOver
            | Kind::ClientTimeout
            | Kind::AttemptTimeout
            | Kind::HedgeDue
            | Kind::DialOver
            | Kind::HoldExpires
            | Kind::SessionEnds
            | Kind::KeepAliveOver
            | Kind::ReserveDue
            | Kind::DrainOver
            | Kind::Autoscale
            | Kind::CacheCleared
            | Kind::CacheLook
            | Kind::FaultBegins => Turn::Late,
            _ => Turn::Usual,
        }
    }
}

/// What is pending in the event queue: what happens, and to whom.
// Of two fields, because two fit into registers wherever an event is handed over; three stand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happens.
    pub kind: Kind,
    /// `who` in the lower half, its ticket in the upper.
    subject: u64,
}

impl Event {
    /// An event that cannot become stale.
    #[inline]
    #[must_use]
    pub fn of(kind: Kind, who: usize) -> Event {
        Event::stale_after(kind, who as u32, 0)
    }

    /// An event that counts only while the ticket is current.
    #[inline]
    #[must_use]
    pub fn stale_after(kind: Kind, who: u32, ticket: u32) -> Event {
        let subject = u64::from(ticket) << 32 | u64::from(who);
        Event { kind, subject }
    }

    /// Number of the VU, request, station, scenario, … that it happens to; 0 if there is but one.
    #[inline]
    #[must_use]
    pub fn who(self) -> u32 {
        self.subject as u32
    }

    /// The ticket or generation that `who` had when the event was made. An event whose ticket is no
    /// longer the current one is stale and does nothing.
    #[inline]
    #[must_use]
    pub fn ticket(self) -> u32 {
        (self.subject >> 32) as u32
    }

    /// A number that tells events apart, for the run's fingerprint.
    #[inline]
    pub(super) fn code(self) -> u64 {
        (u64::from(self.who()) << 8) | self.kind as u64
    }
}
