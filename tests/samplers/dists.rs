//! The distributions that several tests look at: one of each family and of each way to draw.

use capsim::engine::dist::Dist;

/// Value and name of each.
pub fn all() -> Vec<(&'static str, Dist)> {
    let of = |dist: Result<Dist, _>| dist.expect("valid parameters");
    let ladder: Vec<f64> = (0..50).map(|i| f64::from(i * i)).collect();
    vec![
        ("uniform", of(Dist::uniform(2.0, 5.0))),
        ("exponential", of(Dist::exponential(3.0))),
        ("erlang_2", of(Dist::erlang(3.0, 2))),
        ("erlang_9", of(Dist::erlang(3.0, 9))),
        ("gamma_below_1", of(Dist::gamma(0.3, 2.0))),
        ("gamma_above_1", of(Dist::gamma(2.7, 2.0))),
        ("lognormal", of(Dist::lognormal(0.5, 0.8))),
        ("weibull_heavy", of(Dist::weibull(0.7, 2.0))),
        ("weibull_light", of(Dist::weibull(3.0, 2.0))),
        ("pareto", of(Dist::pareto(5.0, 2.0))),
        (
            "truncated_pareto",
            of(Dist::truncated_pareto(1.2, 2.0, 50.0)),
        ),
        (
            "hyperexponential",
            of(Dist::hyperexponential(&[
                (0.7, 1.0),
                (0.2, 4.0),
                (0.1, 9.0),
            ])),
        ),
        ("mixture", of(Dist::mixture(&mixed()))),
        ("empirical", of(Dist::empirical(&ladder))),
        (
            "empirical_interpolated",
            of(Dist::empirical_interpolated(&ladder)),
        ),
        ("shifted", of(Dist::shifted(4.0, Dist::Exponential(2.0)))),
    ]
}

/// The parts of the mixture: no constant among them, so that its cdf has no jump.
fn mixed() -> Vec<(f64, Dist)> {
    let of = |dist: Result<Dist, _>| dist.expect("valid parameters");
    let inner = of(Dist::mixture(&[
        (1.0, Dist::Exponential(1.0)),
        (1.0, of(Dist::uniform(0.0, 3.0))),
    ]));
    vec![(3.0, inner), (1.0, of(Dist::lognormal(2.0, 0.5)))]
}
