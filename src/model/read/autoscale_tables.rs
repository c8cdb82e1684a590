//! Keys of the autoscaling of services.

use super::dist::DISTRIBUTION;
use super::service_tables::MAX_REPLICAS;
use crate::autoscale::Source;
use crate::vocabulary::{Choice, Key, Kind, Rule, Table};

/// `[services.NAME.autoscale]`
pub(super) static AUTOSCALE: Table = Table {
    name: "services.NAME.autoscale",
    about: "How the number of replicas follows the load, with all its lag, or a schedule. With `target` it is the Horizontal Pod Autoscaler of Kubernetes.",
    keys: &[
        Key::new(
            "metric",
            Kind::Choice(&METRICS),
            "What is measured of each replica: the share of servers at work at `station`, requests on which it works, requests that wait for its stations and pools, requests a second that it is given, the share of the tokens of `pool` in use, or, of all together, a percentile of the seconds that requests took. `external`: users or requests that wait elsewhere in the model, of which `target` is a replica's share.",
        )
        .or_text("cpu"),
        Key::new(
            "station",
            Kind::Name("station"),
            "With `cpu`: whose servers. With `external`: requests that wait for it, all copies together.",
        )
        .otherwise("with `cpu` the first of the service"),
        Key::new(
            "pool",
            Kind::Name("pool"),
            "With `tokens`: whose tokens. With `external`: requests that wait for it, all copies together.",
        )
        .otherwise("with `tokens` the first of the service"),
        Key::new(
            "waiting_room",
            Kind::Choice(&ROOM),
            "With `external`: users in line, or users who are let through and not done.",
        ),
        Key::new(
            "percentile",
            Kind::Number(1.0, 99.99),
            "With `duration`: which.",
        )
        .or_number(95.0),
        Key::new(
            "whole_percent",
            Kind::Flag,
            "With `target` and a share: the mean is cut to whole per cent, as Kubernetes does with the CPU.",
        )
        .or_flag(false),
        Key::new(
            "initialisation",
            Kind::Time,
            "With `target`: a replica that began to boot less than so long ago counts as not ready until a whole window of it was measured; 5m with Kubernetes and the CPU.",
        )
        .or_text("0s"),
        Key::new(
            "target",
            Kind::Number(1e-6, 1e9),
            "What the mean of the metric should be: 0.6 for 60 % of the servers.",
        ),
        Key::new(
            "tolerance",
            Kind::Number(0.0, 1.0),
            "With `target`: a ratio of metric to target that is this near to 1 changes nothing.",
        )
        .or_number(0.1),
        Key::new(
            "steps",
            Kind::Some(&Kind::Table(&STEP)),
            "How many more or fewer beyond some values; of those passed, the furthest counts.",
        ),
        Key::new("min", Kind::Whole(1, MAX_REPLICAS), "Fewest replicas.").or_whole(1),
        Key::new(
            "max",
            Kind::Whole(1, MAX_REPLICAS),
            "Most replicas; needed with `target` and `steps`.",
        ),
        Key::new(
            "every",
            Kind::TimeAboveZero,
            "From one decision to the next.",
        )
        .or_text("15s"),
        Key::new(
            "window",
            Kind::TimeAboveZero,
            "The metric is a mean over so long, and known at its end.",
        )
        .or_text("15s"),
        Key::new(
            "cool_down",
            Kind::Time,
            "After a change of the number there is none for so long; the schedule does not wait for it.",
        )
        .or_text("0s"),
        Key::new(
            "up",
            Kind::Table(&UP),
            "With `target`: how fast the number may grow.",
        ),
        Key::new(
            "down",
            Kind::Table(&DOWN),
            "With `target`: how fast it may shrink.",
        ),
        Key::new(
            "boot",
            Kind::Type(&DISTRIBUTION),
            "From the decision until a new replica may get requests.",
        )
        .required("boot = \"45s\""),
        Key::new(
            "warm_up",
            Kind::Table(&WARM_UP),
            "How a new replica works at first.",
        )
        .otherwise("as later"),
        Key::new(
            "schedule",
            Kind::Some(&Kind::Table(&PLANNED)),
            "Smallest number of replicas from these times on; without `target` and `steps`, the exact number.",
        ),
    ],
    rules: &[Rule::AnyOf(&["target", "steps", "schedule"])],
};

