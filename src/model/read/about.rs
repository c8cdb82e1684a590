//! The sections of a model, `[model]` itself, and `[setup]` and `[teardown]`.

use super::scenario_table::SCENARIO;
use super::step_tables::STEP;
use super::{
    Build, MAX_ENTITIES, breaker, cache, endpoint, fitted, host, inventory, limit, links, listener,
    network, pool, price, rate_limit, retry, service_tables, station, threshold, waiting,
    waiting_room,
};
use crate::engine::Span;
use crate::field::Field;
use crate::network::Reuse;
use crate::threshold::Aggregation;
use crate::tree::Value;
use crate::vocabulary::{Choice, Key, Kind, Table};
use crate::{K6Version, TimeUnit};

/// A model as a whole.
pub static ROOT: Kind = Kind::Table(&MODEL);

/// What stands at the top of a model.
pub static MODEL: Table = Table {
    name: "",
    about: "A model is a TOML file with these tables.",
    keys: &[
        Key::new(
            "stations",
            Kind::Named(&Kind::Table(&station::STATION)),
            "Servers with a queue, by name.",
        ),
        Key::new(
            "hosts",
            Kind::Named(&Kind::Table(&host::HOST)),
            "Cores that stations share, by name.",
        ),
        Key::new(
            "pools",
            Kind::Named(&Kind::Table(&pool::POOL)),
            "Tokens that requests hold, by name.",
        ),
        Key::new(
            "endpoints",
            Kind::Named(&Kind::Table(&endpoint::ENDPOINT)),
            "What the system does for each request, by name.",
        ),
        Key::new(
            "services",
            Kind::Named(&Kind::Table(&service_tables::SERVICE)),
            "Replicas behind a balancer, by name.",
        ),
        Key::new(
            "journeys",
            Kind::Named(&Kind::Some(&Kind::Type(&STEP))),
            "What a user does in one iteration: a list of steps, by name.",
        ),
        Key::new(
            "limits",
            Kind::Named(&Kind::Table(&limit::LIMIT)),
            "Limits on rates and on requests at once, by name.",
        ),
        Key::new(
            "breakers",
            Kind::Named(&Kind::Table(&breaker::BREAKER)),
            "Circuit breakers around calls, by name.",
        ),
        Key::new(
            "retries",
            Kind::Named(&Kind::Table(&retry::POLICY)),
            "How what fails is tried again, by name.",
        ),
        Key::new("model", Kind::Table(&ABOUT), "The model as a whole."),
        Key::new(
            "inventory",
            Kind::Table(&inventory::INVENTORY),
            "Events and seats.",
        ),
        Key::new(
            "waiting_room",
            Kind::Table(&waiting_room::WAITING_ROOM),
            "A line of users in front of the system.",
        ),
        Key::new(
            "locks",
            Kind::Named(&Kind::Table(&waiting::LOCK_RULES)),
            "What holds for all locks of a kind of entity, by the kind.",
        ),
        Key::new(
            "setup",
            Kind::Table(&PHASE),
            "A journey that runs once before the scenarios, as k6's `setup()`.",
        ),
        Key::new(
            "teardown",
            Kind::Table(&PHASE),
            "A journey that runs once after the scenarios, as k6's `teardown()`.",
        ),
        Key::new(
            "scenarios",
            Kind::Named(&Kind::Table(&SCENARIO)),
            "The load, by name, as k6's `scenarios`.",
        )
        .checked(),
        Key::new(
            "network",
            Kind::Table(&network::NETWORK),
            "The network between users and system.",
        ),
        Key::new(
            "links",
            Kind::Named(&Kind::Table(&links::LINK)),
            "The network between services, by name.",
        ),
        Key::new(
            "listeners",
            Kind::Named(&Kind::Table(&listener::LISTENER)),
            "Where connections are accepted, by name.",
        ),
        Key::new(
            "rate_limits",
            Kind::Named(&Kind::Table(&rate_limit::RATE_LIMIT)),
            "Limits of the rate of requests, by name.",
        ),
        Key::new(
            "caches",
            Kind::Named(&Kind::Table(&cache::CACHE)),
            "Caches, by name.",
        ),
        Key::new(
            "prices",
            Kind::Table(&price::PRICES),
            "What the system costs.",
        ),
        Key::new(
            "thresholds",
            Kind::Named(&Kind::OneOrMore(&threshold::THRESHOLD)),
            "What must hold, by metric, as k6's `thresholds`.",
        ),
        Key::new(
            "fitted",
            Kind::Table(&fitted::FITTED),
            "To what the model was fitted; `capsim fit` writes it.",
        ),
    ],
    rules: &[],
};

