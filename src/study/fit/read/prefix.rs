//! What logs put before each line of a summary: the name of a container, a time stamp, a mark of quotation.

use super::text::metric_name;
use crate::model::metric_name::find_builtin;

/// A part of a prefix; numbers and widths of gaps may differ from line to line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Atom {
    Digits,
    Gap,
    Exactly(char),
}

/// What stands before the lines of a summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prefix(Vec<Atom>);

impl Prefix {
    /// What stands before the first line of a metric that k6 always names so; empty if nothing does.
    pub fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Prefix {
        let before = lines.filter_map(before_builtin).next();
        let mut atoms: Vec<Atom> = Vec::new();
        for c in before.unwrap_or("").chars() {
            let atom = match c {
                c if c.is_ascii_digit() => Atom::Digits,
                c if c.is_whitespace() => Atom::Gap,
                c => Atom::Exactly(c),
            };
            if matches!(atom, Atom::Exactly(_)) || atoms.last() != Some(&atom) {
                atoms.push(atom);
            }
        }
        Prefix(atoms)
    }

    /// The line without it. Of a line that begins otherwise there is only its metric, if it has one:
    /// the rest may be another program's.
    pub fn strip<'a>(&self, line: &'a str) -> Option<&'a str> {
        let line = line.trim();
        let mut rest = line;
        for atom in &self.0 {
            let after = match atom {
                Atom::Digits => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
                Atom::Gap => rest.trim_start(),
                Atom::Exactly(c) => rest.strip_prefix(*c).unwrap_or(rest),
            };
            if after.len() == rest.len() {
                return after_other(line);
            }
            rest = after;
        }
        Some(rest.trim_start())
    }
}

/// What stands before a built-in metric's name and its marks.
fn before_builtin(line: &str) -> Option<&str> {
    let (name, _) = metric_name(line)?;
    let begin = name.rfind(char::is_whitespace).unwrap_or(0);
    find_builtin(name[begin..].trim_start())?;
    let before = name[..begin].trim_end().trim_end_matches(['✓', '✗']);
    Some(before.trim())
}

/// The line from its metric's name on, if there is one.
fn after_other(line: &str) -> Option<&str> {
    let (name, _) = metric_name(line)?;
    let begin = match name.rfind('{') {
        Some(at) if name.ends_with('}') => at,
        _ => name.rfind(char::is_whitespace).unwrap_or(0),
    };
    line.get(begin..).map(str::trim_start)
}
