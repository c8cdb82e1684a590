//! The waiting room: users with a token in line, let through by rate, in batches, or while fewer than
//! a cap are active.

use std::collections::VecDeque;

use crate::engine::stream::Stream;
use crate::engine::{Span, Time};
use crate::measure::level::Level;
use crate::model::system::{self, AdmissionOrder};

/// Numbers a token, in the order of issue.
pub type Token = u32;

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

/// What is known of a token.
#[derive(Clone, Copy, Debug)]
struct Entry {
    standing: Standing,
    /// When it joined.
    joined: Time,
    /// When it joined or last asked for its status.
    seen: Time,
    /// Its turn: how many turns stand before it in all.
    turn: u64,
    /// When it was first told how long it will wait, and what.
    told: Option<(Time, Span)>,
    /// End of its session.
    ends: Time,
}

/// Users in line and users let through.
#[derive(Clone, Debug)]
pub struct WaitingRoom {
    order: AdmissionOrder,
    opens_at: Time,
    gap: Option<Span>,
    batch: Option<(u32, Span)>,
    active_cap: u32,
    poll_expiry: Option<Span>,
    line: VecDeque<Token>,
    entries: Vec<Entry>,
    active: u32,
    /// Turns that are over.
    head: u64,
    /// The earliest time at which the rate allows another admission.
    next_by_rate: Time,
    /// The batch at this instant, and how many of it may still come. Places left over are lost.
    batch_at: Time,
    batch_left: u32,
    stream: Stream,
    opened: bool,
    /// What it measured.
    pub probe: RoomProbe,
}

