//! The visits of an endpoint, declared: a table for each, told apart by its first key.

use super::breaker::BREAKER_USED;
use super::dist::DISTRIBUTION;
use super::retry::RETRY_POLICY;
use super::station::STATUS;
use super::waiting::ENTITIES;
use crate::system::Accumulated;
use crate::vocabulary::{Choice, Key, Kind, Table, Type, Union};

/// A visit of an endpoint.
pub(crate) static VISIT: Type = Type {
    name: "visit",
    about: "One thing that the system does for a request: a table with one of the keys `station`, `delay`, `hold`, `limit`, `lock`, `optimistic`, `issue`, `list`, `look`, `claim`, `confirm`, `release`, `fail`, `rate_limit`, `cache`, `invalidate`, `call`, `spawn`, `parallel`, `respond`, `renew`, `leave`, `status`, and the options of that visit.",
    kind: Kind::Union(&VISITS),
};

/// In the order in which a visit is compared with them: what comes first may have the later ones as options.
pub(super) static VISITS: Union = Union {
    name: "visit",
    tables: &[
        &SERVE,
        &DELAY,
        &HOLD,
        &LIMIT,
        &LOCK,
        &OPTIMISTIC,
        &ISSUE,
        &LIST,
        &LOOK,
        &CLAIM,
        &CONFIRM,
        &RELEASE,
        &FAIL,
        &RATE_LIMIT,
        &CACHED,
        &INVALIDATE,
        &CALL,
        &SPAWN,
        &PARALLEL,
        &RESPOND,
        &RENEW,
        &LEAVE,
        &QUEUE_STATUS,
    ],
};

static SERVE: Table = Table {
    name: "visit.station",
    about: "Is served at a station.",
    keys: &[
        Key::new("station", Kind::Name("station"), "The station."),
        Key::new(
            "time",
            Kind::Type(&DISTRIBUTION),
            "The service time: how long a server works on it.",
        )
        .required("time = \"6ms\", or any distribution"),
        Key::new(
            "growth",
            Kind::Table(&GROWTH),
            "Service that takes longer with what has accumulated.",
        )
        .otherwise("none"),
        Key::new(
            "class",
            Kind::Whole(0, 255),
            "The priority under the discipline `priority`; 0 goes first.",
        )
        .or_whole(0),
        Key::new(
            "patience",
            Kind::Type(&DISTRIBUTION),
            "A request that has waited this long leaves the queue and fails with status 503.",
        )
        .otherwise("endless"),
    ],
    rules: &[],
};

static GROWTH: Table = Table {
    name: "visit.station.growth",
    about: "Service that takes longer with what has accumulated in the run.",
    keys: &[
        Key::new("with", Kind::Choice(&ACCUMULATED), "What accumulates.")
            .required("with = \"sales\", \"claims\", \"tokens\" or \"requests\""),
        Key::new(
            "per_thousand",
            Kind::Number(0.0, 1e9),
            "How much longer a service is for each thousand: 0.2 is 20 %.",
        )
        .required("per_thousand = 0.257"),
    ],
    rules: &[],
};

pub(super) static ACCUMULATED: Choice<Accumulated> = Choice {
    one: "",
    many: "possible",
    pairs: &[
        ("sales", Accumulated::Sales),
        ("claims", Accumulated::Claims),
        ("tokens", Accumulated::Tokens),
        ("requests", Accumulated::Requests),
    ],
};

static DELAY: Table = Table {
    name: "visit.delay",
    about: "Takes time and no resource.",
    keys: &[Key::new("delay", Kind::Type(&DISTRIBUTION), "How long.")],
    rules: &[],
};

/// The elements of a list of visits.
static ONE_VISIT: Kind = Kind::Type(&VISIT);

const fn inner() -> Key {
    Key::new(
        "visits",
        Kind::List(&ONE_VISIT),
        "What is done meanwhile; it is given back then.",
    )
    .otherwise("all that follows")
}

