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

    /// Of an executor with stages: VUs or rate at the start, and the stages.
    #[must_use]
    pub fn ramp(&self) -> Option<(f64, &[Stage])> {
        match self {
            Executor::RampingVus {
                start_vus, stages, ..
            } => Some((*start_vus as f64, stages)),
            Executor::RampingArrivalRate {
                start_rate, stages, ..
            } => Some((*start_rate as f64, stages)),
            Executor::PoissonArrivals { start_rate, stages } => Some((*start_rate, stages)),
            _ => None,
        }
    }

    /// The most VUs at once, if it starts iterations by VUs.
    #[must_use]
    pub fn peak_users(&self) -> Option<f64> {
        match self {
            Executor::RampingVus {
                start_vus, stages, ..
            } => Some(highest(*start_vus as f64, stages)),
            Executor::ConstantVus { vus, .. }
            | Executor::SharedIterations { vus, .. }
            | Executor::PerVuIterations { vus, .. } => Some(*vus as f64),
            Executor::ConstantArrivalRate { .. }
            | Executor::RampingArrivalRate { .. }
            | Executor::PoissonArrivals { .. }
            | Executor::RenewalArrivals { .. }
            | Executor::TraceArrivals { .. }
            | Executor::Replay(_) => None,
        }
    }

    /// The most arrivals per second, if it has a rate; of recorded arrivals, their mean.
    #[must_use]
    pub fn peak_rate(&self) -> Option<f64> {
        Some(match self {
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
            Executor::RampingVus { .. }
            | Executor::ConstantVus { .. }
            | Executor::SharedIterations { .. }
            | Executor::PerVuIterations { .. } => return None,
        })
    }

    /// Whether arrivals are recorded ones.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        matches!(self, Executor::TraceArrivals { .. } | Executor::Replay(_))
    }

    /// Whether the load is the same all the time.
    #[must_use]
    pub fn is_level(&self) -> bool {
        match self {
            Executor::ConstantVus { .. }
            | Executor::ConstantArrivalRate { .. }
            | Executor::RenewalArrivals { .. } => true,
            Executor::SharedIterations { .. }
            | Executor::PerVuIterations { .. }
            | Executor::TraceArrivals { .. }
            | Executor::Replay(_) => false,
            Executor::RampingVus { .. }
            | Executor::RampingArrivalRate { .. }
            | Executor::PoissonArrivals { .. } => self.ramp().is_some_and(|(start, stages)| {
                let mut before = start;
                stages.iter().all(|stage| {
                    let steady = stage.duration == Span::ZERO || stage.target == before;
                    before = stage.target;
                    steady
                })
            }),
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

/// The highest target, the start included.
pub(crate) fn highest(start: f64, stages: &[Stage]) -> f64 {
    stages.iter().map(|s| s.target).fold(start, f64::max)
}

impl Scenario {
    /// Whether its requests are those of a log, so that its journey is written by no one.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        matches!(self.executor, Executor::Replay(_))
    }
}
