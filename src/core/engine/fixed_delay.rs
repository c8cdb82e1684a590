//! A FIFO of events with the same delay.

use super::ring::Ring;
use super::{Span, Turn};

/// Events with their keys in the order in which they came, which is that of their keys.
#[derive(Clone, Debug)]
pub(super) struct FixedDelayQueue<E: Copy> {
    /// How long after its coming an event is due.
    pub delay: Span,
    /// What all orders of its events have in common: the turn and the source.
    pub order: u64,
    /// Where its head is compared with other sources.
    pub place: u8,
    /// Where it is not: its key among the heads, `u128::MAX` for none. Never greater than that of its first event.
    pub listed: u128,
    events: Ring<(u128, E)>,
}

impl<E: Copy> FixedDelayQueue<E> {
    pub fn new(delay: Span, turn: Turn, source: u32) -> FixedDelayQueue<E> {
        FixedDelayQueue {
            delay,
            order: turn.bits() | u64::from(source),
            place: u8::MAX,
            listed: u128::MAX,
            events: Ring::default(),
        }
    }

    /// How many events wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Adds an event. Returns whether it is the first.
    #[inline]
    pub fn push(&mut self, key: u128, event: E) -> bool {
        self.events.push((key, event))
    }

    /// Removes the first of some events. Returns it with the key of the next, `u128::MAX` if there is none.
    #[inline(always)]
    pub fn pop(&mut self) -> (E, u128) {
        let (_, event) = self.events.take_first();
        (event, self.first_key())
    }

    /// The key of the first event, `u128::MAX` if there is none.
    #[inline]
    pub fn first_key(&self) -> u128 {
        self.events.get(0).map_or(u128::MAX, |e| e.0)
    }

    /// The first event.
    #[inline]
    pub fn first(&self) -> Option<E> {
        self.events.get(0).map(|e| e.1)
    }

    /// The event behind the first one.
    #[inline]
    pub fn second(&self) -> Option<E> {
        self.events.get(1).map(|e| e.1)
    }
}
