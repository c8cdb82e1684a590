//! Endpoints: their options, and the program made of their visits.

use super::station::idle;
use super::visit::{Call, Visits};
use super::visit_tables::VISIT;
use super::{Build, Effect, answer, deadline, guard};
use crate::engine::Span;
use crate::field::Field;
use crate::network::Network;
use crate::system::{Endpoint, EndpointId, Op};
use crate::vocabulary::tables;
use std::collections::BTreeSet;

tables! {
    /// What the system does for a request: a list of visits.
    pub(crate) static ENDPOINT = "endpoints.NAME" {
        /// Whether the system drops a request that its client has given up on.
        cancel: Flag, or_flag(false);
        /// Factor on the remaining work of a request that its client has given up on; not together with `cancel`.
        abandoned_work: Number(0.0, 1e6), or_number(1.0);
        /// When the client gives up.
        timeout: TimeAboveZero, or_text("60s");
        /// No work is started for a request, nor for its calls, after this time since its arrival; `client`: once its
        /// client no longer waits.
        deadline: Either(&[TimeAboveZero, Word("client")]), otherwise("that of the caller, if it has one");
        /// Pools of which a request holds a token throughout.
        hold: OneOrMore(&Name("pool"));
        /// Method and path of the requests of a script that reach it.
        route: Text;
        /// Which parts of a script's request name the entities that it is about.
        entities: Table(&answer::ENTITIES);
        /// The answer that a script gets if the request succeeds.
        answer: Table(&answer::ANSWER);
        /// The answer that a script gets if the request fails.
        failure: Table(&answer::ANSWER);
        /// Limits that a request passes before anything else.
        limit: OneOrMore(&Name("limit"));
        /// Class of its requests at a concurrency limit, 0 first.
        class: Whole(0, 255), or_whole(0);
        /// What is done, one after the other.
        visits: List(&Type(&VISIT)), required("visits = [{ station = \"cpu\", time = \"6ms\" }]");
    };
}

/// k6's default timeout of a request.
const TIMEOUT: Span = Span::secs(60);

/// All endpoints, and what their programs do not say.
pub(super) struct Endpoints {
    pub endpoints: Vec<Endpoint>,
    /// Client timeouts, by endpoint.
    pub timeouts: Vec<Span>,
    pub calls: Vec<Call>,
}

/// Reads all endpoints, in the order of the text; behind them stand the fronts of those whose requests are hedged.
pub(super) fn read_all<'a>(
    build: &mut Build<'a>,
    named: &[(&str, Field<'a>)],
    network: Option<&mut Network>,
) -> Endpoints {
    let mut all = Endpoints {
        endpoints: Vec::new(),
        timeouts: Vec::new(),
        calls: Vec::new(),
    };
    for (id, (name, field)) in (0..u16::MAX).zip(named) {
        let (endpoint, timeout) = endpoint(build, EndpointId(id), name, field, &mut all.calls);
        all.endpoints.push(endpoint);
        all.timeouts.push(timeout);
    }
    guard::fronts(build, &mut all, network);
    all
}

fn endpoint<'a>(
    build: &mut Build<'a>,
    id: EndpointId,
    name: &str,
    field: &Field<'a>,
    calls: &mut Vec<Call>,
) -> (Endpoint, Span) {
    let mut endpoint = Endpoint::named(name.to_string());
    let Some(section) = field.section() else {
        return (endpoint, TIMEOUT);
    };
    endpoint.cancel = section.flag_or_default("cancel");
    endpoint.abandoned_work = section.real_or_default("abandoned_work");
    if let (true, Some(work)) = (endpoint.cancel, section.optional("abandoned_work")) {
        work.error(
            "`abandoned_work` has no meaning beside `cancel = true`",
            "remove one of them",
        );
    }
    endpoint.http = answer::read(&section, build.files).map(Box::new);
    let timeout = section.time("timeout");
    let deadline = section.optional("deadline");
    let deadline = deadline.and_then(|f| deadline::read(&f));
    let held = section
        .optional("hold")
        .map(|f| f.one_or_more())
        .unwrap_or_default();
    let limits = section.optional("limit").map(|f| f.one_or_more());
    let limits = limits.unwrap_or_default();
    let class = section.optional("class").and_then(|f| f.whole(0, 255));
    if limits.is_empty() {
        idle(
            &section,
            "class",
            "the endpoint has no `limit`; a visit to a station has a `class` of its own",
        );
    }
    let class = class.and_then(|c| u8::try_from(c).ok()).unwrap_or(0);
    let items = section.optional("visits");
    let items = items.and_then(|f| f.items()).unwrap_or_default();
    let mut visits = Visits::new(build, id, calls);
    visits.whole((&limits, class), &held, &items);
    (endpoint.ops, endpoint.max_held) = visits.finish();
    if let Some(deadline) = deadline {
        endpoint.ops.insert(0, deadline);
    }
    (endpoint, timeout.unwrap_or(TIMEOUT))
}

/// Effects that requests of an endpoint name and its visits do not place, in the order in which they
/// make sense.
pub(super) fn unplaced(build: &Build, id: EndpointId, ops: &[Op]) -> Vec<Op> {
    let placed: BTreeSet<Effect> = ops.iter().filter_map(|op| effect_of(*op)).collect();
    let implied = build.implied.get(&id).into_iter().flatten();
    let implied: Vec<_> = implied
        .filter(|(effect, _)| !placed.contains(effect))
        .collect();
    if let (Some((_, place)), true) = (implied.first(), ops.contains(&Op::Respond)) {
        let message = "the endpoint answers before it would do this";
        let fix = "say in its `visits` when it happens, before { respond = true }";
        build.notes.error(**place, message, fix);
    }
    implied.iter().map(|(effect, _)| op_of(**effect)).collect()
}

fn op_of(effect: Effect) -> Op {
    match effect {
        Effect::List => Op::ListSeats,
        Effect::Claim => Op::Claim(409),
        Effect::Confirm => Op::Confirm(409),
        Effect::Release => Op::ReleaseSeat,
        Effect::Status => Op::QueueStatus,
    }
}

fn effect_of(op: Op) -> Option<Effect> {
    match op {
        Op::ListSeats => Some(Effect::List),
        Op::Claim(_) => Some(Effect::Claim),
        Op::Confirm(_) => Some(Effect::Confirm),
        Op::ReleaseSeat => Some(Effect::Release),
        Op::QueueStatus => Some(Effect::Status),
        _ => None,
    }
}
