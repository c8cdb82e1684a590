//! The steps of a journey, declared: a table for each, told apart by its first key.

use super::MAX_ENTITIES;
use super::about::EXPECTED;
use super::condition::CONDITION;
use super::dist::DISTRIBUTION;
use super::retry::RETRY_POLICY;
use super::scenario_table::TAGS;
use crate::journey::{CustomKind, Step};
use crate::vocabulary::{Choice, Kind, Type, Union, keys, tables};

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
keys! {
    /// The tag `name` of its samples.
    static NAME = name: Text, otherwise("the endpoint's name");
    /// When the client gives up.
    static TIMEOUT = timeout: TimeAboveZero, otherwise("the endpoint's");
    /// Tags put on its samples.
    static SAMPLE_TAGS = tags: Type(&TAGS);
    /// Checks of the answer: names of checks that pass if it is good, or tables.
    static CHECKS = checks: OneOrMore(&CHECK_KIND);
    /// What happens if it does not succeed.
    static ELSE = else: Choice(&OTHERWISE), or_text("continue");
}

/// Whether the iteration ends.
pub(super) static OTHERWISE: Choice<bool> =
    Choice::possible(&[("end_iteration", true), ("continue", false)]);

tables! {
    /// Sends a request and waits for the answer.
    static REQUEST = "step.request" {
        /// The endpoint.
        request: Name("endpoint");
        /// It is sent only by users without a token.
        once_per: Word("user");
        /// The answer lists free seats, of which one is chosen.
        pick: Either(&[Word("seat"), Table(&PICK_SEAT)]);
        ..NAME;
        ..TIMEOUT;
        ..SAMPLE_TAGS;
        ..EXPECTED.otherwise("as `[model]` says");
        /// The request claims the chosen seat.
        claim: Word("seat");
        /// The request buys the seat that is held.
        confirm: Word("seat");
        /// The request gives the held seat back.
        release: Word("seat");
        /// How a failed request is retried.
        retry: Type(&RETRY_POLICY), otherwise("not at all");
        ..CHECKS;
        ..ELSE;
    };

    /// Which of the free seats the user chooses.
    static PICK_SEAT = "step.request.pick" {
        /// Any, the first, or one of a zone.
        seat: Either(&[Choice(&SEATS), Table(&HOT_ZONE)]), required(SEAT_EXAMPLE);
    };
}

/// What completes "write …".
pub(super) const SEAT_EXAMPLE: &str =
    "write \"seat\", { seat = \"first\" } or { seat = { hot_zone = 10, probability = 0.5 } }";

/// Whether the first is chosen.
pub(super) static SEATS: Choice<bool> = Choice::possible(&[("uniform", false), ("first", true)]);

tables! {
    /// Users prefer some seats at the front.
    static HOT_ZONE = "step.request.pick.seat" {
        /// How many seats the zone has.
        hot_zone: Whole(1, MAX_ENTITIES as u64), required("hot_zone = 10");
        /// The probability that a user chooses within the zone.
        probability: Number(0.0, 1.0), required("probability = 0.5");
    };
}

static CHECK_KIND: Kind = Kind::Either(&[Kind::Text, Kind::Table(&CHECK_OF_REQUEST)]);

tables! {
    /// A check of the answer.
    static CHECK_OF_REQUEST = "step.request.checks[]" {
        /// Its name; not with `::`.
        name: Text, required("name = \"status is 200\"");
        ..PASSES;
        ..SAMPLE_TAGS;
    };
}

keys! {
    /// When it passes.
    static PASSES = passes: Type(&CONDITION), or_text("ok");
}

tables! {
    /// Sends a request repeatedly until it succeeds.
    static POLL = "step.poll" {
        /// The endpoint.
        poll: Name("endpoint");
        /// What it waits for: a good answer, or admission by the waiting room.
        until: Choice(&UNTIL), required("until = \"admitted\" or \"ok\"");
        /// The pause from an answer to the next request; above zero without `at_most`.
        every: Type(&DISTRIBUTION), required("every = \"5s\"");
        /// How many requests are sent at most.
        at_most: TURNS, otherwise("no limit");
        ..NAME;
        ..TIMEOUT;
        ..SAMPLE_TAGS;
        ..EXPECTED.otherwise("as `[model]` says");
        ..CHECKS;
        ..ELSE;
    };
}

/// Whether admission is waited for.
pub(super) static UNTIL: Choice<bool> = Choice::possible(&[("admitted", true), ("ok", false)]);

tables! {
    /// Repeats steps until none of their requests fails.
    static RETRY = "step.retry" {
        /// The steps.
        retry: Some(&ONE_STEP);
        /// How many attempts there are at most.
        at_most: TURNS, required("at_most = 5");
        /// The pause before the next attempt.
        pause: Type(&DISTRIBUTION), otherwise("none");
        ..ELSE;
    };

    /// Repeats steps.
    static REPEAT = "step.repeat" {
        /// The steps.
        repeat: Some(&ONE_STEP);
        /// How often.
        times: TURNS, required("times = 3");
    };

    /// Adds a sample to a metric of the model's own, as k6's `Counter`, `Gauge`, `Rate` and `Trend`.
    static RECORD = "step.record" {
        /// The metric: up to 128 letters, digits and underscores.
        record: Text;
        /// Its type; `time` is a trend of times.
        as: Choice(&KINDS), required("as = \"counter\", \"gauge\", \"rate\", \"trend\" or \"time\"");
        /// A number, the last response time, the number of the VU, or whether a condition holds; required except for a
        /// counter.
        value: Either(&[Number(f64::MIN, f64::MAX), Word("duration"), Word("vu"), Type(&CONDITION)]),
            otherwise("1");
        /// When it is recorded.
        when: Type(&CONDITION), or_text("always");
        ..SAMPLE_TAGS;
    };
}

