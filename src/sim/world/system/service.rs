//! Visits to stations.

use crate::engine::queue::{AlarmId, EventQueue};
use crate::engine::table::Table;
use crate::engine::time::to_f64;
use crate::engine::{Span, Time};
use crate::model::system::{Accumulated, DistId, Growth, Op, StationId};
use crate::parts::station::Station;
use crate::parts::waiting::QueueEntry;
use crate::parts::{Admission, Job};

use super::System;
use super::ending::refusal;
use super::request::{Request, RequestState};
use crate::world::event::Event;
use crate::world::kernel::{Kernel, Work};

/// A visit whose service is as long as it is drawn, and in whose line nobody loses patience.
#[derive(Clone, Copy)]
pub(crate) struct PlainVisit {
    station: StationId,
    time: DistId,
    class: u8,
}

impl PlainVisit {
    /// What an operation is, if that is a plain visit.
    #[inline(always)]
    pub fn of(op: &Op) -> Option<PlainVisit> {
        match *op {
            Op::Serve {
                station,
                time,
                growth: None,
                class,
                patience: None,
            } => Some(PlainVisit {
                station,
                time,
                class,
            }),
            _ => None,
        }
    }

    /// A request that counts as in service comes to the station. It waits instead if it is queued, and is neither if
    /// anything else comes of it.
    // Without the system, so that the request stays borrowed: after a call with the system, it is looked up anew.
    #[inline(always)]
    pub(crate) fn begin(
        self,
        kernel: &mut Kernel,
        now: Time,
        (id, request): (u32, &mut Request),
        stations: &mut Table<(Station, AlarmId)>,
    ) -> Admission {
        let time = kernel.samplers[self.time.index()].span();
        let part = &mut stations[self.station.index()];
        let job = QueueEntry {
            job: id,
            ticket: request.ticket,
            demand: part.0.demand(time),
        };
        let admission = come(now, part, job, self.class, &mut kernel.queue);
        if admission == Admission::Queued {
            request.state = RequestState::Waiting;
        }
        admission
    }
}

/// A job comes to a station. The alarm is set if it is served at once.
#[inline(always)]
fn come(
    now: Time,
    (part, alarm): &mut (Station, AlarmId),
    job: QueueEntry,
    class: u8,
    queue: &mut EventQueue<Event>,
) -> Admission {
    let admission = part.arrive(now, job, class);
    if admission == Admission::Granted
        && let Some(at) = part.next_completion()
    {
        queue.set_alarm(*alarm, at);
    }
    admission
}

