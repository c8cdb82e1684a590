//! Events and seats.

use super::dist::DISTRIBUTION;
use super::{Build, MAX_ENTITIES};
use crate::field::Field;
use crate::system::{Inventory, ListAge, Popularity};
use crate::vocabulary::{Key, Kind, Rule, Table, Type};

const NUMBER: Kind = Kind::Whole(1, MAX_ENTITIES as u64);

/// `[inventory]`
pub(crate) static INVENTORY: Table = Table {
    name: "inventory",
    about: "Events × seats. A seat is free, held or sold. events × seats_per_event is at most 100,000,000.",
    keys: &[
        Key::new("events", NUMBER, "How many events there are.").required("events = 1"),
        Key::new("seats_per_event", NUMBER, "How many seats each has.")
            .required("seats_per_event = 50"),
        Key::new(
            "popularity",
            Kind::Type(&POPULARITY),
            "How often each event is picked.",
        )
        .or_text("uniform"),
        Key::new(
            "seat_popularity",
            Kind::Type(&POPULARITY),
            "How often each seat is picked of those listed.",
        )
        .or_text("uniform"),
        Key::new(
            "hold_expires_after",
            Kind::Type(&DISTRIBUTION),
            "How long a claimed seat is held.",
        )
        .otherwise("until it is sold or given back"),
        Key::new(
            "sweep_every",
            Kind::TimeAboveZero,
            "How often expired holds are collected.",
        )
        .otherwise("each at once"),
        Key::new(
            "per_user_limit",
            NUMBER,
            "How many seats a user may hold and own at most.",
        )
        .otherwise("no limit"),
        Key::new(
            "list",
            Kind::Table(&LIST),
            "How old the list of free seats is that a user sees.",
        )
        .otherwise("it is of now"),
    ],
    rules: &[],
};

static LIST: Table = Table {
    name: "inventory.list",
    about: "A list of free seats that is not made anew for each user: what has been taken since is still on it, and a claim of it fails.",
    keys: &[
        Key::new(
            "refresh",
            Kind::TimeAboveZero,
            "It is made anew every so often, from the start of the run.",
        ),
        Key::new(
            "lag",
            Kind::Type(&DISTRIBUTION),
            "How far each list is behind, drawn anew for each.",
        ),
    ],
    rules: &[Rule::OneOf(&[&["refresh"], &["lag"]])],
};

pub(super) static POPULARITY: Type = Type {
    name: "popularity",
    about: "How often each of several things is picked: the same for all, or by a law.",
    kind: Kind::Either(&[Kind::Word("uniform"), Kind::Table(&LAW)]),
};

static LAW: Table = Table {
    name: "popularity.LAW",
    about: "",
    keys: &[
        Key::new(
            "zipf",
            Kind::Number(0.0, 100.0),
            "The exponent of Zipf's law.",
        ),
        Key::new(
            "weights",
            Kind::List(&Kind::Number(0.0, 1e15)),
            "A weight for each.",
        ),
        Key::new(
            "hot",
            Kind::Number(0.0, 1.0),
            "The share of the first one; the others are picked alike.",
        ),
    ],
    rules: &[Rule::OneOf(&[&["zipf"], &["weights"], &["hot"]])],
};

/// Reads `[inventory]`.
pub(super) fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Inventory {
    let mut inventory = Inventory {
        events: 1,
        seats_per_event: 1,
        popularity: Popularity::Uniform,
        seat_popularity: Popularity::Uniform,
        hold_expires_after: None,
        sweep_every: None,
        per_user_limit: None,
        list: None,
    };
    let Some(section) = field.section() else {
        return inventory;
    };
    inventory.events = section.integer("events").unwrap_or(1);
    inventory.seats_per_event = section.integer("seats_per_event").unwrap_or(1);
    let seats = u64::from(inventory.events) * u64::from(inventory.seats_per_event);
    if seats > u64::from(MAX_ENTITIES) {
        let message = format!("{seats} seats are too many");
        section.error(
            message,
            format!("events × seats_per_event may be {MAX_ENTITIES} at most"),
        );
    }
    if let Some(field) = section.optional("popularity") {
        inventory.popularity = popularity(&field, inventory.events).unwrap_or(Popularity::Uniform);
    }
    if let Some(field) = section.optional("seat_popularity") {
        let law = popularity(&field, inventory.seats_per_event);
        inventory.seat_popularity = law.unwrap_or(Popularity::Uniform);
    }
    let expires = section.optional("hold_expires_after");
    inventory.hold_expires_after = expires.map(|f| build.dist(&f));
    inventory.sweep_every = section.time("sweep_every");
    if inventory.sweep_every.is_some() && inventory.hold_expires_after.is_none() {
        section.error(
            "`sweep_every` collects nothing: no hold expires",
            "add `hold_expires_after`",
        );
    }
    inventory.per_user_limit = section.integer("per_user_limit");
    inventory.list = section.optional("list").and_then(|f| list(build, &f));
    inventory
}

fn list<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<ListAge> {
    let section = field.section()?;
    let (refresh, lag) = (section.optional("refresh"), section.optional("lag"));
    match (refresh, lag) {
        (Some(every), None) => every.time().map(ListAge::Refresh),
        (None, Some(law)) => Some(ListAge::Lag(build.dist(&law))),
        _ => {
            let fix = "write { refresh = \"5s\" } or { lag = \"2s\" }";
            section.error("`list` needs one of `refresh` and `lag`", fix);
            None
        }
    }
}

pub(super) fn popularity(field: &Field, events: u32) -> Option<Popularity> {
    let example = "write \"uniform\", { zipf = 1.1 }, { weights = [2, 1, 1] } or { hot = 0.3 }";
    if let Some(text) = field.text_if_any() {
        if text == "uniform" {
            return Some(Popularity::Uniform);
        }
        field.error(format!("there is no popularity `{text}`"), example);
        return None;
    }
    let section = field.section()?;
    let (zipf, weights) = (section.optional("zipf"), section.optional("weights"));
    match (zipf, weights, section.optional("hot")) {
        (Some(zipf), None, None) => zipf.real().map(Popularity::Zipf),
        (None, Some(list), None) => weights_of(&list, events),
        (None, None, Some(hot)) => hot.real().map(Popularity::Hot),
        _ => {
            section.error("`popularity` needs one law", example);
            None
        }
    }
}

fn weights_of(list: &Field, entities: u32) -> Option<Popularity> {
    let weights: Vec<Option<f64>> = list.items()?.iter().map(Field::real).collect();
    let weights: Vec<f64> = weights.into_iter().collect::<Option<_>>()?;
    if weights.len() as u64 != u64::from(entities) {
        let message = format!(
            "{} `weights` do not go with {entities} of them",
            weights.len()
        );
        list.error(message, "give each one a weight");
        return None;
    }
    if weights.iter().sum::<f64>() <= 0.0 {
        list.error(
            "all `weights` are zero",
            "make one of them greater than zero",
        );
        return None;
    }
    Some(Popularity::Weights(weights))
}
