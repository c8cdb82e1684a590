//! Runs that would fill memory or never end: an error that names the place, soon.

use super::{arg, capsim, file, stderr, stdout};

const LOAD: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 2
duration = "5s"
journey = "j"
"#;

#[test]
fn a_slowdown_every_nanosecond_does_not_fill_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let model = format!(
        r#"{LOAD}
[journeys]
j = [{{ request = "e" }}, {{ sleep = "100ms" }}]
[stations.cpu]
servers = 1
slowdowns = [{{ every = "1ns", lasts = "160ms", leaves = 0.44 }}]
[endpoints.e]
visits = [{{ station = "cpu", time = "1ms" }}]
"#
    );
    let model = file(directory.path(), "model.toml", &model);
    let output = capsim(&["run", arg(&model), "--quiet", "--max-memory", "20MB"]);
    assert_eq!(output.status.code(), Some(104));
    let text = stderr(&output);
    assert!(
        text.contains("the run takes more than 20.0 MB of memory at 2."),
        "{text}"
    );
    assert!(
        text.contains("slowdowns are under way at once, most of them of station `cpu`"),
        "{text}"
    );
}

#[test]
fn a_loop_that_takes_no_time_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let steps = r#"[{ with_probability = 1e-300, steps = [{ sleep = "1s" }] }]"#;
    let model = file(
        directory.path(),
        "model.toml",
        &format!("{LOAD}[journeys]\nj = {steps}\n"),
    );
    let output = capsim(&["run", arg(&model), "--quiet"]);
    assert_eq!(output.status.code(), Some(104));
    let text = stderr(&output);
    assert!(
        text.contains("the journey `j` loops without advancing virtual time"),
        "{text}"
    );
}

/// Three VUs for a second; the load of a range may be a hundred thousand.
const SMALL: &str = r#"
[scenarios.default]
executor = "constant-vus"
vus = 3
duration = "1s"
journey = "j"
[journeys]
j = [{ request = "e" }, { sleep = "100ms" }]
[stations.cpu]
servers = 1
[endpoints.e]
visits = [{ station = "cpu", time = "1ms" }]
[thresholds]
http_req_duration = ["p(95)<50"]
"#;

/// A run that died of the limit has no numbers: whoever asks for some is told so, and does not get zeros.
#[test]
fn a_run_that_died_is_no_measured_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let model = file(directory.path(), "model.toml", SMALL);
    let run = directory.path().join("run.json");
    capsim(&["run", arg(&model), "--quiet", "--summary-export", arg(&run)]);
    let crowded = format!("{}@scenarios.default.vus=90000", arg(&run));
    let died = "the run takes more than 2.0 MB of memory";
    let asked = |arguments: &[&str]| {
        let own = [arg(&model), "--max-memory", "2MB"];
        let output = capsim(&[&arguments[..1], &own, &arguments[1..]].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    for arguments in [
        &["capacity", "--vary", "load=1..30000"][..],
        &["compare", "--set-b", "scenarios.default.vus=90000"],
        &["explain", "--set", "scenarios.default.vus=90000"],
        &["fit", "--to", &crowded],
    ] {
        let (code, out, said) = asked(arguments);
        assert_eq!(code, Some(104), "{arguments:?}: {out}{said}");
        assert!(said.contains(died), "{arguments:?}: {said}");
    }
    // Elsewhere within the range there are runs: these count, and the others do not.
    let fit = [
        "fit",
        "--to",
        arg(&run),
        "--free",
        "scenarios.default.vus=1..900000",
        "--budget",
        "runs=60",
    ];
    let (code, out, said) = asked(&fit);
    assert_eq!(code, Some(0), "{out}{said}");
    assert!(out.contains("came to no end"), "{out}");
    assert!(out.contains(died), "{out}");
    // The same from elsewhere.
    let elsewhere = format!("{} cells --max-memory 2MB", env!("CARGO_BIN_EXE_capsim"));
    let sent = asked(&[&fit[..], &["--runner", elsewhere.as_str()]].concat());
    assert_eq!(sent.1, out);
}

#[test]
fn a_limit_that_is_no_size_is_wrong_usage() {
    for (size, says) in [
        ("0", "a run takes some memory"),
        ("much", "invalid value 'much'"),
    ] {
        let output = capsim(&["run", "models/token.toml", "--max-memory", size]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn events_that_take_minutes_are_told_by_check() {
    let directory = tempfile::tempdir().expect("a directory");
    let model = |load: &str, every: &str| {
        let text = format!(
            r#"{load}
[journeys]
j = [{{ request = "e" }}, {{ sleep = "100ms" }}]
[stations.cpu]
servers = 1
slowdowns = [{{ every = "{every}", lasts = "1us", leaves = 0.44 }}]
[endpoints.e]
visits = [{{ station = "cpu", time = "1ms" }}]
"#
        );
        let model = file(directory.path(), "model.toml", &text);
        let output = capsim(&["check", arg(&model)]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    let said = model(LOAD, "1ns");
    let told = "a slowdown every 1ns, some 5e9 in 5s: a run takes very long";
    assert!(said.contains(told), "{said}");
    assert_eq!(model(LOAD, "1ms"), "");
    let rate = "constant-arrival-rate\"\npre_allocated_vus = 2\nrate = 1000000000";
    let load = LOAD.replace("constant-vus\"\nvus = 2", rate);
    let said = model(&load, "1ms");
    let told = "1000000000 iterations a second, some 5e9 in 5s: a run takes very long";
    assert!(said.contains(told), "{said}");
}
