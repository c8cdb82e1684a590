//! The keys of services, as data.

use super::autoscale_tables::AUTOSCALE;
use super::dist::DISTRIBUTION;
use super::slowdown::{AFTER, EVERY};
use super::station::STATUS;
use crate::preset::Presets;
use crate::service::Balancer;
use crate::system::Entity;
use crate::vocabulary::{Choice, Kind, tables};

/// Replicas of one service, at most: each has its own stations, pools and copies of the endpoints' programs.
pub(super) const MAX_REPLICAS: u64 = 10_000;

tables! {
    /// Replicas of the same stations and pools, and the balancer that spreads requests over them.
    pub(crate) static SERVICE = "services.NAME" {
        /// How many there are.
        replicas: Whole(1, MAX_REPLICAS), required("replicas = 4");
        /// Whose requests its replicas answer.
        endpoints: List(&Name("endpoint")), required("endpoints = [\"buy\"]");
        /// Stations of which each replica has its own.
        stations: List(&Name("station"));
        /// Pools of which each replica has its own.
        pools: List(&Name("pool"));
        /// Caches of which each replica has its own; after a restart it is empty.
        caches: List(&Name("cache"));
        /// Which replica a request goes to.
        balancer: Either(&[Choice(&BALANCERS), Table(&BALANCER)]), or_text("round-robin");
        /// Weight of each replica in the balancer's choice; missing values at the end are 1.
        weights: List(&Number(1e-6, 1e6));
        /// Factor on the speed of each replica's stations; missing values at the end are 1.
        speeds: List(&Number(1e-6, 1e6));
        /// How the balancer detects that a replica is lost, or is back.
        health_check: Table(&HEALTH_CHECK), otherwise("it never learns it");
        /// When the balancer stops using a replica because of its answers.
        outliers: Table(&OUTLIERS), otherwise("never");
        /// If the balancer would use less than this share of the replicas, it uses all.
        panic: Number(0.0, 1.0), or_number(0.0);
        /// The status of a request for which the balancer has no replica.
        refusal: Type(&STATUS), or_whole(503);
        /// How the weight of a replica increases after the balancer starts to use it.
        slow_start: Table(&SLOW_START), otherwise("it is there at once");
        /// How long a replica that is being removed may work on the requests that it has.
        drain: Time, or_text("30s");
        /// What happens to its replicas.
        faults: List(&Table(&FAULT));
        /// How the number of replicas follows the load.
        autoscale: Table(&AUTOSCALE), otherwise("it stays as it is");
        /// A real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("services"));
    };
}

/// Balancers that are a name alone; of `hash` it is told what is missing.
pub(super) static BALANCERS: Choice<Option<Balancer>> = Choice::of(
    "balancer",
    "balancers",
    &[
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
);

tables! {
    /// A balancer with a parameter.
    static BALANCER = "services.NAME.balancer" {
        /// Always the same replica for the same value of this key: consistent hashing.
        hash: Choice(&HASHED);
        /// With `hash`: points of each replica on the ring.
        points: Whole(1, 100_000), or_whole(160);
        /// Number of replicas drawn at random, of which the one with the fewest open requests is taken.
        choices: Whole(1, MAX_REPLICAS);
        /// The replica of the first request of the same VU, or of its iteration.
        sticky: Choice(&STICKY);
    } rules [OneOf(&[&["hash"], &["choices"], &["sticky"]])];
}

/// What a hash is of.
pub(super) static HASHED: Choice<Entity> = Choice::possible(&[
    ("user", Entity::User),
    ("token", Entity::Token),
    ("event", Entity::Event),
    ("seat", Entity::Seat),
]);

/// Whether what a balancer remembers is forgotten at the end of an iteration.
pub(super) static STICKY: Choice<bool> = Choice::possible(&[("vu", false), ("iteration", true)]);

tables! {
    /// Checks by the balancer whether a replica is up. They take no time and cost the replica nothing.
    static HEALTH_CHECK = "services.NAME.health_check" {
        /// The time from one check to the next.
        every: TimeAboveZero, required("every = \"5s\"");
        /// Failed checks in a row after which the replica is not used.
        fails: Whole(1, 1000), or_whole(2);
        /// Passed checks in a row after which it is used again.
        passes: Whole(1, 1000), or_whole(2);
    };

    /// The weight of a replica that the balancer starts to use increases up to its own. Replicas present at the start
    /// of a run have their full weight.
    static SLOW_START = "services.NAME.slow_start" {
        /// How long the increase takes.
        lasts: TimeAboveZero, required("lasts = \"10s\"");
        /// The number of equal steps, the first of them at once.
        steps: Whole(1, 1000), or_whole(16);
    };

    /// Ejection of replicas by their answers, with the rules and defaults of Envoy's outlier detection.
    static OUTLIERS = "services.NAME.outliers" {
        /// Errors in a row (status 500 or more, or refused) that eject the replica.
        consecutive_errors: Whole(1, 1_000_000), or_whole(5);
        /// The interval at which ejections may end.
        every: TimeAboveZero, or_text("10s");
        /// How long the first ejection lasts; the n-th in a short time n times as long.
        ejection: TimeAboveZero, or_text("30s");
        /// The longest ejection.
        longest: TimeAboveZero, or_text("300s");
        /// Share of the replicas that may be ejected at once; one may always be.
        share: Number(0.0, 1.0), or_number(0.1);
    };
}

/// To whom something happens, besides the number of a replica.
pub(super) static WHOM: Choice<crate::service::Whom> = Choice::possible(&[
    ("any", crate::service::Whom::Any),
    ("each", crate::service::Whom::Each),
    ("all", crate::service::Whom::All),
]);

const REPLICA: Kind = Kind::Either(&[Kind::Whole(1, MAX_REPLICAS), Kind::Choice(&WHOM)]);

tables! {
    /// Something that happens to a replica (its number, `any`, `each` at times of its own, or `all`), and when.
    pub(super) static FAULT = "services.NAME.faults[]" {
        /// It is gone: what it works on fails with 502, and connections to it are refused.
        lose: REPLICA;
        /// Its stations work at the share `leaves` of their speed.
        slow: REPLICA;
        /// It answers every request with `status` after the time `takes`, without any work.
        fail: REPLICA;
        /// All are drained and restarted, one after another or `at_once` at a time.
        restart: Word("rolling");
        /// Calls to that service get no answer, and fail with 504 after the time `takes`.
        partition: Name("service");
        ..EVERY;
        ..AFTER;
        /// It begins once, at this time of the run.
        at: Time;
        /// How long it lasts; of a rolling restart, how long each replica is away.
        lasts: Type(&DISTRIBUTION), required("lasts = \"30s\"");
        /// With `slow`: the share of the speed that is left.
        leaves: Number(0.0, 1.0), or_number(0.1);
        /// With `fail`: the status.
        status: Whole(400, 599), or_whole(500);
        /// With `fail` and `partition`: how long an answer takes, or is waited for.
        takes: Type(&DISTRIBUTION), otherwise("1ms with `fail`, 1s with `partition`");
        /// With `restart`: replicas restarted at a time.
        at_once: Whole(1, MAX_REPLICAS), or_whole(1);
    } rules [OneOf(&[&["lose"], &["slow"], &["fail"], &["restart"], &["partition"]])];
}