static HOLD: Table = Table {
    name: "visit.hold",
    about: "Takes a token of a pool, or several at once, waiting for them if need be.",
    keys: &[
        Key::new("hold", Kind::Name("pool"), "The pool."),
        Key::new(
            "tokens",
            Kind::Whole(1, 10_000),
            "How many of its tokens, all at once.",
        )
        .or_whole(1),
        inner(),
    ],
    rules: &[],
};

static LOCK: Table = Table {
    name: "visit.lock",
    about: "Takes the exclusive right to one entity, waiting for it if need be.",
    keys: &[
        Key::new("lock", Kind::Choice(&ENTITIES), "Of what."),
        inner(),
        Key::new(
            "timeout",
            Kind::Time,
            "A request that has waited this long fails with status 503.",
        )
        .otherwise("endless"),
        Key::new(
            "writes",
            Kind::Flag,
            "Whether it makes a new version, where the order of the lock is `by-version`.",
        )
        .or_flag(true),
    ],
    rules: &[],
};

static OPTIMISTIC: Table = Table {
    name: "visit.optimistic",
    about: "Fails at the end if another request has changed the entity meanwhile.",
    keys: &[
        Key::new(
            "optimistic",
            Kind::Choice(&ENTITIES),
            "Of what the version is compared.",
        ),
        inner(),
        conflict(),
    ],
    rules: &[],
};

const fn conflict() -> Key {
    Key::new("status", Kind::Type(&STATUS), "The status of a conflict.").or_whole(409)
}

static ISSUE: Table = Table {
    name: "visit.issue",
    about: "Gives the user a token and a place in the line of the waiting room.",
    keys: &[Key::new("issue", Kind::Word("token"), "What is issued.")],
    rules: &[],
};

static LIST: Table = Table {
    name: "visit.list",
    about: "Lists the free seats of the event, of which the client may pick one.",
    keys: &[Key::new("list", Kind::Word("seats"), "What is listed.")],
    rules: &[],
};

static LOOK: Table = Table {
    name: "visit.look",
    about: "Reads whether the picked seat is free, and fails if it is not.",
    keys: &[
        Key::new("look", Kind::Word("seat"), "What is looked at."),
        conflict(),
    ],
    rules: &[],
};

static CLAIM: Table = Table {
    name: "visit.claim",
    about: "Holds the picked seat for the user, or fails if it is taken.",
    keys: &[
        Key::new("claim", Kind::Word("seat"), "What is claimed."),
        conflict(),
    ],
    rules: &[],
};

static CONFIRM: Table = Table {
    name: "visit.confirm",
    about: "Sells the held seat to the user, or fails if the hold is over.",
    keys: &[
        Key::new("confirm", Kind::Word("seat"), "What is sold."),
        conflict(),
    ],
    rules: &[],
};

static RELEASE: Table = Table {
    name: "visit.release",
    about: "Gives the held seat back.",
    keys: &[Key::new(
        "release",
        Kind::Word("seat"),
        "What is given back.",
    )],
    rules: &[],
};

static RATE_LIMIT: Table = Table {
    name: "visit.rate_limit",
    about: "Passes a limit of the rate of requests, waits for it, or is refused.",
    keys: &[Key::new("rate_limit", Kind::Name("rate limit"), "Which.")],
    rules: &[],
};

static CACHED: Table = Table {
    name: "visit.cache",
    about: "Asks a cache, and makes its `visits` only if that does not have what the request wants.",
    keys: &[
        Key::new("cache", Kind::Name("cache"), "The cache."),
        Key::new(
            "visits",
            Kind::Some(&Kind::Type(&VISIT)),
            "What is done on a miss: the way to the origin.",
        )
        .required("visits = [{ call = \"origin\" }]"),
    ],
    rules: &[],
};

