//! What comes so often in a run, or in such numbers, that the run takes very long.

use super::Model;
use super::duration;
use super::system::{Slowdown, Trigger};
use crate::engine::Span;

/// This number of events of one cause takes minutes: a run does some millions a second.
const EVENTS: f64 = 1e8;
/// So many VUs take minutes: each has an iteration at least, and each of these some events.
const VUS: f64 = 1e7;

/// What makes the crowd, by its index in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Slowdowns of a station.
    Station(usize),
    /// Slowdowns of a pool.
    Pool(usize),
    /// The load of a scenario.
    Scenario(usize),
}

/// Too many events, or too many VUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Of what.
    pub cause: Cause,
    /// How many, as a sentence.
    pub message: String,
    /// What to do.
    pub fix: &'static str,
}

impl Model {
    /// All that makes a run take very long, as far as the model tells without a run.
    #[must_use]
    pub fn crowds(&self) -> Vec<Crowd> {
        let length = self.end_of_load();
        let often = |cause: Cause, what: String, gap_ns: f64, fix: &'static str| {
            let number = length.0 as f64 / gap_ns;
            let length = duration::print(length);
            let message = format!("{what}, some {number:.0e} in {length}: a run takes very long");
            (number >= EVENTS).then_some(Crowd {
                cause,
                message,
                fix,
            })
        };
        let mut all = Vec::new();
        let stations = self.stations.iter().map(|s| &s.slowdowns).enumerate();
        let pools = self.pools.iter().map(|p| &p.slowdowns).enumerate();
        let slowed = stations.map(|(at, slowed)| (Cause::Station(at), slowed));
        let slowed = slowed.chain(pools.map(|(at, slowed)| (Cause::Pool(at), slowed)));
        for (cause, slowdowns) in slowed {
            for gap in slowdowns.iter().filter_map(|slowdown| self.gap(slowdown)) {
                let what = format!("a slowdown every {}", duration::print(Span(gap as u64)));
                all.extend(often(
                    cause,
                    what,
                    gap,
                    "say the unit that is meant: us, ms or s",
                ));
            }
        }
        for (at, scenario) in self.scenarios.iter().enumerate() {
            let cause = Cause::Scenario(at);
            if let Some(rate) = scenario.executor.peak_rate() {
                let what = format!("{rate} iterations a second");
                let fix = "say the `time_unit` that is meant";
                all.extend(often(cause, what, 1e9 / rate, fix));
            }
            let users = scenario.executor.peak_users().filter(|users| *users >= VUS);
            all.extend(users.map(|users| Crowd {
                cause,
                message: format!("{users} VUs: a run takes very long"),
                fix: "let there be fewer",
            }));
        }
        all
    }

    /// Why a run takes very long, if one of another model, of which this one is a change, does not.
    #[must_use]
    pub fn crowd_beyond(&self, other: &Model) -> Option<String> {
        let own = other.crowds();
        let mut crowds = self.crowds().into_iter();
        let new = crowds.find(|crowd| own.iter().all(|own| own.cause != crowd.cause));
        new.map(|crowd| crowd.message)
    }

    /// Mean time between two slowdowns, in nanoseconds, of those that come by the clock.
    fn gap(&self, slowdown: &Slowdown) -> Option<f64> {
        let mean = |index: usize| self.dists.get(index).map(|named| named.dist.mean());
        match slowdown.trigger {
            Trigger::Every(gap) => mean(gap.index()),
            Trigger::After(gap) => Some(mean(gap.index())? + mean(slowdown.lasts.index())?),
            _ => None,
        }
    }
}
