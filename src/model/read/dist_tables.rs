//! Distributions, declared: the families, and the sets of parameters that each is given by.

use super::data_file::DATA_FILE;
use crate::engine::dist::{FAMILIES, Family, Unit};
use crate::vocabulary::{Key, Kind, Rule, Table, Type, keys, tables};

/// A distribution of times.
pub(crate) static DISTRIBUTION: Type = Type {
    name: "distribution",
    about: "A random length of time. A text is a constant; a table names a family.",
    kind: Kind::Either(&[Kind::Time, Kind::Table(&LAWS)]),
};

/// The table of a distribution: one of these laws.
pub(super) static LAWS: Table = Table {
    name: "distribution.FAMILY",
    about: "The family of a distribution and its parameters, in terms that can be measured.",
    keys: &KEYS,
    rules: &[Rule::OneOf(&ONE_OF)],
};

/// Families that are declared with their laws.
const DECLARED: usize = FAMILIES.len();
/// All laws: three before those of the families, three behind.
const ALL: usize = 3 + DECLARED + 3;

keys! {
    /// Always this time; the same as the text alone.
    static CONSTANT = constant: Time;
    /// The mean.
    static EXPONENTIAL = exponential: Time;
    /// The shortest and the longest time.
    static UNIFORM = uniform: Exactly(2, &Time);
    /// One of several exponentials: more variable than one alone.
    static SEVERAL = hyperexponential: Table(&HYPEREXPONENTIAL);
    /// One of several distributions, each with its weight.
    static MIXTURE = mixture: Some(&Table(&PART));
    /// Measured times, of which each draw takes one.
    static EMPIRICAL = empirical: Either(&[Some(&Time), Table(&DATA_FILE)]);
}

static KEYS: [Key; ALL] = {
    let mut keys = [CONSTANT; ALL];
    keys[1] = EXPONENTIAL;
    keys[2] = UNIFORM;
    let mut at = 0;
    while at < DECLARED {
        let family = FAMILIES[at];
        keys[3 + at] = Key::new(family.name, Kind::Table(&TABLES[at]), family.about);
        at += 1;
    }
    keys[3 + at] = SEVERAL;
    keys[4 + at] = MIXTURE;
    keys[5 + at] = EMPIRICAL;
    keys
};

static NAMES: [[&str; 1]; ALL] = {
    let mut names = [[""]; ALL];
    let mut at = 0;
    while at < ALL {
        names[at] = [KEYS[at].name];
        at += 1;
    }
    names
};

static ONE_OF: [&[&str]; ALL] = {
    let mut sets: [&[&str]; ALL] = [&[]; ALL];
    let mut at = 0;
    while at < ALL {
        sets[at] = &NAMES[at];
        at += 1;
    }
    sets
};

/// The tables of the declared families.
static TABLES: [Table; DECLARED] = {
    let mut tables = [PART; DECLARED];
    let mut at = 0;
    while at < DECLARED {
        let family = FAMILIES[at];
        tables[at] = Table {
            name: family.table,
            about: "",
            keys: PARAMETERS[at].split_at(family.parameters.len()).0,
            rules: &RULES[at],
        };
        at += 1;
    }
    tables
};

static RULES: [[Rule; 1]; DECLARED] = {
    let mut rules = [[Rule::OneOf(&[])]; DECLARED];
    let mut at = 0;
    while at < DECLARED {
        rules[at] = [Rule::OneOf(FAMILIES[at].sets)];
        at += 1;
    }
    rules
};

static PARAMETERS: [[Key; Family::MOST]; DECLARED] = {
    let mut keys = [[CONSTANT; Family::MOST]; DECLARED];
    let mut at = 0;
    while at < DECLARED {
        let parameters = FAMILIES[at].parameters;
        let mut number = 0;
        while number < parameters.len() {
            let parameter = &parameters[number];
            let kind = match parameter.unit {
                Unit::Time => Kind::Time,
                Unit::Number => PLAIN,
                Unit::Whole(low, high) => Kind::Whole(low, high),
            };
            keys[at][number] = Key::new(parameter.name, kind, parameter.about);
            number += 1;
        }
        at += 1;
    }
    keys
};

/// Any number that is not negative.
const PLAIN: Kind = Kind::Number(0.0, f64::MAX);

tables! {
    static HYPEREXPONENTIAL = "distribution.hyperexponential" {
        /// The probability of each phase; together 1.
        probabilities: List(&Number(0.0, 1.0));
        /// The mean of each phase.
        means: List(&Time);
        /// The mean.
        mean: Time;
        /// The coefficient of variation: standard deviation / mean.
        cv: PLAIN;
    } rules [OneOf(&[&["probabilities", "means"], &["mean", "cv"]])];

    static PART = "distribution.mixture[]" {
        /// How often it is drawn, relative to the others.
        weight: PLAIN, required("weight = 0.9");
        /// What is drawn then.
        of: Type(&DISTRIBUTION), required("of = \"2ms\", or any distribution");
    };
}
