//! What a straight run notes of the times that requests spend: what each operation took in all, or that by how
//! long the requests took as well.

use crate::engine::{Span, Time};
use crate::model::journey::SiteId;

use super::super::slow::Breakdown;
use super::super::{OpTime, World};
use super::program::Leg;
use super::walker::{Visit, Walker};

/// Notes of what requests spend where. A request goes by the number of its VU.
pub(super) trait Notes {
    /// Whether they need to hear of every visit: else not of those to an operation that is alone at its station.
    const EACH_VISIT: bool;

    /// At the start mark of a run.
    fn new(world: &World) -> Self;

    /// A VU, or its request, has paused, and begins with a leg: if the pause was a visit that is to be noted, or if the
    /// request is answered, this is the time.
    fn pause_over(&mut self, id: u32, leg: &Leg, walker: &Walker, now: Time);

    /// The run is over: the world gets what was noted.
    fn give(self, world: &mut World);
}

/// What each operation took in all.
#[derive(Debug)]
pub(super) struct Totals(Vec<OpTime>);

impl Notes for Totals {
    const EACH_VISIT: bool = false;

    fn new(world: &World) -> Totals {
        Totals(world.op_times.clone())
    }

    #[inline(always)]
    fn pause_over(&mut self, _: u32, leg: &Leg, walker: &Walker, now: Time) {
        if let Some(over) = leg.over {
            let visit = walker.visit(now, over);
            self.0[visit.op as usize].visited(visit.waited, visit.served);
        }
    }

    fn give(self, world: &mut World) {
        world.op_times = self.0;
    }
}

/// The same by how long requests took, for [`Breakdown`].
#[derive(Debug)]
pub(super) struct ByDuration {
    breakdown: Breakdown,
    /// By site, the endpoint that is called and how many of its operations pass time before the last that does.
    calls: Vec<Call>,
    /// What each VU's request has spent so far by the places of operations but the last, `stride` to a VU: waiting, and
    /// served.
    spent: Vec<(Span, Span)>,
    stride: usize,
}

/// What a site calls.
#[derive(Clone, Copy, Debug)]
struct Call {
    first: u32,
    earlier: usize,
}

impl Notes for ByDuration {
    const EACH_VISIT: bool = true;

    fn new(world: &World) -> ByDuration {
        // Each list of operations ends with one that takes no time.
        let earlier = world.model.endpoints.iter();
        let earlier: Vec<usize> = earlier.map(|e| e.ops.len().saturating_sub(2)).collect();
        let calls = world.sites.iter().map(|site| Call {
            first: site.entry,
            earlier: earlier[usize::from(site.endpoint)],
        });
        ByDuration {
            breakdown: Breakdown::of(world),
            calls: calls.collect(),
            spent: Vec::new(),
            stride: earlier.iter().copied().max().unwrap_or(0),
        }
    }

    #[inline(always)]
    fn pause_over(&mut self, id: u32, leg: &Leg, walker: &Walker, now: Time) {
        if leg.answers {
            let row = self.breakdown.row(now.since_past(walker.sent));
            if let Some(over) = leg.over {
                let Visit { op, waited, served } = walker.visit(now, over);
                self.breakdown.add(row, op as usize, waited, served);
            }
            if self.stride > 0
                && let Some(site) = leg.request
            {
                self.earlier_visits(id, site, row);
            }
        } else if let (Some(over), Some(site)) = (leg.over, leg.request) {
            let visit = walker.visit(now, over);
            *self.at(id, site, visit.op) = (visit.waited, visit.served);
        }
    }

    fn give(mut self, world: &mut World) {
        let endpoints = world.model.endpoints.iter().zip(&world.entry);
        for (index, (endpoint, first)) in endpoints.enumerate() {
            if let Some(last) = endpoint.ops.len().checked_sub(2) {
                self.breakdown.count_visits(index, *first as usize + last);
            }
        }
        // All requests were answered.
        world.op_times = self.breakdown.sums();
        world.slow = Some(Box::new(self.breakdown));
    }
}

impl ByDuration {
    /// A request from this site was answered: what it did before its last visit.
    #[inline]
    fn earlier_visits(&mut self, id: u32, site: SiteId, row: usize) {
        let Call { first, earlier } = self.calls[site.index()];
        let own = id as usize * self.stride;
        let Some(own) = self.spent.get_mut(own..own + earlier) else {
            return;
        };
        for (op, spent) in (first as usize..).zip(own) {
            let (waited, served) = std::mem::take(spent);
            self.breakdown.add(row, op, waited, served);
        }
    }

    /// What a VU's request from this site spends at an operation.
    #[inline(always)]
    fn at(&mut self, id: u32, site: SiteId, op: u32) -> &mut (Span, Span) {
        let place = op - self.calls[site.index()].first;
        let at = id as usize * self.stride + place as usize;
        if at >= self.spent.len() {
            self.grow(id);
        }
        &mut self.spent[at]
    }

    /// Room for the requests of all VUs up to this one.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, id: u32) {
        let slots = (id as usize + 1) * self.stride;
        self.spent.resize(slots, (Span::ZERO, Span::ZERO));
    }
}
