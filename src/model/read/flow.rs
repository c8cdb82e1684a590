//! Whether a journey has picked what its requests need: a user, an event, a seat, a token.

use super::Build;
use crate::Model;
use crate::journey::{Condition, Journey, SiteId, Step};
use crate::limit::{LimitKey, LimitKind};
use crate::system::{EndpointId, Entity, Op};

/// A set of things that a VU may have at a step.
type Having = u8;
const USER: Having = 1;
const EVENT: Having = 2;
const SEAT: Having = 4;
const TOKEN: Having = 8;

/// What a request of an endpoint does, calls included.
#[derive(Clone, Copy, Default)]
pub(super) struct Reach {
    needs: Having,
    issues: bool,
    /// It spends time in some visit.
    pub takes_time: bool,
}

/// What requests of each endpoint do; `order` names those that are called first.
pub(super) fn reach(model: &Model, order: &[EndpointId]) -> Vec<Reach> {
    let mut all = vec![Reach::default(); model.endpoints.len()];
    for &id in order {
        let Some(endpoint) = model.endpoints.get(id.index()) else {
            continue;
        };
        let mut own = Reach::default();
        for op in &endpoint.ops {
            if let Op::Call(to) | Op::Spawn(to) | Op::Fork(to) = op {
                let callee = all.get(to.index()).copied().unwrap_or_default();
                own.needs |= callee.needs;
                own.issues |= callee.issues;
                own.takes_time |= callee.takes_time && !matches!(op, Op::Spawn(_));
            }
            let joined = if own.issues { TOKEN } else { 0 };
            own.needs |= (needs(*op) | limited(model, *op)) & !joined;
            own.issues |= *op == Op::IssueToken;
            own.takes_time |= takes_time(model, *op);
        }
        if let Some(place) = all.get_mut(id.index()) {
            *place = own;
        }
    }
    all
}

fn takes_time(model: &Model, op: Op) -> bool {
    let (Op::Serve { time: dist, .. } | Op::Delay(dist)) = op else {
        return false;
    };
    super::progress::is_positive(model, dist)
}

/// What a limit with a bucket for each user needs.
fn limited(model: &Model, op: Op) -> Having {
    let Op::Limit(limit) = op else { return 0 };
    match model.limits.get(limit.index()).map(|limit| &limit.kind) {
        Some(LimitKind::Rate(rate)) if rate.by == LimitKey::User => USER,
        _ => 0,
    }
}

fn needs(op: Op) -> Having {
    match op {
        Op::Lock { key, .. } | Op::ReadVersion(key) | Op::CheckVersion(key, _) => match key {
            Entity::User => USER,
            Entity::Token => TOKEN,
            Entity::Event => EVENT,
            Entity::Seat => SEAT,
            Entity::Global => 0,
        },
        Op::IssueToken => USER,
        Op::QueueStatus | Op::RenewSession | Op::LeaveRoom => TOKEN,
        Op::ListSeats => EVENT,
        Op::Look(_) | Op::Claim(_) | Op::Confirm(_) => SEAT,
        _ => 0,
    }
}

/// What a VU has at a step: on some way there, and on every way.
#[derive(Clone, Copy, PartialEq)]
struct State {
    may: Having,
    must: Having,
}

/// Complains about requests that need what no way through the journey has picked, and warns where
/// only some have.
pub(super) fn check(build: &Build, model: &Model, reach: &[Reach]) {
    for journey in &model.journeys {
        let states = states(model, journey, reach);
        for (step, state) in journey.steps.iter().zip(states) {
            let Some(state) = state else {
                continue;
            };
            match step {
                Step::Request(site) => request(build, model, *site, state, reach),
                Step::AwaitAdmission if state.may & TOKEN == 0 => no_token(build, model, journey),
                _ => {}
            }
        }
    }
}

