//! Deadlock among requests that hold locks and wait for others: the victim is the request whose wait
//! would close the circle, as in `PostgreSQL`.

use std::fmt::Write;

use crate::model::Model;
use crate::model::system::{Entity, Op};
use crate::parts::deadlock::find_cycle;

use super::World;
use super::request::RequestState;
use super::vu::NONE;

/// Status of a request that fails as the victim of a deadlock.
pub(super) const VICTIM: u16 = 500;

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
}

impl Deadlocks {
    /// A sentence on the first deadlock; `None` if there was none.
    #[must_use]
    pub fn note(&self, model: &Model) -> Option<String> {
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

impl World<'_> {
    /// Whether a request that begins to wait for a lock closes a circle. Notes it if so.
    pub(super) fn closes_circle(&mut self, id: u32) -> bool {
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
