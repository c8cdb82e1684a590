//! What one run measured: its numbers as they are collected, and the checks that they could be those of one run.

use super::error::ReadError;
use super::is_part_of_request;
use super::reading::{Reading, Stat};
use crate::model::metric_name::{MetricName, find_builtin};
use crate::model::threshold::Aggregation;
use crate::world::window::Window;

/// What one run measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Which form the file had.
    pub form: &'static str,
    /// All numbers, in the order of the file.
    pub readings: Vec<Reading>,
    /// Those of the parts of a request's time, as far as a summary has them.
    pub parts: Vec<Reading>,
    /// The most VUs at once, if the file says so: those that k6 initialised, which are at work at the
    /// peak of loops.
    pub peak_vus: Option<f64>,
    /// Whether that is only the largest of samples, one a second, of the VUs at work.
    pub vus_sampled: bool,
    /// Whether the file says that no iteration ended, nor was cut off.
    pub(super) nothing_ran: bool,
    /// Length of the run in seconds, if the file says so.
    pub duration: Option<f64>,
    /// The part of the run that the numbers are of; `None` for all of it.
    pub window: Option<Window>,
    /// Whether the window's edges are only known to a second, as the file's times are.
    pub coarse: bool,
    /// What a reader of a comparison should know of the file.
    pub said: Vec<String>,
}

impl Measured {
    pub(super) fn new(form: &'static str) -> Measured {
        Measured {
            form,
            ..Measured::default()
        }
    }

    /// Keeps a number that is one; `at` tells where it stands.
    pub(super) fn push(
        &mut self,
        at: &str,
        metric: &str,
        stat: Stat,
        value: f64,
        resolution: f64,
    ) -> Result<(), ReadError> {
        sound(at, metric, value)?;
        let counts = matches!(stat, Stat::Passes | Stat::Fails | Stat::Interrupted);
        if counts && value < 0.0 {
            return Err(negative(at, metric, value));
        }
        let share = matches!(metric, "http_req_failed" | "checks");
        if stat == Stat::Of(Aggregation::Rate) && share && value > 1.0 {
            return Err(ReadError::new(
                at,
                format!("a share of {value} is above 1"),
                "",
            ));
        }
        let list = match is_part_of_request(metric) {
            true => &mut self.parts,
            false => &mut self.readings,
        };
        list.push(Reading {
            metric: metric.to_string(),
            stat,
            value,
            resolution,
            hidden: None,
            made: None,
        });
        Ok(())
    }

    /// As [`Measured::push`], of a number of which only the ends are known; `rounded` if its middle is no
    /// better than these.
    pub(super) fn push_rounded(
        &mut self,
        at: &str,
        metric: &str,
        stat: Stat,
        value: f64,
        ((low, high), rounded): ((f64, f64), bool),
    ) -> Result<(), ReadError> {
        let coarse = high - low > 0.01 * value.abs() || rounded && high > low;
        let resolution = match coarse || value == 0.0 {
            true => 0.0,
            false => (high - low) / value.abs(),
        };
        self.push(at, metric, stat, value, resolution)?;
        let list = match is_part_of_request(metric) {
            true => &mut self.parts,
            false => &mut self.readings,
        };
        if let (true, Some(last)) = (coarse, list.last_mut()) {
            last.hidden = Some((low, high));
        }
        Ok(())
    }

    /// The value of a number, if the run has it.
    #[must_use]
    pub fn value(&self, metric: &str, stat: Stat) -> Option<f64> {
        let found = self
            .readings
            .iter()
            .find(|r| r.metric == metric && r.stat == stat);
        found.map(|r| r.value)
    }

    /// How long the run lasted in seconds: as the file says, else a count over its rate.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        let counted = |metric: &str| {
            let count = self.value(metric, Stat::Of(Aggregation::Count))?;
            let rate = self.value(metric, Stat::Of(Aggregation::Rate))?;
            (count > 0.0 && rate > 0.0).then(|| count / rate)
        };
        self.duration
            .or_else(|| counted("iterations"))
            .or_else(|| counted("http_reqs"))
    }

    /// Whether an iteration or a request was measured. A setup alone has a duration of an iteration, too,
    /// in some versions of k6.
    pub(super) fn measured_anything(&self) -> bool {
        let of_setup = |r: &Reading| {
            self.peak_vus.is_some()
                && (r.metric.starts_with("iteration_duration")
                    || r.metric.starts_with("group_duration"))
        };
        let mut evidence = self.readings.iter().filter(|r| !of_setup(r));
        evidence.any(|r| r.value != 0.0) && !self.nothing_ran
    }

    /// The statistics of a trend must stand in their order: if they do not, units were mixed or the
    /// file was edited.
    pub(super) fn check_order(&self) -> Result<(), ReadError> {
        for r in &self.readings {
            let Some(own) = rank(r.stat) else {
                continue;
            };
            for other in self.readings.iter().filter(|o| o.metric == r.metric) {
                let above = rank(other.stat).is_some_and(|o| o > own);
                let (low, high) = (r.ends().0, other.ends().1);
                if above && low > high + 1e-9 * high.abs() {
                    return Err(ReadError::new(
                        &r.metric,
                        format!(
                            "{}={} is above {}={}: units seem to be mixed",
                            r.stat, r.value, other.stat, other.value
                        ),
                        "use the file as k6 wrote it",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Where a statistic stands among the percentiles.
fn rank(stat: Stat) -> Option<f64> {
    match stat {
        Stat::Of(Aggregation::Min) => Some(0.0),
        Stat::Of(Aggregation::Med) => Some(50.0),
        Stat::Of(Aggregation::Percentile(p)) => Some(p),
        Stat::Of(Aggregation::Max) => Some(100.0),
        _ => None,
    }
}

/// A number must be finite and, unless it is of the script's own, not below zero: all else counts or takes
/// time.
pub(super) fn sound(at: &str, metric: &str, value: f64) -> Result<(), ReadError> {
    if !value.is_finite() {
        return Err(ReadError::new(
            at,
            format!("`{metric}` is {value}, no finite number"),
            "",
        ));
    }
    let own = MetricName::parse(metric).is_ok_and(|name| find_builtin(name.metric()).is_none());
    match value < 0.0 && !own {
        true => Err(negative(at, metric, value)),
        false => Ok(()),
    }
}

fn negative(at: &str, metric: &str, value: f64) -> ReadError {
    let message = format!("`{metric}` is {value}; a time or a count is never negative");
    ReadError::new(at, message, "use the file as k6 wrote it")
}
