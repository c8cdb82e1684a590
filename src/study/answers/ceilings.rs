//! How much each resource of a model can do: the most iterations per second that it allows.

use super::bounds::Demand;
use super::walk::Walk;
use crate::account::{Kind, fastest, law, most_wanted, taken};
use crate::engine::Span;
use crate::model::scenario::Scenario;
use crate::model::system::{AdmissionOrder, Entity, Slowdown, Trigger, WaitingRoom};

/// All that has a limit and is needed, with its ceiling.
pub(super) fn ceilings(walk: &mut Walk) -> Vec<Demand> {
    let model = walk.model;
    let mut all: Vec<Demand> = (0..model.stations.len())
        .filter_map(|index| station(walk, index))
        .collect();
    all.extend((0..model.hosts.len()).filter_map(|index| host(walk, index)));
    all.extend((0..model.pools.len()).filter_map(|index| pool(walk, index)));
    for key in [
        Entity::User,
        Entity::Token,
        Entity::Event,
        Entity::Seat,
        Entity::Global,
    ] {
        all.extend(lock(walk, key));
    }
    if let Some(room) = model
        .waiting_room
        .as_ref()
        .filter(|_| walk.room.joined > 0.0)
    {
        all.extend(waiting_room(walk, room));
    }
    all
}

fn demand(kind: Kind, name: String, demand: f64, servers: u32) -> Demand {
    Demand {
        kind,
        name,
        demand,
        visits: 1.0,
        servers,
        pool: None,
        ceiling: f64::from(servers) / demand,
        with: None,
        least: false,
        knee: 0.0,
    }
}

fn station(walk: &mut Walk, index: usize) -> Option<Demand> {
    let spec = &walk.model.stations[index];
    let needed = walk.stations[index];
    if needed <= 0.0 || (spec.servers == u32::MAX && spec.scalability.is_none()) {
        return None;
    }
    let name = format!("station {}", spec.name);
    let mut one = demand(Kind::Station(index), name, needed, spec.servers);
    let own = walk.serves.iter().filter(|s| s.0 == index);
    one.visits = own.map(|s| s.2).sum();
    let mut with = Vec::new();
    if let Some(scalability) = spec.scalability {
        let law = law(scalability, spec.servers);
        if law.most() == f64::INFINITY {
            return None;
        }
        one.ceiling = law.most() / needed;
        with.push(if law.best() == f64::INFINITY {
            "its scalability".to_owned()
        } else {
            format!("its scalability: most is done with {:.0}", law.best())
        });
    }
    if let Some(most) = fastest(&spec.by_number, spec.servers) {
        one.ceiling = most / needed;
        with.push("its speed by the number there".to_owned());
    }
    if !spec.by_number.balking.is_empty() {
        walk.note("those who go away because of the line are left out");
    }
    let mut left = 1.0;
    for slowdown in &spec.slowdowns {
        match of_slowdown(walk, slowdown, &one) {
            Some(share) => left *= share,
            None => walk.note("slowdowns that come once are left out"),
        }
    }
    if left < 1.0 {
        one.ceiling *= left;
        with.push(format!("slowdowns leave it {:.1} %", 100.0 * left));
    }
    one.with = (!with.is_empty()).then(|| with.join("; "));
    Some(one)
}

/// The cores of a host: what all stations on it need of them.
fn host(walk: &Walk, index: usize) -> Option<Demand> {
    let spec = &walk.model.hosts[index];
    let stations: Vec<usize> = walk.model.stations_on(index).collect();
    let needed: f64 = stations.iter().map(|at| walk.stations[*at]).sum();
    let visits = walk.serves.iter().filter(|s| stations.contains(&s.0));
    let servers = spec.cores.ceil() as u32;
    let name = format!("host {}", spec.name);
    (needed > 0.0).then(|| Demand {
        visits: visits.map(|s| s.2).sum(),
        ceiling: spec.cores / needed,
        ..demand(Kind::Host(index), name, needed, servers)
    })
}

/// What a slowdown leaves of a station's speed in the long run; none if it comes once.
fn of_slowdown(walk: &Walk, slowdown: &Slowdown, station: &Demand) -> Option<f64> {
    if let Trigger::Completions(every) = slowdown.trigger {
        // `every` services at the rate that servers and law allow, then the time that is lost.
        let work = f64::from(every) / (station.ceiling * station.visits);
        if !work.is_finite() || work <= 0.0 {
            return None;
        }
        let lost = walk.mean(slowdown.lasts) * (1.0 - slowdown.leaves);
        return Some(work / (work + lost));
    }
    taken(walk.model, slowdown).map(|taken| 1.0 - taken)
}

