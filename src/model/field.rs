//! Reading a value as what it should be: a text, a number, a time, a list, a table.

use super::duration;
use super::meant;
use super::problem::Diagnostics;
use super::section::Section;
use super::suggest::suggestion;
use super::tree::{Entry, Node, Place, Value};
use super::vocabulary::{Choice, Kind};
use crate::engine::Span;

/// A value on its way to being understood: it knows its path, and where to complain.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub notes: &'a Diagnostics,
    pub node: &'a Node,
    /// `endpoints.occupy.visits.0.time`
    pub path: String,
    /// Its key, or itself in a list.
    pub at: Place,
    /// What it may be, as its table declares it.
    pub kind: Option<&'static Kind>,
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
        self.error(message, meant::instead_of(self, what));
    }

    /// That a number lies outside of what it may be, and what is near.
    fn out_of_range(&self, message: String, number: f64, low: f64, high: f64) {
        let fix = match number {
            // A share that is written in per cent.
            n if high == 1.0 && n > 1.0 && n <= 100.0 => format!("write {}", n / 100.0),
            n if n < low => format!("write {low} or more"),
            n if n > high => format!("write {high} or less"),
            _ => "write a number".to_string(),
        };
        self.error(message, fix);
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
                let message = format!("`{}` must be {}, and is {n}", self.name(), what());
                self.out_of_range(message, n as f64, low as f64, high as f64);
                None
            }
            Value::Float(x) => {
                let whole = x as u64;
                let fix = if x == whole as f64 && (low..=high).contains(&whole) {
                    format!("write {whole}, without a decimal point")
                } else {
                    "write a whole number".to_string()
                };
                self.error(
                    format!("`{}` must be {}, and is {x:?}", self.name(), what()),
                    &fix,
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
        let message = format!("`{}` must be {what}, and is {number}", self.name());
        self.out_of_range(message, number, low, high);
        None
    }

    /// A length of time: a text with a unit.
    pub fn span(&self) -> Option<Span> {
        let example = "write a text with a unit, such as \"1m30s\", \"6ms\" or \"250us\"";
        match &self.node.value {
            Value::Text(text) => match duration::parse(text) {
                Ok(span) => Some(span),
                Err(_) if duration::parse_signed(text).is_ok() => {
                    let message = format!("`{}` must not be negative, and is {text}", self.name());
                    self.error(message, "write a time of zero or more");
                    None
                }
                Err(why) => {
                    let fix = meant::instead_of_time(text);
                    self.error(format!("`{}` is not a time: {why}", self.name()), fix);
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
            kind: self.kind.and_then(Kind::element),
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
            _ => vec![Field {
                kind: self.kind.and_then(Kind::element),
                ..self.clone()
            }],
        }
    }

    /// A table whose keys are names that the model gives.
    pub fn named(&self) -> Vec<(&'a str, Field<'a>)> {
        let Value::Table(entries) = &self.node.value else {
            self.expected("a table");
            return Vec::new();
        };
        let kind = self.kind.and_then(Kind::named);
        let entry = |entry: &'a Entry| (entry.key.as_str(), self.child(entry, &entry.key, kind));
        entries.iter().map(entry).collect()
    }

    /// A table whose keys are fixed.
    pub fn section(&self) -> Option<Section<'a>> {
        let Value::Table(entries) = &self.node.value else {
            self.expected("a table");
            return None;
        };
        let table = self.kind.and_then(|kind| kind.table(self.node));
        Some(Section::new(self.clone(), entries, table))
    }

    /// Whether it is a table with this key.
    pub fn has(&self, key: &str) -> bool {
        self.node.entry(key).is_some()
    }

    pub(super) fn child(
        &self,
        entry: &'a Entry,
        name: &str,
        kind: Option<&'static Kind>,
    ) -> Field<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        Field {
            notes: self.notes,
            node: &entry.node,
            path: format!("{}{dot}{name}", self.path),
            at: entry.at,
            kind,
        }
    }

    /// The declared kind of which this holds. That there is none is an error of this program: its reader and its
    /// declaration differ.
    fn declared(&self, holds: &dyn Fn(&'static Kind) -> bool) -> Option<&'static Kind> {
        let kind = self.kind.and_then(|kind| kind.find(holds));
        debug_assert!(
            kind.is_some(),
            "`{}` is read as what it is not declared to be",
            self.path
        );
        kind
    }

    /// A whole number within the declared bounds.
    pub fn integer<T: TryFrom<u64>>(&self) -> Option<T> {
        match self.declared(&|kind| matches!(kind, Kind::Whole(..)))? {
            Kind::Whole(low, high) => T::try_from(self.whole(*low, *high)?).ok(),
            _ => None,
        }
    }

    /// A number within the declared bounds.
    pub fn real(&self) -> Option<f64> {
        match self.declared(&|kind| matches!(kind, Kind::Number(..)))? {
            Kind::Number(low, high) => self.number(*low, *high),
            _ => None,
        }
    }

    /// A length of time, above zero if it is declared so.
    pub fn time(&self) -> Option<Span> {
        match self.declared(&|kind| matches!(kind, Kind::Time | Kind::TimeAboveZero))? {
            Kind::TimeAboveZero => self.span_above_zero(),
            _ => self.span(),
        }
    }

    /// Whether it is the one text that it may be; otherwise an error.
    pub fn word(&self) -> Option<()> {
        let Kind::Word(word) = self.declared(&|kind| matches!(kind, Kind::Word(_)))? else {
            return None;
        };
        let text = self.text()?;
        if text == *word {
            return Some(());
        }
        let fix = format!("write {} = \"{word}\"", self.name());
        self.error(format!("`{}` cannot be `{text}`", self.name()), fix);
        None
    }

    /// What one of some texts stands for.
    pub fn choice<T: Copy>(&self, choice: &'static Choice<T>) -> Option<T> {
        let same = |kind: &Kind| matches!(kind, Kind::Choice(declared) if std::ptr::addr_eq(*declared, choice));
        self.declared(&same)?;
        let text = self.text()?;
        let found = choice.pairs.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names = choice.pairs.iter().map(|(name, _)| *name);
            let (message, fix) = match (choice.one, choice.pairs) {
                ("", [(only, _)]) => (
                    format!("`{}` cannot be `{text}`", self.name()),
                    format!("write {} = \"{only}\"", self.name()),
                ),
                ("", _) => (
                    format!("`{}` cannot be `{text}`", self.name()),
                    suggestion(text, choice.many, names),
                ),
                (one, _) => (
                    format!("there is no {one} `{text}`"),
                    suggestion(text, choice.many, names),
                ),
            };
            self.error(message, fix);
        }
        found.map(|(_, meaning)| *meaning)
    }
}
