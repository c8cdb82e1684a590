//! Numbers as k6 writes them (k6 v2.2.0 and v0.53.0, `humanizeValue`).
//!
//! k6 computes these texts in JavaScript, so what matters is how JavaScript rounds: `toFixed` rounds
//! the exact decimal value of the double, ties away from zero; `toString` gives the shortest digits
//! that read back as the same double. Nothing here prints `NaN` (it becomes 0, as k6 shows a
//! statistic without samples) and no negative zero; an infinite value reads `inf`.

use crate::measure::summary::Contains;
pub use crate::model::TimeUnit;

/// The unit as printed, and how many of it are in a millisecond.
fn symbol_and_factor(unit: TimeUnit) -> (&'static str, f64) {
    match unit {
        TimeUnit::Seconds => ("s", 0.001),
        TimeUnit::Milliseconds => ("ms", 1.0),
        TimeUnit::Microseconds => ("µs", 1000.0),
    }
}

/// A value of a counter, gauge or trend, by what it measures: milliseconds, bytes or a plain number.
#[must_use]
pub fn value(value: f64, contains: Contains, unit: Option<TimeUnit>) -> String {
    match contains {
        Contains::Default => plain(value),
        Contains::Data => data(value),
        Contains::Time => time(value, unit),
    }
}

/// The ending of a noun after a number.
#[must_use]
pub fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A plain number: at most 6 decimals, no trailing zeros, an exponent from 1e21 on.
#[must_use]
pub fn plain(value: f64) -> String {
    finite(value, |v| shortest(rounded(v, 6)))
}

/// A share of 1 as a percentage with exactly two decimals, truncated: 0.968751 is `96.87%`.
#[must_use]
pub fn share(value: f64) -> String {
    // The two multiplications must stay two: 0.29 * 100 * 100 is below 2900, and k6 shows 28.99%.
    finite(value, |v| {
        format!("{}%", fixed((v * 100.0 * 100.0).trunc() / 100.0, 2))
    })
}

/// A number of bytes in decimal units, two significant digits or whole units: `9.9 kB`, `641 kB`.
#[must_use]
pub fn data(bytes: f64) -> String {
    const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    finite(bytes, |bytes| {
        if bytes < 10.0 {
            return format!("{} B", shortest(bytes));
        }
        let mut power = 1.0;
        let mut unit = 0;
        while bytes / power >= 1000.0 && unit + 1 < UNITS.len() {
            power *= 1000.0;
            unit += 1;
        }
        let tenths = (bytes / power * 10.0 + 0.5).floor() / 10.0;
        let decimals = usize::from(tenths < 10.0);
        format!("{} {}", fixed(tenths, decimals), UNITS[unit])
    })
}

/// A time in milliseconds: in the given unit with two decimals, rounded; without a unit in the
/// largest that leaves a whole part, truncated.
#[must_use]
pub fn time(ms: f64, unit: Option<TimeUnit>) -> String {
    finite(ms, |ms| match unit {
        Some(unit) => {
            let (symbol, factor) = symbol_and_factor(unit);
            format!("{}{symbol}", fixed(ms * factor, 2))
        }
        None => own_unit(ms),
    })
}

/// A time in milliseconds in the unit that fits it; negative ones in nanoseconds, as k6 does.
fn own_unit(ms: f64) -> String {
    if ms == 0.0 {
        return "0s".to_owned();
    }
    if ms < 0.001 {
        return format!("{}ns", shortest((ms * 1e6).trunc()));
    }
    if ms < 1.0 {
        return format!("{}µs", truncated(ms * 1000.0, 2));
    }
    if ms < 1000.0 {
        return format!("{}ms", truncated(ms, 2));
    }
    let decimals = if ms > 60_000.0 { 0 } else { 2 };
    let seconds = truncated((ms % 60_000.0) / 1000.0, decimals);
    let minutes = (ms / 60_000.0).trunc();
    if minutes < 1.0 {
        return format!("{seconds}s");
    }
    let hours = (minutes / 60.0).trunc();
    let minutes = shortest(minutes % 60.0);
    if hours < 1.0 {
        return format!("{minutes}m{seconds}s");
    }
    format!("{}h{minutes}m{seconds}s", shortest(hours))
}

/// Applies a format to a finite value; names the others.
fn finite(value: f64, format: impl FnOnce(f64) -> String) -> String {
    if value == f64::INFINITY {
        "inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-inf".to_owned()
    } else {
        format(without_nan(value))
    }
}

/// Zero for NaN and for negative zero, else the value itself.
pub(crate) fn without_nan(value: f64) -> f64 {
    if value.is_nan() || value == 0.0 {
        0.0
    } else {
        value
    }
}

/// Cut after a number of decimals (at most 2), without trailing zeros.
fn truncated(value: f64, decimals: u8) -> String {
    let scale = if decimals == 0 { 1.0 } else { 100.0 };
    shortest(rounded(
        (scale * value).trunc() / scale,
        usize::from(decimals),
    ))
}