static ABOUT: Table = Table {
    name: "model",
    about: "The model as a whole.",
    keys: &[
        Key::new("name", Kind::Text, "Its name in reports.").otherwise("the file's name"),
        Key::new(
            "description",
            Kind::Text,
            "What it is about; may have several lines.",
        ),
        Key::new(
            "users",
            Kind::Whole(1, MAX_ENTITIES as u64),
            "How many users there are, of whom `pick = \"user\"` takes one.",
        )
        .or_whole(100_000),
        Key::new(
            "summary_style",
            Kind::Choice(&STYLES),
            "Whose summary is printed: of k6 0.53 and older, 1.x or 2.x.",
        )
        .or_text("2"),
        Key::new(
            "summary_trend_stats",
            Kind::List(&STATISTIC),
            "The columns of times in the summary: `avg`, `min`, `med`, `max`, `count`, `p(N)`.",
        )
        .k6("summaryTrendStats")
        .otherwise("avg, min, med, max, p(90), p(95)"),
        Key::new(
            "summary_time_unit",
            Kind::Choice(&UNITS),
            "One unit for all times in the summary.",
        )
        .k6("summaryTimeUnit")
        .otherwise("for each time the unit that fits it"),
        Key::new(
            "no_connection_reuse",
            Kind::Flag,
            "A VU closes its connection after each request.",
        )
        .k6("noConnectionReuse")
        .or_flag(false),
        Key::new(
            "no_vu_connection_reuse",
            Kind::Flag,
            "A VU closes its connection after each iteration.",
        )
        .k6("noVUConnectionReuse")
        .or_flag(false),
        EXPECTED.otherwise("200 to 399"),
    ],
    rules: &[],
};

/// Statuses of answers that do not count as failed.
pub(super) const EXPECTED: Key = Key::new(
    "expected",
    Kind::List(&ONE_OR_RANGE),
    "Statuses that do not count as failed, each by itself or from the least to the largest, as k6's `expectedStatuses`.",
);
const STATUS: Kind = Kind::Whole(100, 599);
static ONE_OR_RANGE: Kind = Kind::Either(&[STATUS, Kind::Table(&STATUSES)]);

static STATUSES: Table = Table {
    name: "expected[]",
    about: "All statuses between two, these too.",
    keys: &[
        Key::new("min", STATUS, "The least.").required("min = 200"),
        Key::new("max", STATUS, "The largest.").required("max = 299"),
    ],
    rules: &[],
};

/// Reads such a list; empty if there is none.
pub(super) fn expected(field: Option<Field>) -> Vec<u16> {
    let Some(field) = field else {
        return Vec::new();
    };
    let items = field.some_items("write expected = [200, 409], or leave it out for 200 to 399");
    let items = items.unwrap_or_default();
    let mut statuses = Vec::new();
    for item in items {
        if !matches!(item.node.value, Value::Table(_)) {
            statuses.extend(item.integer::<u16>());
            continue;
        }
        let Some(range) = item.section() else {
            continue;
        };
        let end = |key, example| range.required(key, example)?.integer::<u16>();
        let (min, max) = (end("min", "min = 200"), end("max", "max = 299"));
        let (Some(min), Some(max)) = (min, max) else {
            continue;
        };
        if min > max {
            item.error(
                format!("no status is from {min} to {max}"),
                "write the least first: { min = 200, max = 299 }",
            );
        }
        statuses.extend(min..=max);
    }
    statuses
}

/// A column of a summary.
static STATISTIC: Kind = Kind::Pattern(r"^(avg|min|med|max|count|p\([0-9.]+\))$", "p(95)");

static STYLES: Choice<K6Version> = Choice {
    one: "style of summary",
    many: "styles",
    pairs: &[
        ("0.53", K6Version::V0_53),
        ("1", K6Version::V1),
        ("2", K6Version::V2),
    ],
};

static UNITS: Choice<TimeUnit> = Choice {
    one: "unit",
    many: "units",
    pairs: &[
        ("s", TimeUnit::Seconds),
        ("ms", TimeUnit::Milliseconds),
        ("us", TimeUnit::Microseconds),
    ],
};

