//! Scripts, and what the real k6 v2.2.0 did with them.
//!
//! `vectors/NAME.js` ran against a small server on the loopback; `vectors/NAME.expected.json` is what k6 did: exit
//! code, lines of the log, samples per metric. The same scripts run here against a server in virtual time.

#[allow(dead_code, reason = "each test file uses a part of the host")]
mod toy;

use capsim_script::Settings;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Scripts that do not yet end as in k6, and why.
const NOT_YET: [(&str, &str); 0] = [];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// A line so far as it must be the same: no stack, no numbers of VUs, keys of objects in order.
fn comparable(line: &str) -> String {
    let mut text = line.to_owned();
    if let Some(at) = text.find("\\n\\tat ") {
        let end = text[at..].find('"').map_or(text.len(), |e| at + e);
        text.replace_range(at..end, "\\n");
    }
    if let Some(at) = text.find("test aborted:") {
        let end = text[at..].find(" at ").map_or(text.len(), |e| at + e);
        text.truncate(end);
    }
    let mut words: Vec<&str> = text
        .split([' ', ',', '{', '}', '[', ']', '"', ';'])
        .collect();
    for i in 1..words.len() {
        // Which VU begins first is chance, and so are random numbers before a seed is set.
        if matches!(words[i - 1], "vu" | "cont") {
            words[i] = "";
        }
    }
    if line.contains('{') || line.contains('[') {
        words.retain(|w| !w.is_empty());
        words.sort_unstable();
    }
    words.join(" ")
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.map(|l| comparable(&l)).collect();
    lines.sort();
    lines
}

/// Differences to what k6 did.
fn differences(name: &str, isolate: bool) -> Vec<String> {
    let path = folder().join(format!("{name}.js"));
    let expected = std::fs::read_to_string(folder().join(format!("{name}.expected.json"))).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let settings = Settings {
        isolate,
        ..Settings::default()
    };
    let outcome = toy::run_with(&path, settings);
    let mut found = Vec::new();
    if expected["exit_code"] != outcome.exit_code {
        found.push(format!(
            "exit code {} instead of {}",
            outcome.exit_code, expected["exit_code"]
        ));
    }
    let lines = expected["log"].as_array().unwrap();
    let wanted = sorted(lines.iter().map(|l| l.as_str().unwrap().to_owned()));
    let got = sorted(outcome.log.iter().cloned());
    for line in &wanted {
        if !got.contains(line) {
            found.push(format!("missing line: {line}"));
        }
    }
    for line in &got {
        if !wanted.contains(line) {
            found.push(format!("line too many: {line}"));
        }
    }
    if wanted.len() != got.len() {
        found.push(format!("{} lines instead of {}", got.len(), wanted.len()));
    }
    let metrics = expected["metrics"].as_object().unwrap();
    for (metric, numbers) in metrics {
        let (samples, sum) = outcome.metrics.get(metric).copied().unwrap_or_default();
        if numbers["samples"] != samples {
            found.push(format!(
                "{metric}: {samples} samples instead of {}",
                numbers["samples"]
            ));
        }
        if numbers["sum"].as_f64().is_some_and(|s| s != sum) {
            found.push(format!("{metric}: sum {sum} instead of {}", numbers["sum"]));
        }
    }
    for metric in outcome.metrics.keys() {
        if !metrics.contains_key(metric) {
            found.push(format!("{metric}: k6 has none"));
        }
    }
    found
}

#[test]
fn scripts_end_as_in_k6() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".js").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() > 30, "the scripts were not found");
    let only = std::env::var("VECTOR").ok();
    let mut wrong = Vec::new();
    for name in names
        .iter()
        .filter(|n| only.as_ref().is_none_or(|o| o == *n))
    {
        for isolate in [false, true] {
            let found = differences(name, isolate);
            let known = NOT_YET.iter().any(|(n, _)| n == name);
            if found.is_empty() == known {
                wrong.push(format!("{name} {isolate}:\n  {}", found.join("\n  ")));
            }
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} scripts:\n{}", wrong.join("\n"));
}
