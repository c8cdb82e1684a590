//! Closed forms of queueing theory: Erlang, Pollaczek-Khinchine, mean-value analysis, bounds.
//!
//! Rates are per unit of time and times in that unit; any unit does, as long as it is one. Input
//! outside a formula's domain (a negative rate, an overloaded open queue) gives `None`.
//!
//! What lives here: formulas, each with its source. It may use `engine`, and uses nothing of the crate. It must not
//! know the simulator that it is compared with: no model, no run, no random number.

pub mod admission;
pub mod birth_death;
pub mod bounds;
pub mod breakdown;
pub mod cache;
pub mod closed;
pub mod discipline;
pub mod erlang;
pub mod fluid;
pub mod gim1;
pub mod infinite;
pub mod mg1;
pub mod mmc;
pub mod mmck;
pub mod mva;
pub mod numeric;
pub mod patience;
pub mod priority;
pub mod retrial;
pub mod scalability;
pub mod seats;
pub mod tandem;

/// Whether a rate or a mean is usable: finite and above zero.
fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

/// Whether a time or a probability mass is usable: finite and not below zero.
fn non_negative(x: f64) -> bool {
    x >= 0.0 && x.is_finite()
}
