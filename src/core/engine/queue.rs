//! The next-event list: all pending events in one total order, (time, turn, sequence number).
//!
//! Events come from three kinds of sources, because a smaller heap is most of the speed:
//! - the **heap**, for events at irregular times;
//! - **fixed-delay queues**, one for each constant delay (think times, timeouts, hold expiries): what is scheduled
//!   later is due later, so such a queue is a plain FIFO and only its head competes;
//! - **alarms**, one pending event each that its owner may move or clear (the next completion of a
//!   station, the next step of a ramp), so that no stale event is ever left behind.
//!
//! The heads of the first fixed-delay queues and busy alarms are compared directly. Those for which there is no room, and
//! alarms that hardly ever go off, stand in a list of their own, and the heap beside them. An alarm of that list
//! that is cleared or set to a later time keeps its place there until it comes to the front: most have moved on
//! again by then. So does a queue of [timeouts](TimeoutsId) whose head is no longer wanted.

mod sources;
mod timeouts;

pub use timeouts::TimeoutsId;

use super::direct::{DIRECT, DirectSources};
use super::fixed_delay::FixedDelayQueue;
use super::heap::{key, major};
use super::ladder::Ladder;
use super::source_heads::{SOURCE_BITS, SourceHeads, source_of};
use super::table::Table;
use super::{Time, Turn};

/// A FIFO of events with the same delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedDelayId(u32);

/// A single event that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmId {
    number: u32,
    /// Where it is compared directly, or `LISTED`.
    place: u8,
}

impl FixedDelayId {
    /// Fixed-delay queues have the odd numbers among the sources.
    #[inline]
    fn source(self) -> u32 {
        self.0 << 1 | 1
    }
}

impl AlarmId {
    /// Alarms have the even numbers among the sources.
    #[inline]
    fn source(self) -> u32 {
        self.number << 1
    }
}

/// In a fixed-delay queue with more events than this, what they are about is hardly in the nearest cache.
const LONG: usize = 1 << 9;

/// The step from one sequence number to the next, in the place where they stand in keys.
const NEXT: u64 = 1 << SOURCE_BITS;

/// The place of a source that is not compared directly.
const LISTED: u8 = u8::MAX;

#[derive(Clone, Debug)]
struct Alarm<E> {
    event: E,
    /// When it goes off, `u128::MAX` for never. Of one that is compared directly, it stands there.
    due: u128,
    /// Its key among the heads, `u128::MAX` for none. Never greater than when it is due.
    listed: u128,
}

