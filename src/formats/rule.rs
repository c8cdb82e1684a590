//! How load tools pick a percentile: which rank, and which value for it.
//!
//! With n times in ascending order, `v[0]` to `v[n-1]`, and a share p. All rules were measured against
//! samples that are known exactly; docs/formats.md has them in a table.

use crate::engine::time::to_f64;
use crate::stats::quantile;
use serde::{Deserialize, Serialize};

/// Which of the ordered times is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rank {
    /// v[int(p n)]: one above the nearest rank whenever p n is whole (ab, oha, loadtest, Locust).
    OneUp,
    /// v[int(p n + 1/2)], and beyond the end for few times (ab -e).
    HalfUp,
    /// v[ceil(p n)]: one above the nearest rank (hey).
    AboveNearest,
    /// v[ceil(p n) - 1]: the nearest rank (autocannon, goose).
    Nearest,
    /// v[round(p n) - 1] (JMeter).
    Rounded,
    /// v[round(p n + 1/2) - 1] of a sample that was made longer first (wrk).
    RoundedUp,
    /// v[floor(p (n - 1))] (Artillery).
    Below,
    /// Interpolated between the ranks around p (n - 1) (k6; the t-digest 3.1 of Gatling, as long as each of its centroids
    /// is one time).
    Interpolated,
    /// Interpolated between the ranks around p n - 1/2: the t-digest of Vegeta, as long as each of its
    /// centroids is one time.
    Middle,
}

/// What becomes of a time before it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Nothing.
    Exact,
    /// Rounded to whole milliseconds.
    WholeMs,
    /// Cut to whole milliseconds.
    CutToMs,
    /// Whole milliseconds, of which two digits are kept from 100 ms on, halves to even (Locust).
    TwoDigits,
    /// Whole milliseconds, then the middle of a bucket that is 2 % wide (Artillery's sketch).
    Sketch,
    /// The middle of one of 64 buckets in a power of two of microseconds, the maximum for the last (goose).
    Buckets64,
}

/// A tool's rule for a percentile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which of the ordered times.
    pub rank: Rank,
    /// What becomes of it.
    pub value: Value,
}

/// k6's own rule.
pub const K6: Rule = Rule::new(Rank::Interpolated, Value::Exact);

impl Rule {
    /// A rank, and what becomes of the time at it.
    #[must_use]
    pub const fn new(rank: Rank, value: Value) -> Rule {
        Rule { rank, value }
    }

    /// The percentile in milliseconds of times in nanoseconds in ascending order.
    ///
    /// `None` without times, if `percent` is not within 0 to 100, or if the rule points beyond the last
    /// time, where a tool prints what is not a time of the sample.
    #[must_use]
    pub fn percentile(self, sorted_ns: &[u64], percent: f64) -> Option<f64> {
        let max = *sorted_ns.last()?;
        if self.rank == Rank::Interpolated {
            let ms = quantile::percentiles_ns(sorted_ns, &[percent])?;
            let ms = ms.first().copied()?;
            return Some(match self.value {
                Value::Exact => ms,
                value => value.of((ms * 1e6).round() as u64, max),
            });
        }
        if self.rank == Rank::Middle {
            let share = quantile_in_the_middle(sorted_ns, percent)?;
            return Some(self.value.of(share.round() as u64, max));
        }
        let ns = *sorted_ns.get(self.rank.place(sorted_ns.len(), percent)?)?;
        Some(self.value.of(ns, max))
    }

    /// The rule in words.
    #[must_use]
    pub fn words(self) -> String {
        let value = match self.value {
            Value::Exact => "",
            Value::WholeMs => ", of whole ms",
            Value::CutToMs => ", of ms rounded down",
            Value::TwoDigits => ", of times rounded to two digits from 100 ms on",
            Value::Sketch => ", then the middle of a bucket 2 % wide",
            Value::Buckets64 => ", then the middle of one of 64 buckets in a power of two",
        };
        format!("{}{value}", self.rank.words())
    }
}

