//! What a user in line is told: the place, and how long it will take as far as the rules or the pace so far tell.

use super::{Standing, Token, WaitingRoom, times};
use crate::engine::{Span, Time};
use crate::model::system::AdmissionOrder;

impl WaitingRoom {
    /// The place of a token in line, from 1, and how long it will wait as far as the room can tell; `None` for
    /// one that does not wait.
    #[must_use]
    pub fn place(&self, now: Time, token: Token) -> Option<(u32, Option<Span>)> {
        if self.standing(token) != Standing::Waiting {
            return None;
        }
        let turn = self.turn(token);
        let place = turn.saturating_sub(self.head).saturating_add(1);
        Some((place, self.estimate(now, turn)))
    }

    /// How long a user with this turn will wait, as far as the room can tell: by its rules where they
    /// set a pace, else at the pace of the admissions so far. `None` before the first one, and before the
    /// draw that decides.
    pub(super) fn estimate(&self, now: Time, turn: u32) -> Option<Span> {
        if self.order == AdmissionOrder::RandomAtOpening && !self.opened {
            return None;
        }
        let ahead = u64::from(turn.saturating_sub(self.head));
        let start = now.max(self.opens_at);
        let at = match (self.gap, self.batch) {
            (None, None) => {
                let pace = now
                    .since(self.opens_at)
                    .0
                    .checked_div(self.probe.admitted)?;
                now + times(Span(pace), ahead + 1)
            }
            (Some(gap), None) => start.max(self.next_by_rate) + times(gap, ahead),
            (_, Some((size, every))) if self.numbered => {
                let periods = u64::from(turn) / u64::from(size) + 1;
                let by_rate = self.gap.map(|gap| times(gap, ahead));
                let by_rate = start.max(self.next_by_rate) + by_rate.unwrap_or(Span::ZERO);
                by_rate.max(self.opens_at + times(every, periods))
            }
            (gap, Some(batch)) => self.in_batches(start, gap.unwrap_or(Span::ZERO), batch, ahead),
        };
        Some(at.since(now))
    }

    /// When a user with this number ahead comes in, by batches that follow one another at a rate.
    fn in_batches(&self, start: Time, gap: Span, (size, every): (u32, Span), ahead: u64) -> Time {
        let first = start.max(self.next_by_rate);
        let now = self.places(first).map_or(0, |(batch, left)| {
            let there = self.joined.partition_point(|joined| *joined <= batch);
            (there as u64)
                .saturating_sub(u64::from(self.head))
                .min(u64::from(left))
        });
        if ahead < now {
            return first + times(gap, ahead);
        }
        let (size, rest) = (u64::from(size), ahead - now);
        let next = self.batch_instant(first + Span(1), every);
        // The rate holds up all that come, or each batch comes in before the next.
        let by_rate = next.max(first + times(gap, now)) + times(gap, rest);
        let by_batch = next + times(every, rest / size) + times(gap, rest % size);
        by_rate.max(by_batch)
    }
}
