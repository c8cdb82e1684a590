//! The waiting room at work: joining, admissions, sessions.

use crate::engine::{Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::system::AdmissionOrder;
use crate::parts::waiting_room::Standing;

use super::System;
use crate::world::event::{Event, Kind};
use crate::world::kernel::{Kernel, Work};
use crate::world::notice::Notice;

/// Status of a user whom the room turns away.
const TURNED_AWAY: ResponseCode = ResponseCode(503);

impl System<'_> {
    /// A user joins the line, or passes, or is turned away, as the order of the room says.
    #[inline(never)]
    pub(crate) fn join_room(&mut self, kernel: &mut Kernel, now: Time) -> Result<(), ResponseCode> {
        let Some((room, _)) = &mut self.room else {
            return Ok(());
        };
        let token = room.join(now);
        let comes_in = room.claim(now, token);
        match room.order() {
            AdmissionOrder::PassThrough => {
                room.pass(now);
                self.let_in(kernel, now, token);
            }
            _ if comes_in => self.let_in(kernel, now, token),
            AdmissionOrder::Reject => match room.admit(now) {
                Some(token) => self.let_in(kernel, now, token),
                None => {
                    room.leave(now, token);
                    return Err(TURNED_AWAY);
                }
            },
            _ => self.watch_the_door_here(kernel, now),
        }
        Ok(())
    }

    /// A user asks whether it is let through, and may be now.
    pub(crate) fn ask_room(&mut self, kernel: &mut Kernel, now: Time, token: u32) -> bool {
        let Some((room, _)) = &mut self.room else {
            return true;
        };
        let standing = room.ask(now, token);
        let comes_in = standing == Standing::Waiting && room.claim(now, token);
        if comes_in {
            self.let_in(kernel, now, token);
        }
        comes_in || standing == Standing::Admitted
    }

    /// The waiting room lets through whom its rules allow.
    pub(crate) fn admission(&mut self, kernel: &mut Kernel, now: Time) {
        while let Some(token) = self.room.as_mut().and_then(|(room, _)| room.admit(now)) {
            self.let_in(kernel, now, token);
        }
        self.watch_the_door(kernel, now);
    }

    /// A user is let through: the session begins, and the user that awaits it goes on.
    fn let_in(&mut self, kernel: &mut Kernel, now: Time, token: u32) {
        self.renew_session(kernel, now, token);
        self.tell(kernel, token, true);
    }

    /// A VU that awaits admission is cut off. If no other awaits it with the same token, that is silent now.
    pub(crate) fn stop_awaiting(&mut self, kernel: &mut Kernel, id: u32, token: u32) {
        if self.awaiting.leave(token, id)
            && let Some((room, _)) = &mut self.room
        {
            room.fall_silent(kernel.queue.now(), token);
        }
    }

    /// The user that awaits the admission of a token goes on: it is let through, or has lost its place.
    fn tell(&mut self, kernel: &mut Kernel, token: u32, admitted: bool) {
        while let Some(id) = self.awaiting.take_first(token) {
            self.notices.push(Notice::Admission(id, admitted));
            kernel.ready.push_back(Work::Vu(id));
        }
    }

    /// A user leaves the room, or the line before it.
    pub(crate) fn leave_room(&mut self, kernel: &mut Kernel, now: Time, token: u32) {
        if let Some((room, _)) = &mut self.room {
            if room.leave(now, token) {
                self.watch_the_door(kernel, now);
            }
            self.tell(kernel, token, false);
        }
    }

    /// A session in force begins anew: it lasts the length that is drawn now, from now on.
    pub(crate) fn renew_session(&mut self, kernel: &mut Kernel, now: Time, token: u32) {
        let Some(session) = self.model.waiting_room.as_ref().and_then(|r| r.session) else {
            return;
        };
        if let Some((room, _)) = &mut self.room
            && room.ends(token).is_some()
        {
            let ends = now + kernel.samplers[session.index()].span();
            if room.set_end(token, ends) {
                let over = Event::of(Kind::SessionEnds, token as usize);
                kernel.queue.at_turn(ends, Turn::Late, over);
            }
        }
    }

    /// An admitted user's session may be over: then somebody else may come in.
    pub(crate) fn session_ends(&mut self, kernel: &mut Kernel, now: Time, token: u32) {
        let Some((room, _)) = &mut self.room else {
            return;
        };
        match room.session_due(now, token) {
            Err(later) => {
                let over = Event::of(Kind::SessionEnds, token as usize);
                kernel.queue.at_turn(later, Turn::Late, over);
            }
            Ok(true) => {
                room.end_session(now, token);
                self.watch_the_door(kernel, now);
            }
            Ok(false) => {}
        }
    }

    /// Sets the waiting room's alarm to its next admission.
    #[inline(never)]
    pub(crate) fn watch_the_door(&mut self, kernel: &mut Kernel, now: Time) {
        self.watch_the_door_here(kernel, now);
    }

    /// As [`System::watch_the_door`], in the place of the call.
    #[inline(always)]
    fn watch_the_door_here(&mut self, kernel: &mut Kernel, now: Time) {
        if let Some((room, alarm)) = &self.room {
            match room.next_admission(now) {
                Some(at) => kernel.queue.set_alarm(*alarm, at),
                None => kernel.queue.clear_alarm(*alarm),
            }
        }
    }
}
