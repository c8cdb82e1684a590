//! Limits on the rate of requests: the leaky bucket of nginx, and the sliding counter of `HAProxy`.

use std::collections::{BTreeMap, VecDeque};

use super::Job;
use super::waiting::Tickets;
use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::rate_limit::{RateLimit, Rule};

/// The period of a sliding counter, in milliseconds.
const PERIOD: u64 = 1000;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It goes on at once.
    Pass,
    /// It goes on after this time.
    After(Span),
    /// It waits in line; the limit is to be asked again at this time.
    InLine(Time),
    /// It waits behind others.
    Behind,
    /// It is refused.
    Refused,
}

/// The state of one limit, by entity.
#[derive(Clone, Debug)]
pub struct Limiter {
    spec: RateLimit,
    buckets: BTreeMap<u32, Bucket>,
    counter: Counter,
    line: VecDeque<(Job, u32)>,
    /// Of a sliding counter: decides whether a further one passes before the last passage is counted.
    together: Stream,
    /// What it measured.
    pub probe: LimiterProbe,
}

/// What a limit measures.
#[derive(Clone, Debug, Default)]
pub struct LimiterProbe {
    /// Requests that came.
    pub came: u64,
    /// Those that went on, delayed or not.
    pub passed: u64,
    /// Those of them that waited.
    pub delayed: u64,
    /// Those refused.
    pub refused: u64,
    /// Those that went away while they waited.
    pub left: u64,
    /// Requests that wait.
    pub queue: TimeWeighted,
}

/// A leaky bucket: excess in thousandths of a request at `last`.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    excess: u64,
    last: u64,
}

impl Bucket {
    /// A request comes at this millisecond. Returns the excess that it makes, if that is no more than `burst`
    /// (nginx 1.22, `ngx_http_limit_req_lookup`): what came since the last accepted request leaks first, and a refused one
    /// leaves no trace.
    fn add(&mut self, now: u64, rate: u64, burst: u64) -> Option<u64> {
        let passed = now - self.last;
        let excess = (self.excess + 1000).saturating_sub(rate.saturating_mul(passed) / 1000);
        if excess > burst {
            return None;
        }
        self.excess = excess;
        if passed > 0 {
            self.last = now;
        }
        Some(excess)
    }
}

/// Events of this period and of the one before, which counts by the share of it that is still within a period from now
/// (`HAProxy` 2.6).
#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    /// When the present period began, in milliseconds; `None` before the first event.
    began: Option<u64>,
    now: u64,
    before: u64,
}

impl Counter {
    /// Events of the last period at this millisecond, in thousandths (`freq_ctr_total`): a period ends a millisecond after
    /// its length.
    fn total(&self, now: u64) -> u64 {
        let passed = self.began.map_or(u64::MAX, |began| now - began);
        if passed <= PERIOD {
            self.before * (PERIOD - passed) + self.now * PERIOD
        } else if passed <= 2 * PERIOD {
            self.now * (2 * PERIOD - passed)
        } else {
            0
        }
    }

    /// An event (`update_freq_ctr_period`).
    fn add(&mut self, now: u64) {
        let began = self.began.unwrap_or(now);
        let periods = (now - began) / PERIOD;
        if periods > 0 {
            self.before = if periods == 1 { self.now } else { 0 };
            self.now = 0;
        }
        self.began = Some(if periods > 1 {
            now
        } else {
            began + periods * PERIOD
        });
        self.now += 1;
    }

    /// The first look from this millisecond on that finds fewer than `limit` events: each that does not is followed by one
    /// after the time in which the excess is gone at this rate (`next_event_delay`).
    fn room(&self, mut at: u64, limit: u64) -> u64 {
        let most = limit * PERIOD;
        while self.total(at) >= most {
            at += ((self.total(at) - most) / limit).max(1);
        }
        at
    }
}

