//! Quantiles, moments, intervals and warm-up against definitions worked out the slow way.

use capsim::stats::interval::{mean_interval, normal_z, paired_difference, student_t, wilson};
use capsim::stats::quantile::{percentiles, percentiles_ns};

use capsim::stats::warmup::{WarmupError, mser5};
use capsim::stats::{Histogram, Moments, TrendStats, batch, ks, lhs};
use proptest::collection::vec;
use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// k6's percentile by its definition: sort everything, then interpolate.
fn by_sorting(samples: &[f64], percent: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        1 => sorted[0],
        n => {
            let index = percent / 100.0 * (n - 1) as f64;
            let low = sorted[index.floor() as usize];
            let high = sorted[index.ceil() as usize];
            low + (high - low) * (index - index.floor())
        }
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn uniforms(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Samples as a run has them: many or few, close together, far apart or equal.
fn samples() -> impl Strategy<Value = Vec<u64>> {
    // Of many, only how many there are is a strategy of its own: that is drawn ten times as fast.
    let many = (990..2_500_usize, any::<u64>()).prop_map(|(count, seed)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || {
            let (kind, x) = (rng.next_u64() % 10, rng.next_u64());
            match kind {
                0..4 => 900_000 + x % 200_000,
                4..6 => x % 1_000,
                6..8 => x >> 20,
                8 => x,
                _ => 5_000_000,
            }
        };
        (0..count).map(|_| draw()).collect()
    });
    let value = prop_oneof![
        4 => 900_000_u64..1_100_000,
        2 => 0_u64..1_000,
        2 => any::<u64>().prop_map(|x| x >> 20),
        1 => any::<u64>(),
        1 => Just(5_000_000_u64),
    ];
    prop_oneof![vec(value, 0..40), many]
}

fn wanted() -> impl Strategy<Value = Vec<f64>> {
    let percent = prop_oneof![0.0..=100.0, Just(0.0), Just(50.0), Just(99.0), Just(100.0)];
    vec(percent, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn percentiles_are_bit_equal_to_sorting(samples in samples(), percents in wanted()) {
        let in_ms: Vec<f64> = samples.iter().map(|&ns| ns as f64 / 1e6).collect();
        let expected: Vec<f64> = percents.iter().map(|&p| by_sorting(&in_ms, p)).collect();
        let fast = percentiles_ns(&samples, &percents).expect("percents are sound");
        prop_assert_eq!(bits(&fast), bits(&expected));
    }

    #[test]
    fn percentiles_of_floats_are_bit_equal_to_sorting(
        samples in prop_oneof![
            vec(-1e3..1e3, 0..30),
            vec(0.0..1e3, 1_000..2_000),
            vec(-1e-3..1e300, 1_000..2_000),
        ],
        percents in wanted(),
    ) {
        let expected: Vec<f64> = percents.iter().map(|&p| by_sorting(&samples, p)).collect();
        let fast = percentiles(&samples, &percents).expect("percents are sound");
        prop_assert_eq!(bits(&fast), bits(&expected));
    }

    #[test]
    fn histograms_merge_to_the_same_in_any_order(samples in samples(), cut in 0.0..1.0) {
        let filled = |part: &[u64]| {
            let mut histogram = Histogram::new();
            part.iter().for_each(|&x| histogram.record(x));
            histogram
        };
        let (a, b) = samples.split_at((cut * samples.len() as f64) as usize);
        let mut forward = filled(a);
        forward.merge(&filled(b));
        let mut backward = filled(b);
        backward.merge(&filled(a));
        let whole = filled(&samples);
        prop_assert_eq!(&forward, &whole);
        prop_assert_eq!(&backward, &whole);
        prop_assert_eq!(whole.count(), samples.len() as u64);
        prop_assert_eq!(whole.sum(), samples.iter().map(|&x| u128::from(x)).sum::<u128>());
        prop_assert_eq!(whole.min(), samples.iter().min().copied());
        prop_assert_eq!(whole.max(), samples.iter().max().copied());
    }

    #[test]
    fn histogram_quantiles_are_within_their_error(samples in samples(), q in 0.0..=1.0) {
        let mut histogram = Histogram::new();
        samples.iter().for_each(|&x| histogram.record(x));
        let mut sorted = samples.clone();
        sorted.sort_unstable();
        match histogram.quantile(q) {
            None => prop_assert!(samples.is_empty()),
            Some(value) => {
                let index = q * (sorted.len() - 1) as f64;
                let low = sorted[index.floor() as usize] as f64;
                let high = sorted[index.ceil() as usize] as f64;
                let exact = low + (high - low) * (index - index.floor());
                prop_assert!((value - exact).abs() <= 0.004 * high, "{} against {}", value, exact);
            }
        }
    }

    #[test]
    fn moments_agree_with_two_passes_and_merging(
        values in vec(-1e3..1e3, 2..200),
        cut in 0.0..1.0,
    ) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        let (a, b) = values.split_at((cut * n) as usize);
        let mut merged: Moments = a.iter().copied().collect();
        merged.merge(&b.iter().copied().collect());
        let streamed: Moments = values.iter().copied().collect();
        for moments in [merged, streamed] {
            prop_assert_eq!(moments.count(), values.len() as u64);
            prop_assert!((moments.mean().expect("values") - mean).abs() < 1e-9);
            let ours = moments.variance().expect("two values");
            prop_assert!((ours - variance).abs() <= 1e-9 * variance.max(1.0));
            prop_assert_eq!(moments.min(), values.iter().copied().reduce(f64::min));
            prop_assert_eq!(moments.max(), values.iter().copied().reduce(f64::max));
        }
    }
}

#[test]
fn percentiles_stay_exact_on_half_a_million_samples() {
    let mut unit = uniforms(7);
    let samples: Vec<u64> = (0..500_000)
        .map(|_| (-libm::log(1.0 - unit()) * 4e8) as u64)
        .collect();
    let percents = [0.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0];
    let in_ms: Vec<f64> = samples.iter().map(|&ns| ns as f64 / 1e6).collect();
    let expected: Vec<f64> = percents.iter().map(|&p| by_sorting(&in_ms, p)).collect();
    assert_eq!(percentiles_ns(&samples, &percents), Some(expected.clone()));
    assert_eq!(percentiles(&in_ms, &percents), Some(expected));
}

#[test]
fn percentiles_by_hand() {
    // Of 1, 2, 3, 4 ms: p(90) lies at index 2.7.
    let samples = [4_000_000, 1_000_000, 3_000_000, 2_000_000];
    let expected = 3.0 + (4.0 - 3.0) * (0.9 * 3.0 - 2.0);
    assert_eq!(
        percentiles_ns(&samples, &[50.0, 90.0]),
        Some(vec![2.5, expected])
    );
    assert_eq!(percentiles_ns(&[], &[50.0]), Some(vec![0.0]));
    assert_eq!(
        percentiles_ns(&[1_500_000], &[0.0, 99.0]),
        Some(vec![1.5, 1.5])
    );
    assert_eq!(percentiles(&[-1.0, 3.0, -5.0], &[50.0]), Some(vec![-1.0]));
    for bad in [-0.1, 100.1, f64::NAN] {
        assert_eq!(percentiles_ns(&samples, &[50.0, bad]), None);
        assert_eq!(percentiles(&[1.0], &[bad]), None);
    }
}

#[test]
fn a_trend_sums_in_the_order_of_arrival() {
    // Floats near 1e13 ms are 0.002 ms apart: 0.0009 ms added to it is lost, 0.0027 ms is not.
    let large = 10_000_000_000_000_000_000_u64;
    let mean_ms = |samples: &[u64]| TrendStats::of_ns(samples, &[]).expect("sound").avg;
    assert_eq!(mean_ms(&[large, 900, 900, 900]), 1e13 / 4.0);
    assert!(mean_ms(&[900, 900, 900, large]) > 1e13 / 4.0);
    let stats = TrendStats::of_ns(&[3_000_000, 1_000_000, 2_000_000], &[50.0]).expect("sound");
    assert_eq!(
        stats,
        TrendStats {
            count: 3,
            avg: 2.0,
            min: 1.0,
            max: 3.0,
            percentiles: vec![(50.0, 2.0)]
        }
    );
    assert_eq!(stats.percentile(50.0), Some(2.0));
    assert_eq!(stats.percentile(90.0), None);
    let plain = TrendStats::of_values(&[3.0, 1.0, 2.0], &[50.0]).expect("sound");
    assert_eq!(plain, stats);
    let empty = TrendStats::of_ns(&[], &[50.0]).expect("sound");
    assert_eq!(
        empty,
        TrendStats {
            percentiles: vec![(50.0, 0.0)],
            ..TrendStats::default()
        }
    );
}

#[test]
fn histogram_of_nothing_and_of_everything() {
    let mut histogram = Histogram::new();
    assert_eq!((histogram.mean(), histogram.quantile(0.5)), (None, None));
    for value in [0, 1, u64::MAX] {
        histogram.record(value);
    }
    assert_eq!(histogram.quantile(0.0), Some(0.0));
    assert_eq!(histogram.quantile(0.5), Some(1.0));
    assert_eq!(histogram.quantile(1.0), Some(u64::MAX as f64));
    assert_eq!(histogram.quantile(1.1), None);
    assert_eq!(histogram.quantile(f64::NAN), None);
    let share = histogram.share_at_most(1).expect("values");
    assert_eq!(share, 2.0 / 3.0);
    assert_eq!(histogram.buckets().count(), 3);
}

#[test]
fn moments_survive_a_large_offset() {
    let moments: Moments = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]
        .into_iter()
        .collect();
    assert_eq!(moments.variance(), Some(30.0));
    assert_eq!(moments.mean(), Some(1e9 + 10.0));
    assert_eq!(moments.std_error(), Some(7.5_f64.sqrt()));
    assert_eq!(Moments::new().mean(), None);
    let one: Moments = [2.0].into_iter().collect();
    assert_eq!((one.mean(), one.variance()), (Some(2.0), None));
    let centred: Moments = [-1.0, 1.0].into_iter().collect();
    assert_eq!(centred.cv(), None);
}

