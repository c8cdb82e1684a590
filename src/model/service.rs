//! Services, as meant: replicas of some stations and pools, and the balancer that spreads requests over them.

use super::Model;
use super::autoscale::Autoscale;
use super::system::{DistId, Entity, Op, Trigger};
use crate::engine::Span;

/// Index into [`Model::services`].
pub type ServiceId = u16;

/// Replicas of the same stations and pools, reached through a balancer.
///
/// Stations and pools of a service stand in the model once for each replica, one after another, as `cpu[1]`,
/// `cpu[2]`, …; a replica's number in texts is one more than its index. The program of each of its endpoints
/// begins with [`Op::Balance`], after which it stands once for each replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Name: the key in the model.
    pub name: String,
    /// Replicas at the start of a run.
    pub replicas: u32,
    /// Replicas for which there are stations and pools.
    pub most: u32,
    /// Which replica a request goes to.
    pub balancer: Balancer,
    /// Weight of each replica in the balancer's choice, above 0.
    pub weights: Vec<f64>,
    /// Speed of each replica's stations, as a factor.
    pub speeds: Vec<f64>,
    /// Its stations.
    pub stations: Vec<Copies>,
    /// Its pools.
    pub pools: Vec<Copies>,
    /// Its caches.
    pub caches: Vec<Copies>,
    /// Indices of its endpoints.
    pub endpoints: Vec<u16>,
    /// How the balancer learns which replicas are well; without, it takes all to be so.
    pub health_check: Option<HealthCheck>,
    /// When the balancer stops using a replica because of its answers.
    pub outliers: Option<Outliers>,
    /// Below this share of replicas that are used, the balancer uses all.
    pub panic: f64,
    /// Status of a request for which there is no replica.
    pub refusal: u16,
    /// How a replica comes to its weight that the balancer begins to use.
    pub slow_start: Option<SlowStart>,
    /// How long a replica that is to go may work on what it has.
    pub drain: Span,
    /// What happens to its replicas.
    pub faults: Vec<Fault>,
    /// How the number of its replicas changes.
    pub autoscale: Option<Autoscale>,
}

impl Service {
    /// What is not said: one replica, in turn, refusal with 503, 30 seconds to drain.
    #[must_use]
    pub fn named(name: String) -> Service {
        Service {
            name,
            replicas: 1,
            most: 1,
            balancer: Balancer::RoundRobin,
            weights: vec![1.0],
            speeds: vec![1.0],
            stations: Vec::new(),
            pools: Vec::new(),
            caches: Vec::new(),
            endpoints: Vec::new(),
            health_check: None,
            outliers: None,
            panic: 0.0,
            refusal: 503,
            slow_start: None,
            drain: Span::secs(30),
            faults: Vec::new(),
            autoscale: None,
        }
    }
}

/// Checks by the balancer whether a replica is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthCheck {
    /// From one to the next.
    pub every: Span,
    /// Failed checks in a row after which the replica is not used.
    pub fails: u32,
    /// Passed checks in a row after which it is used again.
    pub passes: u32,
}

/// The weight of a replica that the balancer begins to use, again or anew, rises to its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowStart {
    /// In so long.
    pub lasts: Span,
    /// In so many equal steps, the first of them at once.
    pub steps: u32,
}

/// Ejection by answers, as Envoy's outlier detection by consecutive errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outliers {
    /// Errors in a row (status 500 or more, or a connection refused) that eject the replica.
    pub errors: u32,
    /// From one look at which ejections may end to the next.
    pub every: Span,
    /// How long the first ejection lasts, the n-th n times as long.
    pub ejection: Span,
    /// But no longer than this.
    pub longest: Span,
    /// Share of the replicas that may be ejected at once; one may in any case.
    pub share: f64,
}

/// Something that happens to replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What.
    pub what: Trouble,
    /// To whom.
    pub whom: Whom,
    /// When it begins.
    pub trigger: Trigger,
    /// How long it lasts; of a rolling restart, how long each replica is away.
    pub lasts: DistId,
}

