//! Scripts that k6 v2.2.0 was recorded with (22 and 27 November 2026, against a server that waits as long as it is asked
//! to) give the counts and the exit code of their recordings.
#![cfg(feature = "scripts")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/k6/scripts")
        .join(name)
        .with_extension("js")
}

/// A system whose endpoints answer after these times.
fn system(endpoints: &[(&str, &str)]) -> String {
    let mut text = String::from("[stations.server]\nservers = 1\n");
    for (number, (route, time)) in endpoints.iter().enumerate() {
        text += &format!(
            "[endpoints.e{number}]\nroute = '{route}'\nvisits = [{{ delay = {time} }}]\n\
             answer = {{ body = {{ data = {{ token = 'abc' }} }} }}\n"
        );
    }
    text
}

fn run(name: &str, system: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("system.toml");
    std::fs::write(&path, system).unwrap();
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .arg("run")
        .arg(script(name))
        .arg("--system")
        .arg(&path)
        .args(["--summary-mode", "legacy"])
        .args(more)
        .output()
        .unwrap()
}

/// The first number of a metric in a summary.
fn number(summary: &str, metric: &str) -> Option<f64> {
    let line = summary.lines().find(|line| {
        let rest = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        rest.strip_prefix(metric)
            .is_some_and(|rest| rest.starts_with('.'))
    });
    let (_, values) = line?.split_once(": ")?;
    let mut words = values.split_whitespace();
    match words.next()? {
        share if share.ends_with('%') => words.find(|word| *word != "✓")?.parse().ok(),
        first => first.parse().ok(),
    }
}

/// Runs a script against endpoints, and looks at its counts: exact, or within a share.
fn recorded(name: &str, endpoints: &[(&str, &str)], counts: &[(&str, f64, f64)], code: i32) {
    let output = run(name, &system(endpoints), &["--quiet"]);
    let summary = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{name}\n{summary}\n{said}"
    );
    for (metric, count, share) in counts {
        let value = number(&summary, metric).unwrap_or(f64::NAN);
        let off = (value - count).abs();
        assert!(
            off <= share * count,
            "{name}: {metric} {value} {count}\n{summary}"
        );
    }
}

const LIST: &[(&str, &str)] = &[("GET /", "'100ms'")];

#[test]
fn recorded_scripts_give_the_counts_of_their_recordings() {
    for (name, counts, code) in [
        (
            "car",
            &[("iterations", 29.0, 0.0), ("dropped_iterations", 2.0, 0.0)][..],
            0,
        ),
        (
            "drops",
            &[("iterations", 12.0, 0.0), ("dropped_iterations", 15.0, 0.0)],
            0,
        ),
        ("rar", &[("iterations", 38.0, 0.0)], 0),
        (
            "closedloop",
            &[("iterations", 410.0, 0.0), ("http_reqs", 410.0, 0.0)],
            0,
        ),
        (
            "nosamples",
            &[("iterations", 1.0, 0.0), ("http_reqs", 0.0, 0.0)],
            99,
        ),
    ] {
        recorded(name, LIST, counts, code);
    }
}

#[test]
fn a_threshold_that_aborts_ends_the_test_as_recorded() {
    let endpoints = [("GET /", "'300ms'"), ("GET /teardown", "'1s'")];
    let counts = [("iterations", 12.0, 0.0), ("http_reqs", 15.0, 0.0)];
    recorded("abort", &endpoints, &counts, 99);
}

#[test]
fn iterations_are_interrupted_as_recorded() {
    let endpoints = [
        ("GET /a", "'100ms'"),
        ("GET /b", "'1s'"),
        ("GET /c", "'4s'"),
    ];
    let counts = [("iterations", 3.0, 0.0), ("http_reqs", 15.0, 0.0)];
    recorded("interrupt", &endpoints, &counts, 0);
    let output = run("interrupt", &system(&endpoints), &[]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        out.contains("3 complete and 3 interrupted iterations"),
        "{out}"
    );
    // Neither `catch` nor `finally` runs in an iteration that is cut off in a request.
    let endpoints = [("GET /long", "'2500ms'"), ("GET /after", "'2500ms'")];
    let counts = [("http_reqs", 2.0, 0.0), ("checks", 2.0, 0.0)];
    recorded("midreq", &endpoints, &counts, 0);
    let output = run("midreq", &system(&endpoints), &["--quiet"]);
    let said = String::from_utf8(output.stderr).unwrap();
    let warning =
        "WARN No script iterations fully finished, consider making the test duration longer\n";
    assert!(said.ends_with(warning), "{said}");
    assert!(
        !said.contains("finally") && !said.contains("caught"),
        "{said}"
    );
}

