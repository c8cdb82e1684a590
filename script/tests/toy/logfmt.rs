//! Lines of the log as k6 prints them.

use capsim_script::{Level, LogLine};

/// One line.
pub fn line(line: &LogLine) -> String {
    let level = match line.level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let mut fields = line.fields.clone();
    fields.sort();
    let mut text = format!("level={level} msg={}", quoted(&line.text));
    for (name, value) in &fields {
        text += &format!(" {name}={}", quoted(value));
    }
    text
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if text.chars().all(plain) && !text.is_empty() {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            '\r' => out += "\\r",
            c => out.push(c),
        }
    }
    out + "\""
}
