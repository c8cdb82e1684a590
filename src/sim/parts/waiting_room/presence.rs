//! Whether waiting users still poll.

use super::{Standing, Token, UNTOLD, WaitingRoom, put};
use crate::engine::{Span, Time};

impl WaitingRoom {
    /// A user asks where the token stands, and is told how long it will wait. Who asks too late has
    /// lost the place.
    pub fn ask(&mut self, now: Time, token: Token) -> Standing {
        let standing = self.standing(token);
        if standing != Standing::Waiting {
            return standing;
        }
        if !self.is_heard(now, token, now) {
            return Standing::Expired;
        }
        if now > self.opens_at {
            self.open();
        }
        if self.told(token).is_none()
            && let Some(wait) = self.estimate(now, self.turn(token))
        {
            put(&mut self.told, token, UNTOLD, (now, wait));
        }
        Standing::Waiting
    }

    /// A user stays and listens until its turn comes, and is not silent as long. Who comes too late has lost
    /// the place.
    pub fn listen(&mut self, now: Time, token: Token) -> Standing {
        let standing = self.standing(token);
        if standing == Standing::Waiting && !self.is_heard(now, token, Time::NEVER) {
            return Standing::Expired;
        }
        standing
    }

    /// Nobody listens for this token any more.
    pub fn fall_silent(&mut self, now: Time, token: Token) {
        if self.poll_expiry.is_some() {
            put(&mut self.seen, token, Time::ZERO, now);
        }
    }

    /// A user in line is heard of, and counts as present until some time. Returns whether that is not too late.
    #[inline]
    pub(super) fn is_heard(&mut self, now: Time, token: Token, until: Time) -> bool {
        self.poll_expiry.is_none() || self.is_heard_in_time(now, token, until)
    }

    #[inline(never)]
    fn is_heard_in_time(&mut self, now: Time, token: Token, until: Time) -> bool {
        if self.has_expired(now, token) {
            self.leave(now, token);
            return false;
        }
        let seen = self.seen.get(token as usize).copied();
        put(
            &mut self.seen,
            token,
            Time::ZERO,
            until.max(seen.unwrap_or(until)),
        );
        true
    }

    pub(super) fn has_expired(&self, now: Time, token: Token) -> bool {
        self.poll_expiry.is_some_and(|limit| {
            let joined = self.joined[token as usize];
            let seen = self
                .seen
                .get(token as usize)
                .map_or(joined, |s| joined.max(*s));
            now.since(seen) > limit
        })
    }

    pub(super) fn told(&self, token: Token) -> Option<(Time, Span)> {
        let told = self.told.get(token as usize).copied();
        told.filter(|told| *told != UNTOLD)
    }
}
