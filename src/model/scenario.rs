//! The load, as meant: scenarios and their executors with k6's options, all defaults filled in.

use super::journey::JourneyId;
use super::replay::Replay;
use crate::engine::Span;
use crate::engine::dist::Dist;
use std::sync::Arc;

/// A k6 scenario: who generates load, how, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Name: the key in the model; `default` for a single one, as in k6.
    pub name: String,
    /// How VUs or arrivals are generated.
    pub executor: Executor,
    /// What one iteration does.
    pub journey: JourneyId,
    /// Counted from the end of setup.
    pub start_time: Span,
    /// How long running iterations may go on after the regular end.
    pub graceful_stop: Span,
    /// Tags put on every sample of the scenario.
    pub tags: Vec<(String, String)>,
}

/// One stage of a ramp: the target is reached, linearly, at the end of the duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Length; zero is a jump.
    pub duration: Span,
    /// VUs, or iterations per time unit, at the end of the stage.
    pub target: f64,
}

/// k6's executors (`lib/executor`, k6 v2.2.0) and capsim's own open arrivals.
#[derive(Clone, Debug, PartialEq)]
pub enum Executor {
    /// k6 `ramping-vus`.
    RampingVus {
        /// VUs at the start (k6's default: 1).
        start_vus: u64,
        /// At least one.
        stages: Vec<Stage>,
        /// How long an iteration may go on after its VU was told to stop.
        graceful_ramp_down: Span,
    },
    /// k6 `constant-vus`.
    ConstantVus {
        /// Looping VUs, at least 1.
        vus: u64,
        /// At least one second.
        duration: Span,
    },
    /// k6 `shared-iterations`.
    SharedIterations {
        /// At least 1.
        vus: u64,
        /// Shared by all VUs, at least `vus`.
        iterations: u64,
        /// No iteration starts after it.
        max_duration: Span,
    },
    /// k6 `per-vu-iterations`.
    PerVuIterations {
        /// At least 1.
        vus: u64,
        /// Of each VU, at least 1.
        iterations: u64,
        /// No iteration starts after it.
        max_duration: Span,
    },
    /// k6 `constant-arrival-rate`.
    ConstantArrivalRate {
        /// Iterations per time unit.
        rate: u64,
        /// Longer than zero.
        time_unit: Span,
        /// At least one second.
        duration: Span,
        /// VUs initialised before the test.
        pre_allocated_vus: u64,
        /// Never less than `pre_allocated_vus`.
        max_vus: u64,
    },
    /// k6 `ramping-arrival-rate`.
    RampingArrivalRate {
        /// Iterations per time unit at the start.
        start_rate: u64,
        /// Longer than zero.
        time_unit: Span,
        /// Targets are iterations per time unit.
        stages: Vec<Stage>,
        /// VUs initialised before the test.
        pre_allocated_vus: u64,
        /// Never less than `pre_allocated_vus`.
        max_vus: u64,
    },
    /// capsim's own `open-arrivals`: every arrival is a new user who walks the journey once; no
    /// number of VUs limits them. A Poisson stream, of a constant or ramping rate.
    PoissonArrivals {
        /// Arrivals per second at the start.
        start_rate: f64,
        /// Targets are arrivals per second; the rate is linear inside a stage.
        stages: Vec<Stage>,
    },
    /// capsim's own: open arrivals with independent gaps of any distribution.
    RenewalArrivals {
        /// Time between two arrivals; the first comes one gap after the start.
        gap: Dist,
        /// No arrival after it.
        duration: Span,
    },
    /// capsim's own: open arrivals at recorded times.
    TraceArrivals {
        /// Times since the scenario's start, ascending.
        at: Vec<Span>,
    },
    /// capsim's own: the requests of a log, each an iteration of its own.
    Replay(Arc<Replay>),
}

impl Executor {
    /// How long it starts iterations at most, grace excluded.
    #[must_use]
    pub fn regular_duration(&self) -> Span {
        match self {
            Executor::RampingVus { stages, .. }
            | Executor::RampingArrivalRate { stages, .. }
            | Executor::PoissonArrivals { stages, .. } => {
                stages.iter().fold(Span::ZERO, |sum, s| sum + s.duration)
            }
            Executor::ConstantVus { duration, .. }
            | Executor::ConstantArrivalRate { duration, .. }
            | Executor::RenewalArrivals { duration, .. } => *duration,
            Executor::SharedIterations { max_duration, .. }
            | Executor::PerVuIterations { max_duration, .. } => *max_duration,
            Executor::TraceArrivals { at } => at.last().copied().unwrap_or(Span::ZERO),
            Executor::Replay(replay) => replay.duration,
        }
    }

    /// Of an arrival rate: VUs initialised before the test, and VUs at most.
    #[must_use]
    pub fn allocation(&self) -> Option<(u64, u64)> {
        match self {
            Executor::ConstantArrivalRate {
                pre_allocated_vus,
                max_vus,
                ..
            }
            | Executor::RampingArrivalRate {
                pre_allocated_vus,
                max_vus,
                ..
            } => Some((*pre_allocated_vus, *max_vus)),
            _ => None,
        }
    }
}

impl Scenario {
    /// Whether its requests are those of a log, so that its journey is written by no one.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        matches!(self.executor, Executor::Replay(_))
    }
}
