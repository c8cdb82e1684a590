//! The load of a measured run, told from what its file says: the VUs that k6 initialised, or the
//! iterations that were started.
//!
//! k6 initialises the VUs that its plan needs at once: scenarios that do not overlap share theirs, and
//! those of arrival rates count too. The model's number comes from the same plan.

use std::cmp::Ordering;

use super::read::{Measured, Stat};
use crate::load::plan::{Totals, planned_vus};
use crate::model::Model;
use crate::model::scenario::{Executor, Scenario, Stage};
use crate::model::threshold::Aggregation;

/// The load under which a run is simulated.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Load {
    /// As a multiple of the model's; `None` for the model's own.
    pub factor: Option<f64>,
    /// What a reader should know of the choice.
    pub note: Option<String>,
}

/// VUs that a model initialises: at least, and at most.
fn vus_of(model: &Model) -> (f64, f64) {
    let low = planned_vus(&model.scenarios) as f64;
    let open = |s: &Scenario| {
        matches!(
            s.executor,
            Executor::PoissonArrivals { .. }
                | Executor::RenewalArrivals { .. }
                | Executor::TraceArrivals { .. }
                | Executor::Replay(_)
        )
    };
    if model.scenarios.iter().any(open) {
        return (low, f64::INFINITY);
    }
    (low, Totals::new(&model.scenarios).max_vus as f64)
}

/// Whether all VUs of a scenario are at work as long as it lasts.
fn loops(scenario: &Scenario) -> bool {
    matches!(
        scenario.executor,
        Executor::RampingVus { .. }
            | Executor::ConstantVus { .. }
            | Executor::SharedIterations { .. }
            | Executor::PerVuIterations { .. }
    )
}

/// Finds the load of a run; `at` is the model at a multiple of its load.
pub(super) fn of_run(
    measured: &Measured,
    model: &Model,
    at: impl Fn(f64) -> Option<Model>,
) -> Load {
    if model.scenarios.iter().any(loops) {
        by_vus(measured, model, at)
    } else {
        by_starts(measured, model)
    }
}

fn by_vus(measured: &Measured, model: &Model, at: impl Fn(f64) -> Option<Model>) -> Load {
    let Some(vus) = measured.peak_vus.filter(|vus| *vus >= 1.0) else {
        return Load::default();
    };
    let all_loop = model.scenarios.iter().all(loops);
    let compare = |model: &Model| {
        let (low, high) = vus_of(model);
        let low = match (measured.vus_sampled, all_loop) {
            (false, _) => low - 0.5,
            // One sample a second misses the top of a ramp.
            (true, true) => low * 0.98 - 1.0,
            (true, false) => 0.0,
        };
        match vus {
            v if v < low => Ordering::Less,
            v if v > high + 0.5 => Ordering::Greater,
            _ => Ordering::Equal,
        }
    };
    if compare(model).is_eq() {
        let plain = all_loop && model.scenarios.len() == 1;
        let note =
            format!("the run's {vus} VUs are those of the model: simulated under its own load");
        return Load {
            factor: None,
            note: (!plain).then_some(note),
        };
    }
    let fits = |factor: &f64| at(*factor).is_some_and(|model| compare(&model).is_eq());
    let (low, high) = vus_of(model);
    let looping = model.peak_load().value;
    let direct = [vus / low, (vus - (low - looping)) / looping];
    let direct = direct.into_iter().filter(|f| f.is_finite() && *f > 0.0);
    let found = direct.clone().find(|f| fits(f));
    let found = found.or_else(|| bisected(|factor| at(factor).map(|model| compare(&model))));
    let has = match high {
        high if high > low => format!("{low} to {high}"),
        _ => format!("{low}"),
    };
    let note = match found {
        Some(factor) => format!(
            "the run had {vus} VUs and the model has {has}: simulated under load={} of it",
            rounded(factor)
        ),
        None => format!(
            "the run had {vus} VUs and the model has {has}, and no load=… of it has as many: simulated \
             under its own load; RUN@PATH=VALUE says what was different"
        ),
    };
    Load {
        factor: found,
        note: Some(note),
    }
}

/// The multiple of the load at which the model has as many VUs, between 1/10,000 and 10,000.
fn bisected(compare: impl Fn(f64) -> Option<Ordering>) -> Option<f64> {
    let (mut low, mut high) = (libm::log(1e-4), libm::log(1e4));
    for _ in 0..50 {
        let middle = libm::exp((low + high) / 2.0);
        match compare(middle)? {
            Ordering::Equal => return Some(middle),
            Ordering::Less => high = (low + high) / 2.0,
            Ordering::Greater => low = (low + high) / 2.0,
        }
    }
    None
}

