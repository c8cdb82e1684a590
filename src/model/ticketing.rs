//! What sells out, as meant: the inventory of seats, how often each is wanted, and the waiting room in front.

use super::system::DistId;
use crate::engine::Span;

/// Events × seats.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    /// Number of events.
    pub events: u32,
    /// Seats of each.
    pub seats_per_event: u32,
    /// Which events users want.
    pub popularity: Popularity,
    /// Which seats of an event users want, of those that are free.
    pub seat_popularity: Popularity,
    /// A held seat is free again after it.
    pub hold_expires_after: Option<DistId>,
    /// How often expired holds are collected; `None`: each at once.
    pub sweep_every: Option<Span>,
    /// Seats one user may hold or have bought.
    pub per_user_limit: Option<u32>,
    /// How old what a list shows is; `None`: it is of now.
    pub list: Option<ListAge>,
}

/// How old the list of free seats is that a user sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListAge {
    /// It is made anew every so often, for all events at once, and shown until then.
    Refresh(Span),
    /// Each time it is so much behind.
    Lag(DistId),
}

/// How often each of n entities is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Popularity {
    /// All alike.
    Uniform,
    /// The k-th in proportion to 1 / k^exponent.
    Zipf(f64),
    /// By explicit weights, one for each.
    Weights(Vec<f64>),
    /// The first one with this probability, the others alike.
    Hot(f64),
}

impl Popularity {
    /// Weights of `n` entities; `None` if all are alike.
    #[must_use]
    pub fn weights(&self, n: u32) -> Option<Vec<f64>> {
        match self {
            Popularity::Uniform => None,
            Popularity::Zipf(exponent) => Some(
                (1..=n)
                    .map(|k| libm::exp(-exponent * libm::log(f64::from(k))))
                    .collect(),
            ),
            Popularity::Weights(weights) => Some(weights.clone()),
            Popularity::Hot(_) if n == 1 => Some(vec![1.0]),
            Popularity::Hot(p) => {
                let others = (1.0 - p) / (f64::from(n) - 1.0);
                Some((0..n).map(|i| if i == 0 { *p } else { others }).collect())
            }
        }
    }
}

/// Users with a token in line.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingRoom {
    /// Who is admitted next.
    pub order: AdmissionOrder,
    /// At most this number per second, evenly spaced.
    pub rate: Option<f64>,
    /// A batch of this size, at this interval.
    pub batch: Option<(u32, Span)>,
    /// Batches raise the number that is served: who has a turn up to it comes in, whenever that is.
    pub numbered: bool,
    /// Users are let through when they ask; those who joined in the same so long stand at the same place.
    pub bucket: Option<Span>,
    /// With buckets: at most this number in each whole minute.
    pub per_minute: Option<u32>,
    /// With buckets: where users are let through, if not at one place.
    pub locations: Option<Locations>,
    /// At most this number of admitted users at once.
    pub active_cap: Option<u32>,
    /// How long an admission lasts.
    pub session: Option<DistId>,
    /// Who has not asked for the queue's status for so long has left the line.
    pub poll_expiry: Option<Span>,
    /// Admission begins this long after the start of the run.
    pub opens_at: Span,
}

impl Default for WaitingRoom {
    /// First come, first served, and nobody is admitted.
    fn default() -> WaitingRoom {
        WaitingRoom {
            order: AdmissionOrder::Fifo,
            rate: None,
            batch: None,
            numbered: false,
            bucket: None,
            per_minute: None,
            locations: None,
            active_cap: None,
            session: None,
            poll_expiry: None,
            opens_at: Span::ZERO,
        }
    }
}

/// Locations that let users through and hear late of a crowd.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Locations {
    /// How many; users are equally likely to come to each.
    pub count: u16,
    /// The share of the limits that any may use; the rest is divided among them.
    pub common: f64,
    /// How long it takes until all know of a crowd; then the limits are divided as a whole.
    pub propagation: Span,
}

/// Who is admitted next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionOrder {
    /// In the order of joining.
    Fifo,
    /// Those present at the opening in random order, later ones behind them.
    RandomAtOpening,
    /// Nobody waits: who cannot be let through at once is turned away.
    Reject,
    /// Everybody is let through at once: the room is switched off.
    PassThrough,
}
