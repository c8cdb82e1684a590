//! Presets: what real components were measured to do, or are documented to do, in the words of a model. A preset is a few
//! keys that a table gets beside its own; those that the table has itself win. Nothing else in the program knows of presets.

use super::problem::Diagnostics;
use super::suggest::{all_of, nearest};
use super::tree::{Entry, Node, Place, Value, convert_document};
use super::vocabulary::Names;
use std::sync::OnceLock;
use toml::de::DeTable;

/// The files of presets, by kind of component.
const FILES: [&str; 8] = [
    include_str!("presets/waiting_rooms.toml"),
    include_str!("presets/caches.toml"),
    include_str!("presets/rate_limits.toml"),
    include_str!("presets/listeners.toml"),
    include_str!("presets/rows.toml"),
    include_str!("presets/pools.toml"),
    include_str!("presets/retries.toml"),
    include_str!("presets/services.toml"),
];

/// What a real component was measured or is documented to do, as keys of a model.
#[derive(Clone, Debug)]
pub struct Preset {
    /// Component, version and part: `go-1.25/database-sql`.
    pub name: String,
    /// The section whose tables may name it: `pools` for `[pools.NAME]`.
    pub section: String,
    /// What it is, in one line.
    pub about: String,
    /// What was measured, and on which version; empty if nothing was.
    pub measured: String,
    /// What its makers say of it, with the documents; empty if it was measured.
    pub documented: String,
    /// What was not measured, is not documented, or is not reproduced; empty if nothing is known of.
    pub unmeasured: String,
    /// Its keys, as a model writes them.
    pub keys: Vec<(String, String)>,
    entries: Vec<Entry>,
}

/// All presets, in the order of their files.
#[must_use]
pub fn all() -> Vec<Preset> {
    FILES.iter().flat_map(|text| of_file(text)).collect()
}

/// The names of the presets for a section.
pub struct Presets(pub &'static str);

impl Names for Presets {
    fn names(&self) -> Vec<&'static str> {
        static ALL: OnceLock<Vec<Preset>> = OnceLock::new();
        let all = ALL.get_or_init(all).iter();
        let own = all.filter(|preset| preset.section == self.0);
        own.map(|preset| preset.name.as_str()).collect()
    }
}

/// The preset of this name.
///
/// # Errors
/// The nearest name, or all of them, as the end of a sentence.
pub fn named(name: &str) -> Result<Preset, String> {
    let all = all();
    let found = all.iter().find(|preset| preset.name == name);
    found.cloned().ok_or_else(|| instead(name, &all, ""))
}

/// What could be meant by a name that is not a preset: of the presets for a section, or of all.
fn instead(name: &str, all: &[Preset], section: &str) -> String {
    let fits = |preset: &&Preset| section.is_empty() || preset.section == section;
    let known: Vec<&str> = all.iter().filter(fits).map(|p| p.name.as_str()).collect();
    let part = name.rsplit('/').next().unwrap_or(name);
    let product = |known: &str| known.split(['-', '/']).next().map(str::to_string);
    let same = || known.iter().find(|known| product(known) == product(name));
    let ends = || known.iter().find(|known| known.ends_with(part));
    let near = nearest(name, known.iter().copied());
    match near.or_else(|| same().copied()).or_else(|| ends().copied()) {
        Some(near) => format!("did you mean `{near}`? `capsim explain-preset` lists all"),
        None => all_of("presets", known),
    }
}

fn of_file(text: &str) -> Vec<Preset> {
    let Ok(table) = DeTable::parse(text) else {
        return Vec::new();
    };
    let Ok(tree) = convert_document(0, &table) else {
        return Vec::new();
    };
    let written = |place: Place| text.get(place.start as usize..place.end as usize);
    let entries = tree.entries().unwrap_or_default();
    let preset = |entry: &Entry| {
        let line = |key: &str| match entry.node.entry(key).map(|e| &e.node.value) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let keys = entry
            .node
            .entry("keys")
            .and_then(|keys| keys.node.entries());
        let keys = keys.unwrap_or_default();
        let key = |e: &Entry| {
            let value = written(e.node.place).unwrap_or_default();
            (e.key.clone(), value.to_string())
        };
        Preset {
            name: entry.key.clone(),
            section: line("section"),
            about: line("about"),
            measured: line("measured"),
            documented: line("documented"),
            unmeasured: line("unmeasured"),
            keys: keys.iter().map(key).collect(),
            entries: keys.to_vec(),
        }
    };
    entries.iter().map(preset).collect()
}

