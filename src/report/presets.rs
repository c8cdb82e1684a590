//! What presets stand for, as text.

use std::fmt::Write;

use crate::model::preset::Preset;

/// A text in lines of at most 98 characters, indented.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let long = lines
            .last()
            .map_or(0, |line| line.chars().count() + word.chars().count());
        match lines.last_mut() {
            Some(line) if long < 96 => {
                *line += if line.is_empty() { "" } else { " " };
                *line += word;
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// Which tables of a model may name the presets of a section.
fn table(section: &str) -> String {
    match section {
        // There is one room at most.
        "waiting_room" => section.to_owned(),
        _ => format!("{section}.NAME"),
    }
}

/// All presets, section by section, a line each.
#[must_use]
pub fn list(all: &[Preset]) -> String {
    let width = all.iter().map(|p| p.name.len()).max().unwrap_or(0);
    let mut sections: Vec<&str> = Vec::new();
    for preset in all {
        if !sections.contains(&preset.section.as_str()) {
            sections.push(&preset.section);
        }
    }
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "[{}]", table(section));
        for preset in all.iter().filter(|p| p.section == section) {
            let _ = writeln!(text, "  {:width$}  {}", preset.name, preset.about);
        }
    }
    text +=
        "\nName one in a model as preset = \"…\"; `capsim explain-preset NAME` shows its keys.\n";
    text
}

/// One preset: its keys, what was measured or is documented, what not.
#[must_use]
pub fn one(preset: &Preset) -> String {
    let mut text = format!("{}: {}\n\nIt stands for\n", preset.name, preset.about);
    let _ = writeln!(text, "  [{}]", table(&preset.section));
    for (key, value) in &preset.keys {
        let _ = writeln!(text, "  {key} = {value}");
    }
    let mut part = |title: &str, what: &str| {
        if !what.is_empty() {
            let _ = write!(text, "\n{title}\n{}", wrapped(what));
        }
    };
    part("Measured", &preset.measured);
    part("Documented", &preset.documented);
    let unknown = match preset.measured.as_str() {
        "" => "Not documented, or not reproduced",
        _ => "Not measured, or not reproduced",
    };
    part(unknown, &preset.unmeasured);
    text += "\nKeys that stand beside it in a model win.\n";
    text
}
