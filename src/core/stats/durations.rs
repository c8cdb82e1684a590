//! Durations of a run in four bytes each: nanoseconds, where they fit.

mod slice;

use std::fmt;
use std::ops::Range;

use super::reserve;
pub use slice::{DurationSlice, Iter};

/// What stands in the place of a duration that does not fit: from here on (4.29 s) they are long.
const LONG: u32 = u32::MAX;

/// Long durations to accept before all durations are kept in eight bytes.
const MAX_LONG: usize = 1_000;

/// Durations in nanoseconds, in the order in which they were added.
///
/// A duration below 4.29 s takes four bytes, a longer one twenty; once more than an eighth are long, all
/// that follow take eight.
#[derive(Clone)]
pub struct Durations {
    /// The first ones: short ones, and [`LONG`] in the place of each other one.
    short: Vec<u32>,
    /// Place and length of the long ones, in ascending order of places.
    long: Vec<(usize, u64)>,
    /// The rest, once too many are long.
    wide: Vec<u64>,
    /// What is less than this goes to `short`: [`LONG`], or 0 once `wide` is in use.
    limit: u64,
}

impl Default for Durations {
    fn default() -> Durations {
        Durations {
            short: Vec::new(),
            long: Vec::new(),
            wide: Vec::new(),
            limit: u64::from(LONG),
        }
    }
}

impl Durations {
    /// None.
    #[must_use]
    pub fn new() -> Durations {
        Durations::default()
    }

    /// Adds one, in nanoseconds.
    #[inline(always)]
    pub fn push(&mut self, ns: u64) {
        if ns < self.limit {
            reserve::push(&mut self.short, ns as u32);
        } else {
            self.push_long(ns);
        }
    }

    /// Adds all of another.
    pub fn append(&mut self, other: &Durations) {
        if self.is_wide() || !other.all().is_short() {
            return self.extend(other);
        }
        for ns in &other.short {
            reserve::push(&mut self.short, *ns);
        }
    }

    /// Adds one, if that takes no more than to write it down. Returns whether it did.
    #[inline(always)]
    #[must_use]
    pub fn push_quickly(&mut self, ns: u64) -> bool {
        let quick = ns < self.limit && self.short.len() < self.short.capacity();
        if quick {
            self.short.push(ns as u32);
            return true;
        }
        let wide = self.is_wide() && self.wide.len() < self.wide.capacity();
        if wide {
            self.wide.push(ns);
        }
        wide
    }

    #[inline(never)]
    fn push_long(&mut self, ns: u64) {
        if self.is_wide() {
            return reserve::push(&mut self.wide, ns);
        }
        self.long.push((self.short.len(), ns));
        reserve::push(&mut self.short, LONG);
        if self.long.len() > MAX_LONG.max(self.short.len() / 8) {
            self.limit = 0;
        }
    }

    #[inline]
    fn is_wide(&self) -> bool {
        self.limit == 0
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.short.len() + self.wide.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For how many there is memory at least, whatever their size.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.short.capacity() + self.wide.capacity()
    }

    /// The one at this place, in nanoseconds.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<u64> {
        if let Some(place) = place.checked_sub(self.short.len()) {
            return self.wide.get(place).copied();
        }
        match *self.short.get(place)? {
            LONG => {
                let found = self.long.binary_search_by_key(&place, |(at, _)| *at);
                found.ok().map(|at| self.long[at].1)
            }
            ns => Some(u64::from(ns)),
        }
    }

    /// Whether the duration at this place has this number of nanoseconds, and takes four bytes.
    #[inline(always)]
    #[must_use]
    pub fn is_short(&self, place: usize, ns: u64) -> bool {
        ns < u64::from(LONG) && self.short.get(place) == Some(&(ns as u32))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> DurationSlice<'_> {
        DurationSlice {
            short: &self.short,
            long: &self.long,
            wide: &self.wide,
            more: 0,
        }
    }

    /// Those at these places.
    ///
    /// # Panics
    /// If the range ends beyond the last one, like a slice.
    #[must_use]
    pub fn range(&self, places: Range<usize>) -> DurationSlice<'_> {
        let (start, end, wide) = (places.start, places.end, self.short.len());
        DurationSlice {
            short: &self.short[start.min(wide)..end.min(wide)],
            long: &self.long[self.long_before(start)..self.long_before(end)],
            wide: &self.wide[start.saturating_sub(wide)..end.saturating_sub(wide)],
            more: 0,
        }
    }

    /// How many long ones are kept as such before this place.
    fn long_before(&self, place: usize) -> usize {
        self.long.partition_point(|(at, _)| *at < place)
    }

    /// One after the other, in nanoseconds.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.all().iter()
    }

    /// Takes all away but the memory.
    pub fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
        self.wide.clear();
        self.limit = u64::from(LONG);
    }

    /// Keeps the first ones up to this number.
    pub fn truncate(&mut self, length: usize) {
        self.long.truncate(self.long_before(length));
        self.wide.truncate(length.saturating_sub(self.short.len()));
        self.short.truncate(length);
    }

    /// Removes this number of the first ones.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn remove_first(&mut self, count: usize) {
        let short = count.min(self.short.len());
        self.wide.drain(..count - short);
        self.short.drain(..short);
        self.long.drain(..self.long_before(count));
        for (at, _) in &mut self.long {
            *at -= count;
        }
    }
}

