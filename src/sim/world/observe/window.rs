//! A part of a run, cut out by time: the hold of a load test without its ramps.

use std::collections::BTreeMap;
use std::fmt;

use crate::engine::{Span, Time};
use crate::measure::recorder::{Custom, LabelledMetric, Recorder, SampleTags};
use crate::model::duration;
use crate::model::journey::MetricId;

use super::outcome::Outcome;
use crate::world::World;
use crate::world::kernel::Phase;

/// What ended at `from` or later and before `to`, both counted from the begin of the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant that counts.
    pub from: Span,
    /// First instant that no longer counts.
    pub to: Span,
}

impl Window {
    /// Reads `7s..35s`.
    ///
    /// # Errors
    /// If it is not two times in ascending order.
    pub fn parse(text: &str) -> Result<Window, String> {
        let fail = || format!("`{text}` is not a window; write one such as 7s..35s");
        let (from, to) = text.split_once("..").ok_or_else(fail)?;
        let time = |text: &str| match text.trim() {
            "0" => Some(Span::ZERO),
            text => {
                let ns = duration::parse_signed(text).ok()?;
                u64::try_from(ns).ok().map(Span)
            }
        };
        let window = Window {
            from: time(from).ok_or_else(fail)?,
            to: time(to).ok_or_else(fail)?,
        };
        if window.from >= window.to {
            return Err(format!(
                "the window {text} is empty: it ends before it begins"
            ));
        }
        Ok(window)
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> Span {
        Span(self.to.0 - self.from.0)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}..{}",
            duration::print(self.from),
            duration::print(self.to)
        )
    }
}

impl World<'_> {
    /// Runs until the window closes and keeps what ended in it; the outcome's duration is the length of
    /// the window. Samples lie in the order of their ends, so the record's lengths at both edges say all.
    /// Gauges, and what is not a sample (probes of resources), are those at the end of the window. Takes
    /// back [`World::summarising`].
    #[must_use]
    pub fn run_within(mut self, window: Window) -> Outcome {
        self.load.recorder.keep_samples();
        self.start();
        self.drain();
        let (mut first, mut opened) = (None, None);
        while self.kernel.phase != Phase::Over {
            if first.is_none() && self.load.sent > 0 {
                first = Some(self.kernel.queue.now());
            }
            if let (Some(begin), Some(next)) = (first, self.kernel.queue.next_time()) {
                let due = |edge: Span| next >= Time(begin.0.saturating_add(edge.0));
                if opened.is_none() && due(window.from) {
                    opened = Some(Edge::of(&self.load.recorder));
                }
                if due(window.to) {
                    break;
                }
            }
            if !self.step() {
                break;
            }
        }
        let opened = opened.unwrap_or_else(|| Edge::of(&self.load.recorder));
        let mut outcome = self.into_outcome();
        opened.cut(&mut outcome.recorder);
        outcome.duration = window.length();
        outcome
    }
}

/// How much had been recorded by an instant.
struct Edge {
    requests: usize,
    timings: usize,
    iterations: usize,
    groups: usize,
    interrupted: u64,
    dropped: Vec<u64>,
    data: Vec<(u64, u64)>,
    checks: Vec<(u64, u64)>,
    customs: Vec<Option<Custom>>,
    trends: Vec<usize>,
    parts: BTreeMap<(MetricId, SampleTags), LabelledMetric>,
}

impl Edge {
    fn of(record: &Recorder) -> Edge {
        let trend = |custom: &Option<Custom>| match custom {
            Some(Custom::Trend(values, _)) => values.len(),
            _ => 0,
        };
        let counted = |custom: &Option<Custom>| {
            let counts = !matches!(custom, Some(Custom::Trend(..)));
            custom.as_ref().filter(|_| counts).cloned()
        };
        Edge {
            requests: record.durations.len(),
            timings: record.timings.len(),
            iterations: record.iterations.len(),
            groups: record.groups.len(),
            interrupted: record.interrupted,
            dropped: record.dropped.clone(),
            data: record.data.clone(),
            checks: record.checks.clone(),
            customs: record.customs.iter().map(counted).collect(),
            trends: record.customs.iter().map(trend).collect(),
            parts: record.parts.clone(),
        }
    }

    /// Takes away all that had been recorded before.
    fn cut(&self, record: &mut Recorder) {
        // First, for iterations may be kept as requests.
        record
            .iterations
            .remove_first(self.iterations, &record.durations);
        record.durations.remove_first(self.requests);
        record.request_series.remove_first(self.requests);
        record.timings.drain(..self.timings);
        record.iteration_origin.remove_first(self.iterations);
        record.groups.drain(..self.groups);
        record.group_labels.drain(..self.groups);
        record.interrupted -= self.interrupted;
        for (now, before) in record.dropped.iter_mut().zip(&self.dropped) {
            *now -= before;
        }
        let pairs = record.data.iter_mut().chain(&mut record.checks);
        for (now, before) in pairs.zip(self.data.iter().chain(&self.checks)) {
            *now = (now.0 - before.0, now.1 - before.1);
        }
        let customs = record.customs.iter_mut().zip(&self.customs);
        for ((now, before), trend) in customs.zip(&self.trends) {
            if let Some(now) = now {
                less(now, before.as_ref(), *trend);
            }
        }
        for (key, part) in &mut record.parts {
            less(
                &mut part.samples,
                self.parts.get(key).map(|p| &p.samples),
                0,
            );
        }
        // Setup and teardown are not part of a load's hold.
        (record.setup, record.teardown) = (None, None);
    }
}

/// A custom metric without its earlier samples.
fn less(now: &mut Custom, before: Option<&Custom>, trend: usize) {
    match (now, before) {
        (Custom::Trend(values, labels), _) => {
            values.drain(..trend);
            labels.drain(..trend);
        }
        (Custom::Counter(sum), Some(Custom::Counter(before))) => *sum -= before,
        (Custom::Rate(passes, fails), Some(Custom::Rate(p, f))) => {
            *passes -= p;
            *fails -= f;
        }
        _ => {}
    }
}
