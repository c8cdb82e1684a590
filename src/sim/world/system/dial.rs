//! Connections on their way into an accept queue: SYNs that are lost and sent again, clients that believe to be
//! connected and are not, and the program that accepts.

use std::collections::BTreeMap;

use crate::engine::stream::Stream;
use crate::engine::{Span, Time, Turn};
use crate::measure::recorder::{ResponseCode, Timings};
use crate::model::listener::Listener;
use crate::model::network::Network;
use crate::parts::accept::{AcceptQueue, Pending, ack_pause, syn_pause, timer};

use super::System;
use super::request::RequestState;
use crate::world::audit::{Audit, Law};
use crate::world::event::{Event, Kind};
use crate::world::kernel::Kernel;

/// What the listener of a model needs beside the model.
#[derive(Clone, Debug)]
pub(crate) struct Dialling {
    pub queue: AcceptQueue,
    /// Connections that are not in the queue yet, by VU.
    dials: BTreeMap<u32, Dial>,
    /// Who sends a SYN again at a tick of the kernel's timers, by processor and tick.
    ticks: BTreeMap<(u32, Time), Tick>,
    /// On which processor a connection is made.
    stream: Stream,
    /// Whether the program is about to accept a connection, which takes it some time.
    accepting: bool,
}

/// Timers of one processor that go off at one tick.
#[derive(Clone, Debug)]
struct Tick {
    /// When they do: at the tick, or somewhat later.
    at: Time,
    /// Whose they are, with the request.
    due: Vec<(u32, u32)>,
}

/// A connection that is not in the queue yet.
#[derive(Clone, Copy, Debug)]
struct Dial {
    /// The request that makes it.
    request: u32,
    started: Time,
    /// The processor whose timers are those of this connection.
    core: u32,
    /// SYNs sent.
    syns: u32,
    /// Since when the client believes to be connected, and how often its ACK or data were lost.
    connected: Option<(Time, u32)>,
}

impl Dialling {
    pub(crate) fn new(spec: &Listener, stream: Stream) -> Dialling {
        Dialling {
            queue: AcceptQueue::new(spec),
            dials: BTreeMap::new(),
            ticks: BTreeMap::new(),
            stream,
            accepting: false,
        }
    }
}

