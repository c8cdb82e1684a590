//! What the tests of scripts share: folders with files, runs, and the numbers of a summary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A system that answers `GET /x` after 10 ms.
pub const ONE_ENDPOINT: &str = "[endpoints.x]
route = \"GET /x\"
visits = [{ delay = \"10ms\" }]
";

pub fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn capsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .output()
        .unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a script has logged with `console.log`, a line each.
pub fn logged(output: &Output) -> Vec<String> {
    let said = text(&output.stderr);
    let info = said.lines().filter_map(|l| l.strip_prefix("INFO "));
    info.map(str::to_owned).collect()
}

/// Writes files into a folder of their own.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Runs `test.js` of a folder against its `system.toml`.
pub fn run(folder: &tempfile::TempDir, more: &[&str]) -> Output {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (script, system) = (path("test.js"), path("system.toml"));
    let first = [
        "run",
        &script,
        "--system",
        &system,
        "--summary-mode",
        "legacy",
    ];
    capsim(&[&first[..], more].concat())
}

/// The same, which must end with 0; its standard output.
pub fn passes(folder: &tempfile::TempDir, more: &[&str]) -> String {
    let output = run(folder, more);
    let shown = text(&output.stdout);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{shown}{said}");
    shown
}

/// Count, or average in milliseconds, of each metric in a summary of k6's older kind.
pub fn metrics(summary: &str) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for line in summary.lines() {
        let Some((name, rest)) = line.split_once("...: ").or_else(|| line.split_once(".: ")) else {
            continue;
        };
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let words: Vec<&str> = rest.split_whitespace().collect();
        let value = match words[..] {
            [share, "✓", passes, ..] if share.ends_with('%') => passes.parse().ok(),
            [first, ..] => match first.strip_prefix("avg=") {
                Some(time) => Some(milliseconds(time)),
                None => first.parse().ok(),
            },
            [] => None,
        };
        if let Some(value) = value {
            all.entry(name.to_string()).or_insert(value);
        }
    }
    all
}

pub fn milliseconds(text: &str) -> f64 {
    let units = [("µs", 1e-3), ("ms", 1.0), ("s", 1e3)];
    let found = units
        .iter()
        .find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor));
    found.unwrap_or_else(|| panic!("{text}"))
}
