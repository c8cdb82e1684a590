//! The record of the load side: flat arrays and counters, no allocation per event but the growth of the arrays.
//! Statistics are made after the run.

mod start;

use std::collections::BTreeMap;

use crate::engine::table::Table;
use crate::engine::{Span, Time};
use crate::model::journey::{CheckId, CustomKind, Expected, MetricId, SiteId};
use crate::stats::{Durations, RunLengthVec};

use super::histograms::HistogramRecord;
use super::iteration_times::IterationTimes;
use super::log::{Entry, Sample};

pub use super::custom::{Custom, LabelledMetric};
pub use super::labels::{ResponseCode, SampleSource, SampleTags, Series, TimingOf, Timings};
pub use super::memory::Memory;

/// Everything recorded in a run.
#[derive(Clone, Debug)]
pub struct Recorder {
    sites: usize,
    /// By site, the statuses that it expects where it says so; empty where no site does.
    expected: Vec<Expected>,
    /// Series with code 200, by origin × site; `u16::MAX` where there is none yet.
    ok: Table<u16>,
    others: BTreeMap<(SampleSource, u16, ResponseCode), u16>,
    /// All series, in the order of their first sample.
    pub series: Vec<Series>,
    /// Durations of all requests in nanoseconds, in the order in which they ended.
    pub durations: Durations,
    /// Index into `series` of each request.
    pub request_series: RunLengthVec<u16>,
    /// Durations of complete iterations in nanoseconds, in the order in which they ended.
    pub iterations: IterationTimes,
    /// Who made each iteration.
    pub iteration_origin: RunLengthVec<SampleSource>,
    /// The parts of each request's time; empty where no network is modelled, for all of it is
    /// waiting then.
    pub timings: Vec<Timings>,
    /// Iterations cut off before their end.
    pub interrupted: u64,
    /// Who was cut off at least once, by origin.
    pub cut_off: Vec<bool>,
    /// Starts that found no VU, by origin.
    pub dropped: Vec<u64>,
    /// Bytes sent and received, by origin.
    pub data: Vec<(u64, u64)>,
    /// Passes and fails by origin, and of each check in the order of `Model::checks`.
    pub checks: Vec<(u64, u64)>,
    /// How many checks with consecutive ids, from each of these on, were made at once.
    made: Vec<u16>,
    check_count: usize,
    origins: usize,
    /// Order in which checks were first made.
    pub check_order: Vec<CheckId>,
    /// Samples of custom metrics, in the order of `Model::metrics`; `None` before the first.
    pub customs: Vec<Option<Custom>>,
    /// The same by label, but for trends whose values are kept: they carry their labels.
    pub parts: BTreeMap<(MetricId, SampleTags), LabelledMetric>,
    kinds: Vec<CustomKind>,
    custom_samples: u64,
    /// Durations of groups in nanoseconds.
    pub groups: Vec<u64>,
    /// Whose, and of which group, each of them is.
    pub group_labels: Vec<SampleTags>,
    /// All samples in their order, if they were asked for.
    pub log: Option<Vec<Entry>>,
    /// Histograms, if samples are counted instead of kept: the arrays of samples above stay empty then.
    pub tallies: Option<Box<HistogramRecord>>,
    /// Whether samples go into the arrays alone: neither into a log nor into histograms.
    plain: bool,
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
    /// Notes a sample if samples are asked for.
    #[inline]
    fn note(&mut self, now: Time, sample: Sample) {
        if let Some(log) = &mut self.log {
            log.push(Entry { at: now, sample });
        }
    }

    /// A request ended, where no network is modelled.
    #[inline(always)]
    pub fn request(
        &mut self,
        now: Time,
        origin: SampleSource,
        site: SiteId,
        code: ResponseCode,
        waited: Span,
    ) {
        let series = self.series_of(origin, site, code);
        // Mostly there is no more to do than to write one number.
        let quick = self.plain && self.request_series.repeats(series);
        if quick && self.durations.push_quickly(waited.0) {
            self.request_series.push_again();
        } else {
            self.request_otherwise(now, series, waited);
        }
    }

