//! Services: which stations, pools and endpoints have replicas, and how requests are spread over them.

use super::names::Names;
use super::service_tables::{BALANCERS, HASHED, STICKY};
use super::{Build, Sections, autoscale, fault};
use crate::Model;
use crate::field::Field;
use crate::section::Section;
use crate::service::{Balancer, Copies, Service};
use crate::system::{Entity, Op};

/// Reads all services, in the order of the text. Their stations and pools are still those of the text.
pub(super) fn read_all<'a>(build: &mut Build<'a>, named: &[(&str, Field<'a>)]) -> Vec<Service> {
    let mut owners = Owners::default();
    let read = named
        .iter()
        .map(|(name, field)| service(build, name, field, &mut owners));
    read.collect()
}

/// What belongs to a service already, with the name of that service.
#[derive(Default)]
struct Owners {
    endpoints: Vec<(u16, String)>,
    stations: Vec<(u16, String)>,
    pools: Vec<(u16, String)>,
    caches: Vec<(u16, String)>,
}

fn service<'a>(
    build: &mut Build<'a>,
    name: &str,
    field: &Field<'a>,
    owners: &mut Owners,
) -> Service {
    let mut service = Service::named(name.to_string());
    let Some(section) = field.section() else {
        return service;
    };
    let _ = section.text("preset");
    service.replicas = section.integer("replicas").unwrap_or(1);
    service.most = service.replicas;
    let endpoints = section.optional("endpoints");
    if let Some(list) = endpoints {
        let find = |f: &Field| build.endpoints.find(f);
        service.endpoints = members(&list, name, find, &mut owners.endpoints);
        if service.endpoints.is_empty() && !build.notes.any_error() {
            list.error("no request would reach this service", "name an endpoint");
        }
    }
    let copied = |key, names: &Names, owners: &mut Vec<(u16, String)>| {
        let list = section.optional(key);
        let ids = list.map(|list| members(&list, name, |f| names.find(f), owners));
        copies(ids.unwrap_or_default(), names.all())
    };
    service.stations = copied("stations", &build.stations, &mut owners.stations);
    service.pools = copied("pools", &build.pools, &mut owners.pools);
    service.caches = copied("caches", &build.caches, &mut owners.caches);
    if let Some(value) = section.optional("balancer") {
        service.balancer = balancer(build, &value).unwrap_or(Balancer::RoundRobin);
    }
    if let Some(field) = section.optional("autoscale") {
        service.autoscale = autoscale::read(build, &field, &service);
        let most = service.autoscale.as_ref().map(|a| a.most());
        service.most = most.map_or(service.most, |most| most.max(service.most));
    }
    service.weights = each(&section, "weights", service.most);
    service.speeds = each(&section, "speeds", service.most);
    fault::read(build, &section, &mut service);
    for key in ["weights", "slow_start"] {
        if let Some(value) = section.optional(key) {
            weighs(&service, &value, key);
        }
    }
    service
}

/// Tells of weights that the balancer does not look at, or that it does not change.
fn weighs(service: &Service, weights: &Field, key: &str) {
    if key == "slow_start" && matches!(service.balancer, Balancer::Hash { .. }) {
        let message = "`slow_start` does nothing here: the ring of a hash stays as it is";
        weights.notes.warn(weights.at, message, "");
    }
    if !service.balancer.looks_at_weights() {
        let does = if key == "weights" { "do" } else { "does" };
        let message = format!("`{key}` {does} nothing here: this balancer looks at the load alone");
        weights.notes.warn(weights.at, message, "");
    }
}

/// The things that a list names, each of which belongs to one service at most.
fn members(
    list: &Field,
    service: &str,
    find: impl Fn(&Field) -> Option<u16>,
    owners: &mut Vec<(u16, String)>,
) -> Vec<u16> {
    let mut ids = Vec::new();
    for item in list.items().unwrap_or_default() {
        let Some(id) = find(&item) else { continue };
        if let Some((_, other)) = owners.iter().find(|(owned, _)| *owned == id) {
            let given = item.text_if_any().unwrap_or_default();
            let message = format!("`{given}` belongs to the service `{other}` already");
            item.error(message, "name it once");
            continue;
        }
        owners.push((id, service.to_string()));
        ids.push(id);
    }
    ids
}

