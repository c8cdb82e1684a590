//! Limits: `[limits.NAME]`, on a rate or on requests at once, and where endpoints ask them.

use super::station::{STATUS, idle};
use super::visit::Visits;
use crate::engine::Span;
use crate::field::Field;
use crate::limit::{
    ConcurrencyLaw, ConcurrencyLimit, Limit, LimitId, LimitKey, LimitKind, RateLimit, RetryAfter,
};
use crate::section::Section;
use crate::system::Op;
use crate::tree::Value;
use crate::vocabulary::{Case, Choice, tables};

tables! {
    /// A limit on the rate of requests or on their concurrency: what exceeds it is refused, or waits.
    pub(crate) static LIMIT = "limits.NAME" {
        /// Requests in each `per`.
        rate: Number(1e-6, 1e9);
        /// Concurrent requests: a fixed number, or one that adapts to what they experience.
        concurrency: Either(&[Whole(1, MAX_CONCURRENCY as u64), Table(&ADAPTIVE)]);
        /// The time that `rate` is for.
        per: TimeAboveZero, or_text("1s");
        /// Whether requests may pass in a burst, or are evenly spaced.
        algorithm: Choice(&ALGORITHMS), or_text("token-bucket");
        /// Of a token bucket: requests that pass at once after a pause.
        burst: Whole(1, MAX_CONCURRENCY as u64), otherwise("as many as `rate`");
        /// Of a token bucket: how long a request may wait for a token.
        wait: Time, or_text("0s");
        /// Of a leaky bucket: how many requests may wait.
        queue: Whole(0, MAX_CONCURRENCY as u64), otherwise("a leaky bucket must say it");
        /// What has a bucket of its own.
        by: Choice(&KEYS), or_text("global");
        /// Whether a refused request gets `Retry-After`, or a fixed value of it.
        retry_after: Either(&[Flag, Time]), or_flag(false);
        /// Of concurrent requests: the share of the limit that each class may fill, from class 0.
        classes: Some(&Number(0.0, 1.0)), otherwise("all of it");
        /// Status of a refused request.
        status: Type(&STATUS), otherwise("429 of a rate, 503 of requests at once");
    } rules [OneOf(&[&["rate"], &["concurrency"]])];

    /// A limit that adapts to what requests experience, by the formulas of Netflix's concurrency-limits.
    static ADAPTIVE = "limits.NAME.concurrency" {
        /// The algorithm.
        adaptive: Choice(&LAWS), required("adaptive = \"aimd\" or \"gradient\"");
        /// The limit at the start.
        initial: Whole(1, MAX_CONCURRENCY as u64), or_whole(20);
        /// The lowest limit.
        min: Whole(1, MAX_CONCURRENCY as u64), or_whole(1);
        /// The highest limit.
        max: Whole(1, MAX_CONCURRENCY as u64), or_whole(200);
        /// Of `aimd`: factor on the limit with each failure.
        backoff: Number(0.5, 0.999_999), or_number(0.9);
        /// Of `aimd`: a request that takes longer has failed.
        timeout: TimeAboveZero, or_text("5s");
        /// Of `gradient`: how much longer than in the long term requests may take.
        tolerance: Number(1.0, 1000.0), or_number(1.5);
        /// Of `gradient`: added to each new limit.
        queue: Whole(0, MAX_CONCURRENCY as u64), or_whole(4);
        /// Of `gradient`: weight of a new limit.
        smoothing: Number(0.001, 1.0), or_number(0.2);
        /// Of `gradient`: requests over which the long-term time is averaged.
        window: Whole(1, MAX_CONCURRENCY as u64), or_whole(600);
    } rules [Cases("adaptive", LAW_CASES)];
}

const LAW_CASES: &[Case] = &[
    Case::new(
        "aimd",
        "Additive increase, multiplicative decrease: `AIMDLimit`.",
        &["backoff", "timeout"],
    ),
    Case::new(
        "gradient",
        "The ratio of the long-term to the present time of requests: `Gradient2Limit`.",
        &["tolerance", "queue", "smoothing", "window"],
    ),
];

static ALGORITHMS: Choice<bool> =
    Choice::possible(&[("token-bucket", false), ("leaky-bucket", true)]);

static KEYS: Choice<LimitKey> = Choice::possible(&[
    ("global", LimitKey::Global),
    ("user", LimitKey::User),
    ("endpoint", LimitKey::Endpoint),
]);

