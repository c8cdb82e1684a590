//! RunLengthVec of the samples of a run, of which neighbours mostly have the same.

use std::ops::Range;

use super::reserve;

/// Runs to accept before each label is kept by itself.
const MIN_RUNS: usize = 100;

/// From this mean length on, a run takes no more memory than its labels would.
const WORTH: usize = 8;

/// A label for each sample, in the order in which they were added.
///
/// As long as neighbours have the same one, only the ends of such runs are kept; of a list in which labels
/// change all the time, each.
#[derive(Clone, Debug)]
pub struct RunLengthVec<T> {
    /// RunLengthVec of the runs that are over, and the place after the last of each.
    runs: Vec<(T, usize)>,
    /// The label of the run that goes on; `None` before the first, and once each is kept.
    current: Option<T>,
    /// How many labels stand in runs.
    in_runs: usize,
    /// The rest, once each is kept.
    each: Vec<T>,
}

impl<T> Default for RunLengthVec<T> {
    fn default() -> RunLengthVec<T> {
        RunLengthVec {
            runs: Vec::new(),
            current: None,
            in_runs: 0,
            each: Vec::new(),
        }
    }
}

impl<T: Copy + PartialEq> RunLengthVec<T> {
    /// None.
    #[must_use]
    pub fn new() -> RunLengthVec<T> {
        RunLengthVec::default()
    }

    /// Adds one.
    #[inline(always)]
    pub fn push(&mut self, label: T) {
        if self.repeats(label) {
            self.push_again();
        } else {
            self.push_other(label);
        }
    }

    /// Whether this one would be as the last one, and [`RunLengthVec::push_again`] is enough.
    #[inline(always)]
    #[must_use]
    pub fn repeats(&self, label: T) -> bool {
        self.current == Some(label)
    }

    /// Adds the last one once more.
    #[inline(always)]
    pub fn push_again(&mut self) {
        self.in_runs += 1;
    }

    #[inline]
    fn push_other(&mut self, label: T) {
        if self.current.is_none() && self.in_runs > 0 {
            reserve::push(&mut self.each, label);
        } else {
            self.begin(label);
        }
    }

    /// Another label than before: the run is over.
    #[cold]
    #[inline(never)]
    fn begin(&mut self, label: T) {
        if let Some(last) = self.current {
            self.runs.push((last, self.in_runs));
            if self.runs.len() > MIN_RUNS.max(self.in_runs / WORTH) {
                self.current = None;
                self.each.push(label);
                return;
            }
        }
        self.current = Some(label);
        self.in_runs += 1;
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.in_runs + self.each.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the first stand in runs, which are few beside their labels or a hundred at most, and
    /// the others one by one.
    #[must_use]
    pub fn split(&self) -> (usize, &[T]) {
        (self.in_runs, &self.each)
    }

    /// For how many labels and ends of runs there is memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.runs.capacity() + self.each.capacity()
    }

    /// The one at this place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<T> {
        if let Some(at) = place.checked_sub(self.in_runs) {
            return self.each.get(at).copied();
        }
        let run = self.runs.partition_point(|(_, end)| *end <= place);
        self.runs.get(run).map(|(label, _)| *label).or(self.current)
    }

    /// Does something with each run of the same label among these places: its label and its places. A
    /// run may come in several parts.
    ///
    /// # Panics
    /// If the range ends beyond the last one, like a slice.
    #[inline]
    pub fn for_runs(&self, places: Range<usize>, mut use_run: impl FnMut(T, Range<usize>)) {
        assert!(places.start <= places.end && places.end <= self.len());
        let mut from = places.start;
        let first = self.runs.partition_point(|(_, end)| *end <= from);
        let current = self.current.map(|label| (label, self.in_runs));
        for (label, end) in self.runs[first..].iter().copied().chain(current) {
            let to = end.min(places.end);
            if from < to {
                use_run(label, from..to);
                from = to;
            }
        }
        if from < places.end {
            let each = &self.each[from - self.in_runs..places.end - self.in_runs];
            for (place, label) in (from..).zip(each) {
                use_run(*label, place..place + 1);
            }
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        let current = self.current.map(|label| (label, self.in_runs));
        let runs = self.runs.iter().copied().chain(current);
        let mut from = 0;
        let in_runs = runs.flat_map(move |(label, end)| {
            let count = end - std::mem::replace(&mut from, end);
            std::iter::repeat_n(label, count)
        });
        in_runs.chain(self.each.iter().copied())
    }

    /// Takes all away but the memory.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.each.clear();
        (self.current, self.in_runs) = (None, 0);
    }

    /// Keeps the first ones up to this number.
    pub fn truncate(&mut self, length: usize) {
        self.keep(0..length.min(self.len()));
    }

    /// Removes this number of the first ones.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn remove_first(&mut self, count: usize) {
        self.keep(count..self.len());
    }

    fn keep(&mut self, places: Range<usize>) {
        let mut kept = RunLengthVec::new();
        self.for_runs(places, |label, run| run.for_each(|_| kept.push(label)));
        *self = kept;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(labels: &RunLengthVec<u16>, plain: &[u16], places: Range<usize>) {
        assert_eq!(
            (labels.len(), labels.is_empty()),
            (plain.len(), plain.is_empty())
        );
        assert!(labels.iter().eq(plain.iter().copied()));
        let each = (0..plain.len() + 2).map(|at| labels.get(at));
        assert!(each.eq((0..plain.len() + 2).map(|at| plain.get(at).copied())));
        let (mut seen, mut next) = (Vec::new(), places.start);
        labels.for_runs(places.clone(), |label, run| {
            assert!(run.start == next && run.end > next);
            next = run.end;
            seen.extend(run.map(|_| label));
        });
        assert_eq!(seen, plain[places]);
        let (in_runs, each) = labels.split();
        assert_eq!(each, &plain[in_runs..]);
    }

    /// Runs of some lengths, and now and then many short ones.
    fn some() -> impl Strategy<Value = Vec<u16>> {
        let run = (0..4_u16, prop_oneof![1..3_usize, 1..60_usize]);
        let runs = prop::collection::vec(run, 0..400);
        runs.prop_map(|runs| {
            let each = runs.into_iter();
            each.flat_map(|(label, n)| std::iter::repeat_n(label, n))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn they_are_what_a_plain_list_is(
            mut plain in some(), a in 0.0..=1.0, b in 0.0..=1.0, more in some()
        ) {
            let mut labels = RunLengthVec::new();
            plain.iter().for_each(|label| labels.push(*label));
            let at = |share: f64| (share * plain.len() as f64) as usize;
            let (from, to) = (at(f64::min(a, b)), at(f64::max(a, b)));
            check(&labels, &plain, from..to);
            labels.truncate(to);
            plain.truncate(to);
            labels.remove_first(from);
            plain.drain(..from);
            check(&labels, &plain, 0..plain.len());
            more.iter().for_each(|label| labels.push(*label));
            plain.extend(&more);
            check(&labels, &plain, 0..plain.len());
            labels.clear();
            more.iter().for_each(|label| labels.push(*label));
            check(&labels, &more, 0..more.len());
        }
    }

    #[test]
    fn one_label_takes_no_memory_and_changing_ones_no_more_than_their_own() {
        let mut labels = RunLengthVec::new();
        (0..100_000).for_each(|_| labels.push(7_u16));
        assert_eq!(labels.capacity(), 0);
        (0..100_000).for_each(|n| labels.push((n % 2) as u16));
        assert!(labels.runs.len() < 15_000 && labels.each.len() > 85_000);
    }
}
