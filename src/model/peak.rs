//! The highest load that a model's scenarios ask for.

use super::Model;
use super::scenario::{Scenario, highest};
use crate::engine::Span;
use std::fmt;

/// A highest load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Users at once, or arrivals per second.
    pub value: f64,
    /// Whether it is arrivals per second.
    pub rate: bool,
}

impl fmt::Display for Peak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = (self.value * 100.0).round() / 100.0;
        match self.rate {
            true => write!(f, "{value}/s"),
            false => write!(f, "{value} VUs"),
        }
    }
}

impl Model {
    /// The highest load: VUs of all scenarios that have VUs, each at its own peak; if there are none,
    /// arrivals per second. Only scenarios that generate load at the same time add up.
    #[must_use]
    pub fn peak_load(&self) -> Peak {
        let rate = self
            .scenarios
            .iter()
            .all(|s| s.executor.peak_users().is_none());
        let own = |s: &Scenario| match rate {
            true => s.executor.peak_rate(),
            false => s.executor.peak_users(),
        };
        let spans: Vec<(Span, Span, f64)> = (self.scenarios.iter())
            .filter_map(|s| {
                Some((
                    s.start_time,
                    s.start_time + s.executor.regular_duration(),
                    own(s)?,
                ))
            })
            .collect();
        // The most at once is reached where one of them starts.
        let at = |now: Span| -> f64 {
            let under_way = |(from, to, _): &&(Span, Span, f64)| {
                *from <= now && (now < *to || from == to && *from == now)
            };
            spans.iter().filter(under_way).map(|(.., own)| own).sum()
        };
        Peak {
            value: spans.iter().map(|(from, ..)| at(*from)).fold(0.0, f64::max),
            rate,
        }
    }
}

impl Model {
    /// When the last scenario generates load no more, at the latest.
    pub(crate) fn end_of_load(&self) -> Span {
        let ends = self.scenarios.iter();
        let ends = ends.map(|s| s.start_time + s.executor.regular_duration());
        ends.max().unwrap_or(Span::ZERO)
    }

    /// How many times the mean load the highest is, where a scenario's load changes by stages: the largest
    /// over the scenarios, 1 if none changes.
    #[must_use]
    pub fn peak_over_mean(&self) -> f64 {
        let of = |scenario: &Scenario| {
            let Some((start, stages)) = scenario.executor.ramp() else {
                return 1.0;
            };
            let (mut from, mut area, mut length) = (start, 0.0, 0.0);
            for stage in stages {
                let seconds = stage.duration.as_secs();
                area += f64::midpoint(from, stage.target) * seconds;
                length += seconds;
                from = stage.target;
            }
            let mean = if length > 0.0 { area / length } else { 0.0 };
            if mean > 0.0 {
                (highest(start, stages) / mean).max(1.0)
            } else {
                1.0
            }
        };
        self.scenarios.iter().map(of).fold(1.0, f64::max)
    }
}
