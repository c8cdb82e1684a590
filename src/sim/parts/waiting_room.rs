//! The waiting room: users with a token in line, admitted by rate, in batches, or while fewer than a cap are active; in
//! turn, or when they poll.

mod buckets;
mod estimate;
mod presence;
mod probe;
mod sessions;

use buckets::Buckets;
pub use probe::RoomProbe;

use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::model::system::{self, AdmissionOrder};
use crate::stats::reserve;

/// Numbers a token, in the order of issue.
pub type Token = u32;

/// Nothing was told.
const UNTOLD: (Time, Span) = (Time::NEVER, Span::ZERO);

/// When a session ends, and when the world looks next whether it has.
#[derive(Clone, Copy, Debug)]
struct Session {
    ends: Time,
    look: Time,
}

/// A session that nothing ends.
const ENDLESS: Session = Session {
    ends: Time::NEVER,
    look: Time::NEVER,
};

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In line.
    Waiting,
    /// Let through.
    Admitted,
    /// Its session is over.
    Expired,
}

/// The turns that were drawn by lot at the opening. All other tokens have the turn of their own number.
#[derive(Clone, Debug, Default)]
struct Lot {
    /// The first of the turns drawn, and the first of the tokens that drew.
    from: u32,
    /// Whose turn it is, by turn.
    tokens: Vec<Token>,
    /// Which turn it is, by token.
    turns: Vec<u32>,
}

/// Users in line and users let through.
#[derive(Clone, Debug)]
pub struct WaitingRoom {
    order: AdmissionOrder,
    opens_at: Time,
    gap: Option<Span>,
    batch: Option<(u32, Span)>,
    /// Batches raise the number that is served.
    numbered: bool,
    /// Users are let through when they ask.
    buckets: Option<Box<Buckets>>,
    active_cap: u32,
    poll_expiry: Option<Span>,
    /// Where each token stands.
    standing: Vec<Standing>,
    /// When each token joined.
    joined: Vec<Time>,
    /// When each token last asked for its status, if it matters; none for the tokens after the last
    /// that asked, 0 for who never did, and never for those for whom somebody listens.
    seen: Vec<Time>,
    /// When each token was first told how long it will wait, and what, as far as tokens have asked:
    /// [`UNTOLD`] for those between who have not.
    told: Vec<(Time, Span)>,
    /// Sessions by token, as far as there are any; [`ENDLESS`] for those between that have none.
    sessions: Vec<Session>,
    active: u32,
    /// Turns that are over. The line is all turns from here to that of the last token.
    head: u32,
    lot: Lot,
    /// The earliest time at which the rate allows another admission.
    next_by_rate: Time,
    /// The batch of this instant, and how many of it may still come.
    batch_at: Time,
    batch_left: u32,
    stream: Stream,
    opened: bool,
    /// What it measured.
    pub probe: RoomProbe,
}

impl WaitingRoom {
    /// An empty room. `stream` is for the random order.
    #[must_use]
    pub fn new(spec: &system::WaitingRoom, stream: Stream) -> WaitingRoom {
        let opens_at = Time::ZERO + spec.opens_at;
        WaitingRoom {
            order: spec.order,
            opens_at,
            gap: spec.rate.map(|rate| Span::from_ns(1e9 / rate)),
            // Nothing is divided by zero, whoever made the spec.
            batch: spec
                .batch
                .map(|(size, every)| (size.max(1), every.max(Span(1)))),
            numbered: spec.numbered,
            buckets: None,
            active_cap: spec.active_cap.unwrap_or(u32::MAX),
            poll_expiry: spec.poll_expiry,
            standing: Vec::new(),
            joined: Vec::new(),
            seen: Vec::new(),
            told: Vec::new(),
            sessions: Vec::new(),
            active: 0,
            head: 0,
            lot: Lot::default(),
            next_by_rate: opens_at,
            batch_at: Time::ZERO,
            batch_left: 0,
            stream,
            opened: false,
            probe: RoomProbe::default(),
        }
    }

    /// The room, with its users let through when they ask, if the spec says so. `stream` is for their locations.
    #[must_use]
    pub fn by_asking(mut self, spec: &system::WaitingRoom, stream: Stream) -> WaitingRoom {
        self.buckets = Buckets::new(spec, stream).map(Box::new);
        self
    }

    /// Who is let through, and in which order.
    #[inline]
    #[must_use]
    pub fn order(&self) -> AdmissionOrder {
        self.order
    }

    /// A user joins the line and gets a token.
    #[inline(always)]
    pub fn join(&mut self, now: Time) -> Token {
        let token = self.issued();
        reserve::push(&mut self.standing, Standing::Waiting);
        reserve::push(&mut self.joined, now);
        if let Some(buckets) = &mut self.buckets {
            buckets.joins();
        }
        self.probe.joined += 1;
        self.probe.waiting.add(now);
        token
    }

    /// Where a token stands.
    #[inline]
    #[must_use]
    pub fn standing(&self, token: Token) -> Standing {
        let standing = self.standing.get(token as usize);
        standing.copied().unwrap_or(Standing::Expired)
    }

    /// How many turns stand before a token's in all.
    fn turn(&self, token: Token) -> u32 {
        let drawn = token.checked_sub(self.lot.from);
        let turn = drawn.and_then(|at| self.lot.turns.get(at as usize));
        turn.copied().unwrap_or(token)
    }

    /// Whose turn is next.
    fn first(&self) -> Option<Token> {
        let drawn = self.head.checked_sub(self.lot.from);
        let token = drawn.and_then(|at| self.lot.tokens.get(at as usize));
        (!self.is_line_empty()).then(|| token.copied().unwrap_or(self.head))
    }

