//! Many runs of one model: every combination of some settings, several times each.

use super::{Error, Model, Report, Setting, Simulation};
use crate::stats::interval::mean_interval;
use crate::study::runs::map_in_order;

/// Runs to be made at every combination of settings, on all cores. Every point sees the same random numbers (common
/// random numbers), so that differences between points are not those between draws.
#[derive(Clone, Debug)]
pub struct Sweep {
    model: Model,
    axes: Vec<Vec<Setting>>,
    seed: u64,
    replications: u64,
}

impl Sweep {
    /// One run of the model as it is, with seed 1.
    #[must_use]
    pub fn new(model: &Model) -> Sweep {
        Sweep {
            model: model.clone(),
            axes: Vec::new(),
            seed: 1,
            replications: 1,
        }
    }

    /// Varies a parameter: each of these settings, combined with each of those given before.
    #[must_use]
    pub fn vary(mut self, settings: impl IntoIterator<Item = Setting>) -> Sweep {
        self.axes.push(settings.into_iter().collect());
        self
    }

    /// Sets the seed of all random numbers.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Sweep {
        self.seed = seed;
        self
    }

    /// Sets how many runs are made of each combination. One unless set.
    #[must_use]
    pub fn replications(mut self, replications: u64) -> Sweep {
        self.replications = replications;
        self
    }

    /// Makes all runs and keeps what `measure` takes from each report. The last parameter varies fastest. The result
    /// does not depend on the number of cores.
    ///
    /// # Errors
    /// That of the first combination that makes no valid model, or else of the first run that does not finish or
    /// that `measure` refuses.
    pub fn run<T: Send>(
        &self,
        measure: impl Fn(&Report) -> Result<T, Error> + Sync,
    ) -> Result<Vec<Point<T>>, Error> {
        let mut models = Vec::new();
        for settings in self.combinations() {
            models.push((self.model.with(settings.iter().cloned())?, settings));
        }
        let points = 0..models.len();
        let jobs = points.flat_map(|at| (0..self.replications).map(move |n| (at, n)));
        let mut results = map_in_order(jobs.collect(), |(at, replication)| {
            let run = Simulation::new(&models[at].0).seed(self.seed);
            measure(&run.replication(replication).run()?)
        })
        .into_iter();
        let mut points = Vec::new();
        for (_, settings) in models {
            let own = results.by_ref().take(self.replications as usize);
            points.push(Point {
                settings,
                results: own.collect::<Result<_, Error>>()?,
            });
        }
        Ok(points)
    }

    /// All combinations, in the order of their runs.
    fn combinations(&self) -> Vec<Vec<Setting>> {
        let mut all = vec![Vec::new()];
        for axis in &self.axes {
            let with = |before: Vec<Setting>| {
                let longer = move |s: &Setting| [&before[..], std::slice::from_ref(s)].concat();
                axis.iter().map(longer).collect::<Vec<_>>()
            };
            all = all.into_iter().flat_map(with).collect();
        }
        all
    }
}

/// A combination of settings and what its runs gave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point<T> {
    /// One setting of each parameter that was varied.
    pub settings: Vec<Setting>,
    /// What was measured, one of each replication.
    pub results: Vec<T>,
}

impl Point<f64> {
    /// The mean of the replications and how far its confidence interval reaches to either side (Student's t), such as
    /// with `level` 0.95. `None` with fewer than two replications.
    #[must_use]
    pub fn mean_interval(&self, level: f64) -> Option<(f64, f64)> {
        let interval = mean_interval(&self.results, level)?;
        Some((interval.mean, interval.half_width))
    }
}
