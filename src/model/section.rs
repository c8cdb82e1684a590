//! Reading a table key by key: what was asked for is known, whatever is left over is an error.

use super::nearest::{nearest, suggestion};
use super::problem::Notes;
use super::seam;
use super::tree::{Entry, Node, Place, Value};
use crate::engine::Span;
use std::cell::{Cell, RefCell};

/// k6's option names and the model's.
const CAMEL: [(&str, &str); 14] = [
    ("startVUs", "start_vus"),
    ("startTime", "start_time"),
    ("startRate", "start_rate"),
    ("gracefulStop", "graceful_stop"),
    ("gracefulRampDown", "graceful_ramp_down"),
    ("maxDuration", "max_duration"),
    ("timeUnit", "time_unit"),
    ("preAllocatedVUs", "pre_allocated_vus"),
    ("maxVUs", "max_vus"),
    ("exec", "journey"),
    ("abortOnFail", "abort_on_fail"),
    ("delayAbortEval", "delay_abort_eval"),
    ("summaryTrendStats", "summary_trend_stats"),
    ("setupTimeout", "timeout"),
];

/// The model's name of a key: k6's camelCase is accepted for k6's options.
pub(crate) fn snake(key: &str) -> &str {
    let known = CAMEL.iter().find(|(camel, _)| *camel == key);
    known.map_or(key, |(_, snake)| snake)
}

/// A value on its way to being understood: it knows its path, and where to complain.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub notes: &'a Notes,
    pub node: &'a Node,
    /// `endpoints.occupy.visits.0.time`
    pub path: String,
    /// Its key, or itself in a list.
    pub at: Place,
}

impl<'a> Field<'a> {
    /// The last part of the path, for sentences.
    pub fn name(&self) -> &str {
        self.path
            .rsplit('.')
            .find(|part| part.parse::<u32>().is_err())
            .unwrap_or("value")
    }

    /// Complains about the value.
    pub fn error(&self, message: impl Into<String>, fix: impl Into<String>) {
        self.notes.error(self.node.head(), message, fix);
    }

    /// Complains that it is not what was expected.
    pub fn expected(&self, what: &str) {
        let message = format!(
            "`{}` must be {what}, and is {}",
            self.name(),
            self.node.kind()
        );
        self.error(message, "");
    }

    /// A text.
    pub fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.expected("a text");
                None
            }
        }
    }

    /// The text, if it is one.
    pub fn text_if_any(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True or false.
    pub fn flag(&self) -> Option<bool> {
        match self.node.value {
            Value::Boolean(flag) => Some(flag),
            _ => {
                self.expected("true or false");
                None
            }
        }
    }

    /// A whole number from `low` to `high`.
    pub fn whole(&self, low: u64, high: u64) -> Option<u64> {
        let what = || match (low, high) {
            (0, u64::MAX) => "a whole number of zero or more".to_string(),
            _ => format!("a whole number from {low} to {high}"),
        };
        match self.node.value {
            Value::Integer(n) if u64::try_from(n).is_ok_and(|n| (low..=high).contains(&n)) => {
                u64::try_from(n).ok()
            }
            Value::Integer(n) => {
                self.error(
                    format!("`{}` must be {}, and is {n}", self.name(), what()),
                    "",
                );
                None
            }
            Value::Float(x) => {
                self.error(
                    format!("`{}` must be {}, and is {x}", self.name(), what()),
                    "",
                );
                None
            }
            _ => {
                self.expected(&what());
                None
            }
        }
    }

    /// A whole number that fits 32 bits.
    pub fn whole_u32(&self, low: u32, high: u32) -> Option<u32> {
        let number = self.whole(u64::from(low), u64::from(high))?;
        u32::try_from(number).ok()
    }

    /// A finite number from `low` to `high`.
    pub fn number(&self, low: f64, high: f64) -> Option<f64> {
        let what = match (low, high) {
            (0.0, f64::MAX) => "a number of zero or more".to_string(),
            (f64::MIN, f64::MAX) => "a number".to_string(),
            _ => format!("a number from {low} to {high}"),
        };
        let number = match self.node.value {
            Value::Integer(n) => n as f64,
            Value::Float(x) => x,
            _ => {
                self.expected(&what);
                return None;
            }
        };
        if (low..=high).contains(&number) {
            return Some(number);
        }
        self.error(
            format!("`{}` must be {what}, and is {number}", self.name()),
            "",
        );
        None
    }

    /// A length of time: a text with a unit.
    pub fn span(&self) -> Option<Span> {
        let example = "write a text with a unit, such as \"1m30s\", \"6ms\" or \"250us\"";
        match &self.node.value {
            Value::Text(text) => match seam::duration(text) {
                Ok(span) => Some(span),
                Err(_) if seam::signed_duration(text).is_ok() => {
                    let message = format!("`{}` must not be negative, and is {text}", self.name());
                    self.error(message, "write a time of zero or more");
                    None
                }
                Err(why) => {
                    self.error(format!("`{}` is not a time: {why}", self.name()), example);
                    None
                }
            },
            Value::Integer(_) | Value::Float(_) => {
                self.error(
                    format!("`{}` is a time and needs a unit", self.name()),
                    example,
                );
                None
            }
            _ => {
                self.expected("a time");
                None
            }
        }
    }

    /// A length of time above zero.
    pub fn span_above_zero(&self) -> Option<Span> {
        let span = self.span()?;
        if span == Span::ZERO {
            self.error(format!("`{}` must be longer than zero", self.name()), "");
            return None;
        }
        Some(span)
    }

    /// The elements of a list.
    pub fn items(&self) -> Option<Vec<Field<'a>>> {
        let Value::List(nodes) = &self.node.value else {
            self.expected("a list");
            return None;
        };
        let item = |(index, node): (usize, &'a Node)| Field {
            notes: self.notes,
            node,
            path: format!("{}.{index}", self.path),
            at: node.head(),
        };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// The elements of a list of at least one.
    pub fn some_items(&self, fix: &str) -> Option<Vec<Field<'a>>> {
        let items = self.items()?;
        if items.is_empty() {
            self.error(format!("`{}` is empty", self.name()), fix);
            return None;
        }
        Some(items)
    }

    /// One element, or a list of them.
    pub fn one_or_more(&self) -> Vec<Field<'a>> {
        match self.node.value {
            Value::List(_) => self.items().unwrap_or_default(),
            _ => vec![self.clone()],
        }
    }

    /// A table whose keys are names that the model gives.
    pub fn named(&self) -> Vec<(&'a str, Field<'a>)> {
        let Value::Table(entries) = &self.node.value else {
            self.expected("a table");
            return Vec::new();
        };
        let entry = |entry: &'a Entry| (entry.key.as_str(), self.child(entry));
        entries.iter().map(entry).collect()
    }

    /// A table whose keys are fixed.
    pub fn section(&self) -> Option<Section<'a>> {
        let Value::Table(entries) = &self.node.value else {
            self.expected("a table");
            return None;
        };
        Some(Section {
            field: self.clone(),
            entries,
            known: RefCell::default(),
            missing: RefCell::default(),
            tolerant: Cell::new(false),
        })
    }

    /// Whether it is a table with this key.
    pub fn has(&self, key: &str) -> bool {
        self.node.entry(key).is_some()
    }

    fn child(&self, entry: &'a Entry) -> Field<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        Field {
            notes: self.notes,
            node: &entry.node,
            path: format!("{}{dot}{}", self.path, snake(&entry.key)),
            at: entry.at,
        }
    }
}

