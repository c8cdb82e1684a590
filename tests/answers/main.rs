//! Capacity, comparisons, bottlenecks and costs.

mod bottleneck;
mod ceilings;
mod cheapest;
mod commands;
mod cost;
#[path = "../support/limits.rs"]
mod limits;
mod studies;
