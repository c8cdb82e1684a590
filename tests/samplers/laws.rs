//! Every sampler follows its law, and the law's cdf, moments and quantiles agree with each other and
//! with `statrs`, which shares no code with capsim's samplers.

use crate::dists;
use crate::fit::{chi_square_bound, chi_square_uniform, ks_bound, ks_statistic};
use capsim::engine::dist::Dist;
use capsim::engine::stream::Stream;
use statrs::distribution::{
    ContinuousCDF, Erlang, Exp, Gamma, LogNormal, Pareto, Uniform, Weibull,
};

/// The cdf of a distribution of [`dists::all`], from `statrs` alone; none for the discrete one.
fn oracle(name: &str, x: f64) -> Option<f64> {
    let exp = |mean: f64| Exp::new(1.0 / mean).expect("rate").cdf(x);
    Some(match name {
        "uniform" => Uniform::new(2.0, 5.0).expect("law").cdf(x),
        "exponential" => exp(3.0),
        "erlang_2" => Erlang::new(2, 2.0 / 3.0).expect("law").cdf(x),
        "erlang_9" => Erlang::new(9, 3.0).expect("law").cdf(x),
        "gamma_below_1" => Gamma::new(0.3, 0.5).expect("law").cdf(x),
        "gamma_above_1" => Gamma::new(2.7, 0.5).expect("law").cdf(x),
        "lognormal" => LogNormal::new(0.5, 0.8).expect("law").cdf(x),
        "weibull_heavy" => Weibull::new(0.7, 2.0).expect("law").cdf(x),
        "weibull_light" => Weibull::new(3.0, 2.0).expect("law").cdf(x),
        "pareto" => Pareto::new(2.0, 5.0).expect("law").cdf(x),
        "truncated_pareto" => {
            let law = Pareto::new(2.0, 1.2).expect("law");
            (law.cdf(x) / law.cdf(50.0)).min(1.0)
        }
        "hyperexponential" => 0.7 * exp(1.0) + 0.2 * exp(4.0) + 0.1 * exp(9.0),
        "mixture" => {
            let uniform = Uniform::new(0.0, 3.0).expect("law").cdf(x);
            let lognormal = LogNormal::new(2.0, 0.5).expect("law").cdf(x);
            0.375 * exp(1.0) + 0.375 * uniform + 0.25 * lognormal
        }
        "shifted" => Exp::new(0.5).expect("rate").cdf((x - 4.0).max(0.0)),
        // Straight lines between the squares of 0 to 49, each with probability 1/49.
        "empirical_interpolated" => {
            let root = x.clamp(0.0, 49.0 * 49.0).sqrt().floor();
            let next = 2.0 * root + 1.0;
            ((root + (x - root * root) / next) / 49.0).clamp(0.0, 1.0)
        }
        _ => return None,
    })
}

#[test]
fn samples_follow_the_oracle() {
    for (name, dist) in dists::all() {
        if oracle(name, 1.0).is_none() {
            assert_eq!(name, "empirical", "the discrete one has a test of its own");
            continue;
        }
        let mut stream = Stream::new(20, 0, name);
        let mut sample: Vec<f64> = (0..200_000).map(|_| dist.sample(&mut stream)).collect();
        let statistic = ks_statistic(&mut sample, |x| oracle(name, x).unwrap_or(f64::NAN));
        assert!(statistic < ks_bound(sample.len()), "{name}: {statistic}");
    }
}

#[test]
fn empirical_values_are_equally_likely() {
    let values = [3.0, 1.0, 4.0, 1.5, 9.0];
    let dist = Dist::empirical(&values).expect("values");
    let mut stream = Stream::new(1, 0, "empirical");
    let mut counts = [0_u64; 5];
    for _ in 0..100_000 {
        let drawn = dist.sample(&mut stream);
        let index = values.iter().position(|&value| value == drawn);
        counts[index.expect("one of the values")] += 1;
    }
    assert!(chi_square_uniform(&counts) < chi_square_bound(4));
}

#[test]
fn cdf_agrees_with_the_oracle() {
    for (name, dist) in dists::all() {
        for step in 0..4000 {
            let x = f64::from(step) * 0.013;
            let Some(expected) = oracle(name, x) else {
                break;
            };
            let got = dist.cdf(x);
            // The error function of statrs is good to some 1e-11, that of libm to the last bit.
            assert!(
                (got - expected).abs() < 1e-10,
                "{name} at {x}: {got}, {expected}"
            );
        }
    }
}

#[test]
fn moments_are_the_integrals_of_the_tail() {
    for (name, dist) in dists::all() {
        let (first, second) = integrated_moments(&dist);
        let (mean, variance) = (dist.mean(), dist.variance());
        let got = second - first * first;
        assert!((first / mean - 1.0).abs() < 1e-4, "{name}: {mean}, {first}");
        assert!(
            (got / variance - 1.0).abs() < 1e-3,
            "{name}: {variance}, {got}"
        );
        assert!((dist.cv() * mean / variance.sqrt() - 1.0).abs() < 1e-12);
    }
}

