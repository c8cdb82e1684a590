//! Locks: the exclusive right to one entity (a row, a seat, a user), and the order in which those who wait get it.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::row::Rows;
use super::waiting::{QueueEntry, Tickets, WaitQueue};
use super::{Admission, Job};
use crate::engine::Time;
use crate::engine::stream::Stream;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::waiting::{WaitOrder, Waiting};

/// The locks of all entities of one kind. Entities are numbered from 0.
#[derive(Clone, Debug)]
pub struct Locks {
    /// 0: free; otherwise the holder's job number plus one. Pages that are never touched cost nothing.
    holder: Vec<u32>,
    /// Lines of the entities that are waited for.
    lines: BTreeMap<u32, WaitQueue>,
    order: WaitOrder,
    /// Those who wait, where chance has a part in who is next.
    rows: Option<Box<Rows>>,
    /// Of barging: whether what comes back is handed over after all.
    hand_off: Option<Box<Chance>>,
    /// What they measured.
    pub probe: LockProbe,
}

/// What the locks of one kind measure.
#[derive(Clone, Debug, Default)]
pub struct LockProbe {
    /// Locks held.
    pub held: TimeWeighted,
    /// Requests waiting for one.
    pub queue: TimeWeighted,
    /// Locks given.
    pub granted: u64,
    /// Locks that had to be waited for.
    pub contended: u64,
    /// Requests that gave up waiting.
    pub left: u64,
}

impl Locks {
    /// Free locks of `entities` entities; more are added as they come up. `stream` is for orders that draw.
    #[must_use]
    pub fn new(entities: usize, waiting: &Waiting, stream: Stream) -> Locks {
        let order = waiting.order;
        let versions = order == WaitOrder::ByVersion;
        let draws = versions || order == WaitOrder::Random;
        Locks {
            holder: vec![0; entities],
            lines: BTreeMap::new(),
            order,
            hand_off: Chance::of(waiting, stream.clone()),
            rows: draws.then(|| Box::new(Rows::new(versions, stream))),
            probe: LockProbe::default(),
        }
    }

    /// A job asks for the lock of an entity, and tells whether it will write the row.
    #[inline]
    pub fn acquire(
        &mut self,
        now: Time,
        entity: u32,
        (job, ticket): (Job, u32),
        writes: bool,
    ) -> Admission {
        if self.holder.len() <= entity as usize {
            // Tokens are numbered as they are issued.
            self.holder.resize(entity as usize + 1, 0);
        }
        let holder = &mut self.holder[entity as usize];
        if *holder == 0 {
            *holder = job + 1;
            self.probe.granted += 1;
            self.probe.held.add(now);
            if let Some(rows) = &mut self.rows {
                rows.taken(entity, writes);
            }
            return Admission::Granted;
        }
        let entry = QueueEntry {
            job,
            ticket,
            demand: u64::from(writes),
        };
        match &mut self.rows {
            Some(rows) => rows.push(entity, entry),
            None => {
                let order = self.order;
                let line = self.lines.entry(entity);
                line.or_insert_with(|| WaitQueue::without_draws(order))
                    .push(entry, 0);
            }
        }
        self.probe.contended += 1;
        self.probe.queue.add(now);
        Admission::Queued
    }

    /// The holder gives the lock back, and tells whether it failed: then it has written nothing. Returns the job that
    /// is handed the lock; under barging it is free instead.
    #[inline]
    pub fn release(
        &mut self,
        now: Time,
        entity: u32,
        failed: bool,
        tickets: &impl Tickets,
    ) -> Option<Job> {
        let next = match (&mut self.rows, self.lines.get_mut(&entity)) {
            (Some(rows), _) => rows.next(entity, failed, tickets),
            (None, None) => None,
            (None, Some(line)) => {
                let handed = self.hand_off.as_mut().is_some_and(|c| c.strikes());
                let next = match handed {
                    true => line.next_woken(tickets),
                    false => line.next(tickets),
                };
                if line.is_empty() {
                    self.lines.remove(&entity);
                }
                next
            }
        };
        if let Some(next) = next {
            self.holder[entity as usize] = next.job + 1;
            self.probe.granted += 1;
            self.probe.queue.subtract(now);
            return Some(next.job);
        }
        self.holder[entity as usize] = 0;
        self.probe.held.subtract(now);
        None
    }

    /// Under barging: the first who waits for an entity has woken up. Returns it if the lock is free; else it stays
    /// where it is.
    pub fn wake(&mut self, now: Time, entity: u32, tickets: &impl Tickets) -> Option<Job> {
        let holder = self.holder.get_mut(entity as usize)?;
        let line = self.lines.get_mut(&entity).filter(|_| *holder == 0)?;
        let next = line.next_woken(tickets);
        if line.is_empty() {
            self.lines.remove(&entity);
        }
        let next = next?;
        *holder = next.job + 1;
        self.probe.granted += 1;
        self.probe.held.add(now);
        self.probe.queue.subtract(now);
        Some(next.job)
    }

    /// A waiting job leaves early; its ticket must have been made invalid.
    pub fn renege(&mut self, now: Time, entity: u32) {
        if let Some(line) = self.lines.get_mut(&entity) {
            line.renege();
        }
        self.probe.left += 1;
        self.probe.queue.subtract(now);
    }

    /// Locks that somebody holds, counted one by one.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.holder.iter().filter(|job| **job != 0).count() as u64
    }

    /// The job that holds the lock of an entity.
    #[must_use]
    pub fn holder(&self, entity: u32) -> Option<Job> {
        self.holder.get(entity as usize)?.checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::waiting::AllWait;

    fn in_order(entities: usize) -> Locks {
        Locks::new(entities, &Waiting::default(), Stream::new(1, 0, "locks"))
    }

    #[test]
    fn one_holder_at_a_time_in_order_of_arrival() {
        let mut locks = in_order(8);
        assert_eq!(locks.acquire(Time(0), 5, (10, 0), true), Admission::Granted);
        assert_eq!(locks.acquire(Time(0), 6, (11, 0), true), Admission::Granted);
        assert_eq!(locks.acquire(Time(1), 5, (12, 0), true), Admission::Queued);
        assert_eq!(locks.acquire(Time(2), 5, (13, 0), true), Admission::Queued);
        assert_eq!(locks.holder(5), Some(10));
        assert_eq!(locks.release(Time(3), 5, false, &AllWait), Some(12));
        assert_eq!(locks.release(Time(4), 5, false, &AllWait), Some(13));
        assert_eq!(locks.release(Time(5), 5, false, &AllWait), None);
        assert_eq!(locks.holder(5), None);
        assert_eq!(locks.probe.contended, 2);
        assert_eq!(locks.probe.held.value(), 1);
    }
}
