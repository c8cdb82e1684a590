//! The foundation: time, the event queue, random streams and samplers.
//!
//! What lives here: integer time, the event queue and its containers, random streams by name, distributions, a hash. It may
//! use no other module of the crate. It must not know what an event means: no user, request, station or seat, and no
//! model.

pub mod alias;
mod direct;
pub mod dist;
mod fixed_delay;
pub mod hash;
pub mod heap;
pub mod ladder;
pub mod queue;
pub mod ring;
mod source_heads;
pub mod stream;
pub mod table;
pub mod time;
mod turn;
mod ziggurat;
pub use time::{Span, Time};
pub use turn::Turn;
