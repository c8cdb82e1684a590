//! Scenarios, declared: k6's options, and which of them go with which executor.

use super::data_file::{COLUMN, FILE, UNIT};
use super::dist::DISTRIBUTION;
use super::replay::{LOG_FORMAT, LOOP, OFFSET, ROUTES, UNMATCHED};
use crate::scenario_check::executors::CASES;
use crate::vocabulary::{Kind, Names, Type, tables};

/// Tags of samples.
pub(crate) static TAGS: Type = Type {
    name: "tags",
    about: "Names and texts that go with samples, by which a threshold can select them.",
    kind: Kind::Named(&Kind::Text),
};

const VUS: Kind = Kind::Whole(1, 100_000_000);
const VUS_OR_NONE: Kind = Kind::Whole(0, 100_000_000);
const RATE: Kind = Kind::Number(0.0, f64::MAX);

tables! {
    /// A part of the load: who runs which journey, and when. Options are k6's, in its spelling or in snake_case. A name
    /// is letters, digits, `_` and `-`.
    pub(crate) static SCENARIO = "scenarios.NAME" {
        /// How VUs or iterations are started.
        executor: Choice(&Executors), required("executor = \"ramping-vus\", or another of k6's");
        /// What an iteration does.
        journey: Name("journey"), k6("exec"), otherwise("the only journey, or that of the scenario's name");
        /// When it starts.
        start_time: Time, k6("startTime"), or_text("0s");
        /// How long iterations may continue after it has ended.
        graceful_stop: Time, k6("gracefulStop"), or_text("30s");
        /// The number of VUs.
        vus: VUS, or_whole(1);
        /// How many iterations: of each VU, or shared by all.
        iterations: Whole(1, i64::MAX as u64), or_whole(1);
        /// How long iterations are started; 1s or more.
        duration: Time, checked();
        /// When iterations are interrupted; 1s or more.
        max_duration: Time, k6("maxDuration"), or_text("10m");
        /// VUs at the start.
        start_vus: VUS_OR_NONE, k6("startVUs"), or_whole(1);
        /// Ramps from target to target, one after the other.
        stages: Some(&Table(&STAGE)), checked();
        /// How long an iteration may continue after its VU was told to stop.
        graceful_ramp_down: Time, k6("gracefulRampDown"), or_text("30s");
        /// Iterations started per `time_unit`; a whole number unless arrivals are open.
        rate: RATE, checked();
        /// Iterations started per `time_unit` at the start.
        start_rate: RATE, k6("startRate"), or_whole(0);
        /// The time that rates refer to.
        time_unit: TimeAboveZero, k6("timeUnit"), or_text("1s");
        /// VUs initialised before the test.
        pre_allocated_vus: VUS_OR_NONE, k6("preAllocatedVUs"), checked();
        /// VUs at most.
        max_vus: VUS_OR_NONE, k6("maxVUs"), otherwise("`pre_allocated_vus`");
        /// The time from one arrival to the next; above zero.
        gap: Type(&DISTRIBUTION), checked();
        /// The times of all arrivals since the scenario's start.
        at: Some(&Time);
        ..FILE;
        ..COLUMN;
        ..UNIT;
        ..LOG_FORMAT;
        ..ROUTES;
        ..UNMATCHED;
        ..OFFSET;
        ..LOOP;
        /// Tags put on its samples.
        tags: Type(&TAGS);
    } rules [Cases("executor", CASES)];

    /// A ramp, linear in time.
    static STAGE = "scenarios.NAME.stages[]" {
        /// How long it takes.
        duration: Time, checked();
        /// VUs or rate at its end; a whole number unless arrivals are open.
        target: Number(0.0, f64::MAX), checked();
    };
}

struct Executors;

impl Names for Executors {
    fn names(&self) -> Vec<&'static str> {
        executors().collect()
    }
}

/// All executors, in the order in which errors list them.
pub(crate) fn executors() -> impl Iterator<Item = &'static str> + Clone {
    CASES.iter().map(|case| case.text)
}

/// The options of an executor beside those that all have, and what names a file.
pub(crate) fn options(executor: &str) -> impl Iterator<Item = &'static str> + Clone {
    let case = CASES.iter().find(move |case| case.text == executor);
    let keys = case.map_or(&[][..], |case| case.keys).iter().copied();
    let is_replay = executor == "replay";
    keys.filter(move |key| is_replay || !FROM_FILE.contains(key))
}

/// Keys of recorded arrivals in a file, which other executors do not have.
pub(crate) const FROM_FILE: [&str; 3] = ["file", "column", "unit"];
