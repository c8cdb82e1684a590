//! A queue of waiting jobs under a discipline, which any job may leave early.
//!
//! A job that leaves early stays in the queue as an abandoned entry and is skipped when its turn comes: the ticket it
//! waited with is no longer current.

use std::collections::VecDeque;

use super::Job;
use super::chance::Chance;
use crate::engine::heap::{MinHeap, key};
use crate::engine::ring::Ring;
use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::model::queueing::Queueing;
use crate::model::system::Discipline;
use crate::model::waiting::{WaitOrder, Waiting};

/// One job in a queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueEntry {
    /// Who waits.
    pub job: Job,
    /// Valid while it equals the job's current ticket.
    pub ticket: u32,
    /// Service time it will need, as its station keeps it (`Station::demand`); 0 where nobody serves.
    pub demand: u64,
}

/// Tells whether an entry still waits, by its job and ticket.
pub trait Tickets {
    /// Whether `ticket` is the current ticket of `job`.
    fn is_current(&self, job: Job, ticket: u32) -> bool;
}

/// Nobody has left early.
#[cfg(test)]
pub(super) struct AllWait;

#[cfg(test)]
impl Tickets for AllWait {
    fn is_current(&self, _: Job, _: u32) -> bool {
        true
    }
}

/// A queue under one discipline, with an exact count of the jobs that still wait.
#[derive(Clone, Debug)]
pub struct WaitQueue {
    /// All of them, where who comes first goes first; else empty.
    fifo: Ring<QueueEntry>,
    order: Order,
    /// Entries that stand in `order`.
    ordered: u32,
    /// Entries of jobs that have walked away.
    abandoned: u32,
    /// What `next_alive` has found.
    found: QueueEntry,
}

#[derive(Clone, Debug)]
enum Order {
    Fifo,
    /// Now and then one of all instead of the last.
    Lifo(Vec<QueueEntry>, Option<Box<Chance>>),
    Random(Vec<QueueEntry>, Box<Stream>),
    /// By class, 0 first.
    Priority(Vec<VecDeque<QueueEntry>>),
    /// By the time of coming, each class counted as so much later (Jackson 1960): who waits long enough goes before
    /// a higher class.
    Ageing(Box<Ageing>),
    /// The last one first, while more than this number wait.
    Adaptive(VecDeque<QueueEntry>, u32),
    /// Nobody is handed anything, but now and then: who is woken asks again.
    Barging(VecDeque<QueueEntry>, Option<Box<Chance>>),
}

/// A line by urgency.
#[derive(Clone, Debug)]
struct Ageing {
    heap: MinHeap<QueueEntry>,
    /// Worth of a class.
    step: Span,
    /// Tells those apart that are equally urgent: who came first.
    number: u64,
}

impl Ageing {
    fn push(&mut self, came: Time, entry: QueueEntry, class: u8) {
        let urgent = came
            .0
            .saturating_add(self.step.0.saturating_mul(u64::from(class)));
        self.number += 1;
        self.heap.push(key(urgent, self.number), entry);
    }
}

impl WaitQueue {
    /// An empty line of a station.
    #[must_use]
    pub fn of_station(discipline: Discipline, spec: &Queueing, stream: Stream) -> WaitQueue {
        let mut line = WaitQueue::new(discipline, stream);
        if let Some(step) = spec.ageing {
            line.order = Order::Ageing(Box::new(Ageing {
                heap: MinHeap::default(),
                step,
                number: 0,
            }));
        }
        if let Order::Adaptive(_, above) = &mut line.order {
            *above = spec.lifo_above;
        }
        line
    }

    /// An empty line. `stream` is drawn from by the random discipline alone; nobody waits under
    /// processor sharing, which gets a FIFO line that stays empty.
    #[must_use]
    pub fn new(discipline: Discipline, stream: Stream) -> WaitQueue {
        WaitQueue {
            order: match discipline {
                Discipline::Fifo | Discipline::ProcessorSharing => Order::Fifo,
                Discipline::Lifo => Order::Lifo(Vec::new(), None),
                Discipline::Random => Order::Random(Vec::new(), Box::new(stream)),
                Discipline::Priority => Order::Priority(Vec::new()),
                Discipline::AdaptiveLifo => Order::Adaptive(VecDeque::new(), 0),
            },
            ..WaitQueue::fifo()
        }
    }

    /// An empty line of a pool or a station. `stream` is drawn from where chance has a part in the order alone. Versions are
    /// the business of [`Rows`](super::row::Rows).
    #[must_use]
    pub fn of_order(waiting: &Waiting, stream: Stream) -> WaitQueue {
        let mut line = match waiting.order {
            WaitOrder::Random => return WaitQueue::new(Discipline::Random, stream),
            other => WaitQueue::without_draws(other),
        };
        match &mut line.order {
            Order::Lifo(_, chance) | Order::Barging(_, chance) => {
                *chance = Chance::of(waiting, stream);
            }
            _ => {}
        }
        line
    }

