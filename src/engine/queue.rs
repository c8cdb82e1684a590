//! The event queue: all pending events in one total order, (time, sequence number).
//!
//! Three containers share that order, because a smaller heap is most of the speed:
//! - the **heap**, for events at irregular times;
//! - **lanes**, one for each constant delay (think times, timeouts, hold expiries): what is scheduled
//!   later is due later, so a lane is a plain FIFO and only its head competes;
//! - **alarms**, one pending event each that its owner may move or clear (the next completion of a
//!   station, the next step of a ramp), so that no stale event is ever left behind.
//!
//! The heads of lanes and the alarms play a tournament: O(log sources) for a change.

use std::collections::VecDeque;

use super::heap::{key, major};
use super::ladder::Ladder;
use super::{Span, Time};

/// A FIFO of events with the same delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneId(u32);

/// A single event that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmId(u32);

/// Lower bits of a key that tell its lane or alarm. The 44 bits above count what was scheduled, which
/// would take weeks to overflow.
const SOURCE_BITS: u32 = 20;

/// The lane or alarm in whose key this is.
#[inline]
fn source_of(key: u128) -> u32 {
    key as u32 & ((1 << SOURCE_BITS) - 1)
}

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
    heap: Ladder<E>,
    sources: Vec<Source<E>>,
    firsts: Firsts,
    /// The alarm that went off last, if its key still stands among the firsts: its owner mostly
    /// sets it anew at once, and one change is saved.
    gone_off: Option<u32>,
    /// An event that is due soon in the lane of the last one.
    ahead: Option<E>,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue {
            now: Time::ZERO,
            sequence: 0,
            heap: Ladder::default(),
            sources: Vec::new(),
            firsts: Firsts::default(),
            gone_off: None,
            ahead: None,
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
        self.firsts.grow(self.sources.len());
        LaneId(self.sources.len() as u32 - 1)
    }

    /// Adds an alarm, cleared. `event` is what it will deliver.
    pub fn alarm(&mut self, event: E) -> AlarmId {
        self.sources.push(Source::Alarm { event });
        self.firsts.grow(self.sources.len());
        AlarmId(self.sources.len() as u32 - 1)
    }

    /// Schedules an event at an instant, which must not lie in the past.
    #[inline]
    pub fn at(&mut self, time: Time, event: E) {
        debug_assert!(time >= self.now, "an event in the past");
        let k = self.next_key(time, 0);
        self.heap.push(k, event);
    }

    /// Schedules an event one lane's delay from now.
    #[inline]
    pub fn after_lane(&mut self, lane: LaneId, event: E) {
        let now = self.now;
        self.sequence += 1;
        let order = self.sequence << SOURCE_BITS | u64::from(lane.0);
        let Source::Lane { delay, waiting } = &mut self.sources[lane.0 as usize] else {
            unreachable!("a lane id names a lane")
        };
        let k = key((now + *delay).0, order);
        waiting.push_back((k, event));
        if waiting.len() == 1 {
            self.firsts.set(lane.0, k);
        }
    }

    /// Sets or moves an alarm. An alarm set anew comes after everything already due at that instant.
    #[inline]
    pub fn set_alarm(&mut self, alarm: AlarmId, time: Time) {
        debug_assert!(time >= self.now, "an alarm in the past");
        let k = self.next_key(time, alarm.0);
        if self.gone_off == Some(alarm.0) {
            self.gone_off = None;
            self.firsts.replace_first(alarm.0, k);
        } else {
            self.firsts.set(alarm.0, k);
        }
    }

    /// Clears an alarm.
    #[inline]
    pub fn clear_alarm(&mut self, alarm: AlarmId) {
        if self.gone_off == Some(alarm.0) {
            self.gone_off = None;
        }
        self.firsts.clear(alarm.0);
    }

    /// The time of the next event, if any.
    pub fn next_time(&mut self) -> Option<Time> {
        self.settle();
        let first = self.heap.first_key().min(self.firsts.first());
        (first != u128::MAX).then(|| Time(major(first)))
    }

    /// Removes the next event and moves the clock to its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.settle();
        let first = self.firsts.first();
        if self.heap.first_key() < first {
            let (k, event) = self.heap.pop()?;
            self.now = Time(major(k));
            return Some((self.now, event));
        }
        if first == u128::MAX {
            return None;
        }
        let source = source_of(first);
        let event = match &mut self.sources[source as usize] {
            Source::Alarm { event } => {
                self.gone_off = Some(source);
                *event
            }
            Source::Lane { waiting, .. } => {
                let (_, event) = waiting.pop_front()?;
                self.ahead = waiting.get(1).map(|w| w.1);
                match waiting.front() {
                    Some(&(next, _)) => self.firsts.replace_first(source, next),
                    None => self.firsts.clear_first(source),
                }
                event
            }
        };
        self.now = Time(major(first));
        Some((self.now, event))
    }

    /// An event of the lane that gave the last one, due soon after it, if it was a lane: what it is about may
    /// be looked at ahead of time.
    #[inline]
    pub fn ahead(&mut self) -> Option<E> {
        self.ahead.take()
    }

    /// Takes the key of the alarm that went off away, unless it was set anew.
    #[inline]
    fn settle(&mut self) {
        if let Some(source) = self.gone_off.take() {
            self.firsts.clear_first(source);
        }
    }

    #[inline]
    fn next_key(&mut self, time: Time, source: u32) -> u128 {
        self.sequence += 1;
        key(time.0, self.sequence << SOURCE_BITS | u64::from(source))
    }
}

