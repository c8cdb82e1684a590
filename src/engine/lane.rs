//! A FIFO of events with the same delay.

use super::Span;

/// Events with their keys in the order in which they came, which is that of their keys: a ring whose size is
/// a power of two, so that a mask finds a place in it.
#[derive(Clone, Debug)]
pub(super) struct Lane<E: Copy> {
    /// How long after its coming an event is due.
    pub delay: Span,
    ring: Vec<(u128, E)>,
    head: usize,
    len: usize,
}

impl<E: Copy> Lane<E> {
    pub fn new(delay: Span) -> Lane<E> {
        Lane {
            delay,
            ring: Vec::new(),
            head: 0,
            len: 0,
        }
    }

    /// How many events wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds an event. Returns whether it is the first.
    #[inline]
    pub fn push(&mut self, key: u128, event: E) -> bool {
        if self.len == self.ring.len() {
            self.grow((key, event));
        }
        let at = self.place(self.len);
        self.ring[at] = (key, event);
        self.len += 1;
        self.len == 1
    }

    /// Removes the first event, if there is one. Returns it with the key of the next, if there is one.
    #[inline]
    pub fn pop(&mut self) -> Option<(E, Option<u128>)> {
        let event = self.ring.get(self.head)?.1;
        self.head = self.place(1);
        self.len = self.len.checked_sub(1)?;
        Some((event, (self.len > 0).then(|| self.ring[self.head].0)))
    }

    /// The event behind the first one.
    #[inline]
    pub fn second(&self) -> Option<E> {
        self.ring.get(self.place(1)).map(|e| e.1)
    }

    /// Where the event that many places behind the first one stands.
    #[inline]
    fn place(&self, behind: usize) -> usize {
        (self.head + behind) & self.ring.len().wrapping_sub(1)
    }

    /// Twice the room, which something must fill.
    #[cold]
    fn grow(&mut self, filling: (u128, E)) {
        self.ring.rotate_left(self.head);
        self.head = 0;
        self.ring.resize((2 * self.len).max(4), filling);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::engine::stream::Stream;

    #[test]
    fn agrees_with_a_deque() {
        let mut stream = Stream::new(1, 0, "lane");
        let (mut lane, mut known) = (Lane::new(Span(1)), VecDeque::new());
        assert_eq!(lane.pop(), None);
        for i in 0..30_000_u32 {
            // It grows to hundreds and empties, over and over.
            if stream.chance(if i % 3000 < 1500 { 0.6 } else { 0.35 }) {
                known.push_back(i);
                assert_eq!(lane.push(u128::from(i), i), known.len() == 1);
            } else if let Some(first) = known.pop_front() {
                let next = known.front().map(|i| u128::from(*i));
                assert_eq!(lane.pop(), Some((first, next)));
            }
            assert_eq!(lane.len(), known.len());
            if known.len() > 1 {
                assert_eq!(lane.second(), known.get(1).copied());
            }
        }
    }
}
