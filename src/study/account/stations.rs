//! What requests spent at the stations: in line, in service alone, and in service beyond that.

use crate::measure::time_weighted::TimeWeighted;
use crate::model::Model;
use crate::model::system::{
    Accumulated, ByNumber, DistId, Growth, Op, Scalability, Slowdown, Trigger,
};
use crate::theory::mmc::Mmc;
use crate::theory::scalability::Law;
use crate::world::outcome::Outcome;

/// Seconds in a nanosecond.
pub(super) const NS: f64 = 1e-9;

/// Servers used so much at the peak of the load make a line by themselves.
const BUSY_ALONE: f64 = 0.9;
/// Servers used so much, slowdowns included, have no time left.
const BUSY_WITH: f64 = 0.97;

/// What requests spent at one station, in seconds over the whole run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AtStation {
    /// In line.
    pub queue: f64,
    /// In service, however fast.
    pub present: f64,
    /// In service beyond what one alone takes, because more than the servers share them.
    pub sharing: f64,
    /// The same because of the scalability law.
    pub law: f64,
    /// The same because of slowdowns.
    pub slow: f64,
    /// The same because its host has too few cores.
    pub host: f64,
    /// Mean service time, and what it would be alone.
    pub each: (f64, f64),
    /// With slowdowns, and servers that could do the work without them: how much there would be in line
    /// (or shared) then, by Erlang's formula.
    pub line_without: Option<f64>,
}

impl AtStation {
    /// All that was waited, in line or in service.
    pub fn waited(&self) -> f64 {
        self.queue + self.stretch()
    }

    /// In service beyond what one alone takes.
    pub fn stretch(&self) -> f64 {
        self.sharing + self.law + self.slow + self.host
    }

    /// Of all that was waited: because of the servers, the law, slowdowns, and the host. Who stands in line waits
    /// for what those in service take, the slowness included; where the servers could do the work but for the
    /// slowdowns, these are the cause of what is in line beyond what would be there without them.
    pub fn causes(&self) -> [f64; 4] {
        let waited = self.waited();
        if waited <= 0.0 {
            return [1.0, 0.0, 0.0, 0.0];
        }
        let line = self.queue + self.sharing;
        let occupied = (self.present - self.sharing).max(f64::MIN_POSITIVE);
        let (by_law, by_slow) = match self.line_without {
            Some(without) => (0.0, line - line.min(without)),
            None => (line * self.law / occupied, line * self.slow / occupied),
        };
        let by_host = line * self.host / occupied;
        let (law, slow) = ((self.law + by_law) / waited, (self.slow + by_slow) / waited);
        let host = (self.host + by_host) / waited;
        [(1.0 - law - slow - host).max(0.0), law, slow, host]
    }
}

/// The law of a station.
#[must_use]
pub fn law(scalability: Scalability, servers: u32) -> Law {
    Law {
        sigma: scalability.sigma,
        kappa: scalability.kappa,
        servers: if servers == u32::MAX {
            f64::INFINITY
        } else {
            f64::from(servers)
        },
    }
}

/// The most that a station whose speed depends on how many are there can do, in services of one alone at a time;
/// none if it does more and more.
#[must_use]
pub fn fastest(by_number: &ByNumber, servers: u32) -> Option<f64> {
    let last = by_number.speeds.last()?;
    if servers == u32::MAX {
        return None;
    }
    let work = |(at, speed): (usize, &f64)| (at as f64 + 1.0).min(f64::from(servers)) * speed;
    let listed = by_number.speeds.iter().enumerate().map(work);
    Some(listed.fold(f64::from(servers) * last, f64::max))
}

/// What was spent at each station.
pub(super) fn at_stations(outcome: &Outcome, model: &Model) -> Vec<AtStation> {
    let end = outcome.end_time();
    let area = |level: &TimeWeighted| level.area(end) as f64 * NS;
    let mut all = Vec::new();
    for (index, (spec, probe)) in model.stations.iter().zip(&outcome.stations).enumerate() {
        let present = area(&probe.in_service);
        let busy = area(probe.occupied(spec.discipline));
        let mut at = AtStation {
            queue: area(&probe.queue),
            present,
            sharing: (present - busy).max(0.0),
            host: lost_on_host(outcome, model, index),
            ..AtStation::default()
        };
        let (served, alone, visits) = served(outcome, model, index);
        if visits > 0.0 {
            at.each = (served / visits, alone / visits);
        }
        let speeds = !spec.by_number.speeds.is_empty();
        let crowds = spec.scalability.is_some() || speeds;
        if served > 0.0 && (crowds || !spec.slowdowns.is_empty()) {
            let beyond = present * (1.0 - (alone / served).min(1.0));
            let beyond = (beyond - at.sharing - at.host).max(0.0);
            let mean = probe.in_service.mean(end);
            let by_law = spec.scalability.map_or(0.0, |s| {
                law(s, spec.servers).stretch(mean) * f64::from(u8::from(mean > 0.0))
            });
            at.law = match (crowds, spec.slowdowns.is_empty()) {
                (false, _) => 0.0,
                (true, true) => beyond,
                (true, false) if speeds => beyond,
                (true, false) => beyond.min((present - beyond) * (by_law - 1.0).max(0.0)),
            };
            at.slow = beyond - at.law;
            at.line_without = line_without(outcome, model, index, &at);
        }
        all.push(at);
    }
    all
}

