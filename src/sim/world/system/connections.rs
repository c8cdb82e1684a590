//! A token of a pool is the right to a connection: who has one takes a connection that is open, or waits until one
//! is made.

use crate::engine::Time;
use crate::model::Model;
use crate::model::system::{Connecting, DistId, Op, PoolId};
use crate::parts::connections::Connections;

use super::System;
use super::request::{Held, RequestState};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// For each pool its connections, if they cost anything; nothing at all if there is no such pool.
pub(crate) fn connections(model: &Model) -> Vec<Option<Connections>> {
    let pools = model.pools.iter().map(|pool| pool.connections.as_ref());
    let all: Vec<_> = pools.map(|spec| spec.map(Connections::new)).collect();
    if all.iter().any(Option::is_some) {
        all
    } else {
        Vec::new()
    }
}

impl System<'_> {
    /// The connections that are there from the start.
    pub(crate) fn open_connections(&mut self, kernel: &mut Kernel) {
        for at in 0..self.pool_connections.len() {
            let Some(spec) = self.model.pools[at].connections else {
                continue;
            };
            for _ in 0..spec.opened {
                let ends = self.end_of_life(kernel, Time::ZERO, spec.lifetime);
                if let Some(connections) = &mut self.pool_connections[at] {
                    connections.open(ends);
                }
            }
        }
    }

    fn end_of_life(&mut self, kernel: &mut Kernel, now: Time, lifetime: Option<DistId>) -> Time {
        lifetime.map_or(Time::NEVER, |law| now + kernel.samplers[law.index()].span())
    }

    fn connecting(&self, pool: PoolId) -> Option<Connecting> {
        self.model.pools[pool.index()].connections
    }

    /// A request that has a token takes a connection. Returns whether there is one; else it waits for one.
    #[inline(never)]
    pub(crate) fn connect(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        pool: PoolId,
    ) -> bool {
        let spec = self.connecting(pool);
        let connections = self.pool_connections.get_mut(pool.index());
        let (Some(spec), Some(Some(connections))) = (spec, connections) else {
            return true;
        };
        if connections.take(now, id) {
            let at = self.requests[id].at as usize;
            self.op_times[at].visits += 1;
            self.is_connected(id, pool);
            return true;
        }
        let takes = kernel.samplers[spec.connect.index()].span();
        let there = connections.make(now, takes);
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Waiting, now);
        let event = Event::stale_after(Kind::Connected, id, request.ticket);
        kernel.queue.at(there, event);
        false
    }

    /// The token that a request took last has a connection now.
    fn is_connected(&mut self, id: u32, pool: PoolId) {
        let token = self.requests.let_go(id);
        debug_assert_eq!(token, Some(Held::Token(pool)));
        self.requests.hold(id, Held::Connected(pool));
    }

    /// A request gives its connection back, before its token.
    pub(crate) fn give_back_connection(&mut self, now: Time, id: u32, pool: PoolId) {
        if let Some(Some(connections)) = self.pool_connections.get_mut(pool.index()) {
            connections.give_back(now, id);
        }
    }

    /// A connection has been made. If who asked for it has gone, it is closed again.
    pub(crate) fn connection_made(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Waiting {
            return;
        }
        let Op::Connect(pool) = self.ops[request.at as usize] else {
            return;
        };
        let lifetime = self.connecting(pool).and_then(|spec| spec.lifetime);
        let ends = self.end_of_life(kernel, now, lifetime);
        if let Some(Some(connections)) = self.pool_connections.get_mut(pool.index()) {
            connections.made(id, ends);
        }
        self.is_connected(id, pool);
        self.granted(kernel, now, id);
    }
}
