//! Many runs: replications, sweeps, searches. The only place that uses threads.

pub mod metrics;
pub mod replicate;
pub mod runs;
pub mod steady;
pub mod tally;
