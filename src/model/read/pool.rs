//! Pools.

use super::dist::DISTRIBUTION;
use super::queueing::{self, CODEL};
use super::slowdown::{SLOWDOWN, WARM_UP};
use super::station::{ENDLESS, QUEUE, REFUSAL, bound, idle};
use super::waiting::{
    AT_RANDOM, EVENLY, HAND_OFF, ORDER, OVERFLOW, PASSED_OVER, REJOIN, WAKE, WAKE_WORK, rejoin,
    waiting,
};
use super::{Build, slowdown};
use crate::field::Field;
use crate::preset::Presets;
use crate::section::Section;
use crate::system::{Connecting, EndpointId, Pool};
use crate::vocabulary::{Choice, tables};
use crate::waiting::WaitOrder;

tables! {
    /// Tokens that requests hold across several visits, such as worker threads or database connections.
    pub(crate) static POOL = "pools.NAME" {
        /// How many tokens there are.
        size: Whole(1, u32::MAX as u64 - 1), required("size = 200");
        ..QUEUE;
        ..REFUSAL;
        /// A request that has waited this long fails with status 503.
        timeout: Time, otherwise("endless");
        ..CODEL;
        /// How long a token stays with its client for the next request after it is given back.
        keep_alive: Type(&DISTRIBUTION), otherwise("it goes back at once");
        /// Periods in which the work of its holders is slower; without `after_completions`.
        slowdowns: List(&Table(&SLOWDOWN));
        /// The speed of its holders grows linearly at the start.
        warm_up: Table(&WARM_UP);
        ..ORDER;
        ..WAKE;
        ..WAKE_WORK;
        ..HAND_OFF;
        ..PASSED_OVER;
        ..AT_RANDOM;
        ..EVENLY;
        ..REJOIN;
        ..OVERFLOW;
        /// A real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("pools"));
        /// How long it takes to make a connection, for a request that has a token and finds none open.
        connect: Type(&DISTRIBUTION), otherwise("no time: all tokens are connected");
        /// How long a connection lives; after that it is closed as soon as it is unused. Drawn for each connection.
        lifetime: Type(&DISTRIBUTION), otherwise("endless");
        /// A connection that has been unused for this long is closed.
        idle_timeout: Time, otherwise("endless");
        /// How many connections may be established at once; others wait.
        connects_at_once: Whole(1, 1_000_000), otherwise("as many as are wanted");
        /// How many connections are open at the start.
        opened: Whole(0, u32::MAX as u64 - 1), otherwise("all");
        /// Which unused connection is used next: the one used last, or all in turn.
        reuse: Choice(&REUSED), or_text("last-in-first-out");
        /// Additional tokens, which are added once a request has waited for `reserve_after`, and stay.
        reserve: Whole(1, u32::MAX as u64 - 1), otherwise("none");
        /// How long a request has to wait before the reserve is opened.
        reserve_after: Time, or_text("5s");
        /// The pool checks `timeout` and `reserve_after` at this interval only.
        timer: TimeAboveZero, otherwise("at once");
    };
}

/// Whether all connections are used in turn.
static REUSED: Choice<bool> = Choice::of(
    "order",
    "orders",
    &[("last-in-first-out", false), ("in-order", true)],
);