/// E[X] and E[X²] as integrals of 1 − F and 2x (1 − F), by the midpoint rule over ln x.
fn integrated_moments(dist: &Dist) -> (f64, f64) {
    let (steps, low, high) = (200_000, libm::log(1e-9), libm::log(1e5));
    let width = (high - low) / f64::from(steps);
    let (mut first, mut second) = (0.0, 0.0);
    for step in 0..steps {
        let x = libm::exp(low + (f64::from(step) + 0.5) * width);
        let tail = (1.0 - dist.cdf(x)) * x * width;
        first += tail;
        second += 2.0 * x * tail;
    }
    (first, second)
}

#[test]
fn sample_means_agree_with_the_mean() {
    for (name, dist) in dists::all() {
        let mut stream = Stream::new(5, 0, name);
        let n = 100_000;
        let sum: f64 = (0..n).map(|_| dist.sample(&mut stream)).sum();
        let standard_error = (dist.variance() / f64::from(n)).sqrt();
        let apart = (sum / f64::from(n) - dist.mean()) / standard_error;
        assert!(apart.abs() < 3.5, "{name}: {apart} standard errors");
    }
}

#[test]
fn quantiles_invert_the_cdf() {
    for (name, dist) in dists::all() {
        let (low, high) = dist.support();
        for p in [1e-6, 0.01, 0.25, 0.5, 0.9, 0.99, 0.9999] {
            let x = dist.quantile(p);
            assert!(x >= low && x <= high, "{name}: {x} at {p}");
            assert!(dist.cdf(x) >= p, "{name}: {x} at {p}");
            let before = f64::from_bits(x.to_bits().saturating_sub(1));
            assert!(x == low || dist.cdf(before) < p, "{name}: {x} at {p}");
        }
        assert_eq!(dist.quantile(0.0), low, "{name}");
        assert_eq!(dist.quantile(1.0), high, "{name}");
        assert!(dist.quantile(f64::NAN).is_nan(), "{name}");
    }
}

#[test]
fn scaled_has_the_same_draws_times_the_factor() {
    for (name, dist) in dists::all() {
        let scaled = dist.scaled(2.5);
        let (mut a, mut b) = (Stream::new(1, 0, name), Stream::new(1, 0, name));
        for _ in 0..200 {
            let (x, y) = (dist.sample(&mut a), scaled.sample(&mut b));
            assert!((y - 2.5 * x).abs() <= 1e-13 * y, "{name}: {x}, {y}");
        }
        assert!((scaled.mean() / dist.mean() - 2.5).abs() < 1e-12, "{name}");
        assert!((scaled.cv() / dist.cv() - 1.0).abs() < 1e-9, "{name}");
        assert!((scaled.cdf(7.5) - dist.cdf(3.0)).abs() < 1e-12, "{name}");
        for factor in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(dist.scaled(factor), Dist::Constant(0.0), "{name}");
        }
    }
}

#[test]
fn heavy_tails_have_infinite_moments() {
    let of = |shape| Dist::pareto(shape, 1.0).expect("valid");
    assert_eq!(of(1.0).mean(), f64::INFINITY);
    assert_eq!(of(1.0).cv(), f64::INFINITY);
    assert_eq!(of(2.0).mean(), 2.0);
    assert_eq!(of(2.0).variance(), f64::INFINITY);
    assert_eq!(of(3.0).variance(), 0.75);
    let mixed = Dist::mixture(&[(1.0, of(1.0)), (1.0, Dist::Constant(1.0))]).expect("valid");
    assert_eq!(mixed.mean(), f64::INFINITY);
    assert_eq!(mixed.cv(), f64::INFINITY);
}

#[test]
fn a_constant_is_exact_and_takes_no_draw() {
    let mut stream = Stream::new(1, 0, "constant");
    let untouched = stream.clone().bits();
    for ns in [0_u64, 1, 999_999_999, 86_400_000_000_001] {
        let dist = Dist::constant(ns as f64).expect("valid");
        assert_eq!(dist.sample(&mut stream), ns as f64);
        assert_eq!(dist.span(&mut stream).0, ns);
        assert_eq!(dist.is_constant(), Some(ns as f64));
        assert_eq!((dist.mean(), dist.variance()), (ns as f64, 0.0));
        assert_eq!(dist.cv(), 0.0);
        assert_eq!(dist.quantile(0.5), ns as f64);
        assert_eq!(dist.cdf(ns as f64), 1.0);
        assert_eq!(dist.cdf(ns as f64 - 0.5), 0.0);
    }
    assert_eq!(stream.bits(), untouched);
}

#[test]
fn a_span_is_the_nearest_nanosecond() {
    let dist = Dist::exponential(20.0).expect("valid");
    let (mut a, mut b) = (Stream::new(1, 0, "span"), Stream::new(1, 0, "span"));
    for _ in 0..1000 {
        let ns = dist.sample(&mut a);
        assert!((dist.span(&mut b).0 as f64 - ns).abs() <= 0.5);
    }
}
