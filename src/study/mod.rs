//! Many runs: replications, sweeps, searches. The only place that uses threads.

pub mod answers;
pub mod fit;
pub mod metrics;
pub mod runs;
