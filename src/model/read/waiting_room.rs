//! The waiting room: who is let through, and how fast.

use super::dist::DISTRIBUTION;
use super::{Build, MAX_ENTITIES};
use crate::engine::Span;
use crate::field::Field;
use crate::preset::Presets;
use crate::section::Section;
use crate::system::{AdmissionOrder, Locations, WaitingRoom};
use crate::vocabulary::{Choice, Key, Kind, Rule, Table};

/// `[waiting_room]`
pub(crate) static WAITING_ROOM: Table = Table {
    name: "waiting_room",
    about: "A line of users with a token, who are let through by rules.",
    keys: &[
        Key::new(
            "preset",
            Kind::Choice(&Presets("waiting_room")),
            "A room as it is sold, whose documented keys hold where none are given.",
        ),
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
        Key::new(
            "bucket",
            Kind::TimeAboveZero,
            "Users are let through when they ask, not at a turn of their own; those who joined in the same so long stand at the same place.",
        )
        .otherwise("each has a turn"),
        Key::new(
            "numbered",
            Kind::Flag,
            "With `batch`: each raises the number that is served. Who has a number up to it comes in, later too; that of one who has left is given to nobody.",
        )
        .or_flag(false),
        Key::new(
            "locations",
            Kind::Table(&LOCATIONS),
            "With `bucket`: where users are let through, if not at one place.",
        ),
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
        Key::new(
            "per_minute",
            COUNT,
            "With `bucket`: how many users may be let through in each whole minute.",
        ),
    ],
    rules: &[
        Rule::AnyOf(&["rate", "batch", "active", "per_minute"]),
        Rule::Together("batch", "every"),
    ],
};

static LOCATIONS: Table = Table {
    name: "waiting_room.locations",
    about: "Data centres that share the limits of `admit` and hear late of a crowd. Users come to each alike.",
    keys: &[
        Key::new("count", Kind::Whole(1, 1000), "How many.").required("count = 10"),
        Key::new(
            "common",
            Kind::Number(0.0, 1.0),
            "The share of the limits that any may use; the rest is divided among them.",
        )
        .required("common = 0.2"),
        Key::new(
            "propagation",
            Kind::TimeAboveZero,
            "How long it takes until all know of a crowd; then the limits are divided as a whole.",
        )
        .required("propagation = \"2m\""),
    ],
    rules: &[],
};

const COUNT: Kind = Kind::Whole(1, MAX_ENTITIES as u64);

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
        numbered: false,
        bucket: None,
        per_minute: None,
        locations: None,
        active_cap: None,
        session: None,
        poll_expiry: None,
        opens_at: Span::ZERO,
    };
    let Some(section) = field.section() else {
        return room;
    };
    let _ = section.text("preset");
    room.order = section.choice("order", &ORDERS).unwrap_or(room.order);
    match section.optional("admit") {
        Some(admit) => admission(&admit, &mut room),
        None if room.order == AdmissionOrder::PassThrough => {}
        None => unreachable(&section, "the waiting room lets nobody in"),
    }
    room.poll_expiry = section.time("poll_expiry");
    room.session = section.optional("session").map(|f| build.dist(&f));
    room.opens_at = section.time("opens_at").unwrap_or(room.opens_at);
    room.bucket = section.time("bucket");
    room.numbered = section.flag("numbered").unwrap_or(false);
    if room.numbered && room.batch.is_none() {
        let message = "`numbered` does nothing: only batches raise a number";
        section.error(message, "write admit = { batch = 1000, every = \"1m\" }");
    }
    room.locations = section.optional("locations").and_then(|f| locations(&f));
    if room.bucket.is_none() {
        let without = "users are let through at their turn";
        let fix = "add bucket = \"1m\": they are when they ask";
        if let Some(field) = section.optional("locations") {
            field.error(format!("`locations` does nothing: {without}"), fix);
        }
        if room.per_minute.is_some() {
            section.error(format!("`per_minute` does nothing: {without}"), fix);
        }
    } else if room.batch.is_some() {
        let message =
            "a batch comes in at an instant, and with `bucket` users come in when they ask";
        section.error(message, "write per_minute = 1000 instead of `batch`");
    }
    room
}

fn locations(field: &Field) -> Option<Locations> {
    let section = field.section()?;
    Some(Locations {
        count: section.integer("count")?,
        common: section.real("common")?,
        propagation: section.time("propagation")?,
    })
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
        let batch = f.whole_u32(0, MAX_ENTITIES)?;
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
        let active = f.whole_u32(0, MAX_ENTITIES)?;
        above_zero(&f, active > 0, active)
    });
    room.per_minute = section.optional("per_minute").and_then(|f| {
        let most = f.whole_u32(0, MAX_ENTITIES)?;
        above_zero(&f, most > 0, most)
    });
    if !["rate", "batch", "every", "active", "per_minute"]
        .iter()
        .any(|key| section.has(key))
    {
        unreachable(
            &section,
            "`admit` has no rate, no batch, no number per minute and no active cap",
        );
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
