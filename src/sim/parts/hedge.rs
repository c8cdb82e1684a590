//! When a second copy of an attempt is sent: after a time, or once the attempt has taken longer than a share of all
//! attempts that have ended. A pure decision: the caller reports how long attempts took.

use crate::engine::Span;
use crate::model::retry::{Hedge, HedgeAfter};
use crate::stats::buckets;

/// Attempts that must have ended before a percentile of them means anything.
const LEAST: u64 = 100;

/// The hedge of a policy at work.
#[derive(Clone, Debug)]
pub struct Hedging {
    /// The copy that is no longer needed is dropped.
    pub cancel: bool,
    wait: Wait,
}

#[derive(Clone, Debug)]
enum Wait {
    Fixed(Span),
    Measured(Box<Quantile>),
}

impl Hedging {
    /// Before the first attempt.
    #[must_use]
    pub fn new(spec: Hedge) -> Hedging {
        Hedging {
            cancel: spec.cancel,
            wait: match spec.after {
                HedgeAfter::Delay(after) => Wait::Fixed(after),
                HedgeAfter::Percentile(share) => Wait::Measured(Box::new(Quantile::new(share))),
            },
        }
    }

    /// How long after the first copy of an attempt that begins now the second one is sent; `None`: there is none.
    pub fn after(&mut self) -> Option<Span> {
        match &mut self.wait {
            Wait::Fixed(after) => Some(*after),
            Wait::Measured(times) => times.value(),
        }
    }

    /// An attempt has ended, well or not, so long after it began.
    pub fn attempt_took(&mut self, time: Span) {
        if let Wait::Measured(times) = &mut self.wait {
            times.add(time.0);
        }
    }
}

/// A quantile of all numbers up to now, at most 0.8 % too large: counts by bucket, and the bucket that it stands in,
/// which each new number moves a little.
#[derive(Clone, Debug)]
struct Quantile {
    share: f64,
    counts: Vec<u64>,
    all: u64,
    /// The bucket at hand, and how many numbers stand below it.
    at: usize,
    below: u64,
}

impl Quantile {
    fn new(share: f64) -> Quantile {
        Quantile {
            share,
            counts: vec![0; buckets::COUNT],
            all: 0,
            at: 0,
            below: 0,
        }
    }

    fn add(&mut self, number: u64) {
        let bucket = buckets::index(number);
        self.counts[bucket] += 1;
        self.all += 1;
        self.below += u64::from(bucket < self.at);
    }

    /// The largest number of the bucket with the quantile; `None` while there are too few.
    fn value(&mut self) -> Option<Span> {
        if self.all < LEAST {
            return None;
        }
        let rank = ((self.share * self.all as f64).ceil() as u64).clamp(1, self.all);
        while self.below >= rank {
            self.at -= 1;
            self.below -= self.counts[self.at];
        }
        while self.below + self.counts[self.at] < rank {
            self.below += self.counts[self.at];
            self.at += 1;
        }
        Some(Span(buckets::range(self.at).1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stream::Stream;

    #[test]
    fn a_percentile_is_that_of_the_sorted_numbers() {
        let mut stream = Stream::new(5, 0, "times");
        for share in [0.01, 0.5, 0.95, 0.9999] {
            let (mut times, mut sorted) = (Quantile::new(share), Vec::new());
            for n in 1..=3000_u64 {
                // It drifts upwards, then falls back.
                let number = 1000 * (n.min(4000 - n)) + stream.below(1_000_000);
                times.add(number);
                let place = sorted.partition_point(|other| *other < number);
                sorted.insert(place, number);
                let value = times.value();
                if n < LEAST {
                    assert_eq!(value, None);
                    continue;
                }
                let rank = ((share * n as f64).ceil() as usize).max(1);
                let exact = sorted[rank - 1];
                let told = value.map_or(0, |v| v.0);
                assert!(told >= exact && told as f64 <= exact as f64 * 1.008 + 1.0);
            }
        }
    }

    #[test]
    fn a_fixed_time_needs_no_measurements() {
        let spec = |after| Hedge {
            after,
            cancel: true,
        };
        let mut fixed = Hedging::new(spec(HedgeAfter::Delay(Span(7))));
        assert_eq!(fixed.after(), Some(Span(7)));
        let mut measured = Hedging::new(spec(HedgeAfter::Percentile(0.5)));
        (1..LEAST).for_each(|n| measured.attempt_took(Span(n)));
        assert_eq!(measured.after(), None);
        measured.attempt_took(Span(100));
        assert_eq!(measured.after(), Some(Span(50)));
    }
}
