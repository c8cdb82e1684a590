//! One measured number.

use std::fmt;

use super::tool::Made;
use crate::model::threshold::Aggregation;

/// Which number of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stat {
    /// A statistic that k6 has a name for.
    Of(Aggregation),
    /// Non-zero samples of a rate.
    Passes,
    /// Zero samples of a rate.
    Fails,
    /// Iterations that were cut off; the metric's name is `iterations`.
    Interrupted,
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stat::Of(Aggregation::Percentile(p)) => write!(f, "p({p})"),
            Stat::Of(aggregation) => f.write_str(aggregation.method()),
            Stat::Passes => f.write_str("passes"),
            Stat::Fails => f.write_str("fails"),
            Stat::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl Stat {
    /// Reads what `Display` writes.
    ///
    /// # Errors
    /// If it is not a statistic.
    pub fn parse(text: &str) -> Result<Stat, String> {
        Ok(match text {
            "passes" => Stat::Passes,
            "fails" => Stat::Fails,
            "interrupted" => Stat::Interrupted,
            text => Stat::Of(Aggregation::parse(text)?),
        })
    }
}

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Metric, with its tags if it is a sub-metric: `http_req_duration{name:slow}`.
    pub metric: String,
    /// Which number of it.
    pub stat: Stat,
    /// Milliseconds for times, else a plain number.
    pub value: f64,
    /// How far the file's rounding may have moved it, relative to it.
    pub resolution: f64,
    /// The smallest and the largest number that the file may stand for, where its rounding hides more
    /// than 1 % of it or its times are in a unit given; a simulated number between them is not an error.
    pub hidden: Option<(f64, f64)>,
    /// How the tool that printed it makes it of a sample; `None` for k6.
    pub made: Option<Made>,
}

impl Reading {
    /// What a simulated number is compared with: the value, or the nearest that the file may stand for.
    #[must_use]
    pub fn nearest(&self, simulated: f64) -> f64 {
        match self.hidden {
            Some((low, high)) if simulated.is_finite() => simulated.clamp(low, high),
            _ => self.value,
        }
    }

    /// The ends of what the file may stand for, as far as rounding goes.
    pub(super) fn ends(&self) -> (f64, f64) {
        let off = 2.0 * self.resolution * self.value.abs();
        self.hidden.unwrap_or((self.value - off, self.value + off))
    }
}
