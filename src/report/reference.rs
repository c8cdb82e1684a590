//! The vocabulary of a model as a page: every table, every key.

use crate::model::vocabulary::{Case, DefaultValue, Key, Kind, MODEL, Presence, Rule, Table, Type};
use std::fmt::Write as _;

const HEAD: &str = "\
# Reference of a model
<!-- Written by `capsim schema --markdown`; tests/project/schema.rs compares. -->
All tables of a model file and all their keys. `capsim schema` prints the same as a JSON Schema, for editors. What the
mechanisms do is told in [mechanisms](mechanisms/README.md).

A *time* is a text with a unit: `\"1m30s\"`, `\"6ms\"`, `\"250us\"`; units are d, h, m, s, ms, us, ns. NAME stands for a
name that the model gives. Keys that are k6's may be written in its spelling, too (`startVUs`).
";

/// The page, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = Page {
        text: HEAD.to_string(),
        told: Vec::new(),
    };
    page.table(&MODEL);
    page.text
}

struct Page {
    text: String,
    /// Tables and types that the page has so far.
    told: Vec<&'static str>,
}

impl Page {
    fn new_name(&mut self, name: &'static str) -> bool {
        let new = !self.told.contains(&name);
        if new {
            self.told.push(name);
        }
        new
    }

    /// A table, and behind it what its keys lead to.
    fn table(&mut self, table: &'static Table) {
        if !self.new_name(table.name) {
            return;
        }
        let _ = match table.name {
            "" => writeln!(self.text, "\n## Tables of a model"),
            name => writeln!(self.text, "\n## {}", title(name)),
        };
        if !table.about.is_empty() {
            let _ = writeln!(self.text, "{}", table.about);
        }
        self.text
            .push_str("\n| key | type | range | default | meaning |\n|---|---|---|---|---|\n");
        for key in table.keys {
            self.row(key);
        }
        for rule in table.rules {
            self.rule(rule);
        }
        for key in table.keys {
            self.behind(&key.kind);
        }
    }

    fn row(&mut self, key: &'static Key) {
        let (kind, range) = shown(&key.kind);
        let default = match key.presence {
            Presence::Optional => "–".to_string(),
            Presence::Required(_) | Presence::Checked => "*required*".to_string(),
            Presence::Or(DefaultValue::Text(text)) => format!("`\"{text}\"`"),
            Presence::Or(DefaultValue::Whole(number)) => format!("`{number}`"),
            Presence::Or(DefaultValue::Number(number)) => format!("`{number:?}`"),
            Presence::Or(DefaultValue::Flag(flag)) => format!("`{flag}`"),
            Presence::Or(DefaultValue::Words(words)) => words.to_string(),
        };
        let k6 = key.k6.map_or(String::new(), |k6| format!(", `{k6}`"));
        let row = format!(
            "| `{}`{k6} | {kind} | {range} | {default} | {} |",
            key.name, key.about
        );
        let _ = writeln!(self.text, "{row}");
    }

    fn rule(&mut self, rule: &Rule) {
        let set = |keys: &&[&str]| {
            keys.iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(" and ")
        };
        match rule {
            Rule::OneOf(sets) => {
                let sets: Vec<String> = sets.iter().map(set).collect();
                let _ = writeln!(self.text, "\nEither {}.", sets.join(", or "));
            }
            Rule::AnyOf(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                let _ = writeln!(self.text, "\nAt least one of {}.", keys.join(", "));
            }
            Rule::Together(a, b) => {
                let _ = writeln!(self.text, "\n`{a}` and `{b}` go together.");
            }
            Rule::NotBoth(a, b) => {
                let _ = writeln!(self.text, "\nNot both `{a}` and `{b}`.");
            }
            Rule::Cases(key, cases) => self.cases(key, cases),
            Rule::Renamed(..) => {}
        }
    }

    fn cases(&mut self, key: &str, cases: &[Case]) {
        let _ = writeln!(
            self.text,
            "\n| `{key}` | what it is | its keys | required |\n|---|---|---|---|"
        );
        let listed = |keys: &[&str], between: &str| {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            keys.join(between)
        };
        for case in cases {
            let needs: Vec<String> = case.needs.iter().map(|set| listed(set, " or ")).collect();
            let row = format!(
                "| `{}` | {} | {} | {} |",
                case.text,
                case.about,
                listed(case.keys, ", "),
                needs.join("; ")
            );
            let _ = writeln!(self.text, "{row}");
        }
    }

