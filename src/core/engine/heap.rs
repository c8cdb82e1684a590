//! A 4-ary min-heap in total order, for event lists and for the jobs in service at a station.

/// A min-heap of small values by a 128-bit key. Keys must be distinct for the order to be total;
/// callers put a time or a virtual finish in the upper half and a sequence number in the lower.
///
/// While there are few, they are kept sorted, the smallest last: moving a few over then costs less than
/// walking a tree whose branches nobody can predict (`benches/event_lists`).
#[derive(Clone, Debug)]
pub struct MinHeap<V: Copy> {
    entries: Vec<(u128, V)>,
    /// The smallest key, `u128::MAX` if there is none: asked for more often than changed.
    first: u128,
    /// Not a heap but in descending order.
    sorted: bool,
}

/// Entries that are kept sorted; half as many are sorted again.
const SORTED_MAX_LEN: usize = 32;

/// Joins a time-like upper half and a sequence number to one key.
#[inline]
#[must_use]
pub const fn key(major: u64, sequence: u64) -> u128 {
    ((major as u128) << 64) | sequence as u128
}

/// The upper half of a key.
#[inline]
#[must_use]
pub const fn major(key: u128) -> u64 {
    (key >> 64) as u64
}

impl<V: Copy> Default for MinHeap<V> {
    fn default() -> Self {
        MinHeap {
            entries: Vec::new(),
            first: u128::MAX,
            sorted: true,
        }
    }
}

/// Whether one key is no larger than another: mostly their upper halves tell.
#[inline(always)]
fn comes_before(one: u128, other: u128) -> bool {
    let (a, b) = (major(one), major(other));
    a < b || (a == b && one <= other)
}

impl<V: Copy> MinHeap<V> {
    /// Children of a node: four share two cache lines and halve the depth of a binary heap.
    const ARITY: usize = 4;

    /// How many entries there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The smallest key, `u128::MAX` if there is none.
    #[inline]
    #[must_use]
    pub fn first_key(&self) -> u128 {
        self.first
    }

    /// The entry with the smallest key.
    #[inline]
    #[must_use]
    pub fn first(&self) -> Option<(u128, V)> {
        let first = if self.sorted {
            self.entries.last()
        } else {
            self.entries.first()
        };
        first.copied()
    }

    /// All keys, in no order that means anything.
    pub fn keys(&self) -> impl Iterator<Item = u128> + '_ {
        self.entries.iter().map(|entry| entry.0)
    }

    /// Adds an entry.
    #[inline]
    pub fn push(&mut self, key: u128, value: V) {
        if comes_before(key, self.first) {
            self.first = key;
        }
        if !self.sorted {
            return self.rise(key, value);
        }
        self.entries.push((key, value));
        self.sort_in_last();
        if self.entries.len() > SORTED_MAX_LEN {
            // In ascending order it is a heap.
            self.entries.reverse();
            self.sorted = false;
        }
    }

    /// Removes the entry with the smallest key.
    #[inline]
    pub fn pop(&mut self) -> Option<(u128, V)> {
        if self.sorted {
            let first = self.entries.pop();
            self.first = self.entries.last().map_or(u128::MAX, |e| e.0);
            return first;
        }
        let top = self.entries.first().copied();
        if let Some(last) = self.entries.pop() {
            self.sink(last);
            if self.entries.len() <= SORTED_MAX_LEN / 2 {
                let down = |e: &(u128, V)| std::cmp::Reverse(e.0);
                self.entries.sort_unstable_by_key(down);
                self.sorted = true;
            }
        }
        top
    }

    /// Puts a new entry in the place of the smallest: one descent where `pop` and `push` take two
    /// walks. Equal to `push` on an empty heap.
    #[inline(always)]
    pub fn replace_first(&mut self, key: u128, value: V) {
        if !self.sorted {
            return self.sink((key, value));
        }
        match self.entries.as_mut_slice() {
            [] => self.entries.push((key, value)),
            [.., second, last] if comes_before(second.0, key) => {
                self.first = second.0;
                *last = (key, value);
                self.sort_in_last();
                return;
            }
            [.., last] => *last = (key, value),
        }
        self.first = key;
    }

    /// Moves the last entry to where it belongs among the others, which are in order.
    #[inline]
    fn sort_in_last(&mut self) {
        let Some((mut hole, others)) = self.entries.split_last_mut() else {
            return;
        };
        let entry = *hole;
        for other in others.iter_mut().rev() {
            if !comes_before(other.0, entry.0) {
                break;
            }
            *hole = *other;
            hole = other;
        }
        *hole = entry;
    }

    /// Removes the first entry (in memory order) whose key satisfies the predicate. O(n); for rare
    /// events.
    pub fn remove_where(&mut self, mut wanted: impl FnMut(u128) -> bool) -> Option<(u128, V)> {
        let at = self.entries.iter().position(|e| wanted(e.0))?;
        let found = self.entries[at];
        let rest = std::mem::take(self);
        for (i, (k, v)) in rest.entries.into_iter().enumerate() {
            if i != at {
                self.push(k, v);
            }
        }
        Some(found)
    }

    fn rise(&mut self, key: u128, value: V) {
        let mut hole = self.entries.len();
        self.entries.push((key, value));
        while hole > 0 {
            let parent = (hole - 1) / Self::ARITY;
            if comes_before(self.entries[parent].0, key) {
                break;
            }
            self.entries[hole] = self.entries[parent];
            hole = parent;
        }
        self.entries[hole] = (key, value);
    }

    /// Puts an entry in the place of the first one and sinks it to where it belongs.
    fn sink(&mut self, entry: (u128, V)) {
        // Half as wide as an index, so that the compiler knows that the place of the children is beyond it.
        let mut hole: u32 = 0;
        loop {
            let child = hole as usize * Self::ARITY + 1;
            let Some((above, below)) = self.entries.split_at_mut_checked(child) else {
                break;
            };
            let Some(four) = below.first_chunk() else {
                // Fewer than four: the end of the heap, where nobody has children.
                let rest = below.iter().enumerate();
                if let Some((at, least)) = rest.min_by_key(|(_, e)| e.0)
                    && least.0 < entry.0
                {
                    above[hole as usize] = *least;
                    hole = (child + at) as u32;
                }
                break;
            };
            let at = first_of_four(four);
            let least = four[at];
            if !comes_before(least.0, entry.0) {
                break;
            }
            above[hole as usize] = least;
            hole = (child + at) as u32;
        }
        self.entries[hole as usize] = entry;
        self.first = self.entries[0].0;
    }
}

