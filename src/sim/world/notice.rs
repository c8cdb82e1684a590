//! What the system has to tell the VUs. A handler of the system knows no VU: it leaves a notice, which is delivered as
//! soon as the handler returns.

use crate::engine::Time;

use super::World;
use super::kernel::Work;
use super::system::request::Request;

/// Something that a VU is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Notice {
    /// The answer to its request, as that was then. The VU is ready to go on.
    Answered(Request),
    /// The answer to its request is on the way over the network.
    AnswerSetsOut(u32),
    /// Whether it is admitted. The VU is ready to go on.
    Admission(u32, bool),
}

impl World<'_> {
    /// Tells VUs what the last handler of the system left for them.
    #[inline(always)]
    pub(crate) fn deliver(&mut self, now: Time) {
        if !self.system.notices.is_empty() {
            self.deliver_all(now);
        }
    }

    #[inline(never)]
    fn deliver_all(&mut self, now: Time) {
        for notice in &self.system.notices {
            self.load.notify(now, notice);
        }
        self.system.notices.clear();
    }

    /// A request goes on at this instant.
    #[inline(always)]
    pub(crate) fn resume_request(&mut self, now: Time, id: u32) {
        let over = self.system.advance(&mut self.kernel, now, id);
        if let Some(client) = self.answer_first(now, over) {
            self.kernel.ready.push_back(Work::Vu(client));
        }
    }

    /// Answers the client of a request that is over and has nothing else to do, if there is one. Returns the client if it goes
    /// on now, because nobody else's turn comes before.
    #[inline(always)]
    pub(crate) fn answer_first(&mut self, now: Time, over: Option<u32>) -> Option<u32> {
        self.deliver(now);
        let client = self.answer_and_close(now, over?)?;
        if self.kernel.ready.is_empty() {
            return Some(client);
        }
        self.kernel.ready.push_back(Work::Vu(client));
        None
    }
}
