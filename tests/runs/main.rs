//! Whole runs: laws, closed forms, published tables, what is printed.

mod laws;
mod published_runs;
mod replicate;
mod run_options;
mod same_outcome;
mod selftest;
mod stats;
mod summarising;
mod theory;
mod world;
