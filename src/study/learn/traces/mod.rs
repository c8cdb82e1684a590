//! A first model from distributed traces: who calls whom, at once or one after the other, and how long each service
//! works itself.
//!
//! Traces show what a log of one server cannot: the call graph. Of an operation that is called by others the most
//! frequent shape is taken, as a call of a model has no choices; requests from outside keep several.

mod calls;
mod tree;
mod work;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use super::busy;
use super::load::{self, Arrivals};
use crate::formats::path::{self, Route};
use crate::formats::traces::Traces;
use tree::{Call, Operation, Part, Segments};
use work::{Resource, Seen, Work, resources};

/// Shapes of a request from outside that are kept apart.
const MOST_SHAPES: usize = 6;

/// Rarer ones are not, as a share of all requests of the operation.
const RARE: f64 = 0.01;

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
    work::laws(&mut served, &mut resources, &resource_of, seen);
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

impl LearnedTraces {
    /// The model, as TOML.
    #[must_use]
    pub fn toml(&self) -> String {
        write::toml(self)
    }
}
