//! How parameters are fitted to measured runs, and what is predicted and scored.

mod curve;
mod files;
mod intervals;
mod names;
mod planted;
mod predict;
mod public_cases;
mod ranges;
mod recordings;
mod samples;
mod saturated;
mod search;
mod window;
