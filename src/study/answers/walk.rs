//! What one iteration of a journey needs, all branches weighted by their probabilities, if requests succeed.

use std::collections::BTreeMap;

use crate::model::Model;
use crate::model::cache::{Eviction, Lookup};
use crate::model::journey::{Condition, Journey, Step};
use crate::model::service::programs;
use crate::model::system::{DistId, EndpointId, Op, PoolId, Popularity};
use crate::model::waiting::{WaitOrder, Waiting};
use crate::theory::cache::{self as theory, Group};

/// Steps walked at most, all branches together.
const MOST_STEPS: usize = 200_000;
/// Branches less probable are not followed.
const LEAST: f64 = 1e-5;
/// Calls nested deeper are not followed.
const DEEPEST: usize = 16;
/// Seconds in a nanosecond.
const NS: f64 = 1e-9;

/// Expected needs of one iteration.
pub(super) struct Walk<'m> {
    pub model: &'m Model,
    /// Of each station: seconds of service.
    pub stations: Vec<f64>,
    /// Of each pool: seconds held, and tokens taken.
    pub pools: Vec<(f64, f64)>,
    /// Of each pool, the most tokens that are taken at once.
    pub most_tokens: Vec<u32>,
    /// Visits to stations per iteration, with the distribution of each.
    pub serves: Vec<(usize, DistId, f64)>,
    /// Of each cache: the share of requests that do not find what they want, as far as it is known.
    pub misses: BTreeMap<usize, f64>,
    pub think: f64,
    /// Time in the system when nobody waits.
    pub elapsed: f64,
    pub delays: f64,
    pub requests: f64,
    /// Requests of each site.
    pub sites: Vec<f64>,
    pub notes: Vec<String>,
    /// Of each kind of lock: seconds held, and locks taken.
    pub locks: [(f64, f64); 5],
    /// The waiting room, as far as it is used.
    pub room: RoomUse,
}

/// What an iteration does in the waiting room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoomUse {
    /// How often it comes in.
    pub joined: f64,
    /// Seconds between coming in and leaving, without waiting, of those who leave.
    pub inside: f64,
    /// How often it comes in and never leaves.
    pub stays: f64,
}

/// The step, the turns of loops, the probability, and where its user stands.
type Path = (usize, Vec<u32>, f64, Standing);

/// Where a user stands on a path through a journey.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    /// Not in the waiting room.
    Outside,
    /// In its line.
    InLine,
    /// Let in, this number of seconds ago.
    Inside(f64),
}

impl Standing {
    fn after(self, seconds: f64) -> Standing {
        match self {
            Standing::Inside(since) => Standing::Inside(since + seconds),
            other => other,
        }
    }
}

