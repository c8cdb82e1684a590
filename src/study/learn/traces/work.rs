//! How long each operation works itself, and where works take longer the more of them are under way.

use std::collections::BTreeSet;

use super::Served;
use super::tree::Operation;
use crate::formats::path;
use crate::learn::busy::{self, Growth, Level};
use crate::learn::laws::{Law, of_service};

/// A work of the calls of one shape between two parts.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Requests under way at the same resource, and microseconds.
    pub sample: Vec<(u32, u32)>,
    /// The law, the number of requests it is from, and the most that were under way.
    pub law: Option<(Law, usize, u32)>,
}

/// What serves: a service, or what a client calls that is not traced itself.
#[derive(Debug)]
pub(super) struct Resource {
    pub name: String,
    pub levels: Vec<Level>,
    pub growth: Option<Growth>,
}

/// A work that was seen: operation, shape and place of it, start and length.
pub(super) struct Seen {
    pub operation: usize,
    pub shape: usize,
    pub place: usize,
    pub start: i64,
    pub us: u32,
}

/// What serves each operation: its service, or, of a client that calls what is not traced, the operation itself.
pub(super) fn resources(
    operations: &[Operation],
    services: &[String],
) -> (Vec<usize>, Vec<Resource>) {
    let mut names: Vec<String> = Vec::new();
    let of = operations.iter().map(|operation| {
        let service = &services[operation.service as usize];
        let name = match operation.client {
            true => path::name(&format!("{service} {}", operation.name)),
            false => path::name(service),
        };
        names
            .iter()
            .position(|own| *own == name)
            .unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
    });
    let of = of.collect();
    let resource = |name| Resource {
        name,
        levels: Vec::new(),
        growth: None,
    };
    (of, names.into_iter().map(resource).collect())
}

/// Laws of all works, and where those of a resource take longer the more of them are under way.
pub(super) fn laws(
    served: &mut [Served],
    resources: &mut [Resource],
    resource_of: &[usize],
    mut seen: Vec<Seen>,
) {
    seen.sort_by_key(|work| {
        (
            resource_of[work.operation],
            work.start,
            work.operation,
            work.place,
        )
    });
    for of_one in seen.chunk_by(|a, b| resource_of[a.operation] == resource_of[b.operation]) {
        let under_way = busy::under_way(of_one.iter().map(|work| (work.start, work.us)));
        for (work, n) in of_one.iter().zip(&under_way) {
            let shape = &mut served[work.operation].shapes[work.shape];
            shape.work[work.place].sample.push((*n, work.us));
        }
        let resource = &mut resources[resource_of[of_one[0].operation]];
        let mut calm = 1;
        for _ in 0..2 {
            resource.levels = levels(served, of_one, &under_way, calm);
            resource.growth = busy::growth(&resource.levels);
            // Where nobody waits there is more to learn the laws from.
            let grown = resource.growth.map(|growth| (0.8 * growth.servers) as u32);
            calm = grown.unwrap_or(u32::MAX);
        }
    }
}

/// Finds the laws at few under way, and how much longer works take by how many are.
fn levels(served: &mut [Served], works: &[Seen], under_way: &[u32], calm: u32) -> Vec<Level> {
    let operations: BTreeSet<usize> = works.iter().map(|work| work.operation).collect();
    let (mut sum, mut count) = (0.0, 0.0);
    for operation in operations {
        let shapes = &mut served[operation].shapes;
        for work in shapes.iter_mut().flat_map(|shape| &mut shape.work) {
            work.law = of_service(&mut work.sample, calm, 0.0);
            let n = work.sample.len() as f64;
            let mean = work.law.as_ref().map_or(0.0, |(law, ..)| law.mean_ms);
            (sum, count) = (sum + n * mean, count + n);
        }
    }
    // Those before a request in line are of all kinds, so what it waits is of the mean of all.
    let mean = sum / f64::max(count, 1.0);
    let each = works.iter().zip(under_way).filter(|_| mean > 0.0);
    busy::levels(each.map(|(seen, n)| {
        let work = &served[seen.operation].shapes[seen.shape].work[seen.place];
        let own = work.law.as_ref().map_or(0.0, |(law, ..)| law.mean_ms);
        (*n, 1.0 + (f64::from(seen.us) / 1e3 - own) / mean)
    }))
}
