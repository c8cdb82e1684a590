//! Concurrency limits: the number of requests at once is bounded; the bound is fixed or adapts to what requests
//! experience. The formulas are those of Netflix concurrency-limits 0.5 (`AIMDLimit`, `Gradient2Limit`,
//! `ExpAvgMeasurement`), with each finished request as a sample.

use super::Job;
use crate::engine::time::to_f64;
use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::limit::{ConcurrencyLaw, ConcurrencyLimit};

/// Samples of which the long-term time is a plain mean at first.
const WARM_UP: u32 = 10;

/// A limit at work.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimiter {
    spec: ConcurrencyLimit,
    /// The present limit; not rounded, as the gradient's is.
    limit: f64,
    in_flight: u32,
    long_term: LongTerm,
    /// When each request that is inside entered, by its number.
    entered: Vec<Time>,
    /// What it measured.
    pub probe: ConcurrencyProbe,
}

/// The long-term time of a request, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct LongTerm {
    count: u32,
    sum: f64,
    value: f64,
}

/// What a concurrency limit measures.
#[derive(Clone, Debug, Default)]
pub struct ConcurrencyProbe {
    /// Requests inside.
    pub in_flight: TimeWeighted,
    /// The limit, rounded down.
    pub limit: TimeWeighted,
    /// The lowest limit that there was.
    pub lowest: u64,
    /// Requests let in.
    pub passed: u64,
    /// Requests refused.
    pub refused: u64,
    /// Of these, by class; classes above the last count as the last.
    pub refused_by_class: Vec<u64>,
    /// Requests that have left.
    pub left: u64,
}

/// How a request inside ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Well, or in a way that says nothing of load.
    Well,
    /// It failed as under overload.
    Dropped,
    /// It was broken off: no sample.
    Ignored,
}

impl ConcurrencyLimiter {
    /// A limit with nobody inside.
    #[must_use]
    pub fn new(spec: &ConcurrencyLimit) -> ConcurrencyLimiter {
        let mut probe = ConcurrencyProbe {
            lowest: u64::from(spec.initial),
            refused_by_class: vec![0; spec.classes.len().max(1)],
            ..ConcurrencyProbe::default()
        };
        probe.limit.set(Time::ZERO, u64::from(spec.initial));
        ConcurrencyLimiter {
            spec: spec.clone(),
            limit: f64::from(spec.initial),
            in_flight: 0,
            long_term: LongTerm::default(),
            entered: Vec::new(),
            probe,
        }
    }

    /// A request of this class wants in. Returns whether it may.
    pub fn enter(&mut self, now: Time, job: Job, class: u8) -> bool {
        let last = self.probe.refused_by_class.len() - 1;
        let class = usize::from(class).min(last);
        let share = self.spec.classes.get(class).copied().unwrap_or(1.0);
        // At least one, so that no class is shut out of an empty system.
        let most = (f64::from(self.whole()) * share).max(1.0);
        if f64::from(self.in_flight) + 1.0 > most {
            self.probe.refused += 1;
            self.probe.refused_by_class[class] += 1;
            return false;
        }
        let at = job as usize;
        if self.entered.len() <= at {
            self.entered.resize(at + 1, Time::ZERO);
        }
        self.entered[at] = now;
        self.in_flight += 1;
        self.probe.passed += 1;
        self.probe.in_flight.add(now);
        true
    }

    /// A request leaves.
    pub fn leave(&mut self, now: Time, job: Job, ended: Ended) {
        let taken = now.since(self.entered[job as usize]);
        let in_flight = self.in_flight;
        self.in_flight -= 1;
        self.probe.left += 1;
        self.probe.in_flight.subtract(now);
        if ended == Ended::Ignored || self.spec.law == ConcurrencyLaw::Fixed {
            return;
        }
        self.sample(taken, in_flight, ended == Ended::Dropped);
        let whole = u64::from(self.whole());
        if whole != self.probe.limit.value() {
            self.probe.limit.set(now, whole);
            self.probe.lowest = self.probe.lowest.min(whole);
        }
    }

    /// Requests inside.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The present limit.
    #[must_use]
    pub fn whole(&self) -> u32 {
        self.limit as u32
    }

