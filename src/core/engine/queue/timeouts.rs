//! Timeouts: events most of which are no longer wanted when they are due.

use super::{EventQueue, FixedDelayId, LISTED, NEXT};
use crate::engine::heap::key;
use crate::engine::{Span, Time, Turn};

/// A FIFO of events that are due in the order in which they are scheduled, and mostly forgotten before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutsId(FixedDelayId);

impl<E: Copy> EventQueue<E> {
    /// Adds a queue of timeouts, which have this turn. It is not compared directly, for its head is mostly forgotten
    /// before it is due.
    pub fn timeouts(&mut self, turn: Turn) -> TimeoutsId {
        TimeoutsId(self.rare_fixed_delay(Span::ZERO, turn))
    }

    /// Schedules a timeout, at an instant no earlier than that of any other in its queue. First, those at the head of the
    /// queue that are no longer wanted are forgotten. What is left comes as if all had been scheduled in the heap.
    #[inline]
    pub fn add_timeout(
        &mut self,
        timeouts: TimeoutsId,
        time: Time,
        event: E,
        wanted: impl Fn(E) -> bool,
    ) {
        self.forget_timeouts(timeouts, wanted);
        self.sequence += NEXT;
        let queue = &mut self.fixed_delays[timeouts.0.0 as usize];
        debug_assert!(time >= self.now && queue.place == LISTED);
        let k = key(time.0, self.sequence | queue.order);
        if queue.push(k, event) && queue.listed == u128::MAX {
            queue.listed = k;
            self.list_first(k);
        }
    }

    /// Forgets timeouts at the head of a queue that are no longer wanted. Its key among the heads stays until it comes to
    /// the front.
    #[inline]
    pub fn forget_timeouts(&mut self, timeouts: TimeoutsId, wanted: impl Fn(E) -> bool) {
        let queue = &mut self.fixed_delays[timeouts.0.0 as usize];
        while queue.first().is_some_and(|event| !wanted(event)) {
            queue.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::stream::Stream;

    /// Timeouts beside other events, against a sorted map: those that are wanted come in order.
    fn agrees_with_a_sorted_map(queues: usize, wanted: f64) {
        let mut stream = Stream::new(queues as u64, 0, "timeouts");
        let (mut q, mut known) = (EventQueue::default(), BTreeMap::new());
        let ids: Vec<TimeoutsId> = (0..queues).map(|_| q.timeouts(Turn::Late)).collect();
        let alarm = q.alarm(0);
        let mut unwanted = vec![false];
        let mut set = None;
        for i in 1..40_000_u64 {
            let now = q.now().0;
            unwanted.push(!stream.chance(wanted));
            let is_wanted = |event: u64| !unwanted[event as usize];
            let at = stream.below(queues as u64) as usize;
            match stream.below(12) {
                0..3 => {
                    // Each queue has a delay of its own, up to the next look of a timer.
                    let due = (now + 10 * (at as u64 + 1)).div_ceil(7) * 7;
                    q.add_timeout(ids[at], Time(due), i, is_wanted);
                    if is_wanted(i) {
                        known.insert((due, 1, i), i);
                    }
                }
                3 => {
                    let due = now + stream.below(30);
                    q.at_turn(Time(due), Turn::Late, i);
                    unwanted[i as usize] = false;
                    known.insert((due, 1, i), i);
                }
                4 => {
                    let due = now + stream.below(30);
                    q.set_alarm(alarm, Time(due));
                    set.replace((due, 0, i)).map(|old| known.remove(&old));
                    known.insert((due, 0, i), 0);
                }
                5 => q.forget_timeouts(ids[at], is_wanted),
                _ => {
                    let mut popped = q.pop();
                    while let Some((_, event)) = popped
                        && !is_wanted(event)
                    {
                        popped = q.pop();
                    }
                    let next = known.pop_first();
                    assert_eq!(popped, next.map(|e| (Time(e.0.0), e.1)));
                    if popped.is_some_and(|e| e.1 == 0) {
                        set = None;
                    }
                    if next.is_some() && stream.chance(0.5) {
                        let first = known.first_key_value().map(|e| Time(e.0.0));
                        assert!(q.next_time() <= first || first.is_none());
                    }
                }
            }
        }
        assert!(q.now().0 > 1_000);
    }

    #[test]
    fn timeouts_come_in_order_unless_they_are_forgotten() {
        for queues in [1, 2, 5, 40] {
            for wanted in [0.0, 0.1, 0.9, 1.0] {
                agrees_with_a_sorted_map(queues, wanted);
            }
        }
    }

    #[test]
    fn a_forgotten_timeout_does_not_come() {
        let mut q = EventQueue::default();
        let timeouts = q.timeouts(Turn::Late);
        q.add_timeout(timeouts, Time(10), 1, |_| true);
        q.add_timeout(timeouts, Time(11), 2, |event| event != 1);
        q.at(Time(10), 3);
        assert_eq!(q.pop(), Some((Time(10), 3)));
        assert_eq!(q.next_time(), Some(Time(11)));
        q.add_timeout(timeouts, Time(20), 4, |event| event != 2);
        q.forget_timeouts(timeouts, |_| false);
        assert_eq!((q.next_time(), q.pending()), (None, 0));
        q.add_timeout(timeouts, Time(30), 5, |_| true);
        assert_eq!((q.pop(), q.pop()), (Some((Time(30), 5)), None));
    }
}
