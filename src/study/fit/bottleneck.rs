//! The bottleneck of a model whose times are moved: its demand, how full it is, and all times made longer.

use super::predict::Question;
use super::remembered::Remembered;
use crate::answers::bounds::analyse;
use crate::model::Model;
use crate::model::system::Op;

/// Step of a numerical derivative, as a logarithm.
const STEP: f64 = 0.02;
/// What is left of the room at a full server.
const FULL: f64 = 0.05;

/// The load above which some must wait: N*, or the most arrivals per second.
pub(super) fn knee(model: &Model) -> Option<f64> {
    let one = analyse(model).into_iter().next()?;
    let bounds = one.bounds?;
    Some(match one.users {
        Some(_) => bounds.knee,
        None => bounds.max_throughput,
    })
}

/// How much of the waiting of a run is not a matter of capacity: 1 while there are fewer users than the knee,
/// for then it comes from how the work is bunched; far above it little, for then everybody waits until the
/// server has served all others. `waited` is the mean wait of a request in the run, in milliseconds.
pub(super) fn room(model: &Model, waited: f64) -> f64 {
    let peak = model.peak_load().value;
    let Some(one) = analyse(model).into_iter().next() else {
        return 1.0;
    };
    let Some(bounds) = one.bounds else {
        return 1.0;
    };
    if one.users.is_none() {
        let full = (peak / bounds.max_throughput).min(1.0);
        return (1.0 - full * full).sqrt().max(FULL);
    }
    let beyond = (peak - bounds.knee).max(0.0) / bounds.max_throughput;
    let must = 1e3 * beyond / one.requests.max(1.0);
    if must <= 0.0 {
        return 1.0;
    }
    (1.0 - must / waited.max(must)).max(FULL)
}

/// What one iteration needs of a resource, in seconds.
pub(super) fn demand_of(model: &Model, name: &str) -> Option<f64> {
    let one = analyse(model).into_iter().next()?;
    let found = one.demands.iter().find(|demand| demand.name == name)?;
    Some(found.demand)
}

/// Bottleneck, demand and derivatives of its logarithm.
pub(super) fn demand(
    question: &Question,
    memory: &Remembered,
    model: &Model,
) -> Result<Option<(String, f64, Vec<f64>)>, String> {
    let one = analyse(model).into_iter().next();
    let Some(bottleneck) = one.and_then(|one| one.demands.into_iter().next()) else {
        return Ok(None);
    };
    let mut slopes = Vec::new();
    for parameter in &memory.parameters {
        let at = |by: f64| -> Result<f64, String> {
            let model = question.model(&parameter.moved(by)?)?;
            let demand = demand_of(&model, &bottleneck.name);
            Ok(libm::log(demand.unwrap_or(bottleneck.demand)))
        };
        slopes.push((at(STEP)? - at(-STEP)?) / (2.0 * STEP));
    }
    Ok(Some((bottleneck.name, bottleneck.demand, slopes)))
}

/// Multiplies all times that the system takes.
pub(crate) fn slow_down(model: &mut Model, factor: f64) {
    let mut own = std::collections::BTreeSet::new();
    for endpoint in &model.endpoints {
        for op in &endpoint.ops {
            match *op {
                Op::Serve { time, .. } => own.insert(time.index()),
                Op::Delay(time) => own.insert(time.index()),
                _ => false,
            };
        }
    }
    for index in own {
        let named = &mut model.dists[index];
        named.dist = named.dist.scaled(factor);
    }
}