impl System<'_> {
    /// As [`System::visit`], in the place of the call where it is a plain visit.
    #[inline(always)]
    pub(crate) fn visit_here(&mut self, kernel: &mut Kernel, now: Time, id: u32, at: usize) {
        let request = &mut self.requests[id];
        let Some(visit) = PlainVisit::of(&self.ops[at]).filter(|_| !request.abandoned) else {
            return self.visit(kernel, now, id, at);
        };
        request.at = at as u32;
        (request.state, request.since) = (RequestState::InService, now);
        match visit.begin(kernel, now, (id, request), &mut self.stations) {
            Admission::Granted | Admission::Queued => {}
            other => self.visit_otherwise(kernel, now, id, at, other),
        }
    }

    /// A request comes to a station: the operation at `at`. Its service may not be as long as it is drawn.
    #[inline(never)]
    pub(crate) fn visit(&mut self, kernel: &mut Kernel, now: Time, id: u32, at: usize) {
        let Op::Serve {
            station,
            time,
            growth,
            class,
            patience,
        } = self.ops[at]
        else {
            return;
        };
        let request = &mut self.requests[id];
        request.at = at as u32;
        (request.state, request.since) = (RequestState::InService, now);
        let ticket = request.ticket;
        let mut factor = None;
        if request.abandoned {
            factor = Some(self.model.endpoints[request.endpoint as usize].abandoned_work);
        }
        let time = kernel.samplers[time.index()].span();
        let demand = if growth.is_some() || factor.is_some() {
            self.longer_demand(time, at, factor)
        } else {
            self.stations[station.index()].0.demand(time)
        };
        let job = QueueEntry {
            job: id,
            ticket,
            demand,
        };
        let part = &mut self.stations[station.index()];
        match come(now, part, job, class, &mut kernel.queue) {
            Admission::Granted => {}
            Admission::Queued if patience.is_none() => {
                self.requests[id].state = RequestState::Waiting;
            }
            other => self.visit_otherwise(kernel, now, id, at, other),
        }
    }

    /// A request that comes to the operation at `at` is neither just served nor just in line.
    #[inline(never)]
    pub(crate) fn visit_otherwise(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        at: usize,
        admission: Admission,
    ) {
        let Op::Serve {
            station, patience, ..
        } = self.ops[at]
        else {
            return;
        };
        let request = &mut self.requests[id];
        match admission {
            Admission::Granted => {}
            Admission::Displaces => self.displace(kernel, now, station),
            Admission::OnHost => {
                let (part, alarm) = &mut self.stations[station.index()];
                if let Some(at) = part.next_completion() {
                    kernel.queue.set_alarm(*alarm, at);
                }
                self.host_changed(kernel, now, station.index());
            }
            Admission::Queued | Admission::QueuedAnew => {
                request.state = RequestState::Waiting;
                let ticket = request.ticket;
                if admission == Admission::QueuedAnew {
                    self.refresh_alarm(kernel, now, station.index());
                }
                if patience.is_some() {
                    self.lose_patience_later(kernel, now, id, ticket, at);
                }
            }
            Admission::Refused => {
                request.state = RequestState::Ready;
                let status = self.model.stations[station.index()].refusal;
                self.refuse(kernel, now, id, refusal(status));
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

    /// A job at a station is due. Returns its request if that is over.
    #[inline(always)]
    pub(crate) fn complete(&mut self, kernel: &mut Kernel, now: Time, index: usize) -> Option<u32> {
        let (part, alarm) = &mut self.stations[index];
        let (done, next) = part.complete(now, &self.requests);
        if let Some(at) = part.next_completion() {
            kernel.queue.set_alarm(*alarm, at.max(now));
        }
        if self.looks_at_services {
            return self.complete_and_look(kernel, now, index, (done, next));
        }
        if let Some(next) = next {
            self.turn_comes(now, next, true);
        }
        let id = done?;
        let request = &mut self.requests[id];
        self.op_times[request.at as usize].served_since(now, request.since);
        request.at += 1;
        let is_last = matches!(self.ops[request.at as usize], Op::Done);
        if is_last && request.ends_by_answer() && self.answers_directly {
            return Some(id);
        }
        request.state = RequestState::Ready;
        self.advance(kernel, now, id)
    }

    /// The rest of [`System::complete`], where somebody looks at services or something hangs on them.
    #[inline(never)]
    fn complete_and_look(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        index: usize,
        (done, next): (Option<Job>, Option<Job>),
    ) -> Option<u32> {
        if let Some(next) = next {
            self.service_begins(kernel, now, next);
        }
        let id = done?;
        self.trace(now, id, false);
        let request = &mut self.requests[id];
        self.op_times[request.at as usize].served_since(now, request.since);
        request.state = RequestState::Ready;
        request.at += 1;
        let at = request.at as usize;
        if self.counts_completions.get(index) == Some(&true) {
            self.completion_triggers(kernel, now, index);
        }
        match self.ops[at] {
            Op::Done if self.answers_by_end(id) => {
                // Its client goes on before those whose turn was found to come too late just now.
                if !kernel.ready.is_empty() {
                    let client = self.close_with_answer(id)?;
                    kernel.ready.push_front(Work::Vu(client));
                    return None;
                }
                Some(id)
            }
            _ => self.advance(kernel, now, id),
        }
    }

    /// A request that waited at a station is served now, which counts as a wait or not yet. Returns its operation and for
    /// how many nanoseconds it has waited.
    #[inline(always)]
    fn turn_comes(&mut self, now: Time, id: u32, counts: bool) -> (usize, u64) {
        let request = &mut self.requests[id];
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::InService;
        let waited = now.since_past(request.since).0;
        request.since = now;
        let at = request.at as usize;
        let time = &mut self.op_times[at];
        time.waited += u128::from(waited);
        time.waits += u64::from(counts && waited > 0);
        (at, waited)
    }

    /// A request that waited at a station is served now, and somebody may look at that.
    pub(crate) fn service_begins(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        self.trace(now, id, true);
        let (at, waited) = self.turn_comes(now, id, false);
        if self.waits.is_none() || self.turn_came(kernel, now, id, (at, waited)) {
            self.op_times[at].waits += u64::from(waited > 0);
        }
    }

    /// As [`System::service_begins`], where waits or deadlines are looked at. Returns whether it is in time.
    #[inline(never)]
    fn turn_came(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        id: u32,
        (at, waited): (usize, u64),
    ) -> bool {
        if self.deadlines.is_some() && self.turn_too_late(kernel, now, id) {
            return false;
        }
        if let Some(waits) = &mut self.waits {
            waits.add(at, waited);
        }
        true
    }

    /// A request in service is dropped.
    pub(crate) fn leave_service(&mut self, kernel: &mut Kernel, now: Time, id: u32) {
        let request = &mut self.requests[id];
        request.state = RequestState::Ready;
        let at = request.at as usize;
        let time = &mut self.op_times[at];
        time.cut_off += u128::from(now.since(request.since).0);
        // Whose turn came too late has not begun.
        time.broken_off += u64::from(!request.cancelled);
        let station = match self.ops[request.at as usize] {
            Op::Serve { station, .. } => station,
            Op::SlowedDelay { pace, .. } => return self.leave_slowed_delay(kernel, now, id, pace),
            _ => return,
        };
        let (part, alarm) = &mut self.stations[station.index()];
        let next = part.cancel(now, id, &self.requests);
        match part.next_completion() {
            Some(at) => kernel.queue.set_alarm(*alarm, at.max(now)),
            None => kernel.queue.clear_alarm(*alarm),
        }
        match next {
            Some(next) => self.service_begins(kernel, now, next),
            None => self.server_free(kernel, now, station.index()),
        }
    }

    /// The number of those who wait at a station has changed; it may work at another speed now.
    pub(crate) fn number_changed(&mut self, kernel: &mut Kernel, now: Time, index: usize) {
        if self.stations[index].0.paced_by_number() {
            self.stations[index].0.repace(now);
            self.refresh_alarm(kernel, now, index);
        }
    }

    /// Sets the alarm of a station to when the next job leaves.
    #[inline(never)]
    fn refresh_alarm(&mut self, kernel: &mut Kernel, now: Time, index: usize) {
        let (part, alarm) = &mut self.stations[index];
        match part.next_completion() {
            Some(at) => kernel.queue.set_alarm(*alarm, at.max(now)),
            None => kernel.queue.clear_alarm(*alarm),
        }
    }
}
