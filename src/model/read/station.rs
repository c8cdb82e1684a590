//! Stations and pools.

use super::waiting::waiting;
use super::{Build, slowdown};
use crate::model::field::Field;
use crate::model::nearest::suggestion;
use crate::model::section::Section;
use crate::model::system::{Discipline, Pool, Scalability, Station};
use crate::model::waiting::{WaitOrder, Waiting};

const DISCIPLINES: [(&str, Discipline); 5] = [
    ("fifo", Discipline::Fifo),
    ("lifo", Discipline::Lifo),
    ("random", Discipline::Random),
    ("processor-sharing", Discipline::ProcessorSharing),
    ("priority", Discipline::Priority),
];

/// Reads `[stations.NAME]`. What is left out: FIFO, an endless queue, refusal with 503.
pub(super) fn station<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Station {
    let mut station = Station {
        name: name.to_string(),
        servers: 1,
        discipline: Discipline::Fifo,
        queue: u32::MAX,
        refusal: 503,
        waiting: Waiting::default(),
        scalability: None,
        slowdowns: Vec::new(),
    };
    let Some(section) = field.section() else {
        return station;
    };
    let example = "servers = 2, or servers = \"infinite\"";
    if let Some(field) = section.required("servers", example) {
        station.servers = servers(&field);
    }
    if let Some(discipline) = section.optional("discipline").and_then(|f| discipline(&f)) {
        station.discipline = discipline;
    }
    (station.queue, station.refusal) = bound(&section);
    if station.servers == u32::MAX {
        for key in ["discipline", "queue", "refusal"] {
            idle(&section, key, "nobody waits where servers are infinite");
        }
    } else if station.queue == u32::MAX {
        idle(&section, "refusal", ENDLESS);
    }
    order(&section, &mut station);
    station.scalability = section
        .optional("scalability")
        .and_then(|f| scalability(&f));
    station.slowdowns = slowdown::read(build, &section);
    station
}

/// The order of waiting, which at a station may also be written as its discipline.
fn order(section: &Section, station: &mut Station) {
    station.waiting = waiting(section, false);
    let Some(field) = section
        .has("order")
        .then(|| section.optional("order"))
        .flatten()
    else {
        return;
    };
    if section.has("discipline") {
        let fix = "remove one of them";
        field.error("`order` says what `discipline` says already", fix);
    }
    if station.servers == u32::MAX {
        idle(section, "order", "nobody waits where servers are infinite");
    }
    station.discipline = match station.waiting.order {
        WaitOrder::LastInFirstOut => Discipline::Lifo,
        WaitOrder::Random => Discipline::Random,
        _ => Discipline::Fifo,
    };
}

/// Why `refusal` does nothing without a bound of the queue.
const ENDLESS: &str = "nobody is refused where the queue is endless; `queue` bounds it";

/// Warns of a key that is written and does nothing, and why.
pub(super) fn idle(section: &Section, key: &'static str, why: &str) {
    if let Some(field) = section.has(key).then(|| section.optional(key)).flatten() {
        let message = format!("`{key}` does nothing here: {why}");
        field.notes.warn(field.at, message, "");
    }
}

fn servers(field: &Field) -> u32 {
    match field.text_if_any() {
        Some("infinite") => u32::MAX,
        Some(other) => {
            let message =
                format!("`servers` must be a whole number or \"infinite\", and is \"{other}\"");
            field.error(message, "write servers = 2");
            1
        }
        None => field.whole_u32(1, 1_000_000).unwrap_or(1),
    }
}

fn discipline(field: &Field) -> Option<Discipline> {
    let text = field.text()?;
    let found = DISCIPLINES.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let known = DISCIPLINES.iter().map(|(name, _)| *name);
        let fix = suggestion(text, "disciplines", known);
        field.error(format!("there is no discipline `{text}`"), fix);
    }
    found.map(|(_, discipline)| *discipline)
}

/// The longest queue and what a refused request gets.
fn bound(section: &Section) -> (u32, u16) {
    let queue = section
        .optional("queue")
        .and_then(|f| f.whole_u32(0, u32::MAX - 1));
    let refusal = section
        .optional("refusal")
        .and_then(|f| match f.text_if_any() {
            Some("connection") => Some(0),
            Some(other) => {
                let message =
                    format!("`refusal` is a status or \"connection\", and not \"{other}\"");
                f.error(message, "write refusal = 503, or refusal = \"connection\"");
                None
            }
            None => status(&f),
        });
    (queue.unwrap_or(u32::MAX), refusal.unwrap_or(503))
}

/// The HTTP status of a failure.
pub(super) fn status(field: &Field) -> Option<u16> {
    field
        .whole(400, 599)
        .and_then(|status| u16::try_from(status).ok())
}

fn scalability(field: &Field) -> Option<Scalability> {
    let section = field.section()?;
    let part = |key: &'static str| {
        let part = section.optional(key);
        part.and_then(|f| f.number(0.0, 1e6)).unwrap_or(0.0)
    };
    let (sigma, kappa) = (part("sigma"), part("kappa"));
    if !section.has("sigma") && !section.has("kappa") {
        section.error(
            "`scalability` has no parameter",
            "write { sigma = 0.05, kappa = 0.001 }",
        );
    }
    Some(Scalability { sigma, kappa })
}

/// Reads `[pools.NAME]`. What is left out: an endless queue, refusal with 503, no timeout.
pub(super) fn pool<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Pool {
    let mut pool = Pool {
        name: name.to_string(),
        size: 1,
        queue: u32::MAX,
        refusal: 503,
        timeout: None,
        keep_alive: None,
        slowdowns: Vec::new(),
        waiting: Waiting::default(),
    };
    let Some(section) = field.section() else {
        return pool;
    };
    let size = section.required("size", "size = 200");
    pool.size = size.and_then(|f| f.whole_u32(1, u32::MAX - 1)).unwrap_or(1);
    (pool.queue, pool.refusal) = bound(&section);
    if pool.queue == u32::MAX {
        idle(&section, "refusal", ENDLESS);
    }
    if pool.queue == 0 {
        idle(&section, "timeout", "with `queue = 0` nobody waits");
    }
    pool.timeout = section.optional("timeout").and_then(|f| f.span());
    pool.keep_alive = section.optional("keep_alive").map(|f| build.dist(&f));
    pool.slowdowns = slowdown::of_pool(build, &section);
    pool.waiting = waiting(&section, false);
    pool
}
