//! Whatever the parameters: a constructor refuses them, or what it gives never fails.

use capsim::engine::dist::{Dist, DistError};
use capsim::engine::stream::Stream;
use proptest::prelude::*;

/// Numbers as a user might give them, their limits, and any bit pattern at all.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => 0.0..10.0_f64,
        3 => (-31.0..31.0_f64).prop_map(|exponent| libm::pow(10.0, exponent)),
        1 => any::<u64>().prop_map(f64::from_bits),
        2 => prop::sample::select(vec![
            0.0, -0.0, 1.0, -1.0, 1e-6, 1e-3, 0.01, 0.05, 0.999_999, 1.000_001, 2.0, 10.0, 1e3, 1e4,
            1e6, 1e30, 1e-30, 1e308, f64::MAX, f64::MIN_POSITIVE, f64::EPSILON, f64::INFINITY,
            f64::NEG_INFINITY, f64::NAN,
        ]),
    ]
}

type FromTwo = fn(f64, f64) -> Result<Dist, DistError>;

fn simple() -> impl Strategy<Value = Result<Dist, DistError>> {
    let of_two: Vec<FromTwo> = vec![
        |value, _| Dist::constant(value),
        |mean, _| Dist::exponential(mean),
        Dist::uniform,
        Dist::gamma,
        Dist::gamma_mean_cv,
        Dist::lognormal,
        Dist::lognormal_mean_cv,
        Dist::lognormal_median_p99,
        Dist::weibull,
        Dist::weibull_mean_cv,
        Dist::weibull_median_p99,
        Dist::pareto,
        Dist::pareto_mean_cv,
        Dist::pareto_median_p99,
        Dist::hyperexponential_mean_cv,
    ];
    prop_oneof![
        15 => (prop::sample::select(of_two), number(), number()).prop_map(|(make, a, b)| make(a, b)),
        1 => (number(), any::<u32>()).prop_map(|(mean, stages)| Dist::erlang(mean, stages)),
        1 => (number(), 0..9_u32).prop_map(|(mean, stages)| Dist::erlang(mean, stages)),
        2 => (number(), number(), number()).prop_map(|(a, b, c)| Dist::truncated_pareto(a, b, c)),
        1 => prop::collection::vec(number(), 0..5).prop_map(|values| Dist::empirical(&values)),
        1 => prop::collection::vec(number(), 0..5)
            .prop_map(|values| Dist::empirical_interpolated(&values)),
        1 => (0.0..=1.0_f64, number(), number())
            .prop_map(|(p, a, b)| Dist::hyperexponential(&[(p, a), (1.0 - p, b)])),
        1 => prop::collection::vec((number(), number()), 0..4)
            .prop_map(|phases| Dist::hyperexponential_rates(&phases)),
    ]
}

fn nested() -> impl Strategy<Value = Result<Dist, DistError>> {
    let leaf = simple().boxed();
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (number(), inner.clone()).prop_map(|(offset, rest)| Dist::shifted(offset, rest?)),
            prop::collection::vec((number(), inner), 0..4).prop_map(|parts| {
                let parts: Result<Vec<_>, _> = parts
                    .into_iter()
                    .map(|(weight, part)| part.map(|part| (weight, part)))
                    .collect();
                Dist::mixture(&parts?)
            }),
        ]
    })
}

/// No panic, nothing negative, nothing undefined.
fn is_sound(dist: &Dist, seed: u64) -> Result<(), TestCaseError> {
    let mut stream = Stream::new(seed, 0, "hostile");
    let (low, high) = dist.support();
    prop_assert!(
        low >= 0.0 && low <= high,
        "support {low} {high} of {dist:?}"
    );
    for _ in 0..20 {
        let x = dist.sample(&mut stream);
        prop_assert!(x >= 0.0, "sample {x} of {dist:?}");
        let p = dist.cdf(x);
        prop_assert!((0.0..=1.0).contains(&p), "cdf {p} at {x} of {dist:?}");
        dist.span(&mut stream);
    }
    prop_assert!(dist.mean() >= 0.0, "mean {} of {dist:?}", dist.mean());
    prop_assert!(
        dist.variance() >= 0.0,
        "variance {} of {dist:?}",
        dist.variance()
    );
    prop_assert!(dist.cv() >= 0.0, "cv {} of {dist:?}", dist.cv());
    let median = dist.quantile(0.5);
    prop_assert!(
        median >= low && median <= high,
        "median {median} of {dist:?}"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_fails(made in nested(), seed: u64, factor in number()) {
        match made {
            Ok(dist) => {
                is_sound(&dist, seed)?;
                is_sound(&dist.scaled(factor), seed)?;
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(!error.parameter().is_empty());
                prop_assert!(text.contains("must"), "{text}");
            }
        }
    }

    #[test]
    fn whole_numbers_stay_below(seed: u64, n: u64) {
        let mut stream = Stream::new(seed, 1, "below");
        let drawn = stream.below(n);
        prop_assert!(drawn < n.max(1));
    }
}
