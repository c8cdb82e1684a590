//! Pools: tokens that a request holds across several visits, such as worker threads or database
//! connections. A request that finds none waits in a bounded queue.

use super::chance::Chance;
use super::waiting::{QueueEntry, Tickets, WaitQueue};
use super::{Admission, Job};
use crate::engine::Time;
use crate::engine::stream::Stream;
use crate::measure::time_weighted::TimeWeighted;
use crate::model::system;

/// A pool of tokens.
#[derive(Clone, Debug)]
pub struct Pool {
    size: u32,
    free: u32,
    queue_limit: u32,
    /// Tokens of the reserve that are not there yet.
    reserve: u32,
    /// Something may go off while a request waits: its patience, or the reserve.
    timers: bool,
    wait_queue: WaitQueue,
    /// Whether the one who was woken in vain goes to the back of the line.
    to_the_back: Option<Box<Chance>>,
    /// Of a pool with an overflow; its `queue_limit` is 0, so that those who find nothing free come to it.
    overflow: Option<Box<Overflow>>,
    /// Where several tokens are asked for at once: who is next, and waits until there are enough.
    head: Option<QueueEntry>,
    /// What it measured.
    pub probe: PoolProbe,
}

/// Tokens that are closed when they come back to a pool where enough lie idle, as the overflow connections of
/// `SQLAlchemy`'s `QueuePool` are: nobody in line is woken for them, and who comes opens one.
#[derive(Clone, Copy, Debug)]
struct Overflow {
    /// How many may lie idle while somebody waits.
    kept: u32,
    /// Tokens that are closed.
    closed: u32,
    /// How many may wait.
    queue_limit: u32,
}

/// What a pool measures.
#[derive(Clone, Debug, Default)]
pub struct PoolProbe {
    /// Tokens held.
    pub held: TimeWeighted,
    /// Requests waiting for a token.
    pub queue: TimeWeighted,
    /// Tokens given.
    pub granted: u64,
    /// Requests refused because the queue was full.
    pub refused: u64,
    /// Requests that left the queue early.
    pub left: u64,
    /// Tokens that came from the reserve, or were opened again.
    pub opened: u64,
    /// How often somebody was woken and found no token.
    pub in_vain: u64,
    /// Tokens that were closed because enough lay idle while somebody waited.
    pub closed: u64,
    /// Sum of the instants at which tokens were given, in nanoseconds: with `returned_at`, the time that
    /// tokens were held, by another way than the level.
    pub granted_at: u128,
    /// Sum of the instants at which tokens came back.
    pub returned_at: u128,
}

impl Pool {
    /// A pool with all its tokens. `stream` is for the random order, `rejoins` for who was woken in vain.
    #[must_use]
    pub fn new(spec: &system::Pool, stream: Stream, rejoins: Stream) -> Pool {
        let more = spec.waiting.overflow;
        let overflow = (more > 0).then(|| {
            Box::new(Overflow {
                kept: spec.size - more,
                closed: 0,
                queue_limit: spec.queue,
            })
        });
        Pool {
            size: spec.size,
            free: spec.size,
            queue_limit: if more > 0 { 0 } else { spec.queue },
            reserve: spec.waiting.reserve.map_or(0, |(tokens, _)| tokens),
            timers: spec.timeout.is_some()
                || spec.codel.is_some()
                || spec.waiting.reserve.is_some(),
            wait_queue: WaitQueue::of_order(&spec.waiting, stream),
            to_the_back: Chance::with(spec.waiting.to_the_back, rejoins),
            overflow,
            head: None,
            probe: PoolProbe::default(),
        }
    }

    /// Whether anything goes off while a request waits: its patience, or the reserve.
    #[inline]
    #[must_use]
    pub fn has_timers(&self) -> bool {
        self.timers
    }