/// The smallest of many keys that change one at a time. Keys hold the number of their source.
///
/// A few sources (the common case) stand in a sorted list: the source that was first mostly comes back
/// among the first. Many play a tournament (D. Knuth, The Art of Computer Programming 3, 5.4.1), in which
/// a change is played up to the root: O(log sources).
#[derive(Clone, Debug)]
struct Firsts {
    /// The keys there are, the smallest last, if sources are few.
    sorted: Vec<u128>,
    /// In a tournament, `nodes[1]` is the winner of all, `nodes[n]` that of `nodes[2 n]` and
    /// `nodes[2 n + 1]`, and the upper half are the keys of the sources, `u128::MAX` for none.
    nodes: Vec<u128>,
    many: bool,
}

/// So many sources stand in a sorted list.
const FEW: usize = 32;

impl Default for Firsts {
    fn default() -> Self {
        Firsts {
            sorted: Vec::with_capacity(FEW),
            nodes: vec![u128::MAX; 2],
            many: false,
        }
    }
}

impl Firsts {
    /// The smallest key, `u128::MAX` if no source has one.
    #[inline]
    fn first(&self) -> u128 {
        self.sorted.last().copied().unwrap_or(self.nodes[1])
    }

    fn grow(&mut self, sources: usize) {
        assert!(sources < 1 << SOURCE_BITS, "too many lanes and alarms");
        let half = self.nodes.len() / 2;
        if sources <= FEW || sources <= half {
            return;
        }
        let mut keys = vec![u128::MAX; sources.next_power_of_two()];
        let known = self.nodes[half..].iter().chain(&self.sorted);
        for key in known.filter(|key| **key != u128::MAX) {
            keys[source_of(*key) as usize] = *key;
        }
        self.sorted = Vec::new();
        self.many = true;
        self.nodes = vec![u128::MAX; keys.len()];
        self.nodes.extend(&keys);
        for node in (1..keys.len()).rev() {
            self.nodes[node] = self.nodes[node * 2].min(self.nodes[node * 2 + 1]);
        }
    }

    /// Gives a source another key, in which its number must stand.
    fn set(&mut self, source: u32, key: u128) {
        if self.many {
            return self.play(source, key);
        }
        let sorted = &mut self.sorted;
        let known = sorted.iter().rposition(|key| source_of(*key) == source);
        let mut at = known.unwrap_or(sorted.len());
        if known.is_none() {
            sorted.push(key);
        }
        while let Some(next) = sorted.get(at + 1).filter(|next| **next > key) {
            sorted[at] = *next;
            at += 1;
        }
        self.sink(at, key);
    }

    /// Puts a key where it belongs, at this place or before it; the place is free.
    #[inline]
    fn sink(&mut self, mut at: usize, key: u128) {
        let sorted = &mut self.sorted[..];
        while at > 0 && sorted[at - 1] < key {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = key;
    }

    /// A source has no key any more.
    fn clear(&mut self, source: u32) {
        if self.many {
            self.play(source, u128::MAX);
        } else {
            self.sorted.retain(|key| source_of(*key) != source);
        }
    }

    /// As `set` for the source that is first.
    #[inline]
    fn replace_first(&mut self, source: u32, key: u128) {
        if self.many {
            return self.play(source, key);
        }
        self.sink(self.sorted.len() - 1, key);
    }

    /// As `clear` for the source that is first.
    #[inline]
    fn clear_first(&mut self, source: u32) {
        if self.many {
            self.play(source, u128::MAX);
        } else {
            self.sorted.pop();
        }
    }

    #[inline(never)]
    fn play(&mut self, source: u32, key: u128) {
        let nodes = &mut self.nodes[..];
        let mut at = nodes.len() / 2 + source as usize;
        let mut winner = key;
        nodes[at] = key;
        while at > 1 {
            winner = winner.min(nodes[at ^ 1]);
            at /= 2;
            nodes[at] = winner;
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
