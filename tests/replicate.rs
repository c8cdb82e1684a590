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
