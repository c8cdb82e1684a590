//! Models of many users: what can be told of them without running them takes no memory for each.

use super::{arg, capsim, file, stderr, stdout};

const MODEL: &str = "tests/data/hostile/large-users.toml";

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_million_users_are_checked_at_once() {
    let bin = env!("CARGO_BIN_EXE_capsim");
    let script = format!("ulimit -v 600000; exec {bin} check {MODEL}");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("100000000 max VUs, 31s max duration"),
        "{text}"
    );
    assert!(
        text.contains("the peak of 100000000 is beyond it"),
        "{text}"
    );
}

/// What the program chooses within a range is something that it can run.
#[test]
fn a_range_within_which_a_run_takes_hours_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let model = r#"
[scenarios.default]
executor = "constant-arrival-rate"
rate = 20
duration = "10s"
pre_allocated_vus = 1
journey = "j"
[journeys]
j = [{ request = "e" }]
[endpoints.e]
visits = [{ delay = "1ms" }]
[thresholds]
http_req_failed = ["rate<0.5"]
"#;
    let model = file(directory.path(), "m.toml", model);
    let run = directory.path().join("run.json");
    capsim(&["run", arg(&model), "--quiet", "--summary-export", arg(&run)]);
    let told = "in 10s: a run takes very long";
    let rate = "scenarios.default.rate=1..1000000000";
    let output = capsim(&["fit", arg(&model), "--to", arg(&run), "--free", rate]);
    assert_eq!(output.status.code(), Some(104));
    let said = stderr(&output);
    let bound = "--free scenarios.default.rate: the bound 1000000000 is none: ";
    assert!(said.contains(bound) && said.contains(told), "{said}");
    for range in [rate, "load=0.1..1000000"] {
        let output = capsim(&["capacity", arg(&model), "--vary", range]);
        assert_eq!(output.status.code(), Some(104));
        let said = stderr(&output);
        assert!(said.contains(told), "{range}: {said}");
        assert!(said.contains("give a narrower range"), "{range}: {said}");
    }
}

#[test]
fn a_fit_within_bounds_that_the_model_refuses_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let model = std::fs::read_to_string(MODEL)
        .unwrap()
        .replace("100_000_000", "3");
    let model = file(directory.path(), "m.toml", &model);
    let run = directory.path().join("run.json");
    capsim(&["run", arg(&model), "--quiet", "--summary-export", arg(&run)]);
    let free = "scenarios.default.stages[0].target=1..1000000000";
    let output = capsim(&["fit", arg(&model), "--to", arg(&run), "--free", free]);
    assert_eq!(output.status.code(), Some(104));
    let said = stderr(&output);
    assert!(
        said.contains("--free scenarios.default.stages[0].target: the bound 1000000000 is none: ")
            && said.contains("exceeds max limit of 100000000"),
        "{said}"
    );
}
