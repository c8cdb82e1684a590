//! What a run gives, and what is looked at on the way.
//!
//! What lives here: outcome and summary, samples on the way, and the audit. It may read everything of the `World`, and drives
//! it event by event. It must not change a run: whatever is looked at, the events stay the same.

pub mod audit;
pub mod outcome;
pub mod sections;
pub mod snapshot;
pub mod summary;
pub mod tags;
pub mod timeline;
pub(crate) mod trends;
pub mod values;
pub mod window;
