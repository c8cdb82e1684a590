//! From the tree as written to the model as meant. Every reader goes on after an error, so that one
//! run names them all; what stands in for a wrong value never leaves this module.

mod about;
mod answer;
mod autoscale;
mod autoscale_tables;
mod breaker;
mod cache;
mod chain;
mod choose;
mod condition;
mod data_file;
mod deadline;
mod dist;
mod dist_tables;
mod endpoint;
mod expand;
mod fault;
mod fitted;
mod flow;
mod guard;
mod host;
mod inventory;
mod journey;
mod limit;
mod link;
mod links;
mod listener;
mod names;
mod network;
mod order;
mod pace;
mod pool;
mod price;
mod program;
mod progress;
mod queueing;
mod rate_limit;
mod replay;
mod request;
mod retry;
mod scenario;
pub(super) mod scenario_table;
mod service;
mod service_tables;
mod slowdown;
mod station;
mod step_tables;
mod steps;
mod threshold;
mod tokens;
mod unit;
mod visit;
mod visit_tables;
mod waiting;
mod waiting_room;

use super::Model;
use super::breaker::Breaker;
use super::field::Field;
use super::files::Files;
use super::journey::{Check, CustomMetric, Expected, Group, Journey, Site, SiteId};
use super::limit::Limit;
use super::problem::Diagnostics;
use super::retry::{Guard, Retry, RetryId};
use super::section::Section;
use super::system::{Discipline, DistId, EndpointId, NamedDist, Pool, Station};
use super::tree::{Node, Place};
use super::waiting::{Lock, WaitOrder};
use crate::engine::Span;
use crate::engine::dist::Dist;
pub use about::MODEL;
use about::{ROOT, about, phase};
use names::Names;
use scenario::Tags;
use std::collections::{BTreeMap, BTreeSet};

/// Users, seats and VUs beyond it would not fit a memory.
const MAX_ENTITIES: u32 = 100_000_000;

/// What the readers share: where names lead, and the lists that grow as they go.
struct Build<'a> {
    notes: &'a Diagnostics,
    files: &'a Files,
    /// Factor on VUs and rates.
    load: f64,
    stations: Names,
    hosts: Names,
    /// Of each station: how it serves, and its servers.
    services: Vec<(Discipline, u32)>,
    /// Of each station: whether it has a controlled delay.
    controlled: Vec<bool>,
    pools: Names,
    /// Services with replicas.
    replicated: Names,
    pools_note: Vec<PoolNote>,
    endpoints: Names,
    journeys: Names,
    retry_names: Names,
    breaker_names: Names,
    limit_names: Names,
    /// Number of events, if there is an inventory.
    events: Option<u32>,
    waiting_room: bool,
    locks: [Lock; 5],
    dists: Vec<NamedDist>,
    sites: Vec<Site>,
    /// Named policies first, then those that are written where they are used.
    rate_limits: Names,
    caches: Names,
    retries: Vec<Retry>,
    /// Named policies that something uses.
    retries_used: BTreeSet<u16>,
    guards: Vec<Guard>,
    breakers: Vec<Breaker>,
    breakers_used: BTreeSet<u16>,
    limits: Vec<Limit>,
    /// For each site: its place, and the client timeout that the step itself gives.
    site_notes: Vec<(Place, Option<Span>)>,
    /// Sites whose requests are hedged, with the policy.
    hedged_sites: Vec<(SiteId, RetryId)>,
    checks: Vec<Check>,
    groups: Vec<Group>,
    metrics: Vec<CustomMetric>,
    /// Where a check of this group and name, a group, a metric is in its list.
    known_checks: BTreeMap<(String, String, Tags), usize>,
    known_groups: BTreeMap<(String, Tags), usize>,
    known_metrics: BTreeMap<String, usize>,
    /// Journeys of scenarios that replay a log.
    replayed: Vec<Journey>,
    /// Places of the steps that await admission.
    awaits: Vec<Place>,
    /// What requests say that they do, and where the first one says so: for endpoints whose visits do
    /// not place it.
    implied: BTreeMap<EndpointId, BTreeMap<Effect, Place>>,
}

