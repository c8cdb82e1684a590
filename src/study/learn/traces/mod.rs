//! A first model from distributed traces: who calls whom, at once or one after the other, and how long each service
//! works itself.
//!
//! Traces show what a log of one server cannot: the call graph. Of an operation that is called by others the most
//! frequent shape is taken, as a call of a model has no choices; requests from outside keep several.

mod tree;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use super::busy::{self, Growth, Level};
use super::laws::{self, Law};
use super::load::{self, Arrivals};
use crate::formats::path::{self, Route};
use crate::formats::traces::Traces;
use tree::{Call, Operation, Part, Segments};

/// Shapes of a request from outside that are kept apart.
const MOST_SHAPES: usize = 6;

/// Rarer ones are not, as a share of all requests of the operation.
const RARE: f64 = 0.01;

/// A work of the calls of one shape between two parts.
#[derive(Debug, Default)]
struct Work {
    /// Requests under way at the same resource, and microseconds.
    sample: Vec<(u32, u32)>,
    /// The law, the number of requests it is from, and the most that were under way.
    law: Option<(Law, usize, u32)>,
}

/// Calls of one operation with the same parts.
#[derive(Debug)]
struct Shape {
    parts: Vec<Part>,
    calls: u64,
    /// Of them, failed on their own account.
    failed: u64,
    work: Vec<Work>,
}

/// An operation with its shapes, the most frequent first.
#[derive(Debug)]
struct Served {
    operation: Operation,
    calls: u64,
    shapes: Vec<Shape>,
    /// Names of the endpoints of the shapes that are in the model.
    endpoints: Vec<String>,
}

/// Requests from outside with one shape.
#[derive(Clone, Copy, Debug)]
struct Root {
    operation: usize,
    shape: usize,
    requests: u64,
}

/// What serves: a service, or what a client calls that is not traced itself.
#[derive(Debug)]
struct Resource {
    name: String,
    levels: Vec<Level>,
    growth: Option<Growth>,
}

/// What was learned.
#[derive(Debug)]
pub struct LearnedTraces {
    origin: String,
    doubts: Vec<String>,
    arrivals: Arrivals,
    spans: u64,
    requests: u64,
    span: f64,
    most_under_way: u32,
    roots: Vec<Root>,
    served: Vec<Served>,
    /// Of each operation.
    resource_of: Vec<usize>,
    resources: Vec<Resource>,
    /// Calls that would never end: an operation calls itself, by way of others or not.
    cut: BTreeSet<(usize, usize)>,
    /// Calls of each operation in the model, as a multiple of those in the traces.
    share: Vec<f64>,
}

/// A work that was seen: operation, shape and place of it, start and length.
struct Seen {
    operation: usize,
    shape: usize,
    place: usize,
    start: i64,
    us: u32,
}

/// Learns from the spans of files; `origin` names them.
///
/// # Errors
/// If there are fewer than two requests.
pub fn learn(
    origin: &str,
    traces: &Traces,
    routes: &[Route],
    mut doubts: Vec<String>,
) -> Result<LearnedTraces, String> {
    let trees = tree::trees(traces, |name| template(name, routes));
    if trees.roots.len() < 2 {
        return Err("there are fewer than two requests to learn from".to_string());
    }
    doubts.extend(doubts_of(&trees));
    let mut starts: Vec<(i64, u32)> = trees.roots.iter().map(started).collect();
    starts.sort_unstable();
    let under_way = busy::under_way(starts.iter().copied());
    let begins: Vec<i64> = starts.iter().map(|(start, _)| *start).collect();
    let end = trees.roots.iter().map(|root| root.end).max();
    let span = end.unwrap_or(0).abs_diff(begins[0]) as f64 / 1e6;
    let (mut served, seen) = gather(&trees);
    let roots = roots(&trees, &mut served);
    let (resource_of, mut resources) = resources(&trees.operations, &traces.services);
    work(&mut served, &mut resources, &resource_of, seen);
    let mut learned = LearnedTraces {
        origin: origin.to_string(),
        doubts,
        arrivals: load::arrivals(&begins),
        spans: traces.spans.len() as u64,
        requests: trees.roots.len() as u64,
        span,
        most_under_way: under_way.into_iter().max().unwrap_or(1),
        roots,
        served,
        resource_of,
        resources,
        cut: BTreeSet::new(),
        share: Vec::new(),
    };
    learned.cut_cycles();
    learned.name(&traces.services);
    learned.share = learned.shares();
    Ok(learned)
}