    /// A job asks for a token.
    #[inline(always)]
    pub fn acquire(&mut self, now: Time, job: Job, ticket: u32) -> Admission {
        if self.free > 0 {
            self.free -= 1;
            return self.grant(now);
        }
        if self.wait_queue.len() >= self.queue_limit {
            if self.overflow.is_some() {
                return self.acquire_overflow(now, job, ticket);
            }
            self.probe.refused += 1;
            return Admission::Refused;
        }
        self.enqueue(now, job, ticket)
    }

    /// A token is held that was not before.
    #[inline(always)]
    fn grant(&mut self, now: Time) -> Admission {
        self.probe.granted += 1;
        self.probe.granted_at += u128::from(now.0);
        self.probe.held.add(now);
        Admission::Granted
    }

    #[inline(always)]
    fn enqueue(&mut self, now: Time, job: Job, ticket: u32) -> Admission {
        let entry = QueueEntry {
            job,
            ticket,
            demand: 0,
        };
        self.wait_queue.push(entry, 0);
        self.probe.queue.add(now);
        Admission::Queued
    }

    /// As [`Pool::acquire`], where no token lies idle: opens one that is closed, whoever waits.
    #[cold]
    fn acquire_overflow(&mut self, now: Time, job: Job, ticket: u32) -> Admission {
        let waiting = self.wait_queue.len();
        let Some(overflow) = &mut self.overflow else {
            return Admission::Refused;
        };
        if overflow.closed > 0 {
            overflow.closed -= 1;
            self.size += 1;
            self.probe.opened += 1;
            return self.grant(now);
        }
        if waiting >= overflow.queue_limit {
            self.probe.refused += 1;
            return Admission::Refused;
        }
        self.enqueue(now, job, ticket)
    }

    /// A token has come back that nobody was handed, and somebody waits. Returns whether it is closed.
    pub fn closes(&mut self) -> bool {
        let free = self.free;
        let Some(overflow) = self.overflow.as_mut().filter(|o| free > o.kept) else {
            return false;
        };
        overflow.closed += 1;
        self.free -= 1;
        self.size -= 1;
        self.probe.closed += 1;
        true
    }

    /// A token comes back. Returns the job that is handed it; under barging it is free instead.
    #[inline(always)]
    pub fn release(&mut self, now: Time, tickets: &impl Tickets) -> Option<Job> {
        debug_assert!(self.free < self.size, "a token too many");
        self.probe.returned_at += u128::from(now.0);
        // Nobody waits for what is free.
        if self.free == 0
            && let Some(next) = self.wait_queue.next(tickets)
        {
            self.probe.granted_at += u128::from(now.0);
            self.probe.granted += 1;
            self.probe.queue.subtract(now);
            return Some(next.job);
        }
        self.free += 1;
        self.probe.held.subtract(now);
        None
    }

    /// Somebody has waited for long enough: one more token comes from the reserve, and stays. Returns the job that gets it.
    pub fn open_reserve(&mut self, now: Time, tickets: &impl Tickets) -> Option<Job> {
        if self.reserve == 0 {
            return None;
        }
        let next = self.wait_queue.next(tickets)?;
        self.reserve -= 1;
        self.size += 1;
        self.probe.opened += 1;
        self.grant(now);
        self.probe.queue.subtract(now);
        Some(next.job)
    }

    /// Tokens that there are, held or free.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Under barging: the first in line has woken up. Returns it if there is a token for it; else it stays there,
    /// or goes to the back.
    pub fn wake(&mut self, now: Time, tickets: &impl Tickets) -> Option<Job> {
        if self.free == 0 {
            self.probe.in_vain += u64::from(!self.wait_queue.is_empty());
            if self.to_the_back.as_mut().is_some_and(|c| c.strikes()) {
                self.wait_queue.rejoin(tickets);
            }
            return None;
        }
        let next = self.wait_queue.next_woken(tickets)?;
        self.free -= 1;
        self.grant(now);
        self.probe.queue.subtract(now);
        Some(next.job)
    }

    /// A waiting job leaves early; its ticket must have been made invalid.
    pub fn renege(&mut self, now: Time) {
        self.wait_queue.renege();
        self.probe.left += 1;
        self.probe.queue.subtract(now);
    }

