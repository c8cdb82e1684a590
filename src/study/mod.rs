//! Many runs: replications, sweeps, searches. The only place that uses threads.

pub mod account;
pub mod answers;
pub mod design;
pub mod fit;
pub mod learn;
pub mod metrics;
pub mod part;
pub mod points;
pub mod replicate;
pub mod rows;
pub mod runs;
pub mod selftest;
pub mod steady;
pub mod sweep;
pub mod tally;
pub mod timeline;
pub mod vary;
pub mod whole;