    /// A request took so long; `in_flight` were inside, itself included.
    fn sample(&mut self, taken: Span, in_flight: u32, dropped: bool) {
        let (min, max) = (f64::from(self.spec.min), f64::from(self.spec.max));
        let in_flight = f64::from(in_flight);
        let new = match self.spec.law {
            ConcurrencyLaw::Fixed => return,
            ConcurrencyLaw::Aimd { backoff, timeout } => {
                if dropped || taken > timeout {
                    f64::from((self.limit * backoff) as u32)
                } else if in_flight * 2.0 >= self.limit {
                    self.limit + 1.0
                } else {
                    self.limit
                }
            }
            ConcurrencyLaw::Gradient {
                tolerance,
                queue,
                smoothing,
                window,
            } => {
                let short = to_f64(taken.0).max(1.0);
                let long = self.long_term.add(short, window);
                if long / short > 2.0 {
                    self.long_term.value *= 0.95;
                }
                if in_flight < self.limit / 2.0 {
                    return;
                }
                let gradient = (tolerance * long / short).clamp(0.5, 1.0);
                let new = self.limit * gradient + f64::from(queue);
                self.limit * (1.0 - smoothing) + new * smoothing
            }
        };
        self.limit = new.clamp(min, max);
    }
}

impl LongTerm {
    fn add(&mut self, sample: f64, window: u32) -> f64 {
        if self.count < WARM_UP {
            self.count += 1;
            self.sum += sample;
            self.value = self.sum / f64::from(self.count);
        } else {
            let factor = 2.0 / (f64::from(window) + 1.0);
            self.value = self.value * (1.0 - factor) + sample * factor;
        }
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(law: ConcurrencyLaw, initial: u32, classes: &[f64]) -> ConcurrencyLimiter {
        ConcurrencyLimiter::new(&ConcurrencyLimit {
            law,
            initial,
            min: 1,
            max: 12,
            classes: classes.to_vec(),
        })
    }

    #[test]
    fn a_class_may_fill_its_share() {
        let mut limit = limiter(ConcurrencyLaw::Fixed, 10, &[1.0, 0.5, 0.01]);
        let mut enter = |class: u8| (0..20).filter(|i| limit.enter(Time(0), *i, class)).count();
        assert_eq!([enter(2), enter(1), enter(7), enter(0)], [1, 4, 0, 5]);
        assert_eq!(limit.probe.refused_by_class, [15, 16, 39]);
        limit.leave(Time(5), 3, Ended::Dropped);
        assert_eq!((limit.in_flight(), limit.whole()), (9, 10));
    }

    #[test]
    fn aimd_adds_one_and_multiplies() {
        let law = ConcurrencyLaw::Aimd {
            backoff: 0.9,
            timeout: Span(100),
        };
        let mut limit = limiter(law, 10, &[]);
        let mut request = |at: u64, took: u64, others: u32, ended: Ended| {
            for job in 0..=others {
                assert!(limit.enter(Time(at), job, 0));
            }
            limit.leave(Time(at + took), others, ended);
            let whole = limit.whole();
            for job in 0..others {
                limit.leave(Time(at + took), job, Ended::Ignored);
            }
            whole
        };
        // Four of ten are less than the half.
        assert_eq!(request(0, 10, 3, Ended::Well), 10);
        assert_eq!(request(1000, 10, 4, Ended::Well), 11);
        assert_eq!(request(2000, 10, 9, Ended::Dropped), 9);
        assert_eq!(request(3000, 101, 5, Ended::Well), 8);
        assert_eq!(request(4000, 101, 5, Ended::Ignored), 8);
        for _ in 0..9 {
            request(5000, 1, 7, Ended::Well);
        }
        assert_eq!((limit.whole(), limit.probe.lowest), (12, 8));
    }

    #[test]
    fn the_gradient_follows_its_formula() {
        let law = ConcurrencyLaw::Gradient {
            tolerance: 1.5,
            queue: 4,
            smoothing: 0.2,
            window: 600,
        };
        let mut limit = limiter(law, 8, &[]);
        // Nothing slows down: 8 × 0.8 + (8 + 4) × 0.2.
        limit.sample(Span(1000), 8, false);
        assert!((limit.limit - 8.8).abs() < 1e-12);
        // Four times as long as before: the long term is 2500, the gradient 1.5 × 2500 / 4000.
        limit.sample(Span(4000), 8, false);
        let expected = 8.8 * 0.8 + (8.8 * 0.9375 + 4.0) * 0.2;
        assert!((limit.limit - expected).abs() < 1e-12);
        // Hardly anybody inside: no change, but of the long term.
        limit.sample(Span(1000), 2, false);
        assert!((limit.limit - expected).abs() < 1e-12);
        // 2000 in the long term; now 7 times as long: not less than the half.
        limit.sample(Span(14_000), 8, false);
        let halved = expected * 0.8 + (expected * 0.5 + 4.0) * 0.2;
        let gradient = 1.5 * 5000.0 / 14_000.0;
        let followed = expected * 0.8 + (expected * gradient + 4.0) * 0.2;
        assert!((limit.limit - followed).abs() < 1e-9 && followed > halved);
    }
}