#[test]
fn critical_values_are_those_of_the_tables() {
    // Two-sided Student's t from closed forms: one degree tan(pi p / 2), two p sqrt(2 / (1-p^2)).
    let tables = [
        (0.95, 1, 12.706_204_736_2),
        (0.95, 2, 0.95 * (2.0_f64 / (1.0 - 0.95 * 0.95)).sqrt()),
        (0.99, 4, 4.604_094_871_4),
        (0.95, 9, 2.262_157_162_8),
        (0.90, 29, 1.699_127_026_5),
        (0.95, 1_000, 1.962_339_080_8),
        (0.95, 100_000_000, 1.959_964_008_3),
        (0.95, u64::MAX, 1.959_963_985),
    ];
    for (level, freedom, expected) in tables {
        let t = student_t(level, freedom).expect("sound");
        assert!(
            (t - expected).abs() < 3e-9,
            "t({level}, {freedom}) = {t}, not {expected}"
        );
    }
    // Far out with one degree, tan(pi p / 2) is 2 / (pi (1 - p)).
    let far = student_t(1.0 - 1e-9, 1).expect("sound");
    assert!(
        (far * 1e-9 * std::f64::consts::FRAC_PI_2 - 1.0).abs() < 1e-6,
        "{far}"
    );
    assert!(
        student_t(1e-12, 5).expect("sound") < 1e-7,
        "next to nothing, and it ends"
    );
    let z = normal_z(0.95).expect("sound");
    assert!((z - 1.959_963_984_5).abs() < 2e-9, "{z}");
    for level in [0.0, 1.0, -1.0, f64::NAN] {
        assert_eq!(student_t(level, 5), None);
        assert_eq!(normal_z(level), None);
    }
    assert_eq!(student_t(0.95, 0), None);
}

