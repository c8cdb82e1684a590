//! The load side of k6: pure functions from executor options to start and stop times, and the texts
//! k6 prints about them.
//!
//! What lives here: the plan of each executor, arrivals of open scenarios, progress lines, verdicts of thresholds. It
//! may use `parts` and what is below it, and uses `measure`, `model`, `formats` and `engine`. It must not know the `World`: it
//! sees no journey, request or event queue, and keeps no clock.

pub mod arrivals;
pub mod describe;
pub mod executor;
pub mod looping;
pub mod pattern;
pub mod plan;
pub mod poisson;
pub mod progress;
pub mod ramping_vus;
pub mod replay;
pub mod verdict;
