//! The queue of connections that a listening program has not accepted yet, and the timers of the kernels that try to
//! get into it.

use std::collections::VecDeque;

use crate::engine::{Span, Time};
use crate::measure::time_weighted::TimeWeighted;
use crate::model::listener::Listener;

/// A connection that is complete on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The VU whose it is.
    pub vu: u32,
    /// The request that made it, and its generation.
    pub request: (u32, u32),
    /// Since when the client believes to be connected.
    pub connected: Time,
}

/// The accept queue, and the connections that the program has accepted.
#[derive(Clone, Debug)]
pub struct AcceptQueue {
    /// Places in the queue: one more than the backlog.
    places: usize,
    connections: u32,
    accepted: u32,
    queue: VecDeque<Pending>,
    /// What it measured.
    pub probe: AcceptProbe,
}

/// What an accept queue measures.
#[derive(Clone, Debug, Default)]
pub struct AcceptProbe {
    /// Connections that wait to be accepted.
    pub queue: TimeWeighted,
    /// Connections accepted and not closed.
    pub open: TimeWeighted,
    /// Clients whose kernel tries to get a connection.
    pub dialling: TimeWeighted,
    /// Connections asked for.
    pub dialled: u64,
    /// Connections that came into the queue.
    pub connected: u64,
    /// Those of them that needed more than one SYN.
    pub late: u64,
    /// SYNs that found the queue full.
    pub lost_syns: u64,
    /// Last ACKs, and data that stood for them, that found the queue full.
    pub lost_acks: u64,
    /// Clients that gave up after their dial timeout.
    pub gave_up: u64,
    /// Clients that went away before: their request timed out, or their VU was stopped.
    pub hung_up: u64,
    /// Connections that the program closed.
    pub closed: u64,
    /// Connections that came into the queue although their client had gone when they were accepted.
    pub orphans: u64,
}

impl AcceptQueue {
    /// Nobody is connected.
    #[must_use]
    pub fn new(spec: &Listener) -> AcceptQueue {
        AcceptQueue {
            places: spec.backlog as usize + 1,
            connections: spec.connections,
            accepted: 0,
            queue: VecDeque::new(),
            probe: AcceptProbe::default(),
        }
    }

    /// Whether another connection has room in the queue.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queue.len() < self.places
    }

    /// A connection is complete.
    pub fn push(&mut self, now: Time, pending: Pending) {
        debug_assert!(self.has_room(), "the queue is full");
        self.queue.push_back(pending);
        self.probe.queue.add(now);
        self.probe.connected += 1;
    }

    /// The program accepts the next connection, if it can have one more.
    pub fn accept(&mut self, now: Time) -> Option<Pending> {
        if !self.can_accept() {
            return None;
        }
        let next = self.queue.pop_front()?;
        self.accepted += 1;
        self.probe.queue.subtract(now);
        self.probe.open.add(now);
        Some(next)
    }

    /// The program closes a connection.
    pub fn close(&mut self, now: Time) {
        self.accepted -= 1;
        self.probe.closed += 1;
        self.probe.open.subtract(now);
    }

    /// Whether the program would accept a connection now.
    #[must_use]
    pub fn can_accept(&self) -> bool {
        self.accepted < self.connections && !self.queue.is_empty()
    }

    /// Connections that wait, and that are accepted.
    #[must_use]
    pub fn count(&self) -> (u64, u64) {
        (self.queue.len() as u64, u64::from(self.accepted))
    }
}

/// How long the kernel waits after the SYN number `attempt`, counted from 0.
#[must_use]
pub fn syn_pause(spec: &Listener, attempt: u32) -> Span {
    let doublings = attempt.saturating_sub(spec.syn_linear).min(20);
    Span(spec.syn_retry.0 << doublings)
}

/// How long the client waits before it sends its data for the time number `attempt` after the first. The first time is a probe
/// for a lost tail (RFC 8985, section 7), which leaves the retransmission timeout as it is; from then on that doubles.
#[must_use]
pub fn ack_pause(spec: &Listener, attempt: u32) -> Span {
    Span(spec.ack_retry.0 << attempt.saturating_sub(1).min(20))
}

/// When a timer of Linux goes off that is set to `pause` from now: its wheel has 64 places on each level, each level is
/// eight times as coarse as the one before, and a timer goes off with the next step of its level (kernel/time/timer.c,
/// `calc_index`, since 5.8). Of 1 s at HZ=250 it makes up to 32 ms more.
#[must_use]
pub fn timer(now: Time, pause: Span, hz: u32) -> Time {
    let tick = 1_000_000_000 / u64::from(hz);
    let jiffies = pause.0.div_ceil(tick);
    let expires = now.0 / tick + jiffies;
    let mut shift = 0;
    while jiffies >= 63 << shift && shift < 24 {
        shift += 3;
    }
    Time((((expires >> shift) + 1) << shift) * tick)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> Listener {
        Listener {
            backlog: 1,
            connections: 1,
            ..Listener::new("web")
        }
    }

    /// The times of all SYNs in milliseconds, without the grain of timers.
    fn schedule(spec: &Listener, n: u32) -> Vec<u64> {
        let mut at = 0;
        let next = |attempt| {
            at += syn_pause(spec, attempt).0 / 1_000_000;
            at
        };
        (0..n).map(next).collect()
    }

    #[test]
    fn syns_are_sent_as_kernels_send_them() {
        // ip-sysctl: with tcp_syn_linear_timeouts 4 and tcp_syn_retries 6 the last SYN goes out at 67 s.
        let today = schedule(&listener(), 10);
        assert_eq!(
            today,
            [
                1000, 2000, 3000, 4000, 5000, 7000, 11000, 19000, 35000, 67000
            ]
        );
        let before = Listener {
            syn_linear: 0,
            ..listener()
        };
        assert_eq!(
            schedule(&before, 6),
            [1000, 3000, 7000, 15000, 31000, 63000]
        );
    }

    #[test]
    fn timers_go_off_at_the_ticks_of_their_level() {
        let ms = |now: u64, pause: u64| {
            timer(Time(now * 1_000_000), Span(pause * 1_000_000), 250).0 / 1_000_000
        };
        // 51 ticks stand on the finest level: the probe for a lost tail waits for 200 ms and a tick, and was measured after 204 to
        // 208 ms.
        assert_eq!([ms(3072, 204), ms(3070, 204)], [3280, 3276]);
        // 250 ticks stand on the next one, of 32 ms: 1.024, 2.048, 3.072, 4.096, 5.12 s, as measured.
        assert_eq!(
            [ms(0, 1000), ms(1024, 1000), ms(2048, 1000)],
            [1024, 2048, 3072]
        );
        assert_eq!([ms(3072, 1000), ms(4096, 1000)], [4096, 5120]);
        // Two that were set within one grain go off together.
        assert_eq!(ms(1, 1000), ms(20, 1000));
    }

    #[test]
    fn the_queue_keeps_one_more_than_its_backlog() {
        let mut queue = AcceptQueue::new(&listener());
        let pending = |vu| Pending {
            vu,
            request: (vu, 0),
            connected: Time(0),
        };
        queue.push(Time(0), pending(1));
        assert!(queue.has_room());
        queue.push(Time(0), pending(2));
        assert!(!queue.has_room());
        assert_eq!(queue.accept(Time(1)).map(|p| p.vu), Some(1));
        assert_eq!(queue.accept(Time(1)), None, "one connection is open");
        queue.close(Time(2));
        assert_eq!(queue.accept(Time(2)).map(|p| p.vu), Some(2));
        assert_eq!((queue.count(), queue.probe.open.max()), ((0, 1), 1));
    }
}
