//! What an autoscaler measures: of each replica, of all together, or of the whole model.

use std::collections::BTreeMap;

use crate::engine::Time;
use crate::model::autoscale::{Autoscale, Metric, Rule, Source};
use crate::model::service::{Copies, Service};
use crate::parts::autoscaler::Autoscaler;
use crate::stats::quantile::percentiles_ns;

use super::System;

/// An autoscaler and what it knows.
pub(crate) struct Scaling {
    pub(crate) scaler: Autoscaler,
    /// When the metric was collected last.
    pub(crate) collected: Time,
    /// By replica: the metric's integral then.
    areas: Vec<u128>,
    /// By replica: the mean of the last window, of those that were ready in it.
    pub(crate) values: Vec<Option<f64>>,
    /// By replica: whether it is new and that mean is not of a whole window, so that it does not count.
    pub(crate) initialising: Vec<bool>,
    /// Where the metric is a percentile: how long requests take.
    durations: Option<Durations>,
    /// Where the metric is one of the whole model: its integral at the last look, and its mean in the window before.
    pub(crate) external: (u128, Option<f64>),
}

/// How long the requests of a service take.
struct Durations {
    percentile: f64,
    /// Since when replicas work on each.
    since: BTreeMap<u32, Time>,
    /// Nanoseconds that those took that were finished since the last look.
    took: Vec<u64>,
}

impl Scaling {
    pub(crate) fn new(spec: &Autoscale, most: u32) -> Scaling {
        let durations = |rule: &Rule| match rule.metric {
            Metric::Duration(percentile) => Some(Durations {
                percentile,
                since: BTreeMap::new(),
                took: Vec::new(),
            }),
            _ => None,
        };
        Scaling {
            scaler: Autoscaler::new(spec),
            collected: Time::ZERO,
            areas: vec![0; most as usize],
            values: vec![None; most as usize],
            initialising: vec![false; most as usize],
            durations: spec.rule.as_ref().and_then(durations),
            external: (0, None),
        }
    }

    /// A request comes to a replica.
    pub(crate) fn arrives(&mut self, now: Time, id: u32) {
        if let Some(durations) = &mut self.durations {
            durations.since.insert(id, now);
        }
    }

    /// A replica has done with a request.
    pub(crate) fn leaves(&mut self, now: Time, id: u32) {
        if let Some(durations) = &mut self.durations
            && let Some(since) = durations.since.remove(&id)
        {
            durations.took.push(now.since(since).0);
        }
    }

    /// The percentile, in seconds, of the requests done since the last look. `Some(None)` if there were none.
    fn percentile(&mut self) -> Option<Option<f64>> {
        let durations = self.durations.as_mut()?;
        let took = std::mem::take(&mut durations.took);
        let known = percentiles_ns(&took, &[durations.percentile]);
        let ms = known.and_then(|all| all.first().copied());
        Some(ms.filter(|_| !took.is_empty()).map(|ms| ms / 1e3))
    }
}

impl System<'_> {
    /// The integral of the metric of a replica so far, in units × nanoseconds, and what it is to be divided by.
    fn metric(&self, now: Time, service: u16, at: u16, metric: Metric) -> (u128, f64) {
        let spec = &self.model.services[usize::from(service)];
        let fleet = self.fleet.as_ref();
        let run = fleet.map(|fleet| &fleet.services[usize::from(service)]);
        let replica = run.map(|run| &run.replicas.probe.replicas[usize::from(at)]);
        match metric {
            Metric::Utilisation(station) => {
                let station = usize::from(spec.stations[usize::from(station)].first + at);
                let own = &self.model.stations[station];
                let probe = &self.stations[station].0.probe;
                let busy = probe.at_work(own.discipline, now);
                (busy, f64::from(own.servers))
            }
            Metric::Tokens(pool) => {
                let pool = usize::from(spec.pools[usize::from(pool)].first + at);
                let used = self.pools[pool].probe.held.area(now);
                (used, f64::from(self.model.pools[pool].size))
            }
            Metric::Requests => {
                // As an integral of a rate: one request is a nanosecond of 1e9 a second.
                let came = replica.map_or(0, |probe| u128::from(probe.picked));
                (came * 1_000_000_000, 1.0)
            }
            // Of all replicas together, or of the whole model.
            Metric::Duration(_) | Metric::External(_) => (0, 1.0),
            Metric::InFlight => (replica.map_or(0, |probe| probe.present.area(now)), 1.0),
            Metric::Queue => {
                let copy = |first: u16| usize::from(first + at);
                let stations = spec.stations.iter().map(|c| copy(c.first));
                let stations = stations.map(|s| self.stations[s].0.probe.queue.area(now));
                let pools = spec.pools.iter().map(|c| copy(c.first));
                let pools = pools.map(|p| self.pools[p].probe.queue.area(now));
                (stations.chain(pools).sum(), 1.0)
            }
        }
    }

    /// The integral of an external metric so far, in units × nanoseconds.
    fn external(&self, now: Time, source: Source) -> u128 {
        let copies = |first: u16, of: fn(&Service) -> &Vec<Copies>| {
            let owner = self
                .model
                .services
                .iter()
                .find(|s| of(s).iter().any(|c| c.first == first));
            let n = owner.map_or(1, |s| s.most as u16);
            (first..first + n).map(usize::from)
        };
        match source {
            Source::Station(first) => {
                let all = copies(first, |s| &s.stations);
                all.map(|s| self.stations[s].0.probe.queue.area(now)).sum()
            }
            Source::Pool(first) => {
                let all = copies(first, |s| &s.pools);
                all.map(|p| self.pools[p].probe.queue.area(now)).sum()
            }
            Source::InLine | Source::Admitted => self.room.as_ref().map_or(0, |(room, _)| {
                let in_line = source == Source::InLine;
                let level = if in_line {
                    &room.probe.waiting
                } else {
                    &room.probe.active
                };
                level.area(now)
            }),
        }
    }

    /// Collects the metric of the window that ends now.
    pub(crate) fn collect(&mut self, now: Time, service: u16) {
        let spec = &self.model.services[usize::from(service)];
        let rule = self.autoscale_spec(service).and_then(|s| s.rule.as_ref());
        let (Some(rule), most) = (rule, spec.most) else {
            return;
        };
        let metric = rule.metric;
        let all = (0..most as u16).map(|at| self.metric(now, service, at, metric));
        let all: Vec<(u128, f64)> = all.collect();
        let external = match metric {
            Metric::External(source) => Some(self.external(now, source)),
            _ => None,
        };
        let Some(fleet) = &mut self.fleet else { return };
        let run = &mut fleet.services[usize::from(service)];
        let Some(scaling) = &mut run.scaling else {
            return;
        };
        if scaling.collected == now {
            return;
        }
        if let Some(area) = external {
            let mean =
                (area - scaling.external.0) as f64 / now.since(scaling.collected).0.max(1) as f64;
            scaling.external = (area, Some(mean));
        }
        let percentile = scaling.percentile();
        for (at, (area, unit)) in all.into_iter().enumerate() {
            let member = &run.members[at];
            let from = member.ready_at.max(scaling.collected);
            let grown = area - scaling.areas[at];
            let ready = member.started && member.lost == 0 && from < now;
            let mean = grown as f64 / now.since(from).0.max(1) as f64 / unit;
            let value = percentile.unwrap_or(Some(mean));
            scaling.values[at] = value.filter(|_| ready);
            let partly = member.ready_at > scaling.collected;
            scaling.initialising[at] =
                ready && partly && now < member.born_at + rule.initialisation;
            scaling.areas[at] = area;
        }
        scaling.collected = now;
    }
}
