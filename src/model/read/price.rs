//! The section `[prices]`.

use super::Build;
use crate::Model;
use crate::field::Field;
use crate::price::Prices;
use crate::section::Section;
use crate::suggest::suggestion;
use crate::vocabulary::{Kind, tables};

const BY_NAME: Kind = Kind::Named(&Kind::Number(0.0, 1e12));

tables! {
    /// What the system costs while it is tested, and for a thousand iterations.
    pub(super) static PRICES = "prices" {
        /// The currency of the prices.
        currency: Text, or_text("EUR");
        /// For each hour of a replica, by service: from the decision to start it until it is gone.
        replica_hours: BY_NAME;
        /// For each hour of a server, by station; for a service's stations as long as its replicas are paid for.
        server_hours: BY_NAME;
        /// For each hour of a core, by host, for the entire run.
        core_hours: BY_NAME;
        /// For each request, by endpoint, failed ones included.
        calls: BY_NAME;
    } rules [AnyOf(&KEYS)];
}

/// What may have a price.
const KEYS: [&str; 4] = ["replica_hours", "server_hours", "core_hours", "calls"];

/// Reads `[prices]`; services and their replicas are not expanded yet.
pub(super) fn read(build: &Build, field: &Field, model: &Model) -> Option<Prices> {
    let section = field.section()?;
    let services: Vec<&str> = model.services.iter().map(|s| s.name.as_str()).collect();
    let stations: Vec<&str> = model.stations.iter().map(|s| s.name.as_str()).collect();
    let endpoints: Vec<&str> = model.endpoints.iter().map(|e| e.name.as_str()).collect();
    let replicas = by_name(
        &section,
        "replica_hours",
        ("service", "services"),
        &services,
    );
    let servers = by_name(&section, "server_hours", ("station", "stations"), &stations);
    let hosts: Vec<&str> = model.hosts.iter().map(|h| h.name.as_str()).collect();
    let cores = by_name(&section, "core_hours", ("host", "hosts"), &hosts);
    let calls = by_name(&section, "calls", ("endpoint", "endpoints"), &endpoints);
    if KEYS.iter().all(|key| !section.has(key)) {
        let fix = "write server_hours = { cpu = 0.04 }, for example";
        section.error("`prices` has no price", fix);
    }
    for (at, _) in &servers {
        if model.stations[*at].servers == u32::MAX {
            let message = format!(
                "the servers of `{}` are infinite, and so is their price",
                stations[*at]
            );
            build.notes.error(
                field.at,
                message,
                "leave it out, or give the station servers",
            );
        }
    }
    let named = |(at, price): (usize, f64)| (stations[at].to_string(), price);
    Some(Prices {
        currency: section.text("currency").unwrap_or("EUR").to_string(),
        replicas,
        servers: servers.into_iter().map(named).collect(),
        cores,
        calls,
    })
}

/// Prices of things that are named, with their places in a list.
fn by_name(
    section: &Section,
    key: &'static str,
    (one, many): (&str, &str),
    names: &[&str],
) -> Vec<(usize, f64)> {
    let mut prices = Vec::new();
    let Some(table) = section.optional(key) else {
        return prices;
    };
    for (name, field) in table.named() {
        let Some(at) = names.iter().position(|known| *known == name) else {
            let fix = suggestion(name, many, names.iter().copied());
            field
                .notes
                .error(field.at, format!("there is no {one} `{name}`"), fix);
            continue;
        };
        prices.extend(field.real().map(|price| (at, price)));
    }
    prices
}