/// What visits have to know of a pool.
#[derive(Clone, Copy, Default)]
struct PoolNote {
    size: u32,
    /// A slowdown stops what is done with its tokens.
    stops: bool,
    /// Its connections cost something.
    connects: bool,
    /// The key by which its tokens can be had one by one alone.
    one_by_one: Option<&'static str>,
}

/// The key of a pool that goes with no visit that takes several tokens at once.
fn one_by_one(pool: &Pool) -> Option<&'static str> {
    if pool.keep_alive.is_some() {
        Some("keep_alive")
    } else if pool.connections.is_some() {
        Some("connect")
    } else if pool.waiting.reserve.is_some() {
        Some("reserve")
    } else {
        (pool.waiting.order == WaitOrder::Barging).then_some("order")
    }
}

/// What a request can do to the inventory or ask the waiting room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    List,
    Claim,
    Confirm,
    Release,
    Status,
}

/// The sections that name things, as fields.
struct Sections<'a> {
    journeys: Vec<(&'a str, Field<'a>)>,
    stations: Vec<(&'a str, Field<'a>)>,
    hosts: Vec<(&'a str, Field<'a>)>,
    pools: Vec<(&'a str, Field<'a>)>,
    endpoints: Vec<(&'a str, Field<'a>)>,
    retries: Vec<(&'a str, Field<'a>)>,
    services: Vec<(&'a str, Field<'a>)>,
    rate_limits: Vec<(&'a str, Field<'a>)>,
    caches: Vec<(&'a str, Field<'a>)>,
    breakers: Vec<(&'a str, Field<'a>)>,
    limits: Vec<(&'a str, Field<'a>)>,
    links: Vec<(&'a str, Field<'a>)>,
}

impl<'a> Build<'a> {
    /// Reads a distribution and gives it a stream of its own, named by its path.
    fn dist(&mut self, field: &Field<'a>) -> DistId {
        let dist = dist::read(field, self.files).unwrap_or(Dist::Constant(1.0));
        let id = names::id(self.dists.len(), field, "distributions");
        let name = field.path.clone();
        self.dists.push(NamedDist { name, dist });
        DistId(id)
    }

    /// A constant number of nanoseconds, named after a field.
    fn constant(&mut self, field: &Field<'a>, ns: u64) -> DistId {
        let id = names::id(self.dists.len(), field, "distributions");
        let name = field.path.clone();
        let dist = Dist::Constant(ns as f64);
        self.dists.push(NamedDist { name, dist });
        DistId(id)
    }

    /// As `dist`; a constant zero is an error, because what repeats after it would never let time pass.
    fn dist_above_zero(&mut self, field: &Field<'a>) -> DistId {
        let id = self.dist(field);
        if !self.takes_time(id) {
            let message = format!("`{}` is zero: time would stand still", field.name());
            field.error(message, "write a time above zero");
        }
        id
    }

    /// Whether the distribution is more than a constant zero.
    fn takes_time(&self, id: DistId) -> bool {
        let dist = self.dists.get(id.index()).map(|named| &named.dist);
        !matches!(dist, Some(Dist::Constant(ns)) if *ns <= 0.0)
    }
}

