//! k6's progress lines on a stdout that is not a terminal (`internal/cmd/ui.go`, `internal/ui/pb`, the
//! progress functions of `lib/executor`, k6 v2.2.0). The last block of a test is printed after the
//! summary.

use super::describe::{peak, per_second};
use super::plan::regular_duration;
use super::ramping_vus;
use crate::engine::Span;
use crate::model::duration::{fixed_width, print};
use crate::model::scenario::{Executor, Scenario};

/// Scenario names longer than this are cut.
const NAME_MAX: usize = 30;
/// k6 measures the names when its own first line still says `Init` (or, in a race, already `Run`).
const NAME_MIN: usize = 4;

/// What a scenario is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Generating load.
    Running,
    /// Before its start time.
    Waiting,
    /// Past its regular end, iterations still running.
    Stopping,
    /// Cut short.
    Interrupted,
    /// Done.
    Done,
}

impl Status {
    fn mark(self) -> char {
        match self {
            Status::Running => ' ',
            Status::Waiting => '•',
            Status::Stopping => '↓',
            Status::Interrupted => '✗',
            Status::Done => '✓',
        }
    }
}

/// Where a scenario stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// Since the scenario's start.
    pub spent: Span,
    /// VUs running an iteration.
    pub active_vus: u64,
    /// VUs of the scenario that exist: more than at the start if an arrival-rate executor added some.
    pub initialised_vus: u64,
    /// Complete iterations.
    pub complete: u64,
    /// For `ramping-arrival-rate`: ns from the last start to the next one (after the last: between the
    /// last two that k6 computes); zero before the first.
    pub gap: Span,
}

/// The line of one scenario, as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The scenario's name.
    pub name: String,
    /// The mark.
    pub status: Status,
    /// 0 to 1.
    pub progress: f64,
    /// Columns right of the percentage.
    pub right: Vec<String>,
}

impl Bar {
    /// Before the scenarios start: during setup.
    #[must_use]
    pub fn idle(name: &str) -> Bar {
        let name = name.to_string();
        Bar {
            name,
            status: Status::Running,
            progress: 0.0,
            right: Vec::new(),
        }
    }

    /// Before the scenario's start time, `remaining` from now.
    #[must_use]
    pub fn waiting(scenario: &Scenario, remaining: Span) -> Bar {
        let right = vec![
            "waiting".to_string(),
            fixed_width(remaining, scenario.start_time),
        ];
        Bar {
            status: Status::Waiting,
            right,
            ..Bar::idle(&scenario.name)
        }
    }

    /// While iterations run.
    #[must_use]
    pub fn running(scenario: &Scenario, now: &Moment) -> Bar {
        let end = progress_end(scenario);
        let stopping = now.spent >= end && scenario.graceful_stop > Span::ZERO;
        let status = if stopping {
            Status::Stopping
        } else {
            Status::Running
        };
        let (progress, right) = state(scenario, now, end);
        Bar {
            name: scenario.name.clone(),
            status,
            progress,
            right,
        }
    }

    /// When the scenario is over; `aborted` if the test was.
    #[must_use]
    pub fn finished(scenario: &Scenario, now: &Moment, aborted: bool) -> Bar {
        let (progress, right) = state(scenario, now, progress_end(scenario));
        let cut_short = aborted || progress < 1.0;
        let status = if cut_short {
            Status::Interrupted
        } else {
            Status::Done
        };
        Bar {
            name: scenario.name.clone(),
            status,
            progress,
            right,
        }
    }
}

/// The time that counts as 100 %.
fn progress_end(scenario: &Scenario) -> Span {
    match &scenario.executor {
        // Not the sum of the stages: those at 0 at the end are cut off.
        Executor::RampingVus {
            start_vus, stages, ..
        } => ramping_vus::max_duration(*start_vus, stages, Span::ZERO, Span::ZERO),
        executor => regular_duration(executor),
    }
}

/// Progress and columns.
fn state(scenario: &Scenario, now: &Moment, end: Span) -> (f64, Vec<String>) {
    let over = now.spent >= end;
    let share = if over {
        1.0
    } else {
        now.spent.0 as f64 / end.0 as f64
    };
    let clock = format!("{}/{}", fixed_width(now.spent, end), print(end));
    let until_end = if over { print(end) } else { clock.clone() };
    match &scenario.executor {
        Executor::RampingVus {
            start_vus, stages, ..
        } => {
            let vus = of(now.active_vus, peak(*start_vus as f64, stages) as u64);
            let clock = format!("{}/{}", fixed_width(now.spent, end), fixed_width(end, end));
            let time = if over { print(end) } else { clock };
            (share, vec![format!("{vus} VUs"), time])
        }
        Executor::ConstantVus { vus, .. } => (share, vec![format!("{vus} VUs"), until_end]),
        Executor::SharedIterations {
            vus, iterations, ..
        } => {
            let done = of(now.complete, *iterations);
            let right = vec![format!("{vus} VUs"), clock, format!("{done} shared iters")];
            (ratio(now.complete, *iterations), right)
        }
        Executor::PerVuIterations {
            vus, iterations, ..
        } => {
            let total = vus.saturating_mul(*iterations);
            let done = of(now.complete, total);
            let iters = format!("{done} iters, {iterations} per VU");
            let progress = if over {
                1.0
            } else {
                ratio(now.complete, total)
            };
            (progress, vec![format!("{vus} VUs"), until_end, iters])
        }
        arrivals => (share, arrival_columns(arrivals, now, until_end)),
    }
}

