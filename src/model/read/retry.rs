//! Retry policies: `[retries.NAME]`, or written where one is used.

use super::Build;
use super::station::STATUS;
use crate::engine::Span;
use crate::field::Field;
use crate::preset::Presets;
use crate::retry::{Backoff, Budget, Failures, Hedge, HedgeAfter, Jitter, Retry, RetryId};
use crate::section::Section;
use crate::tree::Value;
use crate::vocabulary::{Case, Choice, Kind, Type, tables};

/// A policy where it is used.
pub(super) static RETRY_POLICY: Type = Type {
    name: "retry",
    about: "A retry policy: the name of one in `[retries]`, or a table of its own.",
    kind: Kind::Either(&[Kind::Name("retry policy"), Kind::Table(&POLICY)]),
};

tables! {
    /// How many attempts there are, which outcomes are retried, and after which pause.
    pub(super) static POLICY = "retries.NAME" {
        /// How many attempts there are at most, the first one included.
        attempts: Whole(1, MOST_ATTEMPTS as u64), required("attempts = 3, the first one included");
        /// Which outcomes are retried.
        on: OneOrMore(&Type(&OUTCOME)), otherwise("`[\"5xx\", 429, \"timeout\", \"refused\"]`");
        /// The pause before the next attempt: always this time, or by a formula.
        backoff: Either(&[Time, Table(&BACKOFF)]), otherwise("none");
        /// How the pause is drawn at random.
        jitter: Choice(&JITTERS), or_text("none");
        /// Whether a longer pause that the server asks for is honoured.
        retry_after: Flag, or_flag(true);
        /// How many retries and hedges are allowed in addition to the requests.
        budget: Table(&BUDGET), otherwise("no limit");
        /// Of `[retries.NAME]`: a real component, whose measured values are the defaults of the other keys.
        preset: Choice(&Presets("retries"));
        /// When a second copy of an attempt is sent; the first good answer counts.
        hedge: Table(&HEDGE), otherwise("never");
        /// Of calls: the status that the caller answers with if the connection of the last attempt was refused.
        refusal: Type(&STATUS), or_whole(502);
    };

    /// A second copy of each attempt that is not answered in time; the first good answer counts.
    static HEDGE = "retries.NAME.hedge" {
        /// The time after the first copy; at "0s" both are sent at once.
        after: Time;
        /// As soon as the attempt has taken longer than this percentage of all completed attempts; the first 100
        /// attempts get no second copy.
        percentile: Number(1.0, 99.99);
        /// Whether the system drops the copy that is no longer needed, even where its endpoint does not `cancel`.
        cancel: Flag, or_flag(true);
    } rules [OneOf(&[&["after"], &["percentile"]])];
}

/// What may have become of a request that failed.
pub(super) static OUTCOME: Type = Type {
    name: "outcome",
    about: "A failed outcome: a status, all of a class, no answer in time, a refused connection, or a call that an open breaker rejected.",
    kind: Kind::Either(&[
        Kind::Whole(400, 599),
        Kind::Word("4xx"),
        Kind::Word("5xx"),
        Kind::Word("timeout"),
        Kind::Word("refused"),
        Kind::Word("open"),
    ]),
};

tables! {
    /// How the pause grows from one retry to the next.
    static BACKOFF = "retries.NAME.backoff" {
        /// Always this time.
        fixed: Time;
        /// This time before the first retry, n times as long before the n-th.
        linear: TimeAboveZero;
        /// This time before the first retry, `factor` times as long before each next one.
        exponential: TimeAboveZero;
        /// With `exponential`.
        factor: Number(1.0, 1000.0), or_number(2.0);
        /// The longest pause.
        cap: Time, otherwise("20s, or the first pause if that is longer");
    } rules [OneOf(&[&["fixed"], &["linear"], &["exponential"]])];
}

