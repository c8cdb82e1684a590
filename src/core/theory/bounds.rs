//! Asymptotic bounds of operational analysis (Muntz & Wong 1974; Denning & Buzen 1978): what no
//! queue can beat, from demands alone.

use super::{non_negative, positive};

/// What one journey needs of one resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resource {
    /// Visits times mean service time.
    pub demand: f64,
    /// Servers that share the work.
    pub servers: u32,
}

/// Limits of a closed system: a think time and resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Index of the bottleneck, the resource with the largest demand per server; of equals the
    /// first.
    pub bottleneck: usize,
    /// Largest possible throughput: one over the bottleneck's demand per server.
    pub max_throughput: f64,
    /// N*: users from which some must wait, `max_throughput * (think + total demand)`.
    pub knee: f64,
    think: f64,
    total_demand: f64,
}

impl Bounds {
    /// Returns `None` without a resource that is needed, for a negative time, or for a resource
    /// without servers.
    #[must_use]
    pub fn new(mean_think: f64, resources: &[Resource]) -> Option<Bounds> {
        let sound = |r: &Resource| non_negative(r.demand) && r.servers > 0;
        if !non_negative(mean_think) || !resources.iter().all(sound) {
            return None;
        }
        let per_server = |r: &Resource| r.demand / f64::from(r.servers);
        let (bottleneck, slowest) = resources
            .iter()
            .map(per_server)
            .enumerate()
            .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        let total_demand: f64 = resources.iter().map(|r| r.demand).sum();
        let max_throughput = 1.0 / slowest;
        positive(max_throughput).then_some(Bounds {
            bottleneck,
            max_throughput,
            knee: max_throughput * (mean_think + total_demand),
            think: mean_think,
            total_demand,
        })
    }

    /// Most journeys per unit of time that this many users can complete.
    #[must_use]
    pub fn throughput_at_most(&self, users: f64) -> f64 {
        (users / (self.think + self.total_demand)).min(self.max_throughput)
    }

    /// Shortest mean response time possible with this many users.
    #[must_use]
    pub fn response_at_least(&self, users: f64) -> f64 {
        (users / self.max_throughput - self.think).max(self.total_demand)
    }

    /// Least journeys per unit of time, everyone always waiting for everyone else (at least one
    /// user).
    #[must_use]
    pub fn throughput_at_least(&self, users: f64) -> f64 {
        users / (self.think + users * self.total_demand)
    }
}
