//! Moments, quantiles and intervals: numbers in, numbers out.

pub mod batch;
pub mod buckets;
pub mod histogram;
pub mod interval;
pub mod ks;
pub mod lhs;
pub mod moments;
pub mod number_histogram;
pub mod quantile;
mod select;
pub mod trend;
pub mod warmup;

pub use histogram::Histogram;
pub use interval::{Interval, Proportion};
pub use moments::Moments;
pub use number_histogram::NumberHistogram;
pub use trend::TrendStats;
