//! What happens on the load side, recorded as it happens: flat arrays and counters, no allocation per
//! event but the growth of the arrays. Statistics are made after the run.

use std::collections::BTreeMap;

use crate::engine::Span;
use crate::model::journey::{CheckId, CustomKind, MetricId, SiteId};

/// Who made a sample: setup, teardown or one of the scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(pub u16);

impl Origin {
    /// The setup function.
    pub const SETUP: Origin = Origin(0);
    /// The teardown function.
    pub const TEARDOWN: Origin = Origin(1);

    /// The scenario with this index.
    #[must_use]
    pub fn scenario(index: usize) -> Origin {
        Origin(index as u16 + 2)
    }

    /// The index of the scenario, if it is one.
    #[must_use]
    pub fn as_scenario(self) -> Option<usize> {
        (self.0 as usize).checked_sub(2)
    }
}

/// How a request ended: an HTTP status, or a k6 error code above 1000 that stands for status 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub u16);

impl Code {
    /// 200.
    pub const OK: Code = Code(200);
    /// k6's `dial: connection refused`: status 0, error code 1212.
    pub const REFUSED: Code = Code(1212);
    /// k6's `request timeout`: status 0, error code 1050.
    pub const TIMEOUT: Code = Code(1050);

    /// The HTTP status; 0 without an answer.
    #[must_use]
    pub fn status(self) -> u16 {
        if self.0 >= 1000 { 0 } else { self.0 }
    }

    /// k6's default response callback: 200 to 399 is expected.
    #[inline]
    #[must_use]
    pub fn is_expected(self) -> bool {
        (200..400).contains(&self.0)
    }

    /// k6's error code: 1000 + status from 400 on, 0 for none.
    #[must_use]
    pub fn error_code(self) -> u16 {
        match self.0 {
            0..400 => 0,
            400..1000 => 1000 + self.0,
            code => code,
        }
    }
}

/// All requests that have the same tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Who sent them.
    pub origin: Origin,
    /// From which place of a journey.
    pub site: SiteId,
    /// How they ended.
    pub code: Code,
}

/// A custom metric's samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Custom {
    /// Sum.
    Counter(f64),
    /// Last, smallest, largest; `None` before the first sample.
    Gauge(Option<(f64, f64, f64)>),
    /// Non-zero and zero samples.
    Rate(u64, u64),
    /// Every value.
    Trend(Vec<f64>),
}

/// Everything recorded in a run.
#[derive(Clone, Debug)]
pub struct Recorder {
    sites: usize,
    /// Series with code 200, by origin × site; `u16::MAX` where there is none yet.
    ok: Vec<u16>,
    others: BTreeMap<(Origin, u16, Code), u16>,
    /// All series, in the order of their first sample.
    pub series: Vec<Series>,
    /// Durations of all requests in nanoseconds, in the order in which they ended.
    pub durations: Vec<u64>,
    /// Index into `series` of each request.
    pub request_series: Vec<u16>,
    /// Durations of complete iterations in nanoseconds, in the order in which they ended.
    pub iterations: Vec<u64>,
    /// Who made each iteration.
    pub iteration_origin: Vec<Origin>,
    /// Iterations cut off before their end.
    pub interrupted: u64,
    /// Starts that found no VU.
    pub dropped: u64,
    /// Passes and fails of each check, in the order of `Model::checks`, by origin.
    pub checks: Vec<(u64, u64)>,
    origins: usize,
    /// Order in which checks were first made.
    pub check_order: Vec<CheckId>,
    /// Samples of custom metrics, in the order of `Model::metrics`.
    pub customs: Vec<Custom>,
    /// Durations of groups in nanoseconds.
    pub groups: Vec<u64>,
    /// Length of setup and teardown, once over.
    pub setup: Option<Span>,
    /// Length of teardown.
    pub teardown: Option<Span>,
    /// k6's `vus` gauge: last, smallest, largest of the one-second samples.
    pub vus: Option<(u64, u64, u64)>,
    /// k6's `vus_max` gauge.
    pub vus_max: Option<(u64, u64, u64)>,
}

