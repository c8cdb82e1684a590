//! Overrides: `--set path=value`, such as `scenarios.default.stages[*].target=500`.

use super::nesting::too_deep_in_value;
use super::problem::{Finding, Problems, Source};
use super::tree::{Entry, Node, Place, Value, convert};
use super::visible::visible;
use super::vocabulary::{self, Kind, Table};
use std::fmt;
use toml::de::DeValue;

/// A change to a model before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    text: String,
    path: Vec<Step>,
    /// Where the value begins in the text.
    value_at: usize,
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    All,
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Override {
    /// Reads `path=value`. A path is keys with dots; `[2]` is an element of a list, counted from zero,
    /// `[*]` all of them; a key with other signs stands in quotes. A value is TOML; a text needs no quotes.
    /// `load=1.5` multiplies every number of VUs and every rate of all scenarios.
    ///
    /// # Errors
    /// If there is no `=`, or the path is malformed.
    pub fn parse(text: &str) -> Result<Override, Problems> {
        let fail = |at: usize, message: &str| {
            let fix = "write path=value, such as stations.cpu.servers=4".to_string();
            let place = place(0, at.min(text.len()), text.len());
            let found = Finding {
                place,
                message: message.to_string(),
                fix,
            };
            Problems::new(&[Source::of_override(text)], vec![found])
        };
        let (path, equals) = path(text).map_err(|(at, message)| fail(at, message))?;
        let text = text.to_string();
        Ok(Override {
            text,
            path,
            value_at: equals + 1,
        })
    }

    /// The override that puts `value`, written as on the command line, at `path`.
    ///
    /// # Errors
    /// As [`Override::parse`].
    pub fn new(path: &str, value: &str) -> Result<Override, Problems> {
        Override::parse(&format!("{path}={value}"))
    }

    /// The path as written.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text[..self.value_at - 1].trim()
    }

    /// The value as written.
    #[must_use]
    pub fn value(&self) -> &str {
        self.text[self.value_at..].trim()
    }

    /// Whether it is `load=…`, which is not a path of the tree.
    pub(crate) fn is_load(&self) -> bool {
        matches!(self.path.as_slice(), [Step::Key(key)] if key == "load")
    }

    /// The value as a node of the text number `source`.
    pub(crate) fn node(&self, source: u32) -> Result<Node, Finding> {
        let written = &self.text[self.value_at..];
        let at = self.value_at + (written.len() - written.trim_start().len());
        let here = place(source, at, at + self.value().len());
        let bare = || Node {
            place: here,
            value: Value::Text(visible(self.value()).into_owned()),
        };
        let too_deep = || finding(here, "the value nests too deep", "nest less");
        if too_deep_in_value(self.value()).is_some() {
            return Err(too_deep());
        }
        let mut node = match DeValue::parse(self.value()) {
            Ok(value) => convert(source, &value).map_err(|_| too_deep())?,
            Err(why) if self.value().starts_with(['{', '[', '"', '\'']) => {
                return Err(finding(
                    here,
                    &format!("the value is invalid TOML: {}", why.message()),
                    "",
                ));
            }
            Err(_) => return Ok(bare()),
        };
        if node.value == Value::Date {
            return Ok(bare());
        }
        shift(&mut node, u32::try_from(at).unwrap_or(u32::MAX));
        Ok(node)
    }

    /// Puts the value into the tree.
    pub(crate) fn apply(&self, source: u32, tree: &mut Node) -> Result<(), Finding> {
        let value = self.node(source)?;
        let at = place(source, 0, self.value_at - 1);
        put(tree, &self.path, at, &value, vocabulary::root(), true).map_err(|Missing| {
            let message = format!("the model has no `{}`", self.path());
            finding(at, &message, &likely(self.path(), &vocabulary::paths(tree)))
        })
    }
}

fn place(source: u32, start: usize, end: usize) -> Place {
    let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Place {
        source,
        start: clip(start),
        end: clip(end),
    }
}