/// What a waiting room measures.
#[derive(Clone, Debug, Default)]
pub struct RoomProbe {
    /// Users in line.
    pub waiting: Level,
    /// Users let through whose session has not ended.
    pub active: Level,
    /// Users who joined.
    pub joined: u64,
    /// Users let through.
    pub admitted: u64,
    /// Users who left the line, stopped asking, or were turned away.
    pub given_up: u64,
    /// Sessions over.
    pub ended: u64,
    /// Total time in line of those let through, in nanoseconds.
    pub waited: u128,
    /// Longest time in line of those let through.
    pub longest: Span,
    /// Users let through who had been told how long they would wait.
    pub told: u64,
    /// Sum of (time waited since - time told), in nanoseconds: above zero if the room promises too much.
    pub error: i128,
    /// Sum of the errors without their signs, in nanoseconds.
    pub absolute_error: u128,
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
            batch: spec.batch,
            active_cap: spec.active_cap.unwrap_or(u32::MAX),
            poll_expiry: spec.poll_expiry,
            line: VecDeque::new(),
            entries: Vec::new(),
            active: 0,
            head: 0,
            next_by_rate: opens_at,
            batch_at: Time::ZERO,
            batch_left: 0,
            stream,
            opened: false,
            probe: RoomProbe::default(),
        }
    }

    /// A user joins the line and gets a token.
    pub fn join(&mut self, now: Time) -> Token {
        let token = self.entries.len() as Token;
        self.entries.push(Entry {
            standing: Standing::Waiting,
            joined: now,
            seen: now,
            turn: self.head + self.line.len() as u64,
            told: None,
            ends: Time::NEVER,
        });
        self.line.push_back(token);
        self.probe.joined += 1;
        self.probe.waiting.add(now);
        token
    }

    /// Where a token stands.
    #[inline]
    #[must_use]
    pub fn standing(&self, token: Token) -> Standing {
        self.entries
            .get(token as usize)
            .map_or(Standing::Expired, |e| e.standing)
    }

    /// A user asks where the token stands, and is told how long it will wait. Who asks too late has
    /// lost the place.
    pub fn ask(&mut self, now: Time, token: Token) -> Standing {
        let Some(entry) = self.entries.get(token as usize).copied() else {
            return Standing::Expired;
        };
        if entry.standing != Standing::Waiting {
            return entry.standing;
        }
        if self.has_expired(now, &entry) {
            self.leave(now, token);
            return Standing::Expired;
        }
        let told = entry
            .told
            .or_else(|| Some((now, self.estimate(now, entry.turn)?)));
        let entry = &mut self.entries[token as usize];
        (entry.seen, entry.told) = (now, told);
        Standing::Waiting
    }

    fn has_expired(&self, now: Time, entry: &Entry) -> bool {
        self.poll_expiry
            .is_some_and(|limit| now.since(entry.seen) > limit)
    }

    /// How long a user with this turn will wait, as far as the room can tell: by its rules where they
    /// set a pace, else at the pace of the admissions so far. `None` before the first one.
    fn estimate(&self, now: Time, turn: u64) -> Option<Span> {
        let ahead = turn.saturating_sub(self.head);
        let start = now.max(self.opens_at);
        let by_rate = self
            .gap
            .map(|gap| start.max(self.next_by_rate) + Span(gap.0.saturating_mul(ahead)));
        let by_batch = self.batch.map(|(size, every)| {
            let next = self.batch_instant(start + Span(1), every);
            next + Span(every.0.saturating_mul(ahead / u64::from(size)))
        });
        let at = match (by_rate, by_batch) {
            (None, None) => {
                let pace = now
                    .since(self.opens_at)
                    .0
                    .checked_div(self.probe.admitted)?;
                now + Span(pace.saturating_mul(ahead + 1))
            }
            (rate, batch) => rate.into_iter().chain(batch).max()?,
        };
        Some(at.since(now))
    }

    /// Lets through the next user if all rules allow it now.
    pub fn admit(&mut self, now: Time) -> Option<Token> {
        self.open(now);
        self.drop_absent(now);
        if now < self.opens_at || self.line.is_empty() || self.active >= self.active_cap {
            return None;
        }
        if now < self.next_by_rate {
            return None;
        }
        if let Some((size, every)) = self.batch {
            if self.batch_instant(now, every) != now {
                return None;
            }
            if self.batch_at != now {
                (self.batch_at, self.batch_left) = (now, size);
            }
            self.batch_left = self.batch_left.checked_sub(1)?;
        }
        let token = self.line.pop_front()?;
        self.head += 1;
        if let Some(gap) = self.gap {
            // An idle stretch is not saved up: the next gap starts now at the earliest.
            self.next_by_rate = now + gap;
        }
        self.let_through(now, token);
        Some(token)
    }

    /// At the opening, those present may be drawn by lot.
    fn open(&mut self, now: Time) {
        if self.opened || now < self.opens_at || self.line.is_empty() {
            return;
        }
        self.opened = true;
        if self.order == AdmissionOrder::RandomAtOpening {
            self.stream.shuffle(self.line.make_contiguous());
            for (turn, token) in (self.head..).zip(&self.line) {
                self.entries[*token as usize].turn = turn;
            }
        }
    }

    /// Those at the head of the line who have left it or stopped asking lose their turn.
    fn drop_absent(&mut self, now: Time) {
        while let Some(&token) = self.line.front() {
            let entry = self.entries[token as usize];
            if entry.standing == Standing::Waiting && !self.has_expired(now, &entry) {
                return;
            }
            self.leave(now, token);
            self.line.pop_front();
            self.head += 1;
        }
    }

    fn let_through(&mut self, now: Time, token: Token) {
        let entry = &mut self.entries[token as usize];
        entry.standing = Standing::Admitted;
        let waited = now.since(entry.joined);
        if let Some((at, told)) = entry.told {
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
        let token = self.line.pop_front()?;
        self.head += 1;
        self.let_through(now, token);
        Some(token)
    }

    /// When the rules may next let somebody through, if nobody leaves before; `None` if nobody waits
    /// or the cap is reached.
    #[must_use]
    pub fn next_admission(&self, now: Time) -> Option<Time> {
        if self.line.is_empty() || self.active >= self.active_cap {
            return None;
        }
        let at = now.max(self.opens_at).max(self.next_by_rate);
        let Some((_, every)) = self.batch else {
            return Some(at);
        };
        let used_up = at == self.batch_at && self.batch_left == 0;
        Some(self.batch_instant(if used_up { at + Span(1) } else { at }, every))
    }

    /// The first instant of a batch at or after `now`: whole periods after the opening.
    fn batch_instant(&self, now: Time, every: Span) -> Time {
        let periods = now.since(self.opens_at).0.div_ceil(every.0).max(1);
        self.opens_at + Span(periods.saturating_mul(every.0))
    }

    /// A session goes on until this time; one in force may be moved.
    pub fn set_end(&mut self, token: Token, ends: Time) {
        if let Some(entry) = self.entries.get_mut(token as usize)
            && entry.standing == Standing::Admitted
        {
            entry.ends = ends;
        }
    }

    /// When the session of a token ends, if it is in force.
    #[must_use]
    pub fn ends(&self, token: Token) -> Option<Time> {
        let entry = self.entries.get(token as usize)?;
        (entry.standing == Standing::Admitted).then_some(entry.ends)
    }

    /// A user leaves: the line (somebody else moves up when the turn comes) or the session. Returns
    /// whether a place among those let through is free now.
    pub fn leave(&mut self, now: Time, token: Token) -> bool {
        match self.standing(token) {
            Standing::Admitted => self.end_session(now, token),
            Standing::Waiting => {
                self.entries[token as usize].standing = Standing::Expired;
                self.probe.given_up += 1;
                self.probe.waiting.subtract(now);
                false
            }
            Standing::Expired => false,
        }
    }

    /// An admitted user leaves, or the session is over. Returns whether it was in force.
    pub fn end_session(&mut self, now: Time, token: Token) -> bool {
        match self.entries.get_mut(token as usize) {
            Some(e) if e.standing == Standing::Admitted => {
                e.standing = Standing::Expired;
                self.active -= 1;
                self.probe.ended += 1;
                self.probe.active.subtract(now);
                true
            }
            _ => false,
        }
    }

    /// Tokens issued so far.
    #[must_use]
    pub fn issued(&self) -> u32 {
        self.entries.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> system::WaitingRoom {
        system::WaitingRoom {
            order: AdmissionOrder::Fifo,
            rate: None,
            batch: None,
            active_cap: None,
            session: None,
            poll_expiry: None,
            opens_at: Span::ZERO,
        }
    }

    /// Lets the room run and lists (time, token) of all admissions.
    fn run(room: &mut WaitingRoom) -> Vec<(u64, Token)> {
        let mut log = Vec::new();
        let mut now = Time::ZERO;
        while let Some(at) = room.next_admission(now) {
            now = at;
            while let Some(token) = room.admit(now) {
                log.push((now.0, token));
            }
        }
        log
    }

    #[test]
    fn a_batch_every_so_often_first_after_one_period() {
        let mut room = WaitingRoom::new(
            &system::WaitingRoom {
                batch: Some((2, Span(10))),
                ..spec()
            },
            Stream::new(1, 0, "r"),
        );
        for _ in 0..5 {
            room.join(Time(0));
        }
        assert_eq!(
            run(&mut room),
            [(10, 0), (10, 1), (20, 2), (20, 3), (30, 4)]
        );
        assert_eq!(room.probe.longest, Span(30));
    }

    #[test]
    fn who_comes_between_two_batches_waits_for_the_next() {
        let mut room = WaitingRoom::new(
            &system::WaitingRoom {
                batch: Some((2, Span(10))),
                ..spec()
            },
            Stream::new(1, 0, "r"),
        );
        room.join(Time(0));
        assert_eq!(run(&mut room), [(10, 0)]);
        room.join(Time(13));
        assert_eq!(room.admit(Time(13)), None);
        assert_eq!(room.next_admission(Time(13)), Some(Time(20)));
        assert_eq!(room.admit(Time(20)), Some(1));
        room.join(Time(47));
        assert_eq!(room.next_admission(Time(47)), Some(Time(50)));
    }

    #[test]
    fn a_rate_spaces_admissions_evenly() {
        let mut room = WaitingRoom::new(
            &system::WaitingRoom {
                rate: Some(2.5e8),
                ..spec()
            },
            Stream::new(1, 0, "r"),
        );
        for _ in 0..3 {
            room.join(Time(0));
        }
        assert_eq!(run(&mut room), [(0, 0), (4, 1), (8, 2)]);
    }

    #[test]
    fn a_cap_lets_in_as_many_as_leave() {
        let mut room = WaitingRoom::new(
            &system::WaitingRoom {
                active_cap: Some(2),
                ..spec()
            },
            Stream::new(1, 0, "r"),
        );
        for _ in 0..3 {
            room.join(Time(0));
        }
        assert_eq!(run(&mut room), [(0, 0), (0, 1)]);
        assert!(room.end_session(Time(5), 1));
        assert!(!room.end_session(Time(6), 1));
        assert_eq!(room.admit(Time(6)), Some(2));
        assert_eq!(room.standing(1), Standing::Expired);
        assert_eq!(room.probe.active.value(), 2);
    }

    #[test]
    fn at_the_opening_the_line_is_drawn_by_lot() {
        let mut room = WaitingRoom::new(
            &system::WaitingRoom {
                order: AdmissionOrder::RandomAtOpening,
                opens_at: Span(7),
                ..spec()
            },
            Stream::new(1, 0, "r"),
        );
        for _ in 0..50 {
            room.join(Time(0));
        }
        let log = run(&mut room);
        assert!(log.iter().all(|l| l.0 == 7));
        let mut tokens: Vec<Token> = log.iter().map(|l| l.1).collect();
        assert_ne!(tokens, (0..50).collect::<Vec<_>>());
        tokens.sort_unstable();
        assert_eq!(tokens, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn who_stops_asking_loses_the_turn() {
        let spec = system::WaitingRoom {
            batch: Some((1, Span(10))),
            poll_expiry: Some(Span(12)),
            ..spec()
        };
        let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
        for _ in 0..4 {
            room.join(Time(0));
        }
        assert_eq!(room.admit(Time(10)), Some(0));
        // 1 is silent; 2 asks in time, 3 too late.
        assert_eq!(room.ask(Time(11), 2), Standing::Waiting);
        assert_eq!(room.ask(Time(15), 3), Standing::Expired);
        assert_eq!(room.admit(Time(20)), Some(2));
        assert_eq!(room.standing(1), Standing::Expired);
        assert_eq!((room.probe.given_up, room.probe.waiting.value()), (2, 0));
        assert_eq!(room.admit(Time(30)), None);
    }

    #[test]
    fn the_wait_that_is_told_follows_from_the_rules() {
        let spec = system::WaitingRoom {
            batch: Some((2, Span(10))),
            ..spec()
        };
        let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
        for _ in 0..5 {
            room.join(Time(3));
        }
        // The fifth comes with the third batch, at 30.
        assert_eq!(room.estimate(Time(3), 4), Some(Span(27)));
        room.ask(Time(3), 4);
        // The first two leave the line: the fifth comes sooner than told.
        room.leave(Time(5), 0);
        room.leave(Time(5), 1);
        assert_eq!(run(&mut room), [(10, 2), (10, 3), (20, 4)]);
        assert_eq!((room.probe.told, room.probe.error), (1, -10));
        assert_eq!(room.probe.absolute_error, 10);
    }

    #[test]
    fn a_session_ends_early_or_late() {
        let spec = system::WaitingRoom {
            active_cap: Some(1),
            ..spec()
        };
        let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
        room.join(Time(0));
        room.join(Time(0));
        assert_eq!(room.admit(Time(0)), Some(0));
        room.set_end(0, Time(50));
        assert_eq!(room.ends(0), Some(Time(50)));
        assert!(room.leave(Time(20), 0));
        assert_eq!(room.ends(0), None);
        assert_eq!(room.admit(Time(20)), Some(1));
    }
}
