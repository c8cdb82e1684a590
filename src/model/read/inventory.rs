//! Events and seats.

use super::{Build, MOST};
use crate::model::field::Field;
use crate::model::system::{Inventory, Popularity};

/// Reads `[inventory]`.
pub(super) fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Inventory {
    let mut inventory = Inventory {
        events: 1,
        seats_per_event: 1,
        popularity: Popularity::Uniform,
        hold_expires_after: None,
        sweep_every: None,
        per_user_limit: None,
    };
    let Some(section) = field.section() else {
        return inventory;
    };
    let number = |key, example| {
        let field = section.required(key, example);
        field.and_then(|f| f.whole_u32(1, MOST)).unwrap_or(1)
    };
    inventory.events = number("events", "events = 1");
    inventory.seats_per_event = number("seats_per_event", "seats_per_event = 50");
    let seats = u64::from(inventory.events) * u64::from(inventory.seats_per_event);
    if seats > u64::from(MOST) {
        let message = format!("{seats} seats are too many");
        section.error(
            message,
            format!("events × seats_per_event may be {MOST} at most"),
        );
    }
    if let Some(field) = section.optional("popularity") {
        inventory.popularity = popularity(&field, inventory.events).unwrap_or(Popularity::Uniform);
    }
    let expires = section.optional("hold_expires_after");
    inventory.hold_expires_after = expires.map(|f| build.dist(&f));
    let sweep = section.optional("sweep_every");
    inventory.sweep_every = sweep.and_then(|f| f.span_above_zero());
    if inventory.sweep_every.is_some() && inventory.hold_expires_after.is_none() {
        section.error(
            "`sweep_every` collects nothing: no hold expires",
            "add `hold_expires_after`",
        );
    }
    let limit = section.optional("per_user_limit");
    inventory.per_user_limit = limit.and_then(|f| f.whole_u32(1, MOST));
    inventory
}

fn popularity(field: &Field, events: u32) -> Option<Popularity> {
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
        (Some(zipf), None, None) => zipf.number(0.0, 100.0).map(Popularity::Zipf),
        (None, Some(list), None) => weights_of(&list, events),
        (None, None, Some(hot)) => hot.number(0.0, 1.0).map(Popularity::Hot),
        _ => {
            section.error("`popularity` needs one law", example);
            None
        }
    }
}

fn weights_of(list: &Field, events: u32) -> Option<Popularity> {
    let weights: Vec<Option<f64>> = list.items()?.iter().map(|f| f.number(0.0, 1e15)).collect();
    let weights: Vec<f64> = weights.into_iter().collect::<Option<_>>()?;
    if weights.len() as u64 != u64::from(events) {
        let message = format!("{} `weights` do not go with {events} events", weights.len());
        list.error(message, "give each event one weight");
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