static JITTERS: Choice<Jitter> = Choice::possible(&[
    ("none", Jitter::None),
    ("full", Jitter::Full),
    ("equal", Jitter::Equal),
    ("decorrelated", Jitter::Decorrelated),
    ("exponential", Jitter::Exponential),
]);

tables! {
    /// How many retries are allowed in addition to the requests.
    static BUDGET = "retries.NAME.budget" {
        /// What is counted.
        type: Choice(&BUDGETS), or_text("window");
        /// Retries for each request; with `concurrent`, up to 1.
        ratio: Number(0.0, 1000.0), required("ratio = 0.2");
        /// How many tokens there are at most.
        tokens: Number(1.0, 1000.0), checked();
        /// How many concurrent retries are always allowed.
        min: Whole(0, 1_000_000), or_whole(3);
        /// How many retries a second are always allowed.
        min_per_second: Number(0.0, 1e6), or_number(0.0);
        /// How long a request counts.
        window: TimeAboveZero, or_text("10s");
    } rules [Cases("type", BUDGET_CASES)];
}

const BUDGET_CASES: &[Case] = &[
    Case::new(
        "window",
        "Retries of the last while, as Finagle's `RetryBudget`.",
        &["ratio", "min_per_second", "window"],
    )
    .needs(&[&["ratio"]]),
    Case::new(
        "throttle",
        "Tokens that failed attempts take and good ones give back, as gRPC's retry throttling.",
        &["ratio", "tokens"],
    )
    .needs(&[&["ratio"], &["tokens"]]),
    Case::new(
        "concurrent",
        "Retries in progress, as Envoy's `retry_budget`.",
        &["ratio", "min"],
    )
    .needs(&[&["ratio"]]),
];

static BUDGETS: Choice<&str> = Choice::possible(&[
    ("window", "window"),
    ("throttle", "throttle"),
    ("concurrent", "concurrent"),
]);

/// More attempts than this are as good as endless.
const MOST_ATTEMPTS: u32 = 1000;

/// The longest pause, if a model names none.
const CAP: Span = Span::secs(20);

/// Whether attempts under a policy get a second copy.
pub(super) fn hedges(build: &Build, id: RetryId) -> bool {
    let policy = build.retries.all.get(id.index());
    policy.is_some_and(|policy| policy.hedge.is_some())
}

/// A policy where it is used: its name, or a table of its own.
pub(super) fn used(build: &mut Build, field: &Field) -> Option<RetryId> {
    let expected = "the name of a policy in [retries], or a table";
    build.retries.find(field, expected).map(RetryId)
}

pub(super) fn policy(name: String, field: &Field) -> Retry {
    let mut policy = Retry {
        name,
        attempts: 2,
        on: Failures {
            statuses: vec![(429, 429), (500, 599)],
            timeout: true,
            refused: true,
            open: false,
        },
        backoff: Backoff::Fixed(Span::ZERO),
        jitter: Jitter::None,
        retry_after: true,
        budget: None,
        hedge: None,
        refusal: 502,
    };
    let Some(section) = field.section() else {
        return policy;
    };
    if let Some(preset) = section.optional("preset") {
        // Those of `[retries]` have got their keys by now.
        let fix = "give the policy a name in [retries], and the preset there";
        preset.error(
            "a policy that is written where it is used has no preset",
            fix,
        );
    }
    policy.attempts = section.integer("attempts").unwrap_or(policy.attempts);
    if let Some(on) = section.optional("on") {
        policy.on = failures(&on);
    }
    if let Some(backoff) = section.optional("backoff").and_then(|f| backoff(&f)) {
        policy.backoff = backoff;
    }
    if let Some(field) = section.optional("jitter") {
        policy.jitter = jitter(&field, policy.backoff).unwrap_or(Jitter::None);
    }
    policy.retry_after = section.flag_or_default("retry_after");
    if policy.on.open && policy.backoff == Backoff::Fixed(Span::ZERO) {
        section.error(
            "calls that an open breaker rejects are retried without a pause",
            "add `backoff`, or remove \"open\" from `on`",
        );
    }
    policy.budget = section.optional("budget").and_then(|f| budget(&f));
    policy.hedge = section.optional("hedge").and_then(|f| hedge(&f));
    policy.refusal = section.integer_or_default("refusal");
    policy
}

