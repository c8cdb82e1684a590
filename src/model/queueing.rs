//! What a station may do beyond its discipline, as meant: pre-emption, ageing, controlled delay.

use crate::engine::Span;

/// What holds for the queue of a station beside its discipline.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Queueing {
    /// Whether a higher class interrupts the service of a lower one.
    pub preemption: Preemption,
    /// Waiting so long is worth one class.
    pub ageing: Option<Span>,
    /// Of adaptive LIFO: with more than this number waiting, the last one goes first.
    pub lifo_above: u32,
    /// How long requests may wait while the queue does not get empty.
    pub codel: Option<Codel>,
}

/// Whether a higher class interrupts the service of a lower one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preemption {
    /// Who is in service stays there.
    #[default]
    No,
    /// The interrupted service goes on later from where it was.
    Resume,
    /// The interrupted service begins anew later, and takes as long as it would have.
    Restart,
}

/// Controlled delay (Maurer 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codel {
    /// Longest wait while the queue has not been empty for `interval`.
    pub target: Span,
    /// Longest wait otherwise.
    pub interval: Span,
}
