//! What the system side is made of, and the gallery of models.

mod ages;
mod by_number;
mod caches;
mod gallery;
mod hosts;
mod links;
mod rooms;
mod sessions;
mod through_models;
