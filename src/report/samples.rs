//! All samples of a run as k6's outputs write them: in the order in which they were made, with their
//! tags.

use std::collections::BTreeMap;
use std::io;

use crate::engine::{Span, Time};
use crate::measure::log::{Entry, Sample};
use crate::measure::recorder::{Recorder, SampleSource, SampleTags, Timings};
use crate::model::{K6Version, Model};
use crate::world::outcome::Outcome;
use crate::world::tags::{self, Tags};

/// One sample of one metric.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// Name of the metric.
    pub metric: &'a str,
    /// Virtual time since the start mark.
    pub at: Time,
    /// The sample; milliseconds for a time.
    pub value: f64,
    /// Sorted by key.
    pub tags: &'a Tags,
}

/// Gives each sample of a run that was asked to log them.
///
/// # Errors
/// Those of `write`, which stops at the first.
pub fn each(
    outcome: &Outcome,
    model: &Model,
    mut write: impl FnMut(Point) -> io::Result<()>,
) -> io::Result<()> {
    let record = &outcome.recorder;
    let mut known = Known::new(record, model);
    let log = record.log.as_deref().unwrap_or_default();
    for entry in log {
        known.points(*entry, &mut write)?;
    }
    Ok(())
}

/// The tags that came up so far.
struct Known<'a> {
    record: &'a Recorder,
    model: &'a Model,
    requests: Vec<Tags>,
    iterations: Vec<Tags>,
    scenarios: Vec<Tags>,
    labels: BTreeMap<SampleTags, Tags>,
    checks: BTreeMap<(u16, SampleSource), Tags>,
    run: Tags,
}

impl<'a> Known<'a> {
    fn new(record: &'a Recorder, model: &'a Model) -> Known<'a> {
        let series = record.series.iter();
        let origins = || record.origins();
        Known {
            record,
            model,
            requests: series.map(|s| tags::of_request(model, s)).collect(),
            iterations: origins().map(|o| tags::of_iteration(model, o)).collect(),
            scenarios: origins().map(|o| tags::of_scenario(model, o)).collect(),
            labels: BTreeMap::new(),
            checks: BTreeMap::new(),
            run: tags::of_run(model),
        }
    }

    /// All points that k6 makes of one entry, in its order.
    fn points(
        &mut self,
        Entry { at, sample }: Entry,
        write: &mut impl FnMut(Point) -> io::Result<()>,
    ) -> io::Result<()> {
        let model = self.model;
        let mut point = |metric: &str, value: f64, tags: &Tags| {
            write(Point {
                metric,
                at,
                value,
                tags,
            })
        };
        match sample {
            Sample::Request(place) => self.request(place as usize, &mut point),
            Sample::Data {
                origin,
                sent,
                received,
            } => {
                let tags = &self.iterations[origin.0 as usize];
                point("data_sent", sent as f64, tags)?;
                point("data_received", received as f64, tags)
            }
            Sample::Iteration { origin, duration } => {
                let tags = &self.iterations[origin.0 as usize];
                let of_scenario = origin.as_scenario().is_some();
                // Up to k6 0.53, setup and teardown each made one sample.
                if of_scenario || model.k6_version == K6Version::V0_53 {
                    point("iteration_duration", duration.as_ms(), tags)?;
                }
                if of_scenario {
                    point("iterations", 1.0, tags)?;
                }
                Ok(())
            }
            Sample::Group { label, duration } => {
                let tags = self.labels.entry(label);
                let tags = tags.or_insert_with(|| tags::of_label(model, label));
                point("group_duration", duration.as_ms(), tags)
            }
            Sample::Custom {
                metric,
                label,
                value,
            } => {
                let tags = self.labels.entry(label);
                let tags = tags.or_insert_with(|| tags::of_label(model, label));
                point(&model.metrics[metric.index()].name, value, tags)
            }
            Sample::Check {
                origin,
                check,
                passed,
            } => {
                let tags = self.checks.entry((check.0, origin));
                let tags = tags.or_insert_with(|| tags::of_check(model, check, origin));
                point("checks", f64::from(u8::from(passed)), tags)
            }
            Sample::Vus {
                active,
                initialised,
            } => {
                point("vus", active as f64, &self.run)?;
                point("vus_max", initialised as f64, &self.run)
            }
            Sample::Dropped { origin, count } => {
                let tags = &self.scenarios[origin.0 as usize];
                point("dropped_iterations", count as f64, tags)
            }
        }
    }

    fn request(
        &self,
        place: usize,
        point: &mut impl FnMut(&str, f64, &Tags) -> io::Result<()>,
    ) -> io::Result<()> {
        let series = self.record.request_series.get(place).map_or(0, usize::from);
        let tags = &self.requests[series];
        let timings: Timings = self.record.timings_of(place);
        let failed = self.record.series[series].expected.map(|e| !e);
        point("http_reqs", 1.0, tags)?;
        for (metric, ns) in [
            ("http_req_duration", timings.duration().0),
            ("http_req_blocked", timings.blocked),
            ("http_req_connecting", timings.connecting),
            ("http_req_tls_handshaking", timings.tls),
            ("http_req_sending", timings.sending),
            ("http_req_waiting", timings.waiting),
            ("http_req_receiving", timings.receiving),
        ] {
            point(metric, Span(ns).as_ms(), tags)?;
        }
        match failed {
            Some(failed) => point("http_req_failed", f64::from(u8::from(failed)), tags),
            None => Ok(()),
        }
    }
}
