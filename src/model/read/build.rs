//! What the readers share: the sections with names, the ids of names, the lists that grow while reading, and what
//! visits need to know of pools.

use super::names::{self, Names, Shared};
use super::scenario::Tags;
use super::{breaker, dist, limit, pool, retry, station};
use crate::breaker::Breaker;
use crate::engine::Span;
use crate::engine::dist::Dist;
use crate::field::Field;
use crate::files::Files;
use crate::journey::{Check, CustomMetric, Group, Journey, Site, SiteId};
use crate::limit::Limit;
use crate::problem::Diagnostics;
use crate::retry::{Guard, Retry, RetryId};
use crate::section::Section;
use crate::system::{Discipline, DistId, EndpointId, NamedDist, Pool, Station};
use crate::tree::Place;
use crate::waiting::{Lock, WaitOrder};
use std::collections::BTreeMap;
/// What the readers share: where names lead, and the lists that grow as they go.
pub(super) struct Build<'a> {
    pub(super) notes: &'a Diagnostics,
    pub(super) files: &'a Files,
    /// Factor on VUs and rates.
    pub(super) load: f64,
    pub(super) stations: Names,
    pub(super) hosts: Names,
    /// Of each station: how it serves, and its servers.
    pub(super) services: Vec<(Discipline, u32)>,
    /// Of each station: whether it has a controlled delay.
    pub(super) controlled: Vec<bool>,
    pub(super) pools: Names,
    /// Services with replicas.
    pub(super) replicated: Names,
    pub(super) pools_note: Vec<PoolNote>,
    pub(super) endpoints: Names,
    pub(super) journeys: Names,
    pub(super) limit_names: Names,
    /// Number of events, if there is an inventory.
    pub(super) events: Option<u32>,
    pub(super) waiting_room: bool,
    pub(super) locks: [Lock; 5],
    pub(super) dists: Vec<NamedDist>,
    pub(super) sites: Vec<Site>,
    pub(super) rate_limits: Names,
    pub(super) caches: Names,
    pub(super) retries: Shared<Retry>,
    pub(super) guards: Vec<Guard>,
    pub(super) breakers: Shared<Breaker>,
    pub(super) limits: Vec<Limit>,
    /// For each site: its place, and the client timeout that the step itself gives.
    pub(super) site_notes: Vec<(Place, Option<Span>)>,
    /// Sites whose requests are hedged, with the policy.
    pub(super) hedged_sites: Vec<(SiteId, RetryId)>,
    pub(super) checks: Vec<Check>,
    pub(super) groups: Vec<Group>,
    pub(super) metrics: Vec<CustomMetric>,
    /// Where a check of this group and name, a group, a metric is in its list.
    pub(super) known_checks: BTreeMap<(String, String, Tags), usize>,
    pub(super) known_groups: BTreeMap<(String, Tags), usize>,
    pub(super) known_metrics: BTreeMap<String, usize>,
    /// Journeys of scenarios that replay a log.
    pub(super) replayed: Vec<Journey>,
    /// Places of the steps that await admission.
    pub(super) awaits: Vec<Place>,
    /// What requests say that they do, and where the first one says so: for endpoints whose visits do
    /// not place it.
    pub(super) implied: BTreeMap<EndpointId, BTreeMap<Effect, Place>>,
}

/// What visits have to know of a pool.
#[derive(Clone, Copy, Default)]
pub(super) struct PoolNote {
    pub(super) size: u32,
    /// A slowdown stops what is done with its tokens.
    pub(super) stops: bool,
    /// Its connections cost something.
    pub(super) connects: bool,
    /// The key by which its tokens can be had one by one alone.
    pub(super) one_by_one: Option<&'static str>,
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
pub(super) enum Effect {
    List,
    Claim,
    Confirm,
    Release,
    Status,
}

/// The sections that name things, as fields.
pub(super) struct Sections<'a> {
    pub(super) journeys: Vec<(&'a str, Field<'a>)>,
    pub(super) stations: Vec<(&'a str, Field<'a>)>,
    pub(super) hosts: Vec<(&'a str, Field<'a>)>,
    pub(super) pools: Vec<(&'a str, Field<'a>)>,
    pub(super) endpoints: Vec<(&'a str, Field<'a>)>,
    pub(super) retries: Vec<(&'a str, Field<'a>)>,
    pub(super) services: Vec<(&'a str, Field<'a>)>,
    pub(super) rate_limits: Vec<(&'a str, Field<'a>)>,
    pub(super) caches: Vec<(&'a str, Field<'a>)>,
    pub(super) breakers: Vec<(&'a str, Field<'a>)>,
    pub(super) limits: Vec<(&'a str, Field<'a>)>,
    pub(super) links: Vec<(&'a str, Field<'a>)>,
}

