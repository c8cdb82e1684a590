//! How a run ends, and what is wrong with a model whose run comes to no good end.

use std::sync::Arc;

use crate::model::Model;
use crate::model::system::EndpointId;

use super::CALLED_AT_ONCE;
use super::limits::{Place, TooMuchMemory};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Termination {
    /// All scenarios returned.
    Finished,
    /// Setup took longer than it may; no scenario ran.
    SetupTimeout,
    /// Teardown took longer than it may.
    TeardownTimeout,
    /// A threshold with `abort_on_fail` was crossed.
    Aborted,
    /// Here the model loops without advancing virtual time.
    Stuck(Place),
    /// The run took more memory than it may.
    TooMuchMemory(TooMuchMemory),
    /// More requests were in the system than a machine can hold when this endpoint was called once more.
    TooManyRequests(EndpointId),
    /// The program that drives the users could not go on, for this reason.
    Failed(Arc<str>),
}

impl Termination {
    /// What is wrong with the model, if that is why its run came to no good end.
    #[must_use]
    pub fn complaint(&self, model: &Model) -> Option<String> {
        match self {
            Termination::Stuck(place) => Some(format!(
                "the {} loops without advancing virtual time; {}",
                place.name(model),
                match place {
                    Place::Slowdowns(_) => "let more time pass between two slowdowns",
                    Place::Journey(_) => "give it a sleep, or its endpoints a service time",
                    _ => "give the journey a sleep, or the endpoint a service time",
                }
            )),
            Termination::TooMuchMemory(memory) => Some(memory.complaint(model)),
            Termination::TooManyRequests(called) => Some(format!(
                "{CALLED_AT_ONCE} requests are in the system beside one for each VU, and `{}` is called once \
                 more; let fewer calls come of each request, or end them sooner",
                model.endpoints[called.index()].name
            )),
            Termination::Failed(why) => Some(why.to_string()),
            _ => None,
        }
    }
}
