//! Options of `run`: `--tag` and `--no-thresholds` against what k6 does with them, and verdicts for CI systems.

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

/// Verdicts for CI systems: of one run with the measured value, of many with the probability.
#[test]
fn verdicts_are_written_for_ci_systems() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("shop.toml");
    let text = "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 4\nduration = \"10s\"\njourney = \"j\"\n\
        [journeys]\nj = [{ request = \"e\" }, { sleep = \"100ms\" }]\n\
        [endpoints.e]\nvisits = [{ delay = \"30ms\" }]\n\
        [thresholds]\nhttp_req_duration = [\"p(95)<20\", \"avg<60\"]\n";
    std::fs::write(&model, text).unwrap();
    let xml = directory.path().join("slo.xml");
    let run = |more: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args(["run", model.to_str().unwrap(), "--quiet"])
            .args([
                "--annotations",
                "github",
                "--report-junit",
                xml.to_str().unwrap(),
            ])
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(99));
        let said = String::from_utf8(output.stderr).unwrap();
        (said, std::fs::read_to_string(&xml).unwrap())
    };
    let (said, xml_of_one) = run(&[]);
    let annotation =
        "title=capsim threshold crossed::http_req_duration p(95)<20: 30ms, 50 %25 over. ";
    assert!(said.contains(annotation), "{said}");
    assert!(!said.contains("avg<60:"), "{said}");
    let case = "name=\"http_req_duration p(95)&lt;20\">\n      <failure message=\"crossed: 30ms, 50 % over\"/>";
    assert!(xml_of_one.contains(case), "{xml_of_one}");
    assert!(
        xml_of_one.contains("tests=\"2\" failures=\"1\" errors=\"0\" time=\"10."),
        "{xml_of_one}"
    );
    let (said, xml_of_many) = run(&["--replications", "3"]);
    assert!(
        said.contains("p(95)<20: 0 of 3 runs pass; probability 0.00"),
        "{said}"
    );
    assert!(
        xml_of_many.contains("crossed: 0 of 3 runs pass"),
        "{xml_of_many}"
    );
}