    fn is_line_empty(&self) -> bool {
        self.head == self.issued()
    }

    /// Lets through the next user if all rules allow it now.
    pub fn admit(&mut self, now: Time) -> Option<Token> {
        if now >= self.opens_at {
            self.open();
        }
        self.drop_absent(now);
        let token = self.first()?;
        if self.buckets.is_some()
            || now < self.opens_at
            || self.active >= self.active_cap
            || now < self.next_by_rate
        {
            return None;
        }
        if self.numbered {
            if self.head >= self.served(now) {
                return None;
            }
        } else if self.batch.is_some() {
            let (batch, left) = self.places(now)?;
            if self.joined[token as usize] > batch {
                return None;
            }
            self.batch_at = batch;
            self.batch_left = left.checked_sub(1)?;
        }
        self.head += 1;
        if let Some(gap) = self.gap {
            // An idle stretch is not saved up: the next gap starts now at the earliest.
            self.next_by_rate = now + gap;
        }
        self.let_through(now, token);
        Some(token)
    }

    /// The batch that may come in at a time, and how many of it. With a rate, those of a batch follow one
    /// another until the next batch; else all come at its instant. Places left over are lost.
    fn places(&self, at: Time) -> Option<(Time, u32)> {
        let (size, every) = self.batch?;
        let periods = at.since(self.opens_at).0 / every.0;
        let batch = self.opens_at + times(every, periods);
        if periods == 0 || (batch != at && self.gap.is_none()) {
            return None;
        }
        let left = if batch == self.batch_at {
            self.batch_left
        } else {
            size
        };
        Some((batch, left))
    }

    /// The room has opened: those who were there may be drawn by lot.
    #[inline]
    fn open(&mut self) {
        if !std::mem::replace(&mut self.opened, true)
            && self.order == AdmissionOrder::RandomAtOpening
        {
            self.draw();
        }
    }

    /// All who were in line at the opening draw their turns by lot: until now each token's turn has been its
    /// own number.
    #[cold]
    #[inline(never)]
    fn draw(&mut self) {
        let from = self.head;
        let there = self
            .joined
            .partition_point(|joined| *joined <= self.opens_at);
        let mut tokens: Vec<Token> = (from..there as u32).collect();
        self.stream.shuffle(&mut tokens);
        let mut turns = vec![0; tokens.len()];
        for (turn, token) in (from..).zip(&tokens) {
            turns[(token - from) as usize] = turn;
        }
        self.lot = Lot {
            from,
            tokens,
            turns,
        };
    }

    /// Those at the head of the line who have left it or stopped asking lose their turn.
    fn drop_absent(&mut self, now: Time) {
        while let Some(token) = self.first() {
            if self.standing(token) == Standing::Waiting {
                if !self.has_expired(now, token) {
                    return;
                }
                self.leave(now, token);
            }
            self.head += 1;
        }
    }

    fn let_through(&mut self, now: Time, token: Token) {
        self.standing[token as usize] = Standing::Admitted;
        let waited = now.since(self.joined[token as usize]);
        if let Some((at, told)) = self.told(token) {
            let error = i128::from(now.since(at).0) - i128::from(told.0);
            self.probe.told += 1;
            self.probe.error += error;
            self.probe.absolute_error += error.unsigned_abs();
        }
        self.active += 1;
        self.probe.admitted += 1;
        self.probe.waited += u128::from(waited.0);
        self.probe.longest = self.probe.longest.max(waited);
        self.probe.waiting.subtract(now);
        self.probe.active.add(now);
    }

    /// Lets through everybody in line at once, whatever the rules.
    pub fn pass(&mut self, now: Time) -> Option<Token> {
        let token = self.first()?;
        self.head += 1;
        self.let_through(now, token);
        Some(token)
    }

    /// When the rules may next let somebody through, if nobody leaves before; `None` if nobody waits
    /// or the cap is reached.
    #[must_use]
    #[inline]
    pub fn next_admission(&self, now: Time) -> Option<Time> {
        if self.is_line_empty() || self.active >= self.active_cap || self.buckets.is_some() {
            return None;
        }
        let at = now.max(self.opens_at).max(self.next_by_rate);
        match self.batch {
            None => Some(at),
            Some(_) if self.numbered && self.head < self.served(at) => Some(at),
            Some((_, every)) if self.numbered => Some(self.batch_instant(at + Span(1), every)),
            Some((_, every)) => self.next_by_batch(at, every),
        }
    }

    /// When the rules let the first in line through, from this instant on, if batches are let through.
    fn next_by_batch(&self, at: Time, every: Span) -> Option<Time> {
        let Some(first) = self.first() else {
            return Some(at);
        };
        let there = |batch| self.joined[first as usize] <= batch;
        match self.places(at) {
            Some((batch, left)) if left > 0 && there(batch) => Some(at),
            _ => Some(self.batch_instant(at + Span(1), every)),
        }
    }

    /// The first instant of a batch at or after `now`: whole periods after the opening.
    fn batch_instant(&self, now: Time, every: Span) -> Time {
        let periods = now.since(self.opens_at).0.div_ceil(every.0).max(1);
        self.opens_at + times(every, periods)
    }

    /// Tokens issued so far.
    #[must_use]
    pub fn issued(&self) -> u32 {
        self.standing.len() as u32
    }
}

fn times(span: Span, n: u64) -> Span {
    Span(span.0.saturating_mul(n))
}

/// Notes something of a token in a list that goes no further than the last token it was needed for.
fn put<T: Clone>(list: &mut Vec<T>, token: Token, nothing: T, value: T) {
    let place = token as usize;
    if list.len() <= place {
        list.resize(place + 1, nothing);
    }
    list[place] = value;
}

#[cfg(test)]
mod tests;
