//! What a waiting room measures: who is in line, who was let through, and how far what it told was off.

use crate::engine::Span;
use crate::measure::time_weighted::TimeWeighted;

/// What a waiting room measures.
#[derive(Clone, Debug, Default)]
pub struct RoomProbe {
    /// Users in line.
    pub waiting: TimeWeighted,
    /// Users let through whose session has not ended.
    pub active: TimeWeighted,
    /// Users who joined.
    pub joined: u64,
    /// Users let through.
    pub admitted: u64,
    /// Users who left the line, stopped asking, or were turned away.
    pub given_up: u64,
    /// Sessions over.
    pub ended: u64,
    /// Total time in line of those let through, in nanoseconds.
    pub waited: u128,
    /// Longest time in line of those let through.
    pub longest: Span,
    /// Users let through who had been told how long they would wait.
    pub told: u64,
    /// Sum of (time waited since - time told), in nanoseconds: above zero if the room promises too much.
    pub error: i128,
    /// Sum of the errors without their signs, in nanoseconds.
    pub absolute_error: u128,
}
