//! The vocabulary of a model as a JSON Schema (draft 2020-12), for editors.

use crate::model::vocabulary::{Case, DefaultValue, Key, Kind, MODEL, Presence, Rule, Table};
use serde_json::{Map, Value, json};

/// Lengths of time as k6 and Go write them (`model/duration.rs`).
const TIME: &str =
    r"^\+?(0|([0-9]+d)?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+|[0-9]+d0?)$";

/// The schema of a model, as pretty JSON with a line break at the end.
#[must_use]
pub fn schema() -> String {
    let mut writer = Writer::default();
    let mut root = writer.object(&MODEL, false);
    writer.defs.insert("time".into(), time());
    let time_above_zero = json!({
        "allOf": [{ "$ref": "#/$defs/time" }],
        "pattern": "[1-9]",
        "description": "A length of time above zero.",
    });
    writer
        .defs
        .insert("time-above-zero".into(), time_above_zero);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "capsim model",
    });
    if let (Some(root), Value::Object(head)) = (root.as_object_mut(), head) {
        root.extend(head);
        root.insert("$defs".into(), Value::Object(writer.defs));
    }
    let text = serde_json::to_string_pretty(&root).unwrap_or_default();
    format!("{text}\n")
}

fn time() -> Value {
    json!({
        "type": "string",
        "pattern": TIME,
        "description": "A length of time: numbers with a unit, d, h, m, s, ms, us or ns.",
        "examples": ["1m30s", "6ms", "250us"],
    })
}

#[derive(Default)]
struct Writer {
    /// Schemas that others refer to, by name.
    defs: Map<String, Value>,
}

