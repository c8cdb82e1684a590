//! What a balancer knows of a replica's health: from its own checks, and from the answers that pass through it.

use crate::engine::{Span, Time};
use crate::model::service::{HealthCheck, Outliers};

/// The belief about one replica.
#[derive(Clone, Debug)]
pub struct Health {
    /// By its checks; a replica is believed to be well at the start.
    passing: bool,
    /// Checks in a row that say the contrary.
    contrary: u32,
    /// Errors answered in a row.
    errors: u32,
    ejected: Option<Time>,
    /// By how much longer than the first ejection the next one lasts.
    multiplier: u32,
}

impl Default for Health {
    fn default() -> Health {
        Health {
            passing: true,
            contrary: 0,
            errors: 0,
            ejected: None,
            multiplier: 0,
        }
    }
}

impl Health {
    /// Whether the balancer uses the replica.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.passing && self.ejected.is_none()
    }

    /// Whether it is ejected because of its answers.
    #[must_use]
    pub fn is_ejected(&self) -> bool {
        self.ejected.is_some()
    }

    /// A replica that starts is to pass its first check before it is used, if there are checks.
    pub fn starts(&mut self, checked: bool) {
        *self = Health {
            passing: !checked,
            ..Health::default()
        };
    }

    /// A check finds the replica well or not. Returns whether the belief changes.
    pub fn check(&mut self, spec: &HealthCheck, well: bool) -> bool {
        if well == self.passing {
            self.contrary = 0;
            return false;
        }
        self.contrary += 1;
        let needed = if well { spec.passes } else { spec.fails };
        if self.contrary < needed {
            return false;
        }
        self.passing = well;
        self.contrary = 0;
        true
    }

    /// The replica has answered. Returns whether it should be ejected, if that is allowed.
    pub fn answered(&mut self, spec: &Outliers, succeeded: bool) -> bool {
        if succeeded {
            self.errors = 0;
            return false;
        }
        self.errors += 1;
        self.errors >= spec.errors && self.ejected.is_none()
    }

    /// The replica is not used for a while: the longer, the more often it was ejected of late.
    pub fn eject(&mut self, now: Time, spec: &Outliers) {
        self.multiplier += 1;
        let span = spec.ejection.0.saturating_mul(u64::from(self.multiplier));
        let longest = spec.longest.0.max(spec.ejection.0);
        self.ejected = Some(now + Span(span.min(longest)));
        self.errors = 0;
    }

    /// The look from time to time at which ejections end. Returns whether this one has.
    pub fn sweep(&mut self, now: Time) -> bool {
        match self.ejected {
            Some(until) if until <= now => {
                self.ejected = None;
                true
            }
            Some(_) => false,
            None => {
                self.multiplier = self.multiplier.saturating_sub(1);
                false
            }
        }
    }
}

/// How many of `n` replicas may be ejected at once: a share of them, but one in any case.
#[must_use]
pub fn most_ejected(spec: &Outliers, n: usize) -> usize {
    ((n as f64 * spec.share) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Time {
        Time::ZERO + Span::secs(n)
    }

    #[test]
    fn checks_in_a_row_change_the_belief() {
        let spec = HealthCheck {
            every: Span::secs(1),
            fails: 3,
            passes: 2,
        };
        let mut health = Health::default();
        let told = [false, false, true, false, false, false].map(|ok| health.check(&spec, ok));
        assert_eq!(told, [false, false, false, false, false, true]);
        assert!(!health.is_good());
        assert!(!health.check(&spec, true) && health.check(&spec, true) && health.is_good());
    }

    #[test]
    fn ejections_grow_and_are_forgiven() {
        let spec = Outliers {
            errors: 2,
            every: Span::secs(10),
            ejection: Span::secs(30),
            longest: Span::secs(80),
            share: 0.5,
        };
        let mut health = Health::default();
        assert!(!health.answered(&spec, false) && !health.answered(&spec, true));
        assert!(!health.answered(&spec, false) && health.answered(&spec, false));
        health.eject(secs(0), &spec);
        assert!(!health.is_good() && !health.sweep(secs(20)) && health.sweep(secs(30)));
        health.eject(secs(30), &spec);
        assert!(!health.sweep(secs(80)) && health.sweep(secs(90)));
        // A third one would last 90 s, and lasts 80 s.
        health.eject(secs(90), &spec);
        assert!(!health.sweep(secs(160)) && health.sweep(secs(170)));
        // Two looks without an ejection: the next is as long as the second was.
        assert!(!health.sweep(secs(180)) && !health.sweep(secs(190)));
        health.eject(secs(190), &spec);
        assert!(!health.sweep(secs(240)) && health.sweep(secs(250)));
        assert_eq!([1, 3, 4, 9].map(|n| most_ejected(&spec, n)), [1, 1, 2, 4]);
    }
}