impl FromIterator<u64> for Durations {
    fn from_iter<I: IntoIterator<Item = u64>>(all: I) -> Durations {
        let mut durations = Durations::new();
        durations.extend(all);
        durations
    }
}

impl Extend<u64> for Durations {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, all: I) {
        all.into_iter().for_each(|ns| self.push(ns));
    }
}

impl<'d> IntoIterator for &'d Durations {
    type Item = u64;
    type IntoIter = Iter<'d>;

    fn into_iter(self) -> Iter<'d> {
        self.iter()
    }
}

/// Of what they are, not of how they are kept.
impl PartialEq for Durations {
    fn eq(&self, other: &Durations) -> bool {
        self.iter().eq(other)
    }
}

impl PartialEq<[u64]> for Durations {
    fn eq(&self, other: &[u64]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}

impl<const N: usize> PartialEq<[u64; N]> for Durations {
    fn eq(&self, other: &[u64; N]) -> bool {
        *self == other[..]
    }
}

impl fmt::Debug for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::time::to_f64;

    fn check(durations: &Durations, plain: &[u64]) {
        assert_eq!(
            (durations.len(), durations.is_empty()),
            (plain.len(), plain.is_empty())
        );
        assert_eq!(*durations, *plain);
        assert_eq!(durations.iter().len(), plain.len());
        assert_eq!(durations.get(plain.len()), None);
        let places: Vec<Option<u64>> = (0..plain.len()).map(|at| durations.get(at)).collect();
        assert!(places.into_iter().flatten().eq(plain.iter().copied()));
        assert_eq!(
            durations.all().sum(),
            plain.iter().map(|ns| u128::from(*ns)).sum()
        );
    }

    fn check_range(durations: &Durations, plain: &[u64], places: Range<usize>) {
        let (slice, expected) = (durations.range(places.clone()), &plain[places]);
        assert_eq!(
            (slice.len(), slice.is_empty()),
            (expected.len(), expected.is_empty())
        );
        assert!(slice.iter().eq(expected.iter().copied()));
        let mut seen = Vec::new();
        slice.for_each(|ns| seen.push(ns));
        assert_eq!(seen, expected);
        let mut floats = Vec::new();
        slice.for_blocks(|block| floats.extend_from_slice(block));
        let expected: Vec<f64> = expected.iter().map(|ns| to_f64(*ns)).collect();
        assert_eq!(floats, expected);
        let ranges = [(0, 1_000_000_000), (4_200_000_000, 1 << 40)];
        let mut seen = [Vec::new(), Vec::new()];
        let rest = slice.for_ranges(&ranges, |range, ns| seen[range].push(ns));
        let looked_at = slice.len() - rest.len();
        assert!(rest.iter().eq(slice.iter().skip(looked_at)));
        for ((first, last), seen) in ranges.iter().zip(seen) {
            let expected = slice.iter().take(looked_at);
            assert!(expected.filter(|ns| (first..=last).contains(&ns)).eq(seen));
        }
    }

    /// Durations on both sides of what fits, long ones being rare, common or the rule.
    fn some() -> impl Strategy<Value = Vec<u64>> {
        let edge = u64::from(LONG);
        (0..20_u32).prop_flat_map(move |long| {
            let one = prop_oneof![
                20 => 0..edge,
                1 => edge - 1..edge + 2,
                long => any::<u64>(),
            ];
            prop::collection::vec(one, 0..3_000)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn they_are_what_a_plain_list_is(
            mut plain in some(), a in 0.0..=1.0, b in 0.0..=1.0, more in some()
        ) {
            let mut durations: Durations = plain.iter().copied().collect();
            check(&durations, &plain);
            let at = |share: f64| (share * plain.len() as f64) as usize;
            let (from, to) = (at(f64::min(a, b)), at(f64::max(a, b)));
            check_range(&durations, &plain, from..to);
            durations.truncate(to);
            plain.truncate(to);
            check(&durations, &plain);
            durations.remove_first(from);
            plain.drain(..from);
            check(&durations, &plain);
            durations.extend(more.iter().copied());
            plain.extend(&more);
            check(&durations, &plain);
            durations.clear();
            check(&durations, &[]);
            durations.extend(more.iter().copied());
            check(&durations, &more);
        }
    }

    #[test]
    fn eight_bytes_are_taken_once_an_eighth_are_long() {
        let mut durations = Durations::new();
        let of = |n: u64| if n.is_multiple_of(9) { u64::MAX - n } else { n };
        durations.extend((0..90_000).map(of));
        assert!(!durations.is_wide() && durations.wide.capacity() == 0);
        durations.extend((0..100_000).map(|n| u64::MAX - n));
        assert!(durations.is_wide() && durations.wide.len() > 95_000);
        assert_eq!(durations.get(89_999), Some(of(89_999)));
        assert_eq!(durations.get(90_000), Some(u64::MAX));
        assert_eq!(durations.len(), 190_000);
    }
}
