//! The project itself: its layers, dependencies, schema, public items, fingerprints and files of results.

mod architecture;
mod dependencies;
mod fingerprints;
mod fuzz_corpus;
mod public_api;
mod results;
mod schema;
