//! Visits to stations.

use crate::engine::time::to_f64;
use crate::engine::{Span, Time};
use crate::measure::recorder::ResponseCode;
use crate::model::system::{Accumulated, Growth, Op};
use crate::parts::Admission;
use crate::parts::waiting::QueueEntry;

use super::request::RequestState;
use super::system::refusal;
use super::vu::NONE;
use super::{Work, World};

impl World<'_> {
    /// A request comes to a station: the operation at `at`.
    #[inline]
    pub(super) fn visit(&mut self, now: Time, id: u32, at: usize) {
        let request = &mut self.requests[id];
        request.at = at as u32;
        let ticket = request.ticket;
        let mut factor = None;
        if request.abandoned {
            factor = Some(self.model.endpoints[request.endpoint as usize].abandoned_work);
        }
        // Mostly it is served at once.
        (request.state, request.since) = (RequestState::InService, now);
        match self.arrive(now, id, ticket, at, factor) {
            Ok(RequestState::InService) => {}
            Ok(state) => self.requests[id].state = state,
            Err(code) => {
                self.requests[id].state = RequestState::Ready;
                self.refuse(now, id, code);
            }
        }
    }

    /// A request that takes a ticket into the queue of the operation at `at` asks for its service time, with a
    /// factor if it is not the usual one. Returns what the request does now, or how it fails.
    #[inline(always)]
    pub(super) fn arrive(
        &mut self,
        now: Time,
        id: u32,
        ticket: u32,
        at: usize,
        factor: Option<f64>,
    ) -> Result<RequestState, ResponseCode> {
        let Op::Serve {
            station,
            time,
            growth: ref grows,
            class,
            patience: ref gives_up,
        } = self.ops[at]
        else {
            return Ok(RequestState::Ready);
        };
        let (grows, gives_up) = (grows.is_some(), gives_up.is_some());
        let time = self.samplers[time.index()].span();
        let demand = if grows || factor.is_some() {
            self.longer_demand(time, at, factor)
        } else {
            self.stations[station.index()].0.demand(time)
        };
        let (part, alarm) = &mut self.stations[station.index()];
        let entry = QueueEntry {
            job: id,
            ticket,
            demand,
        };
        match part.arrive(now, entry, class) {
            Admission::Granted => {
                if let Some(at) = part.next_completion() {
                    self.queue.set_alarm(*alarm, at);
                }
                Ok(RequestState::InService)
            }
            Admission::Displaces => {
                self.displace(now, station);
                Ok(RequestState::InService)
            }
            Admission::OnHost => {
                if let Some(at) = part.next_completion() {
                    self.queue.set_alarm(*alarm, at);
                }
                self.host_changed(now, station.index());
                Ok(RequestState::InService)
            }
            Admission::QueuedAnew => {
                self.refresh_alarm(now, station.index());
                if gives_up {
                    self.lose_patience_later(now, id, ticket, at);
                }
                Ok(RequestState::Waiting)
            }
            Admission::Queued => {
                if gives_up {
                    self.lose_patience_later(now, id, ticket, at);
                }
                Ok(RequestState::Waiting)
            }
            Admission::Refused => {
                let status = self.model.stations[station.index()].refusal;
                Err(refusal(status))
            }
        }
    }

    /// What the operation at `at` demands of its station if the service time is not as long as it was drawn.
    #[inline(never)]
    fn longer_demand(&self, time: Span, at: usize, factor: Option<f64>) -> u64 {
        let Op::Serve {
            station, growth, ..
        } = self.ops[at]
        else {
            return time.0;
        };
        let mut ns = to_f64(time.0);
        if let Some(growth) = growth {
            ns *= 1.0 + growth.per_unit * self.accumulated(growth);
            if let Some(pace) = growth.pace {
                ns /= self.pace(usize::from(pace));
            }
        }
        if let Some(factor) = factor {
            ns *= factor;
        }
        self.stations[station.index()].0.demand_in_ns(ns)
    }

    fn accumulated(&self, growth: Growth) -> f64 {
        let seats = self.inventory.as_ref().map(|i| &i.probe);
        let count = match growth.with {
            Accumulated::Sales => seats.map_or(0, |p| p.sold),
            Accumulated::Claims => seats.map_or(0, |p| p.claimed),
            Accumulated::Tokens => u64::from(self.tokens.issued()),
            Accumulated::Requests => self.arrived,
        };
        count as f64
    }

    /// A job at a station is due. Returns what goes on: its request or the client of that.
    #[inline(always)]
    pub(super) fn complete(&mut self, now: Time, index: usize) -> Option<Work> {
        let (part, alarm) = &mut self.stations[index];
        let (done, next) = part.complete(now, &self.requests);
        if let Some(at) = part.next_completion() {
            self.queue.set_alarm(*alarm, at.max(now));
        }
        if let Some(next) = next {
            self.service_begins(now, next);
        }
        let id = done?;
        self.trace(now, id, false);
        let request = &mut self.requests[id];
        let time = &mut self.op_times[request.at as usize];
        time.visits += 1;
        time.served += u128::from(now.since_past(request.since).0);
        request.state = RequestState::Ready;
        request.at += 1;
        let at = request.at as usize;
        let ends = request.held == 0 && request.parent.0 == NONE;
        if self.counts_completions.get(index) == Some(&true) {
            self.completion_triggers(now, index);
        }
        match self.ops[at] {
            Op::Done if ends && self.answers_directly => self.answer_and_close(now, id),
            _ => Some(Work::Request(id)),
        }
    }

    /// A request that waited at a station is served now.
    #[inline]
    pub(super) fn service_begins(&mut self, now: Time, id: u32) {
        self.trace(now, id, true);
        let request = &mut self.requests[id];
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::InService;
        let waited = now.since_past(request.since).0;
        let at = request.at as usize;
        self.op_times[at].waited += u128::from(waited);
        request.since = now;
        if self.waits.is_none() || self.turn_came(now, id, (at, waited)) {
            self.op_times[at].waits += u64::from(waited > 0);
        }
    }

    /// As [`World::service_begins`], where waits or deadlines are looked at. Returns whether it is in time.
    #[inline(never)]
    fn turn_came(&mut self, now: Time, id: u32, (at, waited): (usize, u64)) -> bool {
        if self.deadlines.is_some() && self.turn_too_late(now, id) {
            return false;
        }
        if let Some(waits) = &mut self.waits {
            waits.add(at, waited);
        }
        true
    }

    /// A request in service is dropped.
    pub(super) fn leave_service(&mut self, now: Time, id: u32) {
        let request = &mut self.requests[id];
        request.state = RequestState::Ready;
        let at = request.at as usize;
        let time = &mut self.op_times[at];
        time.cut_off += u128::from(now.since(request.since).0);
        // Whose turn came too late has not begun.
        time.broken_off += u64::from(!request.cancelled);
        let station = match self.ops[request.at as usize] {
            Op::Serve { station, .. } => station,
            Op::SlowedDelay { pace, .. } => return self.leave_slowed_delay(now, id, pace),
            _ => return,
        };
        let (part, alarm) = &mut self.stations[station.index()];
        let next = part.cancel(now, id, &self.requests);
        match part.next_completion() {
            Some(at) => self.queue.set_alarm(*alarm, at.max(now)),
            None => self.queue.clear_alarm(*alarm),
        }
        match next {
            Some(next) => self.service_begins(now, next),
            None => self.server_free(now, station.index()),
        }
    }

    /// The number of those who wait at a station has changed; it may work at another speed now.
    pub(super) fn number_changed(&mut self, now: Time, index: usize) {
        if self.stations[index].0.paced_by_number() {
            self.stations[index].0.repace(now);
            self.refresh_alarm(now, index);
        }
    }

    /// Sets the alarm of a station to when the next job leaves.
    #[inline(never)]
    fn refresh_alarm(&mut self, now: Time, index: usize) {
        let (part, alarm) = &mut self.stations[index];
        match part.next_completion() {
            Some(at) => self.queue.set_alarm(*alarm, at.max(now)),
            None => self.queue.clear_alarm(*alarm),
        }
    }

    /// How long the run has lasted.
    pub(super) fn elapsed(&self) -> Span {
        self.queue.now().since(Time::ZERO)
    }
}