impl Limiter {
    /// A limit that nobody has come to. `stream` is drawn from where several threads look.
    #[must_use]
    pub fn new(spec: &RateLimit, stream: Stream) -> Limiter {
        Limiter {
            spec: spec.clone(),
            buckets: BTreeMap::new(),
            counter: Counter::default(),
            line: VecDeque::new(),
            together: stream,
            probe: LimiterProbe::default(),
        }
    }

    /// A request about an entity comes.
    pub fn come(&mut self, now: Time, entity: u32, job: Job, ticket: u32) -> Passage {
        self.probe.came += 1;
        let ms = now.0 / self.spec.clock.0 * self.spec.clock.0 / 1_000_000;
        match self.spec.rule {
            Rule::LeakyBucket { burst, delay } => self.leak(now, (ms, entity), burst, delay),
            Rule::SlidingCounter { .. } => {
                if self.line.is_empty() && self.room(ms) == ms {
                    self.counter.add(ms);
                    self.probe.passed += 1;
                    return Passage::Pass;
                }
                self.line.push_back((job, ticket));
                self.probe.queue.add(now);
                if self.line.len() == 1 {
                    Passage::InLine(Time(self.room(ms) * 1_000_000))
                } else {
                    Passage::Behind
                }
            }
        }
    }

    fn leak(&mut self, now: Time, (ms, entity): (u64, u32), burst: u64, delay: u64) -> Passage {
        let rate = self.spec.rate;
        let excess = match self.buckets.get_mut(&entity) {
            Some(bucket) => bucket.add(ms, rate, burst),
            None => {
                let first = Bucket {
                    excess: 0,
                    last: ms,
                };
                self.buckets.insert(entity, first);
                Some(0)
            }
        };
        let Some(excess) = excess else {
            self.probe.refused += 1;
            return Passage::Refused;
        };
        self.probe.passed += 1;
        if excess <= delay {
            return Passage::Pass;
        }
        self.probe.delayed += 1;
        self.probe.queue.add(now);
        Passage::After(Span((excess - delay) * 1000 / rate * 1_000_000))
    }

    /// The next millisecond at which the sliding counter has room.
    fn room(&self, ms: u64) -> u64 {
        self.counter.room(ms, (self.spec.rate / 1000).max(1))
    }

    /// Those in line are looked at: takes the next one that may go on. After the last of them tells when to look again,
    /// if somebody still waits. `taken` is how many were taken at this look.
    pub fn next(
        &mut self,
        now: Time,
        taken: u32,
        tickets: &impl Tickets,
    ) -> Result<Job, Option<Time>> {
        let ms = now.0 / 1_000_000;
        // How likely one more passes before the passages of this look are counted.
        let more = match &self.spec.rule {
            Rule::SlidingCounter { together } if taken > 0 => {
                let last = together.get(taken as usize - 1);
                last.copied().unwrap_or(0.0)
            }
            _ => 0.0,
        };
        while let Some(&(job, ticket)) = self.line.front() {
            if !tickets.is_current(job, ticket) {
                self.line.pop_front();
                continue;
            }
            let room = self.room(ms);
            if room > ms && !(more > 0.0 && self.together.unit() < more) {
                return Err(Some(Time(room * 1_000_000)));
            }
            self.counter.add(ms);
            self.line.pop_front();
            self.probe.passed += 1;
            self.probe.delayed += 1;
            self.probe.queue.subtract(now);
            return Ok(job);
        }
        Err(None)
    }

    /// How many stand in line.
    #[must_use]
    pub fn in_line(&self, tickets: &impl Tickets) -> u64 {
        let current = |(job, ticket): &&(Job, u32)| tickets.is_current(*job, *ticket);
        self.line.iter().filter(current).count() as u64
    }

    /// A request has waited its time.
    pub fn waited(&mut self, now: Time) {
        self.probe.queue.subtract(now);
    }

