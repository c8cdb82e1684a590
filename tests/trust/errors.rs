//! Models as a newcomer gets them wrong: what `check` says of each in `tests/cli/errors`, word by word.
//! `CAPSIM_WRITE_ERRORS=1 cargo test --test trust errors` writes the texts anew; read them before you commit them.

use super::{arg, capsim, file, stderr, stdout};
use std::path::PathBuf;
use std::process::Command;

/// The models, in the order of their names.
fn models() -> Vec<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/errors");
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut models: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    models.sort();
    models
}

#[test]
fn each_wrong_model_is_told_line_column_and_mend() {
    let models = models();
    assert!(models.len() >= 25, "{} models", models.len());
    for model in models {
        let name = model.file_name().unwrap().to_str().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args(["check", name])
            .current_dir(model.parent().unwrap())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(104),
            "{name}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{name}");
        let said = stderr(&output);
        for error in said.split("\n\n") {
            assert!(
                error.contains(&format!("--> {name}:")),
                "{name} has no place: {error}"
            );
            assert!(error.contains("= help: "), "{name} has no mend: {error}");
        }
        let text = model.with_extension("txt");
        if std::env::var_os("CAPSIM_WRITE_ERRORS").is_some() {
            std::fs::write(&text, &said).unwrap();
        }
        let wanted = std::fs::read_to_string(&text).unwrap_or_default();
        assert_eq!(said, wanted.replace("\r\n", "\n"), "{name}");
    }
}

#[test]
fn capacity_refuses_an_unknown_path_before_it_says_anything_else() {
    let model = "models/token.toml";
    for (vary, meant) in [
        (
            "stations.server.server=1..2",
            "did you mean `stations.server.servers`?",
        ),
        ("servers=1..2", "did you mean `stations.server.servers`?"),
        ("nope=1..2", "did you mean `"),
    ] {
        let output = capsim(&["capacity", model, "--vary", vary]);
        assert_eq!(
            (output.status.code(), stdout(&output)),
            (Some(104), String::new())
        );
        let said = stderr(&output);
        assert!(said.contains(meant) && said.len() < 400, "{vary}: {said}");
    }
}

#[test]
fn an_unknown_executor_hides_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for executor in ["\"constant-vu\"", "\"spike\"", "7"] {
        let text = format!(
            "[scenarios.default]\nexecutor = {executor}\nvus = 2\nduration = 30\njourney = \"nope\"\n\
             [journeys]\nj = [{{ request = \"e\" }}]\n[endpoints.e]\nvisits = [{{ delay = \"1ms\" }}]\n"
        );
        let model = file(directory.path(), "m.toml", &text);
        let said = stderr(&capsim(&["check", arg(&model)]));
        for (line, what) in [(2, "executor"), (4, "duration"), (5, "no journey `nope`")] {
            assert!(
                said.contains(&format!("m.toml:{line}:")) && said.contains(what),
                "{said}"
            );
        }
    }
}
