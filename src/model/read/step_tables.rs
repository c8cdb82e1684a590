//! The steps of a journey, declared: a table for each, told apart by its first key.

use super::MAX_ENTITIES;
use super::about::EXPECTED;
use super::condition::CONDITION;
use super::dist::DISTRIBUTION;
use super::retry::RETRY_POLICY;
use super::scenario_table::TAGS;
use crate::journey::{CustomKind, Step};
use crate::vocabulary::{Choice, Key, Kind, Table, Type, Union};

/// A step of a journey.
pub(crate) static STEP: Type = Type {
    name: "step",
    about: "One step of a journey: a table with one of the keys `request`, `poll`, `retry`, `repeat`, `record`, `group`, `check`, `choose`, `chain`, `with_probability`, `when`, `sleep`, `take`, `await`, `release`, `pick`, `end`, and the options of that step.",
    kind: Kind::Union(&STEPS),
};

/// In the order in which a step is compared with them: what comes first may have the later ones as options.
pub(super) static STEPS: Union = Union {
    name: "step",
    tables: &[
        &REQUEST, &POLL, &RETRY, &REPEAT, &RECORD, &GROUP, &CHECK, &CHOOSE, &CHAIN, &CHANCE, &WHEN,
        &SLEEP, &TAKE, &AWAIT, &RELEASE, &PICK, &END,
    ],
};

/// The elements of a list of steps.
static ONE_STEP: Kind = Kind::Type(&STEP);
const TURNS: Kind = Kind::Whole(1, u32::MAX as u64);
const NAME: Key =
    Key::new("name", Kind::Text, "The tag `name` of its samples.").otherwise("the endpoint's name");
const TIMEOUT: Key = Key::new("timeout", Kind::TimeAboveZero, "When the client gives up.")
    .otherwise("the endpoint's");
const fn tags() -> Key {
    Key::new("tags", Kind::Type(&TAGS), "Tags put on its samples.")
}
const fn checks() -> Key {
    Key::new(
        "checks",
        Kind::OneOrMore(&CHECK_KIND),
        "What is checked of the answer: names of checks that pass if it is good, or tables.",
    )
}
const fn otherwise() -> Key {
    Key::new(
        "else",
        Kind::Choice(&OTHERWISE),
        "What follows if it does not succeed.",
    )
    .or_text("continue")
}

/// Whether the iteration ends.
pub(super) static OTHERWISE: Choice<bool> = Choice {
    one: "",
    many: "possible",
    pairs: &[("end_iteration", true), ("continue", false)],
};

static REQUEST: Table = Table {
    name: "step.request",
    about: "Sends a request and waits for the answer.",
    keys: &[
        Key::new("request", Kind::Name("endpoint"), "The endpoint."),
        Key::new(
            "once_per",
            Kind::Word("user"),
            "It is sent only by users without a token.",
        ),
        Key::new(
            "pick",
            Kind::Either(&[Kind::Word("seat"), Kind::Table(&PICK_SEAT)]),
            "The answer lists free seats, of which one is chosen.",
        ),
        NAME,
        TIMEOUT,
        tags(),
        EXPECTED.otherwise("as `[model]` says"),
        Key::new(
            "claim",
            Kind::Word("seat"),
            "The request claims the chosen seat.",
        ),
        Key::new(
            "confirm",
            Kind::Word("seat"),
            "The request buys the seat that is held.",
        ),
        Key::new(
            "release",
            Kind::Word("seat"),
            "The request gives the held seat back.",
        ),
        Key::new(
            "retry",
            Kind::Type(&RETRY_POLICY),
            "How a failed request is sent again.",
        )
        .otherwise("not at all"),
        checks(),
        otherwise(),
    ],
    rules: &[],
};

static PICK_SEAT: Table = Table {
    name: "step.request.pick",
    about: "Which of the free seats the user chooses.",
    keys: &[Key::new(
        "seat",
        Kind::Either(&[Kind::Choice(&SEATS), Kind::Table(&HOT_ZONE)]),
        "Any, the first, or one of a zone.",
    )
    .required(SEAT_EXAMPLE)],
    rules: &[],
};

/// What completes "write …".
pub(super) const SEAT_EXAMPLE: &str =
    "write \"seat\", { seat = \"first\" } or { seat = { hot_zone = 10, probability = 0.5 } }";

/// Whether the first is chosen.
pub(super) static SEATS: Choice<bool> = Choice {
    one: "",
    many: "possible",
    pairs: &[("uniform", false), ("first", true)],
};

static HOT_ZONE: Table = Table {
    name: "step.request.pick.seat",
    about: "Users prefer some seats at the front.",
    keys: &[
        Key::new(
            "hot_zone",
            Kind::Whole(1, MAX_ENTITIES as u64),
            "How many seats the zone has.",
        )
        .required("hot_zone = 10"),
        Key::new(
            "probability",
            Kind::Number(0.0, 1.0),
            "The probability that a user chooses within the zone.",
        )
        .required("probability = 0.5"),
    ],
    rules: &[],
};

