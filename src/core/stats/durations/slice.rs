//! Some durations that follow each other, and what is asked of all of them once a run is over: in blocks, in ranges, in
//! order.

use std::iter::Copied;

use super::LONG;
use crate::engine::time::to_f64;

/// Durations converted to floats at a time.
const BLOCK: usize = 16;

/// Durations examined at a time.
const LOOK: usize = 64;

/// And of those, if one is wanted.
const LOOK_NEARER: usize = 8;

/// Some durations that follow each other.
#[derive(Clone, Copy)]
pub struct DurationSlice<'d> {
    pub(super) short: &'d [u32],
    /// As in [`super::Durations`], but only the order counts.
    pub(super) long: &'d [(usize, u64)],
    pub(super) wide: &'d [u64],
    /// By so much each is longer than it is kept.
    pub(super) more: u64,
}

impl<'d> DurationSlice<'d> {
    /// The same, each longer by this number of nanoseconds.
    #[must_use]
    pub fn longer_by(self, more: u64) -> DurationSlice<'d> {
        let more = self.more + more;
        DurationSlice { more, ..self }
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.short.len() + self.wide.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether all are kept in four bytes.
    #[must_use]
    pub fn is_short(self) -> bool {
        self.long.is_empty() && self.wide.is_empty()
    }

    /// Does something with each, in nanoseconds: a loop for each way to keep them, and so quicker than
    /// [`DurationSlice::iter`].
    #[inline]
    pub fn for_each(self, mut use_one: impl FnMut(u64)) {
        if self.long.is_empty() && self.more == 0 {
            self.short.iter().for_each(|ns| use_one(u64::from(*ns)));
        } else {
            let short = DurationSlice { wide: &[], ..self };
            short.iter().for_each(&mut use_one);
        }
        self.wide.iter().for_each(|ns| use_one(*ns + self.more));
    }

    /// Does something with all of them, in nanoseconds as floats, in blocks, so that a processor can do the
    /// same with several at once.
    #[inline]
    pub fn for_blocks(self, mut use_block: impl FnMut(&[f64])) {
        let mut rest = self;
        if self.long.is_empty() && self.more == 0 {
            let (blocks, _) = self.short.as_chunks::<BLOCK>();
            blocks
                .iter()
                .for_each(|block| use_block(&block.map(f64::from)));
            rest.short = &self.short[blocks.len() * BLOCK..];
        }
        let mut floats = rest.iter().map(to_f64);
        loop {
            let mut block = [0.0; BLOCK];
            let filled = block.iter_mut().zip(&mut floats);
            let filled = filled.map(|(place, ns)| *place = ns).count();
            use_block(&block[..filled]);
            if filled < BLOCK {
                return;
            }
        }
    }

    /// Does something with those that lie in one of these ranges, first and last value, and with the number of the
    /// range. Several are looked at at once, where they are kept in four bytes. Returns those that were not looked
    /// at, for whose length or too small a number this would not be quick.
    pub fn for_ranges(
        self,
        ranges: &[(u64, u64)],
        mut use_one: impl FnMut(usize, u64),
    ) -> DurationSlice<'d> {
        if !self.long.is_empty() || self.more != 0 {
            return self;
        }
        let (blocks, rest) = self.short.as_chunks::<LOOK>();
        let short = |&(first, last): &(u64, u64)| {
            let last = u32::try_from(last).unwrap_or(u32::MAX);
            Some((u32::try_from(first).ok()?, last.checked_sub(first as u32)?))
        };
        let ranges: Vec<Option<(u32, u32)>> = ranges.iter().map(short).collect();
        for block in blocks {
            for (number, range) in ranges.iter().enumerate() {
                let Some((first, length)) = *range else {
                    continue;
                };
                let within = |ns: &u32| ns.wrapping_sub(first) <= length;
                let any_within = |some: &[u32]| some.iter().fold(false, |any, ns| any | within(ns));
                if !any_within(block) {
                    continue;
                }
                for part in block.as_chunks::<LOOK_NEARER>().0 {
                    if any_within(part) {
                        let found = part.iter().filter(|ns| within(ns));
                        found.for_each(|ns| use_one(number, u64::from(*ns)));
                    }
                }
            }
        }
        DurationSlice {
            short: rest,
            ..self
        }
    }

    /// One after the other, in nanoseconds.
    #[must_use]
    pub fn iter(self) -> Iter<'d> {
        Iter {
            short: self.short.iter().copied(),
            long: self.long.iter(),
            wide: self.wide.iter().copied(),
            more: self.more,
        }
    }

    /// The sum, in nanoseconds.
    #[must_use]
    pub fn sum(self) -> u128 {
        let mut sum = 0;
        self.for_each(|ns| sum += u128::from(ns));
        sum
    }
}

impl<'d> From<&'d [u64]> for DurationSlice<'d> {
    fn from(all: &'d [u64]) -> DurationSlice<'d> {
        DurationSlice {
            short: &[],
            long: &[],
            wide: all,
            more: 0,
        }
    }
}

/// Durations one after the other, in nanoseconds.
#[derive(Clone)]
pub struct Iter<'d> {
    short: Copied<std::slice::Iter<'d, u32>>,
    long: std::slice::Iter<'d, (usize, u64)>,
    wide: Copied<std::slice::Iter<'d, u64>>,
    more: u64,
}

impl Iterator for Iter<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let kept = match self.short.next() {
            Some(LONG) => self.long.next().map(|(_, ns)| *ns),
            Some(ns) => Some(u64::from(ns)),
            None => self.wide.next(),
        };
        kept.map(|ns| ns + self.more)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let length = self.short.len() + self.wide.len();
        (length, Some(length))
    }
}

impl ExactSizeIterator for Iter<'_> {}
