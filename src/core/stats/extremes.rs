//! The smallest and the largest of some numbers.

/// A number of which there is a smaller and a larger of two.
pub trait Comparable: Copy {
    /// The smaller of two. Of a float and a NaN, the float.
    #[must_use]
    fn smaller(self, other: Self) -> Self;
    /// The larger of two. Of a float and a NaN, the float.
    #[must_use]
    fn larger(self, other: Self) -> Self;
}

macro_rules! comparable {
    ($($number:ty),*) => {$(
        impl Comparable for $number {
            #[inline]
            fn smaller(self, other: $number) -> $number {
                self.min(other)
            }

            #[inline]
            fn larger(self, other: $number) -> $number {
                self.max(other)
            }
        }
    )*};
}

comparable!(u64, i64, f64);

/// The smallest and the largest of the numbers seen; neither as long as there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extremes<T>(Option<(T, T)>);

impl<T> Default for Extremes<T> {
    fn default() -> Extremes<T> {
        Extremes(None)
    }
}

impl<T: Comparable> Extremes<T> {
    /// Looks at one more number.
    #[inline]
    pub fn add(&mut self, value: T) {
        self.widen(value, value);
    }

    /// Looks at all that another has seen.
    #[inline]
    pub fn merge(&mut self, other: Extremes<T>) {
        if let Some((min, max)) = other.0 {
            self.widen(min, max);
        }
    }

    #[inline]
    fn widen(&mut self, low: T, high: T) {
        let (min, max) = self.0.unwrap_or((low, high));
        self.0 = Some((min.smaller(low), max.larger(high)));
    }

    /// The smallest and the largest.
    #[inline]
    #[must_use]
    pub fn both(self) -> Option<(T, T)> {
        self.0
    }

    /// The smallest.
    #[must_use]
    pub fn min(self) -> Option<T> {
        self.0.map(|(min, _)| min)
    }

    /// The largest.
    #[must_use]
    pub fn max(self) -> Option<T> {
        self.0.map(|(_, max)| max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Extremes<f64> {
        let mut extremes = Extremes::default();
        values.iter().for_each(|value| extremes.add(*value));
        extremes
    }

    #[test]
    fn none_has_neither() {
        assert_eq!(of(&[]).both(), None);
        assert_eq!((of(&[]).min(), of(&[]).max()), (None, None));
    }

    #[test]
    fn merging_is_looking_at_both() {
        let mut all = of(&[2.0, -1.0]);
        all.merge(of(&[]));
        assert_eq!(all.both(), Some((-1.0, 2.0)));
        all.merge(of(&[5.0, 0.0]));
        assert_eq!(all.both(), Some((-1.0, 5.0)));
        let mut none = of(&[]);
        none.merge(all);
        assert_eq!(none, all);
    }

    #[test]
    fn what_is_no_number_counts_beside_no_number() {
        assert_eq!(of(&[f64::NAN, 1.0]).both(), Some((1.0, 1.0)));
        assert_eq!(of(&[1.0, f64::NAN]).both(), Some((1.0, 1.0)));
    }
}
