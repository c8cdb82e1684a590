//! A histogram that merges exactly, for sweeps and runs too long to keep every sample.

use super::buckets;
use super::extremes::Extremes;
use super::quantile::between_ranks;

/// Counts of whole numbers (nanoseconds) in log-linear buckets, 128 to a power of two.
///
/// Count, sum, smallest and largest value are exact; a quantile is at most 0.4 % off the sample
/// it stands for. Merging only adds whole numbers, so any order of merging gives the same
/// histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Counts by bucket, up to the highest bucket in use.
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    extremes: Extremes<u64>,
}

impl Histogram {
    /// An empty histogram.
    #[must_use]
    pub fn new() -> Histogram {
        Histogram::default()
    }

    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        let bucket = buckets::index(value);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.extremes.add(value);
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.extremes.merge(other.extremes);
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Exact sum of the values.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Exact smallest value.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        self.extremes.min()
    }

    /// Exact largest value.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.extremes.max()
    }

    /// Mean: the exact sum divided by the count.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The quantile at `q` (0 to 1), interpolated between ranks as in [`super::quantile`].
    ///
    /// Returns `None` without values or if `q` is not within 0 to 1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        between_ranks(self.count, q, |rank| self.at_rank(rank))
    }

    /// Number of values in buckets wholly at or below `limit`, as a share of all values.
    ///
    /// Exact where `limit` is the upper edge of a bucket, else short by part of one bucket.
    #[must_use]
    pub fn share_at_most(&self, limit: u64) -> Option<f64> {
        let within = self.buckets().filter(|&(_, high, _)| high <= limit);
        let inside: u64 = within.map(|(_, _, count)| count).sum();
        (self.count > 0).then(|| inside as f64 / self.count as f64)
    }

    /// The non-empty buckets in ascending order: smallest value, largest value, count.
    ///
    /// The ends of the first and last are narrowed to the exact extremes.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let (min, max) = self.extremes.both().unwrap_or((0, 0));
        let used = self.counts.iter().enumerate().filter(|&(_, &c)| c > 0);
        used.map(move |(bucket, &count)| {
            let (low, high) = buckets::range(bucket);
            (low.max(min), high.min(max), count)
        })
    }

    /// The value that stands for the sample of this rank: an exact extreme, or the middle of its
    /// bucket.
    fn at_rank(&self, rank: u64) -> Option<f64> {
        let (min, max) = self.extremes.both()?;
        if rank == 0 {
            return Some(min as f64);
        }
        if rank >= self.count - 1 {
            return Some(max as f64);
        }
        let mut below = 0;
        self.buckets().find_map(|(low, high, count)| {
            below += count;
            (rank < below).then(|| low as f64 + (high - low) as f64 / 2.0)
        })
    }
}
