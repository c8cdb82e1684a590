//! Distributions, declared: the families, and the sets of parameters that each is given by.

use super::data_file::DATA_FILE;
use crate::vocabulary::{Key, Kind, Rule, Table, Type};

/// A distribution of times.
pub(crate) static DISTRIBUTION: Type = Type {
    name: "distribution",
    about: "A random length of time. A text is a constant; a table names a family.",
    kind: Kind::Either(&[Kind::Time, Kind::Table(&FAMILIES)]),
};

/// The table of a distribution.
pub(super) static FAMILIES: Table = Table {
    name: "distribution.FAMILY",
    about: "The family of a distribution, and its parameters as one measures them.",
    keys: &[
        Key::new(
            "constant",
            Kind::Time,
            "Always this time; as the text alone.",
        ),
        Key::new("exponential", Kind::Time, "The mean."),
        Key::new(
            "uniform",
            Kind::Exactly(2, &Kind::Time),
            "The least and the greatest time.",
        ),
        Key::new(
            "erlang",
            Kind::Table(&ERLANG),
            "The sum of exponential stages.",
        ),
        Key::new(
            "gamma",
            Kind::Table(&GAMMA),
            "By mean and coefficient of variation, or shape and scale.",
        ),
        Key::new(
            "lognormal",
            Kind::Table(&LOGNORMAL),
            "Of which the logarithm is normal; typical of response times.",
        ),
        Key::new(
            "weibull",
            Kind::Table(&WEIBULL),
            "A stretched exponential below shape 1.",
        ),
        Key::new(
            "pareto",
            Kind::Table(&PARETO),
            "A power law; with `maximum`, truncated there.",
        ),
        Key::new(
            "hyperexponential",
            Kind::Table(&HYPEREXPONENTIAL),
            "One of several exponentials: more variable than one alone.",
        ),
        Key::new(
            "mixture",
            Kind::Some(&Kind::Table(&PART)),
            "One of several distributions, each with its weight.",
        ),
        Key::new(
            "empirical",
            Kind::Either(&[Kind::Some(&Kind::Time), Kind::Table(&DATA_FILE)]),
            "Measured times, of which each draw takes one.",
        ),
    ],
    rules: &[Rule::OneOf(&[
        &["constant"],
        &["exponential"],
        &["uniform"],
        &["erlang"],
        &["gamma"],
        &["lognormal"],
        &["weibull"],
        &["pareto"],
        &["hyperexponential"],
        &["mixture"],
        &["empirical"],
    ])],
};

/// Any number that is not negative.
const PLAIN: Kind = Kind::Number(0.0, f64::MAX);
const MEAN: Key = Key::new("mean", Kind::Time, "The mean.");
const MEDIAN: Key = Key::new("median", Kind::Time, "Half of all times are below it.");
const P99: Key = Key::new("p99", Kind::Time, "The 99th percentile.");
const CV: Key = Key::new(
    "cv",
    PLAIN,
    "The coefficient of variation: standard deviation / mean.",
);
const SHAPE: Key = Key::new("shape", PLAIN, "The shape parameter.");
const SCALE: Key = Key::new("scale", Kind::Time, "The scale parameter.");

static ERLANG: Table = Table {
    name: "distribution.erlang",
    about: "",
    keys: &[
        MEAN,
        Key::new("stages", Kind::Whole(1, 1_000_000), "The number of stages."),
    ],
    rules: &[Rule::OneOf(&[&["mean", "stages"]])],
};

static GAMMA: Table = Table {
    name: "distribution.gamma",
    about: "",
    keys: &[MEAN, CV, SHAPE, SCALE],
    rules: &[Rule::OneOf(&[&["mean", "cv"], &["shape", "scale"]])],
};

static LOGNORMAL: Table = Table {
    name: "distribution.lognormal",
    about: "",
    keys: &[
        MEAN,
        CV,
        MEDIAN,
        P99,
        Key::new("sigma", PLAIN, "The standard deviation of the logarithm."),
    ],
    rules: &[Rule::OneOf(&[
        &["mean", "cv"],
        &["median", "p99"],
        &["median", "sigma"],
    ])],
};

static WEIBULL: Table = Table {
    name: "distribution.weibull",
    about: "",
    keys: &[SHAPE, SCALE, MEAN, CV, MEDIAN, P99],
    rules: &[Rule::OneOf(&[
        &["shape", "scale"],
        &["mean", "cv"],
        &["median", "p99"],
    ])],
};

static PARETO: Table = Table {
    name: "distribution.pareto",
    about: "",
    keys: &[
        Key::new("minimum", Kind::Time, "The least time."),
        SHAPE,
        Key::new("maximum", Kind::Time, "The greatest time."),
        MEAN,
        CV,
    ],
    rules: &[Rule::OneOf(&[
        &["minimum", "shape"],
        &["minimum", "shape", "maximum"],
        &["mean", "cv"],
    ])],
};

static HYPEREXPONENTIAL: Table = Table {
    name: "distribution.hyperexponential",
    about: "",
    keys: &[
        Key::new(
            "probabilities",
            Kind::List(&Kind::Number(0.0, 1.0)),
            "The probability of each phase; together 1.",
        ),
        Key::new("means", Kind::List(&Kind::Time), "The mean of each phase."),
        MEAN,
        CV,
    ],
    rules: &[Rule::OneOf(&[&["probabilities", "means"], &["mean", "cv"]])],
};

static PART: Table = Table {
    name: "distribution.mixture[]",
    about: "",
    keys: &[
        Key::new(
            "weight",
            PLAIN,
            "How often it is drawn, relative to the others.",
        )
        .required("weight = 0.9"),
        Key::new("of", Kind::Type(&DISTRIBUTION), "What is drawn then.")
            .required("of = \"2ms\", or any distribution"),
    ],
    rules: &[],
};