static PHASE: Table = Table {
    name: "setup, teardown",
    about: "A journey that runs once before or after the scenarios.",
    keys: &[
        Key::new("journey", Kind::Name("journey"), "What it does.")
            .required("journey = \"…\", the name of a journey")
            .k6("exec"),
        Key::new(
            "timeout",
            Kind::TimeAboveZero,
            "How long it may take; the run fails then.",
        )
        .or_text("60s")
        .k6("setupTimeout"),
    ],
    rules: &[],
};

/// The section `[model]`.
pub(super) struct About {
    pub name: String,
    pub description: String,
    pub users: u32,
    pub stats: Vec<Aggregation>,
    pub stat_names: Vec<String>,
    pub time_unit: Option<TimeUnit>,
    pub k6_version: K6Version,
    pub reuse: Reuse,
    pub expected: Vec<u16>,
}

/// Reads `[model]`.
pub(super) fn about(field: Option<Field>, default_name: &str) -> About {
    let section = field.and_then(|field| field.section());
    let get = |key| section.as_ref().and_then(|s| s.optional(key));
    let text = |key| get(key).and_then(|f| f.text().map(str::to_string));
    let flag = |key| (section.as_ref()).and_then(|s| s.flag(key)) == Some(true);
    About {
        name: text("name").unwrap_or_else(|| default_name.to_string()),
        description: text("description").unwrap_or_default(),
        users: (section.as_ref()).map_or(100_000, |s| s.integer_or_default("users")),
        k6_version: (section.as_ref())
            .and_then(|s| k6_version(&s.optional("summary_style")?))
            .unwrap_or_default(),
        reuse: match (flag("no_connection_reuse"), flag("no_vu_connection_reuse")) {
            (true, _) => Reuse::Never,
            (false, true) => Reuse::WithinIteration,
            (false, false) => Reuse::Always,
        },
        expected: expected(get("expected")),
        stats: get("summary_trend_stats").map_or_else(default_stats, |f| trend_stats(&f)),
        stat_names: get("summary_trend_stats").map_or_else(Vec::new, |f| texts(&f)),
        time_unit: (section.as_ref()).and_then(|s| s.choice("summary_time_unit", &UNITS)),
    }
}

fn k6_version(field: &Field) -> Option<K6Version> {
    let text = field.text()?;
    let found = STYLES.pairs.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        field.error(
            "this is not a summary style",
            "write \"0.53\", \"1\" or \"2\"",
        );
    }
    found.map(|(_, version)| *version)
}

/// k6's default of `summaryTrendStats`.
fn default_stats() -> Vec<Aggregation> {
    let p = Aggregation::Percentile;
    vec![
        Aggregation::Avg,
        Aggregation::Min,
        Aggregation::Med,
        Aggregation::Max,
        p(90.0),
        p(95.0),
    ]
}

/// The texts of a list.
fn texts(list: &Field) -> Vec<String> {
    let items = list.items().unwrap_or_default();
    let texts = items.iter().filter_map(Field::text_if_any);
    texts.map(str::to_string).collect()
}

fn trend_stats(field: &Field) -> Vec<Aggregation> {
    let mut stats = Vec::new();
    for item in field.items().unwrap_or_default() {
        match item.text().map(Aggregation::parse_trend_stat) {
            Some(Ok(stat)) => stats.push(stat),
            Some(Err(why)) => {
                item.error(why, "stats: `avg`, `min`, `med`, `max`, `count`, `p(95)`");
            }
            None => {}
        }
    }
    stats
}

/// The journey and the timeout of `[setup]` or `[teardown]`.
pub(super) struct Phase {
    pub journey: Option<u16>,
    pub timeout: Span,
}

/// Reads `[setup]` or `[teardown]`.
pub(super) fn phase(build: &Build, field: Option<&Field>) -> Phase {
    // k6's default of setupTimeout and teardownTimeout.
    let mut phase = Phase {
        journey: None,
        timeout: Span::secs(60),
    };
    let Some(section) = field.and_then(Field::section) else {
        return phase;
    };
    let journey = section.optional("journey");
    phase.journey = journey.and_then(|f| build.journeys.find(&f));
    phase.timeout = section.time("timeout").unwrap_or(phase.timeout);
    phase
}
