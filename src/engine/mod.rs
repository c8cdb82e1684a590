//! The foundation: time, the event queue, random streams and samplers. Knows no user and no seat.

pub mod dist;
pub mod time;
pub use time::{Span, Time};
