//! Orders in which requests take tokens and locks: who holds one and waits for another may close a
//! circle (Coffman, Elphick & Shoshani 1971, the circular wait). One of locks alone ends with a victim;
//! one through a pool lasts until a timeout.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Build, Sections};
use crate::Model;
use crate::system::{EndpointId, Entity, Op, PoolId};

/// Something that one request at a time (or as many as a pool has tokens) can hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Pool(u16),
    Lock(Entity),
}

/// What is held while what else is taken, and the first endpoint that does so.
type Edges = BTreeMap<Thing, BTreeMap<Thing, usize>>;

fn taken(op: Op) -> Option<Thing> {
    match op {
        Op::Acquire { pool } | Op::AcquireMany { pool, .. } => Some(Thing::Pool(pool.0)),
        Op::Lock { key, .. } => Some(Thing::Lock(key)),
        _ => None,
    }
}

/// What a request may have to wait for: a pool without a queue refuses it at once.
fn waited_for(model: &Model, op: Op) -> Option<Thing> {
    taken(op).filter(|thing| match thing {
        Thing::Pool(id) => model
            .pools
            .get(usize::from(*id))
            .is_none_or(|p| p.queue > 0),
        Thing::Lock(_) => true,
    })
}

fn given_back(op: Op) -> Option<Thing> {
    match op {
        Op::Release(pool) => Some(Thing::Pool(pool.0)),
        Op::Unlock(key) => Some(Thing::Lock(key)),
        _ => None,
    }
}

/// Warns of every circle. `order` has each endpoint after those that it calls.
pub(super) fn check(build: &Build, model: &Model, order: &[EndpointId], at: &Sections) {
    let edges = edges(model, order);
    let mut told: BTreeSet<BTreeSet<Thing>> = BTreeSet::new();
    for (&from, next) in &edges {
        for &to in next.keys() {
            let Some(circle) = way(&edges, to, from) else {
                continue;
            };
            if told.insert(circle.iter().copied().collect()) {
                warn(build, model, &edges, &circle, at);
            }
        }
    }
}

/// Walks every endpoint with what it holds, calls that it waits for included.
fn edges(model: &Model, order: &[EndpointId]) -> Edges {
    let mut edges = Edges::new();
    let mut takes: Vec<BTreeSet<Thing>> = vec![BTreeSet::new(); model.endpoints.len()];
    for id in order {
        let Some(endpoint) = model.endpoints.get(id.index()) else {
            continue;
        };
        let (mut held, mut own): (Vec<Thing>, BTreeSet<Thing>) = (Vec::new(), BTreeSet::new());
        for &op in &endpoint.ops {
            if let Some(thing) = given_back(op)
                && let Some(last) = held.iter().rposition(|h| *h == thing)
            {
                held.remove(last);
            }
            let new: BTreeSet<Thing> = match op {
                Op::Call(callee) | Op::Fork(callee) => {
                    takes.get(callee.index()).cloned().unwrap_or_default()
                }
                op => waited_for(model, op).into_iter().collect(),
            };
            for from in &held {
                for to in &new {
                    let by = edges.entry(*from).or_default();
                    by.entry(*to).or_insert(id.index());
                }
            }
            held.extend(taken(op));
            own.extend(new);
        }
        if let Some(slot) = takes.get_mut(id.index()) {
            *slot = own;
        }
    }
    edges
}

/// The shortest way along the edges, both ends included.
fn way(edges: &Edges, from: Thing, to: Thing) -> Option<Vec<Thing>> {
    let mut before: BTreeMap<Thing, Option<Thing>> = BTreeMap::from([(from, None)]);
    let mut open = VecDeque::from([from]);
    while let Some(thing) = open.pop_front() {
        if thing == to {
            let back = std::iter::successors(Some(to), |t| before.get(t).copied().flatten());
            let mut way: Vec<Thing> = back.collect();
            way.reverse();
            return Some(way);
        }
        for &next in edges.get(&thing).into_iter().flat_map(BTreeMap::keys) {
            before.entry(next).or_insert_with(|| {
                open.push_back(next);
                Some(thing)
            });
        }
    }
    None
}

