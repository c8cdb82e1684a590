//! A quantity that is a whole number at every instant: its time-weighted mean and its maximum.

use crate::engine::Time;

/// A level, such as the length of a queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Level {
    value: u64,
    max: u64,
    since: Time,
    /// Integral over time, in units × nanoseconds. 128 bits: a million jobs for ten years fit.
    area: u128,
}

impl Level {
    /// The level is `value` from now on.
    #[inline]
    pub fn set(&mut self, now: Time, value: u64) {
        self.area += u128::from(self.value) * u128::from(now.since(self.since).0);
        self.since = now;
        self.value = value;
        self.max = self.max.max(value);
    }

    /// One more from now on.
    #[inline]
    pub fn add(&mut self, now: Time) {
        self.set(now, self.value + 1);
    }

    /// One less from now on.
    #[inline]
    pub fn subtract(&mut self, now: Time) {
        self.set(now, self.value.saturating_sub(1));
    }

    /// The level now.
    #[inline]
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The largest level so far.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Integral from the start of the run to `now`, in units × nanoseconds.
    #[must_use]
    pub fn area(&self, now: Time) -> u128 {
        self.area + u128::from(self.value) * u128::from(now.since(self.since).0)
    }

    /// Time-weighted mean from the start of the run to `now`; 0 for an empty run.
    #[must_use]
    pub fn mean(&self, now: Time) -> f64 {
        if now == Time::ZERO {
            0.0
        } else {
            self.area(now) as f64 / now.0 as f64
        }
    }
}
