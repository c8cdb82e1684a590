//! k6's `--tag` and `--no-thresholds`, against what k6 does with them.

use std::process::{Command, Output};

fn run(directory: &std::path::Path, more: &[&str]) -> Output {
    let model = directory.join("model.toml");
    let text = r#"
[scenarios.default]
executor = "constant-vus"
vus = 2
duration = "3s"
journey = "j"
tags = { tier = "own" }
[journeys]
j = [{ request = "e" }, { sleep = "100ms" }]
[stations.s]
servers = 1
[endpoints.e]
visits = [{ station = "s", time = "8ms" }]
[thresholds]
http_req_duration = ["p(95)<1"]
"http_reqs{env:staging}" = ["count>0"]
"http_reqs{tier:run}" = ["count<1"]
"#;
    std::fs::write(&model, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", &model.display().to_string()])
        .args(more)
        .current_dir(directory)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_thresholds_nothing_is_crossed_and_no_sub_metric_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let with = run(directory.path(), &["--summary-mode", "legacy"]);
    assert_eq!(with.status.code(), Some(99));
    assert!(text(&with.stdout).contains("{ env:staging }"));
    let without = run(
        directory.path(),
        &["--no-thresholds", "--summary-mode", "legacy"],
    );
    assert_eq!(without.status.code(), Some(0), "{}", text(&without.stderr));
    let shown = text(&without.stdout);
    assert!(shown.contains("http_req_duration..."), "{shown}");
    assert!(
        !shown.contains("{ env:staging }") && !shown.contains('✗'),
        "{shown}"
    );
    assert!(!text(&without.stderr).contains("crossed"));
}

#[test]
fn tags_of_the_run_are_on_every_sample_below_those_of_a_scenario() {
    let directory = tempfile::tempdir().unwrap();
    let tags = [
        "--tag",
        "env=staging",
        "--tag",
        "tier=run",
        "--tag",
        "empty=",
    ];
    let outs = ["--out", "json=s.json", "--out", "csv=s.csv"];
    let done = run(directory.path(), &[tags.as_slice(), &outs].concat());
    let errors = text(&done.stderr);
    assert_eq!(done.status.code(), Some(99));
    // The tagged sub-metric has samples; that of the run's own tier has none, for the scenario's holds.
    assert!(
        errors.contains("thresholds on metrics 'http_req_duration' have been crossed"),
        "{errors}"
    );
    let json = std::fs::read_to_string(directory.path().join("s.json")).unwrap();
    let (mut points, mut without_scenario) = (0, 0);
    for line in json.lines().filter(|l| l.contains("\"Point\"")) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let tags = &value["data"]["tags"];
        assert_eq!(tags["env"], "staging", "{line}");
        assert_eq!(tags["empty"], "", "{line}");
        let of_scenario = tags.get("scenario").is_some();
        assert_eq!(
            tags["tier"],
            if of_scenario { "own" } else { "run" },
            "{line}"
        );
        points += 1;
        without_scenario += u32::from(!of_scenario);
    }
    assert!(
        points > 100 && without_scenario > 0,
        "{points} {without_scenario}"
    );
    let csv = std::fs::read_to_string(directory.path().join("s.csv")).unwrap();
    let request = csv.lines().find(|l| l.starts_with("http_reqs,")).unwrap();
    assert!(request.contains("empty=&env=staging&tier=own"), "{request}");
    for wrong in ["env", "=staging"] {
        let done = run(directory.path(), &["--tag", wrong]);
        assert_eq!(done.status.code(), Some(2), "{wrong}");
    }
}
