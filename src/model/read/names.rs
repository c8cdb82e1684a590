//! The names in a model, and the ids that they resolve to.

use crate::field::Field;
use crate::suggest::{all_of, suggestion};
use crate::tree::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// The names of one kind of thing, in the order of the text: the index is the id.
pub(super) struct Names {
    one: &'static str,
    many: &'static str,
    names: Vec<String>,
    ids: BTreeMap<String, u16>,
    /// How many names unknown ones have been compared with.
    compared: Cell<usize>,
}

/// Largest number of names that are compared with unknown ones: that takes a second. A model with more has other faults than
/// spelling mistakes.
const MOST_COMPARED: usize = 1_000_000;

impl Names {
    pub(super) fn new(one: &'static str, many: &'static str, named: &[(&str, Field)]) -> Names {
        if let Some((_, field)) = named.get(usize::from(u16::MAX)) {
            let message = format!("there are more than {} {many}", u16::MAX);
            field.notes.error(field.at, message, "");
        }
        let names: Vec<String> = named.iter().map(|(name, _)| (*name).to_string()).collect();
        let ids = names.iter().cloned().zip(0..u16::MAX).collect();
        Names {
            one,
            many,
            names,
            ids,
            compared: Cell::new(0),
        }
    }

    /// The id that a text leads to.
    pub(super) fn find(&self, field: &Field) -> Option<u16> {
        let given = field.text()?;
        let id = self.id(given);
        // Of names that are too many, the rest is there but has no id: that was told already.
        let told = || self.names.iter().skip(self.ids.len()).any(|n| n == given);
        if id.is_none() && !told() {
            let message = format!("there is no {} `{given}`", self.one);
            let known = self.names.iter().map(String::as_str);
            let compared = self.compared.get() + self.names.len();
            self.compared.set(compared);
            let fix = if compared <= MOST_COMPARED {
                suggestion(given, self.many, known)
            } else {
                all_of(self.many, known)
            };
            field.error(message, fix);
        }
        id
    }

    /// The id of a name, without complaint.
    pub(super) fn id(&self, name: &str) -> Option<u16> {
        self.ids.get(name).copied()
    }

    pub(super) fn all(&self) -> &[String] {
        &self.names
    }
}

/// Things that have names, or are written where they are used. The named ones come first.
pub(super) struct Shared<T> {
    names: Names,
    pub(super) all: Vec<T>,
    /// Named ones that something uses.
    pub(super) used: BTreeSet<u16>,
    read: fn(String, &Field) -> T,
}

impl<T> Shared<T> {
    /// Those of a section, in the order of the text.
    pub(super) fn new(
        one: &'static str,
        many: &'static str,
        named: &[(&str, Field)],
        read: fn(String, &Field) -> T,
    ) -> Shared<T> {
        let all = named.iter().map(|(name, f)| read((*name).to_string(), f));
        Shared {
            names: Names::new(one, many, named),
            all: all.collect(),
            used: BTreeSet::new(),
            read,
        }
    }

    /// One where it is used: its name, or a table of its own; `expected` completes "must be".
    pub(super) fn find(&mut self, field: &Field, expected: &str) -> Option<u16> {
        if field.text_if_any().is_some() {
            let id = self.names.find(field)?;
            self.used.insert(id);
            return Some(id);
        }
        if !matches!(field.node.value, Value::Table(_)) {
            field.expected(expected);
            return None;
        }
        let id = id(self.all.len(), field, self.names.many);
        self.all.push((self.read)(field.path.clone(), field));
        Some(id)
    }
}

/// The id of the next element of a list of `len`.
pub(super) fn id(len: usize, field: &Field, what: &str) -> u16 {
    u16::try_from(len).unwrap_or_else(|_| {
        field.error(format!("there are more than {} {what}", u16::MAX), "");
        0
    })
}

/// Adds an element to a list in which each key stands once, and tells where it is.
pub(super) fn once<T: Clone, K: Ord>(
    list: &mut Vec<T>,
    known: &mut BTreeMap<K, usize>,
    key: K,
    element: &T,
) -> usize {
    *known.entry(key).or_insert_with(|| {
        list.push(element.clone());
        list.len() - 1
    })
}
