//! Events and seats.

use super::dist::DISTRIBUTION;
use super::{Build, MAX_ENTITIES};
use crate::field::Field;
use crate::system::{Inventory, ListAge, Popularity};
use crate::vocabulary::{Kind, Type, tables};

const NUMBER: Kind = Kind::Whole(1, MAX_ENTITIES as u64);

tables! {
    /// Events × seats. A seat is free, held or sold. events × seats_per_event is at most 100,000,000.
    pub(crate) static INVENTORY = "inventory" {
        /// How many events there are.
        events: NUMBER, required("events = 1");
        /// How many seats each has.
        seats_per_event: NUMBER, required("seats_per_event = 50");
        /// How often each event is picked.
        popularity: Type(&POPULARITY), or_text("uniform");
        /// How often each seat is picked of those listed.
        seat_popularity: Type(&POPULARITY), or_text("uniform");
        /// How long a claimed seat is held.
        hold_expires_after: Type(&DISTRIBUTION), otherwise("until it is sold or given back");
        /// How often expired holds are collected.
        sweep_every: TimeAboveZero, otherwise("each at once");
        /// How many seats a user may hold and own at most.
        per_user_limit: NUMBER, otherwise("no limit");
        /// How old the list of free seats is that a user sees.
        list: Table(&LIST), otherwise("it is of now");
    };

    /// A list of free seats that is not updated for each user: seats taken since then are still on it, and claiming one
    /// fails.
    static LIST = "inventory.list" {
        /// The interval at which it is updated, from the start of the run.
        refresh: TimeAboveZero;
        /// How old each list is, drawn for each list.
        lag: Type(&DISTRIBUTION);
    } rules [OneOf(&[&["refresh"], &["lag"]])];
}

pub(super) static POPULARITY: Type = Type {
    name: "popularity",
    about: "How often each of several things is picked: the same for all, or by a law.",
    kind: Kind::Either(&[Kind::Word("uniform"), Kind::Table(&LAW)]),
};

tables! {
    static LAW = "popularity.LAW" {
        /// The exponent of Zipf's law.
        zipf: Number(0.0, 100.0);
        /// A weight for each.
        weights: List(&Number(0.0, 1e15));
        /// The share of the first one; the others are picked alike.
        hot: Number(0.0, 1.0);
    } rules [OneOf(&[&["zipf"], &["weights"], &["hot"]])];
}

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