/// `{ after = "50ms", cancel = false }` or `{ percentile = 95 }`
fn hedge(field: &Field) -> Option<Hedge> {
    let section = field.section()?;
    let cancel = section.flag_or_default("cancel");
    let (after, percentile) = (section.optional("after"), section.optional("percentile"));
    let after = match (after, percentile) {
        (Some(after), None) => HedgeAfter::Delay(after.span()?),
        (None, Some(share)) => HedgeAfter::Percentile(share.real()? / 100.0),
        _ => {
            section.error(
                "a hedge is sent after a time or after a percentile",
                "write { after = \"50ms\" } or { percentile = 95 }",
            );
            section.tolerate();
            return None;
        }
    };
    Some(Hedge { after, cancel })
}

/// `["5xx", 429, "timeout", "refused"]`
pub(super) fn failures(field: &Field) -> Failures {
    let mut failures = Failures::default();
    let example = "statuses such as 503 or \"5xx\", \"timeout\" and \"refused\"";
    for item in field.one_or_more() {
        match item.text_if_any() {
            Some("timeout") => failures.timeout = true,
            Some("refused") => failures.refused = true,
            Some("open") => failures.open = true,
            Some("4xx") => failures.statuses.push((400, 499)),
            Some("5xx") => failures.statuses.push((500, 599)),
            Some(other) => {
                let message = format!("`{other}` is not an outcome of a request");
                item.error(message, format!("write {example}"));
            }
            None => {
                let status: Option<u16> = item.integer();
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
    let laws = section.sets().iter().copied().flatten();
    let given: Vec<Field> = laws.filter_map(|law| section.optional(law)).collect();
    let [base] = given.as_slice() else {
        section.error(
            format!("a back-off has one law, and this one has {}", given.len()),
            "write \"1s\", { linear = \"100ms\" } or { exponential = \"100ms\", cap = \"10s\" }",
        );
        section.tolerate();
        return None;
    };
    if base.name() != "exponential" {
        section.forget("factor");
    }
    let span = base.span();
    if base.name() == "fixed" {
        section.forget("cap");
        return span.map(Backoff::Fixed);
    }
    let base_span = if span == Some(Span::ZERO) {
        base.span_above_zero()
    } else {
        span
    };
    let factor = (base.name() == "exponential").then(|| section.real_or_default("factor"));
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
            factor,
            cap: limit,
        },
    })
}

fn jitter(field: &Field, backoff: Backoff) -> Option<Jitter> {
    let jitter = field.choice(&JITTERS)?;
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
    let kind = section.optional("type");
    let kind = kind.map_or(Some("window"), |f| f.choice(&BUDGETS))?;
    section.in_case(kind);
    let share = |key, most| {
        let field = section.optional(key);
        field.and_then(|f| f.number(0.0, most))
    };
    match kind {
        "throttle" => {
            let tokens = section.required("tokens", "tokens = 10");
            let tokens = tokens.and_then(|f| f.real());
            Some(Budget::Throttle {
                ratio: share("ratio", 1000.0)?,
                tokens: tokens?,
            })
        }
        "concurrent" => Some(Budget::Concurrent {
            ratio: share("ratio", 1.0)?,
            min: section.integer_or_default("min"),
        }),
        _ => window(&section, share("ratio", 1000.0)),
    }
}

fn window(section: &Section, ratio: Option<f64>) -> Option<Budget> {
    let min = section.real_or_default("min_per_second");
    let window = section.time_or_default("window");
    if ratio == Some(0.0) && min == 0.0 {
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
        min_per_second: min,
        window,
    })
}
