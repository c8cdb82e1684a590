//! What a run measured, as data: the metrics, checks and verdicts that k6 prints at the end.
//!
//! The world fills it, the reports render it, the recordings of the real k6 are fed through it.

pub use crate::model::metric_name::Contains;
use crate::model::threshold::Aggregation;

/// Everything an end-of-test summary shows.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The root group: checks and sub-groups in the order of first occurrence.
    pub root: Group,
    /// The checks of all groups in the order of first occurrence; those of one name are counted together.
    pub checks: Vec<CheckCount>,
    /// All metrics that were observed or are named in a threshold, sub-metrics included, any order.
    pub metrics: Vec<Metric>,
    /// k6's testRunDuration in seconds: setup, graceful periods and teardown included.
    pub duration: f64,
    /// The same for each group and scenario; only the full summary shows them.
    pub sections: Sections,
    /// From how many milliseconds on a request is one of the slowest 1 %: the p(99) of at least 100, if the run has
    /// kept what slow requests did.
    pub slow_from: Option<f64>,
}

/// The parts of a run that the full summary of k6 1.0 and later shows by themselves.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    /// Groups opened outside named scenarios (in scenario `default`, in setup or in teardown), in
    /// the order of first occurrence.
    pub groups: Vec<Section>,
    /// Scenarios, any order.
    pub scenarios: Vec<Section>,
}

/// What happened inside one group or scenario.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Name of the group or scenario.
    pub name: String,
    /// Checks in the order of first occurrence: of a group those made directly in it, of a scenario
    /// all that it made.
    pub checks: Vec<CheckCount>,
    /// Metrics that got a sample here: of a group only those made directly in it.
    pub metrics: Vec<Metric>,
    /// Groups opened directly inside, in the order of first occurrence.
    pub groups: Vec<Section>,
}

/// A k6 group: a name, its checks and its sub-groups. The root's name is empty.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Name as written in the script; empty for the root.
    pub name: String,
    /// Checks made directly in this group, in the order of first occurrence.
    pub checks: Vec<CheckCount>,
    /// Groups opened directly in this group.
    pub groups: Vec<Group>,
}

/// How often a check passed and failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckCount {
    /// Name of the check.
    pub name: String,
    /// Samples that were true.
    pub passes: u64,
    /// Samples that were false.
    pub fails: u64,
}

/// One metric or sub-metric with its values and verdicts.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Full name; a sub-metric has its tags as written: `http_req_duration{name:reserve}`.
    pub name: String,
    /// What the numbers are of: decides how they are formatted.
    pub contains: Contains,
    /// The aggregated values.
    pub values: Values,
    /// Verdicts of this metric's thresholds, in the order written.
    pub thresholds: Vec<Verdict>,
}

/// Aggregated values of one metric, by k6's four types.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// A sum, and the sum per second of the whole run.
    Counter {
        /// The sum of all samples.
        count: f64,
        /// `count` divided by the run's duration in seconds.
        rate: f64,
    },
    /// The last, smallest and largest value.
    Gauge {
        /// Last value.
        value: f64,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// How many samples were non-zero.
    Rate {
        /// Non-zero samples.
        passes: u64,
        /// Zero samples.
        fails: u64,
    },
    /// Statistics of a distribution; milliseconds where the metric contains time.
    Trend {
        /// Number of samples.
        count: u64,
        /// Each statistic that the summary or a threshold asks for.
        stats: Vec<(Aggregation, f64)>,
    },
}

impl Values {
    /// Share of non-zero samples of a rate; 0 without samples. `None` for the other types.
    #[must_use]
    pub fn rate_share(&self) -> Option<f64> {
        match *self {
            Values::Rate { passes, fails } if passes + fails > 0 => {
                Some(passes as f64 / (passes + fails) as f64)
            }
            Values::Rate { .. } => Some(0.0),
            _ => None,
        }
    }

    /// The value of one statistic of a trend, if it was computed.
    #[must_use]
    pub fn stat(&self, wanted: Aggregation) -> Option<f64> {
        match self {
            Values::Trend { stats, .. } => {
                stats.iter().find(|(s, _)| *s == wanted).map(|&(_, v)| v)
            }
            _ => None,
        }
    }
}

/// The verdict of one threshold expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The expression as written.
    pub expression: String,
    /// Whether it held.
    pub passed: bool,
}
