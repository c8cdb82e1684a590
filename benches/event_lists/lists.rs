//! The lists of capsim behind one trait, and heaps to compare them with.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use capsim_core::engine::heap::MinHeap;
use capsim_core::engine::ladder::Ladder;

/// What an event list must do.
pub trait List: Default {
    /// Adds an event.
    fn push(&mut self, key: u128, value: u64);
    /// Removes the first event.
    fn pop(&mut self) -> Option<(u128, u64)>;
}

impl List for MinHeap<u64> {
    #[inline]
    fn push(&mut self, key: u128, value: u64) {
        MinHeap::push(self, key, value);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u128, u64)> {
        MinHeap::pop(self)
    }
}

impl List for Ladder<u64> {
    #[inline]
    fn push(&mut self, key: u128, value: u64) {
        Ladder::push(self, key, value);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u128, u64)> {
        Ladder::pop(self)
    }
}

/// An event ordered by its key alone, the smallest the greatest, as `BinaryHeap` wants it.
struct Event(u128, u64);

impl Ord for Event {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

impl PartialOrd for Event {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Event {}

/// The standard library's binary heap.
#[derive(Default)]
pub struct Standard(BinaryHeap<Event>);

impl List for Standard {
    #[inline]
    fn push(&mut self, key: u128, value: u64) {
        self.0.push(Event(key, value));
    }
    #[inline]
    fn pop(&mut self) -> Option<(u128, u64)> {
        self.0.pop().map(|Event(key, value)| (key, value))
    }
}

/// A sorted list, the first event last in memory: taking it out moves nothing.
#[derive(Default)]
pub struct Sorted(Vec<(u128, u64)>);

impl List for Sorted {
    #[inline]
    fn push(&mut self, key: u128, value: u64) {
        let entries = &mut self.0;
        let mut at = entries.len();
        entries.push((key, value));
        while at > 0 && entries[at - 1].0 < key {
            entries[at] = entries[at - 1];
            at -= 1;
        }
        entries[at] = (key, value);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u128, u64)> {
        self.0.pop()
    }
}

/// A plain implicit heap whose nodes have `D` children each, none of it kept sorted.
#[derive(Default)]
pub struct Implicit<const D: usize>(Vec<(u128, u64)>);

impl<const D: usize> List for Implicit<D> {
    #[inline]
    fn push(&mut self, key: u128, value: u64) {
        let entries = &mut self.0;
        let mut hole = entries.len();
        entries.push((key, value));
        while hole > 0 && entries[(hole - 1) / D].0 > key {
            entries[hole] = entries[(hole - 1) / D];
            hole = (hole - 1) / D;
        }
        entries[hole] = (key, value);
    }

    #[inline]
    fn pop(&mut self) -> Option<(u128, u64)> {
        let last = self.0.pop()?;
        let Some(&first) = self.0.first() else {
            return Some(last);
        };
        let entries = &mut self.0[..];
        let mut hole = 0;
        while hole * D + 1 < entries.len() {
            let children = hole * D + 1..(hole * D + 1 + D).min(entries.len());
            let mut least = children.start;
            for child in children {
                if entries[child].0 < entries[least].0 {
                    least = child;
                }
            }
            if entries[least].0 >= last.0 {
                break;
            }
            entries[hole] = entries[least];
            hole = least;
        }
        entries[hole] = last;
        Some(first)
    }
}
