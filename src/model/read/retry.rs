//! Retry policies: `[retries.NAME]`, or written where one is used.

use super::steps::one_of;
use super::{Build, names};
use crate::engine::Span;
use crate::model::field::Field;
use crate::model::retry::{Backoff, Budget, Failures, Jitter, Retry, RetryId};
use crate::model::section::Section;
use crate::model::tree::Value;

/// More attempts than this are as good as endless.
const MOST_ATTEMPTS: u32 = 1000;

/// The longest pause, if a model names none.
const CAP: Span = Span::secs(20);

/// Reads all of `[retries]`, in the order of the text.
pub(super) fn read_all(named: &[(&str, Field)]) -> Vec<Retry> {
    let read = |(name, field): &(&str, Field)| policy(name.to_string(), field);
    named.iter().map(read).collect()
}

/// A policy where it is used: its name, or a table of its own.
pub(super) fn used<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<RetryId> {
    if field.text_if_any().is_some() {
        let id = build.retry_names.find(field)?;
        build.retries_used.insert(id);
        return Some(RetryId(id));
    }
    if !matches!(field.node.value, Value::Table(_)) {
        field.expected("the name of a policy in [retries], or a table");
        return None;
    }
    let id = names::id(build.retries.len(), field, "retry policies");
    build.retries.push(policy(field.path.clone(), field));
    Some(RetryId(id))
}

fn policy(name: String, field: &Field) -> Retry {
    let mut policy = Retry {
        name,
        attempts: 2,
        on: Failures {
            statuses: vec![(429, 429), (500, 599)],
            timeout: true,
            refused: true,
        },
        backoff: Backoff::Fixed(Span::ZERO),
        jitter: Jitter::None,
        retry_after: true,
        budget: None,
    };
    let Some(section) = field.section() else {
        return policy;
    };
    let attempts = section.required("attempts", "attempts = 3, the first one included");
    if let Some(attempts) = attempts.and_then(|f| f.whole_u32(1, MOST_ATTEMPTS)) {
        policy.attempts = attempts;
    }
    if let Some(on) = section.optional("on") {
        policy.on = failures(&on);
    }
    if let Some(backoff) = section.optional("backoff").and_then(|f| backoff(&f)) {
        policy.backoff = backoff;
    }
    if let Some(field) = section.optional("jitter") {
        policy.jitter = jitter(&field, policy.backoff).unwrap_or(Jitter::None);
    }
    policy.budget = section.optional("budget").and_then(|f| budget(&f));
    policy
}

/// `["5xx", 429, "timeout", "refused"]`
pub(super) fn failures(field: &Field) -> Failures {
    let mut failures = Failures::default();
    let example = "statuses such as 503 or \"5xx\", \"timeout\" and \"refused\"";
    for item in field.one_or_more() {
        match item.text_if_any() {
            Some("timeout") => failures.timeout = true,
            Some("refused") => failures.refused = true,
            Some("4xx") => failures.statuses.push((400, 499)),
            Some("5xx") => failures.statuses.push((500, 599)),
            Some(other) => {
                let message = format!("`{other}` is no outcome of a request");
                item.error(message, format!("write {example}"));
            }
            None => {
                let status = item.whole(400, 599).and_then(|s| u16::try_from(s).ok());
                failures.statuses.extend(status.map(|s| (s, s)));
            }
        }
    }
    failures
}

