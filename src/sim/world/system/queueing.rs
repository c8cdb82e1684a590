//! Pre-emption and controlled delay, as requests meet them.

use crate::engine::{Time, Turn};
use crate::model::Model;
use crate::model::system::{Op, Patience, PoolId, StationId};
use crate::parts::controlled_delay::ControlledDelay;

use super::System;
use super::request::RequestState;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// The controlled delays of a model.
#[derive(Clone, Debug)]
pub(crate) struct ControlledDelays {
    stations: Vec<Option<ControlledDelay>>,
    pools: Vec<Option<ControlledDelay>>,
}

impl ControlledDelays {
    pub fn of(model: &Model) -> ControlledDelays {
        let stations = model.stations.iter().map(|s| s.queueing.codel);
        let pools = model.pools.iter().map(|p| p.codel);
        ControlledDelays {
            stations: stations.map(|c| c.map(ControlledDelay::new)).collect(),
            pools: pools.map(|c| c.map(ControlledDelay::new)).collect(),
        }
    }
}

impl System<'_> {
    /// A service that a higher class has interrupted waits to go on.
    #[inline(never)]
    pub(crate) fn displace(&mut self, kernel: &mut Kernel, now: Time, station: StationId) {
        let Some((victim, restarts)) = self.stations[station.index()].0.displaced() else {
            return;
        };
        self.trace(now, victim, false);
        let request = &mut self.requests[victim];
        let time = &mut self.op_times[request.at as usize];
        let spent = u128::from(now.since(request.since).0);
        if restarts {
            time.cut_off += spent;
        } else {
            time.served += spent;
        }
        (request.state, request.since) = (RequestState::Waiting, now);
        time.broken_off += 1;
        let ticket = request.ticket;
        let (part, alarm) = &mut self.stations[station.index()];
        part.wait_again(now, victim, ticket);
        if let Some(at) = part.next_completion() {
            kernel.queue.set_alarm(*alarm, at.max(now));
        }
    }

    /// A request that waits at a station gives up after its patience.
    #[inline(never)]
    pub(crate) fn lose_patience_later(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        ticket: u32,
        at: usize,
    ) {
        let Op::Serve {
            station,
            patience: Some(patience),
            ..
        } = self.ops[at]
        else {
            return;
        };
        let event = Event::stale_after(Kind::PatienceOver, id, ticket);
        match patience {
            Patience::Drawn(time) => kernel.after(time, event),
            Patience::Controlled => {
                let waiting = self.stations[station.index()].0.waiting();
                let rule = &mut self.controlled_delays.stations[station.index()];
                if let Some(rule) = rule {
                    let wait = rule.joined(now, waiting);
                    kernel.queue.at_turn(now + wait, Turn::Late, event);
                }
            }
        }
    }

    /// A request that waits for a token of a pool gives up after its patience.
    pub(crate) fn lose_pool_patience_later(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        pool: PoolId,
    ) {
        let spec = &self.model.pools[pool.index()];
        let timer = spec.waiting.timer;
        let timeout = spec.timeout.map(|t| (spec.waiting.by_timer(now, t), t));
        let waiting = self.pools[pool.index()].waiting();
        let rule = self.controlled_delays.pools[pool.index()].as_mut();
        let controlled = rule.map(|rule| rule.joined(now, waiting));
        match (timeout, controlled) {
            (Some((wait, timeout)), _) if controlled.is_none_or(|c| wait <= c) => {
                self.goes_off(kernel, now + wait, id, Kind::PatienceOver, (timeout, timer));
            }
            (_, Some(wait)) => {
                let ticket = self.requests[id].ticket;
                let over = Event::stale_after(Kind::PatienceOver, id, ticket);
                kernel.queue.at_turn(now + wait, Turn::Late, over);
            }
            _ => {}
        }
    }
}
