//! What stands around a call: retries, a circuit breaker, a timeout for each attempt.

use super::breaker;
use super::endpoint::Endpoints;
use super::retry;
use super::visit::{Call, Visits};
use super::{Build, names};
use crate::field::Field;
use crate::network::Network;
use crate::retry::{Guard, GuardId, RetryId};
use crate::section::Section;
use crate::system::{Endpoint, EndpointId, Op};
use crate::tree::Place;

impl<'a> Visits<'_, 'a> {
    /// `{ call = "pay", retry = "polite", timeout = "500ms" }`
    pub(super) fn guarded_call(&mut self, section: &Section<'a>, endpoint: &Field<'a>) {
        if let Some(guard) = read(self.build, section) {
            let id = names::id(self.build.guards.len(), endpoint, "guarded calls");
            self.build.guards.push(guard);
            self.ops.push(Op::Guard(GuardId(id)));
        }
        self.call(true, endpoint);
    }
}

fn read<'a>(build: &mut Build<'a>, section: &Section<'a>) -> Option<Guard> {
    let retry = section.optional("retry");
    let retry = retry.map(|f| retry::used(build, &f));
    let hedge = retry.flatten().filter(|id| retry::hedges(build, *id));
    let timeout = section.optional("timeout").and_then(|field| {
        let span = field.span_above_zero()?;
        Some(build.constant(&field, span.0))
    });
    let breaker = section.optional("breaker");
    let breaker = breaker.map(|f| breaker::used(build, &f));
    (retry.is_some() || timeout.is_some() || breaker.is_some()).then(|| Guard {
        name: section.field.path.clone(),
        retry: retry.flatten(),
        hedge,
        front: false,
        breaker: breaker.flatten(),
        timeout,
    })
}

/// Puts a front before each endpoint whose requests from journeys are hedged: the request of the journey is one to the
/// front, which sends the copies. `sizes` of requests and answers are those of the endpoint behind it.
pub(super) fn fronts(build: &mut Build, endpoints: &mut Endpoints, network: Option<&mut Network>) {
    let mut sizes = network.map(|network| &mut network.sizes);
    let mut known: Vec<((EndpointId, RetryId), EndpointId)> = Vec::new();
    for (site, policy) in std::mem::take(&mut build.hedged_sites) {
        let Some(site_behind) = build.sites.get(site.index()) else {
            continue;
        };
        let behind = site_behind.endpoint;
        let Some((place, _)) = build.site_notes.get(site.index()).copied() else {
            continue;
        };
        let there = known.iter().find(|(of, _)| *of == (behind, policy));
        let front = there.map_or_else(
            || {
                let front = front(build, endpoints, (behind, policy), place);
                if let (Some(sizes), Some(id)) = (&mut sizes, front) {
                    let own = sizes.get(behind.index()).copied().unwrap_or_default();
                    sizes.resize(id.index() + 1, own);
                }
                front
            },
            |(_, front)| Some(*front),
        );
        if let (Some(front), Some(site)) = (front, build.sites.get_mut(site.index())) {
            known.push(((behind, policy), front));
            site.endpoint = front;
        }
    }
}

fn front(
    build: &mut Build,
    endpoints: &mut Endpoints,
    (behind, policy): (EndpointId, RetryId),
    place: Place,
) -> Option<EndpointId> {
    let endpoint = endpoints.endpoints.get(behind.index())?;
    let (name, cancel) = (format!("{} (hedged)", endpoint.name), endpoint.cancel);
    let timeout = endpoints.timeouts.get(behind.index()).copied()?;
    let (id, guard) = (
        u16::try_from(endpoints.endpoints.len()).ok()?,
        u16::try_from(build.guards.len()).ok()?,
    );
    let id = EndpointId(id);
    build.guards.push(Guard {
        name: name.clone(),
        retry: None,
        hedge: Some(policy),
        front: true,
        breaker: None,
        timeout: None,
    });
    endpoints.endpoints.push(Endpoint {
        ops: vec![Op::Guard(GuardId(guard)), Op::Call(behind), Op::Done],
        cancel,
        ..Endpoint::named(name)
    });
    endpoints.timeouts.push(timeout);
    endpoints.calls.push(Call {
        from: id,
        to: behind,
        place,
        held: 0,
    });
    Some(id)
}