/// Iterations that sleep for 20 ms took 20.88 and 20.8 ms of real time; so many more fit into virtual time.
#[test]
fn loops_and_ramps_are_as_recorded() {
    recorded("steps", LIST, &[("iterations", 1988.0 * 1.044, 0.01)], 0);
    recorded("jumpdown", LIST, &[("iterations", 1426.0 * 1.04, 0.01)], 0);
    let output = run("jumpdown", &system(LIST), &[]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("and 3 interrupted iterations"), "{out}");
    let endpoints = [
        ("GET /setup", "'500ms'"),
        ("GET /list", "{ uniform = ['20ms', '99ms'] }"),
        ("POST /reserve", "'50ms'"),
        ("GET /teardown", "'200ms'"),
    ];
    let counts = [
        ("iterations", 136.0, 0.03),
        ("http_reqs", 276.0, 0.03),
        ("checks", 544.0, 0.03),
    ];
    recorded("main", &endpoints, &counts, 99);
}

#[test]
fn scenarios_and_metrics_are_as_recorded() {
    let endpoints = [("GET /", "'40ms'"), ("POST /", "'60ms'")];
    let counts = [
        ("iterations", 29.0, 0.0),
        ("http_reqs", 29.0, 0.0),
        ("checks", 29.0, 0.0),
        ("dropped_iterations", 0.0, 0.0),
    ];
    recorded("scen", &endpoints, &counts, 0);
    let counts = [
        ("iterations", 4.0, 0.0),
        ("http_reqs", 8.0, 0.0),
        ("checks", 6.0, 0.0),
    ];
    recorded("sorting", &[("GET /", "'10ms'")], &counts, 99);
}

#[test]
fn exit_codes_are_as_recorded() {
    for (case, code, iterations) in [
        ("setuptimeout", 100, None),
        ("setupthrow", 107, None),
        ("setupabort", 108, None),
        ("teardowntimeout", 101, Some(8.0)),
        ("teardownthrow", 107, Some(8.0)),
        ("badopts", 104, None),
        ("badscen", 104, None),
        ("abort", 108, None),
        ("fail", 110, Some(8.0)),
    ] {
        let case_is = format!("CASE={case}");
        let output = run("codes", &system(LIST), &["--quiet", "-e", &case_is]);
        let out = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{case}\n{out}\n{said}");
        if let Some(count) = iterations {
            assert_eq!(number(&out, "iterations"), Some(count), "{case}\n{out}");
        }
    }
}

#[test]
fn descriptions_of_scenarios_are_as_recorded() {
    let check = |name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("system.toml");
        std::fs::write(&path, system(LIST)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .arg("check")
            .arg(script(name))
            .arg("--system")
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = check("desc");
    for line in [
        "* ca: 1.50 iterations/s for 2s (maxVUs: 2-10, gracefulStop: 30s)",
        "* cv: 2 looping VUs for 1.5s",
        "* pv: 3 iterations for each of 2 VUs (maxDuration: 10m0s, exec: f, gracefulStop: 30s)",
        "* ra: Up to 7.00 iterations/s for 2s over 1 stages (maxVUs: 2, gracefulStop: 30s)",
        "* rv: Up to 3 looping VUs for 1m31s over 2 stages (gracefulRampDown: 0s, gracefulStop: 30s)",
        "* rv2: Up to 3 looping VUs for 2s over 2 stages (gracefulRampDown: 5s, gracefulStop: 30s)",
        "* si: 5 iterations shared among 2 VUs (maxDuration: 1m30s, startTime: 500ms, gracefulStop: 30s)",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let text = check("startvus");
    assert!(
        text.contains("Up to 4 looping VUs for 3s over 2 stages"),
        "{text}"
    );
}
