//! The JSON Schema of `capsim schema` and the reader of models say the same, as far as a schema can say it; the
//! reference of all keys is current.

use capsim::model::{Document, Override};
use capsim::report::{reference, schema};
use jsonschema::Validator;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

fn validator() -> Validator {
    let schema = serde_json::from_str(&schema::schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// The models of a directory of the repository, in the order of their names.
fn models(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let entries = std::fs::read_dir(directory).unwrap();
    let mut models: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    models.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    models.sort();
    models
}

fn parsed(text: &str) -> Option<serde_json::Value> {
    toml::from_str(text).ok()
}

/// What the schema says is wrong, a line each.
fn wrong(validator: &Validator, text: &str) -> Vec<String> {
    let Some(model) = parsed(text) else {
        return vec!["this is no TOML".into()];
    };
    let errors = validator.iter_errors(&model);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_shipped_model_is_valid() {
    let validator = validator();
    let mut count = 0;
    for directory in [
        "models",
        "models/gallery",
        "docs/mechanisms",
        "benches/models",
        "results/recordings",
    ] {
        for path in models(directory) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(wrong(&validator, &text), [""; 0], "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count} models");
    let everything = include_str!("../data/models/everything.toml");
    assert_eq!(wrong(&validator, everything), [""; 0]);
}

/// Wrong models that no schema refuses, and why.
const BEYOND: [(&str, &str); 6] = [
    ("endpoint_unknown", "names that must lead somewhere"),
    ("request_is_a_url", "names that must lead somewhere"),
    ("station_unknown", "names that must lead somewhere"),
    (
        "threshold_of_no_metric",
        "a metric that neither k6 nor the model has",
    ),
    (
        "threshold_of_another_kind",
        "statistics that go with a kind of metric",
    ),
    (
        "vus_fewer_than_allocated",
        "a number that another one bounds",
    ),
];

#[test]
fn every_wrong_model_is_refused_that_a_schema_can_refuse() {
    let validator = validator();
    for path in models("tests/cli/errors") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let beyond = BEYOND.iter().find(|(model, _)| *model == name);
        let refused = !wrong(&validator, &text).is_empty();
        assert_eq!(refused, beyond.is_none(), "{name}: {beyond:?}");
    }
}

/// Ranges of the values that stand after `=`, up to the next separator.
fn values(text: &str) -> Vec<(usize, usize)> {
    let value = |(equals, _): (usize, &str)| {
        let from = equals + 1;
        let length = text[from..].find([',', '}', '\n']);
        (from, length.map_or(text.len(), |length| from + length))
    };
    text.match_indices('=').map(value).collect()
}

/// Values that are wrong in most places.
const HOSTILE: [&str; 11] = [
    "0",
    "1.5",
    "-1",
    "true",
    "\"2s\"",
    "\"\"",
    "{}",
    "[]",
    "\"token\"",
    "100000000000",
    "\"infinite\"",
];

/// What the schema refuses, the reader refuses: otherwise an editor would mark what is right. The other way about,
/// most of what the reader refuses is refused by the schema.
#[test]
fn the_schema_refuses_nothing_that_the_reader_takes() {
    agree_on_changed_models(3);
}

#[test]
#[ignore = "three times as many models; .ci/run runs it"]
fn the_schema_refuses_nothing_anywhere_that_the_reader_takes() {
    agree_on_changed_models(1);
}

/// Of a model with every key, each value in turn is replaced by a hostile one: of so many values, one.
fn agree_on_changed_models(one_of: usize) {
    let validator = validator();
    let text = include_str!("../data/models/everything.toml");
    let name = format!("{}/tests/data/models/x.toml", env!("CARGO_MANIFEST_DIR"));
    let places: Vec<(usize, (usize, usize))> = values(text).into_iter().enumerate().collect();
    // Of each changed model that is TOML: whether the reader takes it, and what the schema says.
    let told = |&(n, (from, to)): &(usize, (usize, usize))| {
        // One for each place, another for the next.
        let value = HOSTILE[n % HOSTILE.len()];
        let mut changed = text.to_string();
        changed.replace_range(from..to, value);
        let document = Document::from_text(&name, &changed).ok()?;
        let taken = document.check(&[] as &[Override]).is_ok();
        let place = format!("{:?} = {value}", &text[from - 20..from]);
        Some((place, taken, wrong(&validator, &changed)))
    };
    let chosen = places.par_iter().step_by(one_of);
    let told: Vec<(String, bool, Vec<String>)> = chosen.filter_map(told).collect();
    let differences: Vec<String> = told
        .iter()
        .filter(|(_, taken, said)| *taken && !said.is_empty())
        .map(|(place, _, said)| format!("{place}: {said:?}"))
        .collect();
    let all = told.len();
    let by_reader = told.iter().filter(|(_, taken, _)| !taken).count();
    let by_schema = told.iter().filter(|(.., said)| !said.is_empty()).count();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    println!("{all} changed models, {by_reader} refused, {by_schema} of them by the schema");
    assert!(
        by_schema * 10 > by_reader * 9,
        "{by_schema} of {by_reader} of {all}"
    );
}

#[test]
fn the_reference_of_all_keys_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let page = reference::reference();
    if std::env::var_os("CAPSIM_WRITE_REFERENCE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written.replace("\r\n", "\n") == page,
        "docs/reference.md is not what the program says: \
         CAPSIM_WRITE_REFERENCE=1 cargo test --test project schema writes it anew"
    );
}

/// Each path that `capsim schema --paths` prints is one that `--set` takes; its value may be wrong.
#[test]
fn every_path_that_is_listed_can_be_set() {
    let text = include_str!("../data/models/reserve.toml");
    let document = Document::from_text("reserve.toml", text).unwrap();
    let paths = document.settable_paths();
    assert!(paths.len() > document.paths().len());
    assert!(paths.contains(&"network.latency".to_string()));
    for path in &paths {
        let change = Override::new(path, "1").unwrap();
        let said = document
            .check(&[change])
            .map_or_else(|why| why.to_string(), |_| String::new());
        let unknown = said.contains("the model has no") || said.contains("has no key");
        assert!(!unknown, "{path}: {said}");
    }
}
