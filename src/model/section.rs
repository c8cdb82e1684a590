//! Reading a table key by key: what was asked for is known, whatever is left over is an error.

use super::field::Field;
use super::nearest::{nearest, suggestion};
use super::tree::Entry;
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
    /// The table of a field, nothing asked for so far.
    pub fn new(field: Field<'a>, entries: &'a [Entry]) -> Section<'a> {
        Section {
            field,
            entries,
            known: RefCell::default(),
            missing: RefCell::default(),
            tolerant: Cell::new(false),
        }
    }

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
