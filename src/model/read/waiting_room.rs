//! The waiting room: who is let through, and how fast.

use super::dist::DISTRIBUTION;
use super::{Build, MOST};
use crate::engine::Span;
use crate::model::field::Field;
use crate::model::section::Section;
use crate::model::system::{AdmissionOrder, WaitingRoom};
use crate::model::vocabulary::{Choice, Key, Kind, Rule, Table};

/// `[waiting_room]`
pub(crate) static WAITING_ROOM: Table = Table {
    name: "waiting_room",
    about: "A line of users with a token, who are let through by rules.",
    keys: &[
        Key::new("order", Kind::Choice(&ORDERS), "Who is let through next.").or_text("fifo"),
        Key::new(
            "admit",
            Kind::Table(&ADMIT),
            "How fast users are let through; required unless the order is `pass-through`.",
        )
        .otherwise("nobody"),
        Key::new(
            "poll_expiry",
            Kind::TimeAboveZero,
            "A user who has not polled for this long loses the place in line.",
        )
        .otherwise("nobody does"),
        Key::new(
            "session",
            Kind::Type(&DISTRIBUTION),
            "How long an admission lasts.",
        )
        .otherwise("to the end"),
        Key::new("opens_at", Kind::Time, "When the first is let through.").or_text("0s"),
    ],
    rules: &[],
};

static ADMIT: Table = Table {
    name: "waiting_room.admit",
    about: "Rules that may be combined: all must allow it.",
    keys: &[
        Key::new(
            "rate",
            Kind::NumberAbove(0.0, 1e9),
            "Users a second, evenly spaced.",
        ),
        Key::new("batch", COUNT, "How many users are let through at once."),
        Key::new(
            "every",
            Kind::TimeAboveZero,
            "The time from batch to batch.",
        ),
        Key::new("active", COUNT, "How many users may be inside at once."),
    ],
    rules: &[
        Rule::AnyOf(&["rate", "batch", "active"]),
        Rule::Together("batch", "every"),
    ],
};

const COUNT: Kind = Kind::Whole(1, MOST as u64);

static ORDERS: Choice<AdmissionOrder> = Choice {
    one: "order",
    many: "orders",
    pairs: &[
        ("fifo", AdmissionOrder::Fifo),
        ("random-at-opening", AdmissionOrder::RandomAtOpening),
        ("reject", AdmissionOrder::Reject),
        ("pass-through", AdmissionOrder::PassThrough),
    ],
};

const EXAMPLE: &str =
    "write admit = { rate = 125 }, { batch = 1000, every = \"10s\" } or { active = 500 }";

/// Reads `[waiting_room]`.
pub(super) fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> WaitingRoom {
    let mut room = WaitingRoom {
        order: AdmissionOrder::Fifo,
        rate: None,
        batch: None,
        active_cap: None,
        session: None,
        poll_expiry: None,
        opens_at: Span::ZERO,
    };
    let Some(section) = field.section() else {
        return room;
    };
    room.order = section.choice("order", &ORDERS).unwrap_or(room.order);
    match section.optional("admit") {
        Some(admit) => admission(&admit, &mut room),
        None if room.order == AdmissionOrder::PassThrough => {}
        None => unreachable(&section, "the waiting room lets nobody in"),
    }
    room.poll_expiry = section.time("poll_expiry");
    room.session = section.optional("session").map(|f| build.dist(&f));
    room.opens_at = section.time("opens_at").unwrap_or(room.opens_at);
    room
}

fn unreachable(section: &Section, why: &str) {
    section.error(format!("unreachable admission: {why}"), EXAMPLE);
}

fn admission(admit: &Field, room: &mut WaitingRoom) {
    let Some(section) = admit.section() else {
        return;
    };
    room.rate = section.optional("rate").and_then(|f| {
        let rate = f.number(0.0, 1e9)?;
        above_zero(&f, rate > 0.0, rate)
    });
    let batch = section.optional("batch").and_then(|f| {
        let batch = f.whole_u32(0, MOST)?;
        above_zero(&f, batch > 0, batch)
    });
    let every = section.time("every");
    match (section.has("batch"), section.has("every")) {
        (true, false) => section.error(
            "`batch` needs `every`",
            "write { batch = 1000, every = \"10s\" }",
        ),
        (false, true) => section.error(
            "`every` needs `batch`",
            "write { batch = 1000, every = \"10s\" }",
        ),
        _ => room.batch = batch.zip(every),
    }
    room.active_cap = section.optional("active").and_then(|f| {
        let active = f.whole_u32(0, MOST)?;
        above_zero(&f, active > 0, active)
    });
    if !["rate", "batch", "every", "active"]
        .iter()
        .any(|key| section.has(key))
    {
        unreachable(&section, "`admit` has no rate, no batch and no active cap");
    }
}

fn above_zero<T>(field: &Field, holds: bool, value: T) -> Option<T> {
    if !holds {
        let message = format!(
            "unreachable admission: `{}` is zero, nobody is ever let in",
            field.name()
        );
        field.error(message, EXAMPLE);
    }
    holds.then_some(value)
}
