//! Tokens of a pool that stay with the connection of a client after an answer, for its next request.

use crate::engine::Time;
use crate::measure::time_weighted::TimeWeighted;

/// The connections that keep a token of one pool.
#[derive(Clone, Debug)]
pub struct KeepAlive {
    /// By the client's number: the ticket of the token that it keeps.
    kept: Vec<Option<u32>>,
    /// The last ticket, and how far the next is from it: no two pools have the same.
    tickets: u32,
    step: u32,
    /// What it measured.
    pub probe: KeepAliveProbe,
}

/// What is measured of kept tokens.
#[derive(Clone, Debug, Default)]
pub struct KeepAliveProbe {
    /// Tokens kept, and used by nobody.
    pub kept: TimeWeighted,
    /// Requests that had their client's token at once.
    pub reused: u64,
}

impl KeepAlive {
    /// Nobody keeps a token of this pool, the `index`th of `pools`.
    #[must_use]
    pub fn new(index: usize, pools: usize) -> KeepAlive {
        KeepAlive {
            kept: Vec::new(),
            tickets: index as u32,
            step: pools as u32,
            probe: KeepAliveProbe::default(),
        }
    }

    /// A client's connection keeps a token from now on, unless it does already. Returns the ticket with which the
    /// time that it may do so is stale as soon as the token is used.
    pub fn keep(&mut self, now: Time, client: u32) -> Option<u32> {
        let at = client as usize;
        if self.kept.len() <= at {
            self.kept.resize(at + 1, None);
        }
        if self.kept[at].is_some() {
            return None;
        }
        self.tickets = self.tickets.wrapping_add(self.step);
        self.kept[at] = Some(self.tickets);
        self.probe.kept.add(now);
        Some(self.tickets)
    }

    /// A client's next request takes the token, if its connection keeps one. Returns whether it does.
    pub fn reuse(&mut self, now: Time, client: u32) -> bool {
        let taken = self.let_go(now, client);
        self.probe.reused += u64::from(taken);
        taken
    }

    /// The connection is closed. Returns whether it kept a token, which goes back.
    pub fn let_go(&mut self, now: Time, client: u32) -> bool {
        let slot = self.kept.get_mut(client as usize);
        let kept = slot.and_then(Option::take).is_some();
        if kept {
            self.probe.kept.subtract(now);
        }
        kept
    }

    /// The time to keep a token is over. Returns whether it was kept until now and goes back.
    pub fn expire(&mut self, now: Time, client: u32, ticket: u32) -> bool {
        let current = self.kept.get(client as usize) == Some(&Some(ticket));
        current && self.let_go(now, client)
    }

    /// How many are kept.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.probe.kept.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_until_it_is_used_or_its_time_is_over() {
        let mut all = KeepAlive::new(0, 1);
        assert!(!all.reuse(Time(0), 3));
        let first = all.keep(Time(1), 3);
        // One connection keeps one.
        assert!(first.is_some() && all.keep(Time(1), 3).is_none());
        assert!(all.reuse(Time(4), 3));
        // The time of the first one is over when the second is kept.
        let second = all.keep(Time(5), 3).unwrap_or(0);
        assert!(!all.expire(Time(6), 3, first.unwrap_or(0)));
        assert!(all.expire(Time(9), 3, second) && !all.let_go(Time(9), 3));
        assert_eq!((all.count(), all.probe.reused), (0, 1));
        assert_eq!(all.probe.kept.area(Time(9)), 3 + 4);
    }
}
