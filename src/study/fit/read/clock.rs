//! When a sample was taken, as k6 writes it, and the samples that lie in a window.

use super::ReadError;
use crate::world::window::Window;

/// The latest time that can be told from one in a finer unit: seconds up to the year 5138.
const LATEST_SECONDS: f64 = 1e11;

/// How the times of a file are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Clock {
    /// In this many nanoseconds since 1970.
    Unit(f64),
    /// As RFC 3339, or as a number since 1970 whose size tells the unit: k6's `timestamp`.
    Any,
}

impl Clock {
    /// The clock of a column of a CSV, if it is one.
    pub fn of_column(name: &str) -> Option<Clock> {
        Some(match name {
            "timestamp" => Clock::Any,
            "timestamp_s" => Clock::Unit(1e9),
            "timestamp_ms" => Clock::Unit(1e6),
            "timestamp_us" => Clock::Unit(1e3),
            "timestamp_ns" => Clock::Unit(1.0),
            _ => return None,
        })
    }

    /// Nanoseconds since 1970, and the unit of the text in nanoseconds.
    pub fn read(self, at: &str, text: &str) -> Result<(i128, f64), ReadError> {
        let text = text.trim();
        let fail = || {
            let message = format!("`{text}` is not a time of a sample");
            ReadError::new(at, message, "use the file as k6 wrote it")
        };
        let in_unit = |unit: f64| -> Result<(i128, f64), ReadError> {
            // Whole numbers stay exact.
            if let Ok(whole) = text.parse::<i64>() {
                return Ok((i128::from(whole) * unit as i128, unit));
            }
            let number: f64 = text.parse().map_err(|_| fail())?;
            let ns = number * unit;
            let sound = number.is_finite() && ns.abs() < 9e18;
            sound.then_some((ns as i128, 1e3)).ok_or_else(fail)
        };
        match (self, text.parse::<f64>()) {
            (Clock::Unit(unit), _) => in_unit(unit),
            (Clock::Any, Ok(number)) => {
                let units = [1e9, 1e6, 1e3];
                let fits = |unit: &f64| number.abs() < LATEST_SECONDS * (1e9 / unit);
                in_unit(units.into_iter().find(fits).unwrap_or(1.0))
            }
            (Clock::Any, Err(_)) => {
                let time: jiff::Timestamp = text.parse().map_err(|_| fail())?;
                let unit = if text.contains('.') { 1.0 } else { 1e9 };
                Ok((time.as_nanosecond(), unit))
            }
        }
    }
}

/// Looks for the begin of the first request while samples are read, then tells which ones lie inside.
#[derive(Debug)]
pub(super) struct Cut {
    pub window: Window,
    /// Begin of the first request, in nanoseconds since 1970.
    first: Option<i128>,
    /// The finest unit of the times read, in nanoseconds.
    unit: f64,
}

impl Cut {
    pub fn new(window: Window) -> Cut {
        Cut {
            window,
            first: None,
            unit: f64::INFINITY,
        }
    }

    /// A time was read; a request that ended then took this number of milliseconds.
    pub fn saw(&mut self, end: i128, unit: f64, request_ms: Option<f64>) {
        self.unit = self.unit.min(unit);
        if let Some(ms) = request_ms {
            // A time in whole seconds is rounded down: the begin cannot be known any better.
            let begin = if unit >= 1e9 {
                end
            } else {
                end - (ms * 1e6) as i128
            };
            self.first = Some(self.first.map_or(begin, |first| first.min(begin)));
        }
    }

    /// Whether something that ended then lies in the window.
    pub fn holds(&self, end: i128) -> bool {
        let since = end - self.first.unwrap_or(0);
        since >= i128::from(self.window.from.0) && since < i128::from(self.window.to.0)
    }

    /// What a reader of results should know of the times.
    pub fn coarse(&self) -> bool {
        self.unit >= 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        let ns = |text: &str| Clock::Any.read("", text).unwrap();
        assert_eq!(ns("1795357308"), (1_795_357_308_000_000_000, 1e9));
        assert_eq!(ns("1795357308911"), (1_795_357_308_911_000_000, 1e6));
        assert_eq!(ns("1795357308911950"), (1_795_357_308_911_950_000, 1e3));
        assert_eq!(ns("1795357308911950123"), (1_795_357_308_911_950_123, 1.0));
        assert_eq!(
            ns("2026-11-22T14:21:48.911950+00:00").0,
            ns("1795357308911950").0
        );
        assert_eq!(ns("2026-11-22T15:21:48+01:00"), ns("1795357308"));
        let us = Clock::of_column("timestamp_us").unwrap();
        assert_eq!(
            us.read("", "1795357308911950").unwrap().0,
            ns("1795357308911950").0
        );
        for wrong in ["", "soon", "NaN", "1e300"] {
            assert!(Clock::Any.read("line 2", wrong).is_err(), "{wrong}");
        }
    }
}
