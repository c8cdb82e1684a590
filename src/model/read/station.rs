//! Stations and pools.

use super::Build;
use crate::engine::Span;
use crate::model::field::Field;
use crate::model::nearest::suggestion;
use crate::model::section::Section;
use crate::model::system::{Discipline, Pool, Scalability, Slowdown, Station, Trigger};

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
    station.scalability = section
        .optional("scalability")
        .and_then(|f| scalability(&f));
    if let Some(list) = section.optional("slowdowns") {
        let items = list.items().unwrap_or_default();
        station.slowdowns = items.iter().filter_map(|f| slowdown(build, f)).collect();
    }
    if let Some(field) = section.optional("warm_up") {
        station.slowdowns.extend(warm_up(build, &field));
    }
    station
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

fn slowdown<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<Slowdown> {
    let section = field.section()?;
    let name = section
        .optional("name")
        .and_then(|f| f.text())
        .unwrap_or("slowdown");
    let triggers = ["every", "after", "after_completions", "at"];
    let given: Vec<_> = triggers
        .into_iter()
        .filter_map(|key| section.optional(key))
        .collect();
    let lasts = section.required("lasts", "lasts = \"200ms\"");
    let leaves = section
        .optional("leaves")
        .map_or(Some(0.0), |f| f.number(0.0, 1.0));
    let lasts = lasts.map(|f| build.dist(&f));
    let [trigger] = given.as_slice() else {
        let fix = "write one of `every`, `after`, `after_completions`, `at`";
        section.error(
            format!("a slowdown needs one trigger, and has {}", given.len()),
            fix,
        );
        return None;
    };
    let trigger = match trigger.name() {
        "every" => Trigger::Every(build.dist_above_zero(trigger)),
        "after" => Trigger::After(build.dist_above_zero(trigger)),
        "after_completions" => Trigger::Completions(trigger.whole_u32(1, u32::MAX)?),
        _ => Trigger::At(trigger.span()?),
    };
    Some(Slowdown {
        name: name.to_string(),
        trigger,
        lasts: lasts?,
        leaves: leaves?,
    })
}

/// Steps in which a warm-up is modelled: the speed is off by a fortieth of what it gains, at most.
const WARM_UP_STEPS: u32 = 20;

/// A speed that grows linearly from the start of the run, as windows that follow one another: each
/// leaves the speed that the line has at its middle.
fn warm_up<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Vec<Slowdown> {
    let Some(section) = field.section() else {
        return Vec::new();
    };
    let lasts = section.required("lasts", "lasts = \"30s\"");
    let from = section.required("from", "from = 0.2, the share of the speed at the start");
    let lasts = lasts.and_then(|f| Some((f.span_above_zero()?, f)));
    let from = from.and_then(|f| f.number(0.0, 1.0));
    let (Some((span, at)), Some(from)) = (lasts, from) else {
        return Vec::new();
    };
    let step = span.0 / u64::from(WARM_UP_STEPS);
    let lasts = build.constant(&at, step);
    let window = |n: u32| Slowdown {
        name: "warm-up".to_string(),
        trigger: Trigger::At(Span(u64::from(n) * step)),
        lasts,
        leaves: from + (1.0 - from) * (f64::from(n) + 0.5) / f64::from(WARM_UP_STEPS),
    };
    (0..WARM_UP_STEPS).map(window).collect()
}

/// Reads `[pools.NAME]`. What is left out: an endless queue, refusal with 503, no timeout.
pub(super) fn pool(name: &str, field: &Field) -> Pool {
    let (name, size, queue, refusal) = (name.to_string(), 1, u32::MAX, 503);
    let mut pool = Pool {
        name,
        size,
        queue,
        refusal,
        timeout: None,
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
    pool
}
