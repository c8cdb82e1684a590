//! The library as a program uses it: load a model, change it, run it, read the report.
//!
//! What lives here: a small and stable surface over `model`, `world`, `study` and `report`, re-exported at the
//! crate's root. It may use every module but `cli`. It must not know how anything is simulated, and takes and gives
//! no type of those modules but the errors of a model.

mod error;
mod model;
mod report;
pub mod set;
mod simulation;
mod sweep;

pub use error::Error;
pub use model::Model;
pub use report::{Report, Resource, Trend};
pub use set::Setting;
pub use simulation::Simulation;
pub use sweep::{Point, Sweep};
