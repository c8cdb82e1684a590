//! What the system has to tell the VUs. A handler of the system knows no VU: it leaves a notice, which is delivered as
//! soon as the handler returns.

use crate::engine::Time;

use super::journeys::record_response;
use super::request::Request;
use super::vu::VuState;
use super::{Work, World};

/// Something that a VU is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Notice {
    /// The answer to its request, as that was then. The VU is ready to go on.
    Answered(Request),
    /// The answer to its request is on the way over the network.
    AnswerSetsOut(u32),
    /// Whether it is admitted. The VU is ready to go on.
    Admission(u32, bool),
}

/// A request is over that has nothing to do but to answer its client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    /// The request. Its slot is still its own.
    pub id: u32,
    /// Its client goes on before everything that is ready.
    pub first: bool,
}

impl World<'_> {
    /// Tells VUs what the last handler of the system left for them.
    #[inline(always)]
    pub(super) fn deliver(&mut self, now: Time) {
        if !self.notices.is_empty() {
            self.deliver_all(now);
        }
    }

    #[inline(never)]
    fn deliver_all(&mut self, now: Time) {
        for notice in &self.notices {
            match notice {
                Notice::Answered(request) => {
                    let client = request.client;
                    let vu = &mut self.vus[client as usize];
                    let duration = record_response(now, request, vu, &mut self.recorder);
                    self.interpreter.answered(client, duration);
                }
                Notice::AnswerSetsOut(vu) => self.vus[*vu as usize].state = VuState::Sleeping,
                Notice::Admission(vu, admitted) => {
                    let vu = &mut self.vus[*vu as usize];
                    vu.reply.admitted = *admitted;
                    vu.state = VuState::Sleeping;
                }
            }
        }
        self.notices.clear();
    }

    /// A request goes on at this instant.
    #[inline(always)]
    pub(super) fn resume_request(&mut self, now: Time, id: u32) {
        let over = self.advance(now, id);
        if let Some(client) = self.answer_first(now, over) {
            self.ready.push_back(Work::Vu(client));
        }
    }

    /// Answers the client of a request that is over, if one is. Returns the client if it goes on before everything that
    /// is ready.
    #[inline(always)]
    pub(super) fn answer_first(&mut self, now: Time, over: Option<Over>) -> Option<u32> {
        let Over { id, first } = over?;
        self.deliver(now);
        let client = self.answer_and_close(now, id)?;
        if first {
            return Some(client);
        }
        self.ready.push_back(Work::Vu(client));
        None
    }
}
