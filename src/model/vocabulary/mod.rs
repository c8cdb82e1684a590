//! The vocabulary of a model: every table, its keys, and what each key may be, as data. A table is declared beside its
//! reader, once. The reader knows no other keys than those declared, and takes types, ranges and defaults from there;
//! so do the JSON Schema and the reference of `capsim schema`, and the completion of paths.

mod declare;
mod kind;
mod path;
#[cfg(test)]
mod tests;

/// What stands at the top of a model.
pub use super::read::MODEL;
pub(crate) use declare::{keys, keys_of, tables};
pub use kind::{Choice, Kind, Names, Type, Union};
pub(crate) use path::{below, joined, paths, root};

/// A table whose keys are fixed.
#[derive(Clone, Copy)]
pub struct Table {
    /// Where it stands, as the reference calls it: `stations.NAME`. No two tables have the same.
    pub name: &'static str,
    /// What it describes, in a sentence or two.
    pub about: &'static str,
    /// Its keys, in the order in which errors list them.
    pub keys: &'static [Key],
    /// Which of them go together.
    pub rules: &'static [Rule],
}

/// A key of a table.
#[derive(Clone, Copy)]
pub struct Key {
    /// As written in a model.
    pub name: &'static str,
    /// As k6 spells it, which is accepted, too.
    pub k6: Option<&'static str>,
    /// What its value may be.
    pub kind: Kind,
    /// Whether it must be there, and what holds if it is not.
    pub presence: Presence,
    /// What it means.
    pub about: &'static str,
}

/// What holds if a key is not there.
#[derive(Clone, Copy)]
pub enum Presence {
    /// Then there is nothing of the kind.
    Optional,
    /// An error; the example completes "write …".
    Required(&'static str),
    /// An error, which the reader tells in words of its own.
    Checked,
    /// This value.
    Or(DefaultValue),
}

/// The value of a key that is not there.
#[derive(Clone, Copy)]
pub enum DefaultValue {
    /// A text, also a time or a name.
    Text(&'static str),
    /// A whole number.
    Whole(u64),
    /// A number, whole or not.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// No single value: what holds instead, in words.
    Words(&'static str),
}

/// Which keys of a table go together.
#[derive(Clone, Copy)]
pub enum Rule {
    /// Exactly one of these sets, and no key of another one.
    OneOf(&'static [&'static [&'static str]]),
    /// At least one of these keys.
    AnyOf(&'static [&'static str]),
    /// Both of these keys or none.
    Together(&'static str, &'static str),
    /// Not both of these keys.
    NotBoth(&'static str, &'static str),
    /// Which other keys there may be depends on the text of this key.
    Cases(&'static str, &'static [Case]),
    /// A key of older models, and what it is called now.
    Renamed(&'static str, &'static str),
}

/// What keys go with one text of the deciding key.
pub struct Case {
    /// The text.
    pub text: &'static str,
    /// What it stands for.
    pub about: &'static str,
    /// Keys that it has besides those of all cases.
    pub keys: &'static [&'static str],
    /// Of those, keys that must be there: one of each set.
    pub needs: &'static [&'static [&'static str]],
    /// Whether its rates are whole numbers.
    pub whole: bool,
}

impl Table {
    /// The declaration of a key, by its name or by k6's spelling of it.
    pub fn key(&'static self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.is(name))
    }
}

impl Case {
    /// A text of the deciding key, what it stands for, and the keys that go with it.
    pub const fn new(
        text: &'static str,
        about: &'static str,
        keys: &'static [&'static str],
    ) -> Case {
        Case {
            text,
            about,
            keys,
            needs: &[],
            whole: false,
        }
    }

    /// One key of each of these sets must be there.
    pub const fn needs(mut self, sets: &'static [&'static [&'static str]]) -> Case {
        self.needs = sets;
        self
    }

    /// Its rates are whole numbers.
    pub const fn whole(mut self) -> Case {
        self.whole = true;
        self
    }
}

impl Key {
    /// A key that need not be there.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Key {
        Key {
            name,
            k6: None,
            kind,
            presence: Presence::Optional,
            about,
        }
    }

    /// It must be there; `example` completes "write …".
    pub const fn required(mut self, example: &'static str) -> Key {
        self.presence = Presence::Required(example);
        self
    }

    /// It must be there, and the reader says so itself.
    pub const fn checked(mut self) -> Key {
        self.presence = Presence::Checked;
        self
    }

    const fn or(mut self, default: DefaultValue) -> Key {
        self.presence = Presence::Or(default);
        self
    }

    /// The text, time or name that holds without it.
    pub const fn or_text(self, text: &'static str) -> Key {
        self.or(DefaultValue::Text(text))
    }

    /// The whole number that holds without it.
    pub const fn or_whole(self, number: u64) -> Key {
        self.or(DefaultValue::Whole(number))
    }

    /// The number that holds without it.
    pub const fn or_number(self, number: f64) -> Key {
        self.or(DefaultValue::Number(number))
    }

    /// Whether it holds if nothing is said.
    pub const fn or_flag(self, flag: bool) -> Key {
        self.or(DefaultValue::Flag(flag))
    }

    /// What holds without it, in words.
    pub const fn otherwise(self, words: &'static str) -> Key {
        self.or(DefaultValue::Words(words))
    }

    /// k6's spelling.
    pub const fn k6(mut self, name: &'static str) -> Key {
        self.k6 = Some(name);
        self
    }

    /// Whether a model's key is this one.
    pub fn is(&self, written: &str) -> bool {
        self.name == written || self.k6 == Some(written)
    }
}
