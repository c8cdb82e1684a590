//! One run of a model.

use super::{Error, Model, Report};
use crate::load::verdict::abort_error;
use crate::world::World;
use crate::world::outcome::{Outcome, Termination};

/// A run to be made. The same model, seed and replication give the same report on every machine.
#[derive(Clone, Debug)]
pub struct Simulation {
    model: Model,
    seed: u64,
    replication: u64,
    histogram: bool,
}

impl Simulation {
    /// A run with seed 1, which is the command line's.
    #[must_use]
    pub fn new(model: &Model) -> Simulation {
        Simulation {
            model: model.clone(),
            seed: 1,
            replication: 0,
            histogram: false,
        }
    }

    /// Sets the seed of all random numbers.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Simulation {
        self.seed = seed;
        self
    }

    /// Sets the number of the replication: each has random numbers of its own under the same seed. The first is 0.
    #[must_use]
    pub fn replication(mut self, replication: u64) -> Simulation {
        self.replication = replication;
        self
    }

    /// Counts durations in a histogram instead of keeping each: memory does not grow with the number of requests,
    /// and percentiles are at most 0.4 % off.
    #[must_use]
    pub fn histogram(mut self) -> Simulation {
        self.histogram = true;
        self
    }

    /// Runs it to its end. A crossed threshold is not an error (see [`Report::passed`]) unless it ends the run early.
    ///
    /// # Errors
    /// [`Error::Unfinished`] if the run got stuck, was ended by a threshold with `abort_on_fail`, or its setup or
    /// teardown took too long.
    pub fn run(&self) -> Result<Report, Error> {
        let mut world = World::new(self.model.inner(), self.seed, self.replication);
        if self.histogram {
            world = world.summarising();
        }
        let outcome = world.run();
        let unfinished = reason(&outcome, &self.model);
        let report = Report::new(self.model.clone(), outcome);
        match unfinished {
            None => Ok(report),
            Some(reason) => Err(Error::Unfinished {
                reason,
                report: Box::new(report),
            }),
        }
    }
}

/// Why a run did not finish.
fn reason(outcome: &Outcome, model: &Model) -> Option<String> {
    let phase = |name: &str| format!("{name} took longer than its timeout; raise it in [{name}]");
    match &outcome.end {
        Termination::Finished => None,
        Termination::SetupTimeout => Some(phase("setup")),
        Termination::TeardownTimeout => Some(phase("teardown")),
        Termination::Aborted => {
            let crossed = abort_error(outcome.crossed.iter().map(String::as_str));
            Some(crossed.unwrap_or_else(|| "a threshold ended it".to_owned()))
        }
        end => Some(end.complaint(model.inner()).unwrap_or_default()),
    }
}