impl<'a> Build<'a> {
    /// Nothing read so far but what stands by itself: policies, breakers and limits.
    pub(super) fn new(
        root: &Section<'a>,
        at: &Sections<'a>,
        load: f64,
        files: &'a Files,
    ) -> Build<'a> {
        Build {
            notes: root.field.notes,
            files,
            load,
            stations: Names::new("station", "stations", &at.stations),
            hosts: Names::new("host", "hosts", &at.hosts),
            services: Vec::new(),
            controlled: Vec::new(),
            replicated: Names::new("service", "services", &at.services),
            pools: Names::new("pool", "pools", &at.pools),
            pools_note: Vec::new(),
            endpoints: Names::new("endpoint", "endpoints", &at.endpoints),
            journeys: Names::new("journey", "journeys", &at.journeys),
            rate_limits: Names::new("rate limit", "rate limits", &at.rate_limits),
            caches: Names::new("cache", "caches", &at.caches),
            limit_names: Names::new("limit", "limits", &at.limits),
            events: None,
            waiting_room: root.has("waiting_room"),
            locks: [Lock::default(); 5],
            dists: Vec::new(),
            sites: Vec::new(),
            retries: Shared::new("retry policy", "retry policies", &at.retries, retry::policy),
            guards: Vec::new(),
            breakers: Shared::new("breaker", "breakers", &at.breakers, breaker::breaker),
            limits: limit::read_all(&at.limits),
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
        }
    }

    /// All stations, and what visits have to know of them.
    pub(super) fn stations_of(&mut self, at: &Sections<'a>) -> Vec<Station> {
        let stations = at.stations.iter();
        let stations = stations.map(|(name, f)| station::station(self, name, f));
        let stations: Vec<Station> = stations.collect();
        self.note_stations(&stations);
        stations
    }

    /// All pools, and which of them are stopped at times.
    pub(super) fn pools_of(&mut self, at: &Sections<'a>) -> Vec<Pool> {
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

    /// What visits have to know of stations.
    fn note_stations(&mut self, stations: &[Station]) {
        let controlled = stations.iter().map(|s| s.queueing.codel.is_some());
        self.controlled = controlled.collect();
        self.services = stations.iter().map(|s| (s.discipline, s.servers)).collect();
    }

    /// Reads a distribution and gives it a stream of its own, named by its path.
    pub(super) fn dist(&mut self, field: &Field<'a>) -> DistId {
        let dist = dist::read(field, self.files).unwrap_or(Dist::Constant(1.0));
        let id = names::id(self.dists.len(), field, "distributions");
        let name = field.path.clone();
        self.dists.push(NamedDist { name, dist });
        DistId(id)
    }

    /// A constant number of nanoseconds, named after a field.
    pub(super) fn constant(&mut self, field: &Field<'a>, ns: u64) -> DistId {
        let id = names::id(self.dists.len(), field, "distributions");
        let name = field.path.clone();
        let dist = Dist::Constant(ns as f64);
        self.dists.push(NamedDist { name, dist });
        DistId(id)
    }

    /// As `dist`; a constant zero is an error, because what repeats after it would never let time pass.
    pub(super) fn dist_above_zero(&mut self, field: &Field<'a>) -> DistId {
        let id = self.dist(field);
        if !self.takes_time(id) {
            let message = format!("`{}` is zero: time would stand still", field.name());
            field.error(message, "write a time above zero");
        }
        id
    }

    /// Whether the distribution is more than a constant zero.
    pub(super) fn takes_time(&self, id: DistId) -> bool {
        let dist = self.dists.get(id.index()).map(|named| &named.dist);
        !matches!(dist, Some(Dist::Constant(ns)) if *ns <= 0.0)
    }
}

impl Build<'_> {
    /// Complains of a key if there is no inventory.
    pub(super) fn needs_inventory(&self, field: &Field) {
        self.inventory_for(&format!("`{}`", field.name()), field);
    }

    /// Complains of a value if there is no inventory; `what` begins the sentence.
    pub(super) fn inventory_for(&self, what: &str, field: &Field) {
        if self.events.is_none() {
            let message = format!("{what} needs an inventory, and the model has none");
            field.error(message, "add [inventory] with events and seats_per_event");
        }
    }

    /// Complains of a value if there is no waiting room; `what` begins the sentence.
    pub(super) fn waiting_room_for(&self, what: &str, field: &Field) {
        if !self.waiting_room {
            let message = format!("{what} needs a waiting room, and the model has none");
            field.error(message, "add [waiting_room] with admit = { rate = 125 }");
        }
    }
}

impl<'a> Sections<'a> {
    pub(super) fn of(root: &Section<'a>) -> Sections<'a> {
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
