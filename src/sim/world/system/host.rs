//! Stations that share the cores of a host: whenever servers begin or cease to work on it, the speed of all may
//! change.

use crate::engine::Time;
use crate::model::Model;
use crate::parts::host::{Host, HostProbe};
use crate::parts::station::Idle;

use super::System;
use crate::world::audit::{Audit, Law};
use crate::world::kernel::Kernel;

/// The hosts of a run.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    hosts: Vec<Host>,
    /// The stations of each host.
    stations: Vec<Vec<usize>>,
    /// Of each station on a host: the host, and its place among the host's stations.
    places: Vec<Option<(usize, usize)>>,
}

impl Hosts {
    /// None where the model has no host.
    pub(crate) fn of(model: &Model) -> Option<Box<Hosts>> {
        if model.hosts.is_empty() {
            return None;
        }
        let mut places = vec![None; model.stations.len()];
        let (mut hosts, mut stations) = (Vec::new(), Vec::new());
        for (host, spec) in model.hosts.iter().enumerate() {
            let own: Vec<usize> = model.stations_on(host).collect();
            for (place, station) in own.iter().enumerate() {
                places[*station] = Some((host, place));
            }
            hosts.push(Host::new(spec.cores, own.len()));
            stations.push(own);
        }
        Some(Box::new(Hosts {
            hosts,
            stations,
            places,
        }))
    }

    /// What its host leaves of the speed of a station.
    pub(crate) fn share(&self, station: usize) -> f64 {
        self.places[station].map_or(1.0, |(host, _)| self.hosts[host].share())
    }

    /// What all hosts have measured up to the end of the run.
    pub(crate) fn probes(mut self, end: Time) -> Vec<HostProbe> {
        for host in &mut self.hosts {
            host.settle(end);
        }
        self.hosts.into_iter().map(|host| host.probe).collect()
    }
}

impl System<'_> {
    /// Servers of a station may have begun or ceased to work.
    #[inline(never)]
    pub(crate) fn host_changed(&mut self, kernel: &mut Kernel, now: Time, station: usize) {
        let Some(hosts) = &mut self.hosts else {
            return;
        };
        let Some((host, place)) = hosts.places[station] else {
            return;
        };
        let servers = self.stations[station].0.at_work();
        let has_setup = self.model.hosts[host].setup.is_some();
        let was_idle = has_setup && hosts.hosts[host].is_idle();
        let changed = hosts.hosts[host].works(now, place, servers);
        let is_idle = has_setup && hosts.hosts[host].is_idle();
        if was_idle != is_idle {
            let idle = if is_idle { Idle::Since(now) } else { Idle::No };
            for station in &hosts.stations[host] {
                self.stations[*station].0.host_is_idle(idle);
            }
        }
        if !changed {
            return;
        }
        let stations = std::mem::take(&mut hosts.stations[host]);
        for station in &stations {
            self.refresh_speed(kernel, now, *station);
        }
        if let Some(hosts) = &mut self.hosts {
            hosts.stations[host] = stations;
        }
    }

    /// A host knows how many servers are at work on it, and gives away no more cores than it has.
    pub(crate) fn audit_hosts(&self, audit: &mut Audit) {
        let Some(hosts) = &self.hosts else {
            return;
        };
        for (index, host) in hosts.hosts.iter().enumerate() {
            let spec = &self.model.hosts[index];
            let name = format!("host `{}`", spec.name);
            let at_work = hosts.stations[index].iter();
            let at_work = at_work.map(|station| self.stations[*station].0.at_work());
            let (known, there) = (host.at_work().iter().sum::<u64>(), at_work.sum::<u64>());
            let given = host.share() * there as f64;
            let beyond = given > spec.cores * (1.0 + 1e-9);
            audit.equal(
                Law::Utilisation,
                &name,
                ("servers it knows to be at work", known.into()),
                ("servers at work", there.into()),
            );
            audit.equal(
                Law::Utilisation,
                &name,
                (
                    "hosts that give away more cores than they have",
                    beyond.into(),
                ),
                ("as there may be", 0),
            );
        }
    }
}