/// Gives every table of a model that names a preset the preset's keys.
pub(crate) fn apply(tree: &mut Node, notes: &Diagnostics) {
    let Value::Table(sections) = &mut tree.value else {
        return;
    };
    for section in sections {
        let name = section.key.clone();
        apply_to(&mut section.node, &name, notes);
        if let Value::Table(named) = &mut section.node.value {
            for entry in named {
                apply_to(&mut entry.node, &name, notes);
            }
        }
    }
}

fn apply_to(node: &mut Node, section: &str, notes: &Diagnostics) {
    let Value::Table(entries) = &mut node.value else {
        return;
    };
    let Some(at) = entries.iter().position(|e| e.key == "preset") else {
        return;
    };
    let Value::Text(name) = &entries[at].node.value else {
        // A table that is named so; or no name at all, which the reader of the section will refuse.
        return;
    };
    let (name, place) = (name.clone(), entries[at].node.place);
    let all = all();
    let fits = |preset: &&Preset| preset.name == name && preset.section == section;
    let Some(preset) = all.iter().find(fits) else {
        let (message, fix) = match all.iter().find(|preset| preset.name == name) {
            Some(other) => (
                format!("the preset `{name}` is none for `{section}`"),
                format!("name it in a table of [{}]", other.section),
            ),
            None => (
                format!("there is no preset `{name}`"),
                instead(&name, &all, section),
            ),
        };
        notes.error(place, message, fix);
        entries.remove(at);
        return;
    };
    entries.remove(at);
    for entry in &preset.entries {
        if !entries.iter().any(|own| own.key == entry.key) {
            let mut entry = entry.clone();
            entry.at = place;
            put_at(&mut entry.node, place);
            entries.push(entry);
        }
    }
}

/// What a preset gives is shown where the preset is named.
fn put_at(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(|node| put_at(node, place)),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            entry.at = place;
            put_at(&mut entry.node, place);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use std::collections::BTreeSet;

    #[test]
    fn every_preset_says_what_it_is_and_how_that_is_known() {
        let all = all();
        let tables = FILES
            .iter()
            .map(|text| text.matches("\nsection = ").count());
        assert_eq!(all.len(), tables.sum::<usize>());
        let names: BTreeSet<&str> = all.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for preset in &all {
            let Preset {
                name,
                about,
                measured,
                documented,
                keys,
                ..
            } = preset;
            assert!(!about.is_empty() && !keys.is_empty(), "{name}");
            assert!(measured.is_empty() != documented.is_empty(), "{name}");
        }
    }

    fn model(lock: &str) -> Result<Model, String> {
        let text = format!(
            "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"\n\
             [journeys]\nj = [{{ request = \"e\" }}]\n[locks.global]\n{lock}\n\
             [endpoints.e]\nvisits = [{{ lock = \"global\", visits = [{{ delay = \"1s\" }}] }}]\n"
        );
        Model::from_text("m.toml", &text, &[]).map_err(|why| why.to_string())
    }

    #[test]
    fn keys_beside_a_preset_win() {
        use crate::waiting::WaitOrder;
        let order = |lock: &str| model(lock).unwrap().locks[4].waiting.order;
        assert_eq!(order("preset = \"postgresql/row\""), WaitOrder::ByVersion);
        assert_eq!(
            order("order = \"random\"\npreset = \"postgresql/row\""),
            WaitOrder::Random
        );
    }

    #[test]
    fn each_preset_says_what_is_known_of_it_and_what_is_not() {
        for preset in all() {
            assert!(!preset.unmeasured.is_empty(), "{}", preset.name);
        }
    }

    #[test]
    fn an_unknown_preset_is_told_with_the_nearest() {
        let told = |lock: &str| model(lock).unwrap_err();
        let near = told("preset = \"postgres/row\"");
        assert!(near.contains("did you mean `postgresql/row`?"), "{near}");
        let other = told("preset = \"go-1.25/database-sql\"");
        assert!(other.contains("[pools]"), "{other}");
        let none = told("preset = \"qqqqqqqqqqqq\"");
        assert!(none.contains("presets: `postgresql/row`"), "{none}");
        assert!(named("innodb").unwrap_err().contains("`innodb/row`"));
    }
}