impl Rank {
    /// The place of a percentile among a number of times in ascending order; it may lie beyond the last. `None`
    /// without times, for what is not a percent, and where two places are interpolated.
    #[must_use]
    pub fn place(self, times: usize, percent: f64) -> Option<usize> {
        let last = times.checked_sub(1)?;
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        let at = percent * times as f64 / 100.0;
        Some(match self {
            Rank::OneUp => (at as usize).min(last),
            Rank::HalfUp if percent >= 100.0 => last,
            Rank::HalfUp => (at + 0.5) as usize,
            Rank::AboveNearest => at.ceil() as usize,
            Rank::Nearest => (at.ceil() as usize).saturating_sub(1),
            Rank::Rounded => (at.round() as usize).saturating_sub(1),
            Rank::RoundedUp => ((at + 0.5).round() as usize).saturating_sub(1).min(last),
            Rank::Below => (percent / 100.0 * last as f64) as usize,
            Rank::Interpolated | Rank::Middle => return None,
        })
    }

    /// The place of a percentile in a histogram: the value whose count it falls on.
    pub fn in_histogram<T: Copy + Ord>(
        self,
        counts: &std::collections::BTreeMap<T, u64>,
        percent: f64,
    ) -> Option<T> {
        let held: u64 = counts.values().sum();
        let place = self.place(usize::try_from(held).ok()?, percent)? as u64;
        let mut passed = 0;
        let found = counts.iter().find(|(_, n)| {
            passed += **n;
            passed > place
        });
        found.map(|(value, _)| *value)
    }

    /// The rank in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Rank::OneUp => "v[int(p n)], one above the nearest rank where p n is whole",
            Rank::HalfUp => "v[int(p n + 1/2)], beyond the last time for few requests",
            Rank::AboveNearest => "v[ceil(p n)], one above the nearest rank",
            Rank::Nearest => "v[ceil(p n) - 1], the nearest rank",
            Rank::Rounded => "v[round(p n) - 1]",
            Rank::RoundedUp => "v[round(p n + 1/2) - 1] of a sample that wrk has made longer",
            Rank::Below => "v[floor(p (n - 1))]",
            Rank::Interpolated => "interpolated between the ranks around p (n - 1)",
            Rank::Middle => "between the ranks around p n - 1/2",
        }
    }
}

/// Between the times around p n - 1/2, in nanoseconds (J. Hazen 1914; what interpolation between centroids of one time
/// each gives).
fn quantile_in_the_middle(sorted_ns: &[u64], percent: f64) -> Option<f64> {
    if !(0.0..=100.0).contains(&percent) {
        return None;
    }
    let last = sorted_ns.len().checked_sub(1)?;
    let at = percent / 100.0 * sorted_ns.len() as f64 - 0.5;
    let at = at.clamp(0.0, last as f64);
    let below = at as usize;
    let (low, high) = (sorted_ns[below], sorted_ns[(below + 1).min(last)]);
    Some(to_f64(low) + (at - below as f64) * (to_f64(high) - to_f64(low)))
}

impl Value {
    /// What a tool makes of a time in nanoseconds, in milliseconds; `max` is the longest.
    #[must_use]
    pub fn of(self, ns: u64, max: u64) -> f64 {
        let ms = to_f64(ns) / 1e6;
        match self {
            Value::Exact => ms,
            Value::WholeMs => ms.round(),
            Value::CutToMs => ms.floor(),
            Value::TwoDigits => two_digits(ms),
            Value::Sketch => sketched(ms),
            // What shares the bucket of the longest is shown as the longest.
            Value::Buckets64 if bucket_64(ns / 1_000) == bucket_64(max / 1_000) => {
                to_f64(max) / 1e6
            }
            Value::Buckets64 => bucket_64(ns / 1_000),
        }
    }
}

/// Locust's rounding of a time before it is counted.
fn two_digits(ms: f64) -> f64 {
    let mut unit = 1.0;
    while ms >= unit * 100.0 && unit < 1_000.0 {
        unit *= 10.0;
    }
    (ms / unit).round_ties_even() * unit
}

/// What Artillery's DDSketch (relative accuracy 1 %) gives for a time, to one decimal.
fn sketched(ms: f64) -> f64 {
    const GAMMA: f64 = 1.01 / 0.99;
    let whole = ms.round();
    if whole <= 0.0 {
        return 0.0;
    }
    let bucket = (libm::log(whole) / libm::log(GAMMA)).ceil();
    let middle = libm::pow(GAMMA, bucket) * 2.0 / (1.0 + GAMMA);
    (middle * 10.0).round() / 10.0
}

/// The middle of goose's bucket of a time in microseconds, in milliseconds.
fn bucket_64(us: u64) -> f64 {
    let shift = us.max(1).ilog2().saturating_sub(6);
    let middle = (us >> shift << shift) + (1 << shift) / 2;
    to_f64(middle) / 1e3
}

