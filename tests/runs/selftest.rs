//! The short subset of `capsim selftest`, and cases that the shipped file does not have.

use std::process::Command;

use capsim::study::selftest::case::{parse, shipped};
use capsim::study::selftest::{check, experiment, is_quick};

#[test]
fn the_short_subset_passes() {
    let mut tried = 0;
    for case in shipped().unwrap().iter().filter(|case| is_quick(case)) {
        let lines = check(case, 1).unwrap_or_else(|why| panic!("{}: {why}", case.name));
        assert_eq!(lines.len(), case.expected.len());
        for line in &lines {
            assert!(line.pass && line.formula.is_some(), "{line:?}");
        }
        tried += 1;
    }
    assert_eq!(tried, 15);
}

/// Other systems of known kinds: Erlang-B with ten lines, M/E2/1, M/M/2 under processor sharing
/// (which has the mean of M/M/2 FIFO), three classes by Cobham's formula,
/// two seats of which one is wanted three times as much (2 - 1/4² - 3/4²), another ramp.
const OTHERS: &str = r#"[
 {"name": "erlang-b", "parameters": {"arrival_rate": 5, "service_rate": 1, "servers": 10,
   "capacity_in_system": 10}, "expected": {"blocking_probability": 0.018384570}},
 {"name": "m-e2-1", "parameters": {"arrival_rate": 0.5, "service": "Erlang-2", "mean": 1},
   "expected": {"mean_wait": 0.75}},
 {"name": "mm2-ps", "parameters": {"arrival_rate": 1, "service_rate": 1, "servers": 2,
   "discipline": "processor sharing"}, "expected": {"mean_response": 1.333333333}},
 {"name": "three-classes", "parameters": {"arrival_rates": [0.2, 0.2, 0.2], "service_rate": 1},
   "expected": {"mean_wait_class1": 0.75, "mean_wait_class2": 1.25, "mean_wait_class3": 2.5},
   "tolerance": "3% of each mean"},
 {"name": "two-seats", "parameters": {"users": 2, "seats": 2, "weights": [3, 1]},
   "expected": {"expected_winners": 1.375}, "tolerance": "2% of winners"},
 {"name": "ramp", "parameters": {"slope": 4, "service_rate": 0.5},
   "expected": {"mean_in_system_at_25s": 184.0000596}, "tolerance": "2% of the mean"},
 {"name": "long-ramp", "parameters": {"slope": 1, "service_rate": 0.1, "horizon": 120},
   "expected": {"mean_in_system_at_120s": 1100.000614}, "tolerance": "1% of the mean"},
 {"name": "h2-m-1", "parameters": {"arrival_rate": 1, "arrivals": "hyperexponential",
   "gap_probabilities": [0.5, 0.5], "gap_rates": [0.6666666666666666, 2], "service_rate": 2},
   "expected": {"mean_wait": 0.651387819, "probability_of_waiting": 0.565741454, "p50_response": 0.798081220}},
 {"name": "uniform-think", "parameters": {"users": 1, "think": "uniform", "think_low": 1, "think_high": 3,
   "service_rate": 1, "servers": 1}, "expected": {"throughput": 0.333333333, "mean_response": 1}},
 {"name": "mm1-breakdowns", "parameters": {"arrival_rate": 5, "service_rate": 10, "mean_up": 2,
   "mean_repair": 0.5}, "expected": {"utilisation": 0.5, "stopped": 0.178571429,
   "probability_of_waiting": 0.678571429, "mean_response": 0.6, "mean_wait": 0.464285714},
   "tolerance": "2% of each mean, 0.01 absolute for each probability"}
]"#;

#[test]
fn other_cases_of_the_same_kinds_pass() {
    for case in parse(OTHERS).unwrap() {
        let lines = check(&case, 2).unwrap_or_else(|why| panic!("{}: {why}", case.name));
        assert!(lines.iter().all(|line| line.pass), "{lines:?}");
    }
}

#[test]
fn a_wrong_value_fails_and_a_wrong_case_says_why() {
    let wrong = r#"[{"name": "x", "parameters": {"arrival_rate": 0.5, "service_rate": 1},
        "expected": {"mean_wait": 1.1}}]"#;
    let lines = check(&parse(wrong).unwrap()[0], 1).unwrap();
    assert!(!lines[0].pass);
    let said = |json: &str| check(&parse(json).unwrap()[0], 1).unwrap_err();
    let unknown =
        said(r#"[{"name": "x", "parameters": {"weather": "fine"}, "expected": {"a": 1}}]"#);
    assert!(unknown.contains("no kind of system"), "{unknown}");
    let strange = r#"[{"name": "x", "parameters": {"arrival_rate": 0.5, "service_rate": 1},
        "expected": {"colour": 1}}]"#;
    assert!(said(strange).contains("`colour` is not known"));
    let negative = r#"[{"name": "x", "parameters": {"arrival_rate": -1, "service_rate": 1},
        "expected": {"mean_wait": 1}}]"#;
    assert!(said(negative).contains("`arrival_rate` must be"));
    assert!(parse("{}").is_err());
}