    #[inline(never)]
    fn request_otherwise(&mut self, now: Time, series: u16, waited: Span) {
        if !self.plain && self.tally_or_log_request(now, series, waited) {
            return;
        }
        self.durations.push(waited.0);
        self.request_series.push(series);
    }

    /// The number of a series: its place in `series`. A request of it is to be recorded at once, for series
    /// are in the order of their first samples.
    #[inline(always)]
    fn series_of(&mut self, origin: SampleSource, site: SiteId, code: ResponseCode) -> u16 {
        let at = origin.0 as usize * self.sites + site.index();
        let mut series = if code == ResponseCode::OK {
            self.ok[at]
        } else {
            u16::MAX
        };
        if series == u16::MAX {
            series = self.find_series(origin, site, code);
        }
        series
    }

    /// Returns whether the request is counted, and not to be kept.
    #[cold]
    fn tally_or_log_request(&mut self, now: Time, series: u16, waited: Span) -> bool {
        if let Some(tallies) = &mut self.tallies {
            tallies.request(series, waited);
            return true;
        }
        self.note(now, Sample::Request(self.durations.len() as u32));
        false
    }

    /// A request ended, where a network is modelled.
    pub fn timed_request(
        &mut self,
        now: Time,
        (origin, site, code): (SampleSource, SiteId, ResponseCode),
        timings: Timings,
    ) {
        self.request(now, origin, site, code, timings.duration());
        let series = self.series_of(origin, site, code);
        match &mut self.tallies {
            Some(tallies) => tallies.timings(series, &timings),
            None => self.timings.push(timings),
        }
    }

    /// The parts of the time of a request, by its place among all.
    #[must_use]
    pub fn timings_of(&self, request: usize) -> Timings {
        self.timings.get(request).copied().unwrap_or(Timings {
            waiting: self.durations.get(request).unwrap_or(0),
            ..Timings::default()
        })
    }

    /// Bytes that an iteration, setup or teardown has sent and received, told at its end.
    pub fn data(&mut self, now: Time, origin: SampleSource, sent: u64, received: u64) {
        let total = &mut self.data[origin.0 as usize];
        total.0 += sent;
        total.1 += received;
        let sample = Sample::Data {
            origin,
            sent,
            received,
        };
        self.note(now, sample);
    }

    /// Starts that found no VU.
    pub fn drop_starts(&mut self, now: Time, origin: SampleSource, count: u64) {
        self.dropped[origin.0 as usize] += count;
        self.note(now, Sample::Dropped { origin, count });
    }

    /// A group came to its end.
    pub fn group(&mut self, now: Time, label: SampleTags, duration: Span) {
        if let Some(tallies) = &mut self.tallies {
            return tallies.group(label, duration);
        }
        self.groups.push(duration.0);
        self.group_labels.push(label);
        self.note(now, Sample::Group { label, duration });
    }

    #[cold]
    fn find_series(&mut self, origin: SampleSource, site: SiteId, code: ResponseCode) -> u16 {
        let next = self.series.len() as u16;
        let series = *self.others.entry((origin, site.0, code)).or_insert(next);
        if series == next {
            let own = self.expected.get(site.index());
            self.series.push(Series {
                origin,
                site,
                code,
                expected: own.unwrap_or(&Expected::Usual).judge(code.status()),
            });
        }
        if code == ResponseCode::OK {
            self.ok[origin.0 as usize * self.sites + site.index()] = series;
        }
        series
    }

    /// An iteration of a scenario came to its end.
    #[inline(always)]
    pub fn iteration(&mut self, now: Time, origin: SampleSource, duration: Span) {
        let quick = self.plain && self.iteration_origin.repeats(origin);
        if quick && self.iterations.push_quickly(duration.0, &self.durations) {
            self.iteration_origin.push_again();
        } else {
            self.iteration_otherwise(now, origin, duration);
        }
    }

    #[inline(never)]
    fn iteration_otherwise(&mut self, now: Time, origin: SampleSource, duration: Span) {
        if !self.plain && self.tally_or_log_iteration(now, origin, duration) {
            return;
        }
        self.iterations.push(duration.0, &self.durations);
        self.iteration_origin.push(origin);
    }

