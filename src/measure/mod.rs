//! Probes: what a run measures, and the summary data made of it.

pub mod counts;
pub mod iteration_times;
pub mod level;
pub mod log;
pub mod recorder;
pub mod summary;
pub mod tallies;
