//! Running many worlds on all cores. A result stands at the index of its job, whatever the number of
//! threads.

use rayon::prelude::*;

use crate::measure::summary::Summary;
use crate::model::Model;
use crate::world::World;
use crate::world::outcome::Outcome;
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

impl Job<'_> {
    /// Runs it.
    #[must_use]
    pub fn run(&self) -> (Outcome, Summary) {
        let outcome = World::new(self.model, self.seed, self.replication).run();
        let summary = summary(&outcome, self.model);
        (outcome, summary)
    }
}

/// Runs all jobs and keeps what `keep` takes from each: outcomes are large, so keep little.
pub fn run_all<T: Send>(
    jobs: &[Job<'_>],
    keep: impl Fn(usize, Outcome, Summary) -> T + Sync,
) -> Vec<T> {
    jobs.par_iter()
        .enumerate()
        .map(|(index, job)| {
            let (outcome, summary) = job.run();
            keep(index, outcome, summary)
        })
        .collect()
}
