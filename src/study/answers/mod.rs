//! Answers to users' questions: how much load, which design, which parameter first.

pub mod bounds;
pub mod capacity;
mod ceilings;
pub mod cheapest;
pub mod compare;
pub mod excess;
pub mod explain;
pub mod margin;
mod walk;