fn finding(place: Place, message: &str, fix: &str) -> Finding {
    Finding {
        place,
        message: message.to_string(),
        fix: fix.to_string(),
    }
}

impl Source {
    pub(crate) fn of_override(text: &str) -> Source {
        Source {
            name: "--set".into(),
            text: text.into(),
        }
    }
}

/// The path at the head of a text, and where its `=` stands.
fn path(text: &str) -> Result<(Vec<Step>, usize), (usize, &'static str)> {
    let mut steps = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        match rest.chars().next() {
            None => return Err((at, "an override needs `=` and a value")),
            Some('=') if !steps.is_empty() => return Ok((steps, at)),
            Some('=') => return Err((at, "an override needs a path before `=`")),
            Some('.') if !steps.is_empty() => at += 1,
            Some('[') => {
                let close = rest.find(']').ok_or((at, "`[` without `]`"))?;
                steps.push(match rest[1..close].trim() {
                    "*" => Step::All,
                    number => Step::Index(
                        number
                            .parse()
                            .map_err(|_| (at, "`[…]` needs a number or `*`"))?,
                    ),
                });
                at += close + 1;
            }
            Some(quote @ ('"' | '\'')) => {
                let close = rest[1..]
                    .find(quote)
                    .ok_or((at, "a quote without its end"))?;
                steps.push(Step::Key(visible(&rest[1..=close]).into_owned()));
                at += close + 2;
            }
            Some(_) => {
                let end = rest.find(['.', '[', '=']).unwrap_or(rest.len());
                let key = rest[..end].trim_end();
                if key.is_empty() {
                    return Err((at, "a path with an empty key"));
                }
                steps.push(Step::Key(visible(key).into_owned()));
                at += end;
            }
        }
    }
}

fn shift(node: &mut Node, by: u32) {
    let moved = |place: &mut Place| {
        place.start = place.start.saturating_add(by);
        place.end = place.end.saturating_add(by);
    };
    moved(&mut node.place);
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(|node| shift(node, by)),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            moved(&mut entry.at);
            shift(&mut entry.node, by);
        }),
        _ => {}
    }
}

