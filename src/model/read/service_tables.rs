//! The keys of services, as data.

use super::autoscale_tables::AUTOSCALE;
use super::dist::DISTRIBUTION;
use super::slowdown::{AFTER, EVERY};
use super::station::STATUS;
use crate::preset::Presets;
use crate::service::Balancer;
use crate::system::Entity;
use crate::vocabulary::{Choice, Key, Kind, Rule, Table};

/// Replicas of one service, at most: each has its own stations, pools and copies of the endpoints' programs.
pub(super) const MAX_REPLICAS: u64 = 10_000;

/// `[services.NAME]`
pub(crate) static SERVICE: Table = Table {
    name: "services.NAME",
    about: "Replicas of the same stations and pools, and the balancer that spreads requests over them.",
    keys: &[
        Key::new(
            "replicas",
            Kind::Whole(1, MAX_REPLICAS),
            "How many there are.",
        )
        .required("replicas = 4"),
        Key::new(
            "endpoints",
            Kind::List(&Kind::Name("endpoint")),
            "Whose requests its replicas answer.",
        )
        .required("endpoints = [\"buy\"]"),
        Key::new(
            "stations",
            Kind::List(&Kind::Name("station")),
            "Stations of which each replica has its own.",
        ),
        Key::new(
            "pools",
            Kind::List(&Kind::Name("pool")),
            "Pools of which each replica has its own.",
        ),
        Key::new(
            "caches",
            Kind::List(&Kind::Name("cache")),
            "Caches of which each replica has its own; one that was away begins anew.",
        ),
        Key::new(
            "balancer",
            Kind::Either(&[Kind::Choice(&BALANCERS), Kind::Table(&BALANCER)]),
            "Which replica a request goes to.",
        )
        .or_text("round-robin"),
        Key::new(
            "weights",
            Kind::List(&Kind::Number(1e-6, 1e6)),
            "Weight of each replica in the balancer's choice; what is left out at the end is 1.",
        ),
        Key::new(
            "speeds",
            Kind::List(&Kind::Number(1e-6, 1e6)),
            "Factor on the speed of each replica's stations; what is left out at the end is 1.",
        ),
        Key::new(
            "health_check",
            Kind::Table(&HEALTH_CHECK),
            "How the balancer learns that a replica is lost, or back.",
        )
        .otherwise("it never learns it"),
        Key::new(
            "outliers",
            Kind::Table(&OUTLIERS),
            "When the balancer stops using a replica because of its answers.",
        )
        .otherwise("never"),
        Key::new(
            "panic",
            Kind::Number(0.0, 1.0),
            "If the balancer would use less than this share of the replicas, it uses all.",
        )
        .or_number(0.0),
        Key::new(
            "refusal",
            Kind::Type(&STATUS),
            "The status of a request for which the balancer knows no replica.",
        )
        .or_whole(503),
        Key::new(
            "slow_start",
            Kind::Table(&SLOW_START),
            "How the weight of a replica rises that the balancer begins to use, again or anew.",
        )
        .otherwise("it is there at once"),
        Key::new(
            "drain",
            Kind::Time,
            "How long a replica that is to go may work on what it has.",
        )
        .or_text("30s"),
        Key::new(
            "faults",
            Kind::List(&Kind::Table(&FAULT)),
            "What happens to its replicas.",
        ),
        Key::new(
            "autoscale",
            Kind::Table(&AUTOSCALE),
            "How the number of replicas follows the load.",
        )
        .otherwise("it stays as it is"),
        Key::new(
            "preset",
            Kind::Choice(&Presets("services")),
            "A real component, whose measured keys hold where none are given.",
        ),
    ],
    rules: &[],
};

/// Balancers that are a name alone; of `hash` it is told what is missing.
pub(super) static BALANCERS: Choice<Option<Balancer>> = Choice {
    one: "balancer",
    many: "balancers",
    pairs: &[
        ("round-robin", Some(Balancer::RoundRobin)),
        ("random", Some(Balancer::Random)),
        ("least-connections", Some(Balancer::LeastConnections)),
        ("two-choices", Some(Balancer::Choices(2))),
        ("shortest-queue", Some(Balancer::ShortestQueue)),
        (
            "sticky",
            Some(Balancer::Sticky {
                by_iteration: false,
            }),
        ),
    ],
};

static BALANCER: Table = Table {
    name: "services.NAME.balancer",
    about: "A balancer with a parameter.",
    keys: &[
        Key::new(
            "hash",
            Kind::Choice(&HASHED),
            "Always the same replica for the same one of these: consistent hashing.",
        ),
        Key::new(
            "points",
            Kind::Whole(1, 100_000),
            "With `hash`: points of each replica on the ring.",
        )
        .or_whole(160),
        Key::new(
            "choices",
            Kind::Whole(1, MAX_REPLICAS),
            "Number of replicas drawn at random, of which the one with the fewest open requests is taken.",
        ),
        Key::new(
            "sticky",
            Kind::Choice(&STICKY),
            "The replica of the first request of the same VU, or of its iteration.",
        ),
    ],
    rules: &[Rule::OneOf(&[&["hash"], &["choices"], &["sticky"]])],
};

