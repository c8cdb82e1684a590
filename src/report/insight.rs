//! What k6 cannot show: how busy each resource was, where the time of the requests went, and what
//! limits the system.

use crate::engine::Time;
use crate::measure::level::Level;
use crate::model::Model;
use crate::model::system::{Discipline, Entity, Op};
use crate::report::format;
use crate::world::OpTime;
use crate::world::outcome::Outcome;
use crate::world::slow::Slow;

/// From this utilisation on a station counts as the bottleneck before any pool: the tokens of a pool
/// are all out when what is done with them is slow.
const BUSY: f64 = 0.85;

/// One resource over the whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `station db` or `pool threads`.
    pub name: String,
    /// Servers or tokens; `None` if there are infinitely many.
    pub size: Option<u32>,
    /// Share of the servers at work, or of the tokens held, over the whole run; 0 without limit.
    pub utilisation: f64,
    /// Jobs in service, or tokens held: mean and maximum.
    pub in_use: (f64, u64),
    /// Jobs waiting: mean and maximum.
    pub queue: (f64, u64),
    /// Jobs refused.
    pub refused: u64,
    is_station: bool,
}

/// All stations and pools, in the order of the model.
#[must_use]
pub fn resources(outcome: &Outcome, model: &Model) -> Vec<Resource> {
    let end = outcome.end_time();
    let stations = model.stations.iter().zip(&outcome.stations);
    let stations = stations.map(|(spec, probe)| {
        let size = (spec.servers != u32::MAX).then_some(spec.servers);
        // Servers that share are counted apart; elsewhere each job in service has a server.
        let at_work = match spec.discipline {
            Discipline::ProcessorSharing => &probe.busy,
            _ => &probe.in_service,
        };
        let busy = size.map_or(0.0, |n| at_work.mean(end) / f64::from(n.max(1)));
        Resource {
            name: format!("station {}", spec.name),
            size,
            utilisation: busy,
            in_use: level(&probe.in_service, end),
            queue: level(&probe.queue, end),
            refused: probe.refused,
            is_station: true,
        }
    });
    let pools = model.pools.iter().zip(&outcome.pools);
    let pools = pools.map(|(spec, probe)| Resource {
        name: format!("pool {}", spec.name),
        size: Some(spec.size),
        utilisation: probe.held.mean(end) / f64::from(spec.size.max(1)),
        in_use: level(&probe.held, end),
        queue: level(&probe.queue, end),
        refused: probe.refused,
        is_station: false,
    });
    stations.chain(pools).collect()
}

fn level(level: &Level, end: Time) -> (f64, u64) {
    (level.mean(end), level.max())
}

/// What limits the throughput, in one sentence with its figure.
#[must_use]
pub fn bottleneck(resources: &[Resource]) -> String {
    let busiest = |stations_only: bool| {
        let all = resources.iter().filter(|r| r.is_station || !stations_only);
        all.max_by(|a, b| a.utilisation.total_cmp(&b.utilisation))
    };
    let station = busiest(true).filter(|r| r.utilisation >= BUSY);
    let Some(most) = station.or_else(|| busiest(false)) else {
        return "Nothing can be a bottleneck: the model has no station and no pool.".to_owned();
    };
    let used = percent(most.utilisation);
    let (mean, max) = (amount(most.queue.0), most.queue.1);
    if most.utilisation < 0.5 && max == 0 {
        return format!(
            "Nothing was a bottleneck: the busiest resource, {}, was {used} used, and nobody \
             waited for it.",
            most.name
        );
    }
    let crowd = if most.is_station && most.queue.1 == 0 {
        let (mean, max) = (amount(most.in_use.0), most.in_use.1);
        format!("{mean} requests were in it on average, {max} at most")
    } else {
        format!("{mean} requests waited for it on average, {max} at most")
    };
    format!(
        "The bottleneck is {}: {used} used over the whole run; {crowd}.",
        most.name
    )
}