/// `circle` leads on from each to the next and from the last to the first.
fn warn(build: &Build, model: &Model, edges: &Edges, circle: &[Thing], at: &Sections) {
    let name = |thing: Thing| match thing {
        Thing::Pool(id) => {
            let pool = model.pools.get(PoolId(id).index());
            format!("a token of `{}`", pool.map_or("", |p| p.name.as_str()))
        }
        Thing::Lock(entity) => format!("the lock of {}", of(entity)),
    };
    let mut steps = Vec::new();
    let mut first = None;
    for (i, &from) in circle.iter().enumerate() {
        let Some(&to) = circle.get((i + 1) % circle.len()) else {
            return;
        };
        let Some(&endpoint) = edges.get(&from).and_then(|next| next.get(&to)) else {
            return;
        };
        first = first.or(Some(endpoint));
        let by = model.endpoints.get(endpoint);
        steps.push(format!(
            "`{}` holds {} and waits for {}",
            by.map_or("", |e| e.name.as_str()),
            name(from),
            if from == to {
                "another one".to_owned()
            } else {
                name(to)
            }
        ));
    }
    let Some((_, field)) = first.and_then(|e| at.endpoints.get(e)) else {
        return;
    };
    let fix = if circle.len() == 1 {
        "take all tokens at once with `tokens`, give what is called a pool of its own, or let go before"
    } else {
        "take them in the same order everywhere"
    };
    let through_pool = circle.iter().any(|t| matches!(t, Thing::Pool(_)));
    let end = if through_pool {
        "that only a timeout ends"
    } else {
        "that ends when one of them fails"
    };
    let message = format!(
        "requests may wait for one another in a circle {end}: {}",
        steps.join("; ")
    );
    build.notes.warn(field.at, message, fix);
}

fn of(entity: Entity) -> &'static str {
    match entity {
        Entity::User => "the user",
        Entity::Token => "the token",
        Entity::Event => "the event",
        Entity::Seat => "the seat",
        Entity::Global => "the system",
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;

    fn warnings(endpoints: &str) -> Vec<String> {
        let text = format!(
            "[model]\nusers = 5\n[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 2\nduration = \"1s\"\n\
             journey = \"j\"\n[journeys]\nj = [{{ pick = \"user\" }}, {{ request = \"a\" }}, {{ request = \"b\" }}]\n\
             [stations.s]\nservers = 1\n[pools.x]\nsize = 2\n[pools.y]\nsize = 2\n{endpoints}"
        );
        let document = Document::from_text("m", &text).unwrap_or_else(|e| panic!("{e}"));
        let checked = document.check(&[]).unwrap_or_else(|e| panic!("{e}"));
        checked.warnings
    }

    fn nested(name: &str, outer: &str, inner: &str) -> String {
        let work = "{ station = \"s\", time = \"1ms\" }";
        format!(
            "[endpoints.{name}]\nvisits = [{{ {outer}, visits = [{{ {inner}, visits = [{work}] }}] }}]\n"
        )
    }

    #[test]
    fn opposite_orders_of_pools_are_a_warning() {
        let text = nested("a", "hold = \"x\"", "hold = \"y\"");
        let all = warnings(&(text.clone() + &nested("b", "hold = \"y\"", "hold = \"x\"")));
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(
            all[0].contains(
                "requests may wait for one another in a circle that only a timeout ends: `b` holds \
                 a token of `y` and waits for a token of `x`; `a` holds a token of `x` and waits for \
                 a token of `y`; take them in the same order everywhere"
            ),
            "{all:?}"
        );
        let same = warnings(&(text + &nested("b", "hold = \"x\"", "hold = \"y\"")));
        assert!(same.is_empty(), "{same:?}");
    }

    #[test]
    fn a_lock_and_a_pool_or_two_locks_make_a_circle_too() {
        let a = nested("a", "hold = \"x\"", "lock = \"user\"");
        let b = nested("b", "lock = \"user\"", "hold = \"x\"");
        let all = warnings(&(a + &b + &nested("c", "hold = \"y\"", "lock = \"user\"")));
        let circles: Vec<&String> = all.iter().filter(|w| w.contains("circle")).collect();
        assert_eq!(circles.len(), 1, "{all:?}");
        assert!(circles[0].contains("timeout") && circles[0].contains("the lock of the user"));
        let a = nested("a", "lock = \"global\"", "lock = \"user\"");
        let b = nested("b", "lock = \"user\"", "lock = \"global\"");
        let all = warnings(&(a + &b));
        assert!(
            all.iter()
                .any(|w| w.contains("ends when one of them fails")),
            "{all:?}"
        );
    }

    #[test]
    fn what_is_called_counts_and_what_was_let_go_does_not() {
        let call = "[endpoints.a]\nvisits = [{ hold = \"x\", visits = [{ call = \"b\" }] }]\n";
        let work = "{ station = \"s\", time = \"1ms\" }";
        let b = format!("[endpoints.b]\nvisits = [{{ hold = \"x\", visits = [{work}] }}]\n");
        let all = warnings(&format!("{call}{b}"));
        assert!(
            all.iter()
                .any(|w| w.contains("`a` holds a token of `x` and waits for another one")),
            "{all:?}"
        );
        let after = "[endpoints.a]\nvisits = [{ hold = \"x\", visits = [{ station = \"s\", time = \
                     \"1ms\" }] }, { call = \"b\" }]\n";
        let all = warnings(&format!("{after}{b}"));
        assert!(!all.iter().any(|w| w.contains("circle")), "{all:?}");
        let spawned = call.replace("call", "spawn");
        let all = warnings(&format!("{spawned}{b}"));
        assert!(!all.iter().any(|w| w.contains("circle")), "{all:?}");
    }
}
