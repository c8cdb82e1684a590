//! A FIFO whose size is a power of two, so that a mask finds a place in it.

/// The places that the first value finds.
const MIN_CAPACITY: usize = 4;

/// Values in the order in which they came.
#[derive(Clone, Debug)]
pub struct Ring<T: Copy> {
    places: Vec<T>,
    /// Values that have gone, and that have come, modulo 2⁶⁴. The lower bits of such a number are the place of
    /// the next one.
    gone: usize,
    come: usize,
}

impl<T: Copy> Default for Ring<T> {
    fn default() -> Self {
        Ring {
            places: Vec::new(),
            gone: 0,
            come: 0,
        }
    }
}

impl<T: Copy> Ring<T> {
    /// How many values there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.come.wrapping_sub(self.gone)
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.come == self.gone
    }

    /// Adds a value behind all others. Returns whether it is the first.
    #[inline(always)]
    pub fn push(&mut self, value: T) -> bool {
        let is_first = self.is_empty();
        if self.len() == self.places.len() {
            // Of the value the calls get copies, so that itself it can stay in registers.
            if self.places.is_empty() {
                self.places.extend_from_slice(&[value; MIN_CAPACITY]);
            } else {
                self.grow();
            }
        }
        let at = self.place(self.come);
        self.places[at] = value;
        self.come = self.come.wrapping_add(1);
        is_first
    }

    /// Removes the first value.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.pop_parts(|value| *value)
    }

    /// Removes the first value, and gives what is read of it.
    #[inline]
    pub fn pop_parts<R>(&mut self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let parts = read(self.get(0)?);
        self.gone = self.gone.wrapping_add(1);
        Some(parts)
    }

    /// Removes the first value of some.
    ///
    /// # Panics
    /// If nothing has come yet.
    #[inline(always)]
    pub fn take_first(&mut self) -> T {
        debug_assert!(!self.is_empty(), "nothing to take");
        let first = self.places[self.place(self.gone)];
        self.gone = self.gone.wrapping_add(1);
        first
    }

    /// The value at this place, counted from the head.
    #[inline]
    #[must_use]
    pub fn get(&self, behind: usize) -> Option<&T> {
        if behind < self.len() {
            self.places.get(self.place(self.gone.wrapping_add(behind)))
        } else {
            None
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.gone = self.come;
    }

    #[inline]
    fn place(&self, number: usize) -> usize {
        number & self.places.len().wrapping_sub(1)
    }

    /// Twice the room, and something in it.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let first = self.place(self.gone);
        self.places.rotate_left(first);
        (self.gone, self.come) = (0, self.places.len());
        self.places.extend_from_within(..);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::engine::stream::Stream;

    #[test]
    fn agrees_with_a_deque() {
        let mut stream = Stream::new(1, 0, "ring");
        let (mut ring, mut known) = (Ring::default(), VecDeque::new());
        assert_eq!((ring.pop(), ring.get(0)), (None, None));
        for i in 0..30_000_u32 {
            // It grows to hundreds and empties, over and over.
            if stream.chance(if i % 3000 < 1500 { 0.6 } else { 0.35 }) {
                known.push_back(i);
                ring.push(i);
            } else {
                assert_eq!(ring.pop(), known.pop_front());
            }
            assert_eq!(
                (ring.len(), ring.is_empty()),
                (known.len(), known.is_empty())
            );
            for behind in [0, 1, known.len(), known.len() + 1] {
                assert_eq!(ring.get(behind), known.get(behind));
            }
        }
        ring.clear();
        ring.push(7);
        assert_eq!((ring.pop(), ring.pop()), (Some(7), None));
    }
}