/// The place of the smallest key: mostly the upper halves tell.
#[inline(always)]
fn first_of_four<V>(four: &[(u128, V); 4]) -> usize {
    let (mut first, mut at) = (major(four[0].0), 0);
    for other in 1..4 {
        let upper = major(four[other].0);
        if upper == first {
            at = first_by_whole_keys(four, at, other);
        } else {
            let sooner = upper < first;
            first = if sooner { upper } else { first };
            at = if sooner { other } else { at };
        }
    }
    at % 4
}

/// Of two places, that of the smaller key.
#[cold]
#[inline(never)]
fn first_by_whole_keys<V>(four: &[(u128, V); 4], one: usize, other: usize) -> usize {
    if four[other].0 < four[one].0 {
        other
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pops_in_order_of_key() {
        let mut heap = MinHeap::default();
        // A full-period generator modulo 64 gives every value once, in a scattered order.
        let mut x = 7_u64;
        for i in 0..64 {
            x = (x * 5 + 3) % 64;
            heap.push(key(x, i), x);
        }
        let mut got = Vec::new();
        while let Some((k, v)) = heap.pop() {
            assert_eq!(major(k), v);
            got.push(v);
        }
        assert_eq!(got, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn few_and_many_entries_keep_the_order() {
        let mut heap = MinHeap::default();
        let mut known = std::collections::BTreeSet::new();
        let mut x = 1_u64;
        for i in 0..20_000_u64 {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // Grows to more than a hundred and shrinks to nothing, over and over.
            let grows = (x >> 33) % 1000 < if i % 2000 < 1000 { 600 } else { 380 };
            let k = key(x >> 50, i);
            match (grows, x >> 20 & 1) {
                (true, _) => {
                    heap.push(k, i);
                    known.insert(k);
                }
                (false, 0) => assert_eq!(heap.pop().map(|e| e.0), known.pop_first()),
                (false, _) => {
                    heap.replace_first(k, i);
                    known.pop_first();
                    known.insert(k);
                }
            }
            assert_eq!(heap.len(), known.len());
            let first = known.first().copied();
            assert_eq!(heap.first().map(|e| e.0), first);
        }
    }

    #[test]
    fn equal_times_leave_in_the_order_of_the_sequence() {
        let mut heap = MinHeap::default();
        for seq in [3, 1, 2, 0] {
            heap.push(key(5, seq), seq);
        }
        heap.replace_first(key(5, 9), 9);
        let order: Vec<u64> = std::iter::from_fn(|| heap.pop().map(|e| e.1)).collect();
        assert_eq!(order, [1, 2, 3, 9]);
    }

    #[test]
    fn removes_from_the_middle() {
        let mut heap = MinHeap::default();
        for i in 0..20_u64 {
            heap.push(key(20 - i, i), i);
        }
        assert_eq!(heap.remove_where(|k| k as u64 == 7).map(|e| e.1), Some(7));
        assert_eq!(heap.remove_where(|k| k as u64 == 7), None);
        assert_eq!(heap.len(), 19);
        let order: Vec<u64> = std::iter::from_fn(|| heap.pop().map(|e| e.1)).collect();
        assert!(order.windows(2).all(|w| w[0] > w[1]));
    }
}