/// Pending events in total order: by time, then by turn, then by the order in which they were scheduled.
#[derive(Clone, Debug)]
pub struct EventQueue<E: Copy> {
    now: Time,
    /// Of what was scheduled last, shifted to where it stands in a key.
    sequence: u64,
    direct: DirectSources,
    /// The event of the alarm at each place of `direct`; none where there is a fixed-delay queue.
    alarm_at: [Option<E>; DIRECT],
    /// The fixed-delay queue at each place of `direct` that has no alarm.
    delay_at: [u32; DIRECT],
    /// No event of the heap or of `heads` comes before this key.
    others: u128,
    heap: Ladder<E>,
    fixed_delays: Table<FixedDelayQueue<E>>,
    alarms: Vec<Alarm<E>>,
    heads: SourceHeads,
    /// How many sources stand in `heads`.
    listed: usize,
    /// What `pop_listed_or_none` has found.
    found: Option<E>,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue {
            now: Time::ZERO,
            sequence: 0,
            direct: DirectSources::default(),
            alarm_at: [None; DIRECT],
            delay_at: [0; DIRECT],
            others: u128::MAX,
            heap: Ladder::default(),
            fixed_delays: Table::default(),
            alarms: Vec::new(),
            heads: SourceHeads::default(),
            listed: 0,
            found: None,
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

    /// How many events are pending, alarms apart.
    #[must_use]
    pub fn pending(&self) -> usize {
        let delayed: usize = self.fixed_delays.iter().map(FixedDelayQueue::len).sum();
        self.heap.len() + delayed
    }

    /// Schedules an event at an instant, which must not lie in the past.
    #[inline]
    pub fn at(&mut self, time: Time, event: E) {
        self.at_turn(time, Turn::Usual, event);
    }

    /// As [`EventQueue::at`], with its turn among the events of that instant.
    #[inline]
    pub fn at_turn(&mut self, time: Time, turn: Turn, event: E) {
        debug_assert!(time >= self.now, "an event in the past");
        let k = self.next_key(time, turn);
        self.heap.push(k, event);
        self.others = self.others.min(k);
    }

    /// Schedules an event one queue's delay from now.
    #[inline(always)]
    pub fn after_fixed_delay(&mut self, queue: FixedDelayId, event: E) {
        self.sequence += NEXT;
        let queue = &mut self.fixed_delays[queue.0 as usize];
        let order = self.sequence | queue.order;
        let time = self.now + queue.delay;
        if queue.push(key(time.0, order), event) {
            if queue.place == LISTED {
                queue.listed = key(time.0, order);
                self.list_first(key(time.0, order));
            } else {
                self.direct.set(usize::from(queue.place), time, order);
            }
        }
    }

    /// Sets or moves an alarm. An alarm set anew comes after everything already due at that instant that has the
    /// usual turn.
    #[inline(always)]
    pub fn set_alarm(&mut self, alarm: AlarmId, time: Time) {
        self.set_alarm_turn(alarm, time, Turn::Usual);
    }

    /// As [`EventQueue::set_alarm`], with its turn among the events of that instant.
    #[inline(always)]
    pub fn set_alarm_turn(&mut self, alarm: AlarmId, time: Time, turn: Turn) {
        debug_assert!(time >= self.now, "an alarm in the past");
        self.sequence += NEXT;
        let order = (self.sequence + u64::from(alarm.source())) | turn.bits();
        if alarm.place == LISTED {
            self.set_listed_alarm(alarm, key(time.0, order));
        } else {
            self.direct.set(usize::from(alarm.place), time, order);
        }
    }

    #[inline(never)]
    fn set_listed_alarm(&mut self, alarm: AlarmId, k: u128) {
        let alarm = &mut self.alarms[alarm.number as usize];
        alarm.due = k;
        if k >= alarm.listed {
            return;
        }
        let listed = std::mem::replace(&mut alarm.listed, k);
        if listed == u128::MAX {
            self.list_first(k);
        } else {
            self.heads.lower(listed, k);
            self.others = self.others.min(k);
        }
    }

    /// A source that is not compared directly has an event again.
    #[inline(never)]
    fn list_first(&mut self, k: u128) {
        self.heads.insert(k);
        self.others = self.others.min(k);
    }

    /// Clears an alarm.
    #[inline]
    pub fn clear_alarm(&mut self, alarm: AlarmId) {
        if alarm.place == LISTED {
            self.alarms[alarm.number as usize].due = u128::MAX;
        } else {
            self.direct.clear(usize::from(alarm.place));
        }
    }

    /// The time of the next event, if any.
    pub fn next_time(&mut self) -> Option<Time> {
        let (time, place) = self.direct.first();
        let first = self.direct.key(place).min(self.first_of_others());
        debug_assert!(time.0 >= major(first));
        (first != u128::MAX).then(|| Time(major(first)))
    }

    /// The key of the next event of the heap and of the sources that are not compared directly, `u128::MAX` if
    /// there is none.
    fn first_of_others(&mut self) -> u128 {
        loop {
            let first = self.heads.first();
            let heap = self.heap.first_key();
            if heap < first || first == u128::MAX || !self.moved_on(first) {
                return heap.min(first);
            }
        }
    }

    /// Removes the next event and moves the clock to its time.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.pop_and_look_ahead(|_| ())
    }

