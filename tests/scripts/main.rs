//! k6 scripts in the place of a model.

mod idioms;
mod import;
mod load;
#[cfg(feature = "scripts")]
mod options;
mod recordings;
#[cfg(feature = "scripts")]
mod running;
mod studies;
#[cfg(feature = "scripts")]
mod summaries;
#[cfg(feature = "scripts")]
mod support;
