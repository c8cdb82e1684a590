//! Distributions, declared: the families, and the sets of parameters that each is given by.

use super::data_file::DATA_FILE;
use crate::vocabulary::{Kind, Type, keys, tables};

/// A distribution of times.
pub(crate) static DISTRIBUTION: Type = Type {
    name: "distribution",
    about: "A random length of time. A text is a constant; a table names a family.",
    kind: Kind::Either(&[Kind::Time, Kind::Table(&FAMILIES)]),
};

tables! {
    /// The family of a distribution and its parameters, in terms that can be measured.
    pub(super) static FAMILIES = "distribution.FAMILY" {
        /// Always this time; the same as the text alone.
        constant: Time;
        /// The mean.
        exponential: Time;
        /// The shortest and the longest time.
        uniform: Exactly(2, &Time);
        /// The sum of exponential stages.
        erlang: Table(&ERLANG);
        /// By mean and coefficient of variation, or shape and scale.
        gamma: Table(&GAMMA);
        /// The logarithm is normal; typical of response times.
        lognormal: Table(&LOGNORMAL);
        /// Below shape 1 a stretched exponential.
        weibull: Table(&WEIBULL);
        /// A power law; with `maximum`, truncated there.
        pareto: Table(&PARETO);
        /// One of several exponentials: more variable than one alone.
        hyperexponential: Table(&HYPEREXPONENTIAL);
        /// One of several distributions, each with its weight.
        mixture: Some(&Table(&PART));
        /// Measured times, of which each draw takes one.
        empirical: Either(&[Some(&Time), Table(&DATA_FILE)]);
    } rules [OneOf(&[
        &["constant"], &["exponential"], &["uniform"], &["erlang"], &["gamma"], &["lognormal"], &["weibull"],
        &["pareto"], &["hyperexponential"], &["mixture"], &["empirical"],
    ])];
}

/// Any number that is not negative.
const PLAIN: Kind = Kind::Number(0.0, f64::MAX);
keys! {
    /// The mean.
    static MEAN = mean: Time;
    /// Half of all times are below it.
    static MEDIAN = median: Time;
    /// The 99th percentile.
    static P99 = p99: Time;
    /// The coefficient of variation: standard deviation / mean.
    static CV = cv: PLAIN;
    /// The shape parameter.
    static SHAPE = shape: PLAIN;
    /// The scale parameter.
    static SCALE = scale: Time;
}

tables! {
    static ERLANG = "distribution.erlang" {
        ..MEAN;
        /// The number of stages.
        stages: Whole(1, 1_000_000);
    } rules [OneOf(&[&["mean", "stages"]])];

    static GAMMA = "distribution.gamma" {
        ..MEAN;
        ..CV;
        ..SHAPE;
        ..SCALE;
    } rules [OneOf(&[&["mean", "cv"], &["shape", "scale"]])];

    static LOGNORMAL = "distribution.lognormal" {
        ..MEAN;
        ..CV;
        ..MEDIAN;
        ..P99;
        /// The standard deviation of the logarithm.
        sigma: PLAIN;
    } rules [OneOf(&[&["mean", "cv"], &["median", "p99"], &["median", "sigma"]])];

    static WEIBULL = "distribution.weibull" {
        ..SHAPE;
        ..SCALE;
        ..MEAN;
        ..CV;
        ..MEDIAN;
        ..P99;
    } rules [OneOf(&[&["shape", "scale"], &["mean", "cv"], &["median", "p99"]])];

    static PARETO = "distribution.pareto" {
        /// The shortest time.
        minimum: Time;
        ..SHAPE;
        /// The longest time.
        maximum: Time;
        ..MEAN;
        ..CV;
    } rules [OneOf(&[&["minimum", "shape"], &["minimum", "shape", "maximum"], &["mean", "cv"]])];

    static HYPEREXPONENTIAL = "distribution.hyperexponential" {
        /// The probability of each phase; together 1.
        probabilities: List(&Number(0.0, 1.0));
        /// The mean of each phase.
        means: List(&Time);
        ..MEAN;
        ..CV;
    } rules [OneOf(&[&["probabilities", "means"], &["mean", "cv"]])];

    static PART = "distribution.mixture[]" {
        /// How often it is drawn, relative to the others.
        weight: PLAIN, required("weight = 0.9");
        /// What is drawn then.
        of: Type(&DISTRIBUTION), required("of = \"2ms\", or any distribution");
    };
}
