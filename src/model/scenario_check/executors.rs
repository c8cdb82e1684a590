//! Executors: their names and options, the checks of each in the order and the words of its `Validate` in k6, and what it
//! means with k6's defaults.

use super::{Checker, MAX_VUS, SECOND, int, span, unsigned};
use crate::raw_scenario::RawScenario;
use crate::scenario::{Executor, Stage};
use crate::vocabulary::Case;

/// What a scenario may have beside the options of all, by its executor, in the order in which errors list them.
pub(crate) const CASES: &[Case] = &[
    Case::new("ramping-vus", "VUs that follow stages, each running iterations in a loop.", &["start_vus", "stages", "graceful_ramp_down"]).needs(&[&["stages"]]).whole(),
    Case::new("constant-vus", "A fixed number of VUs, each running iterations in a loop.", &["vus", "duration"]).needs(&[&["duration"]]).whole(),
    Case::new("shared-iterations", "A fixed number of iterations, shared by VUs.", &["vus", "iterations", "max_duration"]).whole(),
    Case::new("per-vu-iterations", "A fixed number of iterations for each VU.", &["vus", "iterations", "max_duration"]).whole(),
    Case::new("constant-arrival-rate", "Iterations started at a fixed rate, as far as there are VUs.", &[
            "rate",
            "time_unit",
            "duration",
            "pre_allocated_vus",
            "max_vus",
        ]).needs(&[&["rate"], &["duration"], &["pre_allocated_vus"]]).whole(),
    Case::new("ramping-arrival-rate", "Iterations started at a rate that follows stages, as far as there are VUs.", &[
            "start_rate",
            "time_unit",
            "stages",
            "pre_allocated_vus",
            "max_vus",
        ]).needs(&[&["stages"], &["pre_allocated_vus"]]).whole(),
    Case::new("open-arrivals", "Any of the three that follow, told by its options.", &[
            "rate",
            "start_rate",
            "time_unit",
            "stages",
            "duration",
            "gap",
            "at",
            "file",
            "column",
            "unit",
        ]).needs(&[&["rate", "stages", "gap", "at", "file"]]),
    Case::new("poisson-arrivals", "Users who arrive independently of one another: exponential gaps, as many VUs as it takes.", &["rate", "start_rate", "time_unit", "stages", "duration"]).needs(&[&["rate", "stages"]]),
    Case::new("renewal-arrivals", "Users who arrive with independent gaps of any distribution.", &["gap", "duration"]).needs(&[&["gap"], &["duration"]]),
    Case::new("trace-arrivals", "Users who arrive at recorded times.", &["at", "file", "column", "unit"]).needs(&[&["at", "file"]]),
    Case::new("replay", "The requests of an access log, or of a CSV with `start_us` and `endpoint`, each at its own time and an iteration of its own. It has no `journey`. The file is read as the run goes on.", &[
            "file",
            "log_format",
            "routes",
            "unmatched",
            "offset",
            "loop",
            "duration",
        ]).needs(&[&["file"]]),
];

impl Checker {
    /// What the scenario means; `None` if a problem hides it.
    pub(super) fn executor(&mut self, name: &str, raw: &RawScenario) -> Option<Executor> {
        match name {
            "ramping-vus" => self.ramping_vus(raw),
            "constant-vus" => self.constant_vus(raw),
            "shared-iterations" => self.shared_iterations(raw),
            "per-vu-iterations" => self.per_vu_iterations(raw),
            "constant-arrival-rate" => self.constant_arrival_rate(raw),
            "ramping-arrival-rate" => self.ramping_arrival_rate(raw),
            "replay" => raw.replay.clone().map(Executor::Replay),
            _ => self.open_arrivals(raw),
        }
    }

    fn ramping_vus(&mut self, raw: &RawScenario) -> Option<Executor> {
        let start = int(raw.start_vus, 1);
        self.require(
            start >= 0,
            "start_vus",
            "the number of start VUs can't be negative",
        );
        let stages = raw.stages.as_deref().unwrap_or(&[]);
        let peak = stages
            .iter()
            .map(|stage| int(stage.target, 0))
            .fold(start, i64::max);
        let text = "either startVUs or one of the stages' target values must be greater than 0";
        self.require(peak > 0, "stages", text);
        let meant = self.stages(stages);
        if start > MAX_VUS {
            self.problem(
                "start_vus",
                format!("the startVUs exceed max limit of {MAX_VUS}"),
            );
        }
        for (i, stage) in stages.iter().enumerate() {
            if int(stage.target, 0) > MAX_VUS {
                let text = format!("target for stage {} exceeds max limit of {MAX_VUS}", i + 1);
                self.stage_problem(i, "target", text);
            }
        }
        // k6 takes a negative time for no time at all; saying so is kinder.
        let ramp_down = raw.graceful_ramp_down.unwrap_or(30 * SECOND);
        let text = "the gracefulRampDown timeout can't be negative";
        self.require(ramp_down >= 0, "graceful_ramp_down", text);
        Some(Executor::RampingVus {
            start_vus: unsigned(start),
            stages: meant?,
            graceful_ramp_down: span(ramp_down),
        })
    }

    fn constant_vus(&mut self, raw: &RawScenario) -> Option<Executor> {
        let vus = self.vus(raw);
        let duration = self.duration(raw)?;
        Some(Executor::ConstantVus { vus, duration })
    }

