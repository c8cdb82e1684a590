//! The load side of k6: pure functions from executor options to start and stop times, and the texts
//! k6 prints about them.

pub mod arrivals;
pub mod describe;
pub mod looping;
pub mod plan;
pub mod poisson;
pub mod progress;
pub mod ramping_vus;
pub mod verdict;