    /// As [`EventQueue::pop`]. If the event comes from a long fixed-delay queue, another one of that queue that is due soon
    /// is shown, so that what it is about can be asked for ahead of time.
    #[inline(always)]
    pub fn pop_and_look_ahead(&mut self, look: impl FnOnce(E)) -> Option<(Time, E)> {
        let (time, place) = self.direct.first();
        let others = major(self.others);
        if time.0 < others || (time.0 == others && self.direct.key(place) < self.others) {
            return Some((time, self.pop_direct(time, place, look)));
        }
        if self.heap.first_key() == self.others
            && let Some((_, event)) = self.heap.pop()
        {
            self.now = Time(others);
            self.others = self.heap.first_key().min(self.heads.first());
            return Some((self.now, event));
        }
        // It comes through a field: were it handed over by the call, events of all ways would stand in memory.
        self.pop_listed_or_none();
        self.found.map(|event| (self.now, event))
    }

    /// Removes the event of a source that is compared directly and has one.
    #[inline(always)]
    fn pop_direct(&mut self, time: Time, place: usize, look: impl FnOnce(E)) -> E {
        self.now = time;
        if let Some(event) = self.alarm_at[place % DIRECT] {
            self.direct.clear(place);
            return event;
        }
        let (event, next) = self.pop_delayed(self.delay_at[place % DIRECT] as usize, look);
        self.direct.set(place, Time(major(next)), next as u64);
        event
    }

    /// Removes the first event of a fixed-delay queue that has some. Returns it with the key of the next, `u128::MAX` if
    /// there is none.
    #[inline(always)]
    fn pop_delayed(&mut self, index: usize, look: impl FnOnce(E)) -> (E, u128) {
        let queue = &mut self.fixed_delays[index];
        let popped = queue.pop();
        if queue.len() > LONG
            && let Some(ahead) = queue.second()
        {
            look(ahead);
        }
        popped
    }

    /// Removes the next event, where no event of the heap is as early as `others` says.
    #[inline(never)]
    fn pop_listed_or_none(&mut self) {
        self.found = None;
        let first = self.first_of_others();
        let (_, place) = self.direct.first();
        if first == u128::MAX && self.direct.key(place) == u128::MAX {
            return;
        }
        if first > self.others {
            // An alarm was cleared or has moved on.
            self.others = first;
            self.found = self.pop().map(|(_, event)| event);
            return;
        }
        self.now = Time(major(first));
        self.found = self.pop_listed(first);
        self.others = self.heap.first_key().min(self.heads.first());
    }

    /// Removes the event of the source that is the first of those in `heads`.
    fn pop_listed(&mut self, first: u128) -> Option<E> {
        let source = source_of(first);
        let index = source as usize / 2;
        if source.is_multiple_of(2) {
            // It stays where it is: its owner mostly sets it anew at once, and one change is saved.
            let alarm = self.alarms.get_mut(index)?;
            alarm.due = u128::MAX;
            return Some(alarm.event);
        }
        let (event, next) = self.pop_delayed(index, |_| ());
        self.fixed_delays[index].listed = next;
        self.relist_first(next);
        Some(event)
    }

    /// If the first key is that of an alarm that is not due then any more, or of a timeout that was forgotten, its source
    /// goes to where it belongs.
    #[inline]
    fn moved_on(&mut self, first: u128) -> bool {
        let source = source_of(first);
        let index = source as usize / 2;
        let (due, listed) = if source.is_multiple_of(2) {
            let alarm = &mut self.alarms[index];
            (alarm.due, &mut alarm.listed)
        } else {
            let queue = &mut self.fixed_delays[index];
            (queue.first_key(), &mut queue.listed)
        };
        if due == first {
            return false;
        }
        *listed = due;
        self.relist_first(due);
        true
    }

    /// The first of the sources that are not compared directly has this key now, `u128::MAX` for none.
    #[inline]
    fn relist_first(&mut self, key: u128) {
        if key == u128::MAX {
            self.heads.remove_first();
        } else {
            self.heads.replace_first(key);
        }
    }

