//! Scenarios, declared: k6's options, and which of them go with which executor.

use super::data_file::{COLUMN, FILE, UNIT};
use super::dist::DISTRIBUTION;
use super::replay;
use crate::vocabulary::{Case, Key, Kind, Names, Rule, Table, Type};

/// Tags of samples.
pub(crate) static TAGS: Type = Type {
    name: "tags",
    about: "Names and texts that go with samples, by which a threshold can select them.",
    kind: Kind::Named(&Kind::Text),
};

const VUS: Kind = Kind::Whole(1, 100_000_000);
const VUS_OR_NONE: Kind = Kind::Whole(0, 100_000_000);
const RATE: Kind = Kind::Number(0.0, f64::MAX);

/// `[scenarios.NAME]`
pub(crate) static SCENARIO: Table = Table {
    name: "scenarios.NAME",
    about: "A part of the load: who runs which journey, and when. Options are k6's, in its spelling or in snake_case. A name is letters, digits, `_` and `-`.",
    keys: &[
        Key::new(
            "executor",
            Kind::Choice(&Executors),
            "How VUs or iterations are started.",
        )
        .required("executor = \"ramping-vus\", or another of k6's"),
        Key::new("journey", Kind::Name("journey"), "What an iteration does.")
            .k6("exec")
            .otherwise("the only journey, or that of the scenario's name"),
        Key::new("start_time", Kind::Time, "When it starts.")
            .k6("startTime")
            .or_text("0s"),
        Key::new(
            "graceful_stop",
            Kind::Time,
            "How long iterations may go on when it is over.",
        )
        .k6("gracefulStop")
        .or_text("30s"),
        Key::new("vus", VUS, "The number of VUs.").or_whole(1),
        Key::new(
            "iterations",
            Kind::Whole(1, i64::MAX as u64),
            "How many iterations: of each VU, or shared by all.",
        )
        .or_whole(1),
        Key::new(
            "duration",
            Kind::Time,
            "How long iterations are started; 1s or more.",
        )
        .checked(),
        Key::new(
            "max_duration",
            Kind::Time,
            "When iterations are interrupted; 1s or more.",
        )
        .k6("maxDuration")
        .or_text("10m"),
        Key::new("start_vus", VUS_OR_NONE, "VUs at the start.")
            .k6("startVUs")
            .or_whole(1),
        Key::new(
            "stages",
            Kind::Some(&Kind::Table(&STAGE)),
            "Ramps from target to target, one after the other.",
        )
        .checked(),
        Key::new(
            "graceful_ramp_down",
            Kind::Time,
            "How long an iteration may go on when its VU is no longer wanted.",
        )
        .k6("gracefulRampDown")
        .or_text("30s"),
        Key::new(
            "rate",
            RATE,
            "Iterations started per `time_unit`; a whole number unless arrivals are open.",
        )
        .checked(),
        Key::new(
            "start_rate",
            RATE,
            "Iterations started per `time_unit` at the start.",
        )
        .k6("startRate")
        .or_whole(0),
        Key::new(
            "time_unit",
            Kind::TimeAboveZero,
            "The time that rates refer to.",
        )
        .k6("timeUnit")
        .or_text("1s"),
        Key::new(
            "pre_allocated_vus",
            VUS_OR_NONE,
            "VUs that are there from the start.",
        )
        .k6("preAllocatedVUs")
        .checked(),
        Key::new("max_vus", VUS_OR_NONE, "VUs at most.")
            .k6("maxVUs")
            .otherwise("`pre_allocated_vus`"),
        Key::new(
            "gap",
            Kind::Type(&DISTRIBUTION),
            "The time from one arrival to the next; above zero.",
        )
        .checked(),
        Key::new(
            "at",
            Kind::Some(&Kind::Time),
            "The times of all arrivals since the scenario's start.",
        ),
        FILE,
        COLUMN,
        UNIT,
        replay::LOG_FORMAT,
        replay::ROUTES,
        replay::UNMATCHED,
        replay::OFFSET,
        replay::LOOP,
        Key::new("tags", Kind::Type(&TAGS), "Tags put on its samples."),
    ],
    rules: &[Rule::Cases("executor", CASES)],
};

static STAGE: Table = Table {
    name: "scenarios.NAME.stages[]",
    about: "A ramp, linear in time.",
    keys: &[
        Key::new("duration", Kind::Time, "How long it takes.").checked(),
        Key::new(
            "target",
            Kind::Number(0.0, f64::MAX),
            "VUs or rate at its end; a whole number unless arrivals are open.",
        )
        .checked(),
    ],
    rules: &[],
};

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

const CASES: &[Case] = &[
    Case {
        text: "ramping-vus",
        about: "VUs that follow stages, each running iterations in a loop.",
        keys: &["start_vus", "stages", "graceful_ramp_down"],
        needs: &[&["stages"]],
        whole: true,
    },
    Case {
        text: "constant-vus",
        about: "A fixed number of VUs, each running iterations in a loop.",
        keys: &["vus", "duration"],
        needs: &[&["duration"]],
        whole: true,
    },
    Case {
        text: "shared-iterations",
        about: "A fixed number of iterations, shared by VUs.",
        keys: &["vus", "iterations", "max_duration"],
        needs: &[],
        whole: true,
    },
    Case {
        text: "per-vu-iterations",
        about: "A fixed number of iterations for each VU.",
        keys: &["vus", "iterations", "max_duration"],
        needs: &[],
        whole: true,
    },
    Case {
        text: "constant-arrival-rate",
        about: "Iterations started at a fixed rate, as far as there are VUs.",
        keys: &[
            "rate",
            "time_unit",
            "duration",
            "pre_allocated_vus",
            "max_vus",
        ],
        needs: &[&["rate"], &["duration"], &["pre_allocated_vus"]],
        whole: true,
    },
    Case {
        text: "ramping-arrival-rate",
        about: "Iterations started at a rate that follows stages, as far as there are VUs.",
        keys: &[
            "start_rate",
            "time_unit",
            "stages",
            "pre_allocated_vus",
            "max_vus",
        ],
        needs: &[&["stages"], &["pre_allocated_vus"]],
        whole: true,
    },
    Case {
        text: "open-arrivals",
        about: "Any of the three that follow, told by its options.",
        keys: &[
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
        ],
        needs: &[&["rate", "stages", "gap", "at", "file"]],
        whole: false,
    },
    Case {
        text: "poisson-arrivals",
        about: "Users who arrive independently of one another: exponential gaps, as many VUs as it takes.",
        keys: &["rate", "start_rate", "time_unit", "stages", "duration"],
        needs: &[&["rate", "stages"]],
        whole: false,
    },
    Case {
        text: "renewal-arrivals",
        about: "Users who arrive with independent gaps of any distribution.",
        keys: &["gap", "duration"],
        needs: &[&["gap"], &["duration"]],
        whole: false,
    },
    Case {
        text: "trace-arrivals",
        about: "Users who arrive at recorded times.",
        keys: &["at", "file", "column", "unit"],
        needs: &[&["at", "file"]],
        whole: false,
    },
    Case {
        text: "replay",
        about: "The requests of an access log, or of a CSV with `start_us` and `endpoint`, each at its own time and an iteration of its own. It has no `journey`. The file is read as the run goes on.",
        keys: &[
            "file",
            "log_format",
            "routes",
            "unmatched",
            "offset",
            "loop",
            "duration",
        ],
        needs: &[&["file"]],
        whole: false,
    },
];

/// Keys of recorded arrivals in a file, which other executors do not have.
pub(crate) const FROM_FILE: [&str; 3] = ["file", "column", "unit"];
