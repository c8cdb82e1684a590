//! Sessions of admitted users: when they end.

use super::{ENDLESS, Session, Standing, Token, WaitingRoom, put};
use crate::engine::Time;

impl WaitingRoom {
    /// A session goes on until this time; one in force may be moved, either way. Returns whether
    /// [`WaitingRoom::session_due`] must be asked then, and not before.
    #[must_use]
    pub fn set_end(&mut self, token: Token, ends: Time) -> bool {
        if self.standing(token) != Standing::Admitted {
            return false;
        }
        let look = self.session(token).look;
        let sooner = ends < look;
        let session = Session {
            ends,
            look: look.min(ends),
        };
        put(&mut self.sessions, token, ENDLESS, session);
        sooner
    }

    /// When the session of a token ends, if it is in force.
    #[must_use]
    pub fn ends(&self, token: Token) -> Option<Time> {
        (self.standing(token) == Standing::Admitted).then(|| self.session(token).ends)
    }

    /// Whether the session of a token is over now. `Err` says when to ask again, if nobody does before.
    ///
    /// # Errors
    /// It was renewed meanwhile.
    pub fn session_due(&mut self, now: Time, token: Token) -> Result<bool, Time> {
        let Session { ends, look } = self.session(token);
        if self.standing(token) != Standing::Admitted || look != now {
            return Ok(false);
        }
        if ends <= now {
            return Ok(true);
        }
        put(
            &mut self.sessions,
            token,
            ENDLESS,
            Session { ends, look: ends },
        );
        Err(ends)
    }

    fn session(&self, token: Token) -> Session {
        let session = self.sessions.get(token as usize).copied();
        session.unwrap_or(ENDLESS)
    }

    /// A user leaves: the line (somebody else moves up when the turn comes) or the session. Returns
    /// whether a place among those let through is free now.
    pub fn leave(&mut self, now: Time, token: Token) -> bool {
        match self.standing(token) {
            Standing::Admitted => self.end_session(now, token),
            Standing::Waiting => {
                self.standing[token as usize] = Standing::Expired;
                self.probe.given_up += 1;
                self.probe.waiting.subtract(now);
                false
            }
            Standing::Expired => false,
        }
    }

    /// An admitted user leaves, or the session is over. Returns whether it was in force.
    pub fn end_session(&mut self, now: Time, token: Token) -> bool {
        match self.standing.get_mut(token as usize) {
            Some(standing) if *standing == Standing::Admitted => {
                *standing = Standing::Expired;
                self.active -= 1;
                if let Some(buckets) = &mut self.buckets {
                    buckets.gives_back(token);
                }
                self.probe.ended += 1;
                self.probe.active.subtract(now);
                true
            }
            _ => false,
        }
    }
}
