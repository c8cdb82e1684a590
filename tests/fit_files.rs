//! Files that people have, given to `capsim fit`: read as what they are, or refused with a reason.

use std::path::Path;
use std::process::{Command, Output};

/// Runs `capsim fit` on a model and a run.
fn fit(model: &str, name: &str, run: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("m.toml"), model).unwrap();
    std::fs::write(directory.path().join(name), run).unwrap();
    capsim(directory.path(), &["fit", "m.toml", "--to", name])
}

fn capsim(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the command runs")
}

#[allow(dead_code)]
fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(104), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

const SHOP: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 10
duration = "10s"
graceful_stop = "0s"
journey = "j"
[journeys]
j = [{ request = "r" }, { sleep = "1s" }]
[endpoints.r]
visits = [{ delay = "100ms" }]
"#;

#[test]
fn a_run_without_a_number_in_common_is_an_error() {
    let sockets = r#"{"metrics": {"ws_connecting": {"avg": 12.1, "max": 50},
        "ws_sessions": {"count": 100, "rate": 10}, "vus_max": {"value": 10, "max": 10}}}"#;
    let why = refused(&fit(SHOP, "ws.json", sockets));
    assert!(why.contains("ws.json: nothing to compare"), "{why}");
    assert!(why.contains("ws_connecting, ws_sessions"), "{why}");
    // Numbers that are shown only are none to judge by.
    let shown = r#"{"metrics": {"http_req_duration{expected_response:true}": {"avg": 100}}}"#;
    let why = refused(&fit(SHOP, "shown.json", shown));
    assert!(why.contains("nothing to compare"), "{why}");
}
