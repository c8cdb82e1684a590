//! Times of logs, in microseconds since 1970.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// `27/Nov/2026:10:40:22 +0000`, or with milliseconds and without a zone.
    Clf,
    /// `2026-11-27T10:40:22+00:00`, with a fraction or without.
    Iso,
    /// Seconds since 1970, with a fraction or without.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// Microseconds since 1970.
    Micros,
}

/// Reads times, and remembers the last of the written-out ones: many lines of a log have the same.
#[derive(Debug, Default)]
pub struct Clock {
    last: Option<(Written, String, i64)>,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Clock {
    /// Microseconds since 1970.
    pub fn read(&mut self, text: &str, written: Written) -> Option<i64> {
        match written {
            Written::Clf | Written::Iso => self.written_out(text, written),
            Written::Seconds => i64::try_from(seconds(text)? / 1_000).ok(),
            Written::Millis => text.parse::<i64>().ok()?.checked_mul(1_000),
            Written::Micros => text.parse().ok(),
        }
    }

    fn written_out(&mut self, text: &str, written: Written) -> Option<i64> {
        if let Some((own, last, us)) = &self.last
            && *own == written
            && last == text
        {
            return Some(*us);
        }
        let us = match written {
            Written::Clf => clf(text)?,
            _ => iso(text)?,
        };
        let (_, mut kept, _) = self.last.take().unwrap_or((written, String::new(), us));
        kept.clear();
        kept.push_str(text);
        self.last = Some((written, kept, us));
        Some(us)
    }
}

fn clf(text: &str) -> Option<i64> {
    let (date, zone) = text.split_once(' ').unwrap_or((text, "+0000"));
    let (day, rest) = date.split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let month = MONTHS.iter().position(|m| *m == month)? + 1;
    let mut parts = rest.split(':');
    let mut next = || parts.next();
    let (year, hour, minute, second) = (next()?, next()?, next()?, next()?);
    let (second, fraction) = second.split_once('.').unwrap_or((second, ""));
    let at = DateTime::new(
        year.parse().ok()?,
        i8::try_from(month).ok()?,
        day.parse().ok()?,
        hour.parse().ok()?,
        minute.parse().ok()?,
        // A leap second is the last of its minute.
        second.parse::<i8>().ok()?.min(59),
        0,
    );
    let seconds = at
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_second();
    let fraction = if fraction.is_empty() {
        0
    } else {
        self::seconds(&format!("0.{fraction}"))? / 1_000
    };
    Some((seconds - offset(zone)?) * 1_000_000 + i64::try_from(fraction).ok()?)
}

/// Seconds of `+0130`.
fn offset(zone: &str) -> Option<i64> {
    let digits = zone.strip_prefix(['+', '-'])?;
    let (hours, minutes) = (digits.get(..2)?, digits.get(2..4)?);
    let seconds = hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60;
    Some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

fn iso(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_microsecond());
    }
    // Without a zone it is taken as UTC.
    let at = text
        .parse::<DateTime>()
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()?;
    Some(at.timestamp().as_microsecond())
}

/// Nanoseconds of a decimal number of seconds, without a float: `0.201` is 201,000,000.
pub fn seconds(text: &str) -> Option<u64> {
    const MOST_DIGITS: usize = 10;
    let (mut whole, mut nanos, mut unit) = (0_u64, 0_u64, 100_000_000_u64);
    let mut bytes = text.bytes();
    let mut digits = 0;
    for b in bytes.by_ref() {
        match b {
            b'0'..=b'9' if digits < MOST_DIGITS => whole = whole * 10 + u64::from(b - b'0'),
            b'.' if digits > 0 => break,
            _ => return None,
        }
        digits += 1;
    }
    for b in bytes {
        if !b.is_ascii_digit() {
            return None;
        }
        // What is finer than a nanosecond is left out.
        nanos += unit * u64::from(b - b'0');
        unit /= 10;
    }
    (digits > 0).then(|| whole * 1_000_000_000 + nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_logs_are_read() {
        let mut clock = Clock::default();
        let mut at = |text: &str, written| clock.read(text, written);
        let noon = 1_795_776_022_000_000;
        assert_eq!(at("27/Nov/2026:10:40:22 +0000", Written::Clf), Some(noon));
        assert_eq!(at("27/Nov/2026:12:10:22 +0130", Written::Clf), Some(noon));
        assert_eq!(
            at("27/Nov/2026:10:40:22.655", Written::Clf),
            Some(noon + 655_000)
        );
        assert_eq!(at("2026-11-27T10:40:22+00:00", Written::Iso), Some(noon));
        assert_eq!(
            at("2026-11-27T10:40:22.5Z", Written::Iso),
            Some(noon + 500_000)
        );
        assert_eq!(at("1795776022.25", Written::Seconds), Some(noon + 250_000));
        for text in [
            "",
            "27/Foo/2026:10:40:22 +0000",
            "99/Nov/2026:10:40:22 +0000",
            "27/Nov/2026:10:40",
        ] {
            assert_eq!(at(text, Written::Clf), None, "{text}");
        }
        assert_eq!(seconds("0.201"), Some(201_000_000));
        for text in ["", ".", "-1", "1.x", "99999999999", "1e3", "0.12345678é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
