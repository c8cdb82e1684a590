//! Rate limits: token buckets, by the generic cell rate algorithm (ITU-T I.371, virtual scheduling): one instant for
//! each bucket instead of a count of tokens, and the same decisions.

use std::collections::BTreeMap;

use crate::engine::{Span, Time};
use crate::model::limit::{RateLimit, RetryAfter};

/// Binary digits of a fraction of a nanosecond: a rate of 3 a second stays one, also after months.
const FRACTION: u32 = 32;

/// A limit with all its buckets.
#[derive(Clone, Debug)]
pub struct RateLimiter {
    /// Time for which one token is enough, in 2⁻³² ns.
    interval: u128,
    /// How far a bucket may be ahead of the clock: (burst - 1) intervals.
    tolerance: u128,
    wait: Span,
    retry_after: RetryAfter,
    /// When each bucket is full again, in 2⁻³² ns, by its key.
    full_at: BTreeMap<u32, u128>,
    /// What it measured.
    pub probe: RateProbe,
}

/// What a rate limit measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateProbe {
    /// Requests that took a token, at once or after a wait.
    pub passed: u64,
    /// Of these, those that had to wait.
    pub delayed: u64,
    /// Sum of their waits, in nanoseconds.
    pub waited: u128,
    /// Requests that were refused.
    pub refused: u64,
    /// Buckets used.
    pub buckets: u64,
}

/// What a rate limit says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It may go on.
    Now,
    /// Its turn comes after so long.
    Later(Span),
    /// It is refused, and may be told to wait so long before it comes again; zero if it is told nothing.
    Refused(Span),
}

impl RateLimiter {
    /// A limit with full buckets.
    #[must_use]
    pub fn new(spec: &RateLimit) -> RateLimiter {
        let interval = spec.per.0 as f64 / spec.rate * (1_u64 << FRACTION) as f64;
        let interval = (interval as u128).max(1);
        RateLimiter {
            interval,
            tolerance: interval * u128::from(spec.burst.max(1) - 1),
            wait: spec.wait,
            retry_after: spec.retry_after,
            full_at: BTreeMap::new(),
            probe: RateProbe::default(),
        }
    }

    /// A request asks for a token of the bucket with this key.
    pub fn take(&mut self, now: Time, key: u32) -> Pass {
        let present = u128::from(now.0) << FRACTION;
        let buckets = &mut self.probe.buckets;
        let full_at = self.full_at.entry(key).or_insert_with(|| {
            *buckets += 1;
            0
        });
        let ahead = full_at.saturating_sub(present);
        let early = ahead.saturating_sub(self.tolerance);
        // To the nanosecond above: a token is there then.
        let wait = early.div_ceil(1 << FRACTION);
        let wait = Span(u64::try_from(wait).unwrap_or(u64::MAX));
        if wait > self.wait {
            self.probe.refused += 1;
            return Pass::Refused(self.told(wait));
        }
        *full_at = (*full_at).max(present) + self.interval;
        self.probe.passed += 1;
        if wait == Span::ZERO {
            return Pass::Now;
        }
        self.probe.delayed += 1;
        self.probe.waited += u128::from(wait.0);
        Pass::Later(wait)
    }

    fn told(&self, wait: Span) -> Span {
        match self.retry_after {
            RetryAfter::Untold => Span::ZERO,
            RetryAfter::Exact => Span::secs(wait.0.div_ceil(1_000_000_000)),
            RetryAfter::Fixed(time) => time,
        }
    }

    /// The most tokens that all its buckets together can have given by now, those reserved for who waits included.
    #[must_use]
    pub fn most_passed(&self, now: Time) -> u128 {
        let ahead = (u128::from(now.0) + u128::from(self.wait.0)) << FRACTION;
        let each = (ahead + self.tolerance) / self.interval + 1;
        each * u128::from(self.probe.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limit::LimitKey;

    fn limiter(rate: f64, burst: u32, wait: Span) -> RateLimiter {
        RateLimiter::new(&RateLimit {
            rate,
            per: Span::secs(1),
            burst,
            wait,
            by: LimitKey::Global,
            retry_after: RetryAfter::Exact,
        })
    }

    const MS: u64 = 1_000_000;

    #[test]
    fn a_bucket_passes_its_burst_and_then_the_rate() {
        let mut limit = limiter(10.0, 3, Span::ZERO);
        let mut passes = |ms: u64| limit.take(Time(ms * MS), 0) == Pass::Now;
        assert_eq!(
            [0, 0, 0, 0, 99].map(&mut passes),
            [true, true, true, false, false]
        );
        assert_eq!(
            [100, 100, 350, 350, 350].map(&mut passes),
            [true, false, true, true, false]
        );
        // Full again, and no fuller than that.
        assert_eq!(
            [9000, 9000, 9000, 9000].map(&mut passes),
            [true, true, true, false]
        );
        assert_eq!(limit.take(Time(9000 * MS), 1), Pass::Now);
        assert_eq!(
            (limit.probe.passed, limit.probe.refused, limit.probe.buckets),
            (10, 5, 2)
        );
    }

    #[test]
    fn who_may_wait_comes_evenly_spaced() {
        let mut limit = limiter(10.0, 1, Span::millis(250));
        let mut take = |ms: u64| limit.take(Time(ms * MS), 0);
        assert_eq!(take(0), Pass::Now);
        assert_eq!(take(0), Pass::Later(Span::millis(100)));
        assert_eq!(take(50), Pass::Later(Span::millis(150)));
        assert_eq!(take(50), Pass::Later(Span::millis(250)));
        // It would be its turn at 400 ms.
        assert_eq!(take(100), Pass::Refused(Span::secs(1)));
        assert_eq!(take(150), Pass::Later(Span::millis(250)));
        assert_eq!(limit.probe.waited, 750 * u128::from(MS));
    }

    #[test]
    fn a_rate_that_is_no_whole_number_of_nanoseconds_stays_exact() {
        // A bucket of two: what is lost of a bucket of one while it is full is not an error of the rate.
        let mut limit = limiter(3.0, 2, Span::ZERO);
        for n in 0..3_000_000_u64 {
            // A third of a second after the one before, to the nanosecond above.
            let at = Time((n * 1_000_000_000).div_ceil(3));
            assert_eq!(limit.take(at, 0), Pass::Now, "{n}");
        }
        assert_eq!(limit.most_passed(Time(999_999_000_000_000)), 2_999_999);
    }
}
