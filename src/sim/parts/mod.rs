//! The mechanisms of the system under test, one file each.
//!
//! What lives here: stations, pools, locks, versions, the inventory, the waiting room, and what they share. It may
//! use `measure`, `model`, `stats`, `theory` and `engine`. It must not know who sent a job or what comes next: a part
//! takes a job and gives it back when done, keeps no clock and schedules nothing; the world hands in the time, and
//! sets an alarm at the time a part asks for.

pub mod accept;
pub mod autoscaler;
pub mod balancer;
pub mod breaker;
pub mod cache;
pub mod chance;
pub mod concurrency_limit;
pub mod connections;
pub mod controlled_delay;
pub mod deadlock;
pub mod health;
pub mod hedge;
pub mod host;
pub mod inventory;
pub mod keep_alive;
pub mod listeners;
pub mod lock;
pub mod pool;
pub mod rate_limit;
pub mod replicas;
pub mod retransmission;
pub mod retry;
pub mod retry_budget;
pub mod row;
pub mod seat_history;
pub mod seat_map;
pub mod slow_start;
pub mod station;
pub mod token_bucket;
pub mod tokens;
pub mod version;
pub mod waiting;
pub mod waiting_room;

/// A job as a part sees it: a number that the part gives back.
pub type Job = u32;

/// What became of a job that asked for something shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It has it.
    Granted,
    /// It has it, and another job has it no longer.
    Displaces,
    /// It has it, and those that share a host with it may be slower now.
    OnHost,
    /// It waits and will be given back later.
    Queued,
    /// As `Queued`, and those in service end at other times now.
    QueuedAnew,
    /// The queue is full.
    Refused,
}