static CHECK_KIND: Kind = Kind::Either(&[Kind::Text, Kind::Table(&CHECK_OF_REQUEST)]);

static CHECK_OF_REQUEST: Table = Table {
    name: "step.request.checks[]",
    about: "A check of the answer.",
    keys: &[
        Key::new("name", Kind::Text, "Its name; not with `::`.")
            .required("name = \"status is 200\""),
        passes(),
        tags(),
    ],
    rules: &[],
};

const fn passes() -> Key {
    Key::new("passes", Kind::Type(&CONDITION), "When it passes.").or_text("ok")
}

static POLL: Table = Table {
    name: "step.poll",
    about: "Sends a request again and again until it succeeds.",
    keys: &[
        Key::new("poll", Kind::Name("endpoint"), "The endpoint."),
        Key::new(
            "until",
            Kind::Choice(&UNTIL),
            "What it waits for: a good answer, or admission by the waiting room.",
        )
        .required("until = \"admitted\" or \"ok\""),
        Key::new(
            "every",
            Kind::Type(&DISTRIBUTION),
            "The pause from an answer to the next request; above zero without `at_most`.",
        )
        .required("every = \"5s\""),
        Key::new("at_most", TURNS, "How many requests are sent at most.").otherwise("no limit"),
        NAME,
        TIMEOUT,
        tags(),
        EXPECTED.otherwise("as `[model]` says"),
        checks(),
        otherwise(),
    ],
    rules: &[],
};

/// Whether admission is waited for.
pub(super) static UNTIL: Choice<bool> = Choice {
    one: "",
    many: "possible",
    pairs: &[("admitted", true), ("ok", false)],
};

static RETRY: Table = Table {
    name: "step.retry",
    about: "Takes steps again until none of their requests fails.",
    keys: &[
        Key::new("retry", Kind::Some(&ONE_STEP), "The steps."),
        Key::new("at_most", TURNS, "How many attempts there are at most.").required("at_most = 5"),
        Key::new(
            "pause",
            Kind::Type(&DISTRIBUTION),
            "The pause before the next attempt.",
        )
        .otherwise("none"),
        otherwise(),
    ],
    rules: &[],
};

static REPEAT: Table = Table {
    name: "step.repeat",
    about: "Takes steps several times.",
    keys: &[
        Key::new("repeat", Kind::Some(&ONE_STEP), "The steps."),
        Key::new("times", TURNS, "How often.").required("times = 3"),
    ],
    rules: &[],
};

static RECORD: Table = Table {
    name: "step.record",
    about: "Adds a sample to a metric of the model's own, as k6's `Counter`, `Gauge`, `Rate` and `Trend`.",
    keys: &[
        Key::new("record", Kind::Text, "The metric: up to 128 letters, digits and underscores."),
        Key::new("as", Kind::Choice(&KINDS), "Its type; `time` is a trend of times.").required("as = \"counter\", \"gauge\", \"rate\", \"trend\" or \"time\""),
        Key::new("value", Kind::Either(&[Kind::Number(f64::MIN, f64::MAX), Kind::Word("duration"), Kind::Word("vu"), Kind::Type(&CONDITION)]), "A number, the last response time, the number of the VU, or whether a condition holds; required except for a counter.").otherwise("1"),
        Key::new("when", Kind::Type(&CONDITION), "When it is recorded.").or_text("always"),
        tags(),
    ],
    rules: &[],
};

/// Types of metrics.
pub(super) static KINDS: Choice<CustomKind> = Choice {
    one: "",
    many: "possible",
    pairs: &[
        ("rate", CustomKind::Rate),
        ("counter", CustomKind::Counter),
        ("gauge", CustomKind::Gauge),
        ("trend", CustomKind::Trend),
        ("time", CustomKind::TrendTime),
    ],
};

static GROUP: Table = Table {
    name: "step.group",
    about: "Steps whose samples are tagged with a group, as k6's `group()`.",
    keys: &[
        Key::new("group", Kind::Text, "Its name; not with `::`."),
        Key::new("steps", Kind::Some(&ONE_STEP), "The steps.").required("steps = [ … ]"),
    ],
    rules: &[],
};

static CHECK: Table = Table {
    name: "step.check",
    about: "A check of the last answer, as k6's `check()`.",
    keys: &[
        Key::new("check", Kind::Text, "Its name; not with `::`."),
        passes(),
        tags(),
    ],
    rules: &[],
};

static CHOOSE: Table = Table {
    name: "step.choose",
    about: "Takes one of several alternatives by chance.",
    keys: &[Key::new(
        "choose",
        Kind::Some(&Kind::Table(&ALTERNATIVE)),
        "The alternatives.",
    )],
    rules: &[],
};

