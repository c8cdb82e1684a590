//! The command line, and the page of a run.

mod commands;
mod page;