/// What a hash is of.
pub(super) static HASHED: Choice<Entity> = Choice {
    one: "",
    many: "possible",
    pairs: &[
        ("user", Entity::User),
        ("token", Entity::Token),
        ("event", Entity::Event),
        ("seat", Entity::Seat),
    ],
};

/// Whether what a balancer remembers is forgotten at the end of an iteration.
pub(super) static STICKY: Choice<bool> = Choice {
    one: "",
    many: "possible",
    pairs: &[("vu", false), ("iteration", true)],
};

static HEALTH_CHECK: Table = Table {
    name: "services.NAME.health_check",
    about: "Checks by the balancer whether a replica is there. They take no time and cost the replica nothing.",
    keys: &[
        Key::new("every", Kind::TimeAboveZero, "From one to the next.").required("every = \"5s\""),
        Key::new(
            "fails",
            Kind::Whole(1, 1000),
            "Failed checks in a row after which the replica is not used.",
        )
        .or_whole(2),
        Key::new(
            "passes",
            Kind::Whole(1, 1000),
            "Passed checks in a row after which it is used again.",
        )
        .or_whole(2),
    ],
    rules: &[],
};

static SLOW_START: Table = Table {
    name: "services.NAME.slow_start",
    about: "The weight of a replica that the balancer begins to use rises to its own. Those of the start of a run have theirs.",
    keys: &[
        Key::new("lasts", Kind::TimeAboveZero, "In so long.").required("lasts = \"10s\""),
        Key::new(
            "steps",
            Kind::Whole(1, 1000),
            "In so many equal steps, the first of them at once.",
        )
        .or_whole(16),
    ],
    rules: &[],
};

static OUTLIERS: Table = Table {
    name: "services.NAME.outliers",
    about: "Ejection of replicas by their answers, with the rules and defaults of Envoy's outlier detection.",
    keys: &[
        Key::new(
            "consecutive_errors",
            Kind::Whole(1, 1_000_000),
            "Errors in a row (status 500 or more, or refused) that eject the replica.",
        )
        .or_whole(5),
        Key::new(
            "every",
            Kind::TimeAboveZero,
            "From one look at which ejections may end to the next.",
        )
        .or_text("10s"),
        Key::new(
            "ejection",
            Kind::TimeAboveZero,
            "How long the first ejection lasts; the n-th in a short time n times as long.",
        )
        .or_text("30s"),
        Key::new("longest", Kind::TimeAboveZero, "But no longer than this.").or_text("300s"),
        Key::new(
            "share",
            Kind::Number(0.0, 1.0),
            "Share of the replicas that may be ejected at once; one may in any case.",
        )
        .or_number(0.1),
    ],
    rules: &[],
};

/// To whom something happens, besides the number of a replica.
pub(super) static WHOM: Choice<crate::service::Whom> = Choice {
    one: "",
    many: "possible",
    pairs: &[
        ("any", crate::service::Whom::Any),
        ("each", crate::service::Whom::Each),
        ("all", crate::service::Whom::All),
    ],
};

const REPLICA: Kind = Kind::Either(&[Kind::Whole(1, MAX_REPLICAS), Kind::Choice(&WHOM)]);

/// An element of `faults`.
pub(super) static FAULT: Table = Table {
    name: "services.NAME.faults[]",
    about: "Something that happens to a replica (its number, `any`, `each` at times of its own, or `all`), and when.",
    keys: &[
        Key::new(
            "lose",
            REPLICA,
            "It is gone: what it works on fails with 502, and connections to it are refused.",
        ),
        Key::new(
            "slow",
            REPLICA,
            "Its stations work at the share `leaves` of their speed.",
        ),
        Key::new(
            "fail",
            REPLICA,
            "It answers every request with `status` after the time `takes`, without any work.",
        ),
        Key::new(
            "restart",
            Kind::Word("rolling"),
            "All are drained and restarted, one after another or `at_once` at a time.",
        ),
        Key::new(
            "partition",
            Kind::Name("service"),
            "Calls to that service get no answer, and fail with 504 after the time `takes`.",
        ),
        EVERY,
        AFTER,
        Key::new("at", Kind::Time, "It begins once, at this time of the run."),
        Key::new(
            "lasts",
            Kind::Type(&DISTRIBUTION),
            "How long it lasts; of a rolling restart, how long each replica is away.",
        )
        .required("lasts = \"30s\""),
        Key::new(
            "leaves",
            Kind::Number(0.0, 1.0),
            "With `slow`: the share of the speed that is left.",
        )
        .or_number(0.1),
        Key::new("status", Kind::Whole(400, 599), "With `fail`: the status.").or_whole(500),
        Key::new(
            "takes",
            Kind::Type(&DISTRIBUTION),
            "With `fail` and `partition`: how long an answer takes, or is waited for.",
        )
        .otherwise("1ms with `fail`, 1s with `partition`"),
        Key::new(
            "at_once",
            Kind::Whole(1, MAX_REPLICAS),
            "With `restart`: replicas restarted at a time.",
        )
        .or_whole(1),
    ],
    rules: &[Rule::OneOf(&[
        &["lose"],
        &["slow"],
        &["fail"],
        &["restart"],
        &["partition"],
    ])],
};