/// Exit code, stdout and stderr of the program.
fn capsim(arguments: &[&str]) -> (Option<i32>, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn the_command_prints_a_table_and_its_exit_code_tells() {
    let (code, table, _) = capsim(&["selftest", "--only", "batch"]);
    assert_eq!(code, Some(0));
    assert!(
        table.contains("p90_wait") && table.contains("1 of 1 cases pass"),
        "{table}"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrong.json");
    let wrong = r#"[{"name": "wrong", "parameters": {"users": 10, "batch": 5, "period": 1},
        "expected": {"mean_wait": 1.4}, "tolerance": "exact"}]"#;
    std::fs::write(&path, wrong).unwrap();
    let (code, table, said) = capsim(&["selftest", "--cases", path.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(table.contains("FAIL (formula 1.5"), "{table}");
    assert!(said.contains("these cases fail: wrong"), "{said}");
    let (code, _, said) = capsim(&["selftest", "--cases", "no-such-file.json"]);
    assert_eq!(code, Some(104));
    assert!(said.contains("cannot be read"), "{said}");
}

#[test]
fn an_audited_run_prints_its_balance() {
    let model = "docs/mechanisms/waiting_room.toml";
    let (code, summary, said) = capsim(&["run", model, "--quiet", "--audit"]);
    assert_eq!(code, Some(0));
    assert!(summary.contains("http_reqs"), "{summary}");
    assert!(
        said.contains("audit: ") && said.contains(" 0 broken"),
        "{said}"
    );
    assert!(said.contains("were told their wait"), "{said}");
    let (_, _, said) = capsim(&["run", "docs/mechanisms/locks.toml", "--quiet"]);
    assert!(said.contains("deadlocks, each resolved"), "{said}");
}

#[test]
fn an_unknown_parameter_is_refused_by_name() {
    let said = |parameters: &str| {
        let json = format!(
            r#"[{{"name": "x", "parameters": {{{parameters}}}, "expected": {{"mean_wait": 1}}}}]"#
        );
        check(&parse(&json).unwrap()[0], 1).unwrap_err()
    };
    let open = r#""arrival_rate": 0.5, "service_rate": 1, "servers": 1"#;
    let why = said(&format!(r#"{open}, "capacity_in_sytem": 5"#));
    assert!(
        why.contains("no parameter `capacity_in_sytem`; did you mean `capacity_in_system`?"),
        "{why}"
    );
    let why = said(&format!(r#"{open}, "weather": "fine", "colour": 1"#));
    assert!(
        why.contains("`weather`") && why.contains("`colour`"),
        "{why}"
    );
    let why = said(r#""users": 5, "bacth": 2, "mean_think": 1, "service_rate": 1, "servers": 1"#);
    assert!(
        why.contains("no parameter `bacth`; did you mean `batch`?"),
        "{why}"
    );
    let why = said(r#""users": 5, "mean_thnik": 1, "service_rate": 1"#);
    assert!(why.contains("is `mean_thnik` a slip of the pen?"), "{why}");
    // Before anything is run, and all of them at once.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cases.json");
    let case = |name: &str, more: &str| {
        format!(
            r#"{{"name": "{name}", "parameters": {{{open}, {more}}}, "expected": {{"mean_wait": 1}}}}"#
        )
    };
    let (a, b) = (case("a", r#""x": 1"#), case("b", r#""y": 1"#));
    std::fs::write(&path, format!("[{a}, {b}]")).unwrap();
    let (code, table, said) = capsim(&["selftest", "--cases", path.to_str().unwrap()]);
    assert_eq!((code, table.as_str()), (Some(104), ""));
    assert!(
        said.contains("case `a`: ") && said.contains("case `b`: "),
        "{said}"
    );
}

#[test]
fn every_parameter_of_the_shipped_cases_is_one_of_its_kind() {
    for case in shipped().unwrap() {
        if let Err(why) = experiment(&case.parameters) {
            panic!("{}: {why}", case.name);
        }
    }
}