/// Iterations that scenarios of arrival rates start, seconds that they do it, and whether by chance.
pub(super) fn planned_starts(model: &Model) -> Option<(f64, f64, bool)> {
    let (mut starts, mut end, mut chance) = (0.0, 0.0f64, false);
    for scenario in &model.scenarios {
        let (own, seconds) = match &scenario.executor {
            Executor::ConstantArrivalRate {
                rate,
                time_unit,
                duration,
                ..
            } => {
                let seconds = duration.as_secs();
                (*rate as f64 * seconds / time_unit.as_secs(), seconds)
            }
            Executor::RampingArrivalRate {
                start_rate,
                time_unit,
                stages,
                ..
            } => {
                let (area, seconds) = area(*start_rate as f64, stages);
                (area / time_unit.as_secs(), seconds)
            }
            Executor::PoissonArrivals { start_rate, stages } => {
                chance = true;
                area(*start_rate, stages)
            }
            _ => return None,
        };
        starts += own;
        end = end.max(scenario.start_time.as_secs() + seconds);
    }
    (starts > 0.0 && end > 0.0).then_some((starts, end, chance))
}

/// The integral of a ramp over its seconds, and how many these are.
pub(super) fn area(start: f64, stages: &[Stage]) -> (f64, f64) {
    let (mut area, mut seconds, mut from) = (0.0, 0.0, start);
    for stage in stages {
        area += (from + stage.target) / 2.0 * stage.duration.as_secs();
        seconds += stage.duration.as_secs();
        from = stage.target;
    }
    (area, seconds)
}

/// Iterations that a run started at least, and at most: those under way at the end are not in every file.
pub(super) fn measured_starts(measured: &Measured) -> Option<(f64, f64)> {
    let count = |metric| measured.value(metric, Stat::Of(Aggregation::Count));
    let low = count("iterations")? + count("dropped_iterations").unwrap_or(0.0);
    Some(match measured.value("iterations", Stat::Interrupted) {
        Some(cut) => (low + cut, low + cut),
        None => (low, low + measured.peak_vus.unwrap_or(0.0)),
    })
}

fn by_starts(measured: &Measured, model: &Model) -> Load {
    let (planned, made) = (planned_starts(model), measured_starts(measured));
    let (Some((planned, seconds, chance)), Some((low, high))) = (planned, made) else {
        return Load::default();
    };
    // A longer run starts more: compare by the second then.
    let longer = measured.seconds().map_or(1.0, |s| s / seconds);
    let by_the_second = longer < 0.9 || longer > 1.1 && low > planned * 1.1;
    let longer = if by_the_second { longer } else { 1.0 };
    let planned = planned * longer;
    let slack = 0.02 * planned + 1.0 + if chance { 4.0 * planned.sqrt() } else { 0.0 };
    if low <= planned + slack && planned - slack <= high {
        return Load::default();
    }
    let per_second = |starts: f64| rounded(starts / seconds / longer);
    let nearest = if low > planned {
        (low * cut_off(measured, model, seconds * longer)).min(high)
    } else {
        high
    };
    let factor = nice(nearest / planned);
    if factor <= 0.0 {
        return Load::default();
    }
    let note = format!(
        "the run started {} iterations/s and the model starts {}: simulated under load={factor} of it",
        per_second(nearest),
        per_second(planned)
    );
    Load {
        factor: Some(factor),
        note: Some(note),
    }
}

/// By which factor more iterations were started than ended, if they start at a rate and those under way at
/// the end are cut off.
fn cut_off(measured: &Measured, model: &Model, seconds: f64) -> f64 {
    let Some(ms) = measured.value("iteration_duration", Stat::Of(Aggregation::Avg)) else {
        return 1.0;
    };
    let grace = model.scenarios.iter().map(|s| s.graceful_stop.as_secs());
    let lost = (ms / 1000.0 - grace.fold(0.0, f64::max)).clamp(0.0, seconds / 2.0);
    seconds / (seconds - lost)
}

/// Two significant digits if they come within 1 % of it, else three.
fn nice(value: f64) -> f64 {
    let short = format!("{value:.1e}").parse().unwrap_or(value);
    let near: bool = (short / value - 1.0).abs() < 0.01;
    if near { short } else { rounded(value) }
}

/// Three significant digits.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    format!("{value:.2e}").parse().unwrap_or(value)
}
