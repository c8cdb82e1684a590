//! A model: as written (TOML, with the place of every value), checked, and as meant.
//!
//! "As meant" are the types of `scenario`, `journey`, `system` and `threshold`: names are resolved to
//! ids, defaults are filled in, and a value that exists is valid.
//!
//! What lives here: those types, the reader of model files with all its error messages, and overrides by path. It may
//! use `formats` and what is below it, and uses of it the opening of files ([`input`]) and logs that are replayed. It
//! must not know how a model is run or what a run measures.
//!
//! The inside of a program: any version may change what is here. The library's public face is the crate `capsim`.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod answer;
pub mod autoscale;
pub mod breaker;
pub mod cache;
pub mod crowd;
pub mod document;
pub mod duration;
mod field;
mod files;
pub mod journey;
pub mod limit;
pub mod link;
pub mod listener;
mod meant;
pub mod metric_name;
mod nesting;
pub mod network;
pub mod peak;
pub mod preset;
pub mod price;
pub mod problem;
pub mod program;
pub mod queueing;
pub mod rate_limit;
pub mod raw_scenario;
mod read;
pub mod replay;
pub mod resources;
pub mod retry;
pub mod scenario;
pub mod scenario_check;
mod sealed;
mod section;
pub mod service;
pub mod set;
pub mod shortcuts;
pub mod suggest;
mod syntax;
pub mod system;
pub mod threshold;
pub mod ticketing;
mod tree;
pub mod visible;
pub mod vocabulary;
pub mod waiting;

use capsim_core::engine;
use capsim_formats as formats;

pub use document::{Checked, Document};
pub use formats::input;
pub use problem::{Problem, Problems};
pub use set::Override;

use crate::engine::Span;
use journey::{Check, CustomMetric, Group, Journey, JourneyId, Site};
use scenario::Scenario;
use std::path::Path;
use system::{Endpoint, Inventory, NamedDist, Pool, Station, WaitingRoom};
use threshold::Aggregation;

/// The k6 whose way of measuring and printing a model asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum K6Version {
    /// 0.53 and older: setup counts in `iteration_duration`; rates print as `✓ passes ✗ fails`.
    V0_53,
    /// 1.x.
    V1,
    /// 2.x, today's.
    #[default]
    V2,
}

impl K6Version {
    /// All, as they are written in a model and on the command line.
    pub(crate) const NAMES: &'static [(&'static str, K6Version)] = &[
        ("0.53", K6Version::V0_53),
        ("1", K6Version::V1),
        ("2", K6Version::V2),
    ];

    /// The one that is written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<K6Version> {
        let found = K6Version::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, version)| *version)
    }
}

/// A fixed unit for all times of a summary (k6's `summaryTimeUnit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// `s`
    Seconds,
    /// `ms`
    Milliseconds,
    /// `us`
    Microseconds,
}

impl TimeUnit {
    /// Reads k6's option value `s`, `ms` or `us`.
    #[must_use]
    pub fn parse(text: &str) -> Option<TimeUnit> {
        match text {
            "s" => Some(TimeUnit::Seconds),
            "ms" => Some(TimeUnit::Milliseconds),
            "us" => Some(TimeUnit::Microseconds),
            _ => None,
        }
    }

    /// k6's option value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "s",
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Microseconds => "us",
        }
    }
}

/// A model as meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Name, for the report.
    pub name: String,
    /// One line or more on what is modelled.
    pub description: String,
    /// Never empty.
    pub scenarios: Vec<Scenario>,
    /// Runs before the scenarios, counted as k6 counts it.
    pub setup: Option<JourneyId>,
    /// Runs after the scenarios.
    pub teardown: Option<JourneyId>,
    /// k6's setupTimeout.
    pub setup_timeout: Span,
    /// k6's teardownTimeout.
    pub teardown_timeout: Span,
    /// Programs of users.
    pub journeys: Vec<Journey>,
    /// Places in journeys that send requests.
    pub sites: Vec<Site>,
    /// Checks that journeys make, in the order of the text.
    pub checks: Vec<Check>,
    /// k6 groups that journeys open.
    pub groups: Vec<Group>,
    /// Custom metrics that journeys record.
    pub metrics: Vec<CustomMetric>,
    /// All distributions that the system and the journeys draw from.
    pub dists: Vec<NamedDist>,
    /// Programs of requests.
    pub endpoints: Vec<Endpoint>,
    /// Servers and queues.
    pub stations: Vec<Station>,
    /// Cores that stations share.
    pub hosts: Vec<system::Host>,
    /// Tokens held across visits.
    pub pools: Vec<Pool>,
    /// What holds for locks, by the discriminant of [`Entity`](system::Entity).
    pub locks: [waiting::Lock; 5],
    /// Limits on rates and on requests at once.
    pub limits: Vec<limit::Limit>,
    /// Circuit breakers.
    pub breakers: Vec<breaker::Breaker>,
    /// Retry policies.
    pub retries: Vec<retry::Retry>,
    /// What stands around calls.
    pub guards: Vec<retry::Guard>,
    /// Replicas behind balancers.
    pub services: Vec<service::Service>,
    /// Number of users that `PickUser` draws from.
    pub users: u32,
    /// Events and seats, if the model has any.
    pub inventory: Option<Inventory>,
    /// The waiting room, if the model has one.
    pub waiting_room: Option<WaitingRoom>,
    /// The way between users and system, if the model has one.
    pub network: Option<network::Network>,
    /// How long VUs keep their connections.
    pub reuse: network::Reuse,
    /// The network between services.
    pub links: Vec<link::Link>,
    /// Limits on the rate of requests.
    pub rate_limits: Vec<rate_limit::RateLimit>,
    /// What it costs.
    pub prices: Option<price::Prices>,
    /// Caches.
    pub caches: Vec<cache::Cache>,
    /// The accept queue in front of the system, if the model has one.
    pub listener: Option<listener::Listener>,
    /// Thresholds by metric, in the order written.
    pub thresholds: Vec<threshold::MetricThresholds>,
    /// The k6 that the summary follows.
    pub k6_version: K6Version,
    /// Statistics that the summary shows for a trend.
    pub summary_trend_stats: Vec<Aggregation>,
    /// How the model spells them; empty for k6's default.
    pub summary_trend_names: Vec<String>,
    /// The unit of all times in the summary; `None`: each has the one that fits it.
    pub summary_time_unit: Option<TimeUnit>,
    /// Tags of all samples (k6's `--tag`).
    pub run_tags: Vec<(String, String)>,
    /// What drives users in the place of journeys, if something does.
    pub program: Option<program::Program>,
}

impl Model {
    /// Reads, parses and checks a file, with overrides applied in their order.
    ///
    /// # Errors
    /// All that is wrong with it at once.
    pub fn from_file(path: &Path, overrides: &[Override]) -> Result<Model, Problems> {
        Ok(Document::from_file(path)?.check(overrides)?.model)
    }

    /// As [`Model::from_file`], of a text. `name` is shown in errors; files that the model names are
    /// looked for beside it.
    ///
    /// # Errors
    /// All that is wrong with it at once.
    pub fn from_text(name: &str, text: &str, overrides: &[Override]) -> Result<Model, Problems> {
        Ok(Document::from_text(name, text)?.check(overrides)?.model)
    }

    /// The stations on a host, by their places in the model.
    pub fn stations_on(&self, host: usize) -> impl Iterator<Item = usize> + '_ {
        let on = move |station: &Station| station.host.is_some_and(|id| id.index() == host);
        let all = self.stations.iter().enumerate();
        all.filter(move |(_, station)| on(station))
            .map(|(at, _)| at)
    }
}
