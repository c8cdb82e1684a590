//! A quantity that is a whole number at every instant: its time-weighted mean and its maximum.

use crate::engine::Time;

/// A level, such as the length of a queue.
///
/// Its integral up to `t` is `value · t` less the sum, over all changes so far, of change times instant: so a
/// change by one is one addition.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeWeighted {
    value: u64,
    max: u64,
    /// The sum of change times instant, in units × nanoseconds.
    moment: i128,
}

impl TimeWeighted {
    /// The level is `value` from now on.
    pub fn set(&mut self, now: Time, value: u64) {
        self.moment += area(value, now) - area(self.value, now);
        self.value = value;
        self.max = self.max.max(value);
    }

    /// One more from now on.
    #[inline]
    pub fn add(&mut self, now: Time) {
        self.moment += i128::from(now.0);
        self.value += 1;
        if self.value > self.max {
            self.max = self.value;
        }
    }

    /// One less from now on; a level of zero stays so.
    #[inline]
    pub fn subtract(&mut self, now: Time) {
        if self.value > 0 {
            self.moment -= i128::from(now.0);
            self.value -= 1;
        }
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
        (area(self.value, now) - self.moment).max(0) as u128
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

/// What a level amounts to that was the same from the start of the run to `now`. No overflow: 2⁶³ units would
/// have to be there at once.
fn area(value: u64, now: Time) -> i128 {
    i128::from(value) * i128::from(now.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_that_of_a_sum_over_the_steps() {
        let mut level = TimeWeighted::default();
        let steps = [(3, 2), (10, 3), (10, 2), (15, 7), (40, 7), (41, 0)];
        let (mut known, mut last) = (0, (0, 0));
        for (at, value) in steps {
            known += u128::from(last.1 * (at - last.0));
            level.set(Time(at), value);
            assert_eq!((level.area(Time(at)), level.value()), (known, value));
            last = (at, value);
        }
        assert_eq!((level.area(Time(100)), level.max()), (known, 7));
        assert_eq!(level.mean(Time::ZERO), 0.0);
        assert_eq!(level.mean(Time(200)), known as f64 / 200.0);
    }

    #[test]
    fn steps_by_one_are_steps() {
        let (mut level, mut known) = (TimeWeighted::default(), TimeWeighted::default());
        let late = u64::MAX - 5;
        for (at, value) in [(2, 1), (2, 2), (9, 1), (9, 2), (late, 3)] {
            known.set(Time(at), value);
            if value < level.value() {
                level.subtract(Time(at));
            } else {
                level.add(Time(at));
            }
            assert_eq!(format!("{level:?}"), format!("{known:?}"));
        }
        let end = Time(u64::MAX);
        assert_eq!(level.area(end), 2 * u128::from(late) + 11);
        let mut none = TimeWeighted::default();
        none.subtract(Time(4));
        assert_eq!((none.value(), none.area(end)), (0, 0));
    }
}
