//! Counts and statistics of a whole record, whichever way it keeps its samples.

use std::ops::Range;

use super::histograms::merged;
use super::recorder::{Recorder, SampleTags};
use crate::stats::{Durations, Histogram, TrendStats};

impl Recorder {
    /// Number of requests that ended.
    #[must_use]
    pub fn requests(&self) -> u64 {
        match &self.tallies {
            Some(tallies) => tallies.requests.iter().map(Histogram::count).sum(),
            None => self.durations.len() as u64,
        }
    }

    /// Number of iterations that came to their end.
    #[must_use]
    pub fn complete_iterations(&self) -> u64 {
        match &self.tallies {
            Some(tallies) => tallies.iterations.iter().map(Histogram::count).sum(),
            None => self.iterations.len() as u64,
        }
    }

    /// Durations of all complete iterations that are kept one by one, in nanoseconds, in the order of their
    /// ends.
    #[must_use]
    pub fn iteration_durations(&self) -> Durations {
        self.iterations.collect(&self.durations)
    }

    /// Number of requests of each series.
    #[must_use]
    pub fn requests_by_series(&self) -> Vec<u64> {
        let mut counts = vec![0; self.series.len()];
        match &self.tallies {
            Some(tallies) => {
                for (count, own) in counts.iter_mut().zip(&tallies.requests) {
                    *count = own.count();
                }
            }
            None => {
                let all = 0..self.request_series.len();
                self.request_series.for_runs(all, |series, run| {
                    counts[usize::from(series)] += run.len() as u64;
                });
            }
        }
        counts
    }

    /// Number of complete iterations of each origin.
    #[must_use]
    pub fn iterations_by_origin(&self) -> Vec<u64> {
        match &self.tallies {
            Some(tallies) => tallies.iterations.iter().map(Histogram::count).collect(),
            None => {
                let mut counts = vec![0; self.origins().count()];
                let all = 0..self.iteration_origin.len();
                self.iteration_origin.for_runs(all, |origin, run| {
                    counts[usize::from(origin.0)] += run.len() as u64;
                });
                counts
            }
        }
    }

    /// Whether the parts of requests' times are known: a network is modelled, and a request has ended.
    #[must_use]
    pub fn has_timings(&self) -> bool {
        match &self.tallies {
            Some(tallies) => !tallies.timings.is_empty(),
            None => !self.timings.is_empty(),
        }
    }

    /// How many of the requests in these places, in the order of their ends, were answered unexpectedly
    /// or not at all.
    #[must_use]
    pub fn failed_among(&self, requests: Range<usize>) -> usize {
        let mut failed = 0;
        self.request_series.for_runs(requests, |series, run| {
            if self.series[usize::from(series)].expected == Some(false) {
                failed += run.len();
            }
        });
        failed
    }

    /// The labels of all groups that came to their end, each once, in order.
    #[must_use]
    pub fn labels_of_groups(&self) -> Vec<SampleTags> {
        match &self.tallies {
            Some(tallies) => tallies.groups.keys().copied().collect(),
            None => {
                let mut labels = self.group_labels.clone();
                labels.sort_unstable();
                labels.dedup();
                labels
            }
        }
    }

    /// Statistics of the durations of all requests, in milliseconds. Returns `None` if a percent is not
    /// within 0 to 100.
    #[must_use]
    pub fn request_stats(&self, percents: &[f64]) -> Option<TrendStats> {
        match &self.tallies {
            Some(tallies) => TrendStats::of_histogram(&merged(&tallies.requests), percents),
            None => TrendStats::of_durations(self.durations.all(), percents),
        }
    }

    /// Statistics of the durations of all complete iterations, in milliseconds. Returns `None` if a
    /// percent is not within 0 to 100.
    #[must_use]
    pub fn iteration_stats(&self, percents: &[f64]) -> Option<TrendStats> {
        match &self.tallies {
            Some(tallies) => TrendStats::of_histogram(&merged(&tallies.iterations), percents),
            None => {
                let all = 0..self.iterations.len();
                TrendStats::of_parts(&self.iterations.range(&self.durations, all), percents)
            }
        }
    }
}
