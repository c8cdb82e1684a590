//! The event queue: all pending events in one total order, (time, sequence number).
//!
//! Three containers share that order, because a smaller heap is most of the speed:
//! - the **heap**, for events at irregular times;
//! - **lanes**, one for each constant delay (think times, timeouts, hold expiries): what is scheduled
//!   later is due later, so a lane is a plain FIFO and only its head competes;
//! - **alarms**, one pending event each that its owner may move or clear (the next completion of a
//!   station, the next step of a ramp), so that no stale event is ever left behind.
//!
//! The heads of lanes and the alarms are compared in a tournament tree: O(log sources) for a change.

use std::collections::VecDeque;

use super::heap::{MinHeap, key, major};
use super::{Span, Time};

/// A FIFO of events with the same delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneId(u32);

/// A single event that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmId(u32);

#[derive(Clone, Debug)]
enum Source<E> {
    Lane {
        delay: Span,
        waiting: VecDeque<(u128, E)>,
    },
    Alarm {
        event: E,
    },
}

/// Pending events in total order: by time, then by the order in which they were scheduled.
#[derive(Clone, Debug)]
pub struct EventQueue<E: Copy> {
    now: Time,
    sequence: u64,
    heap: MinHeap<E>,
    sources: Vec<Source<E>>,
    tree: Tournament,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue {
            now: Time::ZERO,
            sequence: 0,
            heap: MinHeap::default(),
            sources: Vec::new(),
            tree: Tournament::default(),
        }
    }
}

impl<E: Copy> EventQueue<E> {
    /// The time of the event that was popped last.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events have been scheduled so far.
    #[must_use]
    pub fn scheduled(&self) -> u64 {
        self.sequence
    }

    /// Adds a lane for a constant delay.
    pub fn lane(&mut self, delay: Span) -> LaneId {
        self.sources.push(Source::Lane {
            delay,
            waiting: VecDeque::new(),
        });
        self.tree.grow(self.sources.len());
        LaneId(self.sources.len() as u32 - 1)
    }

    /// Adds an alarm, cleared. `event` is what it will deliver.
    pub fn alarm(&mut self, event: E) -> AlarmId {
        self.sources.push(Source::Alarm { event });
        self.tree.grow(self.sources.len());
        AlarmId(self.sources.len() as u32 - 1)
    }

    /// Schedules an event at an instant, which must not lie in the past.
    #[inline]
    pub fn at(&mut self, time: Time, event: E) {
        debug_assert!(time >= self.now, "an event in the past");
        let k = self.next_key(time);
        self.heap.push(k, event);
    }

    /// Schedules an event one lane's delay from now.
    #[inline]
    pub fn after_lane(&mut self, lane: LaneId, event: E) {
        let now = self.now;
        self.sequence += 1;
        let sequence = self.sequence;
        let Source::Lane { delay, waiting } = &mut self.sources[lane.0 as usize] else {
            unreachable!("a lane id names a lane")
        };
        let k = key((now + *delay).0, sequence);
        waiting.push_back((k, event));
        if waiting.len() == 1 {
            self.tree.set(lane.0, k);
        }
    }

    /// Sets or moves an alarm. An alarm set anew comes after everything already due at that instant.
    #[inline]
    pub fn set_alarm(&mut self, alarm: AlarmId, time: Time) {
        debug_assert!(time >= self.now, "an alarm in the past");
        let k = self.next_key(time);
        self.tree.set(alarm.0, k);
    }

    /// Clears an alarm.
    #[inline]
    pub fn clear_alarm(&mut self, alarm: AlarmId) {
        self.tree.set(alarm.0, u128::MAX);
    }

    /// The time of the next event, if any.
    #[must_use]
    pub fn next_time(&self) -> Option<Time> {
        let first = self.heap.first_key().min(self.tree.first_key());
        (first != u128::MAX).then(|| Time(major(first)))
    }

    /// Removes the next event and moves the clock to its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        let from_tree = self.tree.first_key();
        if self.heap.first_key() < from_tree {
            let (k, event) = self.heap.pop()?;
            self.now = Time(major(k));
            return Some((self.now, event));
        }
        if from_tree == u128::MAX {
            return None;
        }
        let source = self.tree.first();
        let event = match &mut self.sources[source as usize] {
            Source::Alarm { event } => {
                self.tree.set(source, u128::MAX);
                *event
            }
            Source::Lane { waiting, .. } => {
                let (_, event) = waiting.pop_front()?;
                let next = waiting.front().map_or(u128::MAX, |w| w.0);
                self.tree.set(source, next);
                event
            }
        };
        self.now = Time(major(from_tree));
        Some((self.now, event))
    }

    #[inline]
    fn next_key(&mut self, time: Time) -> u128 {
        self.sequence += 1;
        key(time.0, self.sequence)
    }
}

