//! The paths that a model may have by its declaration.

use super::{Kind, MODEL, Rule, Table};
use crate::tree::{Node, Value};

static ROOT: Kind = Kind::Table(&MODEL);

/// All paths that an override may name: those of the values of a model, and of keys that could be added to its tables.
pub(crate) fn paths(tree: &Node) -> Vec<String> {
    let mut found = Vec::new();
    collect(tree, Some(&ROOT), String::new(), &mut found);
    found
}

/// What the value of a key of a table may be.
pub(crate) fn below(node: &Node, kind: Option<&'static Kind>, key: &str) -> Option<&'static Kind> {
    let kind = kind?;
    match kind.table(node) {
        Some(table) => table.key(key).map(|key| &key.kind),
        None => kind.named(),
    }
}

/// What a model as a whole is.
pub fn root() -> Option<&'static Kind> {
    Some(&ROOT)
}

fn collect(node: &Node, kind: Option<&'static Kind>, path: String, found: &mut Vec<String>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                let kind = below(node, kind, &entry.key);
                collect(&entry.node, kind, joined(&path, &entry.key), found);
            }
            if let Some(table) = kind.and_then(|kind| kind.table(node)) {
                absent(node, table, &path, found);
            }
        }
        Value::List(nodes) if nodes.iter().any(|node| node.entries().is_some()) => {
            let kind = kind.and_then(Kind::element);
            for (index, node) in nodes.iter().enumerate() {
                collect(node, kind, format!("{path}[{index}]"), found);
            }
        }
        _ => found.push(path),
    }
}

/// Keys that a table could have beside those that it has.
fn absent(node: &Node, table: &'static Table, path: &str, found: &mut Vec<String>) {
    let has = |key: &str| {
        table.key(key).is_some_and(|key| {
            node.entries()
                .is_some_and(|all| all.iter().any(|e| key.is(&e.key)))
        })
    };
    for key in table.keys {
        if has(key.name)
            || table
                .rules
                .iter()
                .any(|rule| excludes(rule, node, key.name))
        {
            continue;
        }
        let path = joined(path, key.name);
        match key.kind {
            Kind::Table(inner) => {
                found.extend(inner.keys.iter().map(|key| joined(&path, key.name)));
            }
            // Their keys are names of the model.
            Kind::Named(_) => {}
            _ => found.push(path),
        }
    }
}

/// Whether a rule may forbid a key beside those that a table has.
fn excludes(rule: &Rule, node: &Node, key: &str) -> bool {
    match rule {
        Rule::OneOf(sets) => sets.iter().any(|set| set.contains(&key)),
        Rule::Cases(decider, cases) => {
            let text = node.entry(decider).map(|entry| &entry.node.value);
            let own = cases
                .iter()
                .find(|case| matches!(text, Some(Value::Text(t)) if t == case.text));
            let special = cases.iter().any(|case| case.keys.contains(&key));
            special && own.is_some_and(|case| !case.keys.contains(&key))
        }
        Rule::NotBoth(a, b) => {
            let stands = |other: &str| node.entry(other).is_some();
            (key == *a && stands(b)) || (key == *b && stands(a))
        }
        Rule::AnyOf(_) | Rule::Together(..) | Rule::Renamed(..) => false,
    }
}

/// A path with one key more, in quotes if need be.
pub fn joined(path: &str, key: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match key.chars().all(plain) && !key.is_empty() {
        true => format!("{path}{dot}{key}"),
        false => format!("{path}{dot}\"{key}\""),
    }
}
