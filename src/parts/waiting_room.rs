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

/// Users in line and users let through.
#[derive(Clone, Debug)]
pub struct WaitingRoom {
    order: AdmissionOrder,
    opens_at: Time,
    gap: Option<Span>,
    batch: Option<(u32, Span)>,
    active_cap: u32,
    line: VecDeque<Token>,
    standing: Vec<(Standing, Time)>,
    active: u32,
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
    /// Total time in line of those let through, in nanoseconds.
    pub waited: u128,
    /// Longest time in line of those let through.
    pub longest: Span,
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
            line: VecDeque::new(),
            standing: Vec::new(),
            active: 0,
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
        let token = self.standing.len() as Token;
        self.standing.push((Standing::Waiting, now));
        self.line.push_back(token);
        self.probe.joined += 1;
        self.probe.waiting.add(now);
        token
    }

    /// Where a token stands.
    #[inline]
    #[must_use]
    pub fn standing(&self, token: Token) -> Standing {
        self.standing
            .get(token as usize)
            .map_or(Standing::Expired, |s| s.0)
    }

    /// Lets through the next user if all rules allow it now.
    pub fn admit(&mut self, now: Time) -> Option<Token> {
        if now < self.opens_at || self.line.is_empty() || self.active >= self.active_cap {
            return None;
        }
        if !self.opened {
            self.opened = true;
            if self.order == AdmissionOrder::RandomAtOpening {
                self.stream.shuffle(self.line.make_contiguous());
            }
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
        if let Some(gap) = self.gap {
            // An idle stretch is not saved up: the next gap starts now at the earliest.
            self.next_by_rate = now + gap;
        }
        let joined = std::mem::replace(
            &mut self.standing[token as usize],
            (Standing::Admitted, now),
        )
        .1;
        self.active += 1;
        let waited = now.since(joined);
        self.probe.admitted += 1;
        self.probe.waited += u128::from(waited.0);
        self.probe.longest = self.probe.longest.max(waited);
        self.probe.waiting.subtract(now);
        self.probe.active.add(now);
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

    /// An admitted user leaves, or the session is over. Returns whether it was in force.
    pub fn end_session(&mut self, now: Time, token: Token) -> bool {
        match self.standing.get_mut(token as usize) {
            Some(s) if s.0 == Standing::Admitted => {
                s.0 = Standing::Expired;
                self.active -= 1;
                self.probe.active.subtract(now);
                true
            }
            _ => false,
        }
    }

    /// Tokens issued so far.
    #[must_use]
    pub fn issued(&self) -> u32 {
        self.standing.len() as u32
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
}
