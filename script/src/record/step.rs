//! The steps of an iteration, what makes two of them the same, and what differs between them.

use crate::effect::{Request, Tags};
use std::rc::Rc;
use std::time::Duration;

/// One step of a recorded iteration.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A request, as sent the first time, and whether it is under way beside others.
    Request(Rc<Request>, bool),
    /// A sleep, between these.
    Sleep(Duration, Duration),
    /// A check.
    Check(Checked),
    /// A value for a custom metric.
    Metric(Sample),
    /// A group of this path begins.
    GroupStart(String),
    /// The innermost group ends.
    GroupEnd,
}

/// A check that a script made.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Tags of its own.
    pub tags: Rc<Tags>,
    /// It passed, at least once.
    pub passed: bool,
    /// It failed, at least once.
    pub failed: bool,
    /// It comes to something else where answers take long.
    pub by_time: bool,
}

/// What a script gave a custom metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub name: String,
    /// The least value and the largest.
    pub values: (f64, f64),
    /// All of them were the time that the request before had taken, in milliseconds.
    pub is_duration: bool,
    /// A request was sent before.
    pub follows: bool,
    /// The values are others where answers take long, and not the time of the request before.
    pub by_time: bool,
    /// Tags of its own.
    pub tags: Rc<Tags>,
}

impl Step {
    /// Whether the steps of two iterations are the same but for durations and values.
    pub(super) fn same(&self, other: &Step) -> bool {
        match (self, other) {
            (Step::Sleep(..), Step::Sleep(..)) => true,
            (Step::Metric(a), Step::Metric(b)) => a.name == b.name && a.tags == b.tags,
            (Step::Check(a), Step::Check(b)) => a.name == b.name && a.tags == b.tags,
            (Step::Request(a, beside), Step::Request(b, other)) => {
                beside == other
                    && a.method == b.method
                    && a.tags == b.tags
                    && (a.name == b.name || pattern(&a.url) == pattern(&b.url))
            }
            (a, b) => a == b,
        }
    }

    /// Widens durations and values so that those of the other fit.
    pub(super) fn widen(&mut self, other: &Step) {
        match (self, other) {
            (Step::Sleep(low, high), Step::Sleep(l, h)) => {
                *low = (*low).min(*l);
                *high = (*high).max(*h);
            }
            (Step::Metric(a), Step::Metric(b)) => {
                a.values = (a.values.0.min(b.values.0), a.values.1.max(b.values.1));
                a.is_duration &= b.is_duration;
                a.follows &= b.follows;
            }
            (Step::Check(a), Step::Check(b)) => {
                a.passed |= b.passed;
                a.failed |= b.failed;
            }
            _ => {}
        }
    }

    /// Notes what differs in an iteration whose answers took long.
    pub(super) fn compare(&mut self, slow: &Step) {
        match (self, slow) {
            (Step::Check(a), Step::Check(b)) => {
                a.by_time |= !a.passed && b.passed || !a.failed && b.failed;
            }
            (Step::Metric(a), Step::Metric(b)) => {
                let (low, high) = a.values;
                a.is_duration &= b.is_duration;
                // Random values may lie a little beyond those seen.
                let beyond = (low - b.values.0).max(b.values.0 - high);
                a.by_time |= !a.is_duration && beyond > high - low;
            }
            _ => {}
        }
    }
}

/// The path of an address, with `{id}` for parts that are numbers, dates, addresses of mail or long identifiers, without its
/// query.
#[must_use]
pub fn pattern(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    let path = path.split(['?', '#']).next().unwrap_or("/");
    let parts = path.split('/').map(|part| {
        let has_digit = part.contains(|c: char| c.is_ascii_digit());
        let made_of = |known: fn(char) -> bool| has_digit && part.chars().all(known);
        let number = made_of(|c| c.is_ascii_digit() || "-:".contains(c));
        let long = part.len() >= 16 && made_of(|c| c.is_ascii_alphanumeric() || c == '-')
            || part.len() >= 40 && made_of(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
        let mail = part.contains('@') || part.contains("%40");
        match number || long || mail {
            true => "{id}",
            false => part,
        }
    });
    parts.collect::<Vec<_>>().join("/")
}
