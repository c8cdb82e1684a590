//! The waiting room: who is let through, and how fast.

use super::{Build, MOST};
use crate::engine::Span;
use crate::model::field::Field;
use crate::model::nearest::suggestion;
use crate::model::section::Section;
use crate::model::system::{AdmissionOrder, WaitingRoom};

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
        opens_at: Span::ZERO,
    };
    let Some(section) = field.section() else {
        return room;
    };
    match section.optional("admit") {
        Some(admit) => admission(&admit, &mut room),
        None => unreachable(&section, "the waiting room lets nobody in"),
    }
    if let Some(field) = section.optional("order") {
        room.order = order(&field).unwrap_or(AdmissionOrder::Fifo);
    }
    room.session = section.optional("session").map(|f| build.dist(&f));
    if let Some(opens) = section.optional("opens_at").and_then(|f| f.span()) {
        room.opens_at = opens;
    }
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
    let every = section.optional("every").and_then(|f| f.span_above_zero());
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

fn order(field: &Field) -> Option<AdmissionOrder> {
    match field.text()? {
        "fifo" => Some(AdmissionOrder::Fifo),
        "random-at-opening" => Some(AdmissionOrder::RandomAtOpening),
        other => {
            let fix = suggestion(other, "orders", ["fifo", "random-at-opening"]);
            field.error(format!("there is no order `{other}`"), fix);
            None
        }
    }
}
