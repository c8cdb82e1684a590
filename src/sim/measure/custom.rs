//! Samples of a model's own metrics.

use super::labels::SampleTags;
use crate::model::journey::CustomKind;
use crate::stats::NumberHistogram;

/// A custom metric's samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Custom {
    /// Sum.
    Counter(f64),
    /// Last, smallest, largest; `None` before the first sample.
    Gauge(Option<(f64, f64, f64)>),
    /// Non-zero and zero samples.
    Rate(u64, u64),
    /// Every value, and who made it.
    Trend(Vec<f64>, Vec<SampleTags>),
    /// A trend whose values are counted instead of kept.
    Counted(NumberHistogram),
}

impl Custom {
    pub(super) fn new(kind: CustomKind, tallied: bool) -> Custom {
        match kind {
            CustomKind::Counter => Custom::Counter(0.0),
            CustomKind::Gauge => Custom::Gauge(None),
            CustomKind::Rate => Custom::Rate(0, 0),
            CustomKind::Trend | CustomKind::TrendTime if tallied => {
                Custom::Counted(NumberHistogram::default())
            }
            CustomKind::Trend | CustomKind::TrendTime => Custom::Trend(Vec::new(), Vec::new()),
        }
    }

    /// The sum of a counter; 0 for other kinds.
    #[must_use]
    pub fn sum(&self) -> f64 {
        match self {
            Custom::Counter(sum) => *sum,
            _ => 0.0,
        }
    }

    /// Non-zero and zero samples of a rate; none for other kinds.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        match self {
            Custom::Rate(passes, fails) => (*passes, *fails),
            _ => (0, 0),
        }
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, label: SampleTags, value: f64) {
        match self {
            Custom::Counter(sum) => *sum += value,
            Custom::Gauge(gauge) => {
                let (_, min, max) = gauge.unwrap_or((value, value, value));
                *gauge = Some((value, min.min(value), max.max(value)));
            }
            Custom::Rate(passes, fails) => {
                if value == 0.0 {
                    *fails += 1;
                } else {
                    *passes += 1;
                }
            }
            Custom::Trend(values, labels) => {
                values.push(value);
                labels.push(label);
            }
            Custom::Counted(values) => values.record(value),
        }
    }
}

/// What those with one label did to a custom metric other than a trend whose values are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledMetric {
    /// Their samples alone.
    pub samples: Custom,
    /// Tells which label's sample came last.
    pub last: u64,
}
