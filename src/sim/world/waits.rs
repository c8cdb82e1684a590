//! Waits at stations, of runs that somebody looks at. A run that nobody looks at keeps none of them.

use crate::model::system::Op;

use super::World;
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
pub(super) struct WaitLog {
    /// Every one in nanoseconds, in the order in which service began, if a study wants each.
    pub each: Option<Vec<u64>>,
    of_op: Vec<Waits>,
    /// Services that were cut off or interrupted, by operation.
    broken_off: Vec<u64>,
}

impl WaitLog {
    pub fn new(ops: usize, each: bool) -> Box<WaitLog> {
        Box::new(WaitLog {
            each: each.then(Vec::new),
            of_op: vec![Waits::default(); ops],
            broken_off: vec![0; ops],
        })
    }

    /// A service begins after a wait in line.
    #[inline(never)]
    pub fn add(&mut self, op: usize, waited: u64) {
        if let Some(each) = &mut self.each {
            each.push(waited);
        }
        let of = &mut self.of_op[op];
        of.waited += u64::from(waited > 0);
        of.sum += u128::from(waited);
        of.squares += u128::from(waited) * u128::from(waited);
    }

    /// A service ends before its time.
    pub fn broken_off(&mut self, op: usize) {
        self.broken_off[op] += 1;
    }
}

impl World<'_> {
    /// The waits at each operation up to now; none if they are not kept.
    pub(super) fn waits_by_op(&self) -> Vec<Waits> {
        let Some(log) = &self.waits else {
            return Vec::new();
        };
        let mut all = log.of_op.clone();
        // A service that has begun is over, broken off or under way.
        for (at, waits) in all.iter_mut().enumerate() {
            waits.begun = self.op_times[at].visits + log.broken_off[at];
        }
        for (_, request) in self.requests.iter() {
            let at = request.at as usize;
            if request.state == RequestState::InService && matches!(self.ops[at], Op::Serve { .. })
            {
                all[at].begun += 1;
            }
        }
        all
    }
}
