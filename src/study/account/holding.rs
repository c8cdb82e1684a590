//! What the holders of tokens and locks wait for while they hold them, and so what causes a wait for a token or a lock.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::stations::{AtStation, NS};
use crate::model::Model;
use crate::model::system::Op;
use crate::world::OpTime;
use crate::world::outcome::Outcome;

/// Calls nested deeper are not followed.
const DEEPEST: usize = 64;
/// How often the wait for one thing is handed on to what its holders wait for.
const HANDED_ON: usize = 30;

/// Seconds that were waited, by place.
type Waits = BTreeMap<usize, f64>;

/// Adds waits to waits, each a number of times.
fn add(sums: &mut Waits, waits: &Waits, times: f64) {
    for (place, wait) in waits {
        *sums.entry(*place).or_default() += wait * times;
    }
}

/// Stations, pools, kinds of locks, and connections of pools that are made, as one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// How many stations.
    pub stations: usize,
    /// How many pools.
    pub pools: usize,
}

impl Places {
    pub fn of(model: &Model) -> Places {
        Places {
            stations: model.stations.len(),
            pools: model.pools.len(),
        }
    }

    /// How many places there are.
    pub fn count(self) -> usize {
        self.stations + 2 * self.pools + 5
    }

    pub fn pool(self, index: usize) -> usize {
        self.stations + index
    }

    pub fn lock(self, key: usize) -> usize {
        self.stations + self.pools + key
    }

    pub fn connecting(self, pool: usize) -> usize {
        self.stations + self.pools + 5 + pool
    }

    /// What a request waits for at an operation.
    fn of_op(self, op: &Op) -> Option<usize> {
        match op {
            Op::Serve { station, .. } => Some(station.index()),
            Op::Acquire { pool } | Op::AcquireMany { pool, .. } => Some(self.pool(pool.index())),
            Op::Connect(pool) => Some(self.connecting(pool.index())),
            Op::Lock { key, .. } => Some(self.lock(*key as usize)),
            _ => None,
        }
    }
}

/// What requests waited for and held, by place, in seconds over the whole run.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    /// Waited for each place.
    pub waited: Vec<f64>,
    /// Held of each pool and kind of lock; not used of stations.
    pub held: Vec<f64>,
    /// Of what was held of one place (first index), waited for another meanwhile (second).
    pub inside: Vec<Waits>,
}

impl Holding {
    /// Held of a place while its holder did not wait for anything else.
    pub fn own(&self, place: usize) -> f64 {
        let waited: f64 = self.inside[place].values().sum();
        (self.held[place] - waited).max(0.0)
    }

    /// Share of the holding of a place in which its holder did not wait for anything else.
    pub fn own_share(&self, place: usize) -> f64 {
        let waited: f64 = self.inside[place].values().sum();
        let all = self.held[place].max(waited);
        if all > 0.0 { 1.0 - waited / all } else { 1.0 }
    }

    /// All that was waited, by what it is caused by in the end.
    pub fn caused(&self) -> Vec<f64> {
        let count = self.waited.len();
        let (mut settled, mut open) = (vec![0.0; count], self.waited.clone());
        for _ in 0..HANDED_ON {
            let mut next = vec![0.0; count];
            for (place, wait) in open.iter().enumerate().filter(|(_, w)| **w > 0.0) {
                let own = self.own_share(place);
                settled[place] += wait * own;
                let waited: f64 = self.inside[place].values().sum();
                for (other, part) in &self.inside[place] {
                    if *part > 0.0 {
                        next[*other] += wait * (1.0 - own) * part / waited;
                    }
                }
            }
            open = next;
        }
        for (place, wait) in open.iter().enumerate() {
            settled[place] += wait;
        }
        settled
    }
}