/// The double nearest to the value's decimal text with this number of decimals.
fn rounded(value: f64, decimals: usize) -> f64 {
    // Reading back what was just printed cannot fail.
    fixed(value, decimals).parse().unwrap_or(value)
}

/// JavaScript's `toFixed` (ECMA-262, Number.prototype.toFixed): exactly this number of decimals of the
/// exact value, a tie away from zero; from 1e21 on the shortest text.
#[must_use]
pub fn fixed(value: f64, decimals: usize) -> String {
    let size = value.abs();
    if size.is_nan() || size >= 1e21 {
        return shortest(value);
    }
    let digits = if is_tie(size, decimals) {
        round_up_last(&format!("{size:.*}", decimals + 1))
    } else {
        format!("{size:.decimals$}")
    };
    if value < 0.0 {
        format!("-{digits}")
    } else {
        digits
    }
}

/// Whether the value lies exactly between two numbers of this number of decimals.
///
/// Its decimal text then ends one place later, with a 5; and a double whose text has n decimals
/// has n binary places, so that doubling it n times makes it whole.
fn is_tie(size: f64, decimals: usize) -> bool {
    let mut scaled = size;
    for _ in 0..=decimals {
        scaled *= 2.0;
    }
    scaled.fract() == 0.0 && format!("{size:.*}", decimals + 1).ends_with('5')
}

/// Drops the last digit of a decimal text and counts the one before it up.
fn round_up_last(digits: &str) -> String {
    let mut kept: Vec<u8> = digits.as_bytes()[..digits.len() - 1].to_vec();
    if kept.last() == Some(&b'.') {
        kept.pop();
    }
    let mut carry = true;
    for digit in kept.iter_mut().rev().filter(|d| d.is_ascii_digit()) {
        if carry {
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
    }
    if carry {
        kept.insert(0, b'1');
    }
    kept.into_iter().map(char::from).collect()
}

/// JavaScript's text of a number (ECMA-262, Number::toString): the shortest digits that read back
/// the same, with an exponent outside 1e-6..1e21.
#[must_use]
pub fn shortest(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if (1e-6..1e21).contains(&size) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    if size >= 1e21 {
        text.replace('e', "e+")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_round_away_from_zero() {
        assert_eq!(fixed(0.125, 2), "0.13");
        assert_eq!(fixed(2.5, 0), "3");
        assert_eq!(fixed(-2.5, 0), "-3");
        assert_eq!(fixed(9.5, 0), "10");
        assert_eq!(fixed(0.5, 0), "1");
        // Not ties: the doubles nearest to these lie below and above them.
        assert_eq!(fixed(1.005, 2), "1.00");
        assert_eq!(fixed(8.345, 2), "8.35");
    }

    #[test]
    fn what_is_not_a_number_has_a_text() {
        for contains in [Contains::Default, Contains::Data, Contains::Time] {
            assert_eq!(value(f64::NAN, contains, None), value(0.0, contains, None));
            assert_eq!(value(-0.0, contains, None), value(0.0, contains, None));
            assert_eq!(value(f64::INFINITY, contains, None), "inf");
        }
        assert_eq!(share(f64::NAN), "0.00%");
        assert_eq!(plain(-1e-9), "0");
    }

    #[test]
    fn small_and_huge_numbers_have_exponents() {
        assert_eq!(shortest(1.5e21), "1.5e+21");
        assert_eq!(shortest(1e-7), "1e-7");
        assert_eq!(shortest(0.000_001), "0.000001");
        assert_eq!(data(1e30), "1000000 YB");
    }

    /// Any double at all, by its bits.
    fn any_double() -> impl Strategy<Value = f64> {
        prop_oneof![any::<u64>().prop_map(f64::from_bits), -1e7..1e7, -1.0..1.0]
    }

    fn is_clean(text: &str) -> bool {
        !text.is_empty()
            && !text.contains("NaN")
            && (!text.starts_with("-0") || text.contains(|c: char| ('1'..='9').contains(&c)))
    }

    proptest! {
        #[test]
        fn no_value_prints_nan_or_negative_zero_or_nothing(v in any_double()) {
            prop_assert!(is_clean(&plain(v)), "{}", plain(v));
            prop_assert!(is_clean(&data(v)), "{}", data(v));
            prop_assert!(is_clean(&share(v)), "{}", share(v));
            prop_assert!(is_clean(&time(v, None)), "{}", time(v, None));
            // No time is negative; k6 itself would show -0.00s for one of -1 ms.
            for unit in [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds] {
                prop_assert!(is_clean(&time(v.abs(), Some(unit))));
            }
        }

        #[test]
        fn a_fixed_text_is_the_nearest(v in -1e9..1e9f64, decimals in 0usize..7) {
            let text = fixed(v, decimals);
            let back: f64 = text.parse().unwrap();
            let half = 0.5 / [1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6][decimals];
            prop_assert!((back - v).abs() <= half + 1e-6);
            let shown = text.split_once('.').map_or(0, |(_, d)| d.len());
            prop_assert_eq!(shown, decimals);
        }
    }
}
