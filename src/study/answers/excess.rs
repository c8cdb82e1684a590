//! What happens to arrivals beyond what can be served.

use super::bounds::Demand;
use super::walk::Walk;
use crate::model::scenario::Executor;
use crate::model::system::Op;

/// What happens to arrivals beyond what the bottleneck can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// They wait: the queue grows without end.
    Waits,
    /// They are refused or give up, because a queue or a patience has a limit.
    IsTurnedAway,
    /// Their iterations are dropped, once all VUs are busy.
    IsDropped,
}

/// What happens to them. A pool that turns requests away bounds the queues of what its holders wait for, too.
pub(super) fn excess(walk: &Walk, executor: &Executor, bottleneck: Option<&Demand>) -> Excess {
    let station = bottleneck.and_then(|b| b.name.strip_prefix("station "));
    let stations = walk.model.stations.iter().enumerate();
    let mut own = stations.filter(|(_, spec)| Some(spec.name.as_str()) == station);
    let station = own.any(|(index, spec)| spec.queue != u32::MAX || is_left(walk, index));
    let pools = walk.model.pools.iter().zip(&walk.pools);
    let mut pools = pools.filter(|(_, (held, _))| *held > 0.0);
    let bounded = station || pools.any(|(p, _)| p.queue != u32::MAX || p.timeout.is_some());
    match executor {
        _ if bounded => Excess::IsTurnedAway,
        rate if rate.allocation().is_some() => Excess::IsDropped,
        _ => Excess::Waits,
    }
}

/// Whether requests that wait at a station may give up.
fn is_left(walk: &Walk, index: usize) -> bool {
    let mut ops = walk.model.endpoints.iter().flat_map(|e| &e.ops);
    ops.any(
        |op| matches!(op, Op::Serve { station, patience: Some(_), .. } if station.index() == index),
    )
}
