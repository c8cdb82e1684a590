//! What requests are about: users' tokens, events and their seats, versions of rows.

use crate::engine::{Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::system::{Entity, ListAge};

use super::System;
use super::request::{Held, NONE};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

impl System<'_> {
    /// The number of the entity that a request is about; `NONE` if it is about none.
    pub(crate) fn entity(&self, id: u32, key: Entity) -> u32 {
        let context = &self.requests[id].context;
        match key {
            Entity::User => context.user,
            Entity::Token => context.token,
            Entity::Event => context.event,
            Entity::Seat => context.seat,
            Entity::Global => 0,
        }
    }

    /// The user gets a token, and with it a place in the waiting room, if there is one.
    #[inline(always)]
    pub(crate) fn issue_token(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
    ) -> Result<(), ResponseCode> {
        let context = &mut self.requests[id].context;
        context.token = self.tokens.issue(context.user);
        if self.room.is_some() {
            return self.join_room(kernel, now);
        }
        Ok(())
    }

    /// The client chooses among the free seats, if there are any.
    #[inline(never)]
    pub(crate) fn list_seats(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let request = &mut self.requests[id];
        let choice = self.model.sites[request.site.index()].pick;
        let event = request.context.event;
        let stream = &mut self.endpoint_states[request.endpoint as usize].seat;
        let age = self.model.inventory.as_ref().and_then(|spec| spec.list);
        let before = age.map(|age| match age {
            ListAge::Refresh(every) => Time(now.0 / every.0 * every.0),
            ListAge::Lag(law) => {
                let lag = kernel.samplers[law.index()].span();
                Time(now.0.saturating_sub(lag.0))
            }
        });
        if let (Some(inventory), Some(choice)) = (&mut self.inventory, choice)
            && event != NONE
        {
            let seat = inventory.pick(event, before, choice, stream);
            request.context.seat = seat.unwrap_or(NONE);
            request.nothing_free = seat.is_none();
        }
    }

    #[inline(never)]
    pub(crate) fn claim(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        status: u16,
    ) -> Result<(), ResponseCode> {
        let context = &mut self.requests[id].context;
        let Some(inventory) = self.inventory.as_mut().filter(|_| context.seat != NONE) else {
            return Err(ResponseCode(status));
        };
        let hold = inventory
            .claim(now, context.seat, context.user)
            .ok_or(ResponseCode(status))?;
        context.hold = hold;
        let spec = self.model.inventory.as_ref();
        if let Some(expiry) = spec.and_then(|i| i.hold_expires_after) {
            match spec.and_then(|i| i.sweep_every) {
                None => kernel.after(expiry, Event::of(Kind::HoldExpires, hold as usize)),
                Some(every) => {
                    // A sweeper collects what has expired at its next round.
                    let over = now + kernel.samplers[expiry.index()].span();
                    let round = Time(over.0.div_ceil(every.0).saturating_mul(every.0));
                    let expires = Event::of(Kind::HoldExpires, hold as usize);
                    kernel.queue.at_turn(round, Turn::Late, expires);
                }
            }
        }
        Ok(())
    }

    /// A hold on a seat has run out.
    pub(crate) fn hold_expires(&mut self, now: Time, hold: u32) {
        if let Some(inventory) = &mut self.inventory {
            inventory.expire(now, hold);
        }
    }

    #[inline(never)]
    pub(crate) fn read_version(&mut self, id: u32, key: Entity) {
        let entity = self.entity(id, key);
        let rows = self.versions[key as usize].as_ref();
        let version = rows.map_or(0, |rows| rows.read(entity));
        self.requests.hold(id, Held::Version(key, version));
    }

    #[inline(never)]
    pub(crate) fn check_version(
        &mut self,
        id: u32,
        key: Entity,
        status: u16,
    ) -> Result<(), ResponseCode> {
        let entity = self.entity(id, key);
        if let Some(read) = self.requests.take_version(id, key)
            && entity != NONE
            && let Some(rows) = &mut self.versions[key as usize]
            && !rows.write(entity, read)
        {
            return Err(ResponseCode(status));
        }
        Ok(())
    }

    /// Looks whether the picked seat is free: fails with this status if it is not, or if none was picked.
    #[inline(never)]
    pub(crate) fn look(&self, id: u32, status: u16) -> Result<(), ResponseCode> {
        let seat = self.requests[id].context.seat;
        let free = self.inventory.as_ref().is_some_and(|i| i.is_free(seat));
        if free {
            Ok(())
        } else {
            Err(ResponseCode(status))
        }
    }
}
