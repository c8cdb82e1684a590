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
        .args(match more.contains(&"--summary-mode") {
            true => &[][..],
            false => &["--summary-mode", "legacy"],
        })
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

/// The server of that recording closed a connection, answered 500 and 404, and took longer than the client waited.
const TROUBLED: &str = "
[stations.server]
servers = 1
[endpoints.refused]
visits = [{ fail = 1.0, error = 'connection-refused' }]
[endpoints.timeout]
visits = [{ delay = '2s' }]
[endpoints.drop]
visits = [{ delay = '1ms' }, { fail = 1.0, error = 'closed' }]
[endpoints.s500]
visits = [{ delay = '2ms' }, { fail = 1.0 }]
[endpoints.s404]
visits = [{ delay = '2ms' }]
answer = { status = 404 }
[endpoints.exp404]
visits = [{ delay = '1ms' }, { fail = 1.0, status = 404 }]
[endpoints.nullcb]
visits = [{ delay = '1ms' }]
answer = { status = 404 }
[endpoints.dns]
visits = [{ fail = 1.0, error = 'no-such-host' }]
";

/// Codes, errors and failed requests are k6's. The recorded machine had no network, so that its names had another error.
#[test]
fn errors_are_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let points = folder.path().join("points.json");
    let out = format!("json={}", points.display());
    let output = run("errors", TROUBLED, &["--quiet", "--out", &out]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let none = r#"{"duration":0,"blocked":0,"#;
    for line in [
        &format!("INFO refused 0 1212 dial: connection refused {none}") as &str,
        r#"INFO timeout 0 1050 request timeout {"duration":1000,"#,
        r#"INFO drop 0 1000 EOF {"duration":1,"#,
        r#"INFO 500 500 1500  {"duration":2,"#,
        r#"INFO 404 404 1404  {"duration":2,"#,
        r#"INFO 204ok 404 1404  {"duration":1,"#,
        r#"INFO null 404 1404  {"duration":1,"#,
        "INFO dns 0 1101 lookup: no such host {",
        "ERRO Error: boom",
    ] {
        assert!(said.lines().any(|l| l.starts_with(line)), "{line}\n{said}");
    }
    assert_eq!(said.matches("WARN Request Failed").count(), 4, "{said}");
    let summary = String::from_utf8(output.stdout).unwrap();
    for line in [
        "checks_total.......: 1 ",
        "http_reqs......................: 8 ",
        "http_req_failed................: 85.71% 6 out of 7",
    ] {
        let full = run("errors", TROUBLED, &["--quiet", "--summary-mode", "full"]);
        let full = String::from_utf8(full.stdout).unwrap();
        assert!(full.contains(line), "{line}\n{full}\n{summary}");
    }
    let points = std::fs::read_to_string(points).unwrap();
    let of = |metric: &str| {
        let start = format!(r#"{{"metric":"{metric}","type":"Point""#);
        let lines = points.lines().filter(|l| l.starts_with(&start));
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(of("http_req_failed").len(), 7);
    let unasked: Vec<String> = of("http_reqs")
        .into_iter()
        .filter(|l| !l.contains("expected_response"))
        .collect();
    assert_eq!(unasked.len(), 1, "{unasked:?}");
    assert!(unasked[0].contains("nullcb"), "{unasked:?}");
}

/// Its requests took 30 to 35 ms where they take 30 here, so that k6 came to 79 iterations.
#[test]
fn a_ramp_with_setup_is_as_recorded() {
    let counts = [
        ("iterations", 79.0, 0.03),
        ("http_reqs", 79.0, 0.03),
        ("vus_max", 12.0, 0.0),
    ];
    recorded("tty", &[("GET /", "'30ms'")], &counts, 99);
}

#[test]
fn thresholds_of_a_script_are_read_as_recorded() {
    for (thresholds, code, what) in [
        (
            r#"{"nope":["avg<1"]}"#,
            104,
            r#"no metric name "nope" found"#,
        ),
        (
            r#"{"http_req_duration{":["avg<1"]}"#,
            104,
            "has unmatched opening/close curly brace",
        ),
        (
            r#"{"http_req_duration{}":["avg<1"]}"#,
            104,
            r#"metric "" tag expression is malformed"#,
        ),
        (
            r#"{"http_req_duration{a}":["avg<1"]}"#,
            104,
            r#"metric "a" tag expression is malformed"#,
        ),
        (
            r#"{"http_req_duration{a:b,c:d}":["avg<1"]}"#,
            0,
            "✓ 'avg<1' avg=0s",
        ),
        (
            r#"{"http_req_duration{ a : b }":["avg<1"]}"#,
            0,
            "http_req_duration{a : b}",
        ),
        (
            r#"{"http_req_failed{a:b}":["rate<1"]}"#,
            0,
            "✓ 'rate<1' rate=0.00%",
        ),
        (
            r#"{"http_reqs":["avg<1"]}"#,
            104,
            "unsupported aggregation method avg on metric of type counter",
        ),
        (r#"{"http_reqs":[]}"#, 0, "iterations"),
        (
            r#"{"http_reqs":"count>1"}"#,
            104,
            "help: write [\"count>1\"]",
        ),
        (
            r#"{"http_req_duration{name:http://x/y?z=1}":["avg<1"]}"#,
            0,
            "✓ 'avg<1' avg=0s",
        ),
    ] {
        let given = format!("T={thresholds}");
        let more = ["--quiet", "--summary-mode", "full", "-e", &given];
        let output = run("metricnames", "[stations.server]\nservers = 1\n", &more);
        let said = String::from_utf8(output.stderr).unwrap();
        let summary = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{thresholds}\n{said}");
        assert!(
            said.contains(what) || summary.contains(what),
            "{thresholds}\n{said}\n{summary}"
        );
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
    let text = check("seed-stages");
    let line = "1 scenario, 5000 max VUs, 5m30s max duration (incl. graceful stop)";
    assert!(text.contains(line), "{text}");
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