static LAWS: Choice<&str> = Choice::possible(&[("aimd", "aimd"), ("gradient", "gradient")]);

/// Keys that only a limit on a rate has.
const OF_RATES: [&str; 7] = [
    "per",
    "algorithm",
    "burst",
    "wait",
    "queue",
    "by",
    "retry_after",
];

/// Beyond it a limit would not fit a memory.
const MAX_CONCURRENCY: u32 = 100_000_000;

/// Reads all of `[limits]`, in the order of the text.
pub(super) fn read_all(named: &[(&str, Field)]) -> Vec<Limit> {
    named
        .iter()
        .map(|(name, field)| limit(name, field))
        .collect()
}

fn limit(name: &str, field: &Field) -> Limit {
    let mut limit = Limit {
        name: name.to_string(),
        status: 429,
        kind: LimitKind::Concurrency(concurrency_limit(1)),
    };
    let Some(section) = field.section() else {
        return limit;
    };
    let (rate, at_once) = (section.optional("rate"), section.optional("concurrency"));
    let kind = match (rate, at_once) {
        (Some(rate), None) => {
            section.forget("classes");
            rate_limit(&section, &rate).map(LimitKind::Rate)
        }
        (None, Some(field)) => {
            limit.status = 503;
            for key in OF_RATES {
                section.forget(key);
            }
            concurrency(&section, &field).map(LimitKind::Concurrency)
        }
        (None, None) => {
            section.tolerate();
            let fix = "write rate = 100, requests a second, or concurrency = 20, requests at once";
            section.error("a limit is on a rate or on requests at once", fix);
            None
        }
        (Some(_), Some(field)) => {
            section.tolerate();
            let fix = "give each a name of its own, and ask both: limit = [\"a\", \"b\"]";
            field.error("a limit is on a rate or on requests at once, not both", fix);
            None
        }
    };
    if let Some(kind) = kind {
        limit.kind = kind;
    }
    if let Some(status) = section.integer("status") {
        limit.status = status;
    }
    limit
}

fn rate_limit(section: &Section, rate: &Field) -> Option<RateLimit> {
    let rate = rate.real();
    let per = section.optional("per");
    let per = per.map_or(Some(Span::secs(1)), |f| f.span_above_zero());
    let leaky = section.optional("algorithm");
    let leaky = leaky.map_or(Some(false), |f| f.choice(&ALGORITHMS));
    let by = section.optional("by");
    let by = by.map_or(Some(LimitKey::Global), |f| f.choice(&KEYS));
    let retry_after = section.optional("retry_after").map(|f| retry_after(&f));
    let (rate, per) = (rate?, per?);
    let (burst, wait) = if leaky? {
        idle(
            section,
            "burst",
            "a leaky bucket lets nobody pass early; `queue` bounds who waits",
        );
        idle(
            section,
            "wait",
            "who waits in a leaky bucket is bounded by `queue`",
        );
        let queue = section.required("queue", "queue = 20, requests that may wait");
        let queue: u32 = queue.and_then(|f| f.integer())?;
        // One more fits the bucket: that which is passing.
        let interval = per.0 as f64 / rate;
        (1, Span::from_ns((interval * f64::from(queue)).ceil()))
    } else {
        idle(
            section,
            "queue",
            "a token bucket has no queue; `wait` says how long requests may wait",
        );
        let burst = section.optional("burst");
        let burst = burst.map_or(Some(default_burst(rate)), |f| f.integer());
        let wait = section.optional("wait");
        (burst?, wait.map_or(Some(Span::ZERO), |f| f.span())?)
    };
    Some(RateLimit {
        rate,
        per,
        burst,
        wait,
        by: by?,
        retry_after: retry_after.unwrap_or(RetryAfter::Untold),
    })
}

/// As many as pass in one `per`, at least one.
fn default_burst(rate: f64) -> u32 {
    (rate as u32).clamp(1, MAX_CONCURRENCY)
}

fn retry_after(field: &Field) -> RetryAfter {
    match field.node.value {
        Value::Boolean(true) => RetryAfter::Exact,
        Value::Boolean(false) => RetryAfter::Untold,
        Value::Text(_) => field.span().map_or(RetryAfter::Untold, RetryAfter::Fixed),
        _ => {
            field.error(
                "`retry_after` is true, false or a time",
                "write retry_after = true, or retry_after = \"30s\"",
            );
            RetryAfter::Untold
        }
    }
}

