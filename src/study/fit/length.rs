//! Runs of another length than the model: their counts say nothing, their rates do.

use super::distance::kind_of;
use super::load::{area, measured_starts, planned_starts};
use super::read::{Measured, Reading, Stat};
use crate::model::Model;
use crate::model::metric_name::MetricKind;
use crate::model::scenario::{Executor, Scenario};
use crate::model::threshold::Aggregation as A;

/// Seconds by which a run may differ beyond its iterations: k6 starts and ends its VUs in them.
const SLACK: f64 = 1.0;
/// Share by which it may differ.
const SHARE: f64 = 0.02;

/// How long a run and a model last, if that is not the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lengths {
    /// Seconds that the run lasted.
    pub run: f64,
    /// Seconds for which the model generates load.
    pub model: f64,
}

/// Compares the length of a run with that of the model under the same load.
pub(super) fn other_length(measured: &Measured, model: &Model) -> Option<Lengths> {
    if measured.window.is_some() {
        return None;
    }
    let run = measured.seconds()?;
    let longest = measured.value("iteration_duration", Stat::Of(A::Max));
    let (mut shortest, mut latest, mut regular) = (0.0f64, 0.0f64, 0.0f64);
    for scenario in &model.scenarios {
        let start = scenario.start_time.as_secs();
        let end = start + scenario.executor.regular_duration().as_secs();
        let grace = scenario.graceful_stop.as_secs();
        latest = latest.max(end + longest.map_or(grace, |ms| grace.min(ms / 1000.0)));
        // How long a number of iterations takes is what the model has to say.
        let fixed = !matches!(
            scenario.executor,
            Executor::SharedIterations { .. } | Executor::PerVuIterations { .. }
        );
        shortest = shortest.max(if fixed { end } else { start });
        regular = regular.max(end);
    }
    let aborts = model.thresholds.iter().flat_map(|t| &t.thresholds);
    let shorter =
        run < shortest * (1.0 - SHARE) - SLACK && !aborts.clone().any(|t| t.abort_on_fail);
    let longer = run > latest * (1.0 + SHARE) + SLACK && !did_as_much(measured, model);
    (shorter || longer).then_some(Lengths {
        run,
        model: regular,
    })
}

/// Whether a run that lasted longer did no more than the model asks for: it waited for its setup.
fn did_as_much(measured: &Measured, model: &Model) -> bool {
    let near = |low: f64, high: f64, planned: f64| low <= planned * 1.1 && planned * 0.9 <= high;
    if let (Some((planned, ..)), Some((low, high))) =
        (planned_starts(model), measured_starts(measured))
    {
        return near(low, high, planned);
    }
    let planned: Option<Vec<f64>> = model.scenarios.iter().map(vu_seconds).collect();
    let count = measured.value("iterations", Stat::Of(A::Count));
    let each = measured.value("iteration_duration", Stat::Of(A::Avg));
    match (planned, count, each) {
        (Some(planned), Some(count), Some(ms)) => {
            let at_work = count * ms / 1000.0;
            near(at_work, at_work, planned.iter().sum())
        }
        _ => false,
    }
}

/// VUs times the seconds for which they loop.
fn vu_seconds(scenario: &Scenario) -> Option<f64> {
    match &scenario.executor {
        Executor::ConstantVus { vus, duration } => Some(*vus as f64 * duration.as_secs()),
        Executor::RampingVus {
            start_vus, stages, ..
        } => Some(area(*start_vus as f64, stages).0),
        _ => None,
    }
}

/// The run with rates and shares in the place of counts.
pub(super) fn by_rates(measured: &Measured, model: &Model, seconds: f64) -> Measured {
    let mut rates = measured.clone();
    rates.readings.clear();
    rates.duration = Some(seconds);
    for reading in &measured.readings {
        let Some(kind) = kind_of(&reading.metric, model) else {
            rates.readings.push(reading.clone());
            continue;
        };
        let known = measured.value(&reading.metric, Stat::Of(A::Rate)).is_some();
        let value = match (kind, reading.stat) {
            (_, Stat::Interrupted) => continue,
            (MetricKind::Counter, Stat::Of(A::Count)) if known => continue,
            (MetricKind::Counter, Stat::Of(A::Count)) => reading.value / seconds,
            (MetricKind::Rate, Stat::Passes) if !known => {
                let fails = measured.value(&reading.metric, Stat::Fails);
                reading.value / (reading.value + fails.unwrap_or(0.0)).max(1.0)
            }
            (MetricKind::Rate, Stat::Passes | Stat::Fails) => continue,
            (MetricKind::Trend, Stat::Of(A::Count)) => continue,
            _ => {
                rates.readings.push(reading.clone());
                continue;
            }
        };
        rates.readings.push(Reading {
            stat: Stat::Of(A::Rate),
            value,
            ..reading.clone()
        });
    }
    rates
}
