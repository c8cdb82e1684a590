//! Axes: their labels, and where a value lies.

/// Values beyond it lie on the edge: an axis ends at the next power of ten, which must be a number.
const FARTHEST: f64 = 1e300;

/// From values to pixels.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    log: bool,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis for values from `low` to `high`, drawn from pixel `from` to pixel `to`. A linear axis is
    /// widened to round numbers if `round`.
    pub fn new(low: f64, high: f64, log: bool, round: bool, from: i32, to: i32) -> Axis {
        let (mut low, mut high) = if low.is_finite() && high.is_finite() {
            (
                low.clamp(-FARTHEST, FARTHEST),
                high.clamp(-FARTHEST, FARTHEST),
            )
        } else {
            (0.0, 1.0)
        };
        if log {
            low = low.max(1e-6);
            high = high.max(low * 10.0);
            if round {
                low = decade(low, false);
                high = decade(high, true);
            }
        } else {
            if high <= low {
                high = low + if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            }
            if round {
                let step = step(high - low);
                low = (low / step).floor() * step;
                high = (high / step - 1e-9).ceil() * step;
            }
        }
        Axis {
            low,
            high,
            log,
            from: f64::from(from),
            to: f64::from(to),
        }
    }

    /// The pixel of a value; values outside lie on the edge.
    pub fn at(&self, value: f64) -> i32 {
        let share = if self.log {
            let value = value.max(self.low);
            libm::log(value / self.low) / libm::log(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        };
        (self.from + (self.to - self.from) * share.clamp(0.0, 1.0)).round() as i32
    }

    /// Whether a value lies on the axis.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Numbers to stand at the axis.
    pub fn ticks(&self) -> Vec<f64> {
        if !self.log {
            let step = step(self.high - self.low);
            let first = (self.low / step - 1e-9).ceil() as i64;
            let last = (self.high / step + 1e-9).floor() as i64;
            return (first..=last).map(|i| i as f64 * step).collect();
        }
        let mut ticks = Vec::new();
        let mut unit = decade(self.low, false);
        let few = self.high / self.low < 2e3;
        while unit <= self.high * 1.000_001 {
            for factor in if few {
                [1.0, 2.0, 5.0]
            } else {
                [1.0, 1.0, 1.0]
            } {
                let tick = unit * factor;
                let inside = tick >= self.low * 0.999_999 && tick <= self.high * 1.000_001;
                if inside && ticks.last() != Some(&tick) {
                    ticks.push(tick);
                }
            }
            unit *= 10.0;
        }
        ticks
    }
}

/// A step of 1, 2 or 5 times a power of ten that gives about six ticks.
fn step(span: f64) -> f64 {
    let rough = span / 6.0;
    let unit = decade(rough, false);
    [1.0, 2.0, 5.0, 10.0]
        .map(|f| f * unit)
        .into_iter()
        .find(|s| *s >= rough * 0.999)
        .unwrap_or(unit * 10.0)
}

/// The power of ten at or below (or above) a positive value.
fn decade(value: f64, above: bool) -> f64 {
    let exponent = libm::log10(value.max(1e-300));
    let whole = if above {
        (exponent - 1e-9).ceil()
    } else {
        (exponent + 1e-9).floor()
    };
    libm::pow(10.0, whole)
}

/// A number as it stands at an axis: 12,500 or 0.25.
pub fn label(value: f64) -> String {
    let text = format!("{}", format!("{value:.6e}").parse::<f64>().unwrap_or(value));
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |d| ("-", d));
    let (whole, rest) = digits
        .split_once('.')
        .map_or((digits, None), |(w, r)| (w, Some(r)));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    match rest {
        Some(rest) => format!("{sign}{grouped}.{rest}"),
        None => format!("{sign}{grouped}"),
    }
}

/// A value as written, its number cut to four significant digits: `1.037894` is 1.038.
pub fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if text.len() > 6 => {
            let cut = format!("{value:.3e}").parse().unwrap_or(value);
            format!("{cut}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let axis = Axis::new(0.0, 4873.0, false, true, 0, 100);
        assert_eq!(axis.ticks(), [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
        assert_eq!((axis.at(0.0), axis.at(2500.0), axis.at(9e9)), (0, 50, 100));
        let log = Axis::new(3.0, 700.0, true, true, 0, 300);
        assert_eq!(log.ticks()[..4], [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(log.at(10.0), 100);
    }

    /// The next power of ten of the largest number is none.
    #[test]
    fn the_largest_numbers_have_an_axis_that_ends() {
        for (low, high) in [(1.0, 1e308), (f64::MAX, f64::MAX), (-f64::MAX, f64::MAX)] {
            for log in [false, true] {
                let axis = Axis::new(low, high, log, true, 0, 100);
                let ticks = axis.ticks();
                assert!(ticks.len() <= 400, "{low} {high} {log}: {}", ticks.len());
                assert!(ticks.iter().all(|tick| tick.is_finite()));
                assert_eq!(axis.at(f64::MAX), 100);
            }
        }
    }

    #[test]
    fn labels_group_thousands() {
        assert_eq!(label(1_234_567.0), "1,234,567");
        assert_eq!(label(0.1 + 0.2), "0.3");
        assert_eq!(label(-1200.5), "-1,200.5");
        assert_eq!(short("1.03789473684"), "1.038");
        assert_eq!(short("250us"), "250us");
    }
}