fn no_token(build: &Build, model: &Model, journey: &Journey) {
    let site = model.sites.iter().zip(&build.site_notes).next();
    let place = site.map(|(_, (place, _))| *place);
    let Some(place) = build.awaits.first().copied().or(place) else {
        return;
    };
    let message = format!(
        "unreachable admission: `{}` awaits it without a token",
        journey.name
    );
    build.notes.error(
        place,
        message,
        "before it, { take = \"token\" } or request an endpoint that issues one",
    );
}

fn request(build: &Build, model: &Model, site: SiteId, state: State, reach: &[Reach]) {
    let Some((place, _)) = build.site_notes.get(site.index()) else {
        return;
    };
    let Some(endpoint) = model.sites.get(site.index()).map(|site| site.endpoint) else {
        return;
    };
    let needs = reach.get(endpoint.index()).map_or(0, |reach| reach.needs);
    let name = model
        .endpoints
        .get(endpoint.index())
        .map_or("", |e| e.name.as_str());
    let things = [
        (
            USER,
            "a user",
            "begin the journey with { pick = \"user\" } or { take = \"token\" }",
        ),
        (EVENT, "an event", "before it, { pick = \"event\" }"),
        (SEAT, "a seat", "before it, a request with pick = \"seat\""),
        (
            TOKEN,
            "a token",
            "before it, { take = \"token\" } or request an endpoint that issues one",
        ),
    ];
    for (bit, thing, fix) in things {
        if needs & bit == 0 || state.must & bit != 0 {
            continue;
        }
        if state.may & bit == 0 {
            let message = format!("`{name}` needs {thing}, and the journey has none here");
            build.notes.error(*place, message, fix);
        } else {
            let message = format!("`{name}` needs {thing}, and not every way here has one");
            build.notes.warn(*place, message, fix);
        }
    }
}

/// The state before each step; `None` where no way leads.
fn states(model: &Model, journey: &Journey, reach: &[Reach]) -> Vec<Option<State>> {
    let mut states: Vec<Option<State>> = vec![None; journey.steps.len()];
    let mut open = vec![(0_usize, State { may: 0, must: 0 })];
    while let Some((at, incoming)) = open.pop() {
        let (Some(slot), Some(step)) = (states.get_mut(at), journey.steps.get(at)) else {
            continue;
        };
        let merged = slot.map_or(incoming, |known| State {
            may: known.may | incoming.may,
            must: known.must & incoming.must,
        });
        if *slot == Some(merged) {
            continue;
        }
        *slot = Some(merged);
        let gains = gains(model, *step, reach);
        let after = State {
            may: merged.may | gains,
            must: merged.must | gains,
        };
        match *step {
            Step::End => {}
            Step::Jump(to) => open.push((to as usize, after)),
            Step::JumpIf(condition, to) => {
                let known = if condition == Condition::UserHasToken {
                    TOKEN
                } else {
                    0
                };
                let there = State {
                    may: after.may | known,
                    must: after.must | known,
                };
                open.push((to as usize, there));
                if condition != Condition::Always {
                    open.push((at + 1, after));
                }
            }
            Step::JumpWithProbability(_, to) | Step::CountTo { then: to, .. } => {
                open.extend([(to as usize, after), (at + 1, after)]);
            }
            _ => open.push((at + 1, after)),
        }
    }
    states
}

/// What a VU has after a step that it had not before.
fn gains(model: &Model, step: Step, reach: &[Reach]) -> Having {
    match step {
        Step::PickUser => USER,
        Step::PickEvent => EVENT,
        Step::TakeToken => USER | TOKEN,
        Step::Request(site) => {
            let Some(site) = model.sites.get(site.index()) else {
                return 0;
            };
            let issues = reach
                .get(site.endpoint.index())
                .is_some_and(|reach| reach.issues);
            let picks = if site.pick.is_some() { SEAT } else { 0 };
            picks | if issues { TOKEN } else { 0 }
        }
        _ => 0,
    }
}
