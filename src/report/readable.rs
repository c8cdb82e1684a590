//! Numbers as a person reads them: a unit that fits, digits that say something.

use crate::study::fit::free::four_digits;

/// A time in milliseconds, in the unit that fits it: `458 ns`, `12.50 µs`, `41.57 ms`, `1.100 s`.
#[must_use]
pub fn time(ms: f64) -> String {
    match ms.abs() {
        size if size >= 1000.0 => format!("{:.3} s", ms / 1000.0),
        size if size >= 1.0 || size == 0.0 => format!("{ms:.2} ms"),
        size if size >= 1e-3 => format!("{:.2} µs", 1e3 * ms),
        _ => format!("{} ns", four_digits(1e6 * ms)),
    }
}

/// A plain number: a whole one as it is, else with one decimal, or four significant digits below 100.
#[must_use]
pub fn plain(number: f64) -> String {
    match number {
        n if n.fract() == 0.0 => format!("{n}"),
        n if n.abs() >= 100.0 => format!("{n:.1}"),
        n => format!("{}", four_digits(n)),
    }
}

/// A relative error: in per cent, or in times (`× 42.1`, `÷ 1200`) where per cent could not be read.
#[must_use]
pub fn error(error: f64) -> String {
    let ratio = 1.0 + error;
    match error {
        e if !e.is_finite() => "—".to_owned(),
        e if e.abs() < 10.0 && (ratio <= 0.0 || ratio >= 0.01) => format!("{:+.1} %", 100.0 * e),
        _ if ratio.abs() >= 1.0 => format!("× {}", times(ratio)),
        _ if ratio > 0.0 => format!("÷ {}", times(1.0 / ratio)),
        e => format!("{:+.1} %", 100.0 * e),
    }
}

/// Half of the width of an interval, relative: in per cent as far as that can be read.
#[must_use]
pub fn spread(deviation: f64) -> String {
    match deviation {
        d if d >= 10.0 => "> 1000 %".to_owned(),
        d => format!("{:.1} %", 100.0 * d),
    }
}

fn times(ratio: f64) -> String {
    match ratio.abs() {
        r if r < 1000.0 => format!("{ratio:.1}"),
        r if r < 1e6 => format!("{ratio:.0}"),
        _ => format!("{ratio:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_that_fits() {
        let shown = [
            0.0, 0.000_458, 0.012_5, 0.999, 1.0, 41.572, 1100.0, -0.000_25,
        ]
        .map(time);
        let expected = [
            "0.00 ms",
            "458 ns",
            "12.50 µs",
            "999.00 µs",
            "1.00 ms",
            "41.57 ms",
            "1.100 s",
            "-250 ns",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn small_numbers_keep_their_digits() {
        let shown = [0.0, 3.0, 5001.24, 90.9168, 0.0005, 0.021_053, -4.0].map(plain);
        assert_eq!(
            shown,
            ["0", "3", "5001.2", "90.92", "0.0005", "0.02105", "-4"]
        );
    }

    #[test]
    fn an_error_beyond_reading_is_told_in_times() {
        let shown = [
            0.0,
            -0.034,
            1.5,
            9.9,
            41.105,
            2_183_405.114,
            -0.995,
            -1.0,
            f64::INFINITY,
        ];
        let expected = [
            "+0.0 %", "-3.4 %", "+150.0 %", "+990.0 %", "× 42.1", "× 2.2e6", "÷ 200.0", "-100.0 %",
            "—",
        ];
        assert_eq!(shown.map(error), expected);
        assert_eq!([0.066, 12.0].map(spread), ["6.6 %", "> 1000 %"]);
    }
}