#[test]
fn student_t_falls_smoothly_where_its_two_computations_meet() {
    for level in [0.5, 0.9, 0.99, 0.999_999] {
        let t = |freedom| student_t(level, freedom).expect("sound");
        let steps: Vec<f64> = (990..1_010).map(|f| t(f) - t(f + 1)).collect();
        for pair in steps.windows(2) {
            assert!(
                pair[1] > 0.0 && (pair[1] / pair[0] - 1.0).abs() < 0.01,
                "{level}: {pair:?}"
            );
        }
    }
}

#[test]
fn intervals_of_means() {
    let interval = mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).expect("sound");
    // t(0.95, 4) = 2.7764451052, standard error sqrt(2.5 / 5).
    assert!((interval.half_width - 2.776_445_105_2 * 0.5_f64.sqrt()).abs() < 1e-8);
    assert_eq!((interval.mean, interval.count), (3.0, 5));
    assert!(interval.contains(1.1) && !interval.contains(1.0));
    let paired = paired_difference(&[10.0, 20.0, 30.0], &[11.0, 21.0, 31.0], 0.95);
    let paired = paired.expect("sound");
    assert_eq!((paired.mean, paired.half_width), (1.0, 0.0));
    assert_eq!(paired_difference(&[1.0], &[1.0, 2.0], 0.95), None);
    assert_eq!(mean_interval(&[1.0], 0.95), None);
    assert_eq!(mean_interval(&[1.0, f64::NAN], 0.95), None);
    assert_eq!(mean_interval(&[1.0, f64::INFINITY], 0.95), None);
}

