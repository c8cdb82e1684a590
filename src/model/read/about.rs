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
use crate::vocabulary::{Choice, Kind, keys, tables};
use crate::{K6Version, TimeUnit};

/// A model as a whole.
pub static ROOT: Kind = Kind::Table(&MODEL);

tables! {
    /// A model is a TOML file with these tables.
    pub static MODEL = "" {
        /// Servers with a queue, by name.
        stations: Named(&Table(&station::STATION));
        /// Cores that stations share, by name.
        hosts: Named(&Table(&host::HOST));
        /// Tokens that requests hold, by name.
        pools: Named(&Table(&pool::POOL));
        /// What the system does for each request, by name.
        endpoints: Named(&Table(&endpoint::ENDPOINT));
        /// Replicas behind a balancer, by name.
        services: Named(&Table(&service_tables::SERVICE));
        /// What a user does in one iteration: a list of steps, by name.
        journeys: Named(&Some(&Type(&STEP)));
        /// Limits on rates and on concurrency, by name.
        limits: Named(&Table(&limit::LIMIT));
        /// Circuit breakers around calls, by name.
        breakers: Named(&Table(&breaker::BREAKER));
        /// How failures are retried, by name.
        retries: Named(&Table(&retry::POLICY));
        /// The model as a whole.
        model: Table(&ABOUT);
        /// Events and seats.
        inventory: Table(&inventory::INVENTORY);
        /// A line of users in front of the system.
        waiting_room: Table(&waiting_room::WAITING_ROOM);
        /// Settings of all locks of a kind of entity, by the kind.
        locks: Named(&Table(&waiting::LOCK_RULES));
        /// A journey that runs once before the scenarios, as k6's `setup()`.
        setup: Table(&PHASE);
        /// A journey that runs once after the scenarios, as k6's `teardown()`.
        teardown: Table(&PHASE);
        /// The load, by name, as k6's `scenarios`.
        scenarios: Named(&Table(&SCENARIO)), checked();
        /// The network between users and system.
        network: Table(&network::NETWORK);
        /// The network between services, by name.
        links: Named(&Table(&links::LINK));
        /// Where connections are accepted, by name.
        listeners: Named(&Table(&listener::LISTENER));
        /// Limits on the rate of requests, by name.
        rate_limits: Named(&Table(&rate_limit::RATE_LIMIT));
        /// Caches, by name.
        caches: Named(&Table(&cache::CACHE));
        /// What the system costs.
        prices: Table(&price::PRICES);
        /// What must hold, by metric, as k6's `thresholds`.
        thresholds: Named(&OneOrMore(&threshold::THRESHOLD));
        /// What the model was fitted to; `capsim fit` writes it.
        fitted: Table(&fitted::FITTED);
    };

    /// The model as a whole.
    static ABOUT = "model" {
        /// Its name in reports.
        name: Text, otherwise("the file's name");
        /// Its description; may have several lines.
        description: Text;
        /// How many users there are; `pick = "user"` takes one of them.
        users: Whole(1, MAX_ENTITIES as u64), or_whole(100_000);
        /// Which k6's summary is printed: that of 0.53 and older, of 1.x or of 2.x.
        summary_style: Choice(&STYLES), or_text("2");
        /// The columns of times in the summary: `avg`, `min`, `med`, `max`, `count`, `p(N)`.
        summary_trend_stats: List(&STATISTIC),
            k6("summaryTrendStats"), otherwise("avg, min, med, max, p(90), p(95)");
        /// One unit for all times in the summary.
        summary_time_unit: Choice(&UNITS),
            k6("summaryTimeUnit"), otherwise("for each time the unit that fits it");
        /// A VU closes its connection after each request.
        no_connection_reuse: Flag, k6("noConnectionReuse"), or_flag(false);
        /// A VU closes its connection after each iteration.
        no_vu_connection_reuse: Flag, k6("noVUConnectionReuse"), or_flag(false);
        ..EXPECTED.otherwise("200 to 399");
    };
}

keys! {
    /// Statuses that do not count as failed, single ones or ranges, as in k6's `expectedStatuses`.
    pub(super) static EXPECTED = expected: List(&ONE_OR_RANGE);
}

const STATUS: Kind = Kind::Whole(100, 599);
static ONE_OR_RANGE: Kind = Kind::Either(&[STATUS, Kind::Table(&STATUSES)]);

tables! {
    /// A range of statuses, both ends included.
    static STATUSES = "expected[]" {
        /// The lowest.
        min: STATUS, required("min = 200");
        /// The highest.
        max: STATUS, required("max = 299");
    };
}

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

static STYLES: Choice<K6Version> = Choice::of("style of summary", "styles", K6Version::NAMES);

static UNITS: Choice<TimeUnit> = Choice::of(
    "unit",
    "units",
    &[
        ("s", TimeUnit::Seconds),
        ("ms", TimeUnit::Milliseconds),
        ("us", TimeUnit::Microseconds),
    ],
);

tables! {
    /// A journey that runs once before or after the scenarios.
    static PHASE = "setup, teardown" {
        /// What it does.
        journey: Name("journey"), required("journey = \"…\", the name of a journey"), k6("exec");
        /// How long it may take; the run fails then.
        timeout: TimeAboveZero, or_text("60s"), k6("setupTimeout");
    };
}

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
    let found = K6Version::parse(text);
    if found.is_none() {
        field.error(
            "this is not a summary style",
            "write \"0.53\", \"1\" or \"2\"",
        );
    }
    found
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
    phase.timeout = section.time_or_default("timeout");
    phase
}
