//! Capacity, comparison, sensitivity and bounds, as text.

mod bounds;
mod capacity;
mod cheapest;
pub mod compare;
pub mod explain;

pub use bounds::{bounds, left_out};
pub use capacity::capacity;
pub use cheapest::{cheapest, rows};
pub use compare::compare;
pub use explain::explain;

use crate::engine::Span;
use crate::model::duration;
use crate::study::fit::free::{Unit, four_digits};

/// A value of a unit, four digits.
#[must_use]
pub fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => duration::print(Span::from_ns(four_digits(value))),
        Unit::Whole => format!("{value:.0}"),
        Unit::Number => format!("{}", four_digits(value)),
    }
}

/// Seconds with a unit.
pub(super) fn seconds(s: f64) -> String {
    duration::print(Span::from_ns(four_digits(s * 1e9)))
}

/// `1 request`, `2.5 requests`.
fn counted(count: f64, one: &str) -> String {
    let count = four_digits(count);
    let many = if count == 1.0 { "" } else { "s" };
    format!("{count} {one}{many}")
}
