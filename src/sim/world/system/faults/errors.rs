//! What a request meets where a fault is at work: the errors of a replica that fails, or a partition's silence.

use crate::engine::{Span, Time};
use crate::measure::recorder::ResponseCode;
use crate::model::service::Trouble;
use crate::model::system::DistId;

use super::System;
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;
use crate::world::system::request::RequestState;

/// Status of a call that gets no answer because of a partition.
const NO_ANSWER: ResponseCode = ResponseCode(504);

impl System<'_> {
    /// What a replica answers if it fails: status and time.
    pub(in crate::world::system) fn trouble_of(
        &self,
        service: u16,
        at: u16,
    ) -> Option<(ResponseCode, DistId)> {
        let fleet = self.fleet.as_ref()?;
        let spec = self.service_spec(service);
        fleet
            .faults
            .iter()
            .filter(|r| r.service == service && r.open.contains(&at))
            .find_map(|r| match spec.faults[r.fault].what {
                Trouble::Fails { status, takes } => Some((ResponseCode(status), takes)),
                _ => None,
            })
    }

    /// How long a caller waits in vain, if a partition lies between the service of its endpoint and this one.
    pub(in crate::world::system) fn cut_off_from(
        &self,
        id: u32,
        service: u16,
    ) -> Option<(ResponseCode, DistId)> {
        let fleet = self.fleet.as_ref()?;
        let caller = self.requests.caller(id)?;
        let (caller, _) = self.requests.replica(caller)?;
        let spec = self.service_spec(caller);
        let open = fleet
            .faults
            .iter()
            .filter(|r| r.service == caller && !r.open.is_empty());
        open.into_iter()
            .find_map(|r| match spec.faults[r.fault].what {
                Trouble::Partition { to, timeout } if to == service => Some((NO_ANSWER, timeout)),
                _ => None,
            })
    }

    /// A request is answered with an error after a time, without any work.
    pub(in crate::world::system) fn answer_error(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        (code, takes): (ResponseCode, DistId),
    ) {
        let request = &mut self.requests[id];
        request.code = code;
        (request.state, request.since) = (RequestState::Delayed, now);
        let ticket = request.ticket;
        kernel.after(takes, Event::stale_after(Kind::ReplicaAnswers, id, ticket));
    }

    pub(in crate::world::system) fn error_answered(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        ticket: u32,
    ) {
        let request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Delayed {
            return;
        }
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        let waited: Span = now.since(request.since);
        self.op_times[request.at as usize].served += u128::from(waited.0);
        self.trace(now, id, false);
        self.finish(kernel, now, id);
    }
}
