//! Warnings about units: a time of minutes where milliseconds are usual, as `"5m"` written for `"5ms"`.

use super::Build;
use crate::Model;
use crate::duration;
use crate::engine::Span;
use crate::tree::{Entry, Node, Place, Value};

/// Keys whose times are of one kind, and what they are called.
const KINDS: [(&str, &str); 5] = [
    ("time", SERVICE),
    ("delay", SERVICE),
    ("sleep", "sleeps"),
    ("patience", "patiences"),
    ("latency", "latencies"),
];
const SERVICE: &str = "service times";
const SECOND: Span = Span::secs(1);
const MINUTE: Span = Span::secs(60);
/// When a client of k6 gives up.
const GIVES_UP: Span = Span::secs(60);

/// A time as written.
#[derive(Clone, Copy)]
struct Time<'a> {
    text: &'a str,
    span: Span,
    place: Place,
}

/// The times of one key: one, or those of a distribution.
struct Given<'a> {
    kind: &'static str,
    times: Vec<Time<'a>>,
}

/// Warns of service times that outlast every client, and of single times of minutes among many of milliseconds.
pub(super) fn check(build: &Build, model: &Model, tree: &Node) {
    let mut all = Vec::new();
    walk(tree, &spawned(tree), &mut all);
    let timeouts = model.sites.iter().map(|site| site.timeout);
    let patient = timeouts.max().unwrap_or(GIVES_UP);
    for (_, kind) in KINDS.iter().skip(1) {
        let of_kind = || all.iter().filter(|given| given.kind == *kind);
        let least = |given: &Given<'_>| given.times.iter().map(|t| t.span).min();
        let outlasts = |given: &&Given<'_>| {
            *kind == SERVICE && least(given).is_some_and(|least| least >= patient.max(MINUTE))
        };
        let times = || of_kind().flat_map(|given| &given.times);
        let short = times().filter(|t| t.span < SECOND).count();
        let alone = times().count() == short + 1 && short > 1;
        let found = if let Some(given) = of_kind().find(outlasts) {
            let gives_up = duration::print(patient);
            let text = given.times.first().map_or("", |time| time.text);
            let message =
                format!("the service takes {text}, and all clients give up after {gives_up}");
            given.times.first().map(|time| (time, message))
        } else {
            let odd = times().find(|t| alone && t.span >= MINUTE);
            odd.map(|time| {
                let message = format!("{} stands among {kind} below a second", time.text);
                (time, message)
            })
        };
        if let Some((time, message)) = found {
            build.notes.warn(time.place, message, meant(time.text));
        }
    }
}

/// What to write if minutes were meant to be milliseconds.
fn meant(text: &str) -> String {
    let number = text.strip_suffix('m').unwrap_or_default();
    if number.parse::<f64>().is_ok() {
        format!("milliseconds are written \"{number}ms\"")
    } else {
        "say the unit that is meant: us, ms or s".to_string()
    }
}

/// The endpoints that nobody waits for.
fn spawned(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::Table(entries) => entries.iter().flat_map(spawned_by).collect(),
        Value::List(items) => items.iter().flat_map(spawned).collect(),
        _ => Vec::new(),
    }
}

fn spawned_by(entry: &Entry) -> Vec<&str> {
    match (&*entry.key, &entry.node.value) {
        ("spawn", Value::Text(name)) => vec![name],
        _ => spawned(&entry.node),
    }
}

/// All times below a node, but for what nobody waits for: endpoints that are spawned, and what follows a response.
fn walk<'a>(node: &'a Node, spawned: &[&str], all: &mut Vec<Given<'a>>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                let kind = KINDS.iter().find(|(key, _)| *key == entry.key);
                if let Some((_, kind)) = kind {
                    let mut times = Vec::new();
                    texts(&entry.node, &mut times);
                    all.push(Given { kind, times });
                } else if !spawned.contains(&entry.key.as_str()) {
                    walk(&entry.node, spawned, all);
                }
            }
        }
        Value::List(items) => {
            let answered = |item: &&Node| item.entry("respond").is_some();
            for item in items.iter().take_while(|item| !answered(item)) {
                walk(item, spawned, all);
            }
        }
        _ => {}
    }
}

/// All times that a value has.
fn texts<'a>(node: &'a Node, times: &mut Vec<Time<'a>>) {
    match &node.value {
        Value::Text(text) => {
            let place = node.place;
            times.extend(
                duration::parse(text)
                    .ok()
                    .map(|span| Time { text, span, place }),
            );
        }
        Value::List(items) => items.iter().for_each(|item| texts(item, times)),
        Value::Table(entries) => entries.iter().for_each(|e| texts(&e.node, times)),
        _ => {}
    }
}
