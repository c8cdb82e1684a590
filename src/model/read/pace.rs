//! Doubts about models whose events come so close together that a run takes very long.

use super::{Build, Sections};
use crate::Model;
use crate::duration;
use crate::engine::Span;
use crate::field::Field;
use crate::peak::arrivals;
use crate::system::{Slowdown, Trigger};

/// This number of events of one cause takes minutes: a run does some millions a second.
const MANY: f64 = 1e8;

/// Warns of slowdowns and of arrivals that are too many to wait for.
pub(super) fn check(build: &Build, model: &Model, at: &Sections, scenarios: Option<&Field>) {
    let length = model.end_of_load();
    let warn = |field: &Field, what: &str, gap_ns: f64, fix: &str| {
        let number = length.0 as f64 / gap_ns;
        if number >= MANY {
            let length = duration::print(length);
            let message = format!("{what}, some {number:.0e} in {length}: a run takes very long");
            build.notes.warn(field.at, message, fix);
        }
    };
    let mean = |index: usize| model.dists.get(index).map(|named| named.dist.mean());
    let gap = |slowdown: &Slowdown| match slowdown.trigger {
        Trigger::Every(gap) => mean(gap.index()),
        Trigger::After(gap) => Some(mean(gap.index())? + mean(slowdown.lasts.index())?),
        _ => None,
    };
    let stations = model.stations.iter().map(|s| &s.slowdowns);
    let pools = model.pools.iter().map(|p| &p.slowdowns);
    let slowed = at.stations.iter().zip(stations);
    for ((_, field), slowdowns) in slowed.chain(at.pools.iter().zip(pools)) {
        for gap in slowdowns.iter().filter_map(gap) {
            let every = duration::print(Span(gap as u64));
            let what = format!("a slowdown every {every}");
            warn(field, &what, gap, "say the unit that is meant: us, ms or s");
        }
    }
    let named = scenarios.map(Field::named).unwrap_or_default();
    for ((_, field), scenario) in named.iter().zip(&model.scenarios) {
        if let Some(rate) = arrivals(scenario) {
            let what = format!("{rate} iterations a second");
            warn(
                field,
                &what,
                1e9 / rate,
                "say the `time_unit` that is meant",
            );
        }
    }
}
