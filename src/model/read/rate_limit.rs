//! The section `[rate_limits]`.

use super::station::{REFUSAL, idle, refused_with};
use super::waiting::{ENTITIES, entity_of};
use crate::engine::Span;
use crate::field::Field;
use crate::preset::Presets;
use crate::rate_limit::{RateLimit, Rule};
use crate::section::Section;
use crate::system::Entity;
use crate::tree::Value;
use crate::vocabulary::{Choice, tables};

tables! {
    /// A limit on the rate of requests: those beyond it wait or are refused.
    pub(super) static RATE_LIMIT = "rate_limits.NAME" {
        /// A real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("rate_limits"));
        /// Requests a second, to the thousandth.
        rate: Number(0.001, 1e9), required("rate = 10, requests a second");
        /// What it counts: the excess that leaks at the rate, or the requests of the last second.
        rule: Choice(&RULES), or_text("leaky-bucket");
        /// How many requests may be in excess of the rate; one more is refused.
        burst: Whole(0, MAX_BURST), or_whole(0);
        /// How many requests in excess pass at once; those beyond wait. `false`: none waits.
        delay: Either(&[Whole(0, MAX_BURST), Flag]), or_whole(0);
        /// With `sliding-counter`: how many threads check it at the same time; up to this number of waiting requests
        /// may pass where there is room for one (see `together`).
        threads: Whole(1, 1000), or_whole(1);
        /// With several `threads`: the probability that another request passes before the one that passed is counted.
        /// As a list: that of a second one, of a third, and so on; a thread may check again, so the list may be longer
        /// than the number of threads.
        together: OneOrMore(&Number(0.0, 1.0)), or_number(1.0);
        ..REFUSAL;
        /// Each entity of this kind has a limit of its own.
        per: Choice(&ENTITIES), or_text("global");
        /// The resolution of its clock.
        clock: TimeAboveZero, or_text("1ms");
    };
}

/// Requests in excess, at most.
const MAX_BURST: u64 = 1_000_000_000;

#[derive(Clone, Copy, PartialEq)]
enum Counts {
    Excess,
    LastSecond,
}

static RULES: Choice<Counts> = Choice::of(
    "rule",
    "rules",
    &[
        ("leaky-bucket", Counts::Excess),
        ("sliding-counter", Counts::LastSecond),
    ],
);

/// Reads all of `[rate_limits]`, in the order of the text.
pub(super) fn read_all(named: &[(&str, Field)]) -> Vec<RateLimit> {
    named.iter().map(|(name, f)| rate_limit(name, f)).collect()
}

fn rate_limit(name: &str, field: &Field) -> RateLimit {
    let mut limit = RateLimit {
        name: name.to_string(),
        rate: 1000,
        rule: Rule::LeakyBucket { burst: 0, delay: 0 },
        per: Entity::Global,
        refusal: 503,
        clock: Span(1_000_000),
    };
    let Some(section) = field.section() else {
        return limit;
    };
    let _ = section.text("preset");
    if let Some(rate) = section.real("rate") {
        limit.rate = ((rate * 1000.0).round() as u64).max(1);
    }
    if section.choice("rule", &RULES) == Some(Counts::LastSecond) {
        let threads: usize = section.integer_or_default("threads");
        let together = if threads == 1 {
            idle(
                &section,
                "together",
                "one thread counts before it looks again",
            );
            Vec::new()
        } else {
            together(&section, threads)
        };
        limit.rule = Rule::SlidingCounter { together };
        for key in ["burst", "delay", "refusal", "per"] {
            idle(
                &section,
                key,
                "a sliding counter is one for all, and who is beyond it waits",
            );
        }
        return limit;
    }
    for key in ["threads", "together"] {
        idle(&section, key, "a leaky bucket has one count for all");
    }
    limit.rule = leaky_bucket(&section);
    limit.refusal = refused_with(&section).unwrap_or(503);
    if let Some(per) = section.optional("per").and_then(|f| entity_of(&f)) {
        limit.per = per;
    }
    limit.clock = section.time_or_default("clock");
    limit
}

/// How likely a second one passes before the first is counted, a third, and so on.
fn together(section: &Section, threads: usize) -> Vec<f64> {
    let given = section.optional("together");
    let each = |field: &Field| field.one_or_more().iter().filter_map(Field::real).collect();
    match &given {
        Some(field) if matches!(field.node.value, Value::List(_)) => each(field),
        Some(field) => vec![field.real().unwrap_or(1.0); threads - 1],
        None => vec![1.0; threads - 1],
    }
}

fn leaky_bucket(section: &Section) -> Rule {
    let burst: u64 = section.integer_or_default("burst");
    let delay = section.optional("delay").and_then(|f| match f.node.value {
        Value::Boolean(false) => Some(u64::MAX),
        _ => f.whole(0, MAX_BURST).map(|n| n * 1000),
    });
    Rule::LeakyBucket {
        burst: burst * 1000,
        delay: delay.unwrap_or(0),
    }
}