/// How long servers of a station had no core of its host.
pub(super) fn lost_on_host(outcome: &Outcome, model: &Model, station: usize) -> f64 {
    let Some(host) = model.stations[station].host else {
        return 0.0;
    };
    let place = model.stations_on(host.index()).position(|at| at == station);
    let probe = outcome.hosts.get(host.index());
    let lost = probe.zip(place).and_then(|(probe, at)| probe.lost.get(at));
    lost.map_or(0.0, |ns| ns * NS)
}

/// What would be in line at a station with slowdowns if it had none; none where its servers would be used up
/// all the same, at the peak of the load or because the slowdowns leave them no time.
fn line_without(outcome: &Outcome, model: &Model, station: usize, at: &AtStation) -> Option<f64> {
    let servers = model.stations[station].servers;
    let seconds = outcome.duration.as_secs();
    if at.slow <= 0.0 || servers == u32::MAX || servers == 0 || seconds <= 0.0 {
        return None;
    }
    let all = f64::from(servers) * seconds;
    let occupied = (at.present - at.sharing) / all;
    let busy = (at.present - at.stretch()) / all * model.peak_over_mean();
    if busy >= BUSY_ALONE || occupied >= BUSY_WITH || busy <= 0.0 {
        return None;
    }
    let queue = Mmc::new(busy * f64::from(servers), 1.0, servers)?;
    Some(queue.mean_wait() * busy * f64::from(servers) * seconds)
}

/// Time in service of the visits that were completed, what they would have taken alone, and their number.
fn served(outcome: &Outcome, model: &Model, station: usize) -> (f64, f64, f64) {
    let (mut served, mut alone, mut count) = (0.0, 0.0, 0.0);
    let ops = model.endpoints.iter().flat_map(|e| &e.ops);
    for (op, times) in ops.zip(&outcome.op_times) {
        let Op::Serve {
            station: at,
            time,
            growth,
            ..
        } = *op
        else {
            continue;
        };
        if at.index() == station {
            served += times.served as f64 * NS;
            alone += times.visits as f64 * mean(model, time) * grown(outcome, growth);
            count += times.visits as f64;
        }
    }
    (served, alone, count)
}

/// Mean of a time, in seconds; zero if it has none.
pub(super) fn mean(model: &Model, id: DistId) -> f64 {
    let mean = model.dists[id.index()].dist.mean() * NS;
    if mean.is_finite() { mean } else { 0.0 }
}

/// By how much services have grown, half-way through what has accumulated in the run.
fn grown(outcome: &Outcome, growth: Option<Growth>) -> f64 {
    let Some(growth) = growth else { return 1.0 };
    let seats = outcome.inventory.as_ref().map(|(probe, _)| probe);
    let count = match growth.with {
        Accumulated::Sales => seats.map_or(0, |p| p.sold),
        Accumulated::Claims => seats.map_or(0, |p| p.claimed),
        Accumulated::Tokens => outcome.room.as_ref().map_or(0, |r| r.joined),
        Accumulated::Requests => outcome.recorder.requests(),
    };
    1.0 + growth.per_unit * count as f64 / 2.0
}

/// Share of its speed that a slowdown takes from a station in the long run; none for what comes once, or
/// after a number of completions.
#[must_use]
pub fn taken(model: &Model, slowdown: &Slowdown) -> Option<f64> {
    let lasts = mean(model, slowdown.lasts);
    let open = match slowdown.trigger {
        Trigger::Every(gap) => lasts / mean(model, gap),
        Trigger::After(gap) => lasts / (mean(model, gap) + lasts),
        Trigger::Completions(_) | Trigger::At(_) | Trigger::Loaded(_) => return None,
    };
    open.is_finite()
        .then(|| open.min(1.0) * (1.0 - slowdown.leaves))
}
