//! Moments, quantiles and intervals: numbers in, numbers out.
//!
//! What lives here: samples and their percentiles, histograms, confidence intervals, warm-up detection. It may use
//! `theory` and `engine`. It must not know what its numbers stand for: no metric, no model, no unit but nanoseconds.

pub mod batch;
pub mod buckets;
pub mod durations;
pub mod extremes;
pub mod histogram;
pub mod interval;
pub mod ks;
pub mod lhs;
pub mod moments;
pub mod number_histogram;
pub mod quantile;
pub mod reserve;
pub mod run_length;
mod select;
pub mod trend;
pub mod warmup;

pub use durations::Durations;
pub use extremes::Extremes;
pub use histogram::Histogram;
pub use interval::{Interval, Proportion};
pub use moments::Moments;
pub use number_histogram::NumberHistogram;
pub use run_length::RunLengthVec;
pub use trend::TrendStats;
