//! Stations and hosts.

use super::Sums;
use crate::account::replicas::{What, family, there};
use crate::account::stations::{NS, fastest, law, taken};
use crate::account::{Kind, Limit};

impl Sums<'_> {
    /// The servers of a station, its law and its slowdowns.
    pub(super) fn station(&self, index: usize, limits: &mut Vec<Limit>) {
        let (spec, at) = (&self.model.stations[index], &self.stations[index]);
        let probe = &self.outcome.stations[index];
        let end = self.outcome.end_time();
        let run = (self.model, self.outcome);
        let there = there(run, What::Station, index);
        if there <= 0.0 {
            return;
        }
        let causes = at.causes();
        let caused = self.caused[index];
        let mut own = Limit::new(Kind::Station(index), format!("station {}", spec.name));
        own.family = family(run, What::Station, index);
        own.size = (spec.servers != u32::MAX).then(|| f64::from(spec.servers));
        let all = end.0.max(1) as f64 * there;
        let share = |area: u128| {
            own.size
                .map_or(0.0, |n| (area as f64 / all / n.max(1.0)).min(1.0))
        };
        let occupied = share(probe.occupied(spec.discipline).area(end));
        // A server that waits for a core of its host is not used.
        let idle = (at.host / NS) as u128;
        own.utilisation = share(probe.at_work(spec.discipline, end).saturating_sub(idle));
        self.levels(&mut own, &probe.in_service, &probe.queue);
        let came = probe.arrived.max(1) as f64;
        own.lost_count = (probe.refused + probe.left) as f64;
        own.lost = own.lost_count / came;
        (own.waited, own.caused) = (at.queue + at.sharing, caused * causes[0]);
        (own.each, own.alone) = at.each;
        let mut others = Vec::new();
        if let Some(scalability) = spec.scalability {
            let law = law(scalability, spec.servers);
            let name = format!("the scalability of station {}", spec.name);
            let mut limit = Limit {
                kind: Kind::Scalability(index),
                name,
                waited: at.law,
                caused: caused * causes[1],
                best: law.best(),
                ..own.clone()
            };
            let (each, alone) = at.each;
            let done = probe.completed as f64 / self.seconds.max(f64::MIN_POSITIVE);
            // Beyond the best number more in service do less: no load is left that could be borne.
            let crowded = own.in_use * self.model.peak_over_mean() >= law.best();
            let beyond = crowded && each >= alone * law.stretch(law.best());
            limit.utilisation = if beyond && law.best() < law.servers {
                1.0
            } else {
                (done * alone / law.most()).min(1.0)
            };
            (limit.lost, limit.lost_count) = (0.0, 0.0);
            others.push(limit);
        }
        if !spec.by_number.speeds.is_empty() {
            others.push(self.crowding(index, &own, caused * causes[1]));
        }
        if !spec.slowdowns.is_empty() {
            let mut names: Vec<&str> = spec.slowdowns.iter().map(|s| s.name.as_str()).collect();
            names.dedup();
            others.push(Limit {
                kind: Kind::Slowdown(index),
                name: format!("slowdown {} of station {}", names.join(", "), spec.name),
                waited: at.slow,
                caused: caused * causes[2],
                utilisation: self.slowed_use(index).unwrap_or(occupied),
                lost: 0.0,
                lost_count: 0.0,
                ..own.clone()
            });
        }
        limits.push(own);
        limits.extend(others);
    }

    /// The speed of a station by the number of those who are there: how they hold one another up.
    pub(super) fn crowding(&self, index: usize, own: &Limit, caused: f64) -> Limit {
        let (spec, at) = (&self.model.stations[index], &self.stations[index]);
        let done = self.outcome.stations[index].completed as f64;
        let done = done / self.seconds.max(f64::MIN_POSITIVE);
        let utilisation = match fastest(&spec.by_number, spec.servers) {
            Some(most) => done * at.each.1 / most.max(f64::MIN_POSITIVE),
            None => at.law / at.present.max(f64::MIN_POSITIVE),
        };
        Limit {
            kind: Kind::Scalability(index),
            name: format!("the scalability of station {}", spec.name),
            waited: at.law,
            caused,
            best: f64::INFINITY,
            utilisation: utilisation.min(1.0),
            lost: 0.0,
            lost_count: 0.0,
            ..own.clone()
        }
    }

    /// How much is used of what the slowdowns of a station leave: while it stands still, more servers are
    /// taken than its work needs. Without a limit, how much longer services take.
    pub(super) fn slowed_use(&self, index: usize) -> Option<f64> {
        let (spec, at) = (&self.model.stations[index], &self.stations[index]);
        if spec.servers == u32::MAX {
            return Some(at.slow / at.present.max(f64::MIN_POSITIVE));
        }
        let left = spec
            .slowdowns
            .iter()
            .map(|s| Some(1.0 - taken(self.model, s)?));
        let left: f64 = left.collect::<Option<Vec<f64>>>()?.iter().product();
        let all = f64::from(spec.servers.max(1)) * self.seconds.max(f64::MIN_POSITIVE);
        let work = (at.present - at.stretch()).max(0.0);
        Some((work / (all * left).max(f64::MIN_POSITIVE)).min(1.0))
    }

    /// The cores of a host. Who works there without a core of its own waits for one.
    pub(super) fn host(&self, index: usize) -> Limit {
        let (spec, probe) = (&self.model.hosts[index], &self.outcome.hosts[index]);
        let mut limit = Limit::new(Kind::Host(index), format!("host {}", spec.name));
        let (end, seconds) = (self.outcome.end_time(), self.seconds.max(f64::MIN_POSITIVE));
        limit.size = Some(spec.cores);
        limit.in_use = probe.used(end) * NS / seconds;
        limit.utilisation = (limit.in_use / spec.cores).min(1.0);
        let most = probe.wanted.max() as f64;
        limit.in_use_max = most.min(spec.cores);
        limit.queue = (probe.wanted.mean(end) - limit.in_use).max(0.0);
        limit.queue_max = (most - spec.cores).max(0.0);
        for at in self.model.stations_on(index) {
            limit.waited += self.stations[at].host;
            limit.caused += self.caused[at] * self.stations[at].causes()[3];
        }
        limit
    }
}
