//! Files and the verdict stand whatever becomes of standard output, and of one another.

use std::io::Read;

use super::signals::LONG;
use super::{CROSSED, capsim, directory, full, listed, stderr, unread};

/// M/M/1 with a threshold that holds.
pub const QUEUE: &str = "
[scenarios.default]
executor = \"constant-arrival-rate\"
rate = 50
duration = \"10s\"
pre_allocated_vus = 100
journey = \"j\"
[journeys]
j = [{ request = \"e\" }]
[stations.cpu]
servers = 1
[endpoints.e]
visits = [{ station = \"cpu\", time = { exponential = \"10ms\" } }]
[thresholds]
http_req_duration = [\"p(95)<500\"]
";

const MEASURED: &str = "{\"metrics\":{\"http_req_duration\":{\"avg\":20.0,\"med\":14.0},\
                        \"http_reqs\":{\"count\":500,\"rate\":50}}}";

/// A case that no system meets.
const WRONG: &str = r#"[{"name": "wrong", "parameters": {"users": 10, "batch": 5, "period": 1},
    "expected": {"mean_wait": 1.4}, "tolerance": "exact"}]"#;

/// Commands, what they end with, and the files that they write.
const COMMANDS: [(&str, i32, &[&str]); 9] = [
    ("run crossed.toml", 99, &[]),
    (
        "run crossed.toml --quiet --summary-export x.json --out csv=x.csv --out json=x.gz \
         --timeline t.csv --report r.html",
        99,
        &["x.json", "x.csv", "x.gz", "t.csv", "r.html"],
    ),
    (
        "run queue.toml --summary-export x.json --out csv=x.csv --timeline t.csv --report r.html",
        0,
        &["x.json", "x.csv", "t.csv", "r.html"],
    ),
    (
        "run crossed.toml --replications 2 --report r.html",
        99,
        &["r.html"],
    ),
    (
        "capacity queue.toml --vary load=0.1..0.2 --report r.html",
        1,
        &["r.html"],
    ),
    (
        "explain queue.toml --replications 1 --out x.csv --report r.html",
        0,
        &["x.csv", "r.html"],
    ),
    (
        "compare queue.toml queue.toml --replications 2 --report r.html",
        0,
        &["r.html"],
    ),
    (
        "fit queue.toml --to measured.json --free endpoints.e.**.exponential=5ms..20ms \
         --budget runs=100 --out x.toml --table x.csv --report r.html",
        0,
        &["x.toml", "x.csv", "r.html"],
    ),
    (
        "sweep queue.toml --vary load=0.5,1 --quiet --out s.csv --report r.html",
        0,
        &["s.csv", "s.points.csv", "s.study.json", "r.html"],
    ),
];

fn cases() -> tempfile::TempDir {
    directory(&[
        ("crossed.toml", CROSSED),
        ("queue.toml", QUEUE),
        ("measured.json", MEASURED),
    ])
}

#[test]
fn a_closed_pipe_changes_no_exit_code_and_no_file() {
    for (arguments, code, files) in COMMANDS {
        let (open, closed) = (cases(), cases());
        let expected = capsim(open.path(), arguments).output().unwrap();
        let said = stderr(&expected);
        assert_eq!(expected.status.code(), Some(code), "{arguments}: {said}");
        let done = unread(capsim(closed.path(), arguments));
        assert_eq!(done.status.code(), Some(code), "{arguments}");
        assert_eq!(stderr(&done), said, "{arguments}");
        let (open, closed) = (listed(open.path()), listed(closed.path()));
        assert_eq!(open.len(), 3 + files.len(), "{arguments}");
        assert!(open == closed, "{arguments}: other files");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_told_and_costs_no_file_and_no_verdict() {
    for (arguments, code, _) in COMMANDS {
        let (open, closed) = (cases(), cases());
        capsim(open.path(), arguments).output().unwrap();
        let done = full(capsim(closed.path(), arguments));
        // A study that is done but cannot be read is not a success; a verdict keeps its own code.
        assert_eq!(done.status.code(), Some(code.max(1)), "{arguments}");
        let told = "error: standard output: No space left on device (os error 28)\n";
        assert_eq!(stderr(&done).matches(told).count(), 1, "{arguments}");
        assert!(
            listed(open.path()) == listed(closed.path()),
            "{arguments}: other files"
        );
    }
}

#[test]
fn an_output_that_fails_costs_no_other_output_and_no_verdict() {
    for (model, code) in [("crossed.toml", 99), ("queue.toml", 1)] {
        let outputs = [
            "--out json=x1",
            "--out csv=x2",
            "--summary-export x3",
            "--timeline x4",
            "--report x5",
        ];
        for failing in 0..outputs.len() {
            let at = cases();
            let name = format!("x{}", failing + 1);
            let arguments = outputs.join(" ").replace(&name, "/dev/full");
            let done = capsim(at.path(), &format!("run {model} {arguments}"));
            let done = { done }.output().unwrap();
            let said = stderr(&done);
            assert_eq!(done.status.code(), Some(code), "{name}: {said}");
            assert!(said.contains("error: /dev/full: No space left"), "{said}");
            assert!(!done.stdout.is_empty(), "{name}: no summary");
            let left = listed(at.path()).len();
            assert_eq!(left, 3 + outputs.len() - 1, "{name}: files");
        }
    }
    for arguments in [
        "fit queue.toml --to measured.json --budget runs=100 --out /dev/full --table x.csv --report r.html",
        "fit queue.toml --to measured.json --budget runs=100 --out x.csv --table /dev/full --report r.html",
        "explain queue.toml --replications 1 --out /dev/full --report r.html",
    ] {
        let at = cases();
        let done = capsim(at.path(), arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{arguments}");
        let written = listed(at.path());
        let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"r.html"), "{arguments}: {names:?}");
        assert!(!done.stdout.is_empty(), "{arguments}");
    }
}

/// A verdict of `selftest` needs all its cases, also those that nobody reads.
#[test]
fn a_selftest_that_fails_says_so_without_a_reader() {
    let at = directory(&[("wrong.json", WRONG)]);
    let arguments = "selftest --cases wrong.json";
    let expected = capsim(at.path(), arguments).output().unwrap();
    assert_eq!(expected.status.code(), Some(1));
    let done = unread(capsim(at.path(), arguments));
    assert_eq!(done.status.code(), expected.status.code());
    assert_eq!(stderr(&done), stderr(&expected));
}

/// What is unpacked is the plain file, whatever blocks it was compressed in.
#[test]
fn compressed_samples_are_those_of_the_plain_file() {
    let at = directory(&[("m.toml", &LONG.replace("20s", "3s"))]);
    for format in ["json", "csv"] {
        for out in ["x", "x.gz"] {
            let mut command = capsim(at.path(), "run m.toml -q --summary-mode none --out");
            let out = format!("{format}={out}");
            assert!(command.arg(&out).status().unwrap().success(), "{out}");
        }
        let plain = std::fs::read(at.path().join("x")).unwrap();
        let packed = std::fs::read(at.path().join("x.gz")).unwrap();
        let mut again = Vec::new();
        let mut unpacker = flate2::read::GzDecoder::new(packed.as_slice());
        unpacker.read_to_end(&mut again).unwrap();
        assert!(again == plain && packed.len() < plain.len(), "{format}");
    }
}
