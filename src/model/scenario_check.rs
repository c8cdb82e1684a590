//! From the options of a scenario as written to the scenario as meant: k6's checks in k6's order and
//! words (`lib/executor`, k6 v2.2.0), all problems of a scenario at once, and k6's defaults.

pub(crate) mod executors;

use super::duration::print_signed;
use super::journey::JourneyId;
use super::raw_scenario::{Problem, RawScenario, RawStage};
use super::read::scenario_table::{executors, options};
use super::scenario::{Executor, Scenario, Stage};
use crate::engine::Span;

/// k6's limit on VUs at once (`maxConcurrentVUs`).
const MAX_VUS: i64 = 100_000_000;
const SECOND: i64 = 1_000_000_000;

/// All that is wrong with a scenario, in k6's order; empty if nothing is.
#[must_use]
pub fn problems(raw: &RawScenario) -> Vec<Problem> {
    match check(raw) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    }
}

/// The scenario as meant, defaults filled in.
///
/// # Errors
/// All that is wrong with it, in k6's order.
pub fn resolve(raw: &RawScenario, journey: JourneyId) -> Result<Scenario, Vec<Problem>> {
    let executor = check(raw)?;
    Ok(Scenario {
        name: raw.name.clone(),
        executor,
        journey,
        start_time: span(raw.start_time.unwrap_or(0)),
        graceful_stop: span(raw.graceful_stop.unwrap_or(30 * SECOND)),
        tags: raw.tags.clone(),
    })
}

fn span(ns: i64) -> Span {
    Span(u64::try_from(ns).unwrap_or(0))
}

fn check(raw: &RawScenario) -> Result<Executor, Vec<Problem>> {
    let mut c = Checker {
        problems: Vec::new(),
    };
    let Some(name) = raw.executor.as_deref() else {
        c.base(raw);
        c.problem("executor", "missing or empty type field");
        return Err(c.problems);
    };
    if !executors().any(|known| known == name) {
        // k6 stops at it when the script is loaded.
        c.problem("executor", format!("unknown executor type '{name}'"));
        return Err(c.problems);
    }
    c.strangers(raw, name);
    c.whole_numbers(raw, name);
    if !c.problems.is_empty() {
        // These, too, stop k6 when the script is loaded.
        return Err(c.problems);
    }
    c.base(raw);
    let executor = c.executor(name, raw);
    match executor {
        Some(executor) if c.problems.is_empty() => Ok(executor),
        _ => Err(c.problems),
    }
}

/// Collects problems in the order in which they are found.
struct Checker {
    problems: Vec<Problem>,
}

impl Checker {
    fn problem(&mut self, field: &'static str, text: impl Into<String>) {
        self.problems.push(Problem {
            text: text.into(),
            field,
            stage: None,
        });
    }

    fn stage_problem(&mut self, stage: usize, field: &'static str, text: String) {
        self.problems.push(Problem {
            text,
            field,
            stage: Some(stage),
        });
    }

    fn require(&mut self, holds: bool, field: &'static str, text: &str) {
        if !holds {
            self.problem(field, text);
        }
    }

    /// Options that this executor does not have.
    fn strangers(&mut self, raw: &RawScenario, executor: &str) {
        let known: Vec<&str> = options(executor).collect();
        let given = [
            ("vus", raw.vus.is_some()),
            ("iterations", raw.iterations.is_some()),
            ("duration", raw.duration.is_some()),
            ("max_duration", raw.max_duration.is_some()),
            ("start_vus", raw.start_vus.is_some()),
            ("stages", raw.stages.is_some()),
            ("graceful_ramp_down", raw.graceful_ramp_down.is_some()),
            ("rate", raw.rate.is_some()),
            ("start_rate", raw.start_rate.is_some()),
            ("time_unit", raw.time_unit.is_some()),
            ("pre_allocated_vus", raw.pre_allocated_vus.is_some()),
            ("max_vus", raw.max_vus.is_some()),
            ("gap", raw.gap.is_some()),
            ("at", raw.at.is_some()),
        ];
        for (field, given) in given {
            if given && !known.contains(&field) {
                let known = known.join(", ");
                let text = format!("unknown field {field:?} ({executor} has {known})");
                self.problem(field, text);
            }
        }
    }

    /// Numbers that k6 reads as integers. `open-arrivals` may have any rate.
    fn whole_numbers(&mut self, raw: &RawScenario, executor: &str) {
        let open = executor == "open-arrivals";
        let numbers = [
            ("vus", raw.vus),
            ("iterations", raw.iterations),
            ("start_vus", raw.start_vus),
            ("rate", raw.rate.filter(|_| !open)),
            ("start_rate", raw.start_rate.filter(|_| !open)),
            ("pre_allocated_vus", raw.pre_allocated_vus),
            ("max_vus", raw.max_vus),
        ];
        for (field, number) in numbers {
            if let Some(why) = number.and_then(not_whole) {
                self.problem(field, format!("{field} {why}"));
            }
        }
        for (i, stage) in raw.stages.iter().flatten().enumerate() {
            if let Some(why) = stage.target.filter(|_| !open).and_then(not_whole) {
                self.stage_problem(i, "target", format!("the target for stage {} {why}", i + 1));
            }
        }
    }

