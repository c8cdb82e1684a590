//! The runs of the shipped models, by their fingerprints and the bytes of their summaries: a change of the engine that
//! moves one shows here, and so does a processor that computes otherwise (`tests/architectures/run`).
//! `CAPSIM_WRITE_FINGERPRINTS=1 cargo test --test project fingerprints` writes them anew; say why in the commit.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const GOLDEN: &str = "tests/data/fingerprints.csv";

/// The models of these folders that run by themselves, sorted by name.
fn models() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["models", "models/gallery", "docs/mechanisms"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let toml = |path: &PathBuf| path.extension().is_some_and(|e| e == "toml");
        let name = |path: PathBuf| {
            path.file_name()
                .map(|n| format!("{folder}/{}", n.to_string_lossy()))
        };
        all.extend(paths.filter(toml).filter_map(name));
    }
    all.sort();
    all
}

/// The line of a model: its name, the fingerprint of its run and what its summary hashes to.
fn line(model: &str) -> String {
    let at = tempfile::tempdir().expect("a directory");
    let summary = at.path().join("x.json");
    let done = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", model, "--summary-mode", "none", "--summary-export"])
        .arg(&summary)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("it runs");
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    let fingerprint = printed
        .split("fingerprint ")
        .nth(1)
        .and_then(|rest| rest.get(..16));
    let fingerprint = fingerprint.unwrap_or_else(|| panic!("{model}: {printed}"));
    let bytes = std::fs::read(&summary).expect("a summary");
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("{model},{fingerprint},{hash}")
}

#[test]
fn shipped_models_run_as_they_always_did() {
    let models = models();
    let half = models.len() / 2;
    let lines = |models: &[String]| models.iter().map(|m| line(m)).collect::<Vec<_>>();
    let (first, second) = models.split_at(half);
    let mut all = vec!["model,fingerprint,summary_sha256".to_string()];
    std::thread::scope(|scope| {
        let first = scope.spawn(|| lines(first));
        let second = lines(second);
        all.extend(first.join().expect("they run"));
        all.extend(second);
    });
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("CAPSIM_WRITE_FINGERPRINTS").is_some() {
        std::fs::write(&golden, all.join("\n") + "\n").expect("it is written");
    }
    let text = std::fs::read_to_string(&golden).expect("the golden ones");
    let golden: Vec<&str> = text.lines().collect();
    let moved: Vec<_> = all
        .iter()
        .filter(|line| !golden.contains(&line.as_str()))
        .collect();
    assert!(moved.is_empty(), "other than in {GOLDEN}: {moved:#?}");
    assert_eq!(
        all.len(),
        golden.len(),
        "{GOLDEN} has models that are not there"
    );
}
