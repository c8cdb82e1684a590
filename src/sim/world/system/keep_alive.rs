//! Connections that keep their worker: a pool's token stays with the client's connection for a time after the
//! answer, and the next request on it has the token at once, before all who wait in line.

use crate::engine::{Span, Time, Turn};
use crate::model::Model;
use crate::model::network::Reuse;
use crate::model::system::{Op, PoolId};
use crate::parts::keep_alive::KeepAlive;

use super::System;
use super::request::{Held, NONE};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// For each pool, what its clients keep; none where they keep nothing. Marks where they do in the programs.
pub(crate) fn keepers(model: &Model, ops: &mut [Op]) -> Vec<Option<KeepAlive>> {
    let keeps = |pool: PoolId| model.pools[pool.index()].keep_alive.is_some();
    for op in ops {
        match *op {
            Op::Acquire { pool } if keeps(pool) => *op = Op::AcquireKept { pool },
            Op::Release(pool) if keeps(pool) => *op = Op::Keep(pool),
            _ => {}
        }
    }
    let pools = model.pools.iter().enumerate();
    let keeper = |at| KeepAlive::new(at, model.pools.len());
    pools
        .map(|(at, pool)| pool.keep_alive.map(|_| keeper(at)))
        .collect()
}

impl System<'_> {
    /// Gives a request the token that its client's connection keeps. Returns whether there is one.
    #[inline(never)]
    pub(crate) fn takes_kept(&mut self, now: Time, id: u32, pool: PoolId) -> bool {
        let request = &self.requests[id];
        let (client, at) = (request.client, request.at as usize);
        let keeper = self.keepers[pool.index()].as_mut();
        let taken = client != NONE && keeper.is_some_and(|keeper| keeper.reuse(now, client));
        if taken {
            self.op_times[at].visits += 1;
            self.requests.hold(id, Held::Token(pool));
        }
        taken
    }

    /// A request is about to be answered: its token stays with the connection of its client for a time, or goes
    /// back if nobody waits for the answer.
    #[inline(never)]
    pub(crate) fn keep_token(&mut self, kernel: &mut Kernel, now: Time, id: u32, pool: PoolId) {
        let client = self.requests[id].client;
        let law = self.model.pools[pool.index()].keep_alive;
        let time = match law {
            Some(law) if client != NONE && self.model.reuse != Reuse::Never => {
                kernel.samplers[law.index()].span()
            }
            _ => Span::ZERO,
        };
        let keeper = self.keepers[pool.index()].as_mut();
        let ticket = keeper
            .filter(|_| time > Span::ZERO)
            .and_then(|keeper| keeper.keep(now, client));
        match ticket {
            Some(ticket) => {
                self.requests.let_go(id);
                let over = Event::stale_after(Kind::KeepAliveOver, client, ticket);
                kernel.queue.at_turn(now + time, Turn::Late, over);
            }
            None => self.give_back_last(kernel, now, id),
        }
    }

    /// The time for which a client's connection may keep a token is over.
    pub(crate) fn keep_alive_over(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        client: u32,
        ticket: u32,
    ) {
        self.give_back_kept(kernel, now, |keeper| keeper.expire(now, client, ticket));
    }

    /// A client's connection is closed: what it keeps goes back.
    #[inline(never)]
    pub(crate) fn give_back_all_kept(&mut self, kernel: &mut Kernel, client: u32) {
        let now = kernel.queue.now();
        self.give_back_kept(kernel, now, |keeper| keeper.let_go(now, client));
    }

    fn give_back_kept(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        lets_go: impl Fn(&mut KeepAlive) -> bool,
    ) {
        for at in 0..self.keepers.len() {
            let keeper = self.keepers[at].as_mut();
            if keeper.is_some_and(&lets_go) {
                match self.pools[at].release(now, &self.requests) {
                    Some(next) => self.granted(kernel, now, next),
                    None => self.wake_for_pool(kernel, now, PoolId(at as u16)),
                }
            }
        }
    }
}
