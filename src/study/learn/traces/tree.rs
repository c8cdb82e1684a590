//! Spans as trees of calls, and the shapes that calls of one operation have.

use std::collections::BTreeMap;

use crate::formats::traces::{Span, SpanKind, Traces};

/// Deeper calls are left out: no real request goes through that number of services.
const DEEPEST: usize = 100;

/// A call that ends later than its caller by more than this, in microseconds, was not waited for. Clocks of two
/// machines differ.
const SLACK_US: i64 = 1_000;

/// A request to a service, with what it called.
#[derive(Debug)]
pub struct Call {
    /// The operation: place in [`Trees::operations`].
    pub operation: usize,
    /// Microseconds since 1970.
    pub start: i64,
    /// Microseconds since 1970.
    pub end: i64,
    /// Whether nobody waits for it.
    pub message: bool,
    /// Whether it is marked as failed.
    pub failed: bool,
    /// What it called, in any order.
    pub calls: Vec<Call>,
}

/// A name of spans in a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// Place of the service.
    pub service: u32,
    /// Template of the name.
    pub name: String,
    /// Whether it is a call as its caller sees it: time on the network, or at what is not traced.
    pub client: bool,
}

/// All traces as trees.
#[derive(Debug, Default)]
pub struct Trees {
    /// Requests from outside.
    pub roots: Vec<Call>,
    /// Their operations.
    pub operations: Vec<Operation>,
    /// Requests whose caller is not in the file.
    pub orphans: u64,
    /// Spans that are in no tree: cycles, and calls that are too deep.
    pub lost: u64,
    /// So much, in microseconds, a begin may lie before the end of what came before it: begins are cut to it.
    pub blur_us: i64,
}

/// Builds the trees; `template` is the name of an endpoint that a span's name belongs to.
pub fn trees(traces: &Traces, template: impl Fn(&str) -> String) -> Trees {
    let names: Vec<String> = traces.names.iter().map(|name| template(name)).collect();
    let mut order: Vec<usize> = (0..traces.spans.len()).collect();
    order.sort_by_key(|k| (traces.spans[*k].trace, traces.spans[*k].start_us));
    let mut found = Trees {
        blur_us: blur_us(traces),
        ..Trees::default()
    };
    let mut operations: BTreeMap<Operation, usize> = BTreeMap::new();
    for trace in order.chunk_by(|a, b| traces.spans[*a].trace == traces.spans[*b].trace) {
        let spans: Vec<&Span> = trace.iter().map(|k| &traces.spans[*k]).collect();
        let index: BTreeMap<u64, usize> = spans
            .iter()
            .enumerate()
            .map(|(k, span)| (span.id, k))
            .collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
        let mut roots = Vec::new();
        for (k, span) in spans.iter().enumerate() {
            match span.parent.map(|parent| index.get(&parent)) {
                Some(Some(parent)) => children[*parent].push(k),
                Some(None) => {
                    found.orphans += 1;
                    roots.push(k);
                }
                None => roots.push(k),
            }
        }
        let mut tree = Tree {
            spans: &spans,
            names: &names,
            children: &children,
            operations: &mut operations,
            used: 0,
        };
        let calls = roots.iter().filter_map(|k| tree.call(*k, 0));
        found.roots.extend(calls);
        found.lost += (spans.len() - tree.used) as u64;
    }
    let mut by_place: Vec<(Operation, usize)> = operations.into_iter().collect();
    by_place.sort_by_key(|(_, place)| *place);
    found.operations = by_place
        .into_iter()
        .map(|(operation, _)| operation)
        .collect();
    found
}

/// The step of the begins of spans where it is a millisecond and that of their ends is finer: JavaScript's SDK has its
/// begins from a clock of milliseconds (seen in @opentelemetry/sdk-trace-base 2.12.1).
fn blur_us(traces: &Traces) -> i64 {
    let whole = |us: i64| us % 1_000 == 0;
    let begins = traces.spans.iter().all(|s| whole(s.start_us));
    let ends = (traces.spans.iter()).all(|s| whole(s.start_us + i64::from(s.us)));
    if begins && !ends { 1_000 } else { 0 }
}

