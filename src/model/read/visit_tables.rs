//! The visits of an endpoint, declared: a table for each, told apart by its first key.

use super::breaker::BREAKER_USED;
use super::dist::DISTRIBUTION;
use super::retry::RETRY_POLICY;
use super::station::STATUS;
use super::waiting::ENTITIES;
use crate::system::Accumulated;
use crate::vocabulary::{Choice, Kind, Type, Union, keys, tables};

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

tables! {
    /// Is served at a station.
    static SERVE = "visit.station" {
        /// The station.
        station: Name("station");
        /// The service time: how long a server works on it.
        time: Type(&DISTRIBUTION), required("time = \"6ms\", or any distribution");
        /// Service times that grow with accumulated data.
        growth: Table(&GROWTH), otherwise("none");
        /// The priority under the discipline `priority`; 0 goes first.
        class: Whole(0, 255), or_whole(0);
        /// A request that has waited this long leaves the queue and fails with status 503.
        patience: Type(&DISTRIBUTION), otherwise("endless");
    };

    /// Service times that grow with the data that has accumulated in the run.
    static GROWTH = "visit.station.growth" {
        /// What accumulates.
        with: Choice(&ACCUMULATED), required("with = \"sales\", \"claims\", \"tokens\" or \"requests\"");
        /// How much longer a service takes for each thousand: 0.2 is 20 %.
        per_thousand: Number(0.0, 1e9), required("per_thousand = 0.257");
    };
}

pub(super) static ACCUMULATED: Choice<Accumulated> = Choice::possible(&[
    ("sales", Accumulated::Sales),
    ("claims", Accumulated::Claims),
    ("tokens", Accumulated::Tokens),
    ("requests", Accumulated::Requests),
]);

tables! {
    /// Takes time and no resource.
    static DELAY = "visit.delay" {
        /// How long.
        delay: Type(&DISTRIBUTION);
    };
}

/// The elements of a list of visits.
static ONE_VISIT: Kind = Kind::Type(&VISIT);

keys! {
    /// What is done while it is held.
    static INNER = visits: List(&ONE_VISIT), otherwise("all that follows");
}

tables! {
    /// Takes a token of a pool, or several at once, waiting if necessary.
    static HOLD = "visit.hold" {
        /// The pool.
        hold: Name("pool");
        /// How many of its tokens, all at once.
        tokens: Whole(1, 10_000), or_whole(1);
        ..INNER;
    };

    /// Takes the exclusive lock of one entity, waiting if necessary.
    static LOCK = "visit.lock" {
        /// Of what.
        lock: Choice(&ENTITIES);
        ..INNER;
        /// A request that has waited this long fails with status 503.
        timeout: Time, otherwise("endless");
        /// Whether it writes a new version, where the order of the lock is `by-version`.
        writes: Flag, or_flag(true);
    };

    /// Optimistic locking: fails at the end if another request has changed the entity meanwhile.
    static OPTIMISTIC = "visit.optimistic" {
        /// The entity whose version is compared.
        optimistic: Choice(&ENTITIES);
        ..INNER;
        ..CONFLICT;
    };
}

keys! {
    /// The status of a conflict.
    static CONFLICT = status: Type(&STATUS), or_whole(409);
}

tables! {
    /// Gives the user a token and a place in the line of the waiting room.
    static ISSUE = "visit.issue" {
        /// What is issued.
        issue: Word("token");
    };

    /// Lists the free seats of the event, of which the client may pick one.
    static LIST = "visit.list" {
        /// What is listed.
        list: Word("seats");
    };

    /// Reads whether the picked seat is free, and fails if it is not.
    static LOOK = "visit.look" {
        /// What is read.
        look: Word("seat");
        ..CONFLICT;
    };

    /// Holds the picked seat for the user, or fails if it is taken.
    static CLAIM = "visit.claim" {
        /// What is claimed.
        claim: Word("seat");
        ..CONFLICT;
    };

    /// Sells the held seat to the user, or fails if the hold is over.
    static CONFIRM = "visit.confirm" {
        /// What is sold.
        confirm: Word("seat");
        ..CONFLICT;
    };

    /// Gives the held seat back.
    static RELEASE = "visit.release" {
        /// What is given back.
        release: Word("seat");
    };

    /// Passes a limit on the rate of requests, waits for it, or is refused.
    static RATE_LIMIT = "visit.rate_limit" {
        /// Which.
        rate_limit: Name("rate limit");
    };

    /// Looks up a cache, and makes its `visits` only on a miss.
    static CACHED = "visit.cache" {
        /// The cache.
        cache: Name("cache");
        /// What is done on a miss.
        visits: Some(&Type(&VISIT)), required("visits = [{ call = \"origin\" }]");
    };

    /// Removes the request's object from a cache.
    static INVALIDATE = "visit.invalidate" {
        /// The cache.
        invalidate: Name("cache");
    };

    /// Fails with a probability.
    static FAIL = "visit.fail" {
        /// The probability.
        fail: Number(0.0, 1.0);
        /// The status of the failure.
        status: Type(&STATUS), or_whole(500);
        /// The failure is this k6 error, without an answer.
        error: Choice(&ERRORS), otherwise("none: there is an answer");
    };
}

/// k6's error codes (errext and lib/netext/httpext of k6 v2.2.0).
pub(super) static ERRORS: Choice<u16> = Choice::of(
    "error",
    "errors",
    &[
        ("closed", 1000),
        ("no-such-host", 1101),
        ("dial-timeout", 1211),
        ("connection-refused", 1212),
        ("connection-reset", 1220),
    ],
);

tables! {
    /// Calls another endpoint and waits; fails as it fails.
    static CALL = "visit.call" {
        /// The endpoint.
        call: Name("endpoint");
        /// How a failed call is retried.
        retry: Type(&RETRY_POLICY), otherwise("not at all");
        /// When the caller gives up an attempt, with status 504.
        timeout: TimeAboveZero, otherwise("endless");
        /// The circuit breaker that each attempt asks.
        breaker: Type(&BREAKER_USED), otherwise("none");
    };

    /// Passes a limit: on a rate, or on concurrency, against which it counts until the end of its scope.
    static LIMIT = "visit.limit" {
        /// The limit.
        limit: Name("limit");
        /// Class at a concurrency limit, 0 first.
        class: Whole(0, 255), or_whole(0);
        /// The visits during which it counts against the limit.
        visits: List(&Type(&VISIT)), otherwise("all that follow in the scope around it");
    };

    /// Calls another endpoint and does not wait.
    static SPAWN = "visit.spawn" {
        /// The endpoint.
        spawn: Name("endpoint");
    };

    /// Calls several endpoints at once and waits for all; fails if one fails.
    static PARALLEL = "visit.parallel" {
        /// The endpoints.
        parallel: Some(&Name("endpoint"));
    };

    /// Answers now; the client does not wait for what follows.
    static RESPOND = "visit.respond" {
        /// `true`.
        respond: Flag;
    };

    /// Renews the user's session.
    static RENEW = "visit.renew" {
        /// What is renewed.
        renew: Word("session");
    };

    /// Ends the user's session, or leaves the line.
    static LEAVE = "visit.leave" {
        /// What is left.
        leave: Word("room");
    };

    /// Returns whether the user is admitted, and the expected wait.
    static QUEUE_STATUS = "visit.status" {
        /// Of what.
        status: Word("queue");
    };
}
