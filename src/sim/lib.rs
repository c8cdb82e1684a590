//! The simulator of [capsim](https://crates.io/crates/capsim): one run of a model in virtual time.
//!
//! The inside of a program: any version may change what is here. The library's public face is the crate `capsim`.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod load;
pub mod measure;
pub mod parts;
pub mod world;

use capsim_core::{engine, stats};
use capsim_formats as formats;
use capsim_model as model;