    /// A job asks for a number of tokens at once, of a pool where all jobs do. Who comes while others wait stands behind
    /// them, whether or not there is enough for it.
    pub fn acquire_many(&mut self, now: Time, job: Job, ticket: u32, tokens: u16) -> Admission {
        if self.in_line() == 0 && self.free >= u32::from(tokens) {
            self.give(now, tokens);
            return Admission::Granted;
        }
        if self.in_line() >= self.queue_limit {
            self.probe.refused += 1;
            return Admission::Refused;
        }
        let entry = QueueEntry {
            job,
            ticket,
            demand: u64::from(tokens),
        };
        self.wait_queue.push(entry, 0);
        self.probe.queue.add(now);
        Admission::Queued
    }

    fn give(&mut self, now: Time, tokens: u16) {
        self.free -= u32::from(tokens);
        self.probe.granted += 1;
        self.probe.granted_at += u128::from(tokens) * u128::from(now.0);
        let held = self.probe.held.value() + u64::from(tokens);
        self.probe.held.set(now, held);
    }

    /// A number of tokens come back; nobody is handed them yet.
    pub fn release_many(&mut self, now: Time, tokens: u16) {
        debug_assert!(
            self.free + u32::from(tokens) <= self.size,
            "tokens too many"
        );
        self.free += u32::from(tokens);
        self.probe.returned_at += u128::from(tokens) * u128::from(now.0);
        let held = self.probe.held.value() - u64::from(tokens);
        self.probe.held.set(now, held);
    }

    /// The job that is next, if there are tokens enough for it, and how many it gets. Nobody passes it.
    pub fn next_many(&mut self, now: Time, tickets: &impl Tickets) -> Option<(Job, u16)> {
        if self.head.is_none() {
            self.head = self.wait_queue.next(tickets);
        }
        let entry = self.head?;
        let tokens = entry.demand as u16;
        if self.free < u32::from(tokens) {
            return None;
        }
        self.head = None;
        self.give(now, tokens);
        self.probe.queue.subtract(now);
        Some((entry.job, tokens))
    }

    /// As [`Pool::renege`], where several tokens are asked for at once.
    pub fn renege_many(&mut self, now: Time, job: Job) {
        if self.head.is_some_and(|head| head.job == job) {
            self.head = None;
        } else {
            self.wait_queue.renege();
        }
        self.probe.left += 1;
        self.probe.queue.subtract(now);
    }

    /// Jobs waiting, also where several tokens are asked for at once.
    #[must_use]
    pub fn in_line(&self) -> u32 {
        self.wait_queue.len() + u32::from(self.head.is_some())
    }

    /// What happens while a request waits is looked at, as if something could go off.
    pub fn watch_waits(&mut self) {
        self.timers = true;
    }