/// To which replica something happens, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// To this one.
    One(u16),
    /// To one that is drawn each time.
    Any,
    /// To each one at times of its own.
    Each,
    /// To all at once.
    All,
}

/// What happens to a replica.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// It is gone: what it works on fails with 502, connections to it are refused.
    Lost,
    /// Its stations work at this share of their speed.
    Slow(f64),
    /// It answers every request with an error.
    Fails {
        /// Status of the answer.
        status: u16,
        /// How long that takes.
        takes: DistId,
    },
    /// All replicas are drained and restarted, a fixed number at a time.
    Restart(u32),
    /// Calls from this service to that one get no answer: they fail with 504 after a time.
    Partition {
        /// Which service is called.
        to: ServiceId,
        /// How long the caller waits.
        timeout: DistId,
    },
}

/// A station or pool of a service: `most` consecutive ones of the model's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Copies {
    /// Its key in the model.
    pub name: String,
    /// Index of the one of the first replica.
    pub first: u16,
}

/// How a balancer picks the replica of a request, of those that it believes to be there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Balancer {
    /// One after another, in proportion to their weights (nginx's smooth weighted round robin).
    RoundRobin,
    /// At random, in proportion to their weights.
    Random,
    /// Fewest requests sent to it and not answered, over its weight; of equal ones in turn.
    LeastConnections,
    /// Fewest requests not answered, among this number of different replicas drawn at random (Mitzenmacher 2001).
    Choices(u32),
    /// Fewest requests on which it works, those included that nobody waits for; of equal ones in turn.
    ShortestQueue,
    /// By the entity of a request, on a ring with this number of points for each replica (Karger et al. 1997).
    Hash {
        /// Which entity.
        key: Entity,
        /// Points of each replica on the ring, for a weight of 1.
        points: u32,
    },
    /// The replica of the VU's first request, which is picked round robin.
    Sticky {
        /// It is forgotten at the end of each iteration, as k6's cookies are.
        by_iteration: bool,
    },
}

impl Balancer {
    /// The rule as a model writes it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Balancer::RoundRobin => "round-robin".to_owned(),
            Balancer::Random => "random".to_owned(),
            Balancer::LeastConnections => "least-connections".to_owned(),
            Balancer::Choices(2) => "two-choices".to_owned(),
            Balancer::Choices(d) => format!("{d} choices"),
            Balancer::ShortestQueue => "shortest-queue".to_owned(),
            Balancer::Hash { key, .. } => format!("hash of {}", key.name()),
            Balancer::Sticky { by_iteration: true } => "sticky by iteration".to_owned(),
            Balancer::Sticky { .. } => "sticky by VU".to_owned(),
        }
    }

    /// Whether requests are spread in proportion to the weights, whatever they are about and whoever sends them.
    #[must_use]
    pub fn spreads_by_weight(&self) -> bool {
        match self {
            Balancer::RoundRobin | Balancer::Random | Balancer::LeastConnections => true,
            Balancer::Choices(_)
            | Balancer::ShortestQueue
            | Balancer::Hash { .. }
            | Balancer::Sticky { .. } => false,
        }
    }

    /// Whether it looks at the weights at all.
    #[must_use]
    pub fn looks_at_weights(&self) -> bool {
        match self {
            Balancer::Hash { .. } | Balancer::Sticky { .. } => true,
            other => other.spreads_by_weight(),
        }
    }
}

impl Service {
    /// Whether its stations do not always work at full speed.
    #[must_use]
    pub fn changes_speed(&self) -> bool {
        let slow = |fault: &Fault| matches!(fault.what, Trouble::Slow(_));
        let warms_up = self.autoscale.as_ref().is_some_and(|a| a.warm_up.is_some());
        warms_up || self.speeds.iter().any(|speed| *speed != 1.0) || self.faults.iter().any(slow)
    }
}

