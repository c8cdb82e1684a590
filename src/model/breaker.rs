//! Circuit breakers, as meant (resilience4j 2.2, `CircuitBreakerConfig`).

use super::journey::id;
use super::retry::Failures;
use crate::engine::Span;

id!(
    /// Index into [`Model::breakers`](super::Model::breakers).
    BreakerId(u16)
);

/// A circuit breaker around calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// Name: the key in the model, or the place of one that is written where it is used.
    pub name: String,
    /// The calls that rates are made of.
    pub window: Window,
    /// Fewer calls than this open nothing.
    pub minimum_calls: u32,
    /// Which outcomes are failures.
    pub failures: Failures,
    /// Opens at this share of failures, in 0..=1.
    pub failure_rate: f64,
    /// Opens at this share of slow calls, in 0..=1.
    pub slow_rate: f64,
    /// A call that took longer is slow.
    pub slow: Span,
    /// How long it stays open.
    pub open: Span,
    /// Calls that are let through to probe, half-open.
    pub probes: u32,
    /// Longest time half-open: then it opens again. Zero: no limit.
    pub half_open: Span,
    /// Status of a call that is not let through.
    pub status: u16,
}

/// The calls that rates are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The last calls, of this number.
    Calls(u32),
    /// The calls of the last seconds, of this number, the present one included.
    Seconds(u32),
}
