//! The foundation: time, the event queue, random streams and samplers. Knows no user and no seat.

pub mod alias;
mod direct;
pub mod dist;
mod fixed_delay;
pub mod heap;
pub mod ladder;
pub mod queue;
pub mod ring;
mod source_heads;
pub mod stream;
pub mod time;
mod ziggurat;
pub use time::{Span, Time};
