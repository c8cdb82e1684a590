//! Options that hold VUs back: `rps`, a limit on the requests that all of them send a second, and `minIterationDuration`.

use std::rc::Rc;

use capsim_script::Request;
use serde_json::Value;

use super::{ScriptUsers, User};
use crate::cli::scripted::program::time_of;
use crate::engine::{Span, Time};
use crate::world::users::{Turn, UserAction};

/// A token bucket of one token (`lib/netext/httpext/request.go`, k6 v2.2.0): requests wait in order of their arrival until
/// the last one is `gap` ago. The wait is no part of their times.
pub(super) struct Pace {
    gap: Span,
    /// When the next request may be sent.
    free: Time,
}

impl Pace {
    /// That of a script's options; `None` without a limit.
    pub(super) fn of(options: &Value) -> Option<Pace> {
        let rate = options["rps"].as_u64().filter(|rate| *rate > 0)?;
        Some(Pace {
            gap: Span(1_000_000_000 / rate),
            free: Time::ZERO,
        })
    }

    /// How long a request waits that comes now.
    fn wait(&mut self, now: Time) -> Span {
        let sent = self.free.max(now);
        self.free = sent + self.gap;
        sent.since(now)
    }
}

/// How long an iteration takes at least (`minIterationDuration`; `internal/js/runner.go`, k6 v2.2.0): its VU waits for the
/// rest, which is no part of `iteration_duration`.
pub(super) fn shortest(options: &Value) -> Span {
    time_of(&options["minIterationDuration"]).unwrap_or(Span::ZERO)
}

impl ScriptUsers<'_> {
    /// What the end of an iteration, setup or teardown is to the world.
    pub(super) fn over(&self, turn: Turn, user: &User) -> UserAction {
        let took = turn.now.since(user.begun);
        match turn.origin.as_scenario() {
            Some(_) if took < self.shortest => UserAction::Rest(Span(self.shortest.0 - took.0)),
            _ => UserAction::Done,
        }
    }

    /// Sends a request when it may be sent.
    pub(super) fn pace(
        &mut self,
        turn: Turn,
        user: &mut User,
        request: Rc<Request>,
        beside: bool,
    ) -> Result<UserAction, String> {
        let wait = self
            .pace
            .as_mut()
            .map_or(Span::ZERO, |pace| pace.wait(turn.now));
        if wait == Span::ZERO {
            return self.request(turn, user, &request, beside);
        }
        user.made.1 = user.made.1 + wait;
        user.held = Some((request, beside));
        Ok(UserAction::Sleep(wait))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_keep_their_distance() {
        let mut pace = Pace::of(&json!({ "rps": 10 })).unwrap();
        let second = Time(1_000_000_000);
        let waits = [Time::ZERO, Time::ZERO, Time::ZERO, second, second];
        let waits = waits.map(|now| pace.wait(now).0 / 1_000_000);
        assert_eq!(waits, [0, 100, 200, 0, 100]);
        assert!(Pace::of(&json!({ "rps": 0 })).is_none());
        assert!(Pace::of(&json!({})).is_none());
    }
}