    fn shared_iterations(&mut self, raw: &RawScenario) -> Option<Executor> {
        let vus = self.vus(raw);
        let (iterations, wanted) = (int(raw.iterations, 1), int(raw.vus, 1));
        if iterations < wanted {
            let text = format!(
                "the number of iterations ({iterations}) can't be less than the number of VUs ({wanted})"
            );
            self.problem("iterations", text);
        }
        let max_duration = self.max_duration(raw);
        let iterations = unsigned(iterations);
        Some(Executor::SharedIterations {
            vus,
            iterations,
            max_duration,
        })
    }

    fn per_vu_iterations(&mut self, raw: &RawScenario) -> Option<Executor> {
        let vus = self.vus(raw);
        let iterations = int(raw.iterations, 1);
        let text = "the number of iterations must be more than 0";
        self.require(iterations > 0, "iterations", text);
        let max_duration = self.max_duration(raw);
        let iterations = unsigned(iterations);
        Some(Executor::PerVuIterations {
            vus,
            iterations,
            max_duration,
        })
    }

    fn constant_arrival_rate(&mut self, raw: &RawScenario) -> Option<Executor> {
        match raw.rate {
            None => self.problem("rate", "the iteration rate isn't specified"),
            Some(rate) => {
                self.require(rate > 0.0, "rate", "the iteration rate must be more than 0");
            }
        }
        let time_unit = self.time_unit(raw);
        let duration = self.duration(raw);
        let (pre_allocated_vus, max_vus) = self.allocation(raw);
        Some(Executor::ConstantArrivalRate {
            rate: unsigned(int(raw.rate, 0)),
            time_unit,
            duration: duration?,
            pre_allocated_vus,
            max_vus,
        })
    }

    fn ramping_arrival_rate(&mut self, raw: &RawScenario) -> Option<Executor> {
        let start = int(raw.start_rate, 0);
        self.require(
            start >= 0,
            "start_rate",
            "the startRate value can't be negative",
        );
        let time_unit = self.time_unit(raw);
        let stages = self.stages(raw.stages.as_deref().unwrap_or(&[]));
        let (pre_allocated_vus, max_vus) = self.allocation(raw);
        Some(Executor::RampingArrivalRate {
            start_rate: unsigned(start),
            time_unit,
            stages: stages?,
            pre_allocated_vus,
            max_vus,
        })
    }

    /// capsim's own: `rate` and `duration`, or `stages`, or `gap` and `duration`, or `at`.
    fn open_arrivals(&mut self, raw: &RawScenario) -> Option<Executor> {
        let ways = [
            ("rate", raw.rate.is_some()),
            ("stages", raw.stages.is_some()),
            ("gap", raw.gap.is_some()),
            ("at", raw.at.is_some()),
        ];
        let mut given = ways.iter().filter(|(_, given)| *given).map(|(way, _)| *way);
        let (way, second) = (given.next(), given.next());
        let (Some(way), None) = (way, second) else {
            let text = "open-arrivals needs exactly one of rate, stages, gap and at";
            self.problem(second.unwrap_or("executor"), text);
            return None;
        };
        for (field, present, with) in [
            ("duration", raw.duration.is_some(), &["rate", "gap"][..]),
            ("start_rate", raw.start_rate.is_some(), &["stages"][..]),
            (
                "time_unit",
                raw.time_unit.is_some(),
                &["rate", "stages"][..],
            ),
        ] {
            if present && !with.contains(&way) {
                self.problem(field, format!("{field} has no meaning beside {way}"));
            }
        }
        match way {
            "at" => self.recorded_arrivals(raw),
            "gap" => {
                let gap = raw.gap.clone()?;
                let duration = self.duration(raw)?;
                Some(Executor::RenewalArrivals { gap, duration })
            }
            _ => self.poisson_arrivals(raw),
        }
    }

    fn recorded_arrivals(&mut self, raw: &RawScenario) -> Option<Executor> {
        let at = raw.at.clone()?;
        self.require(
            !at.is_empty(),
            "at",
            "at least one arrival has to be recorded",
        );
        self.require(
            at.is_sorted(),
            "at",
            "recorded arrivals must be in ascending order",
        );
        Some(Executor::TraceArrivals { at })
    }

    fn poisson_arrivals(&mut self, raw: &RawScenario) -> Option<Executor> {
        let unit = self.time_unit(raw).as_secs();
        let stages = match (raw.rate, raw.stages.as_deref()) {
            (Some(rate), _) => {
                let duration = self.duration(raw);
                vec![Stage {
                    duration: duration?,
                    target: rate,
                }]
            }
            (None, stages) => self.stages(stages.unwrap_or(&[]))?,
        };
        let start = raw.rate.or(raw.start_rate).unwrap_or(0.0);
        let field = if raw.rate.is_some() {
            "rate"
        } else {
            "start_rate"
        };
        let text = format!("the {field} can't be negative or infinite");
        self.require((0.0..=f64::MAX).contains(&start), field, &text);
        let finite = stages.iter().all(|stage| stage.target.is_finite());
        self.require(finite, "stages", "a target can't be infinite");
        let some = start > 0.0 || stages.iter().any(|stage| stage.target > 0.0);
        let text = format!(
            "either the {field} or one of the stages' target values must be greater than 0"
        );
        self.require(some, field, &text);
        let per_second = |stage: &Stage| Stage {
            target: stage.target / unit,
            ..*stage
        };
        let stages = stages.iter().map(per_second).collect();
        Some(Executor::PoissonArrivals {
            start_rate: start / unit,
            stages,
        })
    }
}
