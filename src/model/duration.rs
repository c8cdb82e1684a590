//! Durations as k6 writes and reads them: Go's syntax (`time.ParseDuration`, `Duration.String`, Go 1.2x)
//! with k6's integer prefix of days (`lib/types`, k6 v2.2.0).
//!
//! k6 also takes a bare number for milliseconds; a model does not, because the unit would not be visible.

use crate::engine::Span;
use std::fmt;

const NANOSECOND: u64 = 1;
const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Why a text is not a duration; displayed in Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// Not a sequence of numbers and units, or more than 292 years.
    Invalid(String),
    /// A number without a unit.
    MissingUnit(String),
    /// A unit that does not exist.
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// The part before `d` is not a whole number.
    Days(String),
    /// Correct, but negative where only a length makes sense.
    Negative(String),
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => write!(f, "time: invalid duration {text:?}"),
            Self::MissingUnit(text) => {
                write!(f, "time: missing unit in duration {text:?}")?;
                let number = text.chars().all(|c| c.is_ascii_digit() || c == '.');
                if number {
                    write!(f, "; write \"{text}ms\" or \"{text}s\"")?;
                }
                Ok(())
            }
            Self::UnknownUnit { unit, text } => {
                write!(f, "time: unknown unit {unit:?} in duration {text:?}")
            }
            Self::Days(days) => write!(f, "strconv.ParseInt: parsing {days:?}: invalid syntax"),
            Self::Negative(text) => write!(f, "duration {text:?} must not be negative"),
        }
    }
}

impl std::error::Error for DurationError {}

/// Reads a duration such as `1m30s`, `1.5h`, `250us` or `1d12h`.
///
/// # Errors
/// As Go's parser; also if the duration is negative or a number has no unit (only `0` needs none).
pub fn parse(text: &str) -> Result<Span, DurationError> {
    let ns = parse_signed(text)?;
    u64::try_from(ns)
        .map(Span)
        .map_err(|_| DurationError::Negative(text.to_string()))
}

/// Reads a duration that may be negative, in nanoseconds: for options whose check has words of its own.
///
/// # Errors
/// As Go's parser.
pub fn parse_signed(text: &str) -> Result<i64, DurationError> {
    let Some((days, rest)) = text.split_once('d') else {
        return parse_go(text);
    };
    let rest_ns = if rest.is_empty() { 0 } else { parse_go(rest)? };
    if rest_ns < 0 {
        return Err(DurationError::Invalid(text.to_string()));
    }
    let days_ns = days
        .parse::<i64>()
        .map_err(|_| DurationError::Days(days.to_string()))?
        .checked_mul(DAY as i64);
    let sum = days_ns.and_then(|d| {
        if days.starts_with('-') {
            d.checked_sub(rest_ns)
        } else {
            d.checked_add(rest_ns)
        }
    });
    sum.ok_or_else(|| DurationError::Invalid(text.to_string()))
}

fn parse_go(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid(text.to_string());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (ns, after) = component(rest, text)?;
        total = total.checked_add(ns).ok_or_else(invalid)?;
        rest = after;
    }
    let length = i64::try_from(total).map_err(|_| invalid())?;
    Ok(if negative { -length } else { length })
}

/// One number with its unit at the head of `rest`: its nanoseconds, and what follows.
fn component<'a>(rest: &'a str, text: &str) -> Result<(u64, &'a str), DurationError> {
    let invalid = || DurationError::Invalid(text.to_string());
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut tail) = rest.split_at(digits(rest));
    let mut fraction = "";
    if let Some(after_point) = tail.strip_prefix('.') {
        (fraction, tail) = after_point.split_at(digits(after_point));
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let unit_len = tail
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(tail.len());
    let (unit, after) = tail.split_at(unit_len);
    let unit_ns = unit_ns(unit).ok_or_else(|| {
        let text = text.to_string();
        if unit.is_empty() {
            DurationError::MissingUnit(text)
        } else {
            DurationError::UnknownUnit {
                unit: unit.to_string(),
                text,
            }
        }
    })?;
    let whole: u64 = match whole {
        "" => 0,
        digits => digits.parse().map_err(|_| invalid())?,
    };
    let ns = whole
        .checked_mul(unit_ns)
        .and_then(|ns| ns.checked_add(fraction_ns(fraction, unit_ns)))
        .ok_or_else(invalid)?;
    Ok((ns, after))
}