    /// An empty line in an order that draws nothing; random order and versions become first come, first served.
    #[must_use]
    pub fn without_draws(order: WaitOrder) -> WaitQueue {
        WaitQueue {
            order: match order {
                WaitOrder::InOrder | WaitOrder::Random | WaitOrder::ByVersion => Order::Fifo,
                WaitOrder::LastInFirstOut => Order::Lifo(Vec::new(), None),
                WaitOrder::Barging => Order::Barging(VecDeque::new(), None),
            },
            ..WaitQueue::fifo()
        }
    }

    /// A first-come, first-served line.
    #[must_use]
    pub fn fifo() -> WaitQueue {
        WaitQueue {
            fifo: Ring::default(),
            order: Order::Fifo,
            ordered: 0,
            abandoned: 0,
            found: QueueEntry {
                job: 0,
                ticket: 0,
                demand: 0,
            },
        }
    }

    /// Whether who comes first goes first.
    #[inline]
    fn is_fifo(&self) -> bool {
        matches!(self.order, Order::Fifo)
    }

    /// How many jobs wait.
    #[inline]
    #[must_use]
    pub fn len(&self) -> u32 {
        self.fifo.len() as u32 + self.ordered - self.abandoned
    }

    /// Whether nobody waits.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a job; `class` counts under priorities alone.
    #[inline]
    pub fn push(&mut self, entry: QueueEntry, class: u8) {
        if self.is_fifo() {
            self.fifo.push(entry);
        } else {
            self.push_by_order((entry.job, entry.ticket, entry.demand), class);
        }
    }

    /// As [`WaitQueue::push`], of a first-come, first-served queue.
    #[inline(always)]
    pub fn push_fifo(&mut self, entry: QueueEntry) {
        self.fifo.push(entry);
    }

    /// As [`WaitQueue::push`], of a job that came at this time.
    pub fn push_aged(&mut self, came: Time, entry: QueueEntry, class: u8) {
        match &mut self.order {
            Order::Ageing(line) => {
                line.push(came, entry, class);
                self.ordered += 1;
            }
            _ => self.push(entry, class),
        }
    }

    /// A job whose service was interrupted goes before all others of its class.
    pub fn push_again(&mut self, came: Time, entry: QueueEntry, class: u8) {
        let Order::Priority(classes) = &mut self.order else {
            return self.push_aged(came, entry, class);
        };
        let class = usize::from(class);
        if classes.len() <= class {
            classes.resize_with(class + 1, VecDeque::new);
        }
        classes[class].push_front(entry);
        self.ordered += 1;
    }

    // Of an entry that is handed to a call, the rest is made in memory, too, and waits for it.
    #[inline(never)]
    fn push_by_order(&mut self, (job, ticket, demand): (Job, u32, u64), class: u8) {
        let entry = QueueEntry {
            job,
            ticket,
            demand,
        };
        self.ordered += 1;
        match &mut self.order {
            Order::Fifo => {}
            Order::Lifo(line, _) | Order::Random(line, _) => line.push(entry),
            Order::Barging(line, _) | Order::Adaptive(line, _) => line.push_back(entry),
            // Only `push_aged` knows when a job came.
            Order::Ageing(_) => debug_assert!(false, "a job without a time"),
            Order::Priority(classes) => {
                let class = usize::from(class);
                if classes.len() <= class {
                    classes.resize_with(class + 1, VecDeque::new);
                }
                classes[class].push_back(entry);
            }
        }
    }

    /// A waiting job leaves early; its ticket must have been made invalid.
    pub fn renege(&mut self) {
        debug_assert!(!self.is_empty(), "nobody waits");
        self.abandoned += 1;
    }

    /// Takes the job whose turn it is; under barging nobody, unless it is handed over by chance.
    #[inline]
    pub fn next(&mut self, tickets: &impl Tickets) -> Option<QueueEntry> {
        if self.is_fifo() {
            return self.next_fifo(tickets);
        }
        self.next_by_order(tickets).then_some(self.found)
    }

    /// Finds the job whose turn it is, in a line that is not first come, first served.
    #[inline(never)]
    fn next_by_order(&mut self, tickets: &impl Tickets) -> bool {
        let handed = !matches!(self.order, Order::Barging(..)) || self.hands_off();
        handed && self.next_alive(tickets)
    }

    /// Whether what comes back under barging is handed over this time.
    fn hands_off(&mut self) -> bool {
        let waits = !self.is_empty();
        match &mut self.order {
            Order::Barging(_, Some(chance)) => waits && chance.strikes_front(),
            _ => false,
        }
    }

    /// As [`WaitQueue::next`], of a first-come, first-served line.
    #[inline(always)]
    pub fn next_fifo(&mut self, tickets: &impl Tickets) -> Option<QueueEntry> {
        if self.abandoned > 0 {
            return self.next_alive(tickets).then_some(self.found);
        }
        // Part by part, and so in registers.
        let (job, ticket, demand) = self.fifo.pop_parts(|w| (w.job, w.ticket, w.demand))?;
        Some(QueueEntry {
            job,
            ticket,
            demand,
        })
    }