    /// Tokens that nobody holds.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.free
    }

    /// Jobs waiting.
    #[inline]
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.wait_queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Current([u32; 4]);
    impl Tickets for Current {
        fn is_current(&self, job: Job, ticket: u32) -> bool {
            self.0[job as usize] == ticket
        }
    }

    #[test]
    fn who_wants_several_tokens_is_not_passed() {
        let spec = spec(4, 3);
        let mut pool = of(&spec);
        let mut tickets = Current([0; 4]);
        assert_eq!(pool.acquire_many(Time(0), 0, 0, 3), Admission::Granted);
        // One is free; who wants two waits, and who wants one waits behind it.
        assert_eq!(pool.acquire_many(Time(0), 1, 0, 2), Admission::Queued);
        assert_eq!(pool.acquire_many(Time(0), 2, 0, 1), Admission::Queued);
        assert_eq!(pool.next_many(Time(1), &tickets), None);
        assert_eq!(pool.in_line(), 2);
        pool.release_many(Time(2), 3);
        assert_eq!(pool.next_many(Time(2), &tickets), Some((1, 2)));
        assert_eq!(pool.next_many(Time(2), &tickets), Some((2, 1)));
        assert_eq!(pool.next_many(Time(2), &tickets), None);
        // The one in front leaves: who stands behind it is next.
        assert_eq!(pool.acquire_many(Time(3), 0, 0, 4), Admission::Queued);
        assert_eq!(pool.acquire_many(Time(3), 3, 0, 1), Admission::Queued);
        assert_eq!(pool.next_many(Time(3), &tickets), None);
        tickets.0[0] = 1;
        pool.renege_many(Time(4), 0);
        assert_eq!(pool.next_many(Time(4), &tickets), Some((3, 1)));
        assert_eq!((pool.free(), pool.in_line(), pool.probe.left), (0, 0, 1));
        // Tokens × time: 3 × 2, then 3 × 2, then 4 × 1.
        assert_eq!(pool.probe.held.area(Time(5)), 6 + 6 + 4);
        // Two waited from 0 to 2, one from 3 to 4 and one from 3 to 4.
        assert_eq!(pool.probe.queue.area(Time(5)), 6);
    }

    fn of(spec: &system::Pool) -> Pool {
        let stream = |name| Stream::new(1, 0, name);
        Pool::new(spec, stream("pool"), stream("rejoin"))
    }

    fn spec(size: u32, queue: u32) -> system::Pool {
        system::Pool {
            size,
            queue,
            ..system::Pool::named("p".into())
        }
    }

    #[test]
    fn tokens_pass_to_those_who_wait() {
        let spec = spec(1, 2);
        let mut pool = of(&spec);
        let mut tickets = Current([0; 4]);
        assert_eq!(pool.acquire(Time(0), 0, 0), Admission::Granted);
        assert_eq!(pool.acquire(Time(1), 1, 0), Admission::Queued);
        assert_eq!(pool.acquire(Time(1), 2, 0), Admission::Queued);
        assert_eq!(pool.acquire(Time(1), 3, 0), Admission::Refused);
        tickets.0[1] = 1;
        pool.renege(Time(2));
        assert_eq!(pool.release(Time(3), &tickets), Some(2));
        assert_eq!(pool.release(Time(4), &tickets), None);
        assert_eq!(pool.free(), 1);
        // One waited from 1 to 3, another from 1 to 2.
        assert_eq!(pool.probe.queue.area(Time(4)), 3);
        assert_eq!(pool.probe.held.area(Time(4)), 4);
    }

    #[test]
    fn what_comes_back_beyond_the_size_is_closed_and_opened_by_who_comes() {
        let mut spec = spec(2, 2);
        spec.waiting.order = crate::model::waiting::WaitOrder::Barging;
        spec.waiting.overflow = 1;
        let (mut pool, tickets) = (of(&spec), Current([0; 4]));
        for job in [0, 1] {
            assert_eq!(pool.acquire(Time(0), job, 0), Admission::Granted);
        }
        assert_eq!(pool.acquire(Time(1), 2, 0), Admission::Queued);
        // The first that comes back is for who is woken; the second is one too many meanwhile.
        assert_eq!(
            (pool.release(Time(2), &tickets), pool.closes()),
            (None, false)
        );
        assert_eq!(
            (pool.release(Time(2), &tickets), pool.closes()),
            (None, true)
        );
        assert_eq!((pool.size(), pool.free()), (1, 1));
        // Who comes takes what lies idle, the next one opens another; the woken one has woken in vain.
        assert_eq!(pool.acquire(Time(3), 0, 0), Admission::Granted);
        assert_eq!(pool.acquire(Time(3), 1, 0), Admission::Granted);
        assert_eq!((pool.wake(Time(3), &tickets), pool.waiting()), (None, 1));
        assert_eq!(pool.acquire(Time(4), 3, 0), Admission::Queued);
        assert_eq!(pool.acquire(Time(4), 3, 0), Admission::Refused);
        assert_eq!((pool.probe.opened, pool.probe.closed), (1, 1));
        assert_eq!(pool.probe.held.area(Time(4)), 2 * 2 + 2);
    }
}
