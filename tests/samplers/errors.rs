//! Constructors: what is wrong with the parameters is said, and which one it is.

use capsim::engine::dist::{Dist, DistError};

fn refuses(made: Result<Dist, DistError>, parameter: &str, text: &str) {
    let error = made.expect_err(text);
    assert_eq!(error.to_string(), text);
    assert_eq!(error.parameter(), parameter, "{text}");
}

#[test]
fn the_simple_laws() {
    refuses(
        Dist::constant(-1.0),
        "value",
        "value must be a number of zero or more, and is -1",
    );
    refuses(
        Dist::constant(f64::NAN),
        "value",
        "value must be a number of zero or more, and is NaN",
    );
    refuses(
        Dist::constant(1e31),
        "value",
        "value must lie between 1e-30 and 1e30, and is 1e31",
    );
    refuses(
        Dist::exponential(0.0),
        "mean",
        "mean must be a number above zero, and is 0",
    );
    refuses(
        Dist::exponential(f64::INFINITY),
        "mean",
        "mean must be a number above zero, and is inf",
    );
    refuses(
        Dist::exponential(1e-31),
        "mean",
        "mean must lie between 1e-30 and 1e30, and is 1e-31",
    );
    refuses(
        Dist::uniform(-1.0, 2.0),
        "low",
        "low must be a number of zero or more, and is -1",
    );
    refuses(
        Dist::uniform(1.0, f64::NAN),
        "high",
        "high must be a number of zero or more, and is NaN",
    );
    refuses(
        Dist::uniform(3.0, 2.0),
        "high",
        "high must be at least low (3), and is 2",
    );
    refuses(
        Dist::shifted(-1.0, Dist::Exponential(1.0)),
        "offset",
        "offset must be a number of zero or more, and is -1",
    );
}

#[test]
fn gamma_and_erlang() {
    refuses(
        Dist::erlang(0.0, 2),
        "mean",
        "mean must be a number above zero, and is 0",
    );
    refuses(
        Dist::erlang(1.0, 0),
        "stages",
        "stages must lie between 1 and 1000000, and is 0",
    );
    refuses(
        Dist::gamma(0.0, 1.0),
        "shape",
        "shape must lie between 0.000001 and 1000000, and is 0",
    );
    refuses(
        Dist::gamma(1.0, -2.0),
        "scale",
        "scale must be a number above zero, and is -2",
    );
    refuses(
        Dist::gamma_mean_cv(-5.0, 1.0),
        "mean",
        "mean must be a number above zero, and is -5",
    );
    refuses(
        Dist::gamma_mean_cv(1.0, -0.5),
        "cv",
        "cv must lie between 0.001 and 1000, or be 0 for a constant, and is -0.5",
    );
}

#[test]
fn lognormal() {
    refuses(
        Dist::lognormal(70.0, 1.0),
        "mu",
        "mu must lie between -69 and 69, and is 70",
    );
    refuses(
        Dist::lognormal(1.0, 0.0),
        "sigma",
        "sigma must lie between 0.000001 and 10, and is 0",
    );
    refuses(
        Dist::lognormal_mean_cv(1.0, f64::NAN),
        "cv",
        "cv must lie between 0.001 and 1000, or be 0 for a constant, and is NaN",
    );
    refuses(
        Dist::lognormal_median_p99(5.0, 5.0),
        "p99",
        "p99 must be above the median (5), and is 5; if all values are the same, use a constant",
    );
    refuses(
        Dist::lognormal_median_p99(1.0, 1e11),
        "p99",
        "p99 must be between 1.0000024 and 1e10 times the median for this family, and is \
             100000000000 times",
    );
    refuses(
        Dist::lognormal_median_p99(0.0, 1.0),
        "median",
        "median must be a number above zero, and is 0",
    );
}

#[test]
fn weibull() {
    refuses(
        Dist::weibull(0.01, 1.0),
        "shape",
        "shape must lie between 0.05 and 10000, and is 0.01",
    );
    refuses(
        Dist::weibull(1.0, 0.0),
        "scale",
        "scale must be a number above zero, and is 0",
    );
    refuses(
        Dist::weibull_mean_cv(1.0, 2000.0),
        "cv",
        "cv must lie between 0.001 and 1000, or be 0 for a constant, and is 2000",
    );
    refuses(
        Dist::weibull_median_p99(2.0, 1.0),
        "p99",
        "p99 must be above the median (2), and is 1; if all values are the same, use a constant",
    );
}

#[test]
fn pareto() {
    refuses(
        Dist::pareto(0.0, 1.0),
        "shape",
        "shape must lie between 0.01 and 10000, and is 0",
    );
    refuses(
        Dist::pareto(1.0, 0.0),
        "minimum",
        "minimum must be a number above zero, and is 0",
    );
    refuses(
        Dist::pareto_mean_cv(1.0, 1e-9),
        "cv",
        "cv must lie between 0.001 and 1000, or be 0 for a constant, and is 0.000000001",
    );
    refuses(
        Dist::pareto_median_p99(1.0, f64::INFINITY),
        "p99",
        "p99 must be a number above zero, and is inf",
    );
    refuses(
        Dist::truncated_pareto(1.0, 2.0, 2.0),
        "maximum",
        "maximum must be above the minimum (2), and is 2",
    );
}

#[test]
fn hyperexponential() {
    refuses(
        Dist::hyperexponential(&[]),
        "probabilities",
        "probabilities must name at least one part, and are empty",
    );
    refuses(
        Dist::hyperexponential(&[(0.5, 1.0), (0.4, 2.0)]),
        "probabilities",
        "probabilities must sum to 1, and sum to 0.9",
    );
    refuses(
        Dist::hyperexponential(&[(1.5, 1.0), (-0.5, 2.0)]),
        "probabilities",
        "probabilities must be a number of zero or more, and is -0.5",
    );
    refuses(
        Dist::hyperexponential(&[(1.0, 0.0)]),
        "means",
        "means must be a number above zero, and is 0",
    );
    refuses(
        Dist::hyperexponential_rates(&[(1.0, 0.0)]),
        "rates",
        "rates must be a number above zero, and is 0",
    );
    refuses(
        Dist::hyperexponential_mean_cv(1.0, 0.5),
        "cv",
        "cv must lie between 1 and 1000 for a hyperexponential, and is 0.5; below 1 use a gamma, \
             Erlang or lognormal",
    );
}

#[test]
fn mixture_and_empirical() {
    refuses(
        Dist::mixture(&[]),
        "weights",
        "weights must name at least one part, and are empty",
    );
    refuses(
        Dist::mixture(&[(0.0, Dist::Exponential(1.0)), (0.0, Dist::Exponential(1.0))]),
        "weights",
        "weights must have at least one above zero, and all are zero",
    );
    refuses(
        Dist::mixture(&[(f64::NAN, Dist::Exponential(1.0))]),
        "weights",
        "weights must be a number of zero or more, and is NaN",
    );
    refuses(
        Dist::empirical(&[]),
        "values",
        "values must hold at least one number, and are empty",
    );
    refuses(
        Dist::empirical(&[1.0, -2.0]),
        "values",
        "value 2 must be a number of zero or more, and is -2",
    );
    refuses(
        Dist::empirical_interpolated(&[f64::NAN]),
        "values",
        "value 1 must be a number of zero or more, and is NaN",
    );
}