fn unit_ns(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => NANOSECOND,
        // The micro sign and the Greek letter mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

/// Digits after the point, in nanoseconds, cut. Digits that no longer fit 63 bits are ignored, and the
/// product is made in double precision: both as Go does it, so that the same text gives the same span.
fn fraction_ns(digits: &str, unit_ns: u64) -> u64 {
    let mut value: u64 = 0;
    let mut scale = 1.0;
    for digit in digits.bytes() {
        if value > i64::MAX as u64 / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > i64::MAX as u64 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit_ns as f64 / scale)) as u64
}

/// Go's text of a duration: `5m30s`, `1m0.5s`, `300ms`, `1.5µs`, `0s`.
#[must_use]
pub fn print(span: Span) -> String {
    let ns = span.0;
    match ns {
        0 => "0s".to_string(),
        1..MICROSECOND => format!("{ns}ns"),
        MICROSECOND..MILLISECOND => format!("{}µs", decimal(ns, MICROSECOND)),
        MILLISECOND..SECOND => format!("{}ms", decimal(ns, MILLISECOND)),
        _ => {
            let seconds = decimal(ns % MINUTE, SECOND);
            let (hours, minutes) = (ns / HOUR, ns / MINUTE % 60);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, m) => format!("{m}m{seconds}s"),
                (h, m) => format!("{h}h{m}m{seconds}s"),
            }
        }
    }
}

/// Go's text of a duration that may be negative, from nanoseconds.
#[must_use]
pub fn print_signed(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    format!("{sign}{}", print(Span(ns.unsigned_abs())))
}

