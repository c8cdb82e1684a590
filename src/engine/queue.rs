//! The event queue: all pending events in one total order, (time, sequence number).
//!
//! Three containers share that order, because a smaller heap is most of the speed:
//! - the **heap**, for events at irregular times;
//! - **lanes**, one for each constant delay (think times, timeouts, hold expiries): what is scheduled
//!   later is due later, so a lane is a plain FIFO and only its head competes;
//! - **alarms**, one pending event each that its owner may move or clear (the next completion of a
//!   station, the next step of a ramp), so that no stale event is ever left behind.
//!
//! The heads of lanes and the alarms are compared in a tree of minima: O(log sources) for a change.

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
    /// The alarm that went off last, if its key still stands in the tree: its owner mostly sets it
    /// anew at once, and one change of the tree is saved.
    gone_off: Option<u32>,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue {
            now: Time::ZERO,
            sequence: 0,
            heap: MinHeap::default(),
            sources: Vec::new(),
            tree: Tournament::default(),
            gone_off: None,
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
        if self.gone_off == Some(alarm.0) {
            self.gone_off = None;
        }
        self.tree.set(alarm.0, k);
    }

    /// Clears an alarm.
    #[inline]
    pub fn clear_alarm(&mut self, alarm: AlarmId) {
        if self.gone_off == Some(alarm.0) {
            self.gone_off = None;
        }
        self.tree.set(alarm.0, u128::MAX);
    }

    /// The time of the next event, if any.
    pub fn next_time(&mut self) -> Option<Time> {
        self.settle();
        let first = self.heap.first_key().min(self.tree.first_key());
        (first != u128::MAX).then(|| Time(major(first)))
    }

    /// Removes the next event and moves the clock to its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.settle();
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
                self.gone_off = Some(source);
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

    /// Takes the alarm that went off out of the tree, unless it was set anew.
    #[inline]
    fn settle(&mut self) {
        if let Some(source) = self.gone_off.take() {
            self.tree.set(source, u128::MAX);
        }
    }

    #[inline]
    fn next_key(&mut self, time: Time) -> u128 {
        self.sequence += 1;
        key(time.0, self.sequence)
    }
}

/// The smallest of many keys that change one at a time: an 8-ary tree of minima. A change is looked at
/// in its own group of eight and goes up only if it changes that group's minimum; most do not.
#[derive(Clone, Debug, Default)]
struct Tournament {
    /// `levels[0]` are the keys of the sources, `levels[n + 1]` the minima of groups of eight of
    /// `levels[n]`; all padded with `u128::MAX` to whole groups. The last is a single group.
    levels: Vec<Vec<u128>>,
    first_key: u128,
    first: u32,
}

/// Keys in a group: two cache lines.
const GROUP: usize = 8;

impl Tournament {
    #[inline]
    fn first_key(&self) -> u128 {
        if self.levels.is_empty() {
            u128::MAX
        } else {
            self.first_key
        }
    }

    #[inline]
    fn first(&self) -> u32 {
        self.first
    }

    fn grow(&mut self, sources: usize) {
        let mut keys = std::mem::take(&mut self.levels)
            .into_iter()
            .next()
            .unwrap_or_default();
        keys.resize(sources.next_multiple_of(GROUP), u128::MAX);
        self.levels.push(keys);
        while let Some(below) = self.levels.last()
            && below.len() > GROUP
        {
            let mut minima: Vec<u128> = below.chunks(GROUP).map(|g| smallest(g).0).collect();
            minima.resize(minima.len().next_multiple_of(GROUP), u128::MAX);
            self.levels.push(minima);
        }
        self.find_first();
    }

    #[inline]
    fn set(&mut self, source: u32, k: u128) {
        if self.levels.len() == 1 {
            return self.set_in_one_group(source, k);
        }
        let (mut at, mut k) = (source as usize, k);
        for level in &mut self.levels {
            let old = std::mem::replace(&mut level[at], k);
            let group = at / GROUP;
            let smaller = smallest(&level[group * GROUP..][..GROUP]).0;
            if old == k {
                return;
            }
            (at, k) = (group, smaller);
        }
        self.find_first();
    }

    /// The common case, without a walk: a handful of sources.
    #[inline]
    fn set_in_one_group(&mut self, source: u32, k: u128) {
        let keys = &mut self.levels[0][..GROUP];
        keys[source as usize & (GROUP - 1)] = k;
        if k < self.first_key {
            (self.first_key, self.first) = (k, source);
        } else if source == self.first {
            let (key, at) = smallest(keys);
            (self.first_key, self.first) = (key, at as u32);
        }
    }

    /// Walks down from the root to the source with the smallest key.
    fn find_first(&mut self) {
        let mut group = 0;
        for level in self.levels.iter().rev() {
            let (key, at) = smallest(&level[group * GROUP..][..GROUP]);
            self.first_key = key;
            group = group * GROUP + at;
        }
        self.first = group as u32;
    }
}

/// The smallest key of a group and its place.
#[inline]
fn smallest(group: &[u128]) -> (u128, usize) {
    let mut best = (group[0], 0);
    for (at, key) in group.iter().enumerate().skip(1) {
        if *key < best.0 {
            best = (*key, at);
        }
    }
    best
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
    fn hundreds_of_alarms_go_off_in_order() {
        let mut q = EventQueue::default();
        let alarms: Vec<AlarmId> = (0..700).map(|i| q.alarm(i)).collect();
        // 541 is prime to 700: every time once, in a scattered order; then every third is moved.
        for (i, alarm) in alarms.iter().enumerate() {
            q.set_alarm(*alarm, Time((i as u64 * 541) % 700 + 1));
        }
        for alarm in alarms.iter().step_by(3) {
            q.set_alarm(*alarm, Time(1000));
        }
        q.clear_alarm(alarms[1]);
        let order: Vec<(u64, u64)> = std::iter::from_fn(|| q.pop())
            .map(|(t, i)| (t.0, i))
            .collect();
        assert_eq!(order.len(), 699);
        assert!(order.windows(2).all(|w| w[0].0 <= w[1].0));
        for (time, i) in order {
            let expected = if i % 3 == 0 {
                1000
            } else {
                (i * 541) % 700 + 1
            };
            assert_eq!(time, expected);
        }
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
