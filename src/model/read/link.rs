//! Checks across sections: calls that go in circles, rooms that nobody can join, journeys that take no
//! time, things that nobody uses.

use super::visit::Call;
use super::{Build, Sections, flow, order, progress, service};
use crate::Model;
use crate::field::Field;
use crate::journey::{Journey, Step};
use crate::system::{EndpointId, Op};
use std::collections::{BTreeMap, BTreeSet};

/// Checks what no single section can know.
pub(super) fn check(
    build: &Build,
    model: &mut Model,
    calls: &[Call],
    at: &Sections,
    room: Option<&Field>,
) {
    let mut by_caller: Vec<Vec<&Call>> = vec![Vec::new(); model.endpoints.len()];
    for call in calls {
        if let Some(own) = by_caller.get_mut(call.from.index()) {
            own.push(call);
        }
    }
    let order = match callees_first(&by_caller) {
        Ok(order) => order,
        Err(circling) => return circle(build, model, &by_caller, &circling),
    };
    held(build, model, &by_caller, &order, at);
    service::check(build, model, at);
    let reach = flow::reach(model, &order);
    if let Some(field) = room {
        waiting_room(build, model, field);
    }
    // What follows relies on names that lead somewhere.
    if build.notes.any_error() {
        return;
    }
    flow::check(build, model, &reach);
    progress::check(build, model, &reach, at);
    unused(build, model, calls, at);
    order::check(build, model, &order, at);
    waking(build, model, at);
}

/// Waking up is work at stations: it must come to an end, whatever is held.
fn waking(build: &Build, model: &Model, at: &Sections) {
    let works = |op: &Op| matches!(op, Op::Serve { .. } | Op::Delay(_) | Op::InTime | Op::Done);
    for (pool, (_, field)) in model.pools.iter().zip(&at.pools) {
        let endpoint = pool.waiting.wake_work;
        let endpoint = endpoint.and_then(|id| model.endpoints.get(id.index()));
        if let Some(endpoint) = endpoint
            && !endpoint.ops.iter().all(works)
        {
            let message = format!(
                "`wake_work` of the pool does more than to visit stations: endpoint `{}`",
                endpoint.name
            );
            let fix = "name an endpoint whose visits are { station = … } and { delay = … } alone";
            build.notes.error(field.at, message, fix);
        }
    }
}

/// Endpoints in an order in which each comes after those that it calls. If calls go in circles: those
/// that are in one or lead into one.
fn callees_first(by_caller: &[Vec<&Call>]) -> Result<Vec<EndpointId>, BTreeSet<EndpointId>> {
    let mut waits: Vec<usize> = by_caller.iter().map(Vec::len).collect();
    let mut callers: Vec<Vec<EndpointId>> = vec![Vec::new(); by_caller.len()];
    for call in by_caller.iter().flatten() {
        if let Some(callers) = callers.get_mut(call.to.index()) {
            callers.push(call.from);
        }
    }
    let all = || (0..=u16::MAX).map(EndpointId).take(by_caller.len());
    let mut ready: Vec<EndpointId> = all()
        .filter(|id| waits.get(id.index()) == Some(&0))
        .collect();
    let mut order = Vec::new();
    while let Some(id) = ready.pop() {
        order.push(id);
        for &caller in callers.get(id.index()).into_iter().flatten() {
            if let Some(left) = waits.get_mut(caller.index()) {
                *left -= 1;
                if *left == 0 {
                    ready.push(caller);
                }
            }
        }
    }
    let circling: BTreeSet<EndpointId> = all()
        .filter(|id| waits.get(id.index()).is_some_and(|left| *left > 0))
        .collect();
    if circling.is_empty() {
        Ok(order)
    } else {
        Err(circling)
    }
}

/// Names one circle of calls: from those that lead into one, on and on until one comes again.
fn circle(build: &Build, model: &Model, by_caller: &[Vec<&Call>], circling: &BTreeSet<EndpointId>) {
    let onward = |id: EndpointId| {
        let mut calls = by_caller.get(id.index()).into_iter().flatten();
        calls.find(|call| circling.contains(&call.to)).copied()
    };
    let mut path: Vec<&Call> = Vec::new();
    let mut places: BTreeMap<EndpointId, usize> = BTreeMap::new();
    let mut next = circling.first().and_then(|id| onward(*id));
    while let Some(call) = next {
        if let Some(start) = places.insert(call.from, path.len()) {
            path.drain(..start);
            break;
        }
        path.push(call);
        next = onward(call.to);
    }
    let name = |id: EndpointId| {
        model
            .endpoints
            .get(id.index())
            .map_or("", |e| e.name.as_str())
    };
    let Some(last) = path.last() else {
        return;
    };
    let names: Vec<&str> = path.iter().take(20).map(|call| name(call.from)).collect();
    let message = format!(
        "calls go in a circle: {} → {}",
        names.join(" → "),
        name(last.to)
    );
    build
        .notes
        .error(last.place, message, "remove one of these calls");
}