fn doubts_of(trees: &tree::Trees) -> Vec<String> {
    let mut all = Vec::new();
    if trees.orphans > 0 {
        all.push(format!(
            "{} spans whose caller is not in the file, taken for requests from outside",
            trees.orphans
        ));
    }
    if trees.blur_us > 0 {
        all.push(
            "the begins of spans are whole milliseconds, cut, and their ends are not: calls that overlap by a millisecond at \
             most are taken one after the other, and times are up to a millisecond too long"
                .to_string(),
        );
    }
    if trees.lost > 0 {
        all.push(format!(
            "{} spans in no tree of calls, left out",
            trees.lost
        ));
    }
    all
}

fn started(call: &Call) -> (i64, u32) {
    let us = u32::try_from(call.end - call.start).unwrap_or(u32::MAX);
    (call.start, us)
}

/// The endpoint that a span's name belongs to: identifiers in paths are folded.
fn template(name: &str, routes: &[Route]) -> String {
    match name.split_once(' ') {
        Some((method, path)) if path.starts_with('/') => path::template(method, path, routes),
        _ if name.starts_with('/') => path::template("", name, routes),
        _ => name.to_string(),
    }
}

/// All calls by operation and shape, the most frequent shape first, and the works of all of them.
fn gather(trees: &tree::Trees) -> (Vec<Served>, Vec<Seen>) {
    type Found = (u64, u64, Vec<Segments>);
    let mut shapes: Vec<BTreeMap<Vec<Part>, Found>> = vec![BTreeMap::new(); trees.operations.len()];
    let mut waiting: Vec<&Call> = trees.roots.iter().collect();
    while let Some(call) = waiting.pop() {
        let (parts, segments) = tree::shape(call, trees.blur_us);
        let found = shapes[call.operation].entry(parts).or_default();
        found.0 += 1;
        found.1 += u64::from(call.failed && !call.calls.iter().any(|inner| inner.failed));
        found.2.push(segments);
        waiting.extend(&call.calls);
    }
    let (mut served, mut seen) = (Vec::new(), Vec::new());
    for (place, (operation, own)) in trees.operations.iter().zip(shapes).enumerate() {
        let mut own: Vec<(Vec<Part>, Found)> = own.into_iter().collect();
        own.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        let mut shapes = Vec::new();
        for (k, (parts, (calls, failed, all))) in own.into_iter().enumerate() {
            let works = all.first().map_or(0, Vec::len);
            for (at, (start, us)) in all.iter().flat_map(|s| s.iter().enumerate()) {
                seen.push(Seen {
                    operation: place,
                    shape: k,
                    place: at,
                    start: *start,
                    us: *us,
                });
            }
            shapes.push(Shape {
                parts,
                calls,
                failed,
                work: (0..works).map(|_| Work::default()).collect(),
            });
        }
        served.push(Served {
            operation: operation.clone(),
            calls: shapes.iter().map(|shape| shape.calls).sum(),
            shapes,
            endpoints: Vec::new(),
        });
    }
    (served, seen)
}

/// The requests from outside by operation and shape; rare shapes count as the most frequent one of theirs.
fn roots(trees: &tree::Trees, served: &mut [Served]) -> Vec<Root> {
    let mut counts: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let mut of_operation: BTreeMap<usize, u64> = BTreeMap::new();
    for root in &trees.roots {
        let (parts, _) = tree::shape(root, trees.blur_us);
        let shapes = &served[root.operation].shapes;
        let shape = shapes.iter().position(|shape| shape.parts == parts);
        *counts
            .entry((root.operation, shape.unwrap_or(0)))
            .or_default() += 1;
        *of_operation.entry(root.operation).or_default() += 1;
    }
    let mut kept: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for ((operation, shape), requests) in counts {
        let all = of_operation.get(&operation).copied().unwrap_or(1);
        let rare = shape >= MOST_SHAPES || (requests as f64) < RARE * all as f64;
        *kept
            .entry((operation, if rare { 0 } else { shape }))
            .or_default() += requests;
    }
    let mut roots: Vec<Root> = kept
        .into_iter()
        .map(|((operation, shape), requests)| Root {
            operation,
            shape,
            requests,
        })
        .collect();
    roots.sort_by_key(|root| (std::cmp::Reverse(root.requests), root.operation, root.shape));
    roots
}

