//! What capsim depends on: licences that `deny.toml` allows, no crate that needs a newer Rust than `Cargo.toml` says, and the
//! same features in the program as in its tests.
//! `cargo deny check` looks at advisories as well, for which it needs the net.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What cargo prints for this workspace.
fn cargo(arguments: &[&str]) -> Vec<u8> {
    let done = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--locked")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    done.stdout
}

/// All packages of the lock file, with every feature.
fn packages() -> Vec<Value> {
    let printed = cargo(&["metadata", "--format-version", "1", "--all-features"]);
    let mut all: Value = serde_json::from_slice(&printed).expect("JSON");
    match all["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("{other}"),
    }
}

fn config(file: &str) -> toml::Table {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(path).expect("the file");
    text.parse().expect("TOML")
}

/// Whether an SPDX expression can be met with these licences: one of each OR, all of each AND. The old `/` is an OR.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any(&words, &mut at, allowed);
    met && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut met = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at, allowed);
    }
    met
}

fn all(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let first = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if first == "(" {
        let met = any(words, at, allowed);
        *at += 1;
        return met;
    }
    let mut name = first.to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = words[*at - 1..words.len().min(*at + 2)].join(" ");
        *at += 2;
    }
    allowed.contains(&name.as_str())
}

#[test]
fn expressions_are_met_as_spdx_says() {
    let met = |text: &str| is_met(text, &["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"]);
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Zlib",
        "Unlicense/MIT",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
    ] {
        assert!(met(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "Apache-2.0", "MIT Zlib"] {
        assert!(!met(bad), "{bad}");
    }
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let deny = config("deny.toml");
    let allowed = deny["licenses"]["allow"].as_array().expect("a list");
    let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_met(licence, &allowed), "{}: {licence}", package["name"]);
    }
}

#[test]
fn no_dependency_needs_a_newer_rust_than_is_promised() {
    let version = |text: &str| -> Vec<u32> {
        let parts = text.split('.').map(|part| part.parse().expect("a number"));
        parts.chain([0, 0]).take(3).collect()
    };
    let own = config("Cargo.toml");
    let own = version(
        own["workspace"]["package"]["rust-version"]
            .as_str()
            .expect("a version"),
    );
    for package in packages() {
        let Some(rust) = package["rust_version"].as_str() else {
            continue;
        };
        let rust = version(rust);
        assert!(rust <= own, "{} needs Rust {rust:?}", package["name"]);
    }
}

/// What is built of the normal dependencies, or of those and the tests' own: names, versions and features.
fn built(edges: &str) -> BTreeSet<String> {
    let format = ["--format", "{p} [{f}]", "--edges", edges];
    let printed = cargo(&[&["tree", "--prefix", "none", "--no-dedupe"][..], &format].concat());
    let text = String::from_utf8_lossy(&printed);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn tests_run_what_the_program_is_built_of() {
    let (program, tests) = (built("normal,build"), built("normal,build,dev"));
    assert!(program.len() > 50, "{program:?}");
    let other: Vec<&String> = program.difference(&tests).collect();
    assert!(
        other.is_empty(),
        "the tests' libraries ask for more features of these, and all that depends on them would be built twice and behave \
         otherwise in tests: {other:#?}; ask for the same features in Cargo.toml"
    );
}
