//! The direction of dependencies: imports point down the list of docs/design.md, never up.

use std::path::{Path, PathBuf};

/// From the top of the house to its foundation.
const HOUSE: [&str; 13] = [
    "cli", "api", "report", "study", "world", "load", "parts", "measure", "model", "formats",
    "stats", "theory", "engine",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The layer of a source file: its folder in `src/`, or in that of a crate with several layers.
fn layer(relative: &Path) -> String {
    let mut folders = relative.iter().map(|part| part.to_string_lossy());
    folders
        .find(|folder| !["core", "sim"].contains(&folder.as_ref()))
        .unwrap_or_default()
        .into_owned()
}

/// Modules that a line names after `crate::`, also several in braces.
fn named(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .flat_map(|(at, text)| {
            let rest = &line[at + text.len()..];
            let list = rest
                .strip_prefix('{')
                .and_then(|r| r.split('}').next())
                .unwrap_or_else(|| {
                    rest.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                        .next()
                        .unwrap_or("")
                });
            list.split(',')
                .map(|name| name.trim().split("::").next().unwrap_or(""))
        })
        .collect()
}

#[test]
fn imports_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let own = layer(relative);
        let Some(level) = HOUSE.iter().position(|m| *m == own) else {
            continue;
        };
        for (i, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for name in named(code) {
                if let Some(target) = HOUSE.iter().position(|m| *m == name) {
                    seen += 1;
                    if target < level {
                        wrong.push(format!(
                            "{}:{}: {own} imports {name}",
                            relative.display(),
                            i + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(seen > 200, "only {seen} imports were seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_line_with_several_modules_is_read() {
    assert_eq!(
        named("use crate::{engine::Span, model};"),
        ["engine", "model"]
    );
    assert_eq!(
        named("let x: crate::engine::Time = crate::stats::y();"),
        ["engine", "stats"]
    );
}

#[test]
fn threads_are_started_in_studies_alone() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let own = file.strip_prefix(&src).unwrap();
        let threads = text.contains("rayon::") || text.contains("std::thread::spawn");
        // The command line may choose how many threads there are.
        assert!(
            !threads || own.starts_with("study") || own.starts_with("cli"),
            "{}",
            own.display()
        );
    }
}

/// What a command does with the world outside it has one place, which knows the limits and the failures: reading
/// files (`formats::input`), printing (`cli::console`, `cli::outputs`).
#[test]
fn files_and_standard_output_have_one_door() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(&src).unwrap().display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        // Modules of tests stand last.
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or("");
        let code = code.split("#[cfg(all(test,").next().unwrap_or("");
        if name.contains("tests") || name == "cli/console.rs" {
            continue;
        }
        let lines = code.lines().map(|line| line.split("//").next());
        let code: String = lines.flatten().collect();
        for door in ["fs::read(", "fs::read_to_string(", "println!(", "stdout()"] {
            if code.contains(door) {
                wrong.push(format!("{name}: {door}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Code of a file before its unit tests, line by line, without comments.
fn code_of(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
    code.lines()
        .map(|line| line.split("//").next().unwrap_or("").to_owned())
        .collect()
}

/// The components of a run: the system knows no VU, the load no resource, and neither knows the world.
#[test]
fn system_and_load_are_apart() {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim/world");
    let rules: [(&str, &[&str]); 2] = [
        ("system", &["World", "world::load", "Load"]),
        ("load", &["World", "System"]),
    ];
    for (component, unknown) in rules {
        let mut files = Vec::new();
        sources(&world.join(component), &mut files);
        assert!(files.len() > 3, "the sources of {component} were not found");
        for file in files {
            for (i, line) in code_of(&file).iter().enumerate() {
                let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                let wrong = words.filter(|word| {
                    unknown
                        .iter()
                        .any(|u| word == u || u.contains("::") && word.contains(u))
                });
                assert_eq!(
                    wrong.collect::<Vec<_>>(),
                    [""; 0],
                    "{}:{}",
                    file.display(),
                    i + 1
                );
            }
        }
    }
}
