//! How requests end: by their programs, by a failure, or because nobody waits for them.

use crate::engine::Time;
use crate::measure::recorder::ResponseCode;
use crate::model::system::Op;

use super::System;
use super::request::{NONE, Request, RequestState};
use crate::world::kernel::{Kernel, Work};
use crate::world::notice::Notice;

/// Status of a request that has been accepted, if a connection is refused to it further in: k6 hears of a
/// refused connection only where it makes one.
pub(crate) const BAD_GATEWAY: ResponseCode = ResponseCode(502);

impl System<'_> {
    /// Nobody waits for the answer any more. The work goes on unless the endpoint cancels it.
    pub(crate) fn client_gone(&mut self, kernel: &mut Kernel, id: u32) {
        self.gone(kernel, id, false);
    }

    /// As [`System::client_gone`]; if it is `dropped`, the work ends whatever the endpoint says.
    pub(crate) fn gone(&mut self, kernel: &mut Kernel, id: u32, dropped: bool) {
        let now = kernel.queue.now();
        if self.fleet.is_some() {
            self.disconnect(id);
        }
        let request = &mut self.requests[id];
        request.client = NONE;
        request.abandoned = true;
        if request.cancelled {
            // It ends at this instant, or when what it has called ends.
            return;
        }
        if request.state == RequestState::Dialling {
            return self.dialler_gone(kernel, now, id);
        }
        if request.state == RequestState::Attempting && self.is_front(id) {
            return self.front_gone(kernel, now, id);
        }
        let request = &mut self.requests[id];
        if !dropped && !self.model.endpoints[request.endpoint as usize].cancel {
            return;
        }
        match request.state {
            RequestState::Waiting => self.leave_queue(kernel, now, id),
            RequestState::InService => self.leave_service(kernel, now, id),
            RequestState::Delayed | RequestState::Travelling => self.leave_way(id),
            // It ends instead of going on: at once if it has just been given what it waited for, else when
            // what it has called ends, which goes on.
            _ => {
                request.cancelled = true;
                return;
            }
        }
        self.finish(kernel, now, id);
    }

    pub(crate) fn fail(&mut self, kernel: &mut Kernel, now: Time, id: u32, code: ResponseCode) {
        self.requests[id].code = code;
        self.finish(kernel, now, id);
    }

    /// A station or a pool has no place for a request. A connection is refused to it only if that is the first
    /// that it comes to; a delay before is the way there.
    #[cold]
    pub(crate) fn refuse(&mut self, kernel: &mut Kernel, now: Time, id: u32, code: ResponseCode) {
        let request = &self.requests[id];
        let entry = self.entry[usize::from(request.endpoint)] as usize;
        let comes_to = |op: &Op| {
            matches!(
                op,
                Op::Serve { .. }
                    | Op::Acquire { .. }
                    | Op::AcquireKept { .. }
                    | Op::AcquireMany { .. }
                    | Op::Lock { .. }
                    | Op::Cache { .. }
                    | Op::Call(_)
                    | Op::Join
                    | Op::Balance { .. }
            )
        };
        let inside = self.ops[entry..request.at as usize].iter().any(comes_to);
        let refused_inside = code == ResponseCode::REFUSED && inside;
        self.fail(
            kernel,
            now,
            id,
            if refused_inside { BAD_GATEWAY } else { code },
        );
    }

    /// A request is over: everything held comes back, its client or caller is notified.
    pub(crate) fn finish(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        while self.requests[id].held > 0 {
            self.give_back_last(kernel, now, id);
        }
        if self.answers_by_end(id) {
            if let Some(client) = self.close_with_answer(id) {
                kernel.ready.push_back(Work::Vu(client));
            }
            return;
        }
        self.finish_otherwise(kernel, now, id);
    }

    /// A request that has nothing to do but to answer its client does so and is over. Returns the client, whose turn is to
    /// come.
    pub(crate) fn close_with_answer(&mut self, id: u32) -> Option<u32> {
        let answer = self.requests[id];
        self.requests.close(id);
        if answer.client == NONE {
            return None;
        }
        self.notices.push(Notice::Answered(answer));
        Some(answer.client)
    }

    /// As [`System::finish`], where there is a caller or a network, or somebody looks where the time went.
    #[inline(never)]
    pub(crate) fn finish_otherwise(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        if self.links.is_some() && self.answer_returns(kernel, now, id) {
            return;
        }
        self.answer_client(kernel, now, id);
        let request = self.close(id);
        if request.parent.0 != NONE {
            let request = *request;
            self.notify_caller(kernel, now, (id, &request));
        }
    }

    /// A request's client gets its answer, over the network if there is one; the request may go on.
    pub(crate) fn answer_client(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let request = &mut self.requests[id];
        let answer = *request;
        request.client = NONE;
        if answer.client == NONE {
            return;
        }
        if self.slow.is_some() {
            self.trace_answer(now, id);
        }
        if let Some(network) = &self.model.network {
            self.answer_sets_out(kernel, now, network, id, answer.client);
            return;
        }
        self.notices.push(Notice::Answered(answer));
        kernel.ready.push_back(Work::Vu(answer.client));
    }

    /// Answers a request's client or caller before the request ends; nobody waits for the rest.
    pub(crate) fn answer_early(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        if self.fleet.is_some() {
            self.disconnect(id);
        }
        self.answer_client(kernel, now, id);
        if self.deadlines.is_some() {
            self.forget_deadline(id);
        }
        let request = self.requests[id];
        if request.parent.0 != NONE {
            if self.slow.is_some() {
                self.trace_over(id);
            }
            self.requests[id].parent = (NONE, 0);
            self.notify_caller(kernel, now, (id, &request));
        }
    }

    /// The slot of a request that is over is free. Returns the request as it ended.
    #[inline]
    pub(crate) fn close(&mut self, id: u32) -> &Request {
        if self.slow.is_some() {
            self.trace_over(id);
        }
        self.requests.close(id)
    }
}

/// The code of a refusal: status 0 is a refused connection.
pub(crate) fn refusal(status: u16) -> ResponseCode {
    if status == 0 {
        ResponseCode::REFUSED
    } else {
        ResponseCode(status)
    }
}
