//! Autoscaling of a service, as meant.

use super::system::DistId;
use crate::engine::Span;

/// How the number of a service's replicas follows its load, or a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscale {
    /// By what it goes; without, by the schedule alone.
    pub rule: Option<Rule>,
    /// Fewest replicas.
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// From one decision to the next.
    pub every: Span,
    /// The metric is a mean over so long, and known at the end of each such window.
    pub window: Span,
    /// After it has changed the number, it leaves it as it is for so long.
    pub cool_down: Span,
    /// From the decision until a new replica may get requests.
    pub boot: DistId,
    /// How a new replica works at first.
    pub warm_up: Option<WarmUp>,
    /// Times, ascending, and the smallest number of replicas from each on; without a rule, the exact number.
    pub schedule: Vec<(Span, u32)>,
}

/// What a decision goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Of each replica.
    pub metric: Metric,
    /// What follows from it.
    pub policy: Policy,
    /// The mean of a share is cut to whole per cent.
    pub whole_percent: bool,
    /// A replica that began to boot less than so long ago counts as not ready until a whole window of it was measured.
    pub initialisation: Span,
}

/// What is measured of each replica.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// Share of the servers at work of one of its stations: an index into the service's list.
    Utilisation(u16),
    /// Requests on which it works.
    InFlight,
    /// Requests that wait for its stations and pools.
    Queue,
    /// Requests a second that it was given.
    Requests,
    /// This percentile of the seconds that requests took, of all replicas together.
    Duration(f64),
    /// Share of the tokens in use of one of its pools: an index into the service's list.
    Tokens(u16),
    /// A number of the whole model; a replica's share of it is what the target is for.
    External(Source),
}

/// What an external metric counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// Requests that wait for a station, all its copies together: an index into the model's stations.
    Station(u16),
    /// Requests that wait for a pool, likewise.
    Pool(u16),
    /// Users in line in the waiting room.
    InLine,
    /// Users whom the waiting room has let through and who are not done.
    Admitted,
}

/// How many replicas there should be.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// In proportion, as the Horizontal Pod Autoscaler of Kubernetes.
    Target {
        /// What the mean should be.
        target: f64,
        /// A ratio to the target that is this near to 1 changes nothing.
        tolerance: f64,
        /// How fast it may grow.
        up: Pace,
        /// How fast it may shrink.
        down: Pace,
    },
    /// Adds or removes a number of replicas beyond each value, as step scaling of AWS.
    Steps(Vec<Step>),
}

/// How fast the number may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The mildest of what was wanted in so long is done.
    pub stabilise: Span,
    /// Replicas that may be added or removed in a period.
    pub replicas: u32,
    /// Or this share of those at its beginning, whichever is more.
    pub share: f64,
    /// The period.
    pub per: Span,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// It counts above this value; or below it.
    pub at: f64,
    /// Above a value, and how many more; or below a value, and how many fewer.
    pub above: bool,
    /// How many.
    pub replicas: u32,
}

/// How a new replica works at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// For how long.
    pub lasts: DistId,
    /// At this share of its speed.
    pub speed: f64,
}

impl Autoscale {
    /// The most replicas that there may ever be.
    #[must_use]
    pub fn most(&self) -> u32 {
        let planned = self.schedule.iter().map(|(_, n)| *n);
        planned.fold(self.max, u32::max)
    }
}
