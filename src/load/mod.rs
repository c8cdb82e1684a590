//! The load side of k6: pure functions from executor options to start and stop times.
