//! Queues for rows that are not served in order of arrival.
//!
//! *Random*: one of all who wait. *By version*, inferred from measurements of `PostgreSQL` 15.20 and 18.4: who comes
//! queues in order on the row's newest version. The one that gets the row and writes it makes all others who waited for the
//! old version wait for that writer, outside of any queue: when it is done, they and the first in the queue race for
//! the row, and each is as likely to win. A holder that writes nothing leaves the queue as it is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::waiting::{QueueEntry, Tickets};
use crate::engine::stream::Stream;

/// Those who wait for the rows of one kind.
#[derive(Clone, Debug)]
pub struct Rows {
    /// There are versions; else all who wait race always.
    versions: bool,
    stream: Stream,
    rows: BTreeMap<u32, Row>,
    /// Rows whose present holder does not write them.
    read_only: BTreeSet<u32>,
}

/// Those who wait for one row.
#[derive(Clone, Debug, Default)]
struct Row {
    /// They wait for the present holder to be done.
    racers: Vec<QueueEntry>,
    /// In order of arrival.
    queue: VecDeque<QueueEntry>,
}

impl Rows {
    /// Nobody waits.
    #[must_use]
    pub fn new(versions: bool, stream: Stream) -> Rows {
        Rows {
            versions,
            stream,
            rows: BTreeMap::new(),
            read_only: BTreeSet::new(),
        }
    }

    /// Somebody got a row that nobody waited for.
    pub fn taken(&mut self, row: u32, writes: bool) {
        if writes {
            self.read_only.remove(&row);
        } else {
            self.read_only.insert(row);
        }
    }

    /// Somebody waits for a row. `entry.demand` is 1 if it will write it, else 0.
    pub fn push(&mut self, row: u32, entry: QueueEntry) {
        let row = self.rows.entry(row).or_default();
        if self.versions {
            row.queue.push_back(entry);
        } else {
            row.racers.push(entry);
        }
    }

    /// The holder of a row is done, and has written it unless it failed. Takes who has the row next.
    pub fn next(
        &mut self,
        number: u32,
        failed: bool,
        tickets: &impl Tickets,
    ) -> Option<QueueEntry> {
        let wrote = !self.read_only.remove(&number) && !failed;
        let row = self.rows.get_mut(&number)?;
        row.racers.retain(|e| tickets.is_current(e.job, e.ticket));
        row.queue.retain(|e| tickets.is_current(e.job, e.ticket));
        let first = u64::from(!row.queue.is_empty());
        let at = self.stream.below(row.racers.len() as u64 + first) as usize;
        let winner = if at < row.racers.len() {
            Some(row.racers.swap_remove(at))
        } else {
            row.queue.pop_front()
        };
        match winner {
            Some(winner) if self.versions => {
                let writes = winner.demand > 0;
                if wrote && writes {
                    row.racers.extend(row.queue.drain(..));
                } else if !writes {
                    // They find a row that is locked and not written, and queue on it as they come.
                    while !row.racers.is_empty() {
                        let at = self.stream.below(row.racers.len() as u64) as usize;
                        row.queue.push_front(row.racers.swap_remove(at));
                    }
                }
                self.taken(number, writes);
            }
            _ => {}
        }
        if row_is_empty(self.rows.get(&number)) {
            self.rows.remove(&number);
        }
        winner
    }
}

fn row_is_empty(row: Option<&Row>) -> bool {
    row.is_some_and(|row| row.racers.is_empty() && row.queue.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::Job;

    struct Current(Vec<u32>);
    impl Tickets for Current {
        fn is_current(&self, job: Job, ticket: u32) -> bool {
            self.0[job as usize] == ticket
        }
    }

    fn entry(job: Job, writes: bool) -> QueueEntry {
        let demand = u64::from(writes);
        QueueEntry {
            job,
            ticket: 0,
            demand,
        }
    }

    /// Twenty wait for one row at once; all are served, `failed` or not.
    fn order(versions: bool, writes: bool, failed: bool, gone: &[usize]) -> Vec<Job> {
        let mut rows = Rows::new(versions, Stream::new(7, 0, "rows"));
        let mut tickets = Current(vec![0; 20]);
        rows.taken(3, writes);
        for job in 0..20 {
            rows.push(3, entry(job, writes));
        }
        for &job in gone {
            tickets.0[job] = 1;
        }
        let served = std::iter::from_fn(|| rows.next(3, failed, &tickets).map(|e| e.job));
        let served: Vec<Job> = served.collect();
        assert!(rows.rows.is_empty() && rows.next(3, failed, &tickets).is_none());
        served
    }

    #[test]
    fn nobody_is_lost_and_nobody_served_twice() {
        for versions in [false, true] {
            for (writes, failed) in [(true, false), (true, true), (false, false)] {
                let mut served = order(versions, writes, failed, &[2, 11]);
                served.sort_unstable();
                let all: Vec<Job> = (0..20).filter(|job| ![2, 11].contains(job)).collect();
                assert_eq!(served, all);
            }
        }
    }

    #[test]
    fn order_is_lost_where_versions_are_written_alone() {
        let in_order: Vec<Job> = (0..20).collect();
        assert_eq!(order(true, false, false, &[]), in_order);
        assert_eq!(order(true, true, true, &[]), in_order);
        assert_ne!(order(true, true, false, &[]), in_order);
        assert_eq!(order(true, true, false, &[])[0], 0, "nobody has raced yet");
        assert_ne!(order(false, false, false, &[]), in_order);
    }

    #[test]
    fn racers_queue_again_behind_a_holder_that_does_not_write() {
        let mut rows = Rows::new(true, Stream::new(7, 0, "rows"));
        let tickets = Current(vec![0; 6]);
        rows.taken(0, true);
        rows.push(0, entry(1, true));
        rows.push(0, entry(2, false));
        rows.push(0, entry(3, false));
        // 1 writes: 2 and 3 wait for it. 4 queues on the new version.
        assert_eq!(rows.next(0, false, &tickets).map(|e| e.job), Some(1));
        rows.push(0, entry(4, false));
        let winner = rows.next(0, false, &tickets).map(|e| e.job);
        // The winner does not write, so that all others stand in one queue, and those who raced in front.
        let rest: Vec<Job> = rows.rows[&0].queue.iter().map(|e| e.job).collect();
        assert!(rows.rows[&0].racers.is_empty());
        match winner {
            Some(4) => assert!(rest == [2, 3] || rest == [3, 2]),
            Some(first) => assert_eq!(rest, [5 - first, 4]),
            None => panic!("nobody is served"),
        }
    }
}