static ALTERNATIVE: Table = Table {
    name: "step.choose[]",
    about: "One of the alternatives.",
    keys: &[
        Key::new(
            "weight",
            Kind::Number(0.0, f64::MAX),
            "How often it is taken, relative to the others.",
        )
        .required("weight = 70"),
        Key::new("steps", Kind::Some(&ONE_STEP), "What is done then.").otherwise("nothing"),
    ],
    rules: &[],
};

static CHAIN: Table = Table {
    name: "step.chain",
    about: "States that follow one another by chance, each by its own probabilities: a Markov chain of first order.",
    keys: &[
        Key::new(
            "chain",
            Kind::Named(&Kind::Table(&STATE)),
            "The states, by name.",
        ),
        Key::new(
            "start",
            Kind::Either(&[Kind::Text, PROBABILITIES]),
            "The first state, or the probability of each; with what is left to 1 the chain is passed by.",
        )
        .required("start = \"home\", or start = { home = 0.8, search = 0.2 }"),
    ],
    rules: &[],
};

const PROBABILITIES: Kind = Kind::Named(&Kind::Number(0.0, 1.0));

static STATE: Table = Table {
    name: "step.chain.NAME",
    about: "A state of a chain.",
    keys: &[
        Key::new("steps", Kind::Some(&ONE_STEP), "What is done in it.").otherwise("nothing"),
        Key::new(
            "next",
            PROBABILITIES,
            "The probability of each state that may follow; with what is left to 1 the chain is left.",
        )
        .otherwise("the chain is left"),
        Key::new(
            "pause",
            Kind::Type(&DISTRIBUTION),
            "The pause before the next state; there is none where the chain is left.",
        )
        .otherwise("none"),
    ],
    rules: &[],
};

static CHANCE: Table = Table {
    name: "step.with_probability",
    about: "Steps that are taken by chance.",
    keys: &[
        Key::new(
            "with_probability",
            Kind::Number(0.0, 1.0),
            "The probability of `steps`.",
        ),
        Key::new("else", Kind::Some(&ONE_STEP), "What is done otherwise.").otherwise("nothing"),
        then(),
    ],
    rules: &[],
};

const fn then() -> Key {
    Key::new("steps", Kind::Some(&ONE_STEP), "What is done then.").required("steps = [ … ]")
}

static WHEN: Table = Table {
    name: "step.when",
    about: "Steps that are taken if a condition holds.",
    keys: &[
        Key::new("when", Kind::Type(&CONDITION), "The condition."),
        Key::new("else", Kind::Some(&ONE_STEP), "What is done otherwise.").otherwise("nothing"),
        then(),
    ],
    rules: &[],
};

static SLEEP: Table = Table {
    name: "step.sleep",
    about: "Waits, as k6's `sleep()`.",
    keys: &[Key::new("sleep", Kind::Type(&DISTRIBUTION), "How long.")],
    rules: &[],
};

static TAKE: Table = Table {
    name: "step.take",
    about: "Takes a token that a request of this VU has been issued.",
    keys: &[Key::new("take", Kind::Choice(&TAKES), "What is taken.")],
    rules: &[],
};

pub(super) static TAKES: Choice<Step> = only(&[("token", Step::TakeToken)]);

static AWAIT: Table = Table {
    name: "step.await",
    about: "Waits until the waiting room lets the user through, over a connection that stays open.",
    keys: &[Key::new(
        "await",
        Kind::Choice(&AWAITS),
        "What is waited for.",
    )],
    rules: &[],
};

pub(super) static AWAITS: Choice<Step> = only(&[("admission", Step::AwaitAdmission)]);

static RELEASE: Table = Table {
    name: "step.release",
    about: "Gives the held seat back without a request.",
    keys: &[Key::new(
        "release",
        Kind::Choice(&RELEASES),
        "What is given back.",
    )],
    rules: &[],
};

pub(super) static RELEASES: Choice<Step> = only(&[("seat", Step::ReleaseSeat)]);

static PICK: Table = Table {
    name: "step.pick",
    about: "Chooses a user or an event for what follows.",
    keys: &[Key::new("pick", Kind::Choice(&PICKS), "What is chosen.")],
    rules: &[],
};

pub(super) static PICKS: Choice<Step> =
    only(&[("user", Step::PickUser), ("event", Step::PickEvent)]);

static END: Table = Table {
    name: "step.end",
    about: "Ends the iteration.",
    keys: &[Key::new("end", Kind::Word("iteration"), "What ends.")],
    rules: &[],
};

const fn only(pairs: &'static [(&'static str, Step)]) -> Choice<Step> {
    Choice {
        one: "",
        many: "possible",
        pairs,
    }
}