impl<'a> Sections<'a> {
    fn of(root: &Section<'a>) -> Sections<'a> {
        let named = |key| {
            root.optional(key)
                .map(|field| field.named())
                .unwrap_or_default()
        };
        Sections {
            stations: named("stations"),
            hosts: named("hosts"),
            pools: named("pools"),
            endpoints: named("endpoints"),
            services: named("services"),
            journeys: named("journeys"),
            retries: named("retries"),
            rate_limits: named("rate_limits"),
            caches: named("caches"),
            breakers: named("breakers"),
            limits: named("limits"),
            links: named("links"),
        }
    }
}

/// Reads a model. `None` only if an error is noted.
pub(super) fn model(
    tree: &Node,
    load: f64,
    default_name: &str,
    files: &Files,
    notes: &Diagnostics,
) -> Option<Model> {
    let root = Field {
        notes,
        node: tree,
        path: String::new(),
        at: tree.head(),
        kind: Some(&ROOT),
    };
    let root = root.section()?;
    let sections = Sections::of(&root);
    let mut build = Build {
        notes,
        files,
        load,
        stations: Names::new("station", "stations", &sections.stations),
        hosts: Names::new("host", "hosts", &sections.hosts),
        services: Vec::new(),
        controlled: Vec::new(),
        replicated: Names::new("service", "services", &sections.services),
        pools: Names::new("pool", "pools", &sections.pools),
        pools_note: Vec::new(),
        endpoints: Names::new("endpoint", "endpoints", &sections.endpoints),
        journeys: Names::new("journey", "journeys", &sections.journeys),
        rate_limits: Names::new("rate limit", "rate limits", &sections.rate_limits),
        caches: Names::new("cache", "caches", &sections.caches),
        retry_names: Names::new("retry policy", "retry policies", &sections.retries),
        breaker_names: Names::new("breaker", "breakers", &sections.breakers),
        limit_names: Names::new("limit", "limits", &sections.limits),
        events: None,
        waiting_room: root.has("waiting_room"),
        locks: [Lock::default(); 5],
        dists: Vec::new(),
        sites: Vec::new(),
        retries: retry::read_all(&sections.retries),
        retries_used: BTreeSet::new(),
        guards: Vec::new(),
        breakers: breaker::read_all(&sections.breakers),
        breakers_used: BTreeSet::new(),
        limits: limit::read_all(&sections.limits),
        site_notes: Vec::new(),
        hedged_sites: Vec::new(),
        checks: Vec::new(),
        groups: Vec::new(),
        metrics: Vec::new(),
        known_checks: BTreeMap::new(),
        known_groups: BTreeMap::new(),
        known_metrics: BTreeMap::new(),
        replayed: Vec::new(),
        awaits: Vec::new(),
        implied: BTreeMap::new(),
    };
    let mut model = build.read(&root, &sections, default_name);
    tokens::take_together(&mut model);
    deadline::ask(&mut model);
    expand::expand(&build, &mut model, &sections);
    if !notes.any_error() {
        unit::check(&build, &model, tree);
        host::place_load_generator(&build, &mut model, &sections);
    }
    drop(root);
    (!notes.any_error()).then_some(model)
}

impl<'a> Build<'a> {
    /// All stations, and what visits have to know of them.
    fn stations_of(&mut self, at: &Sections<'a>) -> Vec<Station> {
        let stations = at.stations.iter();
        let stations = stations.map(|(name, f)| station::station(self, name, f));
        let stations: Vec<Station> = stations.collect();
        self.note_stations(&stations);
        stations
    }

    /// All pools, and which of them are stopped at times.
    fn pools_of(&mut self, at: &Sections<'a>) -> Vec<Pool> {
        let pools = at.pools.iter();
        let pools: Vec<Pool> = pools.map(|(name, f)| pool::pool(self, name, f)).collect();
        let stops = |p: &Pool| p.slowdowns.iter().any(|s| s.leaves <= 0.0);
        let known = pools.iter().map(|p| PoolNote {
            size: p.size,
            stops: stops(p),
            connects: p.connections.is_some(),
            one_by_one: one_by_one(p),
        });
        self.pools_note = known.collect();
        pools
    }

