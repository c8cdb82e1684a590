//! The foundation: time, the event queue, random streams and samplers. Knows no user and no seat.

pub mod alias;
mod direct;
pub mod dist;
mod firsts;
pub mod heap;
pub mod ladder;
mod lane;
pub mod queue;
pub mod ring;
pub mod stream;
pub mod time;
mod ziggurat;
pub use time::{Span, Time};