/// `ns / unit` with all its decimals and no trailing zero.
fn decimal(ns: u64, unit: u64) -> String {
    let (whole, rest) = (ns / unit, ns % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// To the nearest multiple, halves away from zero (Go's `Duration.Round`).
#[must_use]
pub fn round(span: Span, multiple: Span) -> Span {
    let unit = multiple.0.max(1);
    let rest = span.0 % unit;
    if rest < unit - rest {
        Span(span.0 - rest)
    } else {
        Span(span.0.saturating_add(unit - rest))
    }
}

/// k6's progress times: rounded to 100 ms, and as wide as `max` needs, so that columns stay in place
/// (`internal/ui/pb/helpers.go`): `5.0s`, `05.0s`, `5m00.9s`, `05m00.9s`, `0h05m00.9s`, `1d00h05m00.9s`.
#[must_use]
pub fn fixed_width(span: Span, max: Span) -> String {
    let tenth = Span(SECOND / 10);
    let max = round(max.max(span), tenth).0;
    let tenths = round(span, tenth).0 / tenth.0;
    let (seconds, tenths) = (tenths / 10, tenths % 10);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let (s, m, h) = (seconds % 60, minutes % 60, hours % 24);
    match max {
        _ if max < 10 * SECOND => format!("{s}.{tenths}s"),
        _ if max < MINUTE => format!("{s:02}.{tenths}s"),
        _ if max < 10 * MINUTE => format!("{m}m{s:02}.{tenths}s"),
        _ if max < HOUR => format!("{m:02}m{s:02}.{tenths}s"),
        _ if max < 10 * HOUR => format!("{h}h{m:02}m{s:02}.{tenths}s"),
        _ if max < DAY => format!("{h:02}h{m:02}m{s:02}.{tenths}s"),
        _ => {
            let width = (max / DAY).to_string().len();
            format!("{days:0width$}d{h:02}h{m:02}m{s:02}.{tenths}s")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns(text: &str) -> u64 {
        parse(text).unwrap_or_else(|e| panic!("{e}")).0
    }

    #[test]
    fn go_syntax_is_read_exactly() {
        assert_eq!(ns("1m30s"), 90 * SECOND);
        assert_eq!(ns("1.5h"), 90 * MINUTE);
        assert_eq!(ns("250us"), 250_000);
        assert_eq!(ns("250µs"), 250_000);
        assert_eq!(ns("250\u{3bc}s"), 250_000);
        assert_eq!(ns("1s500ms"), 1_500_000_000);
        assert_eq!(ns(".5s"), 500_000_000);
        assert_eq!(ns("5.s"), 5 * SECOND);
        assert_eq!(ns("1.0000000019s"), 1_000_000_001);
        assert_eq!(ns("0.3333333333333333333h"), 20 * MINUTE);
        assert_eq!(ns("0"), 0);
        assert_eq!(ns("+1ns"), 1);
    }

    #[test]
    fn days_stand_in_front() {
        assert_eq!(ns("1d12h"), 36 * HOUR);
        assert_eq!(ns("2d"), 48 * HOUR);
        assert_eq!(parse_signed("-1d12h"), Ok(-(36 * HOUR as i64)));
        let error = parse("1.5d").map_err(|e| e.to_string());
        let text = "strconv.ParseInt: parsing \"1.5\": invalid syntax";
        assert_eq!(error, Err(text.to_string()));
    }

    #[test]
    fn errors_speak_as_go_does() {
        let cases = [
            ("1 s", "time: unknown unit \" s\" in duration \"1 s\""),
            ("10x", "time: unknown unit \"x\" in duration \"10x\""),
            ("", "time: invalid duration \"\""),
            ("s", "time: invalid duration \"s\""),
            (".s", "time: invalid duration \".s\""),
            (
                "9223372036854775808ns",
                "time: invalid duration \"9223372036854775808ns\"",
            ),
            ("99999999999h", "time: invalid duration \"99999999999h\""),
            ("300000d", "time: invalid duration \"300000d\""),
            (
                "5",
                "time: missing unit in duration \"5\"; write \"5ms\" or \"5s\"",
            ),
            ("1m5", "time: missing unit in duration \"1m5\""),
            ("-1s", "duration \"-1s\" must not be negative"),
        ];
        for (text, message) in cases {
            let error = parse(text).map_err(|e| e.to_string());
            assert_eq!(error, Err(message.to_string()), "{text}");
        }
    }

    #[test]
    fn go_text() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (300_000_000, "300ms"),
            (1_000_000_000, "1s"),
            (60_500_000_000, "1m0.5s"),
            (330_000_000_000, "5m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (90_000_000_001, "1m30.000000001s"),
            (u64::MAX, "5124095h34m33.709551615s"),
        ];
        for (ns, text) in cases {
            assert_eq!(print(Span(ns)), text);
        }
        assert_eq!(print_signed(-1_500_000), "-1.5ms");
        assert_eq!(print_signed(i64::MIN), "-2562047h47m16.854775808s");
    }

    #[test]
    fn progress_times_keep_their_width() {
        let width = |ms, max_s| fixed_width(Span(ms * MILLISECOND), Span::secs(max_s));
        assert_eq!(width(5_049, 9), "5.0s");
        assert_eq!(width(5_050, 9), "5.1s");
        assert_eq!(width(5_000, 44), "05.0s");
        assert_eq!(width(300_914, 330), "5m00.9s");
        assert_eq!(width(300_914, 630), "05m00.9s");
        assert_eq!(width(300_914, 7_200), "0h05m00.9s");
        assert_eq!(width(300_914, 40_000), "00h05m00.9s");
        assert_eq!(width(300_914, 90_000), "0d00h05m00.9s");
        assert_eq!(width(90_061_000, 1_000_000), "01d01h01m01.0s");
        assert_eq!(width(12_000, 3), "12.0s");
    }
}

#[cfg(test)]
mod laws {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(ns in 0..=i64::MAX as u64) {
            prop_assert_eq!(parse(&print(Span(ns))), Ok(Span(ns)));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.dhmsuµn ]{0,12}|.{0,8}") {
            let _ = parse(&text);
        }
    }
}