/// Reads `[pools.NAME]`. What is left out: an endless queue, refusal with 503, no timeout.
pub(super) fn pool<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Pool {
    let mut pool = Pool::named(name.to_string());
    let Some(section) = field.section() else {
        return pool;
    };
    pool.size = section.integer("size").unwrap_or(1);
    (pool.queue, pool.refusal) = bound(&section);
    if pool.queue == u32::MAX {
        idle(&section, "refusal", ENDLESS);
    }
    if pool.queue == 0 {
        idle(&section, "timeout", "with `queue = 0` nobody waits");
    }
    pool.timeout = section.time("timeout");
    pool.codel = section.optional("codel").and_then(|f| queueing::codel(&f));
    pool.keep_alive = section.optional("keep_alive").map(|f| build.dist(&f));
    pool.slowdowns = slowdown::of_pool(build, &section);
    pool.connections = connecting(build, &section, pool.size);
    pool.waiting = waiting(&section, false);
    if pool.waiting.order == WaitOrder::LastInFirstOut {
        pool.waiting.stray = section.real_or_default("at_random");
    } else {
        let why = "another order than `order = \"last-in-first-out\"` has no use for it";
        idle(&section, "at_random", why);
    }
    pool.waiting.evenly = section.flag_or_default("evenly");
    if pool.waiting.stray == 0.0 {
        idle(&section, "evenly", "all goes by the order, or none");
    }
    barging(build, &section, &mut pool);
    let _ = section.text("preset");
    pool.waiting.timer = section.time("timer");
    let after = section.time_or_default("reserve_after");
    let reserve = section.integer("reserve");
    pool.waiting.reserve = reserve.map(|tokens| (tokens, after));
    if pool.waiting.reserve.is_none() {
        idle(&section, "reserve_after", "there is no `reserve`");
    }
    pool
}

/// What a pool that hands nothing over does beside: where those stand who were woken in vain, and tokens that come and go.
fn barging(build: &Build, section: &Section, pool: &mut Pool) {
    let field = section.optional("rejoin");
    pool.waiting.to_the_back = field.map_or(0.0, |f| rejoin(&f));
    let overflow: u32 = section.integer_or_default("overflow");
    let work = section.optional("wake_work");
    pool.waiting.wake_work = work.and_then(|f| build.endpoints.find(&f)).map(EndpointId);
    pool.waiting.passed_over = section.real_or_default("passed_over");
    if pool.waiting.order != WaitOrder::Barging || pool.waiting.stray == 0.0 {
        idle(section, "passed_over", "there is no `hand_off`");
    }
    if pool.waiting.order != WaitOrder::Barging {
        let why = "nobody has to wake up unless `order = \"barging\"`";
        idle(section, "wake_work", why);
        let why = "nobody is woken in vain unless `order = \"barging\"`";
        idle(section, "rejoin", why);
        let why = "what is handed over is never closed: add it to `size`";
        idle(section, "overflow", why);
        return pool.size = pool.size.saturating_add(overflow);
    }
    let other = ["reserve", "connect", "keep_alive"];
    if overflow > 0
        && let Some(other) = other.into_iter().find(|key| section.has(key))
    {
        let message = format!("`overflow` goes with no `{other}`");
        section.error(message, "remove one of them");
    }
    pool.waiting.overflow = overflow;
    pool.size = pool.size.saturating_add(overflow);
}

/// What the connections of a pool cost, if they cost anything.
fn connecting<'a>(build: &mut Build<'a>, section: &Section<'a>, size: u32) -> Option<Connecting> {
    let lifetime = section
        .optional("lifetime")
        .map(|f| build.dist_above_zero(&f));
    let idle_timeout = section.time("idle_timeout");
    let at_once = section.integer("connects_at_once");
    let opened: Option<u32> = section.integer("opened");
    let in_turn = section.choice_or_default("reuse", &REUSED);
    let Some(field) = section.optional("connect") else {
        for key in [
            "lifetime",
            "idle_timeout",
            "connects_at_once",
            "opened",
            "reuse",
        ] {
            idle(
                section,
                key,
                "a new connection takes no time without `connect`",
            );
        }
        return None;
    };
    if section.has("keep_alive") {
        field.error(
            "`keep_alive` is of connections to the system, `connect` of those that it makes itself",
            "remove one of them",
        );
    }
    if opened.is_some_and(|n| n > size) {
        let message = format!("more connections are `opened` than the pool has: {size}");
        section.error(message, format!("write opened = {size}, or less"));
    }
    Some(Connecting {
        connect: build.dist(&field),
        lifetime,
        idle_timeout,
        at_once,
        opened: opened.unwrap_or(size),
        in_turn,
    })
}
