//! Replications on the command line: what they print and how they end.

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["run", "tests/data/models/mm1.toml", "--quiet"])
        .args(args)
        .output()
        .unwrap_or_else(|e| panic!("{e}"))
}

fn threshold(limit: &str) -> String {
    format!("thresholds.http_req_duration=[\"avg<{limit}\"]")
}

#[test]
fn verdicts_have_codes_of_their_own() {
    for (limit, code, word) in [
        ("500", 0, "PASS"),
        ("1", 99, "FAIL"),
        ("48", 98, "UNDECIDED"),
    ] {
        let done = run(&["--replications", "4", "--set", &threshold(limit)]);
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(done.status.code(), Some(code), "{text}");
        assert!(text.contains(&format!("     {word}")), "{text}");
    }
}

#[test]
fn threads_change_no_byte() {
    let texts = ["1", "2"].map(|threads| {
        let done = run(&["--precision", "10%", "--threads", threads]);
        (done.status.code(), done.stdout)
    });
    assert_eq!(texts[0], texts[1]);
    let text = String::from_utf8_lossy(&texts[0].1).into_owned();
    assert!(text.contains("http_req_duration_avg_ms"), "{text}");
}

#[test]
fn a_precision_needs_more_runs_than_a_rough_one() {
    let runs = |share: &str| {
        let done = run(&["--precision", share]);
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let head = text
            .split(" replications")
            .next()
            .unwrap_or_default()
            .to_owned();
        head.rsplit(' ').next().and_then(|n| n.parse::<u32>().ok())
    };
    let (rough, fine) = (runs("20%"), runs("4%"));
    assert!(rough >= Some(5) && rough < fine, "{rough:?} {fine:?}");
}

#[test]
fn an_overload_has_no_steady_state() {
    let done = run(&["--steady", "--set", "load=2"]);
    assert_eq!(done.status.code(), Some(104));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("no steady state"), "{said}");
}

#[test]
fn the_rows_of_many_runs_are_those_of_a_sweep_of_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let threshold = threshold("500");
    let model = [
        "--set",
        "scenarios.default.duration=5s",
        "--set",
        &threshold,
    ];
    let (rows, export) = (at("runs.csv"), at("means.json"));
    let out = format!("csv={rows}");
    let files = [
        "--replications",
        "3",
        "--out",
        &out,
        "--summary-export",
        &export,
    ];
    let done = run(&[&model[..], &files].concat());
    assert!(done.status.success(), "{done:?}");
    let swept = at("sweep.csv");
    let done = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args([
            "sweep",
            "tests/data/models/mm1.toml",
            "--replications",
            "3",
            "--out",
            &swept,
        ])
        .args(model)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&rows), read(&swept));
    assert_eq!(read(&rows).lines().count(), 4);

    // The same means and half-widths as the sweep's file of points, to the last digit.
    let export: serde_json::Value = serde_json::from_str(&read(&export)).unwrap();
    let points = read(&at("sweep.points.csv"));
    let mut lines = points
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let (header, point) = (lines.next().unwrap(), lines.next().unwrap());
    let cell = |name: &str| {
        let at = header.iter().position(|h| *h == name).unwrap();
        point[at].parse::<f64>().unwrap()
    };
    let mut compared = 0;
    for (name, metric) in export["metrics"].as_object().unwrap() {
        if name.contains(',') {
            continue;
        }
        assert_eq!(metric["mean"].as_f64(), Some(cell(name)), "{name}");
        let half = cell(&format!("{name}_half_width"));
        assert_eq!(metric["half_width"].as_f64(), Some(half), "{name}");
        assert_eq!(metric["count"], 3);
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
    assert_eq!(export["replications"], 3);
}

#[test]
fn samples_are_of_a_single_run() {
    let done = run(&["--replications", "2", "--out", "json=never.json"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("writes csv=FILE, a row for each"), "{said}");
}