    /// A request goes away while it waits; its ticket must have been made invalid.
    pub fn renege(&mut self, now: Time) {
        self.probe.queue.subtract(now);
        if matches!(self.spec.rule, Rule::SlidingCounter { .. }) {
            self.probe.left += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system::Entity;

    fn bucket(rate: u64, burst: u64, delay: u64) -> Limiter {
        let spec = RateLimit {
            name: "r".into(),
            rate: rate * 1000,
            rule: Rule::LeakyBucket {
                burst: burst * 1000,
                delay,
            },
            per: Entity::Global,
            refusal: 503,
            clock: Span(1_000_000),
        };
        Limiter::new(&spec, Stream::new(1, 0, "limit"))
    }

    #[test]
    fn the_counter_says_when_haproxy_went_on() {
        // HAProxy 2.6.12, two threads, rate-limit sessions 10, 30 at once: after the first ten, how many went on when (in
        // milliseconds of the answers). How many go on together is chance; when the next do follows from it.
        let recorded: [(&[u64], &[u64]); 4] = [
            (
                &[
                    1004, 1104, 1403, 1504, 1704, 1904, 2103, 2193, 2283, 2375, 2466, 2656, 2738,
                    2829,
                ],
                &[1, 3, 1, 2, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1],
            ),
            (
                &[
                    1002, 1202, 1302, 1502, 1602, 1702, 1901, 2002, 2202, 2302, 2502, 2702, 2901,
                ],
                &[2, 1, 2, 1, 1, 2, 1, 2, 1, 2, 2, 2, 1],
            ),
            (
                &[
                    1002, 1202, 1401, 1501, 1701, 1901, 2001, 2101, 2301, 2601, 2701, 2801, 2901,
                ],
                &[2, 2, 1, 2, 2, 1, 1, 2, 3, 1, 1, 1, 1],
            ),
            (
                &[1009, 1209, 1409, 1609, 1709, 2009, 2209, 2409, 2608, 2709],
                &[2, 2, 2, 1, 3, 2, 2, 2, 1, 3],
            ),
        ];
        for (times, passed) in recorded {
            assert_eq!(passed.iter().sum::<u64>(), 20);
            let mut counter = Counter::default();
            // The counter begins with the first of all, a period and 2 ms before the first that waited.
            let mut now = times[0] - PERIOD - 2;
            let mut together = 10;
            for (time, passed) in times.iter().zip(passed) {
                (0..together).for_each(|_| counter.add(now));
                let room = counter.room(now, 10);
                assert!(room.abs_diff(*time) <= 3, "{time}: {room}");
                (now, together) = (*time, *passed);
            }
        }
    }

    fn at(limiter: &mut Limiter, ms: u64, entity: u32) -> Passage {
        limiter.come(Time(ms * 1_000_000), entity, 0, 0)
    }

    #[test]
    fn a_request_at_exactly_the_limit_passes_and_refused_ones_leave_no_trace() {
        let mut limiter = bucket(10, 0, 0);
        assert_eq!(at(&mut limiter, 0, 0), Passage::Pass);
        assert_eq!(at(&mut limiter, 99, 0), Passage::Refused);
        assert_eq!(at(&mut limiter, 100, 0), Passage::Pass);
        assert_eq!(at(&mut limiter, 199, 0), Passage::Refused);
        assert_eq!(at(&mut limiter, 199, 1), Passage::Pass, "another entity");
        assert_eq!(limiter.probe.refused, 2);
    }

    #[test]
    fn a_burst_waits_for_what_has_leaked() {
        let mut limiter = bucket(10, 2, 0);
        let ms = |ms: u64| Passage::After(Span(ms * 1_000_000));
        let passages: Vec<Passage> = (0..4).map(|_| at(&mut limiter, 0, 0)).collect();
        assert_eq!(
            passages,
            [Passage::Pass, ms(100), ms(200), Passage::Refused]
        );
        let mut at_once = bucket(10, 2, u64::MAX);
        assert!((0..3).all(|_| at(&mut at_once, 0, 0) == Passage::Pass));
    }
}