fn arrival_columns(executor: &Executor, now: &Moment, time: String) -> Vec<String> {
    match executor {
        Executor::ConstantArrivalRate {
            rate,
            time_unit,
            max_vus,
            ..
        } => {
            let rate = per_second(*rate as f64, *time_unit);
            vec![
                arrival_vus(now, *max_vus),
                time,
                iters_per_second(rate, rate),
            ]
        }
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            max_vus,
            ..
        } => {
            let most = per_second(peak(*start_rate as f64, stages), *time_unit);
            let rate = if now.gap == Span::ZERO {
                0.0
            } else {
                1e9 / now.gap.0 as f64
            };
            vec![
                arrival_vus(now, *max_vus),
                time,
                iters_per_second(rate, most),
            ]
        }
        _ => vec![format!("{} users", now.active_vus), time],
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// `part/whole`, padded with zeros to the digits of `whole`.
fn of(part: u64, whole: u64) -> String {
    padded_pair(part, whole, whole)
}

fn padded_pair(a: u64, b: u64, max: u64) -> String {
    let width = max.checked_ilog10().map_or(1, |log| log as usize + 1);
    format!("{a:0width$}/{b:0width$}")
}

fn arrival_vus(now: &Moment, max_vus: u64) -> String {
    format!(
        "{} VUs",
        padded_pair(now.active_vus, now.initialised_vus, max_vus)
    )
}

/// Two decimals, padded with zeros to the width of the highest rate.
fn iters_per_second(rate: f64, most: f64) -> String {
    let width = (most as u64)
        .checked_ilog10()
        .map_or(1, |log| log as usize + 1)
        + 3;
    format!("{rate:0width$.2} iters/s")
}

/// The whole test at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestMoment {
    /// Since the start mark, setup included.
    pub elapsed: Span,
    /// The plan's maximum duration.
    pub max_duration: Span,
    /// VUs running an iteration.
    pub active_vus: u64,
    /// VUs that exist.
    pub initialised_vus: u64,
    /// The plan's maximum number of VUs.
    pub max_vus: u64,
    /// Complete iterations.
    pub complete: u64,
    /// Interrupted iterations.
    pub interrupted: u64,
}

/// `running (5m00.9s), 0000/5000 VUs, 556414 complete and 0 interrupted iterations`.
#[must_use]
pub fn status_line(now: &TestMoment) -> String {
    format!(
        "running ({}), {} VUs, {} complete and {} interrupted iterations",
        fixed_width(now.elapsed, now.max_duration),
        padded_pair(now.active_vus, now.initialised_vus, now.max_vus),
        now.complete,
        now.interrupted,
    )
}

/// The lines of all scenarios, columns aligned, each with a line feed.
#[must_use]
pub fn bars(bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.name.len()).max().unwrap_or(0);
    let name_width = longest.clamp(NAME_MIN, NAME_MAX);
    let mut widths = [0; 2];
    for bar in bars {
        let inner = bar.right.len().saturating_sub(1);
        for (width, text) in widths.iter_mut().zip(&bar.right[..inner]) {
            *width = text.len().max(*width);
        }
    }
    let mut text = String::new();
    for bar in bars {
        let name = cut(&bar.name);
        let (mark, percent) = (bar.status.mark(), bar.progress * 100.0);
        text += &format!("{name:name_width$} {mark} [ {percent:3.0}% ]");
        for (i, column) in bar.right.iter().enumerate() {
            let width = widths.get(i).map_or(1, |width| width + 1);
            text += &format!(" {column:width$}");
        }
        text.push('\n');
    }
    text
}

fn cut(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_string();
    }
    let kept: String = name.chars().take(NAME_MAX - 3).collect();
    kept + "..."
}

/// One block as printed: an empty line, the status line, the scenarios.
#[must_use]
pub fn block(now: &TestMoment, scenarios: &[Bar]) -> String {
    format!("\n{}\n{}", status_line(now), bars(scenarios))
}
