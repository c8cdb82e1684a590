//! The highest load that a model's scenarios ask for.

use super::Model;
use super::scenario::{Executor, Scenario, Stage};
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
        let rate = self.scenarios.iter().all(|s| users(s).is_none());
        let own = if rate { arrivals } else { users };
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
            let (start, stages) = match &scenario.executor {
                Executor::RampingVus {
                    start_vus, stages, ..
                } => (*start_vus as f64, stages),
                Executor::RampingArrivalRate {
                    start_rate, stages, ..
                } => (*start_rate as f64, stages),
                Executor::PoissonArrivals { start_rate, stages } => (*start_rate, stages),
                _ => return 1.0,
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

fn highest(start: f64, stages: &[Stage]) -> f64 {
    stages.iter().map(|s| s.target).fold(start, f64::max)
}

pub(crate) fn users(scenario: &Scenario) -> Option<f64> {
    Some(match &scenario.executor {
        Executor::RampingVus {
            start_vus, stages, ..
        } => highest(*start_vus as f64, stages),
        Executor::ConstantVus { vus, .. }
        | Executor::SharedIterations { vus, .. }
        | Executor::PerVuIterations { vus, .. } => *vus as f64,
        _ => return None,
    })
}

/// The most arrivals per second that a scenario asks for, if it has a rate.
pub(crate) fn arrivals(scenario: &Scenario) -> Option<f64> {
    Some(match &scenario.executor {
        Executor::ConstantArrivalRate {
            rate, time_unit, ..
        } => *rate as f64 / time_unit.as_secs(),
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            ..
        } => highest(*start_rate as f64, stages) / time_unit.as_secs(),
        Executor::PoissonArrivals { start_rate, stages } => highest(*start_rate, stages),
        Executor::RenewalArrivals { gap, .. } => 1e9 / gap.mean(),
        Executor::TraceArrivals { at } => {
            let length = at.iter().max().map_or(0.0, |last| last.as_secs());
            at.len() as f64 / length.max(1e-9)
        }
        Executor::Replay(replay) => replay.rate(),
        _ => return None,
    })
}