fn copies(ids: Vec<u16>, names: &[String]) -> Vec<Copies> {
    let copies = ids.into_iter().map(|id| Copies {
        name: names.get(usize::from(id)).cloned().unwrap_or_default(),
        first: id,
    });
    copies.collect()
}

/// A number for each replica: what is left out at the end is 1.
fn each(section: &Section, key: &'static str, most: u32) -> Vec<f64> {
    let mut numbers = vec![1.0; most as usize];
    let Some(list) = section.optional(key) else {
        return numbers;
    };
    for (at, item) in list.items().unwrap_or_default().iter().enumerate() {
        let Some(number) = item.real() else {
            continue;
        };
        match numbers.get_mut(at) {
            Some(own) => *own = number,
            None => {
                let message = format!("`{key}` has more numbers than there are replicas, {most}");
                item.error(message, "remove it, or raise `replicas`");
                return numbers;
            }
        }
    }
    numbers
}

fn balancer(build: &Build, value: &Field) -> Option<Balancer> {
    match value.text_if_any() {
        Some("hash") => {
            value.error("a hash needs what it is of", "write { hash = \"user\" }");
            return None;
        }
        Some(_) => return value.choice(&BALANCERS)?,
        None => {}
    }
    let section = value.section()?;
    let given = section.sets().iter().copied().flatten();
    let given: Vec<Field> = given.filter_map(|key| section.optional(key)).collect();
    let [rule] = given.as_slice() else {
        let fix = "write { hash = \"user\" }, { choices = 3 }, { sticky = \"iteration\" }, or a name such as \
                   \"round-robin\"";
        section.tolerate();
        section.error("a balancer has one rule", fix);
        return None;
    };
    match rule.name() {
        "choices" => Some(Balancer::Choices(rule.integer()?)),
        "sticky" => Some(Balancer::Sticky {
            by_iteration: rule.choice(&STICKY)?,
        }),
        _ => {
            let points = section.integer_or_default("points");
            let key = entity(build, rule)?;
            Some(Balancer::Hash { key, points })
        }
    }
}

fn entity(build: &Build, value: &Field) -> Option<Entity> {
    let key = value.choice(&HASHED)?;
    match key {
        Entity::Event | Entity::Seat => build.inventory_for("this hash", value),
        Entity::Token => build.waiting_room_for("this hash", value),
        _ => {}
    }
    Some(key)
}

/// That no endpoint outside of a service uses what belongs to it, whose replica would not be known.
pub(super) fn check(build: &Build, model: &Model, at: &Sections) {
    for (index, endpoint) in model.endpoints.iter().enumerate() {
        for service in &model.services {
            if service.endpoints.iter().any(|e| usize::from(*e) == index) {
                continue;
            }
            let uses = |of: &[Copies], is: fn(&Op) -> Option<u16>| {
                let used = |id| endpoint.ops.iter().filter_map(is).any(|used| used == id);
                of.iter().find(|copies| used(copies.first)).cloned()
            };
            let used = uses(&service.stations, |op| match op {
                Op::Serve { station, .. } => Some(station.0),
                _ => None,
            });
            let used = used.or_else(|| {
                uses(&service.pools, |op| match op {
                    Op::Acquire { pool } | Op::AcquireMany { pool, .. } => Some(pool.0),
                    _ => None,
                })
            });
            let used = used.or_else(|| {
                uses(&service.caches, |op| match op {
                    Op::Cache { cache, .. } | Op::Invalidate(cache) => Some(cache.0),
                    _ => None,
                })
            });
            if let (Some(copies), Some((_, field))) = (used, at.endpoints.get(index)) {
                let message = format!(
                    "`{}` uses `{}` of the service `{}`, and is none of its endpoints",
                    endpoint.name, copies.name, service.name
                );
                let fix = format!(
                    "add \"{}\" to the `endpoints` of [services.{}], or call one of them",
                    endpoint.name, service.name
                );
                build.notes.error(field.at, message, fix);
            }
        }
    }
}
