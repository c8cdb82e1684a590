//! k6's progress lines on a stdout that is not a terminal (`internal/cmd/ui.go`, `internal/ui/pb`, the
//! progress functions of `lib/executor`, k6 v2.2.0). The last block of a test is printed after the
//! summary.

use super::executor;
use crate::engine::Span;
use crate::model::duration::fixed_width;
use crate::model::scenario::Scenario;

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
        let end = executor::progress_end(scenario);
        let stopping = now.spent >= end && scenario.graceful_stop > Span::ZERO;
        let status = if stopping {
            Status::Stopping
        } else {
            Status::Running
        };
        let (progress, right) = executor::state(scenario, now, end);
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
        let (progress, right) = executor::state(scenario, now, executor::progress_end(scenario));
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
        executor::padded_pair(now.active_vus, now.initialised_vus, now.max_vus),
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
