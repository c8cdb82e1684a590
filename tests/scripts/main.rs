//! k6 scripts in the place of a model.

mod idioms;
mod import;
mod load;
mod recordings;
mod running;
mod studies;
