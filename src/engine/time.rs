//! Virtual time in whole nanoseconds.

use std::ops::{Add, AddAssign, Sub};

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// An instant of virtual time: nanoseconds since the start mark of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// Longer than any run.
    pub const MAX: Span = Span(u64::MAX);

    /// A whole number of milliseconds.
    #[must_use]
    pub const fn millis(ms: u64) -> Span {
        Span(ms * 1_000_000)
    }

    /// A whole number of seconds.
    #[must_use]
    pub const fn secs(s: u64) -> Span {
        Span(s * 1_000_000_000)
    }

    /// The nearest whole number of nanoseconds; a negative or undefined value gives zero.
    #[inline]
    #[must_use]
    pub fn from_ns(ns: f64) -> Span {
        // A float-to-integer cast saturates and sends NaN to zero, so this cannot overflow.
        Span((ns + 0.5) as u64)
    }

    /// In milliseconds, as k6 reports metric values.
    #[inline]
    #[must_use]
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In seconds.
    #[inline]
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Time {
    /// The start mark of the run.
    pub const ZERO: Time = Time(0);
    /// Later than any event.
    pub const NEVER: Time = Time(u64::MAX);

    /// Time passed since `earlier`; zero if `earlier` is in the future.
    #[inline]
    #[must_use]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Time {
    type Output = Time;
    #[inline]
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    #[inline]
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub for Time {
    type Output = Span;
    #[inline]
    fn sub(self, earlier: Time) -> Span {
        self.since(earlier)
    }
}

impl Add for Span {
    type Output = Span;
    #[inline]
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}
