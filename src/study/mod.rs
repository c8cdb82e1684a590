//! Many runs: replications, sweeps, searches. The only place that uses threads.

pub mod fit;
pub mod metrics;
pub mod runs;
