//! Two designs under the same random numbers: which is better, and by how much.

use super::margin::samples;
use crate::model::Model;
use crate::stats::Moments;
use crate::stats::interval::{Interval, paired_difference};
use crate::study::runs::Job;

/// Coverage of the intervals.
const LEVEL: f64 = 0.95;

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// B is better than A by more than the smallest effect.
    Better,
    /// B is worse than A by more than the smallest effect.
    Worse,
    /// Whatever the difference is, it is smaller than the smallest effect.
    Same,
    /// B differs by more than the smallest effect, in a number that is neither good nor bad.
    Different,
    /// More replications would tell.
    Open,
}

/// One number of both designs.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the number.
    pub name: String,
    /// Mean in A.
    pub a: f64,
    /// Mean in B.
    pub b: f64,
    /// B - A, paired, 95 %.
    pub difference: Interval,
    /// What it means.
    pub verdict: Verdict,
    /// Runs of each design that a real test, whose runs are not paired, would need to see the
    /// difference with a power of 80 % at the 5 % level; `None` if there is no difference.
    pub real_runs: Option<f64>,
}

/// Whether small is good, if either is.
fn small_is_good(name: &str) -> Option<bool> {
    let small = [
        "duration",
        "failed",
        "interrupted",
        "dropped",
        "time_wait",
        "refused",
        "queue",
    ];
    let large = ["http_reqs", "iterations", "checks_rate", "seats_sold"];
    if small.iter().any(|s| name.contains(s)) {
        return Some(true);
    }
    large.iter().any(|s| name.starts_with(s)).then_some(false)
}

/// Numbers that say nothing about a design.
fn idle(name: &str) -> bool {
    matches!(name, "events" | "duration_s" | "vus_max" | "seats") || name.ends_with("_min_ms")
}

/// Runs both designs and compares every number that both have. `effect` is the smallest relative
/// difference that matters, such as 0.05.
#[must_use]
pub fn compare(a: &Model, b: &Model, seed: u64, replications: u64, effect: f64) -> Vec<Row> {
    let jobs: Vec<Job> = [a, b]
        .into_iter()
        .flat_map(|model| {
            (0..replications).map(move |replication| Job {
                model,
                seed,
                replication,
            })
        })
        .collect();
    let all = samples(&jobs);
    let (of_a, of_b) = all.split_at(replications as usize);
    let Some(first) = of_a.first() else {
        return Vec::new();
    };
    let names = first.metrics.keys().filter(|n| !idle(n));
    names
        .filter_map(|name| {
            let take = |side: &[super::margin::Sample]| -> Option<Vec<f64>> {
                side.iter().map(|s| s.metrics.get(name).copied()).collect()
            };
            row(name, &take(of_a)?, &take(of_b)?, effect)
        })
        .collect()
}

fn row(name: &str, a: &[f64], b: &[f64], effect: f64) -> Option<Row> {
    let difference = paired_difference(a, b, LEVEL)?;
    let moments = |side: &[f64]| -> Moments { side.iter().copied().collect() };
    let (in_a, in_b) = (moments(a), moments(b));
    let (mean_a, mean_b) = (in_a.mean()?, in_b.mean()?);
    let least = effect * mean_a.abs();
    let (low, high) = (difference.low(), difference.high());
    let verdict = match small_is_good(name) {
        _ if low >= -least && high <= least => Verdict::Same,
        _ if low <= least && high >= -least => Verdict::Open,
        None => Verdict::Different,
        Some(small) if (high < 0.0) == small => Verdict::Better,
        Some(_) => Verdict::Worse,
    };
    Some(Row {
        name: name.to_string(),
        a: mean_a,
        b: mean_b,
        difference,
        verdict,
        real_runs: real_runs(&in_a, &in_b),
    })
}

/// Runs of each side: `(z(97.5 %) + z(80 %))² (s_a² + s_b²) / difference²` (Cohen 1988, chapter 2).
fn real_runs(a: &Moments, b: &Moments) -> Option<f64> {
    const Z: f64 = 1.959_964 + 0.841_621;
    let apart = b.mean()? - a.mean()?;
    let variance = a.variance()? + b.variance()?;
    if apart == 0.0 {
        return None;
    }
    Some((Z * Z * variance / (apart * apart)).ceil().max(2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_follow_the_interval_and_the_smallest_effect() {
        let verdict =
            |b: [f64; 3]| row("http_req_duration_avg_ms", &[100.0, 101.0, 99.0], &b, 0.05);
        let of = |b| verdict(b).map(|r| r.verdict);
        assert_eq!(of([50.0, 51.0, 49.0]), Some(Verdict::Better));
        assert_eq!(of([150.0, 151.0, 149.0]), Some(Verdict::Worse));
        assert_eq!(of([100.5, 101.5, 99.5]), Some(Verdict::Same));
        assert_eq!(of([80.0, 120.0, 99.0]), Some(Verdict::Open));
        let up = row(
            "http_reqs_per_s",
            &[10.0, 11.0, 9.0],
            &[20.0, 21.0, 19.0],
            0.05,
        );
        assert_eq!(up.map(|r| r.verdict), Some(Verdict::Better));
    }

    #[test]
    fn a_real_test_needs_more_runs_for_a_smaller_difference() {
        // Both sides have variance 1: 2 × (1.96 + 0.84)² / d².
        let runs = |d: f64| {
            let b = [10.0 + d, 11.0 + d, 9.0 + d];
            row("x_ms", &[10.0, 11.0, 9.0], &b, 0.05).and_then(|r| r.real_runs)
        };
        assert_eq!(runs(1.0), Some(16.0));
        assert_eq!(runs(0.5), Some(63.0));
        assert_eq!(runs(0.0), None);
    }
}