/// A table whose keys are fixed. When it goes out of scope, a key that was never asked for is an
/// error: so no reader can forget to look for misspelt ones.
pub(crate) struct Section<'a> {
    pub field: Field<'a>,
    entries: &'a [Entry],
    known: RefCell<Vec<&'static str>>,
    /// Keys that must be there and are not, with an example of each.
    missing: RefCell<Vec<(&'static str, String)>>,
    tolerant: Cell<bool>,
}

impl<'a> Section<'a> {
    /// The value of a key, if it is there.
    pub fn optional(&self, key: &'static str) -> Option<Field<'a>> {
        if !self.known.borrow().contains(&key) {
            self.known.borrow_mut().push(key);
        }
        let mut same = self.entries.iter().filter(|entry| snake(&entry.key) == key);
        let entry = same.next()?;
        if let Some(again) = same.next() {
            let message = format!("`{key}` is given twice: as `{}`, too", entry.key);
            self.field
                .notes
                .error(again.at, message, "remove one of them");
        }
        Some(self.field.child(entry))
    }

    /// The value of a key that must be there; `example` completes "write …". If the key seems to be
    /// there misspelt, that is said instead, when the section is left.
    pub fn required(&self, key: &'static str, example: &str) -> Option<Field<'a>> {
        let value = self.optional(key);
        if value.is_none() {
            self.missing.borrow_mut().push((key, example.to_string()));
        }
        value
    }

    /// Whether a key is there; it counts as known only if asked for otherwise.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| snake(&entry.key) == key)
    }

    /// Keys that nobody has asked for so far.
    pub fn unread(&self) -> Vec<String> {
        let known = self.known.borrow();
        let strange = |entry: &&Entry| !known.contains(&snake(&entry.key));
        self.entries
            .iter()
            .filter(strange)
            .map(|entry| entry.key.clone())
            .collect()
    }

    /// Lets keys that nobody asked for pass: an error that makes them meaningless is noted already.
    pub fn tolerate(&self) {
        self.tolerant.set(true);
    }

    /// Complains about the table as a whole.
    pub fn error(&self, message: impl Into<String>, fix: impl Into<String>) {
        self.field.notes.error(self.field.at, message, fix);
    }

    /// For a sentence.
    pub fn title(&self) -> String {
        match self.field.path.as_str() {
            "" => "the model".to_string(),
            path => format!("`{path}`"),
        }
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        let known = self.known.borrow();
        let missing = self.missing.borrow();
        let notes = self.field.notes;
        let mut strange: Vec<&Entry> = self.entries.iter().collect();
        strange.retain(|entry| !known.contains(&snake(&entry.key)));
        let slip = |entry: &Entry, key: &str| nearest(&entry.key, [key]).is_some();
        for (key, example) in missing.iter() {
            if !strange.iter().any(|entry| slip(entry, key)) {
                let message = format!("{} needs `{key}`", self.title());
                notes.error(self.field.at, message, format!("write {example}"));
            }
        }
        if self.tolerant.get() {
            strange.retain(|entry| missing.iter().any(|(key, _)| slip(entry, key)));
        }
        for entry in strange {
            let message = format!("{} has no key `{}`", self.title(), entry.key);
            let fix = suggestion(&entry.key, "its keys", known.iter().copied());
            notes.error(entry.at, message, fix);
        }
    }
}
