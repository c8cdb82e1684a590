//! What one request needs: the programs of its endpoint and of those that it calls, operation by operation.

use super::Walk;
use crate::model::cache::{Eviction, Lookup};
use crate::model::service::programs;
use crate::model::system::{EndpointId, Op, PoolId, Popularity};
use crate::model::waiting::{WaitOrder, Waiting};
use crate::theory::cache::{self as theory, Group};

/// Calls nested deeper are not followed.
const DEEPEST: usize = 16;
impl Walk<'_> {
    /// Adds what a request needs, the load generator's work included; returns how long it takes when nobody waits.
    pub fn request(&mut self, id: EndpointId, weight: f64) -> f64 {
        let endpoint = &self.model.endpoints[id.index()];
        let generated = endpoint.ops.len() - endpoint.own_ops().len();
        let before = self.program(&endpoint.ops[..generated], weight, 0);
        before + self.endpoint(id, weight, 0)
    }

    /// Adds what a request needs of the system; returns how long it takes when nobody waits.
    pub fn endpoint(&mut self, id: EndpointId, weight: f64, depth: usize) -> f64 {
        if depth > DEEPEST {
            self.note("calls are nested too deep to be followed to their end");
            return 0.0;
        }
        let programs = programs(self.model, id.index()).into_iter();
        let each = programs.map(|(ops, share)| share * self.program(ops, weight * share, depth));
        each.sum()
    }

    /// The share of requests that do not find what they want in a cache, by formulas for independent requests. The ceilings are
    /// to be bounds: what no formula tells is supposed to be found.
    fn miss_ratio(&mut self, cache: usize) -> f64 {
        let spec = &self.model.caches[cache];
        let (keys, popularity) = match &spec.lookup {
            Lookup::Ratio(hit) => return 1.0 - hit,
            Lookup::Drawn { keys, popularity } => (*keys, popularity),
            Lookup::Entity(_) => {
                self.note(
                    "requests are supposed to find in a cache what others have asked for before",
                );
                return 0.0;
            }
        };
        if spec.ttl.is_some() || spec.uncacheable > 0.0 || !spec.clear.is_empty() {
            self.note("objects of a cache are supposed to stay fresh");
        }
        if let Some(known) = self.misses.get(&cache) {
            return *known;
        }
        let (objects, size) = (groups(popularity, keys), f64::from(spec.size));
        let hits = match spec.policy {
            Eviction::Lru => theory::lru(&objects, size),
            Eviction::Lfu => theory::most_popular(&objects, size),
            Eviction::Fifo | Eviction::Random => theory::random(&objects, size),
        };
        self.misses.insert(cache, 1.0 - hits);
        1.0 - hits
    }

    /// This number of tokens are taken of a pool at once.
    fn tokens(&mut self, pool: PoolId, tokens: u16) -> u32 {
        let most = &mut self.most_tokens[pool.index()];
        *most = u32::from(tokens).max(*most);
        u32::from(tokens)
    }

    /// As [`Walk::endpoint`], of one program.
    fn program(&mut self, ops: &[Op], weight: f64, depth: usize) -> f64 {
        // Pools, how many tokens, and since when.
        let mut held: Vec<(usize, f64, f64)> = Vec::new();
        let mut locked: Vec<f64> = Vec::new();
        let (mut now, mut branches, mut answered) = (0.0, 0.0f64, None);
        let whole = weight;
        // Behind a cache only those go on who do not find what they want.
        let mut misses = vec![1.0];
        for op in ops {
            let part = misses.last().copied().unwrap_or(1.0);
            let weight = whole * part;
            match *op {
                Op::Cache { cache, .. } => misses.push(part * self.miss_ratio(cache.index())),
                Op::Store(_) => {
                    misses.pop();
                }
                Op::Serve {
                    station,
                    time,
                    growth,
                    ..
                } => {
                    let mean = self.mean(time) / self.model.station_speed(station.index());
                    self.stations[station.index()] += weight * mean;
                    self.serves.push((station.index(), time, weight));
                    now += part * mean;
                    if growth.is_some() {
                        self.note("service that grows counts as at the start");
                    }
                }
                Op::Delay(dist) => {
                    let mean = self.mean(dist);
                    self.delays += weight * mean;
                    now += part * mean;
                }
                Op::Acquire { pool } => held.push((pool.index(), 1.0, now)),
                Op::AcquireMany { pool, tokens } => {
                    held.push((pool.index(), f64::from(self.tokens(pool, tokens)), now));
                }
                Op::Connect(_) => self.note("connections that are made are left out"),
                Op::Release(pool) => {
                    let last = held.iter().rposition(|(own, ..)| *own == pool.index());
                    if let Some((_, tokens, since)) = last.map(|at| held.remove(at)) {
                        let (held, taken) = &mut self.pools[pool.index()];
                        *held += whole * tokens * (now - since);
                        *taken += weight;
                    }
                }
                Op::Call(other) => now += part * self.endpoint(other, weight, depth + 1),
                Op::Spawn(other) => {
                    self.endpoint(other, weight, depth + 1);
                }
                Op::Fork(other) => {
                    branches = branches.max(part * self.endpoint(other, weight, depth + 1));
                }
                Op::Join => {
                    now += branches;
                    branches = 0.0;
                }
                Op::Respond => answered = Some(now),
                Op::Lock { .. } => locked.push(now),
                Op::Unlock(key) => {
                    if let Some(since) = locked.pop() {
                        let wake = wakes(self.model.locks[key as usize].waiting);
                        let (held, taken) = &mut self.locks[key as usize];
                        *held += whole * (now - since + wake);
                        *taken += weight;
                    }
                }
                _ => {}
            }
        }
        answered.unwrap_or(now)
    }
}

/// Seconds that a lock waits for whom it is handed to: at the ceiling somebody always waits.
fn wakes(waiting: Waiting) -> f64 {
    match waiting.order {
        WaitOrder::Barging => 0.0,
        _ => waiting.wake.as_secs(),
    }
}

/// Objects by popularity, with few groups: those far down Zipf's law differ little from the next ones.
fn groups(popularity: &Popularity, keys: u32) -> Vec<Group> {
    let Popularity::Zipf(exponent) = popularity else {
        let weights = popularity.weights(keys);
        let alone = |weights: Vec<f64>| weights.into_iter().map(|w| (w, 1.0)).collect();
        return weights.map_or_else(|| vec![(1.0, f64::from(keys))], alone);
    };
    let (mut all, mut first) = (Vec::new(), 1_u32);
    while first <= keys {
        let next = first + (first / 200).max(1).min(keys - first + 1);
        let middle = f64::from(first) + f64::from(next - 1 - first) / 2.0;
        let weight = libm::exp(-exponent * libm::log(middle));
        all.push((weight, f64::from(next - first)));
        first = next;
    }
    all
}