impl System<'_> {
    /// The program will begin to accept.
    pub(crate) fn plan_accepting(&mut self, kernel: &mut Kernel) {
        if let Some(spec) = &self.model.listener
            && spec.accepts_from > Span::ZERO
        {
            let at = Time::ZERO + spec.accepts_from;
            kernel.queue.at(at, Event::of(Kind::Accepting, 0));
        }
    }

    /// A request needs a connection.
    pub(crate) fn dial(&mut self, kernel: &mut Kernel, now: Time, request: u32) {
        let entry = &mut self.requests[request];
        (entry.state, entry.since) = (RequestState::Dialling, now);
        let vu = entry.client;
        let cores = self.model.listener.as_ref().map_or(1, |l| l.timer_cores);
        if let Some(dialling) = &mut self.dialling {
            let core = match cores {
                1 => 0,
                more => dialling.stream.below(u64::from(more)) as u32,
            };
            let dial = Dial {
                request,
                started: now,
                core,
                syns: 0,
                connected: None,
            };
            dialling.dials.insert(vu, dial);
            dialling.queue.probe.dialled += 1;
            dialling.queue.probe.dialling.add(now);
        }
        self.syn(kernel, now, vu);
    }

    /// The client's kernel sends a SYN. A full queue loses it.
    fn syn(&mut self, kernel: &mut Kernel, now: Time, vu: u32) {
        let (Some(dialling), Some(spec), Some(network)) = (
            &mut self.dialling,
            &self.model.listener,
            &self.model.network,
        ) else {
            return;
        };
        let Some(dial) = dialling.dials.get_mut(&vu) else {
            return;
        };
        let request = dial.request;
        dial.syns += 1;
        if dialling.queue.has_room() {
            let takes = network
                .connecting
                .map(|id| kernel.samplers[id.index()].span());
            return match takes.filter(|takes| *takes > Span::ZERO) {
                None => self.ack(kernel, now, vu, request),
                Some(takes) => {
                    let event = Event::stale_after(Kind::Ack, vu, request);
                    kernel.queue.at(now + takes, event);
                }
            };
        }
        dialling.queue.probe.lost_syns += 1;
        let next = timer(now, syn_pause(spec, dial.syns - 1), spec.timer_hz);
        let last = dial.started + spec.dial_timeout;
        if next >= last {
            let event = Event::stale_after(Kind::DialOver, vu, request);
            return kernel.queue.at_turn(last, Turn::Late, event);
        }
        let core = dial.core;
        let tick = dialling.ticks.entry((core, next)).or_insert_with(|| {
            let skew = spec.timer_skew.filter(|_| core > 0);
            let skew = skew.map_or(Span::ZERO, |id| kernel.samplers[id.index()].span());
            let (at, due) = (next + skew, Vec::new());
            kernel.queue.at(at, Event::of(Kind::SynTick, core as usize));
            Tick { at, due }
        });
        tick.due.push((vu, request));
    }

    /// Timers go off. Of those of one tick, the kernel keeps the one set last in front.
    pub(crate) fn syn_tick(&mut self, kernel: &mut Kernel, now: Time, core: u32) {
        let Some(dialling) = &mut self.dialling else {
            return;
        };
        let mut of_core = dialling.ticks.range((core, Time::ZERO)..=(core, now));
        let Some((&at, _)) = of_core.find(|(_, tick)| tick.at == now) else {
            return;
        };
        let due = dialling.ticks.remove(&at).map(|tick| tick.due);
        for (vu, request) in due.into_iter().flatten().rev() {
            if self.dials_for(vu, request) {
                self.syn(kernel, now, vu);
            }
        }
    }

    /// Whether a VU still tries to get a connection for this request.
    fn dials_for(&self, vu: u32, request: u32) -> bool {
        let dial = self.dialling.as_ref().and_then(|d| d.dials.get(&vu));
        dial.is_some_and(|dial| dial.request == request)
    }

    /// The last ACK of a handshake, or data that stand for it, reach the listener. A full queue loses them; the client
    /// believes to be connected.
    pub(crate) fn ack(&mut self, kernel: &mut Kernel, now: Time, vu: u32, request: u32) {
        if !self.dials_for(vu, request) {
            return;
        }
        let (Some(dialling), Some(spec)) = (&mut self.dialling, &self.model.listener) else {
            return;
        };
        let Some(dial) = dialling.dials.get_mut(&vu) else {
            return;
        };
        let (connected, lost) = dial.connected.unwrap_or((now, 0));
        if !dialling.queue.has_room() {
            dialling.queue.probe.lost_acks += 1;
            dial.connected = Some((connected, lost + 1));
            let again = timer(now, ack_pause(spec, lost), spec.timer_hz);
            let event = Event::stale_after(Kind::Ack, vu, request);
            return kernel.queue.at(again, event);
        }
        let (started, late) = (dial.started, dial.syns > 1);
        dialling.dials.remove(&vu);
        dialling.queue.probe.late += u64::from(late);
        dialling.queue.probe.dialling.subtract(now);
        let pending = Pending {
            vu,
            request: (request, self.requests[request].generation),
            connected,
        };
        dialling.queue.push(now, pending);
        self.requests[request].state = RequestState::Travelling;
        let connecting = connected.since(started).0;
        let timings = Timings {
            connecting,
            blocked: connecting,
            ..Timings::default()
        };
        self.connected(vu, timings);
        self.accept(kernel, now);
    }

    /// The program accepts what it can.
    pub(crate) fn accept(&mut self, kernel: &mut Kernel, now: Time) {
        let (Some(spec), Some(network)) = (&self.model.listener, &self.model.network) else {
            return;
        };
        if now < Time::ZERO + spec.accepts_from {
            return;
        }
        if let Some(takes) = spec.accept_time {
            if let Some(dialling) = &mut self.dialling
                && !dialling.accepting
                && dialling.queue.can_accept()
            {
                dialling.accepting = true;
                let at = now + kernel.samplers[takes.index()].span();
                kernel.queue.at(at, Event::of(Kind::Accepted, 0));
            }
            return;
        }
        while let Some(next) = self.dialling.as_mut().and_then(|d| d.queue.accept(now)) {
            self.accepted(kernel, now, network, next);
        }
    }

    /// The program has accepted the first connection of the queue, and goes on with the next.
    pub(crate) fn accepted_one(&mut self, kernel: &mut Kernel, now: Time) {
        if let (Some(dialling), Some(network)) = (&mut self.dialling, &self.model.network) {
            dialling.accepting = false;
            if let Some(next) = dialling.queue.accept(now) {
                self.accepted(kernel, now, network, next);
            }
        }
        self.accept(kernel, now);
    }

    /// A VU's connection is accepted: its request goes on, after the handshake of TLS if there is one.
    fn accepted(&mut self, kernel: &mut Kernel, now: Time, network: &Network, next: Pending) {
        let (request, generation) = next.request;
        let live = self.requests.is_live(request, generation);
        if !live || self.requests[request].client != next.vu {
            // Its client has gone: the program finds that out when it reads.
            if let Some(dialling) = &mut self.dialling {
                dialling.queue.probe.orphans += 1;
                dialling.queue.close(now);
            }
            if live {
                self.sets_out(kernel, now, request, Span::ZERO);
            }
            return;
        }
        let tls = kernel.draw(network.tls);
        let endpoint = self.model.sites[self.requests[next.request.0].site.index()].endpoint;
        let bytes = network.sizes_of(endpoint).request;
        let sending = super::network::transfer(bytes, network.upload);
        let way = kernel.draw(network.latency);
        let waited = match network.tls {
            Some(_) => now.since(next.connected) + tls,
            None => Span::ZERO,
        };
        self.has_place(next.vu, waited, sending, bytes);
        self.sets_out(kernel, now, next.request.0, tls + sending + way);
    }

    /// A request reaches the system after this time.
    fn sets_out(&mut self, kernel: &mut Kernel, now: Time, request: u32, after: Span) {
        let ticket = self.requests[request].ticket;
        let event = Event::stale_after(Kind::Arrival, request, ticket);
        kernel.queue.at(now + after, event);
    }

    /// A client gives up a connection that has not come about: k6's dial timeout.
    pub(crate) fn dial_over(&mut self, kernel: &mut Kernel, now: Time, vu: u32, request: u32) {
        if !self.dials_for(vu, request) {
            return;
        }
        if let Some(dialling) = &mut self.dialling {
            dialling.queue.probe.gave_up += 1;
        }
        self.hang_up(now, vu);
        self.fail(kernel, now, request, ResponseCode::DIAL_TIMEOUT);
    }

    /// Nobody wants a connection any more that has not come about.
    fn hang_up(&mut self, now: Time, vu: u32) {
        if let Some(dialling) = &mut self.dialling
            && dialling.dials.remove(&vu).is_some()
        {
            dialling.queue.probe.dialling.subtract(now);
        }
    }

    /// Connections asked for came into the queue, were given up, or are under way; those that came in wait, are open
    /// or closed.
    pub(crate) fn audit_connections(&self, audit: &mut Audit) {
        let Some(dialling) = &self.dialling else {
            return;
        };
        let p = &dialling.queue.probe;
        let (waiting, open) = dialling.queue.count();
        let ended = p.connected + p.gave_up + p.hung_up + dialling.dials.len() as u64;
        let law = |audit: &mut Audit, left: (&str, u64), right: (&str, u64)| {
            let (left, right) = ((left.0, left.1.into()), (right.0, right.1.into()));
            audit.equal(Law::Connections, "the listener", left, right);
        };
        let came = ("connected, given up or under way", ended);
        law(audit, ("dialled", p.dialled), came);
        let gone = ("waiting, open or closed", waiting + open + p.closed);
        law(audit, ("connected", p.connected), gone);
        law(audit, ("open", open), ("level", p.open.value()));
        law(audit, ("waiting", waiting), ("level", p.queue.value()));
    }

    /// The client of a request that has no connection yet has gone: the request never reaches the system.
    pub(crate) fn dialler_gone(&mut self, kernel: &mut Kernel, now: Time, request: u32) {
        let dials = self.dialling.iter().flat_map(|d| d.dials.iter());
        let own = dials.filter(|(_, dial)| dial.request == request);
        if let Some(vu) = own.map(|(vu, _)| *vu).next() {
            self.hang_up(now, vu);
            if let Some(dialling) = &mut self.dialling {
                dialling.queue.probe.hung_up += 1;
            }
        }
        self.finish(kernel, now, request);
    }

    /// A VU's connection is closed if it is not in use any more: another one may be accepted.
    pub(crate) fn close_place(&mut self, kernel: &mut Kernel, now: Time, vu: u32) {
        if self.dialling.is_some() && self.gives_up_place(vu) {
            if let Some(dialling) = &mut self.dialling {
                dialling.queue.close(now);
            }
            self.accept(kernel, now);
        }
    }
}