/// One trace.
struct Tree<'t> {
    spans: &'t [&'t Span],
    names: &'t [String],
    children: &'t [Vec<usize>],
    operations: &'t mut BTreeMap<Operation, usize>,
    used: usize,
}

impl Tree<'_> {
    fn call(&mut self, place: usize, depth: usize) -> Option<Call> {
        if depth > DEEPEST {
            return None;
        }
        self.used += 1;
        let span = self.spans[place];
        let mut calls = Vec::new();
        for child in &self.children[place] {
            let inner = self.spans[*child].kind == SpanKind::Internal;
            let Some(call) = self.call(*child, depth + 1) else {
                continue;
            };
            // Work inside a service is its own; what that calls, the service calls.
            if inner {
                calls.extend(call.calls);
            } else {
                calls.push(call);
            }
        }
        let operation = Operation {
            service: span.service,
            name: self.names[span.name as usize].clone(),
            client: span.kind == SpanKind::Client,
        };
        let next = self.operations.len();
        Some(Call {
            operation: *self.operations.entry(operation).or_insert(next),
            start: span.start_us,
            end: span.start_us + i64::from(span.us),
            message: span.kind == SpanKind::Message,
            failed: span.failed,
            calls,
        })
    }
}

/// One thing that a call does beside its own work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Calls these operations, all at once, and waits for all.
    Calls(Vec<usize>),
    /// Calls this one and does not wait.
    Spawn(usize),
}

/// The own work of a call between its parts: start and length, in microseconds. One more than there are parts
/// that are waited for.
pub type Segments = Vec<(i64, u32)>;

/// The parts of a call in their order, and its own work around them. Calls that overlap by `blur_us` at most follow one
/// another.
pub fn shape(call: &Call, blur_us: i64) -> (Vec<Part>, Segments) {
    let mut calls: Vec<&Call> = call.calls.iter().collect();
    calls.sort_by_key(|call| (call.start, call.end, call.operation));
    let (mut parts, mut segments) = (Vec::new(), Vec::new());
    let mut cursor = call.start;
    let length = |from: i64, to: i64| u32::try_from(to - from).unwrap_or(0);
    let mut open: Option<(Vec<usize>, i64)> = None;
    for inner in calls {
        if inner.message || inner.end > call.end + SLACK_US {
            parts.push(Part::Spawn(inner.operation));
            continue;
        }
        match &mut open {
            Some((group, end)) if inner.start + blur_us < *end => {
                group.push(inner.operation);
                *end = (*end).max(inner.end);
                continue;
            }
            _ => {}
        }
        close(&mut open, &mut parts, &mut cursor);
        segments.push((cursor, length(cursor, inner.start)));
        open = Some((vec![inner.operation], inner.end));
    }
    close(&mut open, &mut parts, &mut cursor);
    segments.push((cursor, length(cursor, call.end)));
    (parts, segments)
}

fn close(open: &mut Option<(Vec<usize>, i64)>, parts: &mut Vec<Part>, cursor: &mut i64) {
    if let Some((mut group, end)) = open.take() {
        group.sort_unstable();
        parts.push(Part::Calls(group));
        *cursor = (*cursor).max(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: usize, start: i64, end: i64, calls: Vec<Call>) -> Call {
        Call {
            operation,
            start,
            end,
            message: false,
            failed: false,
            calls,
        }
    }

    #[test]
    fn calls_at_once_are_one_part_and_those_that_outlive_their_caller_are_not_waited_for() {
        let inner = vec![
            call(3, 700, 800, vec![]),
            call(1, 100, 300, vec![]),
            call(2, 250, 400, vec![]),
            call(4, 750, 9_000, vec![]),
        ];
        let (parts, segments) = shape(&call(0, 0, 1_000, inner), 0);
        let calls = |list: &[usize]| Part::Calls(list.to_vec());
        assert_eq!(parts, [calls(&[1, 2]), Part::Spawn(4), calls(&[3])]);
        assert_eq!(segments, [(0, 100), (400, 300), (800, 200)]);
        // Of a clock that is behind, nothing is taken off twice.
        let (_, segments) = shape(&call(0, 0, 1_000, vec![call(1, -50, 300, vec![])]), 0);
        assert_eq!(segments, [(0, 0), (300, 700)]);
    }
}
