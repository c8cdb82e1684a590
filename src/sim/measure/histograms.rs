//! A record that does not grow with the number of samples: histograms in the place of the samples.

use std::collections::BTreeMap;

use super::recorder::{SampleSource, SampleTags, Timings};
use crate::engine::Span;
use crate::stats::Histogram;

/// The durations of a run, counted instead of kept: counts, sums, smallest and largest are exact,
/// percentiles at most 0.4 % off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistogramRecord {
    /// Durations of requests, in the order of `Recorder::series`.
    pub requests: Vec<Histogram>,
    /// The parts of their times, in the order of [`Timings::PARTS`]; empty where no network is modelled.
    pub timings: Vec<[Histogram; Timings::PARTS.len()]>,
    /// Durations of complete iterations by origin.
    pub iterations: Vec<Histogram>,
    /// Durations of groups.
    pub groups: BTreeMap<SampleTags, Histogram>,
}

impl HistogramRecord {
    /// Nothing counted yet, for a number of origins.
    #[must_use]
    pub fn new(origins: usize) -> HistogramRecord {
        HistogramRecord {
            iterations: vec![Histogram::new(); origins],
            ..HistogramRecord::default()
        }
    }

    /// A request of this series ended.
    #[inline]
    pub fn request(&mut self, series: u16, duration: Span) {
        at(&mut self.requests, series).record(duration.0);
    }

    /// The parts of that request's time.
    pub fn timings(&mut self, series: u16, timings: &Timings) {
        let parts = at(&mut self.timings, series);
        for (part, (_, time)) in parts.iter_mut().zip(Timings::PARTS) {
            part.record(time(timings));
        }
    }

    /// An iteration came to its end.
    #[inline]
    pub fn iteration(&mut self, origin: SampleSource, duration: Span) {
        self.iterations[origin.0 as usize].record(duration.0);
    }

    /// A group came to its end.
    pub fn group(&mut self, label: SampleTags, duration: Span) {
        self.groups.entry(label).or_default().record(duration.0);
    }
}

/// The place of a series, made if need be.
#[inline]
fn at<T: Default + Clone>(all: &mut Vec<T>, series: u16) -> &mut T {
    let place = series as usize;
    if all.len() <= place {
        all.resize(place + 1, T::default());
    }
    &mut all[place]
}

/// All values of some histograms together.
#[must_use]
pub fn merged<'h>(parts: impl IntoIterator<Item = &'h Histogram>) -> Histogram {
    let mut whole = Histogram::new();
    for part in parts {
        whole.merge(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_a_place_from_its_first_sample_on() {
        let mut tallies = HistogramRecord::new(3);
        tallies.request(2, Span(7));
        tallies.request(0, Span(5));
        tallies.request(2, Span(9));
        let counts: Vec<u64> = tallies.requests.iter().map(Histogram::count).collect();
        assert_eq!(counts, [1, 0, 2]);
        let all = merged(&tallies.requests);
        assert_eq!((all.min(), all.max(), all.sum()), (Some(5), Some(9), 21));
        assert!(tallies.timings.is_empty() && tallies.groups.is_empty());
    }
}
