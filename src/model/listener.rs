//! A listening socket in front of the system, as meant.

use crate::engine::Span;
use crate::system::DistId;

/// The queue of connections that a program has not accepted yet, and what a client does that finds it full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Name: the key in the model.
    pub name: String,
    /// As in `listen(backlog)`: the queue keeps one connection more.
    pub backlog: u32,
    /// Connections that the program has accepted and not closed, at most; `u32::MAX` for no limit.
    pub connections: u32,
    /// A VU keeps its connection from request to request.
    pub persistent: bool,
    /// The program accepts from this time of the run on.
    pub accepts_from: Span,
    /// The client's kernel sends a lost SYN again after this time…
    pub syn_retry: Span,
    /// …so often, then after twice the time before, again and again.
    pub syn_linear: u32,
    /// The client gives up a connection that has not come about by then.
    pub dial_timeout: Span,
    /// After this time the client sends its data again where its last ACK was lost, after it again, and then after twice the time
    /// before.
    pub ack_retry: Span,
    /// Ticks of the client's kernel in a second: its timers go off at some of them.
    pub timer_hz: u32,
    /// How long the program needs for each connection until it has accepted it; `None` for no time.
    pub accept_time: Option<DistId>,
    /// How many processors the clients run on: each has timers of its own, and each connection is made on one of them.
    pub timer_cores: u32,
    /// How much later than the tick the timers of each processor but one go off, drawn for each tick.
    pub timer_skew: Option<DistId>,
}

impl Listener {
    /// One that keeps a single connection, with clients of Linux since 6.5 at HZ=250, and Go's dialer as k6 sets it up.
    #[must_use]
    pub fn new(name: &str) -> Listener {
        Listener {
            name: name.to_string(),
            backlog: 0,
            connections: u32::MAX,
            persistent: true,
            accepts_from: Span::ZERO,
            syn_retry: Span::secs(1),
            syn_linear: 4,
            dial_timeout: Span::secs(30),
            ack_retry: Span(204_000_000),
            timer_hz: 250,
            accept_time: None,
            timer_cores: 1,
            timer_skew: None,
        }
    }
}
