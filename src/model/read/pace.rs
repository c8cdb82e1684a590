//! Warnings about models whose events come so close together that a run takes very long.

use super::{Build, Sections};
use crate::Model;
use crate::crowd::Cause;
use crate::field::Field;

/// Warns of what is too much to wait for, where it is written.
pub(super) fn check(build: &Build, model: &Model, at: &Sections, scenarios: Option<&Field>) {
    let scenarios = scenarios.map(Field::named).unwrap_or_default();
    for crowd in model.crowds() {
        let named = match crowd.cause {
            Cause::Station(index) => at.stations.get(index),
            Cause::Pool(index) => at.pools.get(index),
            Cause::Scenario(index) => scenarios.get(index),
        };
        if let Some((_, field)) = named {
            build.notes.warn(field.at, crowd.message, crowd.fix);
        }
    }
}