/// A winner tree over the keys of all sources.
#[derive(Clone, Debug, Default)]
struct Tournament {
    /// Key of each source; as many as `leaves`, the unused ones `u128::MAX`.
    keys: Vec<u128>,
    /// Winner (source index) of each inner node, the root at 1.
    winners: Vec<u32>,
    /// A power of two.
    leaves: usize,
    first_key: u128,
}

impl Tournament {
    #[inline]
    fn first_key(&self) -> u128 {
        if self.leaves == 0 {
            u128::MAX
        } else {
            self.first_key
        }
    }

    #[inline]
    fn first(&self) -> u32 {
        if self.leaves == 1 { 0 } else { self.winners[1] }
    }

    fn grow(&mut self, sources: usize) {
        if sources <= self.leaves {
            return;
        }
        self.leaves = sources.next_power_of_two();
        self.keys.resize(self.leaves, u128::MAX);
        self.winners = vec![0; self.leaves];
        for leaf in 0..self.leaves as u32 {
            self.set(leaf, self.keys[leaf as usize]);
        }
    }

    #[inline]
    fn set(&mut self, source: u32, k: u128) {
        self.keys[source as usize] = k;
        let keys = &self.keys[..self.leaves];
        let winners = &mut self.winners[..self.leaves];
        let mut node = (self.leaves + source as usize) >> 1;
        // The lowest inner nodes compare two leaves, the others two winners.
        if node >= 1 {
            let left = node * 2 - self.leaves;
            let mut winner = if keys[left] <= keys[left + 1] {
                left
            } else {
                left + 1
            };
            winners[node] = winner as u32;
            while node > 1 {
                let sibling = winners[node ^ 1] as usize;
                node >>= 1;
                if keys[sibling] < keys[winner] {
                    winner = sibling;
                }
                winners[node] = winner as u32;
            }
            self.first_key = keys[winner];
        } else {
            self.first_key = keys[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heap_lanes_and_alarms_share_one_order() {
        let mut q = EventQueue::default();
        let lane = q.lane(Span(10));
        let alarm = q.alarm("alarm");
        q.at(Time(10), "heap 10");
        q.after_lane(lane, "lane 10");
        q.set_alarm(alarm, Time(10));
        q.at(Time(5), "heap 5");
        q.at(Time(10), "heap 10, later");
        let order: Vec<_> = std::iter::from_fn(|| q.pop()).collect();
        assert_eq!(
            order,
            [
                (Time(5), "heap 5"),
                (Time(10), "heap 10"),
                (Time(10), "lane 10"),
                (Time(10), "alarm"),
                (Time(10), "heap 10, later"),
            ]
        );
    }

    #[test]
    fn an_alarm_moves_and_clears() {
        let mut q = EventQueue::default();
        let a = q.alarm('a');
        let b = q.alarm('b');
        let c = q.alarm('c');
        q.set_alarm(a, Time(3));
        q.set_alarm(b, Time(2));
        q.set_alarm(c, Time(1));
        q.set_alarm(c, Time(9));
        q.clear_alarm(b);
        assert_eq!(q.next_time(), Some(Time(3)));
        assert_eq!(q.pop(), Some((Time(3), 'a')));
        assert_eq!(q.pop(), Some((Time(9), 'c')));
        assert_eq!(q.pop(), None);
        assert_eq!(q.now(), Time(9));
    }

    #[test]
    fn agrees_with_a_sorted_list() {
        let mut q = EventQueue::default();
        let lanes = [
            q.lane(Span(7)),
            q.lane(Span(0)),
            q.lane(Span(31)),
            q.lane(Span(5)),
        ];
        let delays = [7, 0, 31, 5];
        let mut expected = Vec::new();
        let mut x = 1_u64;
        let mut pops = Vec::new();
        for i in 0..2000_u64 {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let choice = (x >> 60) as usize % 5;
            if choice < 4 {
                q.after_lane(lanes[choice], i);
                expected.push((q.now().0 + delays[choice], i));
            } else {
                let t = q.now().0 + (x >> 40) % 50;
                q.at(Time(t), i);
                expected.push((t, i));
            }
            if i % 3 == 0 {
                pops.extend(q.pop());
            }
        }
        pops.extend(std::iter::from_fn(|| q.pop()));
        let mut got: Vec<_> = pops.iter().map(|&(t, e)| (t.0, e)).collect();
        assert!(
            got.windows(2).all(|w| w[0].0 <= w[1].0),
            "time never goes back"
        );
        got.sort_unstable();
        expected.sort_unstable();
        assert_eq!(got, expected);
    }
}
