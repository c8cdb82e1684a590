//! A k6 ramp in the fluid limit: many users, each a drop, and a station of fixed capacity.
//!
//! At each instant N users complete `min(N / (Z + S), C)` iterations per unit of time, the
//! asymptotic bound of operational analysis (Denning & Buzen 1978), as if the loop were always in
//! balance. That holds where stages are long against think and response time; it is not exact.

use super::{non_negative, positive};

/// A closed loop with one station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FluidLoop {
    think: f64,
    service: f64,
    capacity: f64,
}

impl FluidLoop {
    /// Users who think for `think`, then need `service` of a station that completes at most
    /// `capacity` requests per unit of time.
    ///
    /// Returns `None` for a negative time, no time at all or a capacity that is not positive.
    #[must_use]
    pub fn new(think: f64, service: f64, capacity: f64) -> Option<FluidLoop> {
        let sound = non_negative(think) && non_negative(service) && positive(think + service);
        (sound && positive(capacity)).then_some(FluidLoop {
            think,
            service,
            capacity,
        })
    }

    /// Number of users from which the station is saturated: N*.
    #[must_use]
    pub fn knee(&self) -> f64 {
        self.capacity * (self.think + self.service)
    }

    /// Mean response time in balance with this many users.
    #[must_use]
    pub fn response(&self, users: f64) -> f64 {
        (users / self.capacity - self.think).max(self.service)
    }

    /// Iterations completed during stages of (duration, target), users moving linearly from
    /// `start` to the first target and on.
    ///
    /// Returns `None` if a number of users or a duration is negative.
    #[must_use]
    pub fn iterations(&self, start: f64, stages: &[(f64, f64)]) -> Option<f64> {
        let sound = |&(duration, target)| non_negative(duration) && non_negative(target);
        if !non_negative(start) || !stages.iter().all(sound) {
            return None;
        }
        let starts = std::iter::once(start).chain(stages.iter().map(|stage| stage.1));
        let parts = stages.iter().zip(starts);
        Some(
            parts
                .map(|(&(d, to), from)| d * self.mean_rate(from, to))
                .sum(),
        )
    }

    /// Completion rate averaged over a linear move between two numbers of users.
    fn mean_rate(&self, from: f64, to: f64) -> f64 {
        let (low, high, knee) = (from.min(to), from.max(to), self.knee());
        let share_below = if knee <= low {
            0.0
        } else if knee >= high {
            1.0
        } else {
            (knee - low) / (high - low)
        };
        let mean_below = (low + high.min(knee)) / 2.0;
        let rate_below = mean_below / (self.think + self.service);
        share_below * rate_below + (1.0 - share_below) * self.capacity
    }
}
