//! Deadlock among requests that hold locks and wait for others: the victim is the request whose wait
//! would close the circle, as in `PostgreSQL`. And pools that stand still, because all who hold their tokens wait for
//! more of them: no pool knows of that, and nobody is failed.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::engine::Time;
use crate::model::Model;
use crate::model::system::{Entity, Op, PoolId};
use crate::parts::deadlock::find_cycle;
use crate::parts::pool::Pool;

use super::System;
use super::request::{Held, NONE, RequestState};
use super::waits::WaitLog;

/// Status of a request that fails as the victim of a deadlock.
pub(crate) const VICTIM: u16 = 500;

/// One request of a circle: what it is and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Index of its endpoint.
    pub endpoint: u16,
    /// The entity whose lock it waits for; `None` for a request it has called.
    pub lock: Option<(Entity, u32)>,
}

/// Deadlocks of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadlocks {
    /// How many were resolved.
    pub count: u64,
    /// The first of them: each request waits for the next, the last for the first.
    pub first: Vec<Waits>,
    /// Pools that stood still because all who held their tokens waited for more of them.
    pub pools: Vec<StuckPool>,
    /// By pool, whether a request may hold tokens of it while it, or one that it has called, waits for more; empty if no
    /// pool is used so.
    nested: Vec<bool>,
}

/// A pool all of whose tokens are held by requests that wait for more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckPool {
    /// Index into `Model::pools`.
    pub pool: u16,
    /// When that was so first.
    pub since: Time,
    /// How many tokens were held then, by those who waited.
    pub tokens: u64,
    /// How many requests waited then.
    pub waiting: u64,
}

/// By pool, whether a request may hold tokens of it while it, or one that it has called, waits for more.
fn nested(model: &Model) -> Vec<bool> {
    let mut nested = vec![false; model.pools.len()];
    let mut takes: Vec<Option<BTreeSet<u16>>> = vec![None; model.endpoints.len()];
    for endpoint in 0..model.endpoints.len() {
        taken_by(model, endpoint, &mut takes, &mut nested);
    }
    if nested.contains(&true) {
        nested
    } else {
        Vec::new()
    }
}

/// The pools that an endpoint takes tokens of, calls included. Calls do not go in circles.
fn taken_by(
    model: &Model,
    endpoint: usize,
    takes: &mut Vec<Option<BTreeSet<u16>>>,
    nested: &mut [bool],
) -> BTreeSet<u16> {
    if let Some(known) = &takes[endpoint] {
        return known.clone();
    }
    let (mut held, mut all): (Vec<u16>, BTreeSet<u16>) = (Vec::new(), BTreeSet::new());
    for op in &model.endpoints[endpoint].ops {
        let new = match *op {
            Op::Acquire { pool } | Op::AcquireMany { pool, .. } => BTreeSet::from([pool.0]),
            Op::Call(other) | Op::Fork(other) => taken_by(model, other.index(), takes, nested),
            _ => BTreeSet::new(),
        };
        for pool in new.iter().filter(|pool| held.contains(pool)) {
            nested[usize::from(*pool)] = true;
        }
        match *op {
            Op::Acquire { pool } | Op::AcquireMany { pool, .. } => held.push(pool.0),
            Op::Release(pool) => {
                if let Some(last) = held.iter().rposition(|own| *own == pool.0) {
                    held.remove(last);
                }
            }
            _ => {}
        }
        all.extend(new);
    }
    takes[endpoint] = Some(all.clone());
    all
}

impl Deadlocks {
    /// Of a run that has not begun. Pools of which a request may want more while it holds some are looked at when
    /// somebody waits.
    pub(crate) fn of(model: &Model, pools: &mut [Pool]) -> Deadlocks {
        let nested = nested(model);
        for (pool, _) in pools.iter_mut().zip(&nested).filter(|(_, nested)| **nested) {
            pool.watch_waits();
        }
        Deadlocks {
            nested,
            ..Deadlocks::default()
        }
    }

    /// What to say of deadlocks; `None` if there was none.
    #[must_use]
    pub fn note(&self, model: &Model) -> Option<String> {
        let stuck = self.pools.iter().map(|stuck| stuck.note(model));
        let all: Vec<String> = stuck.chain(self.note_of_locks(model)).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    /// A sentence on the first deadlock of locks.
    fn note_of_locks(&self, model: &Model) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let mut circle = String::new();
        for waits in &self.first {
            let name = &model.endpoints[usize::from(waits.endpoint)].name;
            let _ = match waits.lock {
                Some((key, number)) => {
                    write!(
                        circle,
                        "`{name}` waits for the lock of {key:?} {number}, held by "
                    )
                }
                None => write!(circle, "`{name}` waits for its call of "),
            };
        }
        let first = self.first.first().map_or("", |w| {
            model.endpoints[usize::from(w.endpoint)].name.as_str()
        });
        Some(format!(
            "{} deadlocks, each resolved by failing one request with {VICTIM}; the first: {circle}\
             `{first}`. Take locks in one order everywhere.",
            self.count
        ))
    }
}

