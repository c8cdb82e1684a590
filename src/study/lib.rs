//! Many runs: replications, sweeps, searches. The only library module that uses threads.
//!
//! What lives here: everything that runs a model more than once, the account of one run (`account`), fits and
//! predictions (`fit`), models from logs (`learn`), logs on all cores (`logs`), the self-test, and the CSV files of sweeps. It may use `formats`
//! and what is below it, `world` above all. It must not know the command line, and leaves tables, pages and charts to
//! `report`.
//!
//! The inside of a program: any version may change what is here. The library's public face is the crate `capsim`.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod account;
pub mod answers;
pub mod atomic_file;
pub mod cost;
pub mod design;
pub mod fit;
pub mod learn;
pub mod logs;
pub mod metrics;
pub mod partial_file;
pub mod replicate;
pub mod replication_stats;
pub mod runner;
pub mod runs;
pub mod selftest;
pub mod steady;
pub mod sweep;
pub mod timeline;
pub mod vary;

use capsim_core::{engine, stats, theory};
use capsim_formats as formats;
use capsim_model as model;
use capsim_sim::{load, measure, parts, world};