/// Adds to what each endpoint holds what it holds while others work for it.
fn held(
    build: &Build,
    model: &mut Model,
    by_caller: &[Vec<&Call>],
    order: &[EndpointId],
    at: &Sections,
) {
    let holds = |model: &Model, id: EndpointId| {
        model
            .endpoints
            .get(id.index())
            .map_or(0, |endpoint| usize::from(endpoint.max_held))
    };
    for &id in order {
        let calls = by_caller.get(id.index()).into_iter().flatten();
        let with_calls = calls
            .map(|call| call.held.saturating_add(holds(model, call.to)))
            .max();
        let most = holds(model, id).max(with_calls.unwrap_or(0));
        let fits = u8::try_from(most).ok().filter(|most| *most < u8::MAX);
        if let (None, Some((_, field))) = (fits, at.endpoints.get(id.index())) {
            let message = "a request would hold more than 254 tokens and locks at once";
            build.notes.error(field.at, message, "hold less");
        }
        if let Some(endpoint) = model.endpoints.get_mut(id.index()) {
            endpoint.max_held = fits.unwrap_or(u8::MAX);
        }
    }
}

fn waiting_room(build: &Build, model: &Model, room: &Field) {
    let issues = |op: &Op| *op == Op::IssueToken;
    if !model
        .endpoints
        .iter()
        .any(|endpoint| endpoint.ops.iter().any(issues))
    {
        let message =
            "unreachable admission: no endpoint issues tokens, so nobody can join the line";
        let fix = "add { issue = \"token\" } to the visits of the endpoint that lets users join";
        build.notes.error(room.at, message, fix);
    }
    let awaits = |journey: &Journey| journey.steps.contains(&Step::AwaitAdmission);
    let by_asking = model
        .waiting_room
        .as_ref()
        .is_some_and(|r| r.bucket.is_some());
    let awaiting = model.journeys.iter().find(|journey| awaits(journey));
    if let (true, Some(journey)) = (by_asking, awaiting) {
        let message = format!(
            "unreachable admission: with `bucket` users are let through when they ask, and journey `{}` awaits it",
            journey.name
        );
        let fix =
            "write { poll = \"status\", until = \"admitted\", every = \"20s\" } instead of `await`";
        build.notes.error(room.at, message, fix);
    }
}

/// Things that nobody uses are slips, as a rule.
fn unused(build: &Build, model: &Model, calls: &[Call], at: &Sections) {
    let ops = || model.endpoints.iter().flat_map(|endpoint| &endpoint.ops);
    let requested = model.sites.iter().map(|site| site.endpoint.index());
    // Those with a route are for a script.
    let reached = (0..model.endpoints.len()).filter(|i| model.endpoints[*i].http.is_some());
    let woken = model.pools.iter().filter_map(|p| p.waiting.wake_work);
    let endpoints: BTreeSet<usize> = requested
        .chain(woken.map(|endpoint| endpoint.index()))
        .chain(calls.iter().map(|call| call.to.index()))
        .chain(reached)
        .collect();
    let stations = ops().filter_map(|op| match op {
        Op::Serve { station, .. } => Some(station.index()),
        _ => None,
    });
    let pools = ops().filter_map(|op| match op {
        Op::Acquire { pool } | Op::AcquireMany { pool, .. } => Some(pool.index()),
        _ => None,
    });
    let unused = |what: &str, named: &[(&str, Field)], used: BTreeSet<usize>| {
        for (index, (name, field)) in named.iter().enumerate() {
            if !used.contains(&index) {
                build
                    .notes
                    .warn(field.at, format!("nothing uses the {what} `{name}`"), "");
            }
        }
    };
    unused("endpoint", &at.endpoints, endpoints);
    unused("station", &at.stations, stations.collect());
    unused("pool", &at.pools, pools.collect());
    let limits = ops().filter_map(|op| match op {
        Op::RateLimit(limit) => Some(limit.index()),
        _ => None,
    });
    unused("rate limit", &at.rate_limits, limits.collect());
    let caches = ops().filter_map(|op| match op {
        Op::Cache { cache, .. } => Some(cache.index()),
        _ => None,
    });
    unused("cache", &at.caches, caches.collect());
    let retries = build.retries.used.iter().map(|id| usize::from(*id));
    unused("retry policy", &at.retries, retries.collect());
    let breakers = build.breakers.used.iter().map(|id| usize::from(*id));
    unused("breaker", &at.breakers, breakers.collect());
    let limits = ops().filter_map(|op| match op {
        Op::Limit(limit) | Op::Enter { limit, .. } => Some(limit.index()),
        _ => None,
    });
    unused("limit", &at.limits, limits.collect());
}
