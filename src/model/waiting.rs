//! Who of those who wait is next, as meant.

use crate::engine::{Span, Time};
use crate::system::EndpointId;

/// The order in which a queue is served. It is a property of each queue: of pools, locks and stations alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitOrder {
    /// Who came first is handed what is given back.
    #[default]
    InOrder,
    /// Who came last is handed it.
    LastInFirstOut,
    /// One of those who wait, each as likely as the others.
    Random,
    /// A row of which each write makes a new version: those who waited for the old version race for the new one.
    ByVersion,
    /// Nobody is handed anything: the first in line is woken, and who asks before it has woken up is served first.
    Barging,
}

impl WaitOrder {
    /// The orders by their names in a model.
    pub const NAMES: [(&'static str, WaitOrder); 5] = [
        ("in-order", WaitOrder::InOrder),
        ("last-in-first-out", WaitOrder::LastInFirstOut),
        ("random", WaitOrder::Random),
        ("by-version", WaitOrder::ByVersion),
        ("barging", WaitOrder::Barging),
    ];

    /// Its name in a model.
    #[must_use]
    pub fn name(self) -> &'static str {
        let named = WaitOrder::NAMES.iter().find(|(_, order)| *order == self);
        named.map_or("", |(name, _)| name)
    }
}

/// How those who wait are served.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Waiting {
    /// Who is next.
    pub order: WaitOrder,
    /// How long the one who is woken needs: under barging until it asks again, in another order of a lock until it goes on,
    /// and what it was handed waits for it.
    pub wake: Span,
    /// Of a pool, under barging: what the one who is woken has to do beside until it asks again.
    pub wake_work: Option<EndpointId>,
    /// Share of what is given back that does not go by the order: under barging it is handed to the first in line
    /// (`hand_off`), under last in, first out to one of all who wait (`at_random`).
    pub stray: f64,
    /// Of a pool, under barging: the share of those who come to the front of the line to whom nothing is handed over.
    pub passed_over: f64,
    /// Of a pool: that share comes at even intervals, not by chance.
    pub evenly: bool,
    /// Of a pool, under barging: the share of those woken in vain that goes to the back of the line.
    pub to_the_back: f64,
    /// Of a pool, under barging: how many of its tokens are closed when they come back while as many as there are others
    /// lie idle, and are opened again by who comes.
    pub overflow: u32,
    /// Of a pool: it looks at how long requests have waited every so long alone.
    pub timer: Option<Span>,
    /// Of a pool: more tokens, and how long somebody has to wait until they come.
    pub reserve: Option<(u32, Span)>,
}

impl Waiting {
    /// How long from now on somebody waits who has to wait for this time: until the timer looks.
    #[must_use]
    pub fn by_timer(&self, now: Time, wait: Span) -> Span {
        let Some(timer) = self.timer else {
            return wait;
        };
        let looks = (now + wait).0.div_ceil(timer.0);
        Span(looks.saturating_mul(timer.0).saturating_sub(now.0))
    }
}

/// What holds for the locks of all entities of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lock {
    /// How those who wait for one entity are served.
    pub waiting: Waiting,
    /// Longest wait, where a visit gives none of its own.
    pub timeout: Option<Span>,
}
