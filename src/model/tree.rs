//! A model as written: a tree of TOML values, each with its place, in the order of the text. Control characters in
//! keys and texts are made visible here, so that no name can bring one to a terminal or into a file.

use super::nesting::DEEPEST;
use super::visible::{visible, visible_lines};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value stands: a range of bytes of one of the texts that make up the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// 0 is the file, n the n-th override.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub place: Place,
    pub value: Value,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// Also an integer beyond 64 bits.
    Float(f64),
    Boolean(bool),
    /// A date or a time of day; a model has no use for it.
    Date,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub at: Place,
    pub node: Node,
}

impl Node {
    /// What the value is, for a sentence.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Date => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// Entries, if it is a table.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of this key, if it is a table that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key == key)
    }

    /// The place to show for the value as a whole: the first key of an inline table says more than
    /// its brace.
    pub fn head(&self) -> Place {
        match &self.value {
            Value::Table(entries) => entries.first().map_or(self.place, |entry| entry.at),
            _ => self.place,
        }
    }
}

/// A tree that nests too deep, and where: by parts of headers that stand for lists, which `nesting` does not see.
pub(crate) struct TooDeep(pub Place);

/// Makes a node of what the TOML parser gives.
pub(crate) fn convert(source: u32, value: &Spanned<DeValue>) -> Result<Node, TooDeep> {
    node(source, value, 0)
}

/// Makes a node of a whole document.
pub(crate) fn convert_document(source: u32, table: &Spanned<DeTable>) -> Result<Node, TooDeep> {
    let place = place(source, table.span());
    let value = entries(source, table.get_ref(), 0)?;
    Ok(Node { place, value })
}

/// The place of a range of bytes.
pub(crate) fn place(source: u32, range: std::ops::Range<usize>) -> Place {
    let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let (start, end) = (clip(range.start), clip(range.end));
    Place { source, start, end }
}

fn node(source: u32, spanned: &Spanned<DeValue>, depth: usize) -> Result<Node, TooDeep> {
    let place = place(source, spanned.span());
    if depth > DEEPEST {
        return Err(TooDeep(place));
    }
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(visible(text).into_owned()),
        DeValue::Integer(digits) => integer(digits.as_str(), digits.radix()),
        DeValue::Float(digits) => Value::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| node(source, item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => entries(source, table, depth)?,
    };
    Ok(Node { place, value })
}

fn entries(source: u32, table: &DeTable, depth: usize) -> Result<Value, TooDeep> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let key_text = visible(key.get_ref());
        let mut node = node(source, value, depth + 1)?;
        if let (DeValue::String(text), "description") = (value.get_ref(), &*key_text) {
            node.value = Value::Text(visible_lines(text).into_owned());
        }
        entries.push(Entry {
            key: key_text.into_owned(),
            at: place(source, key.span()),
            node,
        });
    }
    // The parser sorts by key; a model means the order of the text.
    entries.sort_by_key(|entry| entry.at.start);
    Ok(Value::Table(entries))
}

fn integer(digits: &str, radix: u32) -> Value {
    match i64::from_str_radix(digits, radix) {
        Ok(number) => Value::Integer(number),
        Err(_) if digits.starts_with('-') => Value::Float(f64::NEG_INFINITY),
        Err(_) => Value::Float(f64::INFINITY),
    }
}