/// Types of metrics.
pub(super) static KINDS: Choice<CustomKind> = Choice::possible(&[
    ("rate", CustomKind::Rate),
    ("counter", CustomKind::Counter),
    ("gauge", CustomKind::Gauge),
    ("trend", CustomKind::Trend),
    ("time", CustomKind::TrendTime),
]);

tables! {
    /// Steps whose samples are tagged with a group, as k6's `group()`.
    static GROUP = "step.group" {
        /// Its name; not with `::`.
        group: Text;
        /// The steps.
        steps: Some(&ONE_STEP), required("steps = [ … ]");
    };

    /// A check of the last answer, as k6's `check()`.
    static CHECK = "step.check" {
        /// Its name; not with `::`.
        check: Text;
        ..PASSES;
        ..SAMPLE_TAGS;
    };

    /// Takes one of several alternatives at random.
    static CHOOSE = "step.choose" {
        /// The alternatives.
        choose: Some(&Table(&ALTERNATIVE));
    };

    /// One of the alternatives.
    static ALTERNATIVE = "step.choose[]" {
        /// How often it is taken, relative to the others.
        weight: Number(0.0, f64::MAX), required("weight = 70");
        /// What is done then.
        steps: Some(&ONE_STEP), otherwise("nothing");
    };

    /// States that follow one another at random, each with its own probabilities: a first-order Markov chain.
    static CHAIN = "step.chain" {
        /// The states, by name.
        chain: Named(&Table(&STATE));
        /// The first state, or the probability of each; with the probability that remains, the chain is skipped.
        start: Either(&[Text, PROBABILITIES]),
            required("start = \"home\", or start = { home = 0.8, search = 0.2 }");
    };
}

const PROBABILITIES: Kind = Kind::Named(&Kind::Number(0.0, 1.0));

tables! {
    /// A state of a chain.
    static STATE = "step.chain.NAME" {
        /// What is done in it.
        steps: Some(&ONE_STEP), otherwise("nothing");
        /// The probability of each next state; with the probability that remains, the chain ends.
        next: PROBABILITIES, otherwise("the chain is left");
        /// The pause before the next state; there is none where the chain ends.
        pause: Type(&DISTRIBUTION), otherwise("none");
    };

    /// Steps that are taken with a probability.
    static CHANCE = "step.with_probability" {
        /// The probability of `steps`.
        with_probability: Number(0.0, 1.0);
        /// What is done otherwise.
        else: Some(&ONE_STEP), otherwise("nothing");
        ..THEN;
    };
}

keys! {
    /// What is done then.
    static THEN = steps: Some(&ONE_STEP), required("steps = [ … ]");
}

tables! {
    /// Steps that are taken if a condition holds.
    static WHEN = "step.when" {
        /// The condition.
        when: Type(&CONDITION);
        /// What is done otherwise.
        else: Some(&ONE_STEP), otherwise("nothing");
        ..THEN;
    };

    /// Waits, as k6's `sleep()`.
    static SLEEP = "step.sleep" {
        /// How long.
        sleep: Type(&DISTRIBUTION);
    };

    /// Takes a token that a request of this VU has been issued.
    static TAKE = "step.take" {
        /// What is taken.
        take: Choice(&TAKES);
    };
}

pub(super) static TAKES: Choice<Step> = only(&[("token", Step::TakeToken)]);

tables! {
    /// Waits until the waiting room admits the user, over a connection that stays open.
    static AWAIT = "step.await" {
        /// What is waited for.
        await: Choice(&AWAITS);
    };
}

pub(super) static AWAITS: Choice<Step> = only(&[("admission", Step::AwaitAdmission)]);

tables! {
    /// Gives the held seat back without a request.
    static RELEASE = "step.release" {
        /// What is given back.
        release: Choice(&RELEASES);
    };
}

pub(super) static RELEASES: Choice<Step> = only(&[("seat", Step::ReleaseSeat)]);

tables! {
    /// Chooses a user or an event for what follows.
    static PICK = "step.pick" {
        /// What is chosen.
        pick: Choice(&PICKS);
    };
}

pub(super) static PICKS: Choice<Step> =
    only(&[("user", Step::PickUser), ("event", Step::PickEvent)]);

tables! {
    /// Ends the iteration.
    static END = "step.end" {
        /// What ends.
        end: Word("iteration");
    };
}

const fn only(pairs: &'static [(&'static str, Step)]) -> Choice<Step> {
    Choice {
        one: "",
        many: "possible",
        pairs,
    }
}
