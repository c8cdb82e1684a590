//! Where the time of requests and users went, and what made them wait: one account of a run, from which every statement
//! about what limits a system is derived.
//!
//! For each resource that can make somebody wait the account holds the time that was waited for it
//! (`waited`), the part of all waiting that it is the cause of (`caused`: the wait for a pool whose holders
//! wait for a lock is caused by the lock), how much of it was used (`utilisation`; what is held while waiting
//! for something else does not count), and the load at which it would be used in full (`ceiling`).

mod choice;
mod holding;
mod limits;
mod replicas;
mod stations;

pub use choice::{Choice, Limits};
pub use limits::most_wanted;
pub use stations::{fastest, law, taken};

use serde::{Deserialize, Serialize};

use crate::model::Model;
use crate::model::system::Entity;
use crate::world::outcome::Outcome;

/// What can make a request or a user wait; numbers are places in the model's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The servers of a station.
    Station(usize),
    /// The scalability law of a station: those in service hold one another up.
    Scalability(usize),
    /// The slowdowns of a station.
    Slowdown(usize),
    /// The cores of a host.
    Host(usize),
    /// The tokens of a pool.
    Pool(usize),
    /// The making of a pool's connections.
    Connecting(usize),
    /// The locks of this kind of entity.
    Lock(Entity),
    /// A limit on a rate or on requests at once.
    Limit(usize),
    /// The rules by which the waiting room lets users in.
    WaitingRoom,
    /// The accept queue of the listener: what clients wait for until they are connected and accepted.
    Listener,
    /// A limit of the rate of requests.
    RateLimit(usize),
    /// The fetches of a cache: who wants what another one fetches waits for it.
    Fetch(usize),
    /// The seats: a claim that finds its seat taken is lost.
    Seats,
    /// The VUs of a scenario with an arrival rate: a start that finds none is dropped.
    Vus(usize),
    /// Think time of the users of a scenario whose number is fixed.
    Think(usize),
}

impl Kind {
    /// The station whose servers, law or slowdowns these are.
    #[must_use]
    pub fn station(self) -> Option<usize> {
        match self {
            Kind::Station(at) | Kind::Scalability(at) | Kind::Slowdown(at) => Some(at),
            _ => None,
        }
    }
}

/// One thing that can make somebody wait, over a whole run. Times are sums over all who waited, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// What it is.
    pub kind: Kind,
    /// In words: `station db`, `the lock of the event`.
    pub name: String,
    /// Of a replica's station or pool: what all replicas of it are called together, and how many there are.
    pub family: Option<(String, usize)>,
    /// Servers, tokens, VUs, users; none without a limit, and where a number says nothing.
    pub size: Option<f64>,
    /// Share that was used, at most 1; what was held while waiting for something else does not count.
    pub utilisation: f64,
    /// Mean number in service, held, or let in.
    pub in_use: f64,
    /// Most at once.
    pub in_use_max: f64,
    /// Mean number waiting.
    pub queue: f64,
    /// Most at once.
    pub queue_max: f64,
    /// Waited for it.
    pub waited: f64,
    /// Waited because of it, for itself or for others.
    pub caused: f64,
    /// Share of those who came that were refused, gave up, or were dropped.
    pub lost: f64,
    /// How many those were.
    pub lost_count: f64,
    /// Requests per second at which it would be used in full.
    pub ceiling: Option<f64>,
    /// Of the law, slowdowns and locks: how long each takes or is held. Of a waiting room and of fetches: how
    /// long each waits. Of VUs: how long an iteration takes if it waits for nothing.
    pub each: f64,
    /// Of the law and slowdowns: how long each would take alone. Of seats: how many picks were of seats that
    /// were taken when the list was shown. Of a pool whose tokens connections keep: the
    /// share of the time held in which nobody used them.
    pub alone: f64,
    /// Of the law: with how many in service most is done. Of VUs: how many the rate needs. Of a waiting
    /// room: how many it lets in per second. Of a pool whose tokens connections keep: the share of requests
    /// that had their connection's.
    pub best: f64,
}

impl Limit {
    pub(crate) fn new(kind: Kind, name: String) -> Limit {
        Limit {
            kind,
            name,
            family: None,
            size: None,
            utilisation: 0.0,
            in_use: 0.0,
            in_use_max: 0.0,
            queue: 0.0,
            queue_max: 0.0,
            waited: 0.0,
            caused: 0.0,
            lost: 0.0,
            lost_count: 0.0,
            ceiling: None,
            each: 0.0,
            alone: 0.0,
            best: 0.0,
        }
    }

    /// All numbers of which a mean over runs is taken.
    pub(crate) fn numbers(&mut self) -> [&mut f64; 12] {
        [
            &mut self.utilisation,
            &mut self.in_use,
            &mut self.in_use_max,
            &mut self.queue,
            &mut self.queue_max,
            &mut self.waited,
            &mut self.caused,
            &mut self.lost,
            &mut self.lost_count,
            &mut self.each,
            &mut self.alone,
            &mut self.best,
        ]
    }
}

/// Where the time went in one run, or on average over several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// All that can make somebody wait, in the order of the model.
    pub limits: Vec<Limit>,
    /// Time of all requests in the system, in seconds.
    pub in_system: f64,
    /// Time of all users in the waiting room, in seconds.
    pub in_room: f64,
}

impl Account {
    /// The account of a run.
    #[must_use]
    pub fn of(outcome: &Outcome, model: &Model) -> Account {
        limits::account(outcome, model)
    }

    /// The mean of several runs of one model; of none, an empty account.
    #[must_use]
    pub fn mean(all: &[&Account]) -> Account {
        let Some((first, others)) = all.split_first() else {
            return Account::default();
        };
        let n = all.len() as f64;
        let mut mean = (*first).clone();
        mean.in_system = all.iter().map(|a| a.in_system).sum::<f64>() / n;
        mean.in_room = all.iter().map(|a| a.in_room).sum::<f64>() / n;
        for (at, limit) in mean.limits.iter_mut().enumerate() {
            let same = others.iter().filter_map(|a| a.limits.get(at));
            let mut same: Vec<Limit> = same.cloned().collect();
            for other in &mut same {
                for (sum, value) in limit.numbers().into_iter().zip(other.numbers()) {
                    *sum += *value;
                }
            }
            for sum in limit.numbers() {
                *sum /= n;
            }
            let ceilings = same.iter().map(|l| l.ceiling).chain([limit.ceiling]);
            let known: Vec<f64> = ceilings.flatten().collect();
            limit.ceiling =
                (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
        }
        mean
    }

    /// Share of the time that was waited because of a limit, or share of those who came that it lost,
    /// whichever is larger.
    #[must_use]
    pub fn harm(&self, limit: &Limit) -> f64 {
        self.share(limit, limit.caused).max(limit.lost)
    }

    /// A time as a share of the time of all requests in the system; of the waiting room, of that and the time
    /// in it.
    #[must_use]
    pub fn share(&self, limit: &Limit, seconds: f64) -> f64 {
        let all = match limit.kind {
            Kind::WaitingRoom => self.in_system + self.in_room,
            _ => self.in_system,
        };
        if all > 0.0 { seconds / all } else { 0.0 }
    }
}