fn backoff(field: &Field) -> Option<Backoff> {
    if !matches!(field.node.value, Value::Table(_)) {
        return field.span().map(Backoff::Fixed);
    }
    let section = field.section()?;
    let kinds = ["fixed", "linear", "exponential"];
    let given: Vec<Field> = kinds
        .into_iter()
        .filter_map(|k| section.optional(k))
        .collect();
    let [base] = given.as_slice() else {
        section.error(
            format!("a back-off has one law, and this one has {}", given.len()),
            "write \"1s\", { linear = \"100ms\" } or { exponential = \"100ms\", cap = \"10s\" }",
        );
        section.tolerate();
        return None;
    };
    let span = base.span();
    if base.name() == "fixed" {
        return span.map(Backoff::Fixed);
    }
    let base_span = if span == Some(Span::ZERO) {
        base.span_above_zero()
    } else {
        span
    };
    let factor = (base.name() == "exponential").then(|| {
        let factor = section.optional("factor");
        factor.map_or(Some(2.0), |f| f.number(1.0, 1000.0))
    });
    let cap = section.optional("cap");
    let limit = match &cap {
        Some(cap) => cap.span()?,
        None => CAP.max(base_span?),
    };
    let base = base_span?;
    if let Some(cap) = cap.filter(|_| limit < base) {
        cap.error(
            "`cap` is shorter than the first pause",
            "write a longer `cap`, or { fixed = … }",
        );
    }
    Some(match factor {
        None => Backoff::Linear { base, cap: limit },
        Some(factor) => Backoff::Exponential {
            base,
            factor: factor?,
            cap: limit,
        },
    })
}

fn jitter(field: &Field, backoff: Backoff) -> Option<Jitter> {
    let jitter = match one_of(field, &["none", "full", "equal", "decorrelated"])? {
        "none" => Jitter::None,
        "full" => Jitter::Full,
        "equal" => Jitter::Equal,
        _ => Jitter::Decorrelated,
    };
    let fixed = matches!(backoff, Backoff::Fixed(_));
    if jitter == Jitter::Decorrelated && fixed {
        field.error(
            "decorrelated jitter needs a base and a cap",
            "write backoff = { exponential = \"100ms\", cap = \"10s\" }",
        );
    } else if jitter != Jitter::None && backoff == Backoff::Fixed(Span::ZERO) {
        let message = "`jitter` does nothing here: there is no pause";
        field.notes.warn(field.at, message, "add `backoff`");
    }
    Some(jitter)
}

fn budget(field: &Field) -> Option<Budget> {
    let section = field.section()?;
    let kinds = ["window", "throttle", "concurrent"];
    let kind = section.optional("type");
    let kind = kind.map_or(Some("window"), |f| one_of(&f, &kinds))?;
    let share = |key, most| {
        let field = section.required(key, "ratio = 0.2");
        field.and_then(|f| f.number(0.0, most))
    };
    match kind {
        "throttle" => {
            let tokens = section.required("tokens", "tokens = 10");
            let tokens = tokens.and_then(|f| f.number(1.0, 1000.0));
            Some(Budget::Throttle {
                ratio: share("ratio", 1000.0)?,
                tokens: tokens?,
            })
        }
        "concurrent" => {
            let min = section.optional("min");
            let min = min.map_or(Some(3), |f| f.whole_u32(0, 1_000_000));
            Some(Budget::Concurrent {
                ratio: share("ratio", 1.0)?,
                min: min?,
            })
        }
        _ => window(&section, share("ratio", 1000.0)),
    }
}

fn window(section: &Section, ratio: Option<f64>) -> Option<Budget> {
    let min = section.optional("min_per_second");
    let min = min.map_or(Some(0.0), |f| f.number(0.0, 1e6));
    let window = section.optional("window");
    let window = window.map_or(Some(Span::secs(10)), |f| f.span_above_zero());
    if let (Some(ratio), Some(min)) = (ratio, min)
        && ratio == 0.0
        && min == 0.0
    {
        section.error(
            "this budget never allows a retry",
            "raise `ratio` or `min_per_second`, or remove `retry`",
        );
    }
    // Balances are whole numbers of 64 bits.
    if ratio.is_some_and(|r| r > 0.0 && r < 1e-6) {
        section.error("`ratio` is too small", "write 0, or 0.000001 or more");
    }
    Some(Budget::Window {
        ratio: ratio?,
        min_per_second: min?,
        window: window?,
    })
}
