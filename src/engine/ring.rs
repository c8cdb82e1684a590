//! A FIFO whose size is a power of two, so that a mask finds a place in it.

/// Values in the order in which they came.
#[derive(Clone, Debug)]
pub struct Ring<T: Copy> {
    places: Vec<T>,
    head: usize,
    len: usize,
}

impl<T: Copy> Default for Ring<T> {
    fn default() -> Self {
        Ring {
            places: Vec::new(),
            head: 0,
            len: 0,
        }
    }
}

impl<T: Copy> Ring<T> {
    /// How many values there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a value behind all others.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        if self.len == self.places.len() {
            self.grow(value);
        }
        let at = self.place(self.len);
        self.places[at] = value;
        self.len += 1;
    }

    /// Removes the first value.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let left = self.len.checked_sub(1)?;
        let value = *self.places.get(self.head)?;
        self.head = self.place(1);
        self.len = left;
        Some(value)
    }

    /// The value with so many before it.
    #[inline]
    #[must_use]
    pub fn get(&self, behind: usize) -> Option<&T> {
        self.places
            .get(self.place(behind))
            .filter(|_| behind < self.len)
    }

    /// Removes all.
    pub fn clear(&mut self) {
        (self.head, self.len) = (0, 0);
    }

    /// Where the value stands that has so many before it.
    #[inline]
    fn place(&self, behind: usize) -> usize {
        (self.head + behind) & self.places.len().wrapping_sub(1)
    }

    /// Twice the room, which something must fill.
    #[cold]
    fn grow(&mut self, filling: T) {
        self.places.rotate_left(self.head);
        self.head = 0;
        self.places.resize((2 * self.len).max(4), filling);
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
