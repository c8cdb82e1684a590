//! Circuit breakers: `[breakers.NAME]`, or written where one is used.

use super::Build;
use super::retry::{OUTCOME, failures};
use super::station::STATUS;
use crate::breaker::{Breaker, BreakerId, Window};
use crate::engine::Span;
use crate::field::Field;
use crate::retry::Failures;
use crate::vocabulary::{Kind, Type, tables};

/// A breaker where it is used.
pub(super) static BREAKER_USED: Type = Type {
    name: "breaker",
    about: "A circuit breaker: the name of one in `[breakers]`, or a table of its own.",
    kind: Kind::Either(&[Kind::Name("breaker"), Kind::Table(&BREAKER)]),
};

tables! {
    /// When calls are rejected, and when they are made again, as in resilience4j.
    pub(crate) static BREAKER = "breakers.NAME" {
        /// The calls that rates are made of.
        window: Table(&WINDOW), otherwise("`{ calls = 100 }`");
        /// With fewer calls in the window the breaker stays closed.
        minimum_calls: Whole(1, MAX_WINDOW as u64), or_whole(100);
        /// Which outcomes are failures.
        failures: OneOrMore(&Type(&OUTCOME)), otherwise("`[\"5xx\", \"timeout\", \"refused\"]`");
        /// Opens at this share of failures.
        failure_rate: Number(0.000_001, 1.0), or_number(0.5);
        /// Opens at this share of slow calls.
        slow_rate: Number(0.000_001, 1.0), or_number(1.0);
        /// A call that takes longer is slow.
        slow: TimeAboveZero, or_text("60s");
        /// How long calls are rejected.
        open: TimeAboveZero, or_text("60s");
        /// Calls that are permitted then, as probes.
        probes: Whole(1, MAX_WINDOW as u64), or_whole(10);
        /// Longest time until the probes have ended; then it opens again.
        half_open: TimeAboveZero, otherwise("no limit");
        /// Status of a rejected call.
        status: Type(&STATUS), or_whole(503);
    };

    /// The calls that rates are made of.
    static WINDOW = "breakers.NAME.window" {
        /// The number of most recent calls that count.
        calls: Whole(1, MAX_WINDOW as u64);
        /// Seconds whose calls count, up to and including the present one.
        seconds: Whole(1, MAX_WINDOW as u64);
    } rules [OneOf(&[&["calls"], &["seconds"]])];
}

/// A longer window would not be one.
const MAX_WINDOW: u32 = 1_000_000;

/// A breaker where it is used: its name, or a table of its own.
pub(super) fn used(build: &mut Build, field: &Field) -> Option<BreakerId> {
    let expected = "the name of a breaker in [breakers], or a table";
    build.breakers.find(field, expected).map(BreakerId)
}

pub(super) fn breaker(name: String, field: &Field) -> Breaker {
    let mut breaker = defaults(name);
    let Some(section) = field.section() else {
        return breaker;
    };
    if let Some(window) = section.optional("window") {
        breaker.window = window_of(&window).unwrap_or(breaker.window);
    }
    breaker.minimum_calls = section.integer_or_default("minimum_calls");
    if let Window::Calls(calls) = breaker.window {
        // As resilience4j does: a window of fewer calls can never hold more.
        breaker.minimum_calls = breaker.minimum_calls.min(calls);
    }
    breaker.probes = section.integer_or_default("probes");
    if let Some(on) = section.optional("failures") {
        breaker.failures = failures(&on);
    }
    breaker.failure_rate = section.real_or_default("failure_rate");
    breaker.slow_rate = section.real_or_default("slow_rate");
    breaker.slow = section.time_or_default("slow");
    breaker.open = section.time_or_default("open");
    breaker.half_open = section.time_or_default("half_open");
    if section.has("slow_rate") && !section.has("slow") {
        section.error(
            "`slow_rate` needs to know which calls are slow",
            "add slow = \"2s\"",
        );
    }
    breaker.status = section.integer_or_default("status");
    breaker
}

/// resilience4j's defaults.
fn defaults(name: String) -> Breaker {
    Breaker {
        name,
        window: Window::Calls(100),
        minimum_calls: 100,
        failures: Failures {
            statuses: vec![(500, 599)],
            timeout: true,
            refused: true,
            open: false,
        },
        failure_rate: 0.5,
        slow_rate: 1.0,
        slow: Span::secs(60),
        open: Span::secs(60),
        probes: 10,
        half_open: Span::ZERO,
        status: 503,
    }
}

/// `{ calls = 100 }` or `{ seconds = 10 }`
fn window_of(field: &Field) -> Option<Window> {
    let fix = "write window = { calls = 100 } or { seconds = 10 }";
    let section = field.section()?;
    let (calls, seconds) = (section.optional("calls"), section.optional("seconds"));
    match (calls, seconds) {
        (Some(calls), None) => calls.integer().map(Window::Calls),
        (None, Some(seconds)) => seconds.integer().map(Window::Seconds),
        _ => {
            section.error("a window is of calls or of seconds", fix);
            None
        }
    }
}
