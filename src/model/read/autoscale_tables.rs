//! Keys of the autoscaling of services.

use super::dist::DISTRIBUTION;
use super::service_tables::MAX_REPLICAS;
use crate::autoscale::Source;
use crate::vocabulary::{Choice, keys, tables};

tables! {
    /// How the number of replicas follows the load, with all delays, or a schedule. With `target` it is the Horizontal
    /// Pod Autoscaler of Kubernetes.
    pub(super) static AUTOSCALE = "services.NAME.autoscale" {
        /// What is measured of each replica: the share of servers at work at `station`, requests on which it works,
        /// requests that wait for its stations and pools, requests a second that it is given, the share of the tokens
        /// of `pool` in use, or, of all together, a percentile of the seconds that requests took. `external`: users or
        /// requests that wait elsewhere in the model, of which `target` is a replica's share.
        metric: Choice(&METRICS), or_text("cpu");
        /// With `cpu`: whose servers. With `external`: requests that wait for it, all copies together.
        station: Name("station"), otherwise("with `cpu` the first of the service");
        /// With `tokens`: whose tokens. With `external`: requests that wait for it, all copies together.
        pool: Name("pool"), otherwise("with `tokens` the first of the service");
        /// With `external`: users in line, or users who are admitted and not done.
        waiting_room: Choice(&ROOM);
        /// With `duration`: which percentile.
        percentile: Number(1.0, 99.99), or_number(95.0);
        /// With `target` and a share: the mean is truncated to whole per cent, as Kubernetes does with the CPU.
        whole_percent: Flag, or_flag(false);
        /// With `target`: for this long after the start of its boot, a replica counts as not ready until a full window
        /// of it has been measured; 5m with Kubernetes and the CPU.
        initialisation: Time, or_text("0s");
        /// What the mean of the metric should be: 0.6 for 60 % of the servers.
        target: Number(1e-6, 1e9);
        /// With `target`: the number does not change while the ratio of metric to target is within this distance of 1.
        tolerance: Number(0.0, 1.0), or_number(0.1);
        /// How many replicas are added or removed beyond some values; of those passed, the furthest counts.
        steps: Some(&Table(&STEP));
        /// Fewest replicas.
        min: Whole(1, MAX_REPLICAS), or_whole(1);
        /// Most replicas; needed with `target` and `steps`.
        max: Whole(1, MAX_REPLICAS);
        /// The time from one decision to the next.
        every: TimeAboveZero, or_text("15s");
        /// The metric is a mean over this time, and known at its end.
        window: TimeAboveZero, or_text("15s");
        /// For this long after a change of the number there is no other; the schedule does not wait for it.
        cool_down: Time, or_text("0s");
        /// With `target`: how fast the number may grow.
        up: Table(&UP);
        /// With `target`: how fast it may shrink.
        down: Table(&DOWN);
        /// The time from the decision until a new replica may get requests.
        boot: Type(&DISTRIBUTION), required("boot = \"45s\"");
        /// How a new replica works at first.
        warm_up: Table(&WARM_UP), otherwise("as later");
        /// Smallest number of replicas from these times on; without `target` and `steps`, the exact number.
        schedule: Some(&Table(&PLANNED));
    } rules [AnyOf(&["target", "steps", "schedule"])];
}

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

pub(super) static METRICS: Choice<Measured> = Choice::of(
    "metric",
    "metrics",
    &[
        ("cpu", Measured::Cpu),
        ("in-flight", Measured::InFlight),
        ("queue", Measured::Queue),
        ("requests", Measured::Requests),
        ("tokens", Measured::Tokens),
        ("duration", Measured::Duration),
        ("external", Measured::External),
    ],
);

pub(super) static ROOM: Choice<Source> = Choice::of(
    "number of users",
    "numbers of users",
    &[("in-line", Source::InLine), ("admitted", Source::Admitted)],
);

tables! {
    /// Adds replicas above a value of the metric, or removes some below one.
    static STEP = "services.NAME.autoscale.steps[]" {
        /// It counts above this.
        above: Number(0.0, 1e9);
        /// It counts below this.
        below: Number(0.0, 1e9);
        /// With `above`: how many more.
        add: Whole(1, MAX_REPLICAS);
        /// With `below`: how many fewer.
        remove: Whole(1, MAX_REPLICAS);
    } rules [OneOf(&[&["above", "add"], &["below", "remove"]])];

    /// How fast the number of replicas may grow: by `replicas` or by `share`, whichever allows more.
    static UP = "services.NAME.autoscale.up" {
        /// The smallest number that was wanted within this time is applied.
        stabilise: Time, or_text("0s");
        ..REPLICAS.otherwise("4, if `share` is not given either");
        ..SHARE.otherwise("1, if `replicas` is not given either");
        ..PERIOD;
    };

    /// How fast it may shrink, by the same rules.
    static DOWN = "services.NAME.autoscale.down" {
        /// The largest number that was wanted within this time is applied.
        stabilise: Time, or_text("300s");
        ..REPLICAS.otherwise("none");
        ..SHARE.otherwise("1, if `replicas` is not given either");
        ..PERIOD;
    };
}

keys! {
    /// Replicas in a period.
    static REPLICAS = replicas: Whole(1, MAX_REPLICAS);
    /// This share of those at the beginning of the period: 1 doubles them.
    static SHARE = share: Number(1e-6, 1e4);
    /// The period.
    static PERIOD = per: TimeAboveZero, or_text("15s");
}

tables! {
    /// A new replica's stations work at a share of their speed at first.
    static WARM_UP = "services.NAME.autoscale.warm_up" {
        /// How long.
        lasts: Type(&DISTRIBUTION), required("lasts = \"60s\"");
        /// The share.
        speed: Number(1e-6, 1.0), required("speed = 0.5");
    };

    /// The number of replicas from a time on.
    static PLANNED = "services.NAME.autoscale.schedule[]" {
        /// Time of the run.
        at: Time, required("at = \"10m\"");
        /// How many.
        replicas: Whole(1, MAX_REPLICAS), required("replicas = 12");
    };
}
