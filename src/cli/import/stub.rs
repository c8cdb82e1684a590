//! Proposes the body of an answer from the fields that a script reads of it.

use std::collections::BTreeMap;

use super::toml_text::{key, quoted};

/// A body with these fields: `data.token`, `list[].id`.
pub fn body(fields: &[&str]) -> String {
    let mut root = Node::default();
    for field in fields {
        let mut node = &mut root;
        for part in field
            .replace("[]", ".[]")
            .split('.')
            .filter(|p| !p.is_empty())
        {
            // Selectors of gjson name elements by number, or all of them.
            let is_element = part == "#" || part.bytes().all(|c| c.is_ascii_digit());
            let part = if is_element { "[]" } else { part };
            node = node.parts.entry(part.to_string()).or_default();
        }
    }
    root.text("")
}

/// What is inside a field, by name; `[]` for the elements of a list.
#[derive(Default)]
struct Node {
    parts: BTreeMap<String, Node>,
}

impl Node {
    fn text(&self, name: &str) -> String {
        if self.parts.is_empty() {
            return value(name);
        }
        if let Some(element) = self.parts.get("[]") {
            return format!("[{}]", element.text(name));
        }
        let own = self.parts.iter();
        let own = own.map(|(name, node)| format!("{} = {}", key(name), node.text(name)));
        format!("{{ {} }}", own.collect::<Vec<_>>().join(", "))
    }
}

/// Parts of names of fields, and the values that such fields most likely have.
const LIKELY: [(&str, &str); 9] = [
    ("token", "{token}"),
    ("position", "{position}"),
    ("wait", "{wait}"),
    ("admitted", "{admitted}"),
    ("seat", "{seat}"),
    ("hold", "{hold}"),
    ("event", "{event}"),
    ("user", "{user}"),
    ("status", "{status}"),
];

fn value(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let found = LIKELY.iter().find(|(part, _)| lower.contains(part));
    found.map_or_else(|| "1".to_string(), |(_, value)| quoted(value))
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn fields_become_a_body() {
        let fields = [
            "data.token",
            "data.list[].seatId",
            "list[]",
            "x",
            "all.#.id",
            "all.0.name",
        ];
        assert_eq!(
            body(&fields),
            "{ all = [{ id = 1, name = 1 }], data = { list = [{ seatId = \"{seat}\" }], token = \"{token}\" }, list = [1], x = 1 }"
        );
    }
}
