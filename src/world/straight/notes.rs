//! What a straight run notes of the times that requests spend: what each operation took in all, or that by how
//! long the requests took as well.

use crate::engine::Span;
use crate::model::journey::SiteId;

use super::super::slow::Breakdown;
use super::super::{OpTime, World};

/// Notes of what requests spend where. A request goes by the number of its VU.
pub(super) trait Notes {
    /// Whether they need to hear of every visit: else not of those to an operation that is alone at its station.
    const EACH_VISIT: bool;

    /// At the start mark of a run.
    fn new(world: &World) -> Self;

    /// A request has waited so long for this operation.
    fn waited(&mut self, id: u32, op: u32, time: Span);

    /// A request was served or delayed so long, and has done with this operation.
    fn visited(&mut self, id: u32, op: u32, time: Span);

    /// A request from this site was answered.
    fn answered(&mut self, id: u32, site: SiteId, took: Span);

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
    fn waited(&mut self, _: u32, op: u32, time: Span) {
        self.0[op as usize].waited += u128::from(time.0);
    }

    #[inline(always)]
    fn visited(&mut self, _: u32, op: u32, time: Span) {
        let total = &mut self.0[op as usize];
        total.visits += 1;
        total.served += u128::from(time.0);
    }

    #[inline(always)]
    fn answered(&mut self, _: u32, _: SiteId, _: Span) {}

    fn give(self, world: &mut World) {
        world.op_times = self.0;
    }
}

/// The same by how long requests took, for [`Breakdown`].
#[derive(Debug)]
pub(super) struct ByDuration {
    breakdown: Breakdown,
    /// By site, the endpoint that is called and its operations that pass time.
    calls: Vec<Call>,
    /// By operation, its place among those of its endpoint.
    place: Vec<u32>,
    /// What each VU's request has spent so far by the places of operations, `stride` to a VU: waiting, and served.
    spent: Vec<(Span, Span)>,
    stride: usize,
}

/// What a site calls.
#[derive(Clone, Copy, Debug)]
struct Call {
    endpoint: u16,
    first: u32,
    ops: u32,
}

impl Notes for ByDuration {
    const EACH_VISIT: bool = true;

    fn new(world: &World) -> ByDuration {
        // Each list of operations ends with one that takes no time.
        let sizes = world.model.endpoints.iter().map(|e| e.ops.len() - 1);
        let sizes: Vec<usize> = sizes.collect();
        let calls = world.sites.iter().map(|site| Call {
            endpoint: site.endpoint,
            first: site.entry,
            ops: sizes[usize::from(site.endpoint)] as u32,
        });
        ByDuration {
            breakdown: Breakdown::of(world),
            calls: calls.collect(),
            place: sizes.iter().flat_map(|n| 0..=*n as u32).collect(),
            spent: Vec::new(),
            stride: sizes.iter().copied().max().unwrap_or(0),
        }
    }

    #[inline(always)]
    fn waited(&mut self, id: u32, op: u32, time: Span) {
        self.at(id, op).0 = time;
    }

    #[inline(always)]
    fn visited(&mut self, id: u32, op: u32, time: Span) {
        self.at(id, op).1 = time;
    }

    #[inline(always)]
    fn answered(&mut self, id: u32, site: SiteId, took: Span) {
        let Call {
            endpoint,
            first,
            ops,
        } = self.calls[site.index()];
        let row = self.breakdown.count(endpoint, took);
        let own = id as usize * self.stride;
        // Who never called anything that takes time may have no room there.
        let Some(own) = self.spent.get_mut(own..own + ops as usize) else {
            return;
        };
        for (op, spent) in (first as usize..).zip(own) {
            let (waited, served) = std::mem::take(spent);
            self.breakdown.add(row, op, waited, served);
        }
    }

    fn give(self, world: &mut World) {
        // All requests were answered.
        world.op_times = self.breakdown.sums();
        world.slow = Some(Box::new(self.breakdown));
    }
}

impl ByDuration {
    /// What a VU's request spends at an operation.
    #[inline(always)]
    fn at(&mut self, id: u32, op: u32) -> &mut (Span, Span) {
        let at = id as usize * self.stride + self.place[op as usize] as usize;
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