/// Which paths an unknown one is like, as a whole or as the end of one: "did you mean …?".
pub fn likely(unknown: &str, known: &[String]) -> String {
    let likeness = |path: &String| {
        let ends = path
            .match_indices(['.', '['])
            .map(|(at, _)| &path[at + 1..]);
        let each = std::iter::once(path.as_str()).chain(ends);
        each.map(|end| strsim::normalized_levenshtein(unknown, end))
            .fold(0.0, f64::max)
    };
    // A long text is not a spelling mistake, and comparing takes the product of the lengths.
    let compared = if unknown.len() > 200 { 0 } else { 5000 };
    let compared = known.iter().filter(|p| p.len() <= 200).take(compared);
    let mut near: Vec<(f64, &String)> = compared.map(|p| (likeness(p), p)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown = match near.as_slice() {
        [(best, _), ..] if *best > 0.4 => 1,
        _ => 3,
    };
    let near = near.iter().take(shown);
    let near: Vec<String> = near.map(|(_, path)| format!("`{path}`")).collect();
    if near.is_empty() {
        return "a path is keys with dots, such as stations.cpu.servers".to_string();
    }
    format!("did you mean {}?", near.join(" or "))
}

struct Missing;

/// Puts a value at a path below `node`. A last key that is missing is added: the reader knows whether the table may
/// have it. So is a table whose keys are declared.
fn put(
    node: &mut Node,
    path: &[Step],
    at: Place,
    value: &Node,
    kind: Option<&'static Kind>,
    root: bool,
) -> Result<(), Missing> {
    let Some((step, rest)) = path.split_first() else {
        *node = value.clone();
        return Ok(());
    };
    let inner = match step {
        Step::Key(key) => vocabulary::below(node, kind, key),
        _ => None,
    };
    let table = kind.and_then(|kind| kind.table(node));
    let element = kind.and_then(Kind::element);
    match (&mut node.value, step) {
        (Value::Table(entries), Step::Key(key)) => {
            let same = |entry: &Entry| is_same(table, &entry.key, key);
            if let Some(entry) = entries.iter_mut().find(|entry| same(entry)) {
                put(&mut entry.node, rest, at, value, inner, false)?;
                if rest.is_empty() {
                    entry.at = at;
                }
                return Ok(());
            }
            // A slip in the name of a station is not a new station; a metric of `thresholds` is a name of k6's.
            let fixed = table.is_some() && matches!(inner, Some(Kind::Table(_)));
            let fixed = fixed || root && key == "thresholds";
            let begins = !rest.is_empty() && fixed;
            if !begins && (root || !rest.is_empty()) {
                return Err(Missing);
            }
            let mut fresh = Node {
                place: at,
                value: Value::Table(Vec::new()),
            };
            put(&mut fresh, rest, at, value, inner, false)?;
            entries.push(Entry {
                key: key.clone(),
                at,
                node: fresh,
            });
            Ok(())
        }
        (Value::List(nodes), Step::All) if !nodes.is_empty() => nodes
            .iter_mut()
            .try_for_each(|node| put(node, rest, at, value, element, false)),
        (Value::List(nodes), Step::Index(index)) => put(
            nodes.get_mut(*index).ok_or(Missing)?,
            rest,
            at,
            value,
            element,
            false,
        ),
        (Value::List(nodes), Step::Key(key)) => {
            let index: usize = key.parse().map_err(|_| Missing)?;
            put(
                nodes.get_mut(index).ok_or(Missing)?,
                rest,
                at,
                value,
                element,
                false,
            )
        }
        _ => Err(Missing),
    }
}

/// The paths of all values that are not tables, as an override names them.
pub(crate) fn paths(tree: &Node) -> Vec<String> {
    let mut found = Vec::new();
    collect(tree, String::new(), &mut found);
    found
}

fn collect(node: &Node, path: String, found: &mut Vec<String>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                collect(&entry.node, vocabulary::joined(&path, &entry.key), found);
            }
        }
        Value::List(nodes) if nodes.iter().any(|node| node.entries().is_some()) => {
            for (index, node) in nodes.iter().enumerate() {
                collect(node, format!("{path}[{index}]"), found);
            }
        }
        _ => found.push(path),
    }
}

/// The value at a path without `[*]`.
pub(crate) fn find<'a>(tree: &'a Node, written: &str) -> Option<&'a Node> {
    let (steps, _) = path(&format!("{written}=")).ok()?;
    let found = steps
        .iter()
        .try_fold((tree, vocabulary::root()), |(node, kind), step| {
            let element = kind.and_then(Kind::element);
            match (&node.value, step) {
                (Value::Table(entries), Step::Key(key)) => {
                    let table = kind.and_then(|kind| kind.table(node));
                    let same = |entry: &&Entry| is_same(table, &entry.key, key);
                    let entry = entries.iter().find(same)?;
                    Some((&entry.node, vocabulary::below(node, kind, key)))
                }
                (Value::List(nodes), Step::Index(index)) => Some((nodes.get(*index)?, element)),
                (Value::List(nodes), Step::Key(key)) => {
                    Some((nodes.get(key.parse::<usize>().ok()?)?, element))
                }
                _ => None,
            }
        });
    found.map(|(node, _)| node)
}

/// Whether a key of a model is meant by a key of a path: k6's spelling and the model's are the same.
fn is_same(table: Option<&'static Table>, written: &str, meant: &str) -> bool {
    let declared = |key: &str| table.and_then(|table| table.key(key)).map(|key| key.name);
    written == meant || declared(written).is_some() && declared(written) == declared(meant)
}
