//! capsim runs a k6 load test in virtual time against a model of the system under test.
//!
//! A model (TOML) is read and checked by [`model`], run by [`world`] and printed by [`report`].
//! The modules are listed from the top of the house to its foundation; each imports only from
//! those below it, and `tests/architecture.rs` holds that.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod engine;
pub mod load;
pub mod measure;
pub mod model;
pub mod parts;
pub mod report;
pub mod stats;
pub mod study;
pub mod theory;
pub mod world;
