//! How a family of laws is written in a model: its parameters, and the sets of them that make a law.

use super::{Dist, DistError};

/// A family of laws that is given by parameters with names.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// As written: `gamma`.
    pub name: &'static str,
    /// Where its table stands, as the reference calls it: `distribution.gamma`.
    pub table: &'static str,
    /// What is particular to it, in a sentence.
    pub about: &'static str,
    /// All parameters, in the order in which errors list them; at most [`Family::MOST`].
    pub parameters: &'static [Parameter],
    /// The sets of them that make a law.
    pub sets: &'static [&'static [&'static str]],
    /// Makes the law of a set from the values of its parameters in the set's order; times are in nanoseconds.
    pub make: fn(&[&str], &[f64]) -> Result<Dist, DistError>,
}

impl Family {
    /// The most parameters that a family may have.
    pub const MOST: usize = 6;

    /// A parameter by its name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }
}

/// A parameter of a family.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// As written: `shape`.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// What it means, in a sentence.
    pub about: &'static str,
}

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A length of time.
    Time,
    /// A number that is not negative.
    Number,
    /// A whole number within these bounds.
    Whole(u64, u64),
}

impl Parameter {
    pub(super) const MEAN: Parameter = Parameter::time("mean", "The mean.");
    pub(super) const MEDIAN: Parameter =
        Parameter::time("median", "Half of all times are below it.");
    pub(super) const P99: Parameter = Parameter::time("p99", "The 99th percentile.");
    pub(super) const CV: Parameter = Parameter::number(
        "cv",
        "The coefficient of variation: standard deviation / mean.",
    );
    pub(super) const SHAPE: Parameter = Parameter::number("shape", "The shape parameter.");
    pub(super) const SCALE: Parameter = Parameter::time("scale", "The scale parameter.");

    pub(super) const fn time(name: &'static str, about: &'static str) -> Parameter {
        let unit = Unit::Time;
        Parameter { name, unit, about }
    }

    pub(super) const fn number(name: &'static str, about: &'static str) -> Parameter {
        let unit = Unit::Number;
        Parameter { name, unit, about }
    }
}