impl StuckPool {
    fn note(self, model: &Model) -> String {
        let spec = &model.pools[usize::from(self.pool)];
        let ends = match spec.timeout {
            Some(_) => "until the pool's timeout",
            None => "for ever, unless their clients give up",
        };
        let tokens = match self.tokens {
            1 => "its only token was held by a request that waited".to_owned(),
            n => format!("all its {n} tokens were held by requests that waited"),
        };
        format!(
            "Pool `{}` was deadlocked at {:.3} s: {tokens} for another one, {} in line, {ends}. Take all tokens at \
             once (`tokens`), or give what is called a pool of its own.",
            spec.name,
            self.since.since(Time::ZERO).as_secs(),
            self.waiting,
        )
    }
}

impl System<'_> {
    /// What is looked at when a request begins to wait, or when its turn comes: pools that may deadlock, and deadlines, which
    /// are looked at where waits are.
    pub(crate) fn watch_turns(&mut self) {
        self.deadlocks = Deadlocks::of(self.model, &mut self.pools);
        if self.deadlines.is_some() && self.waits.is_none() {
            self.waits = Some(WaitLog::new(self.ops.len(), false));
        }
    }

    /// A request begins to wait for tokens of a pool: all that are out may be held by those who wait.
    pub(crate) fn may_be_stuck(&mut self, now: Time, id: u32, pool: PoolId) {
        if self.deadlocks.nested.get(pool.index()) != Some(&true) {
            return;
        }
        let told = self.deadlocks.pools.iter().any(|s| s.pool == pool.0);
        if told || self.tokens_behind(id, pool, &mut BTreeSet::new()) == 0 {
            return;
        }
        let (mut seen, mut tokens, mut waiting) = (BTreeSet::new(), 0, 0);
        let waits = self.requests.iter().filter(|(_, r)| {
            let op = &self.ops[r.at as usize];
            let here = match op {
                Op::Acquire { pool: own }
                | Op::AcquireKept { pool: own }
                | Op::AcquireMany { pool: own, .. } => *own == pool,
                _ => false,
            };
            here && r.state == RequestState::Waiting
        });
        for (request, _) in waits {
            waiting += 1;
            tokens += self.tokens_behind(request, pool, &mut seen);
        }
        let part = &self.pools[pool.index()];
        if tokens == u64::from(part.size() - part.free()) {
            self.deadlocks.pools.push(StuckPool {
                pool: pool.0,
                since: now,
                tokens,
                waiting,
            });
        }
    }

    /// Tokens of a pool that a request and those that have called it hold, unless they were seen before.
    fn tokens_behind(&self, id: u32, pool: PoolId, seen: &mut BTreeSet<u32>) -> u64 {
        let (mut at, mut tokens) = (id, 0);
        while seen.insert(at) {
            let held = self.requests.holdings(at).iter().map(|held| match held {
                Held::Token(own) | Held::Connected(own) if *own == pool => 1,
                Held::Tokens(own, n) if *own == pool => u64::from(*n),
                _ => 0,
            });
            tokens += held.sum::<u64>();
            let Some(caller) = self.requests.caller(at) else {
                break;
            };
            at = caller;
        }
        tokens
    }

    /// Whether a request that begins to wait for a lock closes a circle. Notes it if so.
    pub(crate) fn closes_circle(&mut self, id: u32) -> bool {
        let Some(circle) = find_cycle(id, |job, next| self.blockers(job, next)) else {
            return false;
        };
        if self.deadlocks.count == 0 {
            self.deadlocks.first = circle.iter().map(|job| self.waits(*job)).collect();
        }
        self.deadlocks.count += 1;
        true
    }

    /// The requests that a request waits for.
    fn blockers(&self, id: u32, next: &mut Vec<u32>) {
        let request = &self.requests[id];
        match request.state {
            RequestState::Waiting => {
                if let Some((key, entity)) = self.waits(id).lock
                    && let Some(locks) = &self.locks[key as usize]
                {
                    next.extend(locks.holder(entity));
                }
            }
            RequestState::Calling | RequestState::Attempting | RequestState::Joining => {
                let called = self.requests.iter().filter(|(_, r)| r.parent.0 == id);
                let live = called.filter(|(_, r)| r.parent.1 == request.generation);
                next.extend(live.map(|(child, _)| child));
            }
            _ => {}
        }
    }

    fn waits(&self, id: u32) -> Waits {
        let request = &self.requests[id];
        let lock = match self.ops[request.at as usize] {
            Op::Lock { key, .. } => Some((key, self.entity(id, key))),
            _ => None,
        };
        Waits {
            endpoint: request.endpoint,
            lock: lock.filter(|(_, entity)| *entity != NONE),
        }
    }
}
