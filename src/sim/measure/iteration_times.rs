//! Durations of iterations. Of a journey of one request and a constant sleep they are known: those of the
//! requests, and that sleep more.

use std::ops::Range;

use crate::stats::Durations;
use crate::stats::durations::DurationSlice;

/// Durations of iterations in the order of their ends, in nanoseconds.
///
/// As long as each is that of the request in the same place and the same time more, they take no memory.
#[derive(Clone, Debug)]
pub struct IterationTimes {
    /// All are so far as requests were.
    follow: bool,
    /// How many of them, from the first one on, are followed.
    followed: usize,
    /// How much longer they are.
    more: u64,
    /// The rest.
    own: Durations,
}

impl Default for IterationTimes {
    fn default() -> IterationTimes {
        IterationTimes::reusing(Durations::new())
    }
}

impl IterationTimes {
    /// None; there may be memory for them.
    #[must_use]
    pub fn reusing(mut memory: Durations) -> IterationTimes {
        memory.clear();
        IterationTimes {
            follow: true,
            followed: 0,
            more: 0,
            own: memory,
        }
    }

    /// The memory in which durations of their own are kept.
    #[must_use]
    pub fn into_memory(self) -> Durations {
        self.own
    }

    /// Adds one. `requests` are the durations of all requests so far, to which none but others may be added
    /// from then on.
    #[inline(always)]
    pub fn push(&mut self, ns: u64, requests: &Durations) {
        if !self.push_quickly(ns, requests) {
            self.push_other(ns, requests);
        }
    }

    /// Adds one, if that is a matter of one comparison: it is as much longer than its request as all before, or
    /// none follow any more. Returns whether it did.
    #[inline(always)]
    #[must_use]
    pub fn push_quickly(&mut self, ns: u64, requests: &Durations) -> bool {
        if !self.follow {
            return self.own.push_quickly(ns);
        }
        let follows = requests.is_short(self.followed, ns.wrapping_sub(self.more));
        self.followed += usize::from(follows);
        follows
    }

    #[inline(never)]
    fn push_other(&mut self, ns: u64, requests: &Durations) {
        if self.follow {
            let request = requests.get(self.followed);
            if self.followed == 0 {
                self.more = request.map_or(0, |request| ns.saturating_sub(request));
            }
            self.follow = request.and_then(|ns| ns.checked_add(self.more)) == Some(ns);
        }
        if self.follow {
            self.followed += 1;
        } else {
            self.own.push(ns);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.followed + self.own.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For how many there is memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.own.capacity()
    }

    /// How much longer each is than the request in its place, if this holds for all of them.
    #[must_use]
    pub fn longer_by(&self) -> Option<u64> {
        self.follow.then_some(self.more)
    }

    /// Those at these places, one part after the other; `requests` as for [`IterationTimes::push`].
    ///
    /// # Panics
    /// If the range ends beyond the last one, like a slice.
    #[must_use]
    pub fn range<'d>(
        &'d self,
        requests: &'d Durations,
        places: Range<usize>,
    ) -> [DurationSlice<'d>; 2] {
        let (start, end, followed) = (places.start, places.end, self.followed);
        let as_requests = requests.range(start.min(followed)..end.min(followed));
        let own = start.saturating_sub(followed)..end.saturating_sub(followed);
        [as_requests.longer_by(self.more), self.own.range(own)]
    }

    /// Removes this number of the first ones, and no longer needs the requests.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn remove_first(&mut self, count: usize, requests: &Durations) {
        let mut own = self.collect(requests);
        own.remove_first(count);
        *self = IterationTimes {
            follow: false,
            followed: 0,
            more: 0,
            own,
        };
    }

    /// All of them in a list of their own.
    #[must_use]
    pub fn collect(&self, requests: &Durations) -> Durations {
        let parts = self.range(requests, 0..self.len());
        parts.into_iter().flat_map(DurationSlice::iter).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_was_added(
            requests in prop::collection::vec(prop_oneof![0..50_u64, 4_294_967_290_u64..4_294_967_300], 0..60),
            more in prop_oneof![Just(0), 0..10_u64, Just(5_000_000_000)],
            others in prop::collection::vec(prop_oneof![5 => Just(None), 1 => (0..90_u64).prop_map(Some)], 0..70),
            cut in (0.0..=1.0, 0.0..=1.0),
        ) {
            let leaders: Durations = requests.iter().copied().collect();
            let mut times = IterationTimes::default();
            let mut plain = Vec::new();
            for (n, other) in others.into_iter().enumerate() {
                let ns = other.or(requests.get(n).map(|r| r + more)).unwrap_or(7);
                plain.push(ns);
                times.push(ns, &leaders);
            }
            prop_assert_eq!(times.len(), plain.len());
            prop_assert_eq!(times.is_empty(), plain.is_empty());
            prop_assert_eq!(&times.collect(&leaders), &plain[..]);
            let at = |share: f64| (share * plain.len() as f64) as usize;
            let (a, b) = (at(cut.0).min(at(cut.1)), at(cut.0).max(at(cut.1)));
            let cut: Vec<u64> = times.range(&leaders, a..b).into_iter().flat_map(DurationSlice::iter).collect();
            prop_assert_eq!(&cut[..], &plain[a..b]);
            let mut longer = plain.iter().zip(&requests).map(|(i, r)| i.checked_sub(*r));
            let first = longer.next().flatten();
            let follow = plain.len() <= requests.len() && first.is_some() && longer.all(|l| l == first);
            prop_assert_eq!(times.longer_by().is_some(), plain.is_empty() || follow);
        }
    }

    #[test]
    fn what_follows_takes_no_memory() {
        let requests: Durations = (0..10_000).collect();
        let mut times = IterationTimes::default();
        requests
            .iter()
            .for_each(|ns| times.push(ns + 1_000, &requests));
        assert_eq!(
            (times.len(), times.capacity(), times.longer_by()),
            (10_000, 0, Some(1_000))
        );
        times.push(3, &requests);
        assert_eq!((times.len(), times.longer_by()), (10_001, None));
        assert_eq!(times.collect(&requests).iter().last(), Some(3));
    }
}