#[test]
fn student_intervals_cover_as_often_as_they_say() {
    let mut unit = uniforms(11);
    let covered = (0..4_000)
        .filter(|_| {
            let samples: Vec<f64> = (0..10).map(|_| unit() + unit() + unit()).collect();
            mean_interval(&samples, 0.9).expect("sound").contains(1.5)
        })
        .count();
    let coverage = wilson(covered as u64, 4_000, 0.999).expect("sound");
    assert!(coverage.low < 0.9 && 0.9 < coverage.high, "{coverage:?}");
}

#[test]
fn wilson_solves_its_own_equation() {
    // The ends are the p with (share - p)^2 = z^2 p (1 - p) / n.
    let (successes, trials) = (8, 10);
    let z = normal_z(0.95).expect("sound");
    let interval = wilson(successes, trials, 0.95).expect("sound");
    for p in [interval.low, interval.high] {
        let apart = (0.8 - p) * (0.8 - p);
        assert!((apart - z * z * p * (1.0 - p) / 10.0).abs() < 1e-12);
    }
    assert_eq!(wilson(0, 5, 0.95).expect("sound").low, 0.0);
    assert_eq!(wilson(5, 5, 0.95).expect("sound").high, 1.0);
    assert!(wilson(0, 5, 0.95).expect("sound").high < 0.5);
    assert_eq!(wilson(0, 0, 0.95), None);
    assert_eq!(wilson(6, 5, 0.95), None);
}

#[test]
fn mser5_cuts_the_transient_and_only_that() {
    let mut unit = uniforms(3);
    let mut noisy = |level: f64| level + unit() - 0.5;
    let warming: Vec<f64> = (0..1_000)
        .map(|i| noisy(if i < 100 { f64::from(100 - i) } else { 0.0 }))
        .collect();
    let cut = mser5(&warming).expect("steady after 100");
    // All of the ramp is cut; the statistic being flat beyond it, a little more may be.
    assert!((100..=200).contains(&cut), "{cut}");
    let flat = vec![4.0; 200];
    assert_eq!(mser5(&flat), Ok(0));
}

#[test]
fn mser5_is_the_minimum_of_its_definition() {
    let mut unit = uniforms(5);
    let series: Vec<f64> = (0..300)
        .map(|i| unit() + 5.0 * libm::exp(-f64::from(i) / 20.0))
        .collect();
    let points: Vec<f64> = series
        .chunks(5)
        .map(|c| c.iter().sum::<f64>() / 5.0)
        .collect();
    let error = |cut: usize| {
        let rest = &points[cut..];
        let n = rest.len() as f64;
        let mean = rest.iter().sum::<f64>() / n;
        rest.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n * n)
    };
    let best = (0..=points.len() - 5).min_by(|&a, &b| error(a).total_cmp(&error(b)));
    assert_eq!(mser5(&series), Ok(best.expect("points") * 5));
}

