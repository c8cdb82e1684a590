//! Waits at stations. How many services began, and how many of them after a wait, is known of every run; how long the
//! waits were is kept where somebody looks at the run.

use crate::model::system::Op;

use super::System;
use super::request::RequestState;

/// The waits at one operation of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Services that began, those that went on after an interruption included.
    pub begun: u64,
    /// Those of them that began after a wait that was not zero.
    pub waited: u64,
    /// Nanoseconds waited before them.
    pub sum: u128,
    /// Square nanoseconds.
    pub squares: u128,
}

impl Waits {
    /// Those of this and of the other.
    #[must_use]
    pub fn and(self, other: Waits) -> Waits {
        Waits {
            begun: self.begun + other.begun,
            waited: self.waited + other.waited,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }

    /// Those at some operations between two looks at all; before the first look there were none.
    #[must_use]
    pub fn between(ops: &[usize], from: &[Waits], to: &[Waits]) -> Waits {
        let earlier = |op: usize| from.get(op).copied().unwrap_or_default();
        let each = ops.iter().map(|op| to[*op].since(earlier(*op)));
        each.fold(Waits::default(), Waits::and)
    }

    /// Those since an earlier look.
    #[must_use]
    pub fn since(self, earlier: Waits) -> Waits {
        Waits {
            begun: self.begun - earlier.begun,
            waited: self.waited - earlier.waited,
            sum: self.sum - earlier.sum,
            squares: self.squares - earlier.squares,
        }
    }
}

/// What is kept of waits.
#[derive(Clone, Debug)]
pub(crate) struct WaitLog {
    /// Every one in nanoseconds, in the order in which service began, if a study wants each.
    pub each: Option<Vec<u64>>,
    /// Of each operation: nanoseconds, and square nanoseconds.
    of_op: Vec<(u128, u128)>,
}

impl WaitLog {
    pub fn new(ops: usize, each: bool) -> Box<WaitLog> {
        Box::new(WaitLog {
            each: each.then(Vec::new),
            of_op: vec![(0, 0); ops],
        })
    }

    /// A service begins after a wait in line.
    #[inline(never)]
    pub fn add(&mut self, op: usize, waited: u64) {
        if let Some(each) = &mut self.each {
            each.push(waited);
        }
        let (sum, squares) = &mut self.of_op[op];
        *sum += u128::from(waited);
        *squares += u128::from(waited) * u128::from(waited);
    }
}

impl System<'_> {
    /// The waits at each operation up to now; none if they are not kept.
    pub(crate) fn waits_by_op(&self) -> Vec<Waits> {
        let Some(log) = &self.waits else {
            return Vec::new();
        };
        let begun = self.services_begun();
        let all = log.of_op.iter().zip(begun).zip(&self.op_times);
        all.map(|((&(sum, squares), begun), time)| Waits {
            begun,
            waited: time.waits,
            sum,
            squares,
        })
        .collect()
    }

    /// Services that began at each operation up to now, those that went on after an interruption included: they are
    /// over, broken off or under way.
    pub(crate) fn services_begun(&self) -> Vec<u64> {
        let over = self.op_times.iter().map(|t| t.visits + t.broken_off);
        let mut all: Vec<u64> = over.collect();
        for (_, request) in self.requests.iter() {
            let at = request.at as usize;
            if request.state == RequestState::InService && matches!(self.ops[at], Op::Serve { .. })
            {
                all[at] += 1;
            }
        }
        all
    }
}
