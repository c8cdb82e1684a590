//! What replicas of a station or pool are called together, and for how much of the run each was there.

use crate::model::Model;
use crate::world::outcome::Outcome;

/// What a limit belongs to.
#[derive(Clone, Copy)]
pub(super) enum What {
    Station,
    Pool,
}

/// Service and replica of a station or pool, by index.
fn replica(model: &Model, what: What, index: usize) -> Option<(usize, usize)> {
    match what {
        What::Station => model.replica_of_station(index),
        What::Pool => model.replica_of_pool(index),
    }
}

/// What the replicas of a station or pool are called together, and how many were ever there.
pub(super) fn family(
    (model, outcome): (&Model, &Outcome),
    what: What,
    index: usize,
) -> Option<(String, usize)> {
    let (service, _) = replica(model, what, index)?;
    let (kind, name) = match what {
        What::Station => ("station", model.station_name(index)),
        What::Pool => ("pool", model.pool_name(index)),
    };
    let all = format!("{kind} {name} of service {}", model.services[service].name);
    let replicas = &outcome.services.get(service)?.replicas;
    let ever = replicas.iter().filter(|r| r.there.max() > 0).count();
    Some((all, ever))
}

/// The share of the run in which a station or pool was there: all of it, if it is not a replica's; 0 if its replica never was
/// part of its service.
pub(super) fn there((model, outcome): (&Model, &Outcome), what: What, index: usize) -> f64 {
    let Some((service, at)) = replica(model, what, index) else {
        return 1.0;
    };
    if outcome.duration.0 == 0 {
        return 1.0;
    }
    let probe = outcome
        .services
        .get(service)
        .and_then(|s| s.replicas.get(at));
    probe.map_or(1.0, |replica| replica.there.mean(outcome.end_time()))
}
