//! Gives each replica of a service its own stations, pools and copies of the endpoints' programs, once the rest of the
//! model is known to be valid.

use super::{Build, Sections};
use crate::Model;
use crate::autoscale::{Metric, Source};
use crate::cache::CacheId;
use crate::service::{Copies, Service};
use crate::system::{Op, PoolId, StationId};

/// Largest number of stations or pools; it leaves room below the largest id.
const MAX_RESOURCES: u32 = 60_000;

/// Where each thing of the text has gone in a list in which some stand once for each replica.
struct Places {
    /// How often it stands there, if it belongs to a service.
    copies: Vec<Option<u32>>,
    first: Vec<u16>,
}

impl Places {
    fn new(services: &[Service], list: fn(&Service) -> &Vec<Copies>, len: usize) -> Option<Places> {
        let mut copies = vec![None; len];
        for service in services {
            for own in list(service) {
                *copies.get_mut(usize::from(own.first))? = Some(service.most);
            }
        }
        let mut first = Vec::new();
        let mut next = 0_u32;
        for n in &copies {
            first.push(u16::try_from(next).ok()?);
            next = next.checked_add(n.unwrap_or(1))?;
        }
        (next <= MAX_RESOURCES).then_some(Places { copies, first })
    }

    /// Where the one of a replica stands; of what belongs to no service there is but one.
    fn of(&self, id: u16, replica: u16) -> u16 {
        let at = usize::from(id);
        let own = self.copies.get(at).copied().flatten();
        self.first
            .get(at)
            .map_or(0, |first| first + if own.is_some() { replica } else { 0 })
    }

    /// The list itself, the copies named by their number.
    fn spread<T: Clone>(&self, all: &[T], name: fn(&mut T) -> &mut String) -> Vec<T> {
        let mut list = Vec::new();
        for (one, copies) in all.iter().zip(&self.copies) {
            let Some(n) = copies else {
                list.push(one.clone());
                continue;
            };
            for number in 1..=*n {
                let mut copy = one.clone();
                let own = name(&mut copy);
                *own = format!("{own}[{number}]");
                list.push(copy);
            }
        }
        list
    }
}

/// Expands all services of a model.
pub(super) fn expand(build: &Build, model: &mut Model, at: &Sections) {
    if model.services.is_empty() || build.notes.any_error() {
        return;
    }
    let stations = Places::new(&model.services, |s| &s.stations, model.stations.len());
    let pools = Places::new(&model.services, |s| &s.pools, model.pools.len());
    let caches = Places::new(&model.services, |s| &s.caches, model.caches.len());
    let (Some(stations), Some(pools), Some(caches)) = (stations, pools, caches) else {
        if let Some((_, field)) = at.services.first() {
            let message = format!(
                "all replicas together have more than {MAX_RESOURCES} stations, pools or caches"
            );
            build
                .notes
                .error(field.at, message, "let there be fewer replicas");
        }
        return;
    };
    model.stations = stations.spread(&model.stations, |s| &mut s.name);
    model.pools = pools.spread(&model.pools, |p| &mut p.name);
    model.caches = caches.spread(&model.caches, |c| &mut c.name);
    let at_replica = |op: Op, replica: u16| moved(op, (&stations, &pools, &caches), replica);
    for (index, endpoint) in model.endpoints.iter_mut().enumerate() {
        let mut owner = (0_u16..).zip(&model.services);
        let owner = owner.find(|(_, s)| s.endpoints.iter().any(|e| usize::from(*e) == index));
        let Some((id, service)) = owner else {
            for op in &mut endpoint.ops {
                *op = at_replica(*op, 0);
            }
            continue;
        };
        // A program comes from some bytes of a text, whose size has a limit.
        let stride = u16::try_from(endpoint.ops.len()).unwrap_or(u16::MAX);
        let mut ops = vec![Op::Balance {
            service: id,
            stride,
        }];
        for replica in 0..u16::try_from(service.most).unwrap_or(u16::MAX) {
            ops.extend(endpoint.ops.iter().map(|op| at_replica(*op, replica)));
        }
        endpoint.ops = ops;
        endpoint.max_held = endpoint.max_held.saturating_add(1);
    }
    for service in &mut model.services {
        for copies in &mut service.stations {
            copies.first = stations.of(copies.first, 0);
        }
        for copies in &mut service.pools {
            copies.first = pools.of(copies.first, 0);
        }
        for copies in &mut service.caches {
            copies.first = caches.of(copies.first, 0);
        }
        let rule = service.autoscale.as_mut().and_then(|a| a.rule.as_mut());
        match rule.map(|rule| &mut rule.metric) {
            Some(Metric::External(Source::Station(id))) => *id = stations.of(*id, 0),
            Some(Metric::External(Source::Pool(id))) => *id = pools.of(*id, 0),
            _ => {}
        }
    }
}

/// An operation as a replica does it.
fn moved(op: Op, (stations, pools, caches): (&Places, &Places, &Places), replica: u16) -> Op {
    let cached = |cache: CacheId| CacheId(caches.of(cache.0, replica));
    match op {
        Op::Serve {
            station,
            time,
            growth,
            class,
            patience,
        } => Op::Serve {
            station: StationId(stations.of(station.0, replica)),
            time,
            growth,
            class,
            patience,
        },
        Op::Acquire { pool } => Op::Acquire {
            pool: PoolId(pools.of(pool.0, replica)),
        },
        Op::AcquireMany { pool, tokens } => Op::AcquireMany {
            pool: PoolId(pools.of(pool.0, replica)),
            tokens,
        },
        Op::Connect(pool) => Op::Connect(PoolId(pools.of(pool.0, replica))),
        Op::Release(pool) => Op::Release(PoolId(pools.of(pool.0, replica))),
        Op::Cache { cache, skip } => Op::Cache {
            cache: cached(cache),
            skip,
        },
        Op::Store(cache) => Op::Store(cached(cache)),
        Op::Invalidate(cache) => Op::Invalidate(cached(cache)),
        other => other,
    }
}
