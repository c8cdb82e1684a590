//! Probes: what a run measures, and the summary data made of it.
//!
//! What lives here: the recorder of the load side, time-weighted levels, the log of samples, the summary as data. It
//! may use `model`, `stats`, `theory` and `engine`. It must not know how what it records came about, nor how a
//! summary is printed.

pub mod counts;
pub mod custom;
pub mod histograms;
pub mod iteration_times;
pub mod kept;
pub mod labels;
pub mod log;
pub mod memory;
pub mod recorder;
pub mod summary;
pub mod time_weighted;