/// What is measured, as written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Measured {
    Cpu,
    InFlight,
    Queue,
    Requests,
    Tokens,
    Duration,
    External,
}

pub(super) static METRICS: Choice<Measured> = Choice {
    one: "metric",
    many: "metrics",
    pairs: &[
        ("cpu", Measured::Cpu),
        ("in-flight", Measured::InFlight),
        ("queue", Measured::Queue),
        ("requests", Measured::Requests),
        ("tokens", Measured::Tokens),
        ("duration", Measured::Duration),
        ("external", Measured::External),
    ],
};

pub(super) static ROOM: Choice<Source> = Choice {
    one: "number of users",
    many: "numbers of users",
    pairs: &[("in-line", Source::InLine), ("admitted", Source::Admitted)],
};

static STEP: Table = Table {
    name: "services.NAME.autoscale.steps[]",
    about: "Adds replicas above a value of the metric, or removes some below one.",
    keys: &[
        Key::new("above", Kind::Number(0.0, 1e9), "It counts above this."),
        Key::new("below", Kind::Number(0.0, 1e9), "It counts below this."),
        Key::new(
            "add",
            Kind::Whole(1, MAX_REPLICAS),
            "With `above`: how many more.",
        ),
        Key::new(
            "remove",
            Kind::Whole(1, MAX_REPLICAS),
            "With `below`: how many fewer.",
        ),
    ],
    rules: &[Rule::OneOf(&[&["above", "add"], &["below", "remove"]])],
};

static UP: Table = Table {
    name: "services.NAME.autoscale.up",
    about: "How fast the number of replicas may grow: by what allows more of `replicas` and `share`.",
    keys: &[
        Key::new(
            "stabilise",
            Kind::Time,
            "Of what was wanted in so long, the least is done.",
        )
        .or_text("0s"),
        REPLICAS.otherwise("4, if `share` is not given either"),
        SHARE.otherwise("1, if `replicas` is not given either"),
        PERIOD,
    ],
    rules: &[],
};

static DOWN: Table = Table {
    name: "services.NAME.autoscale.down",
    about: "How fast it may shrink, likewise.",
    keys: &[
        Key::new(
            "stabilise",
            Kind::Time,
            "Of what was wanted in so long, the most is done.",
        )
        .or_text("300s"),
        REPLICAS.otherwise("none"),
        SHARE.otherwise("1, if `replicas` is not given either"),
        PERIOD,
    ],
    rules: &[],
};

const REPLICAS: Key = Key::new(
    "replicas",
    Kind::Whole(1, MAX_REPLICAS),
    "Replicas in a period.",
);
const SHARE: Key = Key::new(
    "share",
    Kind::Number(1e-6, 1e4),
    "This share of those at the beginning of the period: 1 doubles them.",
);
const PERIOD: Key = Key::new("per", Kind::TimeAboveZero, "The period.").or_text("15s");

static WARM_UP: Table = Table {
    name: "services.NAME.autoscale.warm_up",
    about: "A new replica's stations work at a share of their speed at first.",
    keys: &[
        Key::new("lasts", Kind::Type(&DISTRIBUTION), "For so long.").required("lasts = \"60s\""),
        Key::new("speed", Kind::Number(1e-6, 1.0), "The share.").required("speed = 0.5"),
    ],
    rules: &[],
};

static PLANNED: Table = Table {
    name: "services.NAME.autoscale.schedule[]",
    about: "A number of replicas from a time on.",
    keys: &[
        Key::new("at", Kind::Time, "Time of the run.").required("at = \"10m\""),
        Key::new("replicas", Kind::Whole(1, MAX_REPLICAS), "How many.").required("replicas = 12"),
    ],
    rules: &[],
};
