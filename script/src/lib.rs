//! Runs k6 scripts in virtual time.
//!
//! A [`Script`] is a file with what it exports. A [`ScriptVu`] is one virtual user that runs it: it yields an
//! [`Effect`] (a request, a sleep, a check …) and is resumed with an [`Answer`]. The host owns the clock, the
//! system that answers and the load; this crate knows only JavaScript and k6's modules.

mod call;
mod effect;
mod engine;
mod files;
mod go_random;
mod loader;
mod natives;
mod option_types;
mod options;
mod raw;
pub mod record;
mod script;
#[cfg(feature = "typescript")]
mod typescript;
mod vu;

pub use effect::{
    Answer, Call, Effect, End, Failure, Headers, Instance, Iteration, Level, LogLine, Request,
    RequestError, Response, Tags, Timings,
};
pub use files::Source;
pub use script::{Exports, Metric, Script, Settings};
pub use vu::{ScriptVu, VuFactory};
