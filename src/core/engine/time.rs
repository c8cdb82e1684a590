//! Virtual time in whole nanoseconds.

use std::ops::{Add, AddAssign, Sub};

/// The nearest float, as a cast gives it. Processors convert signed numbers in one instruction.
#[inline]
#[must_use]
pub fn to_f64(x: u64) -> f64 {
    if x <= i64::MAX as u64 {
        x as i64 as f64
    } else {
        x as f64
    }
}

/// As [`to_f64`], in one instruction. Of the two ways of that, compilers make one of six, which is better only
/// where many numbers are converted at once.
#[inline(always)]
#[must_use]
pub fn one_to_f64(x: u64) -> f64 {
    if x <= i64::MAX as u64 {
        x as i64 as f64
    } else {
        large_to_f64(x)
    }
}

#[cold]
#[inline(never)]
fn large_to_f64(x: u64) -> f64 {
    x as f64
}

/// Floats from here to twice as much are the whole numbers: a sum in that range is rounded to one.
const WHOLE: f64 = (1_u64 << 52) as f64;

/// The next whole number, 0 for negatives. (`f64::ceil` is exact, but a call on older processors.)
#[inline(always)]
#[must_use]
pub fn ceil(x: f64) -> u64 {
    // As bits, negative and undefined numbers are greater.
    if x.to_bits() < WHOLE.to_bits() {
        let whole = x as i64;
        whole as u64 + u64::from((whole as f64) < x)
    } else {
        // Whole already, or none at all.
        to_u64(x)
    }
}

/// The whole part, as a cast gives it: it saturates, and zero for negatives and NaN. Processors convert
/// to signed numbers in one instruction.
#[inline]
#[must_use]
pub fn to_u64(x: f64) -> u64 {
    const LIMIT: f64 = (1_u64 << 62) as f64;
    if x < LIMIT {
        (x as i64).max(0) as u64
    } else {
        x as u64
    }
}

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

    /// The nearest whole number of nanoseconds, of two the even one; a negative or undefined value gives zero.
    #[inline]
    #[must_use]
    pub fn from_ns(ns: f64) -> Span {
        // As bits, negative and undefined numbers are greater.
        if ns.to_bits() < WHOLE.to_bits() {
            Span((ns + WHOLE).to_bits() - WHOLE.to_bits())
        } else {
            // Whole already, or none at all.
            Span(to_u64(ns))
        }
    }

    /// In milliseconds, as k6 reports metric values.
    #[inline]
    #[must_use]
    pub fn as_ms(self) -> f64 {
        to_f64(self.0) / 1e6
    }

    /// In seconds.
    #[inline]
    #[must_use]
    pub fn as_secs(self) -> f64 {
        to_f64(self.0) / 1e9
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

    /// As [`Time::since`], of an instant that is not in the future.
    #[inline]
    #[must_use]
    pub fn since_past(self, past: Time) -> Span {
        debug_assert!(past <= self, "the past lies ahead");
        Span(self.0.wrapping_sub(past.0))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_those_of_the_standard_library() {
        let known = [
            0.0,
            0.25,
            0.5,
            0.999_999_999,
            1.0,
            1.5,
            2.5,
            3.000_000_000_000_001,
            1e9 + 0.1,
            4_503_599_627_370_495.0,
            4_503_599_627_370_495.5,
            4_503_599_627_370_496.0,
            4_503_599_627_370_497.0,
            1e19,
            1e300,
            f64::INFINITY,
            -0.0,
            -0.5,
            -7.0,
            f64::NAN,
        ];
        for x in known {
            assert_eq!(ceil(x), x.ceil() as u64, "{x}");
        }
        for x in [
            0,
            1,
            1 << 53,
            (1 << 53) + 1,
            i64::MAX as u64,
            1 << 63,
            u64::MAX,
        ] {
            assert_eq!(one_to_f64(x).to_bits(), (x as f64).to_bits(), "{x}");
        }
    }

    #[test]
    fn times_are_rounded_to_the_nearest_nanosecond() {
        let known = [
            (0.0, 0),
            (-0.0, 0),
            (0.499_999_999_999_999_94, 0),
            (0.5, 0),
            (0.500_000_000_000_000_1, 1),
            (1.5, 2),
            (2.5, 2),
            (1e15 + 0.75, 1_000_000_000_000_001),
            (4_503_599_627_370_495.5, 1 << 52),
            (4_503_599_627_370_497.0, (1 << 52) + 1),
            (1e19, 10_000_000_000_000_000_000),
            (1e30, u64::MAX),
            (f64::INFINITY, u64::MAX),
            (-1.0, 0),
            (f64::NEG_INFINITY, 0),
            (f64::NAN, 0),
            (-f64::NAN, 0),
        ];
        for (ns, whole) in known {
            assert_eq!(Span::from_ns(ns), Span(whole), "{ns}");
        }
    }
}
