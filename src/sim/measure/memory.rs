//! The memory of a record that is no longer needed, for the next run: getting pages from the system costs a tenth of a run.

use super::iteration_times::IterationTimes;
use super::recorder::{Recorder, SampleSource, Timings};
use crate::stats::{Durations, RunLengthVec};

/// The memory of a record that is no longer needed.
#[derive(Debug, Default)]
pub struct Memory {
    durations: Durations,
    request_series: RunLengthVec<u16>,
    iterations: Durations,
    iteration_origin: RunLengthVec<SampleSource>,
    timings: Vec<Timings>,
}

impl Recorder {
    /// Takes over the memory of an older record, not its content.
    pub fn reuse(&mut self, mut memory: Memory) {
        memory.durations.clear();
        memory.request_series.clear();
        memory.iteration_origin.clear();
        memory.timings.clear();
        self.durations = memory.durations;
        self.request_series = memory.request_series;
        self.iterations = IterationTimes::reusing(memory.iterations);
        self.iteration_origin = memory.iteration_origin;
        self.timings = memory.timings;
    }

    /// The record is no longer needed: its memory.
    #[must_use]
    pub fn into_memory(self) -> Memory {
        Memory {
            durations: self.durations,
            request_series: self.request_series,
            iterations: self.iterations.into_memory(),
            iteration_origin: self.iteration_origin,
            timings: self.timings,
        }
    }
}
