//! Calls and answers on their way from one service to another.

use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::model::Model;
use crate::model::link::Link;
use crate::model::system::EndpointId;
use crate::parts::retransmission::{delay, losses};

use super::World;
use super::event::{Event, Kind};
use super::network::transfer;
use super::request::RequestState;
use super::vu::NONE;

/// No service.
const OUTSIDE: u16 = u16::MAX;

/// What a link measures.
#[derive(Clone, Debug, Default)]
pub struct LinkProbe {
    /// Calls and answers that set out.
    pub messages: u64,
    /// How often one was lost.
    pub lost: u64,
    /// What retransmissions cost, in nanoseconds.
    pub waited: u128,
}

/// All links of a model.
#[derive(Clone, Debug)]
pub struct Links {
    /// By endpoint.
    service: Vec<u16>,
    /// By link.
    loss: Vec<Stream>,
    pub(super) probes: Vec<LinkProbe>,
}

impl Links {
    pub(super) fn new(model: &Model, stream: impl Fn(&str) -> Stream) -> Option<Box<Links>> {
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
            probes: vec![LinkProbe::default(); model.links.len()],
        }))
    }
}

impl World<'_> {
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
    fn way(&mut self, link: usize, bytes: u64) -> Span {
        let spec = &self.model.links[link];
        let mut takes = self.draw(spec.latency) + transfer(bytes, spec.bandwidth);
        if let Some(links) = &mut self.links {
            let lost = losses(&mut links.loss[link], spec.loss);
            let waited = delay(spec.retransmission, lost);
            takes = takes + waited;
            let probe = &mut links.probes[link];
            probe.messages += 1;
            probe.lost += u64::from(lost);
            probe.waited += u128::from(waited.0);
        }
        takes
    }

    /// A call sets out. Returns whether there is a way between its caller and it: none for a copy of a journey's request.
    pub(super) fn call_sets_out(&mut self, now: Time, caller: u32, id: u32) -> bool {
        if self.is_front(caller) {
            return false;
        }
        let endpoint = |id: u32| EndpointId(self.requests[id].endpoint);
        let Some(link) = self.link(endpoint(caller), endpoint(id)) else {
            return false;
        };
        let takes = self.way(link, self.model.links[link].request_bytes);
        self.travels(now, id, takes);
        true
    }

    /// The answer of a request that is over sets out for its caller. Returns whether there is a way, and somebody who
    /// waits at its end.
    #[inline(never)]
    pub(super) fn answer_returns(&mut self, now: Time, id: u32) -> bool {
        let request = &self.requests[id];
        let (parent, generation) = request.parent;
        if request.returning || parent == NONE || !self.requests.is_live(parent, generation) {
            return false;
        }
        let caller = EndpointId(self.requests[parent].endpoint);
        if self.is_front(parent) {
            return false;
        }
        let Some(link) = self.link(caller, EndpointId(request.endpoint)) else {
            return false;
        };
        let takes = self.way(link, self.model.links[link].response_bytes);
        self.requests[id].returning = true;
        self.travels(now, id, takes);
        true
    }

    fn travels(&mut self, now: Time, id: u32, takes: Span) {
        let request = &mut self.requests[id];
        (request.state, request.since) = (RequestState::Travelling, now);
        request.ticket = request.ticket.wrapping_add(1);
        let event = Event::stale_after(Kind::LinkPassed, id, request.ticket);
        self.queue.at(now + takes, event);
    }

    /// A call or an answer has passed its link.
    pub(super) fn link_passed(&mut self, now: Time, id: u32, ticket: u32) {
        let request = &mut self.requests[id];
        if request.ticket != ticket || request.state != RequestState::Travelling {
            return;
        }
        request.ticket = request.ticket.wrapping_add(1);
        request.state = RequestState::Ready;
        if request.returning {
            return self.finish(now, id);
        }
        self.advance(now, id);
    }
}