    #[inline]
    fn next_key(&mut self, time: Time, turn: Turn) -> u128 {
        self.sequence += NEXT;
        key(time.0, self.sequence | turn.bits())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::Span;
    use crate::engine::stream::Stream;

    #[test]
    fn heap_lanes_and_alarms_share_one_order() {
        let mut q = EventQueue::default();
        let queue = q.fixed_delay(Span(10), Turn::Usual);
        let alarm = q.alarm("alarm");
        q.at(Time(10), "heap 10");
        q.after_fixed_delay(queue, "lane 10");
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
    fn turns_come_before_the_order_of_scheduling() {
        let mut q = EventQueue::default();
        let late = q.fixed_delay(Span(10), Turn::Late);
        let (busy, listed) = (q.busy_alarm("busy, last"), q.alarm("listed, late"));
        q.set_alarm_turn(busy, Time(10), Turn::Last);
        q.at_turn(Time(10), Turn::Last, "heap, last");
        q.after_fixed_delay(late, "fixed, late");
        q.set_alarm_turn(listed, Time(10), Turn::Late);
        q.at(Time(10), "heap");
        let mut order: Vec<_> = (0..4).filter_map(|_| q.pop()).map(|e| e.1).collect();
        // What comes about in a later turn does not wait for the next instant.
        q.at(Time(10), "heap, as a consequence");
        order.extend(std::iter::from_fn(|| q.pop()).map(|e| e.1));
        assert_eq!(
            order,
            [
                "heap",
                "fixed, late",
                "listed, late",
                "busy, last",
                "heap, as a consequence",
                "heap, last",
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
            q.fixed_delay(Span(7), Turn::Usual),
            q.fixed_delay(Span(0), Turn::Usual),
            q.fixed_delay(Span(31), Turn::Usual),
            q.fixed_delay(Span(5), Turn::Usual),
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
                q.after_fixed_delay(lanes[choice], i);
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

    /// Alarms set, moved and cleared at random, with heap and lanes, against a sorted map.
    fn agrees_with_moving_alarms(alarms: u64) {
        let mut stream = Stream::new(alarms, 0, "queue");
        let (mut q, mut known) = (EventQueue::default(), BTreeMap::new());
        let ids: Vec<AlarmId> = (0..alarms)
            .map(|i| {
                if i % 3 == 0 {
                    q.alarm(i)
                } else {
                    q.busy_alarm(i)
                }
            })
            .collect();
        let queue = q.fixed_delay(Span(20), Turn::Usual);
        let mut set = vec![None; ids.len()];
        for i in 1..60_000_u64 {
            let now = q.now().0;
            let at = stream.below(alarms) as usize;
            match stream.below(10) {
                0 => {
                    q.after_fixed_delay(queue, alarms);
                    known.insert((now + 20, i), alarms);
                }
                1 => {
                    let time = now + stream.below(50);
                    q.at(Time(time), alarms);
                    known.insert((time, i), alarms);
                }
                2..4 => {
                    let time = now + stream.below(50);
                    q.set_alarm(ids[at], Time(time));
                    set[at].replace((time, i)).map(|old| known.remove(&old));
                    known.insert((time, i), at as u64);
                }
                4 => {
                    q.clear_alarm(ids[at]);
                    set[at].take().map(|old| known.remove(&old));
                }
                _ => {
                    let next = known.pop_first();
                    if stream.chance(0.5) {
                        assert_eq!(q.next_time(), next.map(|e| Time(e.0.0)));
                    }
                    assert_eq!(q.pop(), next.map(|e| (Time(e.0.0), e.1)));
                    if let Some(at) = next.map(|e| e.1).filter(|at| *at < alarms) {
                        set[at as usize] = None;
                    }
                }
            }
        }
        assert!(q.now().0 > 10_000);
    }

    #[test]
    fn moving_alarms_agree_with_a_sorted_map() {
        for alarms in [1, 2, 5, 30, 31, 80] {
            agrees_with_moving_alarms(alarms);
        }
    }
}