impl Model {
    /// Whether something may leave a station no speed at all for a while.
    #[must_use]
    pub fn may_stop(&self, station: usize) -> bool {
        let slowdowns = &self.stations[station].slowdowns;
        let service = self.replica_of_station(station);
        let stops = |fault: &Fault| matches!(fault.what, Trouble::Slow(leaves) if leaves <= 0.0);
        slowdowns.iter().any(|s| s.leaves <= 0.0)
            || service.is_some_and(|(at, _)| self.services[at].faults.iter().any(stops))
    }

    /// The service and the replica, both by index, that a station belongs to.
    #[must_use]
    pub fn replica_of_station(&self, station: usize) -> Option<(usize, usize)> {
        self.replica(station, |service| &service.stations)
    }

    /// The service and the replica, both by index, that a pool belongs to.
    #[must_use]
    pub fn replica_of_pool(&self, pool: usize) -> Option<(usize, usize)> {
        self.replica(pool, |service| &service.pools)
    }

    /// Whose draws a cache uses, by index: all replicas those of the first.
    #[must_use]
    pub fn first_of_cache(&self, cache: usize) -> usize {
        let replica = self.replica(cache, |service| &service.caches);
        replica.map_or(cache, |(_, at)| cache - at)
    }

    /// The name of a cache without the number of its replica.
    #[must_use]
    pub fn cache_name(&self, cache: usize) -> &str {
        let replica = self.replica(cache, |service| &service.caches);
        plain(&self.caches[cache].name, replica.is_some())
    }

    fn replica(&self, at: usize, list: fn(&Service) -> &Vec<Copies>) -> Option<(usize, usize)> {
        for (index, service) in self.services.iter().enumerate() {
            for copies in list(service) {
                let first = usize::from(copies.first);
                if (first..first + service.most as usize).contains(&at) {
                    return Some((index, at - first));
                }
            }
        }
        None
    }

    /// The speed of a station as far as it is its replica's own.
    #[must_use]
    pub fn station_speed(&self, station: usize) -> f64 {
        let replica = self.replica_of_station(station);
        replica.map_or(1.0, |(service, at)| self.services[service].speeds[at])
    }

    /// The name of a station without the number of its replica.
    #[must_use]
    pub fn station_name(&self, station: usize) -> &str {
        plain(
            &self.stations[station].name,
            self.replica_of_station(station).is_some(),
        )
    }

    /// The name of a pool without the number of its replica.
    #[must_use]
    pub fn pool_name(&self, pool: usize) -> &str {
        plain(&self.pools[pool].name, self.replica_of_pool(pool).is_some())
    }
}

/// `cpu` of `cpu[2]`.
fn plain(name: &str, is_copy: bool) -> &str {
    match name.rsplit_once('[') {
        Some((plain, _)) if is_copy => plain,
        _ => name,
    }
}

/// The programs that a request of an endpoint may run in the system, each with its share of the requests as long as all
/// replicas of the start are there (of a service whose number changes, all that there may be): one with all of them, or
/// one for each replica of its service.
#[must_use]
pub fn programs(model: &Model, endpoint: usize) -> Vec<(&[Op], f64)> {
    let ops = model.endpoints[endpoint].own_ops();
    let Some(Op::Balance { service, stride }) = ops.first() else {
        return vec![(ops, 1.0)];
    };
    let service = &model.services[usize::from(*service)];
    let there = match service.autoscale {
        Some(_) => service.most as usize,
        None => service.replicas as usize,
    };
    let by_weight = service.balancer.spreads_by_weight();
    let weight = |at: usize| if by_weight { service.weights[at] } else { 1.0 };
    let sum: f64 = (0..there).map(weight).sum();
    let copies = ops[1..].chunks(*stride as usize).take(there).enumerate();
    copies.map(|(at, ops)| (ops, weight(at) / sum)).collect()
}