fn pool(walk: &mut Walk, index: usize) -> Option<Demand> {
    let (held, visits) = walk.pools[index];
    let spec = &walk.model.pools[index];
    let mut one = demand(
        Kind::Pool(index),
        format!("pool {}", spec.name),
        held,
        spec.size,
    );
    let mut left = 1.0;
    for slowdown in &spec.slowdowns {
        match taken(walk.model, slowdown) {
            Some(taken) => left *= 1.0 - taken,
            None => walk.note("slowdowns that come once are left out"),
        }
    }
    if left < 1.0 {
        one.ceiling *= left;
        one.with = Some(format!("slowdowns leave it {:.1} %", 100.0 * left));
    }
    (held > 0.0).then_some(Demand {
        visits,
        pool: Some(index),
        least: true,
        ..one
    })
}

/// The locks of the entity that is wanted most.
fn lock(walk: &mut Walk, key: Entity) -> Option<Demand> {
    let (held, taken) = walk.locks[key as usize];
    if held <= 0.0 {
        return None;
    }
    let (name, others) = match key {
        Entity::Global => ("lock of the system", ""),
        Entity::User => ("lock of the user", "of a single user"),
        Entity::Event => ("lock of the event", "of the event wanted most"),
        Entity::Token | Entity::Seat => {
            walk.note(
                "locks of single seats and tokens are left out: a run shows which are wanted most",
            );
            return None;
        }
    };
    let share = most_wanted(walk.model, key)?;
    let one = demand(Kind::Lock(key), name.to_owned(), held * share, 1);
    Some(Demand {
        visits: taken,
        with: (share < 1.0).then(|| others.to_owned()),
        least: true,
        ..one
    })
}

/// Each rule by which a waiting room lets users in.
fn waiting_room(walk: &mut Walk, room: &WaitingRoom) -> Vec<Demand> {
    if room.order == AdmissionOrder::PassThrough {
        return Vec::new();
    }
    let used = walk.room;
    let mut rules = Vec::new();
    let mut rule = |with: &str, needed: f64, size: u32, least: bool| {
        let one = demand(Kind::WaitingRoom, "waiting room".to_owned(), needed, size);
        rules.push(Demand {
            visits: used.joined,
            with: Some(with.to_owned()),
            least,
            ..one
        });
    };
    if let Some(rate) = room.rate.filter(|rate| *rate > 0.0) {
        rule("its rate", used.joined / rate, 1, false);
    }
    if let Some((size, every)) = room.batch {
        rule(
            "its batches",
            used.joined * every.as_secs(),
            size.max(1),
            false,
        );
    }
    if let Some(most) = room.per_minute {
        // Locations that do not know of one another may exceed it together.
        let most = room.locations.map_or(f64::from(most), |locations| {
            let times = f64::from(locations.count - 1) * locations.common;
            f64::from(most) * (1.0 + times)
        });
        let most = most.ceil().min(f64::from(u32::MAX)) as u32;
        rule(
            "the number a minute",
            used.joined * 60.0,
            most.max(1),
            false,
        );
    }
    if let Some(cap) = room.active_cap {
        let session = room.session.map(|dist| walk.mean(dist));
        let inside = match (used.stays > 0.0, session) {
            (false, _) => Some(used.inside),
            (true, session) => session.map(|session| used.inside + used.stays * session),
        };
        match inside {
            Some(inside) if inside > 0.0 => {
                rule("the number inside at once", inside, cap.max(1), used.inside > 0.0);
            }
            Some(_) => {}
            None => walk.note(
                "the waiting room's places are left out: nobody gives them back, by leaving or by the end of \
                 a session",
            ),
        }
    }
    if room.opens_at != Span::ZERO {
        walk.note("the wait until the waiting room opens is left out");
    }
    rules
}

/// The VUs of an arrival rate; an iteration keeps one for as long as it takes.
pub(super) fn vus(walk: &Walk, scenario: &Scenario) -> Option<Demand> {
    let (_, max_vus) = scenario.executor.allocation()?;
    let iteration = walk.think + walk.elapsed;
    let size = u32::try_from(max_vus).unwrap_or(u32::MAX);
    let name = format!("VUs of scenario {}", scenario.name);
    let one = demand(Kind::Vus(0), name, iteration, size);
    (iteration > 0.0).then_some(Demand { least: true, ..one })
}

/// N*: as many users as it takes for this throughput if nobody waits in line. Under a scalability law those in
/// service hold one another up: at most as many as do most.
pub(super) fn knee(walk: &Walk, throughput: f64) -> f64 {
    let mut users = throughput * (walk.think + walk.elapsed);
    for (spec, demand) in walk.model.stations.iter().zip(&walk.stations) {
        let Some(law) = spec.scalability.map(|s| law(s, spec.servers)) else {
            continue;
        };
        let alone = throughput * demand;
        // Contention alone has no best number: there the straight line meets the ceiling.
        if *demand > 0.0 && law.best() < f64::INFINITY {
            users += law.present_at(alone) - alone;
        }
    }
    users
}