    fn read(&mut self, root: &Section<'a>, at: &Sections<'a>, default_name: &str) -> Model {
        let about = about(root.optional("model"), default_name);
        let inventory_field = root.optional("inventory");
        let inventory = inventory_field.as_ref().map(|f| inventory::read(self, f));
        self.events = inventory.as_ref().map(|inventory| inventory.events);
        let room_field = root.optional("waiting_room");
        let waiting_room = room_field.as_ref().map(|f| waiting_room::read(self, f));
        let stations = self.stations_of(at);
        let pools = self.pools_of(at);
        let locks = waiting::locks(self, root);
        let setup = phase(self, root.optional("setup").as_ref());
        let teardown = phase(self, root.optional("teardown").as_ref());
        let mut scenarios = scenario::read(self, root);
        let used = replay::written(&scenarios);
        let (setup_id, teardown_id) = (setup.journey, teardown.journey);
        let mut programs = journey::read_all(self, &at.journeys, &used, setup_id, teardown_id);
        replay::place(self, &mut scenarios, &mut programs);
        let (mut network, listener) = listener::with_network(self, root);
        let endpoints = endpoint::read_all(self, &at.endpoints, network.as_mut());
        let mut model = Model {
            name: about.name,
            description: about.description,
            scenarios,
            setup: programs.setup,
            teardown: programs.teardown,
            setup_timeout: setup.timeout,
            teardown_timeout: teardown.timeout,
            journeys: programs.journeys,
            sites: std::mem::take(&mut self.sites),
            checks: std::mem::take(&mut self.checks),
            groups: std::mem::take(&mut self.groups),
            metrics: std::mem::take(&mut self.metrics),
            hosts: host::read_all(self, &at.hosts),
            // Before the distributions, which faults add to.
            services: service::read_all(self, &at.services),
            caches: cache::read_all(self, &at.caches),
            links: links::read_all(self, &at.links),
            dists: std::mem::take(&mut self.dists),
            endpoints: endpoints.endpoints,
            stations,
            pools,
            locks: self.locks,
            retries: std::mem::take(&mut self.retries),
            guards: std::mem::take(&mut self.guards),
            breakers: std::mem::take(&mut self.breakers),
            limits: std::mem::take(&mut self.limits),
            users: about.users,
            inventory,
            waiting_room,
            network,
            listener,
            rate_limits: rate_limit::read_all(&at.rate_limits),
            thresholds: Vec::new(),
            prices: None,
            k6_version: about.k6_version,
            reuse: about.reuse,
            summary_trend_stats: about.stats,
            summary_trend_names: about.stat_names,
            summary_time_unit: about.time_unit,
            run_tags: Vec::new(),
            program: None,
        };
        self.complete_sites(&mut model.sites, &endpoints.timeouts, &about.expected);
        model.thresholds = threshold::read(root.optional("thresholds"), &model);
        let prices = root.optional("prices");
        model.prices = prices.and_then(|f| price::read(self, &f, &model));
        let fit = root.optional("fitted");
        fit.iter().for_each(|f| fitted::read(self, f, &model));
        waiting::unused(self, &locks, &model);
        pace::check(self, &model, at, root.optional("scenarios").as_ref());
        link::check(self, &mut model, &endpoints.calls, at, room_field.as_ref());
        model
    }
}

impl Build<'_> {
    /// What visits have to know of stations.
    fn note_stations(&mut self, stations: &[Station]) {
        let controlled = stations.iter().map(|s| s.queueing.codel.is_some());
        self.controlled = controlled.collect();
        self.services = stations.iter().map(|s| (s.discipline, s.servers)).collect();
    }

    /// What holds for requests whose step does not say it: the endpoint's client timeout, else k6's; the statuses
    /// that the model expects.
    fn complete_sites(&self, sites: &mut [Site], of_endpoints: &[Span], expected: &[u16]) {
        for (site, (_, timeout)) in sites.iter_mut().zip(&self.site_notes) {
            let default = of_endpoints.get(site.endpoint.index());
            site.timeout = timeout.or(default.copied()).unwrap_or(site.timeout);
            if site.expected == Expected::Usual {
                site.expected = Expected::of(expected.to_vec());
            }
        }
    }
}

/// A program that does nothing, for a journey that cannot be read.
fn empty_journey(name: &str) -> Journey {
    let steps = vec![super::journey::Step::End];
    Journey {
        name: name.to_string(),
        steps,
        loop_slots: 0,
        usual: None,
    }
}
