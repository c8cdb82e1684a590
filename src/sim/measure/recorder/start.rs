//! An empty record: what model it is for, and what it keeps of the samples, which is decided before the first of them.

use std::collections::BTreeMap;

use super::Recorder;
use crate::measure::histograms::HistogramRecord;
use crate::measure::iteration_times::IterationTimes;
use crate::model::journey::{CustomKind, Expected};
use crate::stats::{Durations, RunLengthVec};

impl Recorder {
    /// An empty record for a model with these numbers of sites, scenarios and checks, and these custom metrics.
    #[must_use]
    pub fn new(sites: usize, scenarios: usize, checks: usize, customs: &[CustomKind]) -> Recorder {
        let origins = scenarios + 2;
        Recorder {
            sites,
            expected: Vec::new(),
            ok: vec![u16::MAX; sites * origins].into(),
            others: BTreeMap::new(),
            series: Vec::new(),
            durations: Durations::new(),
            request_series: RunLengthVec::new(),
            iterations: IterationTimes::default(),
            iteration_origin: RunLengthVec::new(),
            timings: Vec::new(),
            interrupted: 0,
            cut_off: vec![false; origins],
            dropped: vec![0; origins],
            data: vec![(0, 0); origins],
            checks: vec![(0, 0); checks * origins],
            made: vec![0; checks * origins],
            check_count: checks,
            origins,
            check_order: Vec::new(),
            customs: vec![None; customs.len()],
            parts: BTreeMap::new(),
            kinds: customs.to_vec(),
            custom_samples: 0,
            groups: Vec::new(),
            group_labels: Vec::new(),
            log: None,
            tallies: None,
            plain: true,
            setup: None,
            teardown: None,
            vus: None,
            vus_max: None,
        }
    }

    /// The statuses that each site expects, if some site does not expect the usual ones. Before anything is recorded.
    pub fn expect(&mut self, by_site: Vec<Expected>) {
        self.expected = by_site;
    }

    /// Keeps all samples in their order, too. To be called before the first sample.
    pub fn keep_log(&mut self) {
        (self.log, self.tallies, self.plain) = (Some(Vec::new()), None, false);
    }

    /// Counts samples in histograms instead of keeping them. To be called before the first sample.
    pub fn keep_tallies(&mut self) {
        let tallies = Box::new(HistogramRecord::new(self.origins));
        (self.log, self.tallies, self.plain) = (None, Some(tallies), false);
    }

    /// Keeps samples in the arrays, whatever was asked for. To be called before the first sample.
    pub fn keep_samples(&mut self) {
        (self.tallies, self.plain) = (None, self.log.is_none());
    }
}
