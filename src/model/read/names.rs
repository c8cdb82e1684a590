//! Names that the model gives, and the ids they lead to.

use crate::model::nearest::suggestion;
use crate::model::section::Field;

/// The names of one kind of thing, in the order of the text: the index is the id.
pub(super) struct Names {
    one: &'static str,
    many: &'static str,
    names: Vec<String>,
}

impl Names {
    pub(super) fn new(one: &'static str, many: &'static str, named: &[(&str, Field)]) -> Names {
        if let Some((_, field)) = named.get(usize::from(u16::MAX)) {
            let message = format!("there are more than {} {many}", u16::MAX);
            field.notes.error(field.at, message, "");
        }
        let names = named.iter().map(|(name, _)| (*name).to_string()).collect();
        Names { one, many, names }
    }

    /// The id that a text leads to.
    pub(super) fn find(&self, field: &Field) -> Option<u16> {
        let given = field.text()?;
        let index = self.names.iter().position(|name| name == given);
        if index.is_none() {
            let message = format!("there is no {} `{given}`", self.one);
            let known = self.names.iter().map(String::as_str);
            field.error(message, suggestion(given, self.many, known));
        }
        u16::try_from(index?).ok()
    }

    /// The id of a name, without complaint.
    pub(super) fn id(&self, name: &str) -> Option<u16> {
        let index = self.names.iter().position(|known| known == name);
        u16::try_from(index?).ok()
    }

    pub(super) fn all(&self) -> &[String] {
        &self.names
    }
}

/// The id of the next element of a list of `len`.
pub(super) fn id(len: usize, field: &Field, what: &str) -> u16 {
    u16::try_from(len).unwrap_or_else(|_| {
        field.error(format!("there are more than {} {what}", u16::MAX), "");
        0
    })
}
