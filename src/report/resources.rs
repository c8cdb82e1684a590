//! How busy each resource was and where the time of the requests went, as tables of the terminal.

use crate::model::Model;
use crate::model::retry::GuardId;
use crate::model::system::{Entity, Op};
use crate::report::bottleneck::families;
use crate::report::format;
use crate::study::account::{Account, Kind};
use crate::study::fit::free::four_digits;
use crate::world::OpTime;
use crate::world::latency_breakdown::Slow;
use crate::world::outcome::Outcome;

/// The table of resources: all that can make somebody wait but think time.
#[must_use]
pub fn resource_table(account: &Account) -> String {
    let head = [
        "resource", "size", "used", "in use", "max", "queue", "max", "lost", "waiting", "ceiling",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    let shown = families::shown(account);
    for l in shown.iter().filter(|l| !matches!(l.kind, Kind::Think(_))) {
        // How many VUs were at work at most is not recorded.
        let most = |n: f64| match l.kind {
            Kind::Vus(..) => "-".to_owned(),
            _ => n.to_string(),
        };
        let size = l.size.map(four_digits);
        let limited = size.is_some() || !matches!(l.kind, Kind::Station(_));
        rows.push([
            l.name.strip_prefix("the ").unwrap_or(&l.name).to_owned(),
            match (size, l.kind) {
                (Some(n), _) => n.to_string(),
                (None, Kind::Lock(_)) => "1 each".to_owned(),
                (None, Kind::Station(_)) => "no limit".to_owned(),
                (None, _) => "-".to_owned(),
            },
            if limited {
                percent(l.utilisation)
            } else {
                "no limit".to_owned()
            },
            amount(l.in_use),
            most(l.in_use_max),
            amount(l.queue),
            most(l.queue_max),
            l.lost_count.to_string(),
            percent(account.share(l, l.waited)),
            l.ceiling
                .filter(|_| limited)
                .map_or("-".to_owned(), |c| format!("{}/s", four_digits(c))),
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
                let name = model.station_name(station.index());
                add(format!("waiting for {name}"), time.waited);
                add(format!("in service at {name}"), time.served);
            }
            Op::Acquire { pool } | Op::AcquireMany { pool, .. } => {
                let name = model.pool_name(pool.index());
                add(format!("waiting for {name}"), time.waited);
            }
            Op::Connect(pool) => {
                let name = model.pool_name(pool.index());
                add(
                    format!("waiting for a connection of {name} to be made"),
                    time.waited,
                );
            }
            Op::Limit(limit) => {
                let name = &model.limits[limit.index()].name;
                add(format!("waiting for limit {name}"), time.served);
            }
            Op::Guard(guard) => {
                let name = called(model, ops, *guard);
                add(format!("pauses before retries of {name}"), time.waited);
            }
            Op::RateLimit(limit) => {
                let name = &model.rate_limits[limit.index()].name;
                add(format!("waiting for rate limit {name}"), time.waited);
            }
            Op::Cache { cache, .. } => {
                let name = model.cache_name(cache.index());
                add(
                    format!("waiting for another's fetch into {name}"),
                    time.waited,
                );
            }
            Op::Lock { key, .. } => {
                // Who is handed it has to wake up.
                let out = time.waited + time.served;
                add(format!("locked out of {}", entity(*key)), out);
            }
            _ => add("delay".to_owned(), time.served),
        }
    }
    shares
}

/// What is called under a guard.
fn called<'m>(model: &'m Model, ops: &[Op], guard: GuardId) -> &'m str {
    let mut pairs = ops.windows(2);
    let callee = pairs.find_map(|pair| match pair {
        [Op::Guard(own), Op::Call(callee)] if *own == guard => Some(*callee),
        _ => None,
    });
    callee.map_or("", |id| model.endpoints[id.index()].name.as_str())
}

/// What a lock belongs to, in words.
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
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
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
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A mean number of jobs.
pub(super) fn amount(mean: f64) -> String {
    format!("{mean:.2}")
}
