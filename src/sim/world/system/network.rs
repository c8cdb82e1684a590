//! Requests and answers on their way, where a model has a network. A VU has one request at a time, so
//! its connection holds all that is on the way.

use crate::engine::{Span, Time};
use crate::measure::recorder::{ResponseCode, SampleSource, Timings};
use crate::model::journey::SiteId;
use crate::model::network::{Network, Reuse};

use super::System;
use super::request::{Context, RequestState};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;
use crate::world::notice::Notice;

/// A VU's connection and what is on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connection {
    connected: bool,
    /// The VU's generation when it sent its last request.
    generation: u32,
    /// Bytes of the running iteration.
    sent: u64,
    received: u64,
    timings: Timings,
    answer: Option<Answer>,
    /// The listener has accepted it: it has one of the places for connections.
    place: bool,
}

/// An answer on its way to a VU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub origin: SampleSource,
    pub site: SiteId,
    pub code: ResponseCode,
    pub admitted: bool,
    pub nothing_free: bool,
    /// What the VU's next requests are about; `None` if that stays as it is.
    pub context: Option<Context>,
}

impl System<'_> {
    /// A VU's request sets out: connection, handshake, bytes, distance.
    pub(crate) fn send_over_network(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        network: &Network,
        request: u32,
    ) {
        let vu = self.requests[request].client;
        let endpoint = self.model.sites[self.requests[request].site.index()].endpoint;
        let bytes = network.sizes_of(endpoint).request;
        let mut timings = Timings::default();
        if self.dialling.is_some() && !self.connection(vu).connected {
            return self.dial(kernel, now, request);
        }
        if !self.connection(vu).connected {
            timings.connecting = kernel.draw(network.connecting).0;
            timings.tls = kernel.draw(network.tls).0;
            timings.blocked = timings.connecting + timings.tls;
        }
        timings.sending = transfer(bytes, network.upload).0;
        let way = kernel.draw(network.latency);
        let line = self.connection(vu);
        line.connected = true;
        line.sent += bytes;
        line.timings = timings;
        let entry = &mut self.requests[request];
        (entry.state, entry.since) = (RequestState::Travelling, now);
        let ticket = entry.ticket;
        let at = now + Span(timings.blocked + timings.sending) + way;
        kernel
            .queue
            .at(at, Event::stale_after(Kind::Arrival, request, ticket));
    }

    /// A VU believes to be connected.
    pub(crate) fn connected(&mut self, vu: u32, timings: Timings) {
        let line = self.connection(vu);
        line.connected = true;
        line.timings = timings;
    }

    /// A VU's connection is accepted; the request on it goes out.
    pub(crate) fn has_place(&mut self, vu: u32, tls: Span, sending: Span, bytes: u64) {
        let line = self.connection(vu);
        line.place = true;
        line.sent += bytes;
        line.timings.tls = tls.0;
        line.timings.blocked += tls.0;
        line.timings.sending = sending.0;
    }

    /// Whether a VU's connection had a place and has it no more, because it is closed.
    pub(crate) fn gives_up_place(&mut self, vu: u32) -> bool {
        let line = self.connection(vu);
        let closed = line.place && !line.connected;
        line.place &= !closed;
        closed
    }

    /// A request reaches the system.
    pub(crate) fn arrival(&mut self, kernel: &mut Kernel, id: u32, ticket: u32) {
        let request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Travelling {
            return;
        }
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        self.arrived += 1;
        self.advance_and_answer(kernel, kernel.queue.now(), id);
    }

    /// An answer sets out for its VU. One that would come after the client's timeout comes as that
    /// timeout, then.
    pub(crate) fn answer_sets_out(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        network: &Network,
        id: u32,
        vu: u32,
    ) {
        let way = kernel.draw(network.latency);
        let request = self.requests[id];
        let site = &self.model.sites[request.site.index()];
        let (bytes, timeout) = (network.sizes_of(site.endpoint).response, site.timeout);
        let line = self.connection(vu);
        let written = request.sent + Span(line.timings.blocked + line.timings.sending);
        let receiving = transfer(bytes, network.download);
        let (mut code, mut context) = (request.code, Some(request.context));
        let mut at = now + way + receiving;
        if at >= request.sent + timeout {
            at = request.sent + timeout;
            code = ResponseCode::TIMEOUT;
            line.time_out(timeout);
            // The VU never gets this answer.
            context = None;
        } else if code == ResponseCode::REFUSED || code == ResponseCode::DIAL_TIMEOUT {
            at = now + way;
            // k6 gives a refused connection no time at all, and the next request tries again.
            line.timings = Timings::default();
            line.connected = false;
        } else {
            line.timings.waiting = (now + way).since(written).0;
            line.timings.receiving = receiving.0;
            line.received += bytes;
        }
        let ends = self.model.listener.as_ref().is_some_and(|l| !l.persistent);
        let ends = ends || self.model.reuse == Reuse::Never;
        self.connection(vu).connected &= !ends;
        self.close_place(kernel, now, vu);
        self.connection(vu).answer = Some(Answer {
            origin: request.origin,
            site: request.site,
            code,
            admitted: request.admitted && code == request.code,
            nothing_free: request.nothing_free && code == request.code,
            context,
        });
        let generation = self.connection(vu).generation;
        kernel
            .queue
            .at(at, Event::stale_after(Kind::Answer, vu, generation));
        self.notices.push(Notice::AnswerSetsOut(vu));
    }

    /// An answer reaches its VU, if one is on the way; with the parts of its time.
    pub(crate) fn take_answer(&mut self, vu: u32) -> Option<(Answer, Timings)> {
        let line = self.connection(vu);
        Some((line.answer.take()?, line.timings))
    }

    /// The parts of the time of a VU's last request; `None` where no network is modelled, for all of it is waiting then.
    pub(crate) fn last_timings(&self, vu: u32) -> Option<Timings> {
        self.model.network.as_ref()?;
        let line = self.connections.get(vu as usize)?;
        Some(line.timings)
    }

    /// The parts of the time of a request that its VU gives up on.
    pub(crate) fn given_up(&mut self, kernel: &mut Kernel, vu: u32, timeout: Span) -> Timings {
        let line = self.connection(vu);
        line.time_out(timeout);
        let timings = line.timings;
        self.close_place(kernel, kernel.queue.now(), vu);
        timings
    }

    /// Bytes sent and received since the last call, for the end of an iteration.
    pub(crate) fn take_bytes(&mut self, vu: u32) -> (u64, u64) {
        let line = self.connection(vu);
        (
            std::mem::take(&mut line.sent),
            std::mem::take(&mut line.received),
        )
    }

    /// The VU is somebody new, or drops a request in flight: it has no connection.
    #[inline]
    pub(crate) fn close_connection(&mut self, kernel: &mut Kernel, vu: u32) {
        if self.has_connections {
            self.close_open_connection(kernel, vu);
        }
    }

    #[inline(never)]
    fn close_open_connection(&mut self, kernel: &mut Kernel, vu: u32) {
        if self.model.network.is_some() {
            self.connection(vu).connected = false;
            self.close_place(kernel, kernel.queue.now(), vu);
        }
        self.give_back_all_kept(kernel, vu);
    }

    /// An answer on its way to an interrupted VU is lost, and the connection with it. Returns whether there
    /// was one.
    pub(crate) fn drop_answer(&mut self, kernel: &mut Kernel, vu: u32) -> bool {
        let Some(line) = self.connections.get_mut(vu as usize) else {
            return false;
        };
        let lost = line.answer.take().is_some();
        line.connected &= !lost;
        self.close_place(kernel, kernel.queue.now(), vu);
        lost
    }

    /// Answers on their way.
    pub(crate) fn answers_on_the_way(&self) -> u64 {
        self.connections
            .iter()
            .filter(|line| line.answer.is_some())
            .count() as u64
    }

    /// The generation of a VU that sends a request: its answer is for no other.
    pub(crate) fn connected_by(&mut self, vu: u32, generation: u32) {
        self.connection(vu).generation = generation;
    }

    fn connection(&mut self, vu: u32) -> &mut Connection {
        let at = vu as usize;
        if self.connections.len() <= at {
            self.connections
                .resize(self.clients.max(at + 1), Connection::default());
        }
        &mut self.connections[at]
    }
}

impl Connection {
    /// k6's timings of a timeout: it counts from the start of the connection, nothing is received. The
    /// connection is closed, for an answer may still come on it.
    fn time_out(&mut self, timeout: Span) {
        self.connected = false;
        let timings = &mut self.timings;
        timings.blocked = timings.blocked.min(timeout.0);
        let rest = timeout.0 - timings.blocked;
        timings.sending = timings.sending.min(rest);
        timings.waiting = rest - timings.sending;
        timings.receiving = 0;
    }
}

/// How long a number of bytes takes, rounded up to the nanosecond.
pub(crate) fn transfer(bytes: u64, bytes_per_second: Option<f64>) -> Span {
    bytes_per_second.map_or(Span::ZERO, |speed| {
        Span((bytes as f64 / speed * 1e9).ceil() as u64)
    })
}