/// Walks the endpoints of a model with the times of a run.
struct Walk<'a> {
    model: &'a Model,
    places: Places,
    times: &'a [OpTime],
    /// Requests of each endpoint.
    requests: Vec<f64>,
    /// First operation of each endpoint.
    first: Vec<usize>,
    /// By how much the completed waits at a place fall short of all waits.
    scale: Vec<f64>,
    /// Share of the time in service that is a wait, by station.
    slowness: Vec<f64>,
    /// What one request of each endpoint waits, as far as that is known.
    known: RefCell<Vec<Option<Waits>>>,
}

/// Adds up what was waited and held. `waited` and `held` are by place.
pub(super) fn holding(
    outcome: &Outcome,
    model: &Model,
    stations: &[AtStation],
    (waited, held): (Vec<f64>, Vec<f64>),
) -> Holding {
    let places = Places::of(model);
    let walk = Walk::new(outcome, model, stations, &waited);
    let mut inside = vec![Waits::new(); places.count()];
    for endpoint in 0..model.endpoints.len() {
        walk.scopes(endpoint, &mut inside);
    }
    Holding {
        waited,
        held,
        inside,
    }
}

impl<'a> Walk<'a> {
    fn new(
        outcome: &'a Outcome,
        model: &'a Model,
        stations: &[AtStation],
        waited: &[f64],
    ) -> Walk<'a> {
        let places = Places::of(model);
        let times = outcome.op_times.as_slice();
        let mut first = Vec::new();
        let mut requests = Vec::new();
        let mut completed = vec![0.0; places.count()];
        let mut at = 0;
        for endpoint in &model.endpoints {
            let own = &times[at..at + endpoint.ops.len()];
            first.push(at);
            at += endpoint.ops.len();
            requests.push(own.iter().map(|t| t.visits).max().unwrap_or(0) as f64);
            for (op, time) in endpoint.ops.iter().zip(own) {
                if let Some(place) = places.of_op(op) {
                    completed[place] += time.waited as f64 * NS;
                }
            }
        }
        let counts = outcome.recorder.requests_by_series();
        let mut of_sites = vec![0.0; model.endpoints.len()];
        for (series, count) in outcome.recorder.series.iter().zip(counts) {
            let site = &model.sites[series.site.index()];
            of_sites[site.endpoint.index()] += count as f64;
        }
        for (requests, sent) in requests.iter_mut().zip(of_sites) {
            *requests = f64::max(*requests, sent);
        }
        // Of a station, `waited` holds the time in line and the slowness in service.
        let in_line = |place: usize| stations.get(place).map_or(waited[place], |s| s.queue);
        let scale = completed.iter().enumerate();
        let scale = scale.map(|(place, done)| match *done > 0.0 {
            true => in_line(place) / done,
            false => 1.0,
        });
        let slowness = stations.iter().map(|s| match s.present > 0.0 {
            true => (s.stretch() / s.present).min(1.0),
            false => 0.0,
        });
        Walk {
            model,
            places,
            times,
            requests,
            first,
            scale: scale.collect(),
            slowness: slowness.collect(),
            known: RefCell::new(vec![None; model.endpoints.len()]),
        }
    }

    /// What all visits of an operation waited, and for what.
    fn wait(&self, endpoint: usize, at: usize) -> Option<(usize, f64)> {
        let place = self.places.of_op(&self.model.endpoints[endpoint].ops[at])?;
        let time = &self.times[self.first[endpoint] + at];
        let in_line = time.waited as f64 * NS * self.scale[place];
        let slow = self.slowness.get(place).copied().unwrap_or(0.0);
        Some((place, in_line + time.served as f64 * NS * slow))
    }

    /// The programs of an endpoint, one for each replica of its service, as ranges of its operations, each with
    /// the share of requests that ran it.
    fn programs(&self, endpoint: usize) -> Vec<(Range<usize>, f64)> {
        // Nothing is held while the load generator works.
        let generated = usize::from(self.model.endpoints[endpoint].generated);
        let ops = &self.model.endpoints[endpoint].ops;
        let Some(Op::Balance { stride, .. }) = ops.get(generated) else {
            return vec![(generated..ops.len(), 1.0)];
        };
        let stride = usize::from(*stride);
        let first = self.first[endpoint];
        let all = self.requests[endpoint].max(1.0);
        let copies = (generated + 1..ops.len()).step_by(stride).map(|at| {
            let own = &self.times[first + at..first + at + stride];
            let visits = own.iter().map(|t| t.visits).max().unwrap_or(0);
            (at..at + stride, visits as f64 / all)
        });
        copies.collect()
    }

    /// Adds what is waited inside each scope of an endpoint, calls included.
    fn scopes(&self, endpoint: usize, inside: &mut [Waits]) {
        for (range, share) in self.programs(endpoint) {
            self.scopes_of(endpoint, range, self.requests[endpoint] * share, inside);
        }
    }

    /// As [`Walk::scopes`], of one program, and the number of requests that ran it.
    fn scopes_of(&self, endpoint: usize, range: Range<usize>, requests: f64, inside: &mut [Waits]) {
        // Places, and how much of each is held.
        let mut open: Vec<(usize, f64)> = Vec::new();
        let mut branches = Waits::new();
        let mut put = |open: &[(usize, f64)], waits: &Waits, times: f64| {
            for (holder, tokens) in open {
                add(&mut inside[*holder], waits, times * tokens);
            }
        };
        for at in range {
            let op = &self.model.endpoints[endpoint].ops[at];
            if let Some(wait) = self.wait(endpoint, at) {
                put(&open, &Waits::from([wait]), 1.0);
            }
            match *op {
                Op::Acquire { pool } => open.push((self.places.pool(pool.index()), 1.0)),
                Op::AcquireMany { pool, tokens } => {
                    open.push((self.places.pool(pool.index()), f64::from(tokens)));
                }
                Op::Lock { key, .. } => open.push((self.places.lock(key as usize), 1.0)),
                Op::Release(_) | Op::Unlock(_) => {
                    open.pop();
                }
                Op::Call(other) if !open.is_empty() => {
                    put(&open, &self.waits_of(other.index(), 0), requests);
                }
                Op::Fork(other) if !open.is_empty() => {
                    branches = longer(branches, self.waits_of(other.index(), 0));
                }
                Op::Join => put(&open, &std::mem::take(&mut branches), requests),
                _ => {}
            }
        }
    }

    /// What one request of an endpoint waits, by place, calls included.
    fn waits_of(&self, endpoint: usize, depth: usize) -> Waits {
        let mut waits = Waits::new();
        let requests = self.requests[endpoint];
        if requests == 0.0 || depth > DEEPEST {
            return waits;
        }
        if let Some(known) = &self.known.borrow()[endpoint] {
            return known.clone();
        }
        for (range, share) in self.programs(endpoint) {
            let own = self.waits_in(endpoint, range, (requests, share), depth);
            add(&mut waits, &own, 1.0);
        }
        self.known.borrow_mut()[endpoint] = Some(waits.clone());
        waits
    }

    /// As [`Walk::waits_of`], of one program, which a share of all requests runs.
    fn waits_in(
        &self,
        endpoint: usize,
        range: Range<usize>,
        (requests, share): (f64, f64),
        depth: usize,
    ) -> Waits {
        let (mut waits, mut branches) = (Waits::new(), Waits::new());
        for at in range {
            let op = &self.model.endpoints[endpoint].ops[at];
            if let Some(wait) = self.wait(endpoint, at) {
                add(&mut waits, &Waits::from([wait]), 1.0 / requests);
            }
            match *op {
                Op::Call(other) => {
                    add(&mut waits, &self.waits_of(other.index(), depth + 1), share);
                }
                Op::Fork(other) => {
                    branches = longer(branches, self.waits_of(other.index(), depth + 1));
                }
                Op::Join => add(&mut waits, &std::mem::take(&mut branches), share),
                // Nobody waits for what comes after the answer.
                Op::Respond => break,
                _ => {}
            }
        }
        waits
    }
}

/// Of two branches the one that waits longer.
fn longer(a: Waits, b: Waits) -> Waits {
    if a.values().sum::<f64>() >= b.values().sum::<f64>() {
        a
    } else {
        b
    }
}
