//! Two designs under the same random numbers: which is better, and by how much.

use super::margin::{Sample, samples};
use crate::metrics::thresholds_of;
use crate::model::Model;
use crate::model::threshold::Operator;
use crate::runs::Job;
use crate::stats::Moments;
use crate::stats::interval::{Interval, normal_z, paired_difference, student_t};

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
    /// Runs of each design that a real test would need to see the difference (see [`real_runs`]); `None`
    /// if there is no difference.
    pub real_runs: Option<f64>,
}

/// How two designs are compared.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Pairs of runs.
    pub replications: u64,
    /// The smallest relative difference that matters, such as 0.05.
    pub effect: f64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Every number that both designs have.
    pub rows: Vec<Row>,
    /// Pairs of runs made: fewer than planned if time was up.
    pub replications: u64,
    /// The smallest relative difference that matters.
    pub effect: f64,
    /// Mean number of events of a pair.
    pub events: f64,
}

/// Whether small is good, if either is. A threshold on the number says so itself.
fn small_is_good(name: &str, thresholds: &[(String, bool)]) -> Option<bool> {
    if let Some((_, small)) = thresholds.iter().find(|(column, _)| column == name) {
        return Some(*small);
    }
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

/// The numbers that thresholds compare, and whether they want them small.
fn wanted(model: &Model) -> Vec<(String, bool)> {
    let all = thresholds_of(model).into_iter();
    all.filter_map(|t| match t.threshold.operator {
        Operator::Less | Operator::LessOrEqual => Some((t.column, true)),
        Operator::Greater | Operator::GreaterOrEqual => Some((t.column, false)),
        Operator::Equal | Operator::NotEqual => None,
    })
    .collect()
}

/// Numbers that say nothing about a design.
fn idle(name: &str) -> bool {
    matches!(name, "events" | "duration_s" | "vus_max" | "seats") || name.ends_with("_min_ms")
}

/// Runs both designs and compares every number that both have. `may_go_on` is asked before every few
/// pairs but the first.
///
/// # Errors
/// If a run comes to no end: why.
pub fn compare(
    a: &Model,
    b: &Model,
    plan: &Plan,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Comparison, String> {
    let at_once = (rayon::current_num_threads() as u64).max(4);
    let (mut of_a, mut of_b): (Vec<Sample>, Vec<Sample>) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < plan.replications && (done == 0 || may_go_on()) {
        let until = (done + at_once).min(plan.replications);
        let jobs: Vec<Job> = [a, b]
            .into_iter()
            .flat_map(|model| {
                (done..until).map(move |replication| Job {
                    model,
                    seed: plan.seed,
                    replication,
                })
            })
            .collect();
        let mut both = samples(&jobs)?;
        of_b.extend(both.split_off((until - done) as usize));
        of_a.extend(both);
        done = until;
    }
    let all = of_a.iter().chain(&of_b);
    let events = all.filter_map(|s| s.metrics.get("events"));
    let thresholds = wanted(a);
    let first = of_a.first();
    let names = first.into_iter().flat_map(|s| s.metrics.keys());
    let rows = names.filter(|n| !idle(n)).filter_map(|name| {
        let take = |side: &[Sample]| -> Option<Vec<f64>> {
            side.iter().map(|s| s.metrics.get(name).copied()).collect()
        };
        let small = small_is_good(name, &thresholds);
        row(name, [&take(&of_a)?, &take(&of_b)?], plan.effect, small)
    });
    Ok(Comparison {
        rows: rows.collect(),
        replications: done,
        effect: plan.effect,
        events: events.sum::<f64>() / done.max(1) as f64,
    })
}

/// One number of both designs, run by run; `None` with fewer than two runs.
#[must_use]
pub fn row(name: &str, [a, b]: [&[f64]; 2], effect: f64, small: Option<bool>) -> Option<Row> {
    let difference = paired_difference(a, b, LEVEL)?;
    let moments = |side: &[f64]| -> Moments { side.iter().copied().collect() };
    let (in_a, in_b) = (moments(a), moments(b));
    let (mean_a, mean_b) = (in_a.mean()?, in_b.mean()?);
    let least = effect * mean_a.abs();
    let (low, high) = (difference.low(), difference.high());
    let verdict = match small {
        _ if low >= -least && high <= least => Verdict::Same,
        _ if low <= least && high >= -least => Verdict::Open,
        None => Verdict::Different,
        Some(small) if (high < 0.0) == small => Verdict::Better,
        Some(_) => Verdict::Worse,
    };
    let spread = (in_a.variance()? + in_b.variance()?).sqrt();
    Some(Row {
        name: name.to_string(),
        a: mean_a,
        b: mean_b,
        difference,
        verdict,
        real_runs: real_runs(mean_b - mean_a, spread),
    })
}

/// Pairs of runs (one of each design) that a two-sided paired t test at the 5 % level needs to see a mean
/// difference with a power of 80 %: the smallest n with
/// `n ≥ (t(0.975, n-1) + t(0.8, n-1))² s² / d²` (Zar 2010, Biostatistical Analysis, section 7.7).
///
/// `spread` is the standard deviation s of one pair's difference. Real runs share no random numbers, so
/// there it is `sqrt(s_a² + s_b²)`. `None` without a difference.
#[must_use]
pub fn real_runs(difference: f64, spread: f64) -> Option<f64> {
    if difference == 0.0 || !difference.is_finite() || !spread.is_finite() {
        return None;
    }
    let square = |x: f64| x * x;
    let ratio = square(spread / difference);
    // Student's quantiles are above the normal ones, so that this is too few, by a few runs.
    let normal = square(normal_z(0.95)? + normal_z(0.6)?) * ratio;
    let mut n = normal.ceil().max(2.0);
    while n < 1e6 {
        let freedom = n as u64 - 1;
        let needed = square(student_t(0.95, freedom)? + student_t(0.6, freedom)?) * ratio;
        if n >= needed {
            break;
        }
        n += 1.0;
    }
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stream::Stream;

    fn verdict(name_small: Option<bool>, b: [f64; 3], effect: f64) -> Option<Verdict> {
        row("x", [&[100.0, 101.0, 99.0], &b], effect, name_small).map(|r| r.verdict)
    }

    #[test]
    fn verdicts_follow_the_interval_and_the_smallest_effect() {
        let small = |b| verdict(Some(true), b, 0.05);
        let large = |b| verdict(Some(false), b, 0.05);
        // The same shift in every pair: the interval is a point.
        assert_eq!(small([50.0, 51.0, 49.0]), Some(Verdict::Better));
        assert_eq!(large([50.0, 51.0, 49.0]), Some(Verdict::Worse));
        assert_eq!(small([150.0, 151.0, 149.0]), Some(Verdict::Worse));
        assert_eq!(large([150.0, 151.0, 149.0]), Some(Verdict::Better));
        assert_eq!(small([100.5, 101.5, 99.5]), Some(Verdict::Same));
        assert_eq!(small([80.0, 120.0, 99.0]), Some(Verdict::Open));
        assert_eq!(
            verdict(None, [50.0, 51.0, 49.0], 0.05),
            Some(Verdict::Different)
        );
    }

    #[test]
    fn the_smallest_effect_is_a_share_of_a() {
        // 4 % slower for sure: matters or not by what is said to matter.
        let slower = [104.0, 105.0, 103.0];
        assert_eq!(verdict(Some(true), slower, 0.05), Some(Verdict::Same));
        assert_eq!(verdict(Some(true), slower, 0.04), Some(Verdict::Same));
        assert_eq!(verdict(Some(true), slower, 0.03), Some(Verdict::Worse));
        assert_eq!(verdict(Some(true), slower, 0.0), Some(Verdict::Worse));
        // Differences 3, 4, 5: the interval is 4 ± 2.484, from 1.516 to 6.484.
        let about = [103.0, 105.0, 104.0];
        assert_eq!(verdict(Some(true), about, 0.01), Some(Verdict::Worse));
        assert_eq!(verdict(Some(true), about, 0.05), Some(Verdict::Open));
        assert_eq!(verdict(Some(true), about, 0.07), Some(Verdict::Same));
        // Nothing at all in both is the same.
        let nothing = row("x", [&[0.0; 3], &[0.0; 3]], 0.05, Some(true)).unwrap();
        assert_eq!((nothing.verdict, nothing.real_runs), (Verdict::Same, None));
    }

    #[test]
    fn a_threshold_says_what_is_good() {
        let thresholds = [
            ("sold_per_s".to_owned(), false),
            ("wait_ms".to_owned(), true),
        ];
        assert_eq!(small_is_good("sold_per_s", &thresholds), Some(false));
        assert_eq!(small_is_good("wait_ms", &thresholds), Some(true));
        assert_eq!(small_is_good("http_req_duration_p95_ms", &[]), Some(true));
        assert_eq!(small_is_good("http_reqs_per_s", &[]), Some(false));
        assert_eq!(small_is_good("station_cpu_utilisation", &[]), None);
    }

    /// Sample sizes of a two-sided paired t test at 5 %, power 80 %, by the exact noncentral t
    /// distribution (Cohen 1988, table 2.4.1, for matched pairs; Faul et al. 2007, G*Power).
    #[test]
    fn a_real_test_needs_as_many_runs_as_the_tables_say() {
        for (standardised, pairs) in [(0.2, 199.0), (0.5, 34.0), (0.8, 15.0), (1.0, 10.0)] {
            assert_eq!(real_runs(standardised, 1.0), Some(pairs), "{standardised}");
            assert_eq!(real_runs(-7.0 * standardised, 7.0), Some(pairs));
        }
        assert_eq!(real_runs(0.0, 1.0), None);
        assert_eq!(real_runs(1.0, 0.0), Some(2.0));
        // (1.95996 + 0.84162)² s² / d² for very many.
        let many = real_runs(1e-4, 1.0).unwrap();
        assert!((many / 784_888_000.0 - 1.0).abs() < 1e-6, "{many}");
    }

    #[test]
    fn so_many_runs_have_the_power() {
        let mut stream = Stream::new(3, 0, "power");
        let mut power = |shift: f64, n: u64| {
            let limit = student_t(0.95, n - 1).unwrap();
            let trials = 20_000;
            let seen = (0..trials).filter(|_| {
                let pairs = (0..n).map(|_| {
                    // A sum of twelve uniform numbers is normal enough.
                    (0..12).map(|_| stream.unit()).sum::<f64>() - 6.0 + shift
                });
                let pairs: Moments = pairs.collect();
                (pairs.mean().unwrap() / pairs.std_error().unwrap()).abs() > limit
            });
            seen.count() as f64 / f64::from(trials)
        };
        for shift in [0.5, 1.0] {
            let n = real_runs(shift, 1.0).unwrap() as u64;
            let (enough, fewer) = (power(shift, n), power(shift, n - 2));
            assert!(
                enough > 0.79 && enough < 0.84,
                "{shift}: {n} runs, {enough}"
            );
            assert!(fewer < 0.79, "{shift}: {} runs, {fewer}", n - 2);
        }
    }

    #[test]
    fn a_real_test_has_the_noise_of_both_designs() {
        // Both sides have variance 1, so that a pair's difference has 2, however alike the pairs are.
        let runs = |d: f64| {
            let b = [10.0 + d, 11.0 + d, 9.0 + d];
            row("x_ms", [&[10.0, 11.0, 9.0], &b], 0.05, None).and_then(|r| r.real_runs)
        };
        assert_eq!(runs(1.0), real_runs(1.0, 2.0_f64.sqrt()));
        assert_eq!(runs(0.0), None);
    }
}
