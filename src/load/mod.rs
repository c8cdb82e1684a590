//! The load side of k6: pure functions from executor options to start and stop times, and the texts
//! k6 prints about them.

pub mod verdict;
