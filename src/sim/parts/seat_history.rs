//! The seats as they were at an earlier time: what a list shows that is not updated for each user.

use std::collections::VecDeque;

use crate::engine::{Span, Time};

/// One seat of an event was taken or became free.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: Time,
    seat: u32,
    taken: bool,
}

/// The changes of all seats, event by event, as far back as a list may show.
#[derive(Clone, Debug)]
pub struct SeatHistory {
    /// The greatest age of a list; none without a bound.
    oldest: Option<Span>,
    changes: Vec<VecDeque<Change>>,
    /// Of each event what its list showed last: of which instant, and the seats taken then, as bits.
    shown: Vec<(Time, Vec<u64>)>,
}

impl SeatHistory {
    /// No seat of these events has changed yet.
    #[must_use]
    pub fn new(events: u32, oldest: Option<Span>) -> SeatHistory {
        SeatHistory {
            oldest,
            changes: vec![VecDeque::new(); events as usize],
            shown: vec![(Time::NEVER, Vec::new()); events as usize],
        }
    }

    /// A seat of an event changes.
    pub fn note(&mut self, at: Time, event: u32, seat: u32, taken: bool) {
        let changes = &mut self.changes[event as usize];
        changes.push_back(Change { at, seat, taken });
        let Some(oldest) = self.oldest else { return };
        while changes.front().is_some_and(|c| c.at + oldest < at) {
            changes.pop_front();
        }
    }

    /// The seats of an event that were taken before an instant, of those that are taken now: all that has changed
    /// since is taken back. No events beyond those there are.
    pub fn before(&mut self, event: u32, instant: Time, now_taken: &[u64]) -> &[u64] {
        let Some((of, words)) = self.shown.get_mut(event as usize) else {
            return &[];
        };
        if *of != instant {
            *of = instant;
            words.clear();
            words.extend(now_taken);
            let changes = &self.changes[event as usize];
            for change in changes.iter().rev().take_while(|c| c.at >= instant) {
                let (word, bit) = (change.seat as usize / 64, 1 << (change.seat % 64));
                if change.taken {
                    words[word] &= !bit;
                } else {
                    words[word] |= bit;
                }
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_since_is_taken_back() {
        let mut history = SeatHistory::new(2, Some(Span(10)));
        let mut now = [0_u64, 0];
        let mut change = |history: &mut SeatHistory, at, seat: u32, taken| {
            history.note(Time(at), 1, seat, taken);
            now[seat as usize / 64] ^= 1 << (seat % 64);
            now
        };
        change(&mut history, 3, 0, true);
        change(&mut history, 5, 70, true);
        let words = change(&mut history, 7, 0, false);
        // What changes at the instant itself is not seen yet.
        assert_eq!(history.before(1, Time(3), &words), [0, 0]);
        assert_eq!(history.before(1, Time(4), &words), [1, 0]);
        assert_eq!(history.before(1, Time(7), &words), [1, 1 << 6]);
        assert_eq!(history.before(1, Time(8), &words), [0, 1 << 6]);
        assert_eq!(history.before(0, Time(8), &[0, 0]), [0, 0]);
        // Nobody can ask for what is older than any list.
        change(&mut history, 20, 1, true);
        assert_eq!(history.changes[1].len(), 1);
        assert!(history.before(2, Time(8), &words).is_empty());
    }
}