static INVALIDATE: Table = Table {
    name: "visit.invalidate",
    about: "A write: what a cache has of the request's object, it has no more.",
    keys: &[Key::new("invalidate", Kind::Name("cache"), "The cache.")],
    rules: &[],
};

static FAIL: Table = Table {
    name: "visit.fail",
    about: "Fails by chance.",
    keys: &[
        Key::new("fail", Kind::Number(0.0, 1.0), "The probability."),
        Key::new("status", Kind::Type(&STATUS), "The status then.").or_whole(500),
        Key::new(
            "error",
            Kind::Choice(&ERRORS),
            "There is no answer then, and k6 counts this error.",
        )
        .otherwise("none: there is an answer"),
    ],
    rules: &[],
};

/// k6's error codes (errext and lib/netext/httpext of k6 v2.2.0).
pub(super) static ERRORS: Choice<u16> = Choice {
    one: "error",
    many: "errors",
    pairs: &[
        ("closed", 1000),
        ("no-such-host", 1101),
        ("dial-timeout", 1211),
        ("connection-refused", 1212),
        ("connection-reset", 1220),
    ],
};

static CALL: Table = Table {
    name: "visit.call",
    about: "Calls another endpoint and waits; fails as it fails.",
    keys: &[
        Key::new("call", Kind::Name("endpoint"), "The endpoint."),
        Key::new(
            "retry",
            Kind::Type(&RETRY_POLICY),
            "How a failed call is tried again.",
        )
        .otherwise("not at all"),
        Key::new(
            "timeout",
            Kind::TimeAboveZero,
            "When the caller gives up an attempt, with status 504.",
        )
        .otherwise("endless"),
        Key::new(
            "breaker",
            Kind::Type(&BREAKER_USED),
            "The circuit breaker that each attempt asks.",
        )
        .otherwise("none"),
    ],
    rules: &[],
};

static LIMIT: Table = Table {
    name: "visit.limit",
    about: "Passes a limit: on a rate, or on requests at once, of which it is one until the end of its scope.",
    keys: &[
        Key::new("limit", Kind::Name("limit"), "The limit."),
        Key::new(
            "class",
            Kind::Whole(0, 255),
            "Class at a limit on requests at once, 0 first.",
        )
        .or_whole(0),
        Key::new(
            "visits",
            Kind::List(&Kind::Type(&VISIT)),
            "The visits during which it counts against the limit.",
        )
        .otherwise("all that follow in the scope around it"),
    ],
    rules: &[],
};

static SPAWN: Table = Table {
    name: "visit.spawn",
    about: "Calls another endpoint and does not wait.",
    keys: &[Key::new("spawn", Kind::Name("endpoint"), "The endpoint.")],
    rules: &[],
};

static PARALLEL: Table = Table {
    name: "visit.parallel",
    about: "Calls several endpoints at once and waits for all; fails if one fails.",
    keys: &[Key::new(
        "parallel",
        Kind::Some(&Kind::Name("endpoint")),
        "The endpoints.",
    )],
    rules: &[],
};

static RESPOND: Table = Table {
    name: "visit.respond",
    about: "Answers now; nobody waits for what follows.",
    keys: &[Key::new("respond", Kind::Flag, "`true`.")],
    rules: &[],
};

static RENEW: Table = Table {
    name: "visit.renew",
    about: "Lets the user's session begin anew.",
    keys: &[Key::new("renew", Kind::Word("session"), "What is renewed.")],
    rules: &[],
};

static LEAVE: Table = Table {
    name: "visit.leave",
    about: "Ends the user's session, or leaves the line.",
    keys: &[Key::new("leave", Kind::Word("room"), "What is left.")],
    rules: &[],
};

static QUEUE_STATUS: Table = Table {
    name: "visit.status",
    about: "Tells the user whether it is admitted, and how long it may take.",
    keys: &[Key::new("status", Kind::Word("queue"), "Of what.")],
    rules: &[],
};