impl<'m> Walk<'m> {
    pub fn new(model: &'m Model) -> Walk<'m> {
        Walk {
            model,
            stations: vec![0.0; model.stations.len()],
            pools: vec![(0.0, 0.0); model.pools.len()],
            most_tokens: vec![1; model.pools.len()],
            serves: Vec::new(),
            misses: BTreeMap::new(),
            think: 0.0,
            elapsed: 0.0,
            delays: 0.0,
            requests: 0.0,
            sites: vec![0.0; model.sites.len()],
            notes: Vec::new(),
            locks: [(0.0, 0.0); 5],
            room: RoomUse::default(),
        }
    }

    pub fn mean(&self, id: DistId) -> f64 {
        self.model.dists[id.index()].dist.mean() * NS
    }

    pub fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|n| n == text) {
            self.notes.push(text.to_string());
        }
    }

    pub fn journey(&mut self, index: usize) {
        let journey = &self.model.journeys[index];
        let slots = vec![0u32; usize::from(journey.loop_slots)];
        let joins = comes_round(journey);
        let mut open: Vec<Path> = vec![(0, slots, 1.0, Standing::Outside)];
        let mut budget = MOST_STEPS;
        while let Some((mut at, mut slots, weight, mut standing)) = open.pop() {
            let mut over = true;
            while budget > 0 {
                budget -= 1;
                let Some(step) = journey.steps.get(at) else {
                    break;
                };
                at += 1;
                match *step {
                    Step::End => break,
                    Step::Request(site) => {
                        self.requests += weight;
                        self.sites[site.index()] += weight;
                        let endpoint = self.model.sites[site.index()].endpoint;
                        let took = self.request(endpoint, weight);
                        self.elapsed += weight * took;
                        standing = self.passes(endpoint, standing.after(took), weight);
                    }
                    Step::Sleep(dist) => {
                        let time = self.mean(dist);
                        self.think += weight * time;
                        standing = standing.after(time);
                    }
                    Step::AwaitAdmission => {
                        self.note("the wait for admission is left out");
                        standing = self.comes_in(standing, weight);
                    }
                    Step::LoopReset(slot) => slots[usize::from(slot)] = 0,
                    Step::CountTo { slot, limit, then } => {
                        let count = &mut slots[usize::from(slot)];
                        *count += 1;
                        if *count >= limit {
                            at = then as usize;
                        }
                    }
                    Step::External => self.usual(index, weight),
                    Step::Jump(to) => at = to as usize,
                    Step::JumpIf(condition, to) if succeeds(condition) => {
                        at = to as usize;
                        if condition == Condition::Admitted {
                            standing = self.comes_in(standing, weight);
                        }
                    }
                    Step::JumpWithProbability(p, to) => {
                        if weight * p > LEAST {
                            open.push((to as usize, slots.clone(), weight * p, standing));
                        }
                        over = false;
                        if weight * (1.0 - p) <= LEAST {
                            break;
                        }
                        // The rest of this path goes on with what is left of its weight.
                        open.push((at, slots.clone(), weight * (1.0 - p), standing));
                        join(&mut open, joins);
                        break;
                    }
                    _ => {}
                }
            }
            if over {
                self.ends(standing, weight);
            }
        }
        if budget == 0 {
            self.note("the journey is too long to be walked to its end");
        }
    }

    /// What iterations of a journey usually do, where the steps do not say it.
    fn usual(&mut self, journey: usize, weight: f64) {
        let Some(usual) = &self.model.journeys[journey].usual else {
            self.note("what the script does is not known");
            return;
        };
        self.note("what the script does is as seen in a short run; see docs/scripts.md");
        self.think += weight * usual.sleep;
        for (site, often) in &usual.requests {
            self.requests += weight * often;
            self.sites[site.index()] += weight * often;
            let endpoint = self.model.sites[site.index()].endpoint;
            self.elapsed += self.request(endpoint, weight * often) * weight * often;
        }
    }

    /// A request may let its user join the waiting room or leave it.
    fn passes(&mut self, endpoint: EndpointId, standing: Standing, weight: f64) -> Standing {
        let ops = &self.model.endpoints[endpoint.index()].ops;
        let leaves = ops.iter().any(|op| matches!(op, Op::LeaveRoom));
        match standing {
            Standing::Inside(since) if leaves => {
                self.room.inside += weight * since;
                Standing::Outside
            }
            _ if leaves => Standing::Outside,
            Standing::Outside if ops.iter().any(|op| matches!(op, Op::IssueToken)) => {
                Standing::InLine
            }
            other => other,
        }
    }

    /// A user in line is let in.
    fn comes_in(&mut self, standing: Standing, weight: f64) -> Standing {
        if standing == Standing::InLine {
            self.room.joined += weight;
            return Standing::Inside(0.0);
        }
        standing
    }

    /// A path ends. Who is in line still, and does not lose the place by silence, is let in for nobody.
    fn ends(&mut self, standing: Standing, weight: f64) {
        let room = self.model.waiting_room.as_ref();
        let silent = room.is_some_and(|room| room.poll_expiry.is_some());
        if standing == Standing::InLine && !silent {
            self.room.joined += weight;
        }
        if standing != Standing::Outside && !(standing == Standing::InLine && silent) {
            self.room.stays += weight;
        }
    }

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

/// Whether paths through a journey meet again and again, as through a chain: those that stand at one step are one.
fn comes_round(journey: &Journey) -> bool {
    let back = |(at, step): (usize, &Step)| match step {
        Step::JumpWithProbability(_, to) | Step::Jump(to) => *to as usize <= at,
        _ => false,
    };
    journey.loop_slots == 0 && journey.steps.iter().enumerate().any(back)
}

/// Of the paths that have been pushed last, those that stand where others do are joined with them; the heaviest is the
/// next.
fn join(open: &mut Vec<Path>, joins: bool) {
    if !joins {
        return;
    }
    open.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    open.dedup_by(|b, a| {
        let same = a.0 == b.0 && a.1 == b.1 && a.3 == b.3;
        a.2 += if same { b.2 } else { 0.0 };
        same
    });
    open.sort_by(|a, b| a.2.total_cmp(&b.2));
}

/// Whether a condition holds if all goes well.
fn succeeds(condition: Condition) -> bool {
    match condition {
        Condition::Always | Condition::Ok | Condition::Admitted => true,
        Condition::Status(status) => status == 200,
        _ => false,
    }
}