/// What serves each operation: its service, or, of a client that calls what is not traced, the operation itself.
fn resources(operations: &[Operation], services: &[String]) -> (Vec<usize>, Vec<Resource>) {
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
fn work(
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
            work.law = laws::of_service(&mut work.sample, calm, 0.0);
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

impl LearnedTraces {
    /// The operations that a shape calls, each as often as it does.
    fn called(&self, operation: usize, shape: usize) -> impl Iterator<Item = usize> + '_ {
        let parts = &self.served[operation].shapes[shape].parts;
        let all = parts.iter().flat_map(|part| match part {
            Part::Calls(list) => list.clone(),
            Part::Spawn(one) => vec![*one],
        });
        all.filter(move |inner| !self.cut.contains(&(operation, *inner)))
    }

    /// Leaves out calls by which an operation would call itself.
    fn cut_cycles(&mut self) {
        let operations = self.served.len();
        // Of each operation: not seen, on the way, done.
        let mut state = vec![0_u8; operations];
        for first in 0..operations {
            let mut way: Vec<(usize, Vec<usize>)> = Vec::new();
            if state[first] == 0 {
                state[first] = 1;
                way.push((first, self.calls_of_all_shapes(first)));
            }
            while let Some((operation, rest)) = way.last_mut() {
                let operation = *operation;
                match rest.pop() {
                    Some(inner) if state[inner] == 1 => {
                        self.cut.insert((operation, inner));
                    }
                    Some(inner) if state[inner] == 0 => {
                        state[inner] = 1;
                        way.push((inner, self.calls_of_all_shapes(inner)));
                    }
                    Some(_) => {}
                    None => {
                        state[operation] = 2;
                        way.pop();
                    }
                }
            }
        }
    }

    fn calls_of_all_shapes(&self, operation: usize) -> Vec<usize> {
        let shapes = 0..self.served[operation].shapes.len();
        let mut all: Vec<usize> = shapes.flat_map(|k| self.called(operation, k)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Names the endpoints of all shapes that the model uses.
    fn name(&mut self, services: &[String]) {
        let mut used: BTreeSet<(usize, usize)> = self
            .roots
            .iter()
            .map(|root| (root.operation, root.shape))
            .collect();
        let mut waiting: Vec<(usize, usize)> = used.iter().copied().collect();
        while let Some((operation, shape)) = waiting.pop() {
            for inner in self.called(operation, shape) {
                if used.insert((inner, 0)) {
                    waiting.push((inner, 0));
                }
            }
        }
        let mut taken = BTreeSet::new();
        for (operation, shape) in used {
            let served = &mut self.served[operation];
            let service = &services[served.operation.service as usize];
            let side = if served.operation.client { " call" } else { "" };
            let name = path::name(&format!("{service} {}{side}", served.operation.name));
            let free = (1..).map(|k: u32| match k {
                1 => name.clone(),
                k => format!("{name}_{k}"),
            });
            let name = { free }.find(|name| taken.insert(name.clone()));
            served.endpoints.resize(served.shapes.len(), String::new());
            served.endpoints[shape] = name.unwrap_or_default();
        }
    }

    /// How often the model calls each operation, as a multiple of how often the traces do.
    fn shares(&self) -> Vec<f64> {
        let mut calls = vec![0.0; self.served.len()];
        let mut waiting: Vec<(usize, usize, f64)> = self
            .roots
            .iter()
            .map(|root| (root.operation, root.shape, root.requests as f64))
            .collect();
        // No operation calls itself, so this ends; a request makes a million calls at most.
        let mut steps = 0;
        while let (Some((operation, shape, times)), true) = (waiting.pop(), steps < 1_000_000) {
            steps += 1;
            calls[operation] += times;
            waiting.extend(self.called(operation, shape).map(|inner| (inner, 0, times)));
        }
        let own = self.served.iter().zip(calls);
        own.map(|(served, calls)| calls / served.calls.max(1) as f64)
            .collect()
    }

    /// The model, as TOML.
    #[must_use]
    pub fn toml(&self) -> String {
        write::toml(self)
    }
}
