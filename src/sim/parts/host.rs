//! Hosts: cores that several stations share.
//!
//! Each server at work wants a core. While no more servers are at work than there are cores, each has one of its
//! own; while there are more, all proceed alike at cores / servers at work: processor sharing (Kleinrock 1967) over
//! all that runs on the host, as a fair scheduler does it whose time slices are short. A host changes the speed of
//! its stations, never their jobs.

use crate::engine::Time;
use crate::engine::time::one_to_f64;
use crate::measure::time_weighted::TimeWeighted;

/// Cores, and who wants them.
#[derive(Clone, Debug)]
pub struct Host {
    cores: f64,
    /// Servers at work at each of its stations.
    at_work: Vec<u64>,
    /// The speed of each server.
    share: f64,
    /// Up to when `lost` is known.
    settled: Time,
    /// What it measured.
    pub probe: HostProbe,
}

/// What a host measures.
#[derive(Clone, Debug, Default)]
pub struct HostProbe {
    /// Servers at work on it: those that want a core.
    pub wanted: TimeWeighted,
    /// For each of its stations, nanoseconds that servers at work had no core.
    pub lost: Vec<f64>,
}

impl HostProbe {
    /// Nanoseconds of cores that were used from the start of the run to `now`.
    #[must_use]
    pub fn used(&self, now: Time) -> f64 {
        let lost: f64 = self.lost.iter().sum();
        (self.wanted.area(now) as f64 - lost).max(0.0)
    }
}

impl Host {
    /// A host on which nothing is at work, with its numbers of cores and stations.
    #[must_use]
    pub fn new(cores: f64, stations: usize) -> Host {
        Host {
            cores,
            at_work: vec![0; stations],
            share: 1.0,
            settled: Time::ZERO,
            probe: HostProbe {
                wanted: TimeWeighted::default(),
                lost: vec![0.0; stations],
            },
        }
    }

    /// Whether anything is at work on it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.at_work.iter().all(|servers| *servers == 0)
    }

    /// Speed of each server at work on it: min(1, cores / servers at work).
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Servers at work, by station.
    #[must_use]
    pub fn at_work(&self) -> &[u64] {
        &self.at_work
    }

    /// From now on `servers` of a station are at work. Returns whether the speed of all has changed.
    pub fn works(&mut self, now: Time, station: usize, servers: u64) -> bool {
        if self.at_work[station] == servers {
            return false;
        }
        self.settle(now);
        self.at_work[station] = servers;
        let wanted: u64 = self.at_work.iter().sum();
        self.probe.wanted.set(now, wanted);
        let before = self.share;
        self.share = (self.cores / one_to_f64(wanted)).min(1.0);
        self.share != before
    }

    /// Counts what was lost up to now.
    pub fn settle(&mut self, now: Time) {
        let passed = now.since(self.settled).0;
        self.settled = now;
        if self.share >= 1.0 || passed == 0 {
            return;
        }
        let each = one_to_f64(passed) * (1.0 - self.share);
        for (lost, servers) in self.probe.lost.iter_mut().zip(&self.at_work) {
            *lost += one_to_f64(*servers) * each;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_at_work_share_the_cores_evenly() {
        let mut host = Host::new(2.0, 2);
        assert!(!host.works(Time(0), 0, 2));
        assert_eq!(host.share(), 1.0);
        // Two and six: eight servers on two cores.
        assert!(host.works(Time(100), 1, 6));
        assert_eq!(host.share(), 0.25);
        assert!(host.works(Time(180), 1, 0));
        assert_eq!(host.share(), 1.0);
        host.settle(Time(200));
        assert_eq!(host.probe.lost, [2.0 * 0.75 * 80.0, 6.0 * 0.75 * 80.0]);
        // 2 · 100, then 8 · 80 of which 160 are done, then 2 · 20.
        assert_eq!(host.probe.wanted.area(Time(200)), 200 + 640 + 40);
        assert_eq!(host.probe.used(Time(200)), 200.0 + 160.0 + 40.0);
    }

    #[test]
    fn a_part_of_a_core_is_a_slow_core() {
        let mut host = Host::new(0.5, 1);
        assert!(host.works(Time(0), 0, 1));
        assert_eq!(host.share(), 0.5);
        assert!(host.works(Time(10), 0, 0));
        assert_eq!(host.probe.used(Time(10)), 5.0);
        assert_eq!(host.share(), 1.0);
    }
}
