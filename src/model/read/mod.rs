//! From the tree as written to the model as meant. Every reader goes on after an error, so that one
//! run names them all; what stands in for a wrong value never leaves this module.

mod about;
mod answer;
mod autoscale;
mod autoscale_tables;
mod breaker;
mod build;
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
mod scenario_options;
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
mod visit_station;
mod visit_tables;
mod waiting;
mod waiting_room;

use super::Model;
use super::field::Field;
use super::files::Files;
use super::journey::{Expected, Journey, Site};
use super::problem::Diagnostics;
use super::section::Section;
use super::tree::Node;
use crate::engine::Span;
pub use about::MODEL;
use about::{ROOT, about, phase};
use build::{Build, Effect, Sections};

/// Users, seats and VUs beyond it would not fit a memory.
const MAX_ENTITIES: u32 = 100_000_000;

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
    let mut build = Build::new(&root, &sections, load, files);
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
            retries: std::mem::take(&mut self.retries.all),
            guards: std::mem::take(&mut self.guards),
            breakers: std::mem::take(&mut self.breakers.all),
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
