//! A list whose entries are looked up by number all the time.

use std::ops::{Deref, DerefMut, Index, IndexMut};
use std::slice::SliceIndex;

/// A list that panics outside of it without telling where.
///
/// The panic of a slice is told the place and the length, which must stand in registers for that, in front of every look at an
/// entry. Here the length is compared where it stands: one instruction and one register less for each look.
#[derive(Clone, Debug)]
pub struct Table<T>(Vec<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table(Vec::new())
    }
}

impl<T> From<Vec<T>> for Table<T> {
    fn from(entries: Vec<T>) -> Self {
        Table(entries)
    }
}

impl<T> FromIterator<T> for Table<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Table(entries.into_iter().collect())
    }
}

impl<T> Deref for Table<T> {
    type Target = Vec<T>;
    #[inline(always)]
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> Table<T> {
    /// The entries in a plain list.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> DerefMut for Table<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T, I: SliceIndex<[T]>> Index<I> for Table<T> {
    type Output = I::Output;
    #[inline(always)]
    fn index(&self, at: I) -> &I::Output {
        match self.0.get(at) {
            Some(entry) => entry,
            None => outside(),
        }
    }
}

impl<T, I: SliceIndex<[T]>> IndexMut<I> for Table<T> {
    #[inline(always)]
    fn index_mut(&mut self, at: I) -> &mut I::Output {
        match self.0.get_mut(at) {
            Some(entry) => entry,
            None => outside(),
        }
    }
}

impl<'a, T> IntoIterator for &'a Table<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Table<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

#[cold]
#[inline(never)]
fn outside() -> ! {
    panic!("no entry of that number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_number() {
        let mut table: Table<u32> = (5..8).collect();
        table[1] += 10;
        assert_eq!((table[0], table[1], table.len()), (5, 16, 3));
        assert_eq!((&table).into_iter().sum::<u32>(), 28);
    }

    #[test]
    #[should_panic = "no entry of that number"]
    fn there_is_no_entry_behind_the_last() {
        let _ = Table::from(vec![1])[1];
    }
}
