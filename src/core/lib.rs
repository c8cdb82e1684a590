//! The foundation of [capsim](https://crates.io/crates/capsim): what knows no model.
//!
//! The inside of a program: any version may change what is here. The library's public face is the crate `capsim`.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod engine;
pub mod stats;
pub mod theory;
