//! All samples of a run in the order in which they were made, for k6's `--out`. Kept only on request.

use super::recorder::{SampleSource, SampleTags};
use crate::engine::{Span, Time};
use crate::model::journey::{CheckId, MetricId};

/// A sample and its instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Virtual time.
    pub at: Time,
    /// What was measured.
    pub sample: Sample,
}

/// What was measured: one sample of k6's, or all that k6 makes of one happening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// A request ended: its place among all requests of the recorder.
    Request(u32),
    /// An iteration, setup or teardown came to its end.
    Iteration {
        /// Whose.
        origin: SampleSource,
        /// How long it took.
        duration: Span,
    },
    /// What an iteration, setup or teardown sent and received, told at its end.
    Data {
        /// Whose.
        origin: SampleSource,
        /// Bytes.
        sent: u64,
        /// Bytes.
        received: u64,
    },
    /// A group came to its end.
    Group {
        /// Whose, and which.
        label: SampleTags,
        /// How long it took.
        duration: Span,
    },
    /// A check was made.
    Check {
        /// By whom.
        origin: SampleSource,
        /// Which.
        check: CheckId,
        /// Its result.
        passed: bool,
    },
    /// A sample of a custom metric.
    Custom {
        /// Which.
        metric: MetricId,
        /// By whom, and where.
        label: SampleTags,
        /// The sample.
        value: f64,
    },
    /// k6's one-second sample of its VUs.
    Vus {
        /// Running an iteration.
        active: u64,
        /// Existing.
        initialised: u64,
    },
    /// Starts that found no VU.
    Dropped {
        /// Whose.
        origin: SampleSource,
        /// How many.
        count: u64,
    },
}