    /// Returns whether the iteration is counted, and not to be kept.
    #[cold]
    fn tally_or_log_iteration(&mut self, now: Time, origin: SampleSource, duration: Span) -> bool {
        if let Some(tallies) = &mut self.tallies {
            tallies.iteration(origin, duration);
            return true;
        }
        self.note(now, Sample::Iteration { origin, duration });
        false
    }

    /// An iteration, setup or teardown was cut off. k6 counts the iterations of scenarios alone.
    pub fn cut_off(&mut self, origin: SampleSource) {
        self.cut_off[origin.0 as usize] = true;
        self.interrupted += u64::from(origin.as_scenario().is_some());
    }

    /// Setup or teardown came to its end.
    pub fn phase(&mut self, now: Time, origin: SampleSource, duration: Span) {
        if origin == SampleSource::SETUP {
            self.setup = Some(duration);
        } else {
            self.teardown = Some(duration);
        }
        self.note(now, Sample::Iteration { origin, duration });
    }

    /// One sample of each of a number of checks with consecutive ids.
    #[inline]
    pub fn checks(
        &mut self,
        now: Time,
        origin: SampleSource,
        (first, count): (CheckId, u16),
        passed: bool,
    ) {
        let from = origin.0 as usize * self.check_count + first.index();
        let checks = &mut self.checks[from..from + usize::from(count)];
        if passed {
            checks.iter_mut().for_each(|check| check.0 += 1);
        } else {
            checks.iter_mut().for_each(|check| check.1 += 1);
        }
        if self.made[from] < count || !self.plain {
            self.made[from] = self.made[from].max(count);
            self.note_checks(now, origin, (first, count), passed);
        }
    }

    /// Samples of checks that may not have been made before, or that are logged.
    #[cold]
    #[inline(never)]
    fn note_checks(
        &mut self,
        now: Time,
        origin: SampleSource,
        (first, count): (CheckId, u16),
        passed: bool,
    ) {
        for check in (first.0..first.0 + count).map(CheckId) {
            if !self.check_order.contains(&check) {
                self.check_order.push(check);
            }
            let sample = Sample::Check {
                origin,
                check,
                passed,
            };
            self.note(now, sample);
        }
    }

    /// Passes and fails of a check made by one origin.
    #[must_use]
    pub fn check_of(&self, check: CheckId, origin: SampleSource) -> (u64, u64) {
        self.checks[origin.0 as usize * self.check_count + check.index()]
    }

    /// All origins of this run.
    pub fn origins(&self) -> impl Iterator<Item = SampleSource> + use<> {
        (0..self.origins as u16).map(SampleSource)
    }

    /// One sample of a custom metric. k6 drops samples that are not numbers.
    pub fn custom(&mut self, now: Time, metric: MetricId, label: SampleTags, value: f64) {
        if value.is_nan() {
            return;
        }
        let kind = self.kinds[metric.index()];
        let tallied = self.tallies.is_some();
        let whole = self.customs[metric.index()].get_or_insert_with(|| Custom::new(kind, tallied));
        whole.add(label, value);
        if !matches!(whole, Custom::Trend(..)) {
            self.custom_samples += 1;
            let part = self
                .parts
                .entry((metric, label))
                .or_insert_with(|| LabelledMetric {
                    samples: Custom::new(kind, tallied),
                    last: 0,
                });
            part.samples.add(label, value);
            part.last = self.custom_samples;
        }
        let sample = Sample::Custom {
            metric,
            label,
            value,
        };
        self.note(now, sample);
    }

    /// k6's one-second sample of its VUs.
    pub fn sample_vus(&mut self, now: Time, active: u64, initialised: u64) {
        let sample = Sample::Vus {
            active,
            initialised,
        };
        self.note(now, sample);
        for (gauge, value) in [(&mut self.vus, active), (&mut self.vus_max, initialised)] {
            let (_, min, max) = gauge.unwrap_or((value, value, value));
            *gauge = Some((value, min.min(value), max.max(value)));
        }
    }
}
