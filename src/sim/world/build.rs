//! Building the world of a model: every part, stream, fixed-delay queue and alarm.

use std::collections::BTreeMap;

use crate::engine::queue::{EventQueue, FixedDelayId};
use crate::engine::stream::Stream;
use crate::engine::{Span, Turn};
use crate::model::Model;
use crate::model::system::{NamedDist, Op, Patience, Trigger};

use super::World;
use super::event::Event;
use super::kernel::{Kernel, Sampler};
use super::load::Load;
use super::load::build::watches;
use super::system::System;
use super::system::build::programs;

/// Names the random streams of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds {
    pub seed: u64,
    pub replication: u64,
}

impl Seeds {
    pub(crate) fn stream(self, name: &str) -> Stream {
        Stream::new(self.seed, self.replication, name)
    }
}

impl<'m> World<'m> {
    /// A world at the start mark of the run.
    #[must_use]
    pub fn new(model: &'m Model, seed: u64, replication: u64) -> World<'m> {
        World::begun(model, Seeds { seed, replication })
    }

    fn begun(model: &'m Model, seeds: Seeds) -> World<'m> {
        let (mut queue, fixed_delays) = queue_and_delays(model);
        let programs = programs(model, &mut queue);
        let plans = watches(model, &mut queue, &programs.entry);
        let system = System::new(model, seeds, &mut queue, programs);
        let load = Load::new(model, seeds, &mut queue, plans);
        World {
            model,
            load,
            system,
            run_limits: super::limits::Limits::new(),
            kernel: Kernel::new(queue, samplers(model, seeds), fixed_delays),
        }
    }
}

/// An event queue. For each distribution that is a constant, the fixed-delay queue of that delay: one for all that share it
/// and whose events have the same turn and are as rare.
fn queue_and_delays(model: &Model) -> (EventQueue<Event>, Vec<Option<FixedDelayId>>) {
    let mut queue = EventQueue::default();
    let mut known = BTreeMap::new();
    let mut lane = |delay: Span, late: bool, rare: bool| {
        let turn = if late { Turn::Late } else { Turn::Usual };
        *known.entry((delay, late, rare)).or_insert_with(|| {
            if rare {
                queue.rare_fixed_delay(delay, turn)
            } else {
                queue.fixed_delay(delay, turn)
            }
        })
    };
    let constants = model.dists.iter().map(|named| named.dist.is_constant());
    let delays = constants
        .zip(late_delays(model).into_iter().zip(rare_delays(model)))
        .map(|(ns, (late, rare))| ns.map(|ns| lane(Span::from_ns(ns), late, rare)))
        .collect();
    (queue, delays)
}

/// For each distribution, whether it is a time between slowdowns or the length of one: their events are few.
fn rare_delays(model: &Model) -> Vec<bool> {
    let stations = model.stations.iter().flat_map(|s| &s.slowdowns);
    let pools = model.pools.iter().flat_map(|p| &p.slowdowns);
    let mut rare = vec![false; model.dists.len()];
    for slowdown in stations.chain(pools) {
        rare[slowdown.lasts.index()] = true;
        if let Trigger::Every(gap) | Trigger::After(gap) = slowdown.trigger {
            rare[gap.index()] = true;
        }
    }
    rare
}

/// For each distribution, whether what follows its time has the turn [`Turn::Late`].
fn late_delays(model: &Model) -> Vec<bool> {
    let seats = model.inventory.iter().filter_map(|i| i.hold_expires_after);
    let attempts = model.guards.iter().filter_map(|guard| guard.timeout);
    let faults = model.services.iter().flat_map(|s| &s.faults);
    let gaps = faults.filter_map(|fault| match fault.trigger {
        Trigger::Every(gap) | Trigger::After(gap) => Some(gap),
        Trigger::Completions(_) | Trigger::At(_) | Trigger::Loaded(_) => None,
    });
    let ops = model.endpoints.iter().flat_map(|endpoint| &endpoint.ops);
    let patience = ops.filter_map(|op| match op {
        Op::Serve {
            patience: Some(Patience::Drawn(time)),
            ..
        } => Some(*time),
        _ => None,
    });
    let mut late = vec![false; model.dists.len()];
    for time in seats.chain(attempts).chain(gaps).chain(patience) {
        late[time.index()] = true;
    }
    late
}

fn samplers(model: &Model, seeds: Seeds) -> Vec<Sampler> {
    let of = |named: &NamedDist| Sampler::new(named.dist.clone(), seeds.stream(&named.name));
    model.dists.iter().map(of).collect()
}
