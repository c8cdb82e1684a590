//! The waiting room's side of the world: joining, admissions, sessions.

use crate::engine::{Time, Turn};
use crate::measure::recorder::ResponseCode;
use crate::model::system::AdmissionOrder;
use crate::parts::waiting_room::Standing;

use super::event::{Event, Kind};
use super::notice::Notice;
use super::vu::VuState;
use super::{Work, World};

/// Status of a user whom the room turns away.
const TURNED_AWAY: ResponseCode = ResponseCode(503);

impl World<'_> {
    /// A user joins the line, or passes, or is turned away, as the order of the room says.
    #[inline(never)]
    pub(super) fn join_room(&mut self, now: Time) -> Result<(), ResponseCode> {
        let Some((room, _)) = &mut self.room else {
            return Ok(());
        };
        let token = room.join(now);
        let comes_in = room.claim(now, token);
        match room.order() {
            AdmissionOrder::PassThrough => {
                room.pass(now);
                self.let_in(now, token);
            }
            _ if comes_in => self.let_in(now, token),
            AdmissionOrder::Reject => match room.admit(now) {
                Some(token) => self.let_in(now, token),
                None => {
                    room.leave(now, token);
                    return Err(TURNED_AWAY);
                }
            },
            _ => self.watch_the_door_here(now),
        }
        Ok(())
    }

    /// A user asks whether it is let through, and may be now.
    pub(super) fn ask_room(&mut self, now: Time, token: u32) -> bool {
        let Some((room, _)) = &mut self.room else {
            return true;
        };
        let standing = room.ask(now, token);
        let comes_in = standing == Standing::Waiting && room.claim(now, token);
        if comes_in {
            self.let_in(now, token);
        }
        comes_in || standing == Standing::Admitted
    }

    /// The waiting room lets through whom its rules allow.
    pub(super) fn admission(&mut self, now: Time) {
        while let Some(token) = self.room.as_mut().and_then(|(room, _)| room.admit(now)) {
            self.let_in(now, token);
        }
        self.watch_the_door(now);
    }

    /// A user is let through: the session begins, and the user that awaits it goes on.
    fn let_in(&mut self, now: Time, token: u32) {
        self.renew_session(now, token);
        self.tell(token, true);
    }

    /// Waits for the admission of the VU's token. Returns whether it has to.
    pub(super) fn await_admission(&mut self, id: u32) -> bool {
        let now = self.queue.now();
        let vu = &mut self.vus[id as usize];
        let token = vu.context.token;
        let standing = match &mut self.room {
            Some((room, _)) => room.listen(now, token),
            None => Standing::Admitted,
        };
        if standing != Standing::Waiting {
            vu.reply.admitted = standing == Standing::Admitted;
            return false;
        }
        vu.state = VuState::Awaiting;
        self.awaiting.join(token, id);
        true
    }

    /// A VU that awaits admission is cut off. If no other awaits it with the same token, that is silent now.
    pub(super) fn stop_awaiting(&mut self, id: u32, token: u32) {
        if self.awaiting.leave(token, id)
            && let Some((room, _)) = &mut self.room
        {
            room.fall_silent(self.queue.now(), token);
        }
    }

    /// The user that awaits the admission of a token goes on: it is let through, or has lost its place.
    fn tell(&mut self, token: u32, admitted: bool) {
        while let Some(id) = self.awaiting.take_first(token) {
            self.notices.push(Notice::Admission(id, admitted));
            self.ready.push_back(Work::Vu(id));
        }
    }

    /// A user leaves the room, or the line before it.
    pub(super) fn leave_room(&mut self, now: Time, token: u32) {
        if let Some((room, _)) = &mut self.room {
            if room.leave(now, token) {
                self.watch_the_door(now);
            }
            self.tell(token, false);
        }
    }

    /// A session in force begins anew: it lasts the length that is drawn now, from now on.
    pub(super) fn renew_session(&mut self, now: Time, token: u32) {
        let Some(session) = self.model.waiting_room.as_ref().and_then(|r| r.session) else {
            return;
        };
        if let Some((room, _)) = &mut self.room
            && room.ends(token).is_some()
        {
            let ends = now + self.samplers[session.index()].span();
            if room.set_end(token, ends) {
                let over = Event::of(Kind::SessionEnds, token as usize);
                self.queue.at_turn(ends, Turn::Late, over);
            }
        }
    }

    /// An admitted user's session may be over: then somebody else may come in.
    pub(super) fn session_ends(&mut self, now: Time, token: u32) {
        let Some((room, _)) = &mut self.room else {
            return;
        };
        match room.session_due(now, token) {
            Err(later) => {
                let over = Event::of(Kind::SessionEnds, token as usize);
                self.queue.at_turn(later, Turn::Late, over);
            }
            Ok(true) => {
                room.end_session(now, token);
                self.watch_the_door(now);
            }
            Ok(false) => {}
        }
    }

    /// Sets the waiting room's alarm to its next admission.
    #[inline(never)]
    pub(super) fn watch_the_door(&mut self, now: Time) {
        self.watch_the_door_here(now);
    }

    /// As [`World::watch_the_door`], in the place of the call.
    #[inline(always)]
    fn watch_the_door_here(&mut self, now: Time) {
        if let Some((room, alarm)) = &self.room {
            match room.next_admission(now) {
                Some(at) => self.queue.set_alarm(*alarm, at),
                None => self.queue.clear_alarm(*alarm),
            }
        }
    }
}