impl Recorder {
    /// An empty record for a model with so many sites, scenarios, checks and these custom metrics.
    #[must_use]
    pub fn new(sites: usize, scenarios: usize, checks: usize, customs: &[CustomKind]) -> Recorder {
        let origins = scenarios + 2;
        Recorder {
            sites,
            ok: vec![u16::MAX; sites * origins],
            others: BTreeMap::new(),
            series: Vec::new(),
            durations: Vec::new(),
            request_series: Vec::new(),
            iterations: Vec::new(),
            iteration_origin: Vec::new(),
            interrupted: 0,
            dropped: 0,
            checks: vec![(0, 0); checks * origins],
            origins,
            check_order: Vec::new(),
            customs: customs
                .iter()
                .map(|kind| match kind {
                    CustomKind::Counter => Custom::Counter(0.0),
                    CustomKind::Gauge => Custom::Gauge(None),
                    CustomKind::Rate => Custom::Rate(0, 0),
                    CustomKind::Trend | CustomKind::TrendTime => Custom::Trend(Vec::new()),
                })
                .collect(),
            groups: Vec::new(),
            setup: None,
            teardown: None,
            vus: None,
            vus_max: None,
        }
    }

    /// A request ended.
    #[inline]
    pub fn request(&mut self, origin: Origin, site: SiteId, code: Code, duration: Span) {
        let at = origin.0 as usize * self.sites + site.index();
        let mut series = if code == Code::OK {
            self.ok[at]
        } else {
            u16::MAX
        };
        if series == u16::MAX {
            series = self.find_series(origin, site, code);
        }
        self.durations.push(duration.0);
        self.request_series.push(series);
    }

    #[cold]
    fn find_series(&mut self, origin: Origin, site: SiteId, code: Code) -> u16 {
        let next = self.series.len() as u16;
        let series = *self.others.entry((origin, site.0, code)).or_insert(next);
        if series == next {
            self.series.push(Series { origin, site, code });
        }
        if code == Code::OK {
            self.ok[origin.0 as usize * self.sites + site.index()] = series;
        }
        series
    }

    /// An iteration came to its end.
    #[inline]
    pub fn iteration(&mut self, origin: Origin, duration: Span) {
        match origin {
            Origin::SETUP => self.setup = Some(duration),
            Origin::TEARDOWN => self.teardown = Some(duration),
            _ => {
                self.iterations.push(duration.0);
                self.iteration_origin.push(origin);
            }
        }
    }

    /// One sample of a check.
    #[inline]
    pub fn check(&mut self, origin: Origin, check: CheckId, passed: bool) {
        let (passes, fails) = &mut self.checks[check.index() * self.origins + origin.0 as usize];
        if *passes + *fails == 0 && !self.check_order.contains(&check) {
            self.check_order.push(check);
        }
        if passed {
            *passes += 1;
        } else {
            *fails += 1;
        }
    }

    /// Passes and fails of a check made by one origin.
    #[must_use]
    pub fn check_of(&self, check: CheckId, origin: Origin) -> (u64, u64) {
        self.checks[check.index() * self.origins + origin.0 as usize]
    }

    /// All origins of this run.
    pub fn origins(&self) -> impl Iterator<Item = Origin> + use<> {
        (0..self.origins as u16).map(Origin)
    }

    /// One sample of a custom metric. k6 drops samples that are not numbers.
    pub fn custom(&mut self, metric: MetricId, value: f64) {
        if value.is_nan() {
            return;
        }
        match &mut self.customs[metric.index()] {
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
            Custom::Trend(values) => values.push(value),
        }
    }

    /// k6's one-second sample of its VUs.
    pub fn sample_vus(&mut self, active: u64, initialised: u64) {
        for (gauge, value) in [(&mut self.vus, active), (&mut self.vus_max, initialised)] {
            let (_, min, max) = gauge.unwrap_or((value, value, value));
            *gauge = Some((value, min.min(value), max.max(value)));
        }
    }
}
