//! A model: as written (TOML, with the place of every value), checked, and as meant.
//!
//! "As meant" are the types of `scenario`, `journey`, `system` and `threshold`: names are resolved to
//! ids, defaults are filled in, and a value that exists is valid.

pub mod duration;
pub mod journey;
pub mod metric_name;
pub mod raw_scenario;
pub mod scenario;
pub mod scenario_check;
pub mod shortcuts;
pub mod system;
pub mod threshold;

use crate::engine::Span;
use journey::{Check, CustomMetric, Group, Journey, JourneyId, Site};
use scenario::Scenario;
use system::{Endpoint, Inventory, NamedDist, Pool, Station, WaitingRoom};
use threshold::Aggregation;

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
    /// Tokens held across visits.
    pub pools: Vec<Pool>,
    /// Number of users that `PickUser` draws from.
    pub users: u32,
    /// Events and seats, if the model has any.
    pub inventory: Option<Inventory>,
    /// The waiting room, if the model has one.
    pub waiting_room: Option<WaitingRoom>,
    /// Thresholds by metric, in the order written.
    pub thresholds: Vec<threshold::MetricThresholds>,
    /// Statistics that the summary shows for a trend.
    pub summary_trend_stats: Vec<Aggregation>,
}
