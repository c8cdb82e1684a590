//! The waiting room: who is admitted, and how fast.

use super::dist::DISTRIBUTION;
use super::{Build, MAX_ENTITIES};
use crate::field::Field;
use crate::preset::Presets;
use crate::section::Section;
use crate::system::{AdmissionOrder, Locations, WaitingRoom};
use crate::vocabulary::{Choice, Kind, tables};

tables! {
    /// A line of users with a token, who are admitted by rules.
    pub(crate) static WAITING_ROOM = "waiting_room" {
        /// A commercial waiting room, whose documented values are the defaults of the other keys.
        preset: Choice(&Presets("waiting_room"));
        /// Who is admitted next.
        order: Choice(&ORDERS), or_text("fifo");
        /// How fast users are admitted; required unless the order is `pass-through`.
        admit: Table(&ADMIT), otherwise("nobody");
        /// A user who has not polled for this long loses the place in line.
        poll_expiry: TimeAboveZero, otherwise("nobody does");
        /// How long an admission lasts.
        session: Type(&DISTRIBUTION), otherwise("to the end");
        /// When the first user is admitted.
        opens_at: Time, or_text("0s");
        /// Users are admitted when they poll, not one by one; those who joined within the same interval of this length
        /// have the same place in line.
        bucket: TimeAboveZero, otherwise("each has a turn");
        /// With `batch`: each batch raises the number being served. A user with a number up to it is admitted, later as
        /// well; the number of a user who has left is not reused.
        numbered: Flag, or_flag(false);
        /// With `bucket`: the locations that admit users, if there are several.
        locations: Table(&LOCATIONS);
    };

    /// Rules that may be combined: all must allow an admission.
    static ADMIT = "waiting_room.admit" {
        /// Users a second, evenly spaced.
        rate: NumberAbove(0.0, 1e9);
        /// How many users are admitted at once.
        batch: COUNT;
        /// The time from one batch to the next.
        every: TimeAboveZero;
        /// How many admitted users there may be at once.
        active: COUNT;
        /// With `bucket`: how many users may be admitted in each whole minute.
        per_minute: COUNT;
    } rules [AnyOf(&["rate", "batch", "active", "per_minute"]), Together("batch", "every")];

    /// Data centres that share the limits of `admit` and learn of a crowd with a delay. Users are equally likely to
    /// come to each.
    static LOCATIONS = "waiting_room.locations" {
        /// How many locations.
        count: Whole(1, 1000), required("count = 10");
        /// The share of the limits that any location may use; the rest is divided among them.
        common: Number(0.0, 1.0), required("common = 0.2");
        /// How long it takes until all locations know of a crowd; then the limits are divided completely.
        propagation: TimeAboveZero, required("propagation = \"2m\"");
    };
}

const COUNT: Kind = Kind::Whole(1, MAX_ENTITIES as u64);

static ORDERS: Choice<AdmissionOrder> = Choice::of(
    "order",
    "orders",
    &[
        ("fifo", AdmissionOrder::Fifo),
        ("random-at-opening", AdmissionOrder::RandomAtOpening),
        ("reject", AdmissionOrder::Reject),
        ("pass-through", AdmissionOrder::PassThrough),
    ],
);

const EXAMPLE: &str =
    "write admit = { rate = 125 }, { batch = 1000, every = \"10s\" } or { active = 500 }";

/// Reads `[waiting_room]`.
pub(super) fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> WaitingRoom {
    let mut room = WaitingRoom::default();
    let Some(section) = field.section() else {
        return room;
    };
    let _ = section.text("preset");
    room.order = section.choice_or_default("order", &ORDERS);
    match section.optional("admit") {
        Some(admit) => admission(&admit, &mut room),
        None if room.order == AdmissionOrder::PassThrough => {}
        None => unreachable(&section, "the waiting room lets nobody in"),
    }
    room.poll_expiry = section.time("poll_expiry");
    room.session = section.optional("session").map(|f| build.dist(&f));
    room.opens_at = section.time_or_default("opens_at");
    room.bucket = section.time("bucket");
    room.numbered = section.flag_or_default("numbered");
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
