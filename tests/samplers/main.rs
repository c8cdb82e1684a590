//! Random streams and samplers: their values never change, they follow their laws, and no
//! parameters make them fail.

mod constructors;
mod dists;
mod errors;
mod fit;
mod hostile;
mod laws;
mod streams;
mod values;
