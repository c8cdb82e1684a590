//! Distributions and their samplers.

/// A distribution of a non-negative quantity, in the unit of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Constant(f64),
    /// Exponential with this mean.
    Exponential(f64),
}
