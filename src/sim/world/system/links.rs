//! Calls and answers on their way from one service to another.

use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::model::Model;
use crate::model::link::Link;
use crate::model::system::EndpointId;
use crate::parts::retransmission::{delay, losses, segments};

use super::System;
use super::network::transfer;
use super::request::RequestState;
use crate::world::audit::{Audit, Law};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// No service.
const OUTSIDE: u16 = u16::MAX;

/// What a link measures.
#[derive(Clone, Debug, Default)]
pub struct LinkProbe {
    /// Calls and answers that set out.
    pub messages: u64,
    /// How often one, or a segment of one, was lost.
    pub lost: u64,
    /// What retransmissions cost, in nanoseconds.
    pub waited: u128,
    /// How long all were to be on their way, retransmissions included, in nanoseconds.
    pub takes: u128,
}

/// All links of a model.
#[derive(Clone, Debug)]
pub struct Links {
    /// By endpoint.
    service: Vec<u16>,
    /// By link.
    loss: Vec<Stream>,
    /// Messages that came to the end of their way.
    arrived: u64,
    /// Messages that were dropped on their way.
    dropped: u64,
    pub(crate) probes: Vec<LinkProbe>,
}

impl Links {
    pub(crate) fn new(model: &Model, stream: impl Fn(&str) -> Stream) -> Option<Box<Links>> {
        if model.links.is_empty() {
            return None;
        }
        let mut service = vec![OUTSIDE; model.endpoints.len()];
        for (index, spec) in (0..).zip(&model.services) {
            for endpoint in &spec.endpoints {
                service[usize::from(*endpoint)] = index;
            }
        }
        let stream = |link: &Link| stream(&format!("links.{}.loss", link.name));
        Some(Box::new(Links {
            service,
            loss: model.links.iter().map(stream).collect(),
            arrived: 0,
            dropped: 0,
            probes: vec![LinkProbe::default(); model.links.len()],
        }))
    }
}

impl System<'_> {
    /// The link that a call passes through.
    fn link(&self, caller: EndpointId, called: EndpointId) -> Option<usize> {
        let service = &self.links.as_ref()?.service;
        let (from, to) = (service[caller.index()], service[called.index()]);
        let between = |from: Option<u16>| {
            let mut links = self.model.links.iter();
            links.position(|link| link.to == to && link.from == from)
        };
        between(Some(from)).or_else(|| between(None).filter(|_| from != to))
    }

    /// How long a message is on its way.
    fn way(&mut self, kernel: &mut Kernel, link: usize, bytes: u64) -> Span {
        let spec = &self.model.links[link];
        let latency = kernel.draw(spec.latency);
        let mut takes = latency + transfer(bytes, spec.bandwidth);
        if let Some(links) = &mut self.links {
            let (stream, first) = (&mut links.loss[link], spec.retransmission);
            let (lost, waited) = match spec.segment {
                Some(size) => {
                    let number = bytes.div_ceil(size).max(1);
                    segments(stream, spec.loss, number, (first, latency + latency))
                }
                None => {
                    let lost = losses(stream, spec.loss);
                    (lost.into(), delay(first, lost))
                }
            };
            takes = takes + waited;
            let probe = &mut links.probes[link];
            probe.messages += 1;
            probe.lost += lost;
            probe.waited += u128::from(waited.0);
            probe.takes += u128::from(takes.0);
        }
        takes
    }

    /// A call sets out. Returns whether there is a way between its caller and it: none for a copy of a journey's request.
    pub(crate) fn call_sets_out(
        &mut self,
        kernel: &mut Kernel,
        now: Time,
        caller: u32,
        id: u32,
    ) -> bool {
        if self.is_front(caller) {
            return false;
        }
        let endpoint = |id: u32| EndpointId(self.requests[id].endpoint);
        let Some(link) = self.link(endpoint(caller), endpoint(id)) else {
            return false;
        };
        let takes = self.way(kernel, link, self.model.links[link].request_bytes);
        self.travels(kernel, now, id, takes);
        true
    }

    /// The answer of a request that is over sets out for its caller. Returns whether there is a way, and somebody who
    /// waits at its end.
    #[inline(never)]
    pub(crate) fn answer_returns(&mut self, kernel: &mut Kernel, now: Time, id: u32) -> bool {
        let request = &self.requests[id];
        let Some(parent) = self.requests.caller(id).filter(|_| !request.returning) else {
            return false;
        };
        let caller = EndpointId(self.requests[parent].endpoint);
        if self.is_front(parent) {
            return false;
        }
        let Some(link) = self.link(caller, EndpointId(request.endpoint)) else {
            return false;
        };
        let takes = self.way(kernel, link, self.model.links[link].response_bytes);
        self.requests[id].returning = true;
        self.travels(kernel, now, id, takes);
        true
    }

    fn travels(&mut self, kernel: &mut Kernel, now: Time, id: u32, takes: Span) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Travelling, now);
        request.ticket = request.ticket.wrapping_add(1);
        let event = Event::stale_after(Kind::LinkPassed, id, request.ticket);
        kernel.queue.at(now + takes, event);
    }

    /// A call or an answer has passed its link.
    pub(crate) fn link_passed(&mut self, kernel: &mut Kernel, now: Time, id: u32, ticket: u32) {
        let request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Travelling {
            return;
        }
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        let returning = request.returning;
        if let Some(links) = &mut self.links {
            links.arrived += 1;
        }
        if returning {
            return self.finish(kernel, now, id);
        }
        self.advance_and_answer(kernel, now, id);
    }

    /// A request that takes its time, or is on its way, is dropped there.
    pub(crate) fn leave_way(&mut self, id: u32) {
        let request = &mut self.requests[id];
        request.ticket = request.ticket.wrapping_add(1);
        if request.state == RequestState::Travelling
            && let Some(links) = &mut self.links
        {
            links.dropped += 1;
        }
    }

    /// Calls and answers that set out have arrived, were dropped, or are on their way. Where users are behind a network of
    /// their own, those on either way are not told apart.
    pub(crate) fn audit_links(&self, audit: &mut Audit) {
        let Some(links) = &self.links else { return };
        if self.model.network.is_some() || self.model.listener.is_some() {
            return;
        }
        let on_way = self.requests.iter();
        let on_way = on_way.filter(|(_, r)| r.state == RequestState::Travelling);
        let known = links.arrived + links.dropped + on_way.count() as u64;
        let sent: u64 = links.probes.iter().map(|p| p.messages).sum();
        audit.equal(
            Law::Flow,
            "links",
            ("messages", sent.into()),
            ("arrived, dropped or on their way", known.into()),
        );
    }
}
