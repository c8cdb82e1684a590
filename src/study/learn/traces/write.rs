//! What was learned from traces, as a model whose every line says what it rests on.

use std::fmt::Write;

use super::tree::Part;
use super::work::Work;
use super::{LearnedTraces, Shape};
use crate::learn::laws::time;
use crate::learn::write::{comment, grouped, levels, open_arrivals};

/// Work shorter than this, in milliseconds, is left out.
const NOTHING_MS: f64 = 0.001;

/// A number of calls in the model that is further from that of the traces is said.
const OFF: f64 = 0.02;

/// The model.
pub(super) fn toml(learned: &LearnedTraces) -> String {
    let mut out = String::new();
    head(&mut out, learned);
    let rate = learned.requests as f64 / learned.span.max(1e-9);
    open_arrivals(&mut out, &learned.arrivals, rate, learned.most_under_way);
    journey(&mut out, learned);
    stations(&mut out, learned);
    for (operation, served) in learned.served.iter().enumerate() {
        let named = served.endpoints.iter().enumerate();
        for (shape, _) in named.filter(|(_, name)| !name.is_empty()) {
            endpoint(&mut out, learned, operation, shape);
        }
    }
    out
}

fn head(out: &mut String, learned: &LearnedTraces) {
    comment(
        out,
        &format!("A first model, learned from {}.", learned.origin),
    );
    comment(
        out,
        &format!(
            "{} spans, {} requests from outside in {:.1} s; at most {} under way at once.",
            grouped(learned.spans),
            grouped(learned.requests),
            learned.span,
            learned.most_under_way
        ),
    );
    out.push_str("#\n# Unknown, and what would tell:\n");
    comment(
        out,
        "- how many requests were not traced: if one in ten was, run this with load=10; the configuration of the sampler tells",
    );
    comment(
        out,
        "- what a service waits for inside: its own time is all between its calls, work and waits alike; a station stands only where it grows with the load",
    );
    comment(
        out,
        "- which requests belong to one user: each comes on its own here",
    );
    for doubt in &learned.doubts {
        comment(out, &format!("- not to be trusted: {doubt}"));
    }
    for (from, to) in &learned.cut {
        let name = |operation: usize| &learned.served[operation].operation.name;
        comment(
            out,
            &format!(
                "- not in the model: {} calls {}, which calls it again; a model's calls end",
                name(*from),
                name(*to)
            ),
        );
    }
    out.push('\n');
}

fn journey(out: &mut String, learned: &LearnedTraces) {
    comment(out, "The mix: one request an arrival, by weight.");
    out.push_str("[journeys]\nmix = [{ choose = [\n");
    for root in &learned.roots {
        let served = &learned.served[root.operation];
        let share = 100.0 * root.requests as f64 / learned.requests as f64;
        let _ = writeln!(
            out,
            "  {{ weight = {}, steps = [{{ request = \"{}\" }}] }}, # {share:.2} %",
            root.requests, served.endpoints[root.shape]
        );
    }
    out.push_str("] }]\n\n");
}

fn stations(out: &mut String, learned: &LearnedTraces) {
    for resource in &learned.resources {
        let Some(growth) = resource.growth else {
            continue;
        };
        comment(
            out,
            &format!(
                "Work of {} takes longer from {} under way on, as at a station with {:.2} servers.",
                resource.name, growth.from, growth.servers
            ),
        );
        levels(out, &resource.levels);
        let _ = writeln!(
            out,
            "[stations.{}]\nservers = {}\n",
            resource.name,
            growth.servers.round().max(1.0)
        );
    }
}

fn endpoint(out: &mut String, learned: &LearnedTraces, operation: usize, place: usize) {
    let served = &learned.served[operation];
    let shape = &served.shapes[place];
    comment(
        out,
        &format!(
            "{}: {} calls, {} of this shape",
            served.operation.name,
            grouped(served.calls),
            grouped(shape.calls)
        ),
    );
    let share = learned.share[operation];
    if (share - 1.0).abs() > OFF {
        comment(
            out,
            &format!(
                "The model calls it {share:.2} times as often as the traces do: its callers have several shapes."
            ),
        );
    }
    let resource = &learned.resources[learned.resource_of[operation]];
    let station = resource.growth.map(|_| resource.name.as_str());
    let _ = writeln!(out, "[endpoints.{}]\nvisits = [", served.endpoints[place]);
    visits(out, learned, operation, shape, station);
    if shape.failed > 0 {
        let p = shape.failed as f64 / shape.calls.max(1) as f64;
        let _ = writeln!(
            out,
            "  {{ fail = {p:.6}, status = 500 }}, # {} failed on their own account",
            grouped(shape.failed)
        );
    }
    out.push_str("]\n\n");
}

/// The work of a call and what it calls, in their order.
fn visits(
    out: &mut String,
    learned: &LearnedTraces,
    operation: usize,
    shape: &Shape,
    station: Option<&str>,
) {
    let name = |inner: usize| learned.served[inner].endpoints[0].as_str();
    let kept = |inner: &usize| !learned.cut.contains(&(operation, *inner));
    let mut works = shape.work.iter();
    let mut visited = false;
    for part in &shape.parts {
        match part {
            Part::Calls(list) => {
                visited |= works.next().is_some_and(|work| own(out, work, station));
                let called: Vec<&str> = list.iter().copied().filter(kept).map(name).collect();
                visited |= !called.is_empty();
                let _ = match called.as_slice() {
                    [] => Ok(()),
                    [one] => writeln!(out, "  {{ call = \"{one}\" }},"),
                    all => writeln!(out, "  {{ parallel = {all:?} }},"),
                };
            }
            Part::Spawn(inner) if kept(inner) => {
                let _ = writeln!(out, "  {{ spawn = \"{}\" }},", name(*inner));
                visited = true;
            }
            Part::Spawn(_) => {}
        }
    }
    visited |= works.next().is_some_and(|work| own(out, work, station));
    if !visited {
        out.push_str("  { delay = \"1us\" }, # no time of its own\n");
    }
}

/// A work, if it takes any time.
fn own(out: &mut String, work: &Work, station: Option<&str>) -> bool {
    let Some((law, from, under_way)) = work.law.as_ref().filter(|w| w.0.mean_ms >= NOTHING_MS)
    else {
        return false;
    };
    let text = &law.text;
    let visit = match station {
        Some(station) => format!("  {{ station = \"{station}\", time = {text} }},"),
        None => format!("  {{ delay = {text} }},"),
    };
    let _ = writeln!(
        out,
        "{visit} # mean {} of {} at {under_way} under way at most; {}",
        time(law.mean_ms),
        grouped(*from as u64),
        law.words
    );
    true
}
