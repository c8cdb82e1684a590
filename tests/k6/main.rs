//! The load side, held to k6.

mod insight;
mod load;
mod network;
mod numbers;
mod options;
mod outputs;
mod runs;
mod simultaneous;
mod summary;
mod thresholds;
