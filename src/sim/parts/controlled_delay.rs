//! Controlled delay: how long a request may wait in a queue that does not get empty any more. It is the CoDel of
//! request queues (B. Maurer, "Fail at Scale", ACM Queue 13/8, 2015), not that of packets: a queue that has been
//! empty within the last `interval` lets requests wait that long, because it is a burst; a queue that has not lets new
//! ones wait `target`, for it would never get empty.

use crate::engine::{Span, Time};
use crate::model::queueing::Codel;

/// The rule of one queue.
#[derive(Clone, Copy, Debug)]
pub struct ControlledDelay {
    spec: Codel,
    /// When the queue was last seen empty.
    last_empty: Time,
    /// Requests that were given the short time.
    pub hurried: u64,
    /// Requests that were given the long time.
    pub patient: u64,
}

impl ControlledDelay {
    /// Of a queue that is empty.
    #[must_use]
    pub fn new(spec: Codel) -> ControlledDelay {
        ControlledDelay {
            spec,
            last_empty: Time::ZERO,
            hurried: 0,
            patient: 0,
        }
    }

    /// A request has joined the queue, in which `waiting` stand now. Returns how long it may wait.
    pub fn joined(&mut self, now: Time, waiting: u32) -> Span {
        if waiting <= 1 {
            self.last_empty = now;
        }
        if now.since(self.last_empty) > self.spec.interval {
            self.hurried += 1;
            self.spec.target
        } else {
            self.patient += 1;
            self.spec.interval
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_stays_is_hurried() {
        let mut rule = ControlledDelay::new(Codel {
            target: Span(5),
            interval: Span(100),
        });
        assert_eq!(rule.joined(Time(1000), 1), Span(100));
        assert_eq!(rule.joined(Time(1100), 2), Span(100));
        assert_eq!(rule.joined(Time(1101), 2), Span(5));
        // It has been empty meanwhile.
        assert_eq!(rule.joined(Time(1102), 1), Span(100));
        assert_eq!((rule.hurried, rule.patient), (1, 3));
    }
}