    /// `BaseConfig.Validate`.
    fn base(&mut self, raw: &RawScenario) {
        let name = &raw.name;
        self.require(!name.is_empty(), "name", "scenario name can't be empty");
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        self.require(
            !name.is_empty() && name.chars().all(allowed),
            "name",
            "the scenario name should contain only numbers, latin letters, underscores, and dashes",
        );
        let exec = raw.exec.as_deref() != Some("");
        self.require(exec, "journey", "exec value cannot be empty");
        let start = raw.start_time.unwrap_or(0);
        self.require(start >= 0, "start_time", "the startTime can't be negative");
        let stop = raw.graceful_stop.unwrap_or(0);
        self.require(
            stop >= 0,
            "graceful_stop",
            "the gracefulStop timeout can't be negative",
        );
    }

    fn vus(&mut self, raw: &RawScenario) -> u64 {
        let vus = int(raw.vus, 1);
        self.require(vus > 0, "vus", "the number of VUs must be more than 0");
        self.limit("vus", "the number of VUs", vus);
        unsigned(vus)
    }

    /// k6 has this limit for `ramping-vus` only; others would run out of memory beyond it.
    fn limit(&mut self, field: &'static str, what: &str, vus: i64) {
        if vus > MAX_VUS {
            self.problem(field, format!("{what} exceeds max limit of {MAX_VUS}"));
        }
    }

    fn duration(&mut self, raw: &RawScenario) -> Option<Span> {
        let Some(duration) = raw.duration else {
            self.problem("duration", "the duration is unspecified");
            return None;
        };
        self.at_least_a_second("duration", "the duration", duration);
        Some(span(duration))
    }

    fn max_duration(&mut self, raw: &RawScenario) -> Span {
        let max_duration = raw.max_duration.unwrap_or(600 * SECOND);
        self.at_least_a_second("max_duration", "the maxDuration", max_duration);
        span(max_duration)
    }

    fn at_least_a_second(&mut self, field: &'static str, what: &str, ns: i64) {
        if ns < SECOND {
            let text = format!("{what} must be at least 1s, but is {}", print_signed(ns));
            self.problem(field, text);
        }
    }

    fn time_unit(&mut self, raw: &RawScenario) -> Span {
        let time_unit = raw.time_unit.unwrap_or(SECOND);
        self.require(
            time_unit > 0,
            "time_unit",
            "the timeUnit must be more than 0",
        );
        span(time_unit)
    }

    /// `pre_allocated_vus` and `max_vus`.
    fn allocation(&mut self, raw: &RawScenario) -> (u64, u64) {
        let field = "pre_allocated_vus";
        let allocated = int(raw.pre_allocated_vus, 0);
        if raw.pre_allocated_vus.is_none() {
            self.problem(field, "the number of preAllocatedVUs isn't specified");
        } else if allocated < 0 {
            self.problem(field, "the number of preAllocatedVUs can't be negative");
        }
        self.limit(field, "the number of preAllocatedVUs", allocated);
        let max = int(raw.max_vus, allocated);
        let text = "maxVUs can't be less than preAllocatedVUs";
        self.require(max >= allocated, "max_vus", text);
        if raw.max_vus.is_some() {
            self.limit("max_vus", "maxVUs", max);
        }
        (unsigned(allocated), unsigned(max))
    }

    /// `validateStages`; `None` if a stage is not complete.
    fn stages(&mut self, stages: &[RawStage]) -> Option<Vec<Stage>> {
        if stages.is_empty() {
            self.problem("stages", "at least one stage has to be specified");
            return None;
        }
        for (i, stage) in stages.iter().enumerate() {
            let n = i + 1;
            match stage.duration {
                None => {
                    self.stage_problem(i, "duration", format!("stage {n} doesn't have a duration"));
                }
                Some(ns) if ns < 0 => {
                    let text = format!("the duration for stage {n} can't be negative");
                    self.stage_problem(i, "duration", text);
                }
                Some(_) => {}
            }
            match stage.target {
                None => {
                    self.stage_problem(i, "target", format!("stage {n} doesn't have a target"));
                }
                Some(target) if target.is_nan() || target < 0.0 => {
                    let text = format!("the target for stage {n} can't be negative");
                    self.stage_problem(i, "target", text);
                }
                Some(_) => {}
            }
        }
        let meant = |stage: &RawStage| {
            Some(Stage {
                duration: span(stage.duration?),
                target: stage.target?,
            })
        };
        stages.iter().map(meant).collect()
    }
}

/// Why a number is no 64-bit integer, if it is none.
fn not_whole(number: f64) -> Option<String> {
    let whole = number.fract() == 0.0 && number.abs() < i64::MAX as f64;
    (!whole).then(|| format!("must be a whole number, but is {number}"))
}

fn int(number: Option<f64>, default: i64) -> i64 {
    number.map_or(default, |number| number as i64)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
