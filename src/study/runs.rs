//! Running many worlds on all cores. A result stands at the index of its job, whatever the number of
//! threads.

use std::cell::Cell;

use rayon::prelude::*;

use crate::measure::recorder::Memory;
use crate::measure::summary::Summary;
use crate::model::Model;
use crate::world::World;
use crate::world::outcome::Outcome;
use crate::world::program::simulate;
use crate::world::summary::summary;

/// One run of a model. The random streams are those of (seed, replication): the same pair gives
/// common random numbers to different models.
#[derive(Clone, Copy, Debug)]
pub struct Job<'m> {
    /// What is run.
    pub model: &'m Model,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of the replication.
    pub replication: u64,
}

thread_local! {
    /// What the last run of this thread recorded into. Only its size is ever seen again.
    static MEMORY: Cell<Memory> = Cell::default();
}

impl Job<'_> {
    /// Runs it and takes what is wanted from what it gave, whose memory the next run of this thread
    /// uses again.
    pub fn run_and<T>(&self, take: impl FnOnce(&Outcome, &Summary) -> T) -> T {
        self.run_by(|world| world.run(), take)
    }

    /// As [`Job::run_and`], run in a way of its own.
    pub fn run_by<T>(
        &self,
        run: impl Fn(World) -> Outcome,
        take: impl FnOnce(&Outcome, &Summary) -> T,
    ) -> T {
        let of = (self.seed, self.replication);
        let done = simulate(self.model, of, |world| run(world.reusing(MEMORY.take())));
        let outcome = done.result;
        let summary = summary(&outcome, &done.model);
        let taken = take(&outcome, &summary);
        MEMORY.set(outcome.recorder.into_memory());
        taken
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self) -> (Outcome, Summary) {
        let done = simulate(self.model, (self.seed, self.replication), |world| {
            world.run()
        });
        let summary = summary(&done.result, &done.model);
        let outcome = done.result;
        (outcome, summary)
    }
}

/// Runs all jobs and keeps what `keep` takes from each: outcomes are large, so keep little.
pub fn run_all<T: Send>(
    jobs: &[Job<'_>],
    keep: impl Fn(usize, &Outcome, &Summary) -> T + Sync,
) -> Vec<T> {
    jobs.par_iter()
        .enumerate()
        .map(|(index, job)| job.run_and(|outcome, summary| keep(index, outcome, summary)))
        .collect()
}

/// Does the same to all items on all cores; results stand in the order of the items.
pub fn map_in_order<I: Send, T: Send>(items: Vec<I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    items.into_par_iter().map(&work).collect()
}
