//! Reading a table key by key: what was asked for is known, whatever is left over is an error.

use super::duration;
use super::field::Field;
use super::meant::at_the_top;
use super::suggest::{nearest, suggestion};
use super::tree::Entry;
use super::vocabulary::{Choice, DefaultValue, Key, Presence, Rule, Table};
use crate::engine::Span;
use std::cell::{Cell, RefCell};

/// A table whose keys are fixed. When it goes out of scope, a key that was never asked for is an
/// error: so no reader can forget to look for misspelt ones.
pub(crate) struct Section<'a> {
    pub field: Field<'a>,
    entries: &'a [Entry],
    table: Option<&'static Table>,
    known: RefCell<Vec<&'static str>>,
    /// Keys that must be there and are not, with an example of each.
    missing: RefCell<Vec<(&'static str, String)>>,
    tolerant: Cell<bool>,
}

impl<'a> Section<'a> {
    /// The table of a field, nothing asked for so far.
    pub fn new(
        field: Field<'a>,
        entries: &'a [Entry],
        table: Option<&'static Table>,
    ) -> Section<'a> {
        let declared = table.iter().flat_map(|table| table.keys);
        Section {
            field,
            entries,
            table,
            known: RefCell::new(declared.map(|key| key.name).collect()),
            missing: RefCell::default(),
            tolerant: Cell::new(false),
        }
    }

    /// The value of a key, if it is there.
    ///
    /// A key that the table does not declare is never there: to read one is an error of this program.
    pub fn optional(&self, key: &'static str) -> Option<Field<'a>> {
        let declared = self.declared(key);
        debug_assert!(
            declared.is_some(),
            "`{key}` of {} is read and not declared: add it to the table beside its reader",
            self.title()
        );
        let declared = declared?;
        let mut same = self.entries.iter().filter(|e| declared.is(&e.key));
        let entry = same.next()?;
        if let Some(again) = same.next() {
            let message = format!("`{key}` is given twice: as `{}`, too", entry.key);
            self.field
                .notes
                .error(again.at, message, "remove one of them");
        }
        Some(self.field.child(entry, declared.name, Some(&declared.kind)))
    }

    /// The declared name of a key that is there.
    fn name_of(&self, entry: &'a Entry) -> &'a str {
        self.declared(&entry.key)
            .map_or(entry.key.as_str(), |key| key.name)
    }

    /// The sets of keys of which one is to be given, as declared.
    pub fn sets(&self) -> &'static [&'static [&'static str]] {
        let rules = self.table.iter().flat_map(|table| table.rules);
        let sets = |rule: &'static Rule| match rule {
            Rule::OneOf(sets) => Some(*sets),
            _ => None,
        };
        rules.filter_map(sets).next().unwrap_or_default()
    }

    /// Declared keys that are there, in the order of the declaration.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        let keys = self.table.iter().flat_map(|table| table.keys);
        keys.map(|key| key.name).filter(|key| self.has(key))
    }

    fn declared(&self, key: &str) -> Option<&'static Key> {
        self.table.and_then(|table| table.key(key))
    }

    /// A whole number within its declared bounds.
    pub fn integer<T: TryFrom<u64>>(&self, key: &'static str) -> Option<T> {
        self.optional(key)?.integer()
    }

    /// A whole number, or its declared default.
    pub fn integer_or_default<T: TryFrom<u64> + Default>(&self, key: &'static str) -> T {
        let default = || match self.declared(key)?.presence {
            Presence::Or(DefaultValue::Whole(number)) => T::try_from(number).ok(),
            _ => None,
        };
        self.integer(key).or_else(default).unwrap_or_default()
    }

    /// A number within its declared bounds.
    pub fn real(&self, key: &'static str) -> Option<f64> {
        self.optional(key)?.real()
    }

    /// A number, or its declared default.
    pub fn real_or_default(&self, key: &'static str) -> f64 {
        let default = || match self.declared(key)?.presence {
            Presence::Or(DefaultValue::Number(number)) => Some(number),
            _ => None,
        };
        self.real(key).or_else(default).unwrap_or_default()
    }

    /// A length of time, above zero if it is declared so.
    pub fn time(&self, key: &'static str) -> Option<Span> {
        self.optional(key)?.time()
    }

    /// A length of time, or its declared default.
    pub fn time_or_default(&self, key: &'static str) -> Span {
        let default = || duration::parse(self.default_text(key)?).ok();
        self.time(key).or_else(default).unwrap_or_default()
    }

    /// True or false, or the declared default.
    pub fn flag_or_default(&self, key: &'static str) -> bool {
        let default = || match self.declared(key)?.presence {
            Presence::Or(DefaultValue::Flag(flag)) => Some(flag),
            _ => None,
        };
        self.flag(key).or_else(default).unwrap_or_default()
    }

    /// What one of some texts stands for, or what the declared default does.
    pub fn choice_or_default<T: Copy>(&self, key: &'static str, choice: &'static Choice<T>) -> T {
        let default = self.default_text(key);
        let mut pairs = choice.pairs.iter();
        let default = pairs.find(|(text, _)| Some(*text) == default);
        let (_, default) = default.unwrap_or(&choice.pairs[0]);
        self.choice(key, choice).unwrap_or(*default)
    }

    fn default_text(&self, key: &str) -> Option<&'static str> {
        match self.declared(key)?.presence {
            Presence::Or(DefaultValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// True or false.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        self.optional(key)?.flag()
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<&'a str> {
        self.optional(key)?.text()
    }

    /// What one of some texts stands for.
    pub fn choice<T: Copy>(&self, key: &'static str, choice: &'static Choice<T>) -> Option<T> {
        self.optional(key)?.choice(choice)
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
        let is = |entry: &Entry| self.name_of(entry) == key;
        self.entries.iter().any(is)
    }

    /// Makes a declared key unknown, where another one rules it out.
    pub fn forget(&self, key: &str) {
        self.known.borrow_mut().retain(|known| *known != key);
    }

    /// Makes the keys unknown that go with other cases only, where the declaration tells cases apart.
    pub fn in_case(&self, text: &str) {
        let rules = self.table.iter().flat_map(|table| table.rules);
        for rule in rules {
            let Rule::Cases(_, cases) = rule else {
                continue;
            };
            let own = cases.iter().find(|case| case.text == text);
            let own = own.map_or(&[][..], |case| case.keys);
            let others = cases.iter().flat_map(|case| case.keys);
            let others = others.filter(|key| !own.contains(key));
            others.for_each(|key| self.forget(key));
        }
    }

    /// What a key of older models is called now.
    fn renamed(&self, key: &str) -> Option<&'static str> {
        let mut rules = self.table.iter().flat_map(|table| table.rules);
        rules.find_map(|rule| match rule {
            Rule::Renamed(old, new) if *old == key => Some(*new),
            _ => None,
        })
    }

    /// Keys that nobody has asked for so far.
    pub fn unread(&self) -> Vec<String> {
        let known = self.known.borrow();
        let strange = |entry: &&Entry| !known.contains(&self.name_of(entry));
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
        let mut missing = self.missing.borrow_mut();
        for key in self.table.iter().flat_map(|table| table.keys) {
            if let Presence::Required(example) = key.presence
                && !self.has(key.name)
            {
                missing.push((key.name, example.to_string()));
            }
        }
        let notes = self.field.notes;
        for rule in self.table.iter().flat_map(|table| table.rules) {
            if let Rule::NotBoth(one, other) = rule
                && self.has(one)
                && let Some(entry) = self.entries.iter().find(|e| self.name_of(e) == *other)
            {
                let message = format!("`{other}` stands beside `{one}`");
                notes.error(entry.node.head(), message, "remove one of them");
            }
        }
        let mut strange: Vec<&Entry> = self.entries.iter().collect();
        strange.retain(|entry| !known.contains(&self.name_of(entry)));
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
            let top = self.field.path.is_empty();
            let of_k6 = || top.then(|| at_the_top(&entry.key)).flatten();
            let fix = match self.renamed(&entry.key) {
                Some(new) => format!("it is called `{new}` now"),
                None => of_k6()
                    .unwrap_or_else(|| suggestion(&entry.key, "its keys", known.iter().copied())),
            };
            notes.error(entry.at, message, fix);
        }
    }
}