/// The times that wrk computes its percentiles of: for each that is above twice the interval that it expects
/// between requests of a connection, it adds the times that requests sent meanwhile might have had.
///
/// Ascending order in, ascending order out; all in nanoseconds.
#[must_use]
pub fn wrk_sample(sorted_ns: &[u64], interval_ns: u64) -> Vec<u64> {
    let mut all = sorted_ns.to_vec();
    if interval_ns > 0 {
        for &ns in sorted_ns.iter().filter(|ns| **ns >= 2 * interval_ns) {
            let mut missed = ns - interval_ns;
            while missed > interval_ns {
                all.push(missed);
                missed -= interval_ns;
            }
        }
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rank: Rank, ms: &[u64], percent: f64) -> Option<f64> {
        let ns: Vec<u64> = ms.iter().map(|ms| ms * 1_000_000).collect();
        Rule::new(rank, Value::Exact).percentile(&ns, percent)
    }

    #[test]
    fn each_rank_is_the_one_that_was_measured() {
        let a: Vec<u64> = (1..=100).map(|k| k * 10).collect();
        let p95 = |rank| of(rank, &a, 95.0).unwrap();
        assert_eq!(p95(Rank::OneUp), 960.0);
        assert_eq!(p95(Rank::AboveNearest), 960.0);
        assert_eq!(p95(Rank::Nearest), 950.0);
        assert_eq!(p95(Rank::Rounded), 950.0);
        assert_eq!(p95(Rank::Below), 950.0);
        assert_eq!(p95(Rank::Interpolated), 950.5);
        assert_eq!(of(Rank::OneUp, &a, 100.0), Some(1000.0));
        assert_eq!(of(Rank::AboveNearest, &a, 100.0), None);
        // ab -e points beyond the end where there are few requests.
        assert_eq!(of(Rank::HalfUp, &a[..20], 98.0), None);
        assert_eq!(of(Rank::HalfUp, &a[..20], 100.0), Some(200.0));
        for rank in [
            Rank::OneUp,
            Rank::Nearest,
            Rank::Rounded,
            Rank::Interpolated,
        ] {
            assert_eq!(of(rank, &[], 50.0), None);
            assert_eq!(of(rank, &a, 100.5), None);
            assert_eq!(of(rank, &a, f64::NAN), None);
            assert_eq!(of(rank, &[7], 0.0), Some(7.0));
        }
    }

    #[test]
    fn locust_keeps_two_digits_and_rounds_halves_to_even() {
        let cases = [
            (0.4, 0.0),
            (99.4, 99.0),
            (123.0, 120.0),
            (125.0, 120.0),
            (127.0, 130.0),
            (135.0, 140.0),
            (1251.7, 1300.0),
            (12_345.0, 12_000.0),
            (123_456.0, 123_000.0),
        ];
        for (ms, rounded) in cases {
            assert_eq!(two_digits(ms), rounded, "{ms}");
        }
    }

    #[test]
    fn sketches_and_buckets_give_what_was_printed() {
        for (ms, printed) in [(746.0, 742.6), (950.0, 944.0), (990.0, 982.6), (24.0, 23.8)] {
            assert_eq!(sketched(ms), printed);
        }
        assert_eq!(sketched(0.2), 0.0);
        for (us, printed) in [
            (500_400, 502.0),
            (750_400, 750.0),
            (980_400, 979.0),
            (990_300, 987.0),
        ] {
            assert_eq!(bucket_64(us).round(), printed);
        }
        assert_eq!(bucket_64(0), 0.0);
        assert!(Value::Buckets64.of(u64::MAX, u64::MAX).is_finite());
        assert_eq!(Value::Buckets64.of(2_345_104_000, 2_345_200_000), 2345.2);
    }

    #[test]
    fn wrk_invents_the_times_that_it_missed() {
        let ms = |values: &[u64]| -> Vec<u64> { values.iter().map(|v| v * 1_000_000).collect() };
        assert_eq!(
            wrk_sample(&ms(&[100, 1234]), 386_000_000),
            ms(&[100, 462, 848, 1234])
        );
        assert_eq!(wrk_sample(&ms(&[100, 771]), 386_000_000), ms(&[100, 771]));
        assert_eq!(wrk_sample(&ms(&[5]), 0), ms(&[5]));
    }
}