/// The table of resources.
#[must_use]
pub fn resource_table(resources: &[Resource]) -> String {
    let mut rows = vec![
        [
            "resource", "size", "used", "in use", "max", "queue", "max", "refused",
        ]
        .map(str::to_owned),
    ];
    for r in resources {
        let limited = |text: String| {
            if r.size.is_some() {
                text
            } else {
                "no limit".to_owned()
            }
        };
        rows.push([
            r.name.clone(),
            limited(r.size.map_or(String::new(), |n| n.to_string())),
            limited(percent(r.utilisation)),
            amount(r.in_use.0),
            r.in_use.1.to_string(),
            amount(r.queue.0),
            r.queue.1.to_string(),
            r.refused.to_string(),
        ]);
    }
    aligned(&rows)
}

/// What an endpoint's requests spent on one thing.
struct Share {
    what: String,
    ns: u128,
}

/// Where the time of all requests went, endpoint by endpoint: the mean per request.
#[must_use]
pub fn time_table(outcome: &Outcome, model: &Model) -> String {
    let count = |own: &[OpTime]| own.iter().map(|t| t.visits).max().unwrap_or(0);
    table(model, &outcome.op_times, |_, own| count(own))
}

/// The same for the slow ones.
#[must_use]
pub fn slow_table(slow: &Slow, model: &Model) -> String {
    // An endpoint that others call is slow as often as it was visited for a slow request.
    table(model, &slow.op_times, |endpoint, own| {
        let visits = own.iter().map(|t| t.visits).max().unwrap_or(0);
        slow.requests[endpoint].max(visits.min(1) * visits)
    })
}

fn table(model: &Model, times: &[OpTime], count: impl Fn(usize, &[OpTime]) -> u64) -> String {
    let mut rows = vec![["endpoint", "requests", "in the system", "of which"].map(str::to_owned)];
    let mut first = 0;
    for (index, endpoint) in model.endpoints.iter().enumerate() {
        let own = &times[first..first + endpoint.ops.len()];
        first += endpoint.ops.len();
        let requests = count(index, own);
        let mut shares = shares(model, &endpoint.ops, own);
        let total: u128 = shares.iter().map(|s| s.ns).sum();
        if requests == 0 || total == 0 {
            continue;
        }
        // The largest first; equal ones stay in the order of the endpoint.
        shares.sort_by_key(|s| std::cmp::Reverse(s.ns));
        let mean = |ns: u128| format::time(ns as f64 / requests as f64 / 1e6, None);
        let parts: Vec<String> = shares
            .iter()
            .map(|s| {
                let share = percent(s.ns as f64 / total as f64);
                format!("{} {} ({share})", s.what, mean(s.ns))
            })
            .collect();
        rows.push([
            endpoint.name.clone(),
            requests.to_string(),
            mean(total),
            parts.join(", "),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    aligned(&rows)
}

fn shares(model: &Model, ops: &[Op], times: &[OpTime]) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    let mut add = |what: String, ns: u128| {
        if ns == 0 {
            return;
        }
        match shares.iter_mut().find(|s| s.what == what) {
            Some(share) => share.ns += ns,
            None => shares.push(Share { what, ns }),
        }
    };
    for (op, time) in ops.iter().zip(times) {
        match op {
            Op::Serve { station, .. } => {
                let name = &model.stations[station.index()].name;
                add(format!("waiting for {name}"), time.waited);
                add(format!("in service at {name}"), time.served);
            }
            Op::Acquire { pool } => {
                let name = &model.pools[pool.index()].name;
                add(format!("waiting for {name}"), time.waited);
            }
            Op::Lock { key, .. } => add(format!("locked out of {}", entity(*key)), time.waited),
            _ => add("delay".to_owned(), time.served),
        }
    }
    shares
}

fn entity(key: Entity) -> &'static str {
    match key {
        Entity::User => "the user",
        Entity::Token => "the token",
        Entity::Event => "the event",
        Entity::Seat => "the seat",
        Entity::Global => "the system",
    }
}

/// Columns as wide as their widest entry; numbers to the right, the first and last column to the left.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("    ");
        for (column, cell) in row.iter().enumerate() {
            let w = width(column);
            let of_words = column == 0 || (column + 1 == N && N == 4);
            line += &if of_words {
                format!(" {cell:<w$} ")
            } else {
                format!(" {cell:>w$} ")
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A share with one decimal.
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A mean number of jobs.
fn amount(mean: f64) -> String {
    format!("{mean:.2}")
}
