//! What a value may be.

use super::Table;
use crate::tree::Node;

/// What the value of a key may be.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// This text and no other.
    Word(&'static str),
    /// One of some texts.
    Choice(&'static (dyn Names + Sync)),
    /// A text that this regular expression matches, and an example.
    Pattern(&'static str, &'static str),
    /// The name of something that the model has: of a station, a pool, …
    Name(&'static str),
    /// True or false.
    Flag,
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// A number within these bounds.
    Number(f64, f64),
    /// A number above the first bound, up to the second.
    NumberAbove(f64, f64),
    /// A length of time.
    Time,
    /// A length of time above zero.
    TimeAboveZero,
    /// A table with fixed keys.
    Table(&'static Table),
    /// One of several tables.
    Union(&'static Union),
    /// A table whose keys are names that the model gives.
    Named(&'static Kind),
    /// A list, which may be empty.
    List(&'static Kind),
    /// A list of at least one.
    Some(&'static Kind),
    /// A list of this length.
    Exactly(usize, &'static Kind),
    /// One, or a list.
    OneOrMore(&'static Kind),
    /// One of these.
    Either(&'static [Kind]),
    /// What has a name of its own in the reference.
    Type(&'static Type),
    /// Anything.
    Any,
}

/// A type that several keys share, such as a distribution.
pub struct Type {
    /// `distribution`
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is written.
    pub kind: Kind,
}

/// Tables of which a value is one: the first of which the first key is there.
pub struct Union {
    /// One of them, for the reference: `step`.
    pub name: &'static str,
    /// In the order in which a value is compared with them.
    pub tables: &'static [&'static Table],
}

impl Union {
    /// The keys that decide, in order.
    pub fn heads(&self) -> impl Iterator<Item = &'static str> + Clone + '_ {
        self.tables
            .iter()
            .filter_map(|table| table.keys.first())
            .map(|key| key.name)
    }
}

/// The texts that a choice accepts.
pub trait Names {
    /// In the order in which errors list them.
    fn names(&self) -> Vec<&'static str>;
}

/// Texts, and what each stands for.
pub struct Choice<T: 'static> {
    /// One of them, for sentences: `discipline`; empty: the key's name says it.
    pub one: &'static str,
    /// Several of them.
    pub many: &'static str,
    /// Text and meaning.
    pub pairs: &'static [(&'static str, T)],
}

impl<T> Choice<T> {
    /// Texts that errors call by these words.
    pub const fn of(
        one: &'static str,
        many: &'static str,
        pairs: &'static [(&'static str, T)],
    ) -> Choice<T> {
        Choice { one, many, pairs }
    }

    /// Texts without a word of their own: errors call them by their key.
    pub const fn possible(pairs: &'static [(&'static str, T)]) -> Choice<T> {
        Choice::of("", "possible", pairs)
    }
}

impl<T> Names for Choice<T> {
    fn names(&self) -> Vec<&'static str> {
        self.pairs.iter().map(|(name, _)| *name).collect()
    }
}

impl Kind {
    /// The declaration that a table is read by.
    pub(crate) fn table(&'static self, node: &Node) -> Option<&'static Table> {
        match self {
            Kind::Table(table) => Some(table),
            Kind::Union(union) => {
                let entries = node.entries()?;
                let has = |table: &&&'static Table| {
                    let head = table.keys.first();
                    head.is_some_and(|head| entries.iter().any(|entry| head.is(&entry.key)))
                };
                union.tables.iter().find(has).copied()
            }
            Kind::OneOrMore(kind) => kind.table(node),
            Kind::Either(kinds) => kinds.iter().find_map(|kind| kind.table(node)),
            Kind::Type(of) => of.kind.table(node),
            _ => None,
        }
    }

    /// What the elements of a list may be.
    pub fn element(&'static self) -> Option<&'static Kind> {
        match self {
            Kind::List(kind)
            | Kind::Some(kind)
            | Kind::Exactly(_, kind)
            | Kind::OneOrMore(kind) => Some(kind),
            Kind::Either(kinds) => kinds.iter().find_map(Kind::element),
            Kind::Type(of) => of.kind.element(),
            _ => None,
        }
    }

    /// What the values of a table may be whose keys are names.
    pub fn named(&'static self) -> Option<&'static Kind> {
        match self {
            Kind::Named(kind) => Some(kind),
            Kind::Either(kinds) => kinds.iter().find_map(Kind::named),
            Kind::Type(of) => of.kind.named(),
            _ => None,
        }
    }

    /// The first of the kinds that are accepted here for which this holds.
    pub fn find(&'static self, holds: &dyn Fn(&'static Kind) -> bool) -> Option<&'static Kind> {
        match self {
            kind if holds(kind) => Some(kind),
            Kind::OneOrMore(kind) => kind.find(holds),
            Kind::Either(kinds) => kinds.iter().find_map(|kind| kind.find(holds)),
            Kind::Type(of) => of.kind.find(holds),
            Kind::Any => Some(self),
            _ => None,
        }
    }
}