#[test]
fn mser5_refuses_what_it_cannot_judge() {
    let growing: Vec<f64> = (0..500).map(|i| f64::from(i * i)).collect();
    assert!(matches!(mser5(&growing), Err(WarmupError::TooShort { cut }) if cut > 250));
    assert_eq!(mser5(&[1.0; 49]), Err(WarmupError::TooFew));
    let mut broken = vec![1.0; 100];
    broken[50] = f64::NAN;
    assert_eq!(mser5(&broken), Err(WarmupError::NotFinite));
}

#[test]
fn batches_leave_the_remainder_at_the_start_and_report_correlation() {
    let series: Vec<f64> = (0..11).map(f64::from).collect();
    assert_eq!(
        batch::batch_means(&series, 5),
        Some(vec![1.5, 3.5, 5.5, 7.5, 9.5])
    );
    assert_eq!(batch::batch_means(&series, 0), None);
    assert_eq!(batch::batch_means(&series, 12), None);
    let interval = batch::batch_interval(&series, 5, 0.95).expect("sound");
    assert_eq!((interval.mean, interval.count), (5.5, 5));
    // Deviations -1, 1, -1, 1: three products of -1 over a sum of squares of 4.
    assert_eq!(batch::lag1_correlation(&[1.0, 3.0, 1.0, 3.0]), Some(-0.75));
    assert_eq!(batch::lag1_correlation(&[1.0, 1.0, 1.0]), None);
    assert_eq!(batch::lag1_correlation(&[1.0, 2.0]), None);
}

#[test]
fn a_latin_hypercube_fills_each_slice_of_each_axis_once() {
    let cube = lhs::latin_hypercube(50, 4, uniforms(9));
    assert_eq!(cube.len(), 50);
    for axis in 0..4 {
        let mut slices: Vec<usize> = cube.iter().map(|p| (p[axis] * 50.0) as usize).collect();
        assert!(!slices.is_sorted(), "shuffled");
        slices.sort_unstable();
        assert_eq!(slices, (0..50).collect::<Vec<_>>());
    }
    for broken in [f64::NAN, -3.0, 1.0, f64::INFINITY] {
        let points = lhs::latin_hypercube(7, 2, || broken);
        assert!(points.iter().flatten().all(|x| (0.0..1.0).contains(x)));
    }
    assert!(lhs::latin_hypercube(0, 3, || 0.5).is_empty());
}

#[test]
fn ks_distances_by_hand_and_by_chance() {
    // Against the uniform law, 0.1 and 0.6: the gap is largest below 0.6's step... 0.5 - 0.1.
    let distance = ks::distance_to(&[0.6, 0.1], |x| x).expect("samples");
    assert!((distance - 0.4).abs() < 1e-15);
    assert_eq!(ks::distance_between(&[1.0, 2.0], &[3.0, 4.0]), Some(1.0));
    assert_eq!(
        ks::distance_between(&[1.0, 1.0, 2.0], &[1.0, 1.0, 2.0]),
        Some(0.0)
    );
    assert_eq!(ks::distance_between(&[1.0, 3.0], &[2.0]), Some(0.5));
    assert_eq!(ks::distance_between(&[], &[1.0]), None);
    assert_eq!(ks::distance_to(&[f64::NAN], |x| x), None);
    let mut unit = uniforms(13);
    let samples: Vec<f64> = (0..2_000).map(|_| unit()).collect();
    let limit = ks::critical_distance(samples.len(), 1e-6).expect("sound");
    assert!(ks::distance_to(&samples, |x| x).expect("samples") < limit);
    assert!(ks::distance_to(&samples, |x| x * x).expect("samples") > limit);
    // sqrt(ln(40) / 200): the table's 1.358 / sqrt(100).
    let table = ks::critical_distance(100, 0.05).expect("sound");
    assert!((table - 0.1358).abs() < 1e-4);
    assert_eq!(ks::critical_distance(0, 0.05), None);
    assert_eq!(ks::critical_distance(5, 1.0), None);
}