    /// Tables and types that a kind leads to.
    fn behind(&mut self, kind: &'static Kind) {
        match kind {
            Kind::Table(table) => self.table(table),
            Kind::Union(union) => union.tables.iter().for_each(|table| self.table(table)),
            Kind::Named(kind)
            | Kind::List(kind)
            | Kind::Some(kind)
            | Kind::Exactly(_, kind)
            | Kind::OneOrMore(kind) => self.behind(kind),
            Kind::Either(kinds) => kinds.iter().for_each(|kind| self.behind(kind)),
            Kind::Type(of) => self.named_type(of),
            _ => {}
        }
    }

    fn named_type(&mut self, of: &'static Type) {
        if self.new_name(of.name) {
            let (kind, range) = match of.kind {
                // Its tables follow.
                Kind::Union(_) => (String::new(), String::new()),
                _ => shown(&of.kind),
            };
            let _ = writeln!(self.text, "\n## {}\n{}", title(of.name), of.about);
            if !kind.is_empty() {
                let range = if range.is_empty() {
                    range
                } else {
                    format!(", {range}")
                };
                let _ = writeln!(self.text, "Written as: {kind}{range}.");
            }
            self.behind(&of.kind);
        }
    }
}

/// The heading of a table or type.
fn title(name: &str) -> String {
    format!("`{name}`")
}

/// The link of a heading, as GitHub makes it.
fn anchor(name: &str) -> String {
    let kept = name.to_lowercase().replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}

/// Type and range of a value.
fn shown(kind: &'static Kind) -> (String, String) {
    let plain = |text: &str| (text.to_string(), String::new());
    let of = |what: &str, kind: &'static Kind| {
        let (inner, range) = shown(kind);
        (format!("{what}{inner}"), range)
    };
    match kind {
        Kind::Text => plain("text"),
        Kind::Word(word) => (format!("`\"{word}\"`"), String::new()),
        Kind::Choice(choice) => {
            let names: Vec<String> = choice
                .names()
                .iter()
                .map(|name| format!("`\"{name}\"`"))
                .collect();
            (names.join(", "), String::new())
        }
        Kind::Pattern(_, example) => (format!("a text such as `\"{example}\"`"), String::new()),
        Kind::Name(of) => (format!("{of} name"), String::new()),
        Kind::Flag => plain("true or false"),
        Kind::Whole(low, u64::MAX) => ("whole number".into(), format!("{low} or more")),
        Kind::Whole(low, high) => ("whole number".into(), format!("{low} to {high}")),
        Kind::Number(f64::MIN, f64::MAX) => plain("number"),
        Kind::Number(low, f64::MAX) => ("number".into(), format!("{low} or more")),
        Kind::Number(low, high) => ("number".into(), format!("{low} to {high}")),
        Kind::NumberAbove(low, f64::MAX) => ("number".into(), format!("above {low}")),
        Kind::NumberAbove(low, high) => ("number".into(), format!("above {low}, up to {high}")),
        Kind::Time => plain("time"),
        Kind::TimeAboveZero => ("time".into(), "above 0".into()),
        Kind::Table(table) => (format!("[table](#{})", anchor(table.name)), String::new()),
        Kind::Union(union) => (format!("a {}", union.name), String::new()),
        Kind::Named(kind) => of("by name: ", kind),
        Kind::List(kind) => of("list: ", kind),
        Kind::Some(kind) => of("list of at least one: ", kind),
        Kind::Exactly(n, kind) => of(&format!("list of {n}: "), kind),
        Kind::OneOrMore(kind) => of("one or a list: ", kind),
        Kind::Either(kinds) => {
            let all: Vec<(String, String)> = kinds.iter().map(shown).collect();
            let types: Vec<&str> = all.iter().map(|(kind, _)| kind.as_str()).collect();
            let ranges: Vec<&str> = all
                .iter()
                .map(|(_, range)| range.as_str())
                .filter(|r| !r.is_empty())
                .collect();
            (types.join(" or "), ranges.join("; "))
        }
        Kind::Type(of) => (
            format!("[{}](#{})", of.name, anchor(of.name)),
            String::new(),
        ),
        Kind::Any => plain("anything"),
    }
}