fn concurrency_limit(initial: u32) -> ConcurrencyLimit {
    ConcurrencyLimit {
        law: ConcurrencyLaw::Fixed,
        initial,
        min: initial,
        max: initial,
        classes: Vec::new(),
    }
}

fn concurrency(section: &Section, field: &Field) -> Option<ConcurrencyLimit> {
    let classes = section.optional("classes").map(|f| classes(&f));
    let mut limit = match field.node.value {
        Value::Table(_) => adaptive(&field.section()?)?,
        _ => concurrency_limit(field.whole_u32(1, MAX_CONCURRENCY)?),
    };
    limit.classes = classes.unwrap_or_default();
    Some(limit)
}

/// Shares of the limit, from class 0.
fn classes(field: &Field) -> Vec<f64> {
    let items = field.some_items("write classes = [1.0, 0.8, 0.5]");
    let shares: Vec<f64> = items
        .unwrap_or_default()
        .iter()
        .filter_map(|item| item.number(0.0, 1.0))
        .collect();
    if shares.windows(2).any(|pair| pair[1] > pair[0]) {
        let fix = "list the shares from the most important class to the least";
        field.error("a less important class cannot have the larger share", fix);
    }
    shares
}

fn adaptive(section: &Section) -> Option<ConcurrencyLimit> {
    let kind = section.required("adaptive", "adaptive = \"aimd\" or \"gradient\"");
    let kind = kind.and_then(|f| f.choice(&LAWS));
    if let Some(kind) = kind {
        section.in_case(kind);
    }
    // What is there and unreadable ends the reading; what is not there is as declared.
    let whole = |key| match section.has(key) {
        true => section.integer::<u32>(key),
        false => Some(section.integer_or_default(key)),
    };
    let number = |key| match section.has(key) {
        true => section.real(key),
        false => Some(section.real_or_default(key)),
    };
    let (initial, min, max) = (whole("initial")?, whole("min")?, whole("max")?);
    if !(min <= initial && initial <= max) {
        let message = format!("`initial` is {initial}, and must lie between {min} and {max}");
        section.error(message, "write min ≤ initial ≤ max");
    }
    let law = if kind? == "aimd" {
        ConcurrencyLaw::Aimd {
            backoff: number("backoff")?,
            timeout: section.time_or_default("timeout"),
        }
    } else {
        ConcurrencyLaw::Gradient {
            tolerance: number("tolerance")?,
            queue: whole("queue")?,
            smoothing: number("smoothing")?,
            window: whole("window")?,
        }
    };
    Some(ConcurrencyLimit {
        law,
        initial,
        min,
        max,
        classes: Vec::new(),
    })
}

impl<'a> Visits<'_, 'a> {
    /// The limits that an endpoint asks before anything else.
    pub(super) fn limits(&mut self, limits: &[Field<'a>], class: u8, open: &mut Vec<Op>) {
        for limit in limits {
            self.limit(limit, class, open);
        }
    }

    /// `{ limit = "api" }`, and with a limit on requests at once `{ limit = "inside", visits = [ … ] }`.
    pub(super) fn limit_visit(
        &mut self,
        section: &Section<'a>,
        name: &Field<'a>,
        open: &mut Vec<Op>,
    ) {
        let class = section.integer_or_default("class");
        let inner = section.optional("visits");
        let inner = inner.map(|f| f.items().unwrap_or_default());
        let mut own = Vec::new();
        let scope = if inner.is_some() { &mut own } else { open };
        self.limit(name, class, scope);
        if let Some(items) = inner {
            self.list(&items, own);
        }
    }

    fn limit(&mut self, name: &Field<'a>, class: u8, open: &mut Vec<Op>) {
        let Some(id) = self.build.limit_names.find(name) else {
            return;
        };
        let id = LimitId(id);
        let Some(limit) = self.build.limits.get(id.index()) else {
            return;
        };
        match limit.kind {
            LimitKind::Rate(_) => self.ops.push(Op::Limit(id)),
            LimitKind::Concurrency(_) => {
                if self.held.contains(&Op::Leave(id)) {
                    name.error("this limit is entered already", "enter it once");
                }
                self.take(Op::Enter { limit: id, class }, Op::Leave(id), open);
            }
        }
    }
}