    /// Under barging: takes the first in line, who has woken up.
    pub fn next_woken(&mut self, tickets: &impl Tickets) -> Option<QueueEntry> {
        self.front_changes();
        self.next_alive(tickets).then_some(self.found)
    }

    fn front_changes(&mut self) {
        if let Order::Barging(_, Some(chance)) = &mut self.order {
            chance.front_changes();
        }
    }

    /// Under barging: the first in line, who was woken in vain, goes to the back.
    pub fn rejoin(&mut self, tickets: &impl Tickets) {
        self.front_changes();
        if self.next_alive(tickets) {
            let entry = self.found;
            self.push(entry, 0);
        }
    }

    /// Finds the job whose turn it is, if there is one.
    // It goes to a field: what a call hands over stands in memory anyway, and so would what is found without one.
    #[inline(never)]
    fn next_alive(&mut self, tickets: &impl Tickets) -> bool {
        let entry = self.search(tickets);
        if let Some(entry) = entry {
            self.found = entry;
        }
        entry.is_some()
    }

    #[inline]
    fn search(&mut self, tickets: &impl Tickets) -> Option<QueueEntry> {
        if self.is_empty() {
            self.forget_abandoned();
            return None;
        }
        let waiting = self.len();
        let strays = match &mut self.order {
            Order::Lifo(_, Some(chance)) => chance.strikes(),
            _ => false,
        };
        loop {
            let entry = match &mut self.order {
                Order::Fifo => self.fifo.pop(),
                Order::Lifo(line, Some(chance)) if strays && !line.is_empty() => {
                    let at = chance.one_of(line.len());
                    Some(line.remove(at))
                }
                Order::Lifo(line, _) => line.pop(),
                Order::Random(line, stream) => {
                    if line.is_empty() {
                        None
                    } else {
                        let at = stream.below(line.len() as u64) as usize;
                        Some(line.swap_remove(at))
                    }
                }
                Order::Barging(line, _) => line.pop_front(),
                Order::Ageing(line) => line.heap.pop().map(|(_, entry)| entry),
                Order::Adaptive(line, above) if waiting > *above => line.pop_back(),
                Order::Adaptive(line, _) => line.pop_front(),
                Order::Priority(classes) => classes.iter_mut().find_map(VecDeque::pop_front),
            }?;
            self.ordered = self.ordered.saturating_sub(1);
            if tickets.is_current(entry.job, entry.ticket) {
                return Some(entry);
            }
            self.abandoned = self.abandoned.saturating_sub(1);
        }
    }

    #[cold]
    fn forget_abandoned(&mut self) {
        (self.abandoned, self.ordered) = (0, 0);
        match &mut self.order {
            Order::Fifo => self.fifo.clear(),
            Order::Lifo(line, _) | Order::Random(line, _) => line.clear(),
            Order::Barging(line, _) | Order::Adaptive(line, _) => line.clear(),
            Order::Ageing(line) => line.heap = MinHeap::default(),
            Order::Priority(classes) => classes.iter_mut().for_each(VecDeque::clear),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Current(Vec<u32>);
    impl Tickets for Current {
        fn is_current(&self, job: Job, ticket: u32) -> bool {
            self.0[job as usize] == ticket
        }
    }

    fn order(discipline: Discipline, gone: &[u32]) -> Vec<Job> {
        let mut tickets = Current(vec![0; 4]);
        let mut line = WaitQueue::new(discipline, Stream::new(1, 0, "line"));
        for job in 0..4 {
            line.push(
                QueueEntry {
                    job,
                    ticket: 0,
                    demand: 1,
                },
                (3 - job) as u8 / 2,
            );
        }
        for &job in gone {
            tickets.0[job as usize] += 1;
            line.renege();
        }
        assert_eq!(line.len() as usize, 4 - gone.len());
        std::iter::from_fn(|| line.next(&tickets).map(|w| w.job)).collect()
    }

    #[test]
    fn each_discipline_has_its_order() {
        assert_eq!(order(Discipline::Fifo, &[]), [0, 1, 2, 3]);
        assert_eq!(order(Discipline::Lifo, &[]), [3, 2, 1, 0]);
        assert_eq!(order(Discipline::Priority, &[]), [2, 3, 0, 1]);
        let mut random = order(Discipline::Random, &[]);
        random.sort_unstable();
        assert_eq!(random, [0, 1, 2, 3]);
    }

    #[test]
    fn who_walks_away_is_skipped() {
        assert_eq!(order(Discipline::Fifo, &[0, 2]), [1, 3]);
        assert_eq!(order(Discipline::Lifo, &[3]), [2, 1, 0]);
        assert_eq!(order(Discipline::Priority, &[2]), [3, 0, 1]);
        assert!(order(Discipline::Fifo, &[0, 1, 2, 3]).is_empty());
    }
}