impl Writer {
    fn kind(&mut self, kind: &'static Kind) -> Value {
        match kind {
            Kind::Text => json!({ "type": "string" }),
            Kind::Word(word) => json!({ "type": "string", "enum": [word] }),
            Kind::Choice(choice) => json!({ "type": "string", "enum": choice.names() }),
            Kind::Pattern(pattern, example) => {
                json!({ "type": "string", "pattern": pattern, "examples": [example] })
            }
            Kind::Name(of) => json!({ "type": "string", "title": format!("{of} name") }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Whole(low, high) => {
                let mut whole = json!({ "type": "integer", "minimum": low });
                if *high < u64::MAX {
                    whole["maximum"] = json!(high);
                }
                whole
            }
            Kind::Number(low, high) => number("minimum", *low, *high),
            Kind::NumberAbove(low, high) => number("exclusiveMinimum", *low, *high),
            Kind::Time => reference("time"),
            Kind::TimeAboveZero => reference("time-above-zero"),
            Kind::Table(table) => self.table(table, false),
            Kind::Union(union) => {
                let tables = union.tables.iter();
                json!({ "anyOf": tables.map(|table| self.table(table, true)).collect::<Vec<_>>() })
            }
            Kind::Named(kind) => {
                json!({ "type": "object", "additionalProperties": self.kind(kind) })
            }
            Kind::List(kind) => json!({ "type": "array", "items": self.kind(kind) }),
            Kind::Some(kind) => {
                json!({ "type": "array", "items": self.kind(kind), "minItems": 1 })
            }
            Kind::Exactly(n, kind) => {
                json!({ "type": "array", "items": self.kind(kind), "minItems": n, "maxItems": n })
            }
            Kind::OneOrMore(kind) => {
                let one = self.kind(kind);
                json!({ "anyOf": [one, { "type": "array", "items": one }] })
            }
            Kind::Either(kinds) => {
                json!({ "anyOf": kinds.iter().map(|kind| self.kind(kind)).collect::<Vec<_>>() })
            }
            Kind::Type(of) => {
                if !self.defs.contains_key(of.name) {
                    self.defs.insert(of.name.into(), Value::Null);
                    let mut schema = self.kind(&of.kind);
                    schema["description"] = json!(of.about);
                    self.defs.insert(of.name.into(), schema);
                }
                reference(of.name)
            }
            Kind::Any => json!({}),
        }
    }

    /// A reference to the schema of a table, which is written once.
    fn table(&mut self, table: &'static Table, head: bool) -> Value {
        let id = id(table.name);
        if !self.defs.contains_key(&id) {
            // Taken before its contents are written: they may refer to it.
            self.defs.insert(id.clone(), Value::Null);
            let schema = self.object(table, head);
            self.defs.insert(id, schema);
        }
        reference(table.name)
    }

    /// The schema of a table; `head`: its first key must be there.
    fn object(&mut self, table: &'static Table, head: bool) -> Value {
        let mut all = Vec::new();
        let mut cases: Option<(&'static str, &'static [Case])> = None;
        for rule in table.rules {
            match rule {
                Rule::OneOf(sets) => all.push(one_of(sets)),
                Rule::AnyOf(keys) => {
                    let any: Vec<Value> = keys.iter().map(|key| required(&[*key])).collect();
                    all.push(json!({ "anyOf": any }));
                }
                Rule::Together(a, b) => {
                    all.push(json!({ "dependentRequired": { *a: [b], *b: [a] } }));
                }
                Rule::NotBoth(a, b) => all.push(json!({ "not": required(&[*a, *b]) })),
                Rule::Cases(key, of) => cases = Some((key, of)),
                Rule::Renamed(..) => {}
            }
        }
        if let Some((decider, cases)) = cases {
            let cases = cases.iter().map(|case| self.case(table, decider, case));
            let cases: Vec<Value> = cases.collect();
            return json!({ "description": table.about, "type": "object", "anyOf": cases });
        }
        let keys: Vec<&'static Key> = table.keys.iter().collect();
        let mut properties = Map::new();
        for (index, key) in keys.iter().enumerate() {
            self.property(&mut properties, key);
            let must = matches!(key.presence, Presence::Required(_) | Presence::Checked);
            if must || head && index == 0 {
                let preset = keys.iter().find(|key| key.name == "preset");
                all.push(match preset {
                    // It may give the key.
                    Some(preset) => json!({ "anyOf": [given(key), given(preset)] }),
                    None => given(key),
                });
            }
        }
        closed(table.about, properties, all)
    }

    /// The schema of a table in one of its cases.
    fn case(&mut self, table: &'static Table, decider: &str, case: &'static Case) -> Value {
        let special = |key: &Key| match table.rules {
            [Rule::Cases(_, cases)] => cases.iter().any(|other| other.keys.contains(&key.name)),
            _ => false,
        };
        let mut properties = Map::new();
        let default = table.keys.iter().find(|key| key.name == decider);
        let default = default.is_some_and(|key| {
            matches!(key.presence, Presence::Or(DefaultValue::Text(text)) if text == case.text)
        });
        let mut all = match default {
            true => Vec::new(),
            false => vec![required(&[decider])],
        };
        for key in table.keys {
            if special(key) && !case.keys.contains(&key.name) {
                continue;
            }
            self.property(&mut properties, key);
            if case.whole && matches!(key.name, "rate" | "start_rate") {
                for name in [Some(key.name), key.k6].into_iter().flatten() {
                    properties[name]["type"] = json!("integer");
                }
            }
        }
        properties.insert(
            decider.into(),
            json!({ "type": "string", "enum": [case.text], "description": case.about }),
        );
        for set in case.needs {
            let keys = table.keys.iter().filter(|key| set.contains(&key.name));
            all.push(json!({ "anyOf": keys.map(given).collect::<Vec<_>>() }));
        }
        closed(case.about, properties, all)
    }

    fn property(&mut self, properties: &mut Map<String, Value>, key: &'static Key) {
        let schema = self.kind(&key.kind);
        // Older drafts ignore what stands beside a reference.
        let mut schema = match schema.get("$ref").is_some() {
            true => json!({ "allOf": [schema] }),
            false => schema,
        };
        let mut about = key.about.to_string();
        if let Presence::Or(default) = key.presence {
            match default {
                DefaultValue::Text(text) => schema["default"] = json!(text),
                DefaultValue::Whole(number) => schema["default"] = json!(number),
                DefaultValue::Number(number) => schema["default"] = json!(number),
                DefaultValue::Flag(flag) => schema["default"] = json!(flag),
                DefaultValue::Words(words) => about = format!("{about} Default: {words}."),
            }
        }
        schema["description"] = json!(about);
        if let Some(k6) = key.k6 {
            properties.insert(k6.into(), schema.clone());
        }
        properties.insert(key.name.into(), schema);
    }
}

fn closed(about: &str, properties: Map<String, Value>, all: Vec<Value>) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
    if !all.is_empty() {
        schema["allOf"] = json!(all);
    }
    schema
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{}", id(name)) })
}

/// The name of a table or type as a part of a URI.
fn id(name: &str) -> String {
    name.replace("[]", ".item").replace(", ", "-")
}

fn required(keys: &[&str]) -> Value {
    json!({ "required": keys })
}

/// That a key is there, in either spelling.
fn given(key: &Key) -> Value {
    match key.k6 {
        Some(k6) => json!({ "anyOf": [required(&[key.name]), required(&[k6])] }),
        None => required(&[key.name]),
    }
}

/// Exactly one of the sets, and no key of another one.
fn one_of(sets: &[&[&str]]) -> Value {
    let alone = |set: &&[&str]| {
        let mut others: Vec<&str> = sets.iter().copied().flatten().copied().collect();
        others.retain(|key| !set.contains(key));
        others.sort_unstable();
        others.dedup();
        let mut schema = required(set);
        if !others.is_empty() {
            let any: Vec<Value> = others.iter().map(|key| required(&[*key])).collect();
            schema["not"] = json!({ "anyOf": any });
        }
        schema
    };
    json!({ "oneOf": sets.iter().map(alone).collect::<Vec<_>>() })
}

fn number(minimum: &str, low: f64, high: f64) -> Value {
    let mut number = json!({ "type": "number" });
    if low > f64::MIN {
        number[minimum] = json!(low);
    }
    if high < f64::MAX {
        number["maximum"] = json!(high);
    }
    number
}
