//! Constructors: what goes in comes out as moments or percentiles.

use capsim::engine::dist::{Dist, DistError};

type FromTwo = fn(f64, f64) -> Result<Dist, DistError>;

#[test]
fn mean_and_cv_come_back() {
    let families: [(&str, FromTwo, f64); 5] = [
        ("gamma", Dist::gamma_mean_cv, 0.0),
        ("lognormal", Dist::lognormal_mean_cv, 0.0),
        ("weibull", Dist::weibull_mean_cv, 0.0),
        ("pareto", Dist::pareto_mean_cv, 0.0),
        ("hyperexponential", Dist::hyperexponential_mean_cv, 1.0),
    ];
    for (name, make, smallest) in families {
        for mean in [1e-9, 0.3, 1.0, 5e6, 3.6e12] {
            for cv in [0.001, 0.05, 0.5, 0.999, 1.0, 1.001, 1.5, 4.0, 30.0, 1000.0] {
                if cv < smallest {
                    continue;
                }
                let dist = make(mean, cv).expect("valid");
                assert!(
                    (dist.mean() / mean - 1.0).abs() < 1e-10,
                    "{name} {mean} {cv}"
                );
                // Pareto: at cv 1000 the shape is 2.0000005, and cv depends on shape − 2.
                assert!(
                    (dist.cv() / cv - 1.0).abs() < 1e-8,
                    "{name} {mean} {cv}: {dist:?}"
                );
            }
        }
    }
}

#[test]
fn erlang_has_its_mean_and_cv() {
    for stages in [1, 2, 3, 10, 1_000_000] {
        let dist = Dist::erlang(7.0, stages).expect("valid");
        assert!((dist.mean() - 7.0).abs() < 1e-12);
        assert!((dist.cv() - 1.0 / f64::from(stages).sqrt()).abs() < 1e-12);
    }
}

#[test]
fn median_and_p99_come_back() {
    let families: [(&str, FromTwo); 3] = [
        ("lognormal", Dist::lognormal_median_p99),
        ("weibull", Dist::weibull_median_p99),
        ("pareto", Dist::pareto_median_p99),
    ];
    for (name, make) in families {
        for median in [1e-6, 1.0, 3e6, 6e10] {
            for ratio in [1.001, 1.5, 6.67, 40.0, 1e4, 1e9] {
                let dist = make(median, median * ratio).expect("valid");
                let (p50, p99) = (dist.quantile(0.5), dist.quantile(0.99));
                assert!(
                    (p50 / median - 1.0).abs() < 1e-10,
                    "{name} {median} {ratio}: {p50}"
                );
                let error = p99 / (median * ratio) - 1.0;
                assert!(error.abs() < 1e-10, "{name} {median} {ratio}: {p99}");
            }
        }
    }
}

#[test]
fn a_weibull_of_cv_one_is_exponential() {
    let dist = Dist::weibull_mean_cv(3.0, 1.0).expect("valid");
    for x in [0.1, 1.0, 5.0] {
        assert!((dist.cdf(x) - Dist::Exponential(3.0).cdf(x)).abs() < 1e-12);
    }
}

#[test]
fn balanced_phases_contribute_equally() {
    // Whitt's two phases for cv² = 3: p = (1 ± √½) / 2, means such that p m = 1/2 each.
    let root = 0.5_f64.sqrt();
    let (p, q) = (f64::midpoint(1.0, root), (1.0 - root) / 2.0);
    let expected = Dist::hyperexponential(&[(p, 0.5 / p), (q, 0.5 / q)]).expect("valid");
    let dist = Dist::hyperexponential_mean_cv(1.0, 3_f64.sqrt()).expect("valid");
    for x in [0.01, 0.3, 1.0, 4.0, 20.0] {
        assert!((dist.cdf(x) - expected.cdf(x)).abs() < 1e-14);
    }
}

#[test]
fn rates_are_reciprocal_means() {
    let by_rate = Dist::hyperexponential_rates(&[(0.25, 4.0), (0.75, 0.5)]);
    assert_eq!(
        by_rate,
        Dist::hyperexponential(&[(0.25, 0.25), (0.75, 2.0)])
    );
}

#[test]
fn degenerate_parameters_give_the_simplest_law() {
    let ok = |dist: Result<Dist, DistError>| dist.expect("valid");
    let two = Dist::Constant(2.0);
    assert_eq!(ok(Dist::uniform(2.0, 2.0)), two);
    assert_eq!(ok(Dist::gamma_mean_cv(2.0, 0.0)), two);
    assert_eq!(ok(Dist::lognormal_mean_cv(2.0, 0.0)), two);
    assert_eq!(ok(Dist::weibull_mean_cv(2.0, 0.0)), two);
    assert_eq!(ok(Dist::pareto_mean_cv(2.0, 0.0)), two);
    assert_eq!(ok(Dist::empirical(&[2.0, 2.0])), two);
    assert_eq!(ok(Dist::empirical_interpolated(&[2.0])), two);
    assert_eq!(ok(Dist::shifted(0.5, Dist::Constant(1.5))), two);
    assert_eq!(
        ok(Dist::mixture(&[(1.0, two.clone()), (3.0, two.clone())])),
        two
    );
    let exponential = Dist::Exponential(2.0);
    assert_eq!(ok(Dist::erlang(2.0, 1)), exponential);
    assert_eq!(ok(Dist::hyperexponential_mean_cv(2.0, 1.0)), exponential);
    assert_eq!(
        ok(Dist::hyperexponential(&[(1.0, 2.0), (0.0, 9.0)])),
        exponential
    );
    let one_part = Dist::mixture(&[(5.0, exponential.clone()), (0.0, two.clone())]);
    assert_eq!(ok(one_part), exponential);
    assert_eq!(ok(Dist::shifted(0.0, exponential.clone())), exponential);
    // Minus zero would otherwise be another constant than zero.
    assert_eq!(ok(Dist::constant(-0.0)).mean().to_bits(), 0);
}

#[test]
fn nested_distributions_are_flattened() {
    let (a, b, c) = (
        Dist::Constant(1.0),
        Dist::Constant(2.0),
        Dist::Exponential(3.0),
    );
    let inner = Dist::mixture(&[(1.0, a.clone()), (1.0, b.clone())]).expect("valid");
    let nested = Dist::mixture(&[(1.0, inner), (1.0, c.clone())]);
    assert_eq!(
        nested,
        Dist::mixture(&[(1.0, a), (1.0, b), (2.0, c.clone())])
    );
    let once = Dist::shifted(3.0, c.clone());
    let twice = Dist::shifted(1.0, Dist::shifted(2.0, c).expect("valid"));
    assert_eq!(twice, once);
}

#[test]
fn a_clone_shares_its_values() {
    let dist = Dist::empirical(&[1.0, 2.0, 3.0]).expect("valid");
    assert_eq!(dist.clone(), dist);
    assert!(size_of::<Dist>() <= 48, "{}", size_of::<Dist>());
}
