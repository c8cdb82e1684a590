//! The command as a user meets it: output, exit codes, errors, determinism.

use std::path::Path;
use std::process::{Command, Output};

fn capsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Runs a command on a model given as text.
fn on(command: &str, text: &str) -> (Output, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.toml");
    std::fs::write(&path, text).unwrap();
    (capsim(&[command, path.to_str().unwrap()]), directory)
}

const SMALL: &str = "
[scenarios.default]
executor = \"ramping-vus\"
stages = [{ duration = \"10s\", target = 20 }, { duration = \"5s\", target = 0 }]
journey = \"j\"
[journeys]
j = [{ request = \"e\", checks = [\"status is 200\"] }, { sleep = { uniform = [\"100ms\", \"200ms\"] } }]
[stations.s]
servers = 2
[endpoints.e]
visits = [{ station = \"s\", time = { exponential = \"8ms\" } }]
[thresholds]
http_req_duration = [\"p(95)<1000\"]
";

#[test]
fn the_main_job_prints_what_k6_prints_and_ends_with_99() {
    let output = capsim(&["run", "models/reserve.toml", "--seed", "42"]);
    assert_eq!(output.status.code(), Some(99));
    let text = stdout(&output);
    for line in [
        "     execution: local (virtual time)",
        "              * default: Up to 5000 looping VUs for 5m0s over 5 stages (gracefulRampDown: 30s, gracefulStop: 30s)",
        "     ✗ reserve status is 200",
        "   ✓ data_integrity.................: 100.00% ✓ ",
        "   ✗ http_req_duration..............: avg=",
        "       { expected_response:true }...: avg=",
        "   ✓ http_reqs......................: 1",
        "complete and ",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    assert_eq!(
        stderr(&output),
        "ERRO thresholds on metrics 'checks, http_req_duration, http_req_failed' have been crossed\n"
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let run = |seed: &str, threads: &str| {
        Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args(["run", "models/status.toml", "--seed", seed])
            .env("RAYON_NUM_THREADS", threads)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap()
    };
    let first = run("7", "1");
    assert_eq!(first.status.code(), Some(0));
    assert_eq!(first.stdout, run("7", "1").stdout);
    assert_eq!(first.stdout, run("7", "2").stdout);
    assert_ne!(first.stdout, run("8", "1").stdout);
}

#[test]
fn thresholds_decide_the_exit_code() {
    let (output, _dir) = on("run", SMALL);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (output, _dir) = on("run", &SMALL.replace("p(95)<1000", "p(95)<0.001"));
    assert_eq!(output.status.code(), Some(99));
    assert!(
        stderr(&output).contains("thresholds on metrics 'http_req_duration' have been crossed")
    );
}

#[test]
fn everything_wrong_with_a_model_is_told_at_once() {
    let wrong = SMALL
        .replace("servers = 2", "sevrers = 2")
        .replace("\"10s\", target", "\"-10s\", target")
        .replace("request = \"e\"", "request = \"f\"")
        .replace(
            "{ exponential = \"8ms\" }",
            "{ lognormal = { median = \"8ms\" } }",
        );
    for command in ["run", "check"] {
        let (output, directory) = on(command, &wrong);
        assert_eq!(output.status.code(), Some(104));
        assert_eq!(stdout(&output), "", "nothing is half-written");
        let text = stderr(&output).replace(directory.path().to_str().unwrap(), "DIR");
        for part in [
            "DIR/model.toml:4:24",
            "can't be negative",
            "sevrers",
            "did you mean `servers`",
            "lognormal",
            "p99",
            "`f`",
            "help: ",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert_eq!(text.matches("error: ").count(), 4, "{text}");
    }
}

#[test]
fn an_override_changes_a_value_and_its_errors_point_to_it() {
    let text = |set: &[&str]| {
        let mut arguments = vec!["run", "models/token.toml", "--quiet"];
        for s in set {
            arguments.extend(["--set", s]);
        }
        capsim(&arguments)
    };
    let few = text(&["scenarios.default.stages[*].target=10"]);
    assert_eq!(
        few.status.code(),
        Some(99),
        "10 users make fewer than 500 requests a second"
    );
    assert!(
        stdout(&few).contains("vus_max........................: 10"),
        "{}",
        stdout(&few)
    );
    let wrong = text(&["stations.server.servers=-1"]);
    assert_eq!(wrong.status.code(), Some(104));
    assert!(stderr(&wrong).contains("--set"), "{}", stderr(&wrong));
    let unknown = text(&["stations.sever.servers=1"]);
    assert_eq!(unknown.status.code(), Some(104));
    assert!(
        stderr(&unknown).contains("stations.server"),
        "{}",
        stderr(&unknown)
    );
}

#[test]
fn wrong_usage_ends_with_2_and_missing_files_with_104() {
    assert_eq!(capsim(&["run"]).status.code(), Some(2));
    assert_eq!(capsim(&["walk"]).status.code(), Some(2));
    let missing = capsim(&["run", "models/nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(104));
    assert!(stderr(&missing).contains("models/nowhere.toml"));
    let bad = capsim(&["run", "models/token.toml", "--summary-trend-stats", "foo"]);
    assert_eq!(bad.status.code(), Some(104));
    assert!(stderr(&bad).contains("invalid trend stat 'foo', unknown format"));
}

#[test]
fn a_journey_without_time_is_an_error_and_no_endless_loop() {
    let endless = "
        [scenarios.default]\nexecutor = \"constant-vus\"\nvus = 2\nduration = \"1s\"\njourney = \"j\"
        [journeys]\nj = [{ request = \"e\" }]
        [stations.s]\nservers = 1\nqueue = 0
        [endpoints.e]\nvisits = [{ station = \"s\", time = \"10ms\" }]";
    let (output, _dir) = on("run", endless);
    assert_eq!(output.status.code(), Some(104), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("without advancing virtual time"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn help_teaches() {
    let text = stdout(&capsim(&["run", "--help"]));
    for part in [
        "capsim run models/reserve.toml --seed 42",
        "--set",
        "--seed",
        "exit code 99",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(stdout(&capsim(&["--help"])).contains("Exit codes"));
}

#[test]
fn every_shipped_model_is_sound() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let output = capsim(&["check", path.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert_eq!(stderr(&output), "", "{} has warnings", path.display());
        }
    }
}

/// SMALL as `t.toml` in a directory of its own.
fn small() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("t.toml"), SMALL).expect("the model is written");
    directory
}

fn within(directory: &tempfile::TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(directory.path())
        .output()
        .expect("the command runs")
}

#[cfg(unix)]
#[test]
fn pipes_and_links_named_as_outputs_stay_what_they_are() {
    use std::os::unix::fs::FileTypeExt;
    let directory = small();
    let at = |name: &str| directory.path().join(name);
    let made = Command::new("mkfifo").arg(at("pipe")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("target.csv", at("link.csv")).unwrap();
    for option in ["--out", "--timeline", "--summary-export", "--report"] {
        let value = |name: &str| match option {
            "--out" => format!("csv={name}"),
            _ => name.to_owned(),
        };
        let pipe = at("pipe");
        let reader = std::thread::spawn(move || std::fs::read(pipe).unwrap());
        let run = |name: &str| within(&directory, &["run", "t.toml", "-q", option, &value(name)]);
        let done = run("pipe");
        let kind = std::fs::symlink_metadata(at("pipe")).unwrap().file_type();
        assert!(kind.is_fifo(), "{option} replaced the pipe");
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        let piped = reader.join().unwrap();
        assert_eq!(run("link.csv").status.code(), Some(0));
        let link = std::fs::symlink_metadata(at("link.csv")).unwrap();
        assert!(link.is_symlink(), "{option} replaced the link");
        assert_eq!(std::fs::read(at("target.csv")).unwrap(), piped, "{option}");
    }
    let done = within(
        &directory,
        &["run", "t.toml", "-q", "--out", "csv=/dev/stdout"],
    );
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(
        stdout(&done).contains("metric_name,timestamp"),
        "{}",
        stdout(&done)
    );
}

#[test]
fn an_output_that_is_an_input_or_another_output_is_refused() {
    let directory = small();
    let put = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    put("times.csv", "time\n1\n2\n");
    let data = "{ empirical = { file = \"times.csv\", unit = \"ms\" } }";
    put("d.toml", &SMALL.replace("{ exponential = \"8ms\" }", data));
    put("rows.csv", "load\n1\n");
    let listed = || {
        let all = std::fs::read_dir(directory.path()).unwrap();
        let mut all: Vec<_> = all
            .map(|e| e.unwrap().path())
            .map(|p| (std::fs::read(&p).unwrap(), p))
            .collect();
        all.sort();
        all
    };
    let before = listed();
    for (wrong, reason) in [
        ("run t.toml --out csv=t.toml", "is the model"),
        (
            "run d.toml --out json=./times.csv",
            "a data file of the model",
        ),
        ("run t.toml --out csv=a --out json=a", "--out, too"),
        ("run t.toml --report x --timeline ./x", "--timeline, too"),
        ("run t.toml --summary-export t.toml", "is the model"),
        (
            "run t.toml --replications 2 --report t.toml",
            "is the model",
        ),
        ("sweep t.toml --vary load=1,2 --out t.toml", "is the model"),
        (
            "sweep t.toml --design rows.csv --out rows.csv",
            "is the design",
        ),
        (
            "sweep t.toml --vary load=1,2 --out a.csv --report a.points.csv",
            "file of points",
        ),
        ("plot rows.csv --out rows.csv", "to be drawn"),
        ("fit t.toml --to rows.csv --out t.toml", "is the model"),
        (
            "fit t.toml --to rows.csv@load=2 --table rows.csv",
            "a measured run",
        ),
        ("fit t.toml --to rows.csv --table a --out a", "--out, too"),
        ("explain t.toml --out a --report a", "--out, too"),
        ("compare t.toml d.toml --report d.toml", "is model B"),
        (
            "capacity t.toml --vary load=0.5..2 --report t.toml",
            "is the model",
        ),
    ] {
        let arguments: Vec<&str> = wrong.split(' ').collect();
        let done = within(&directory, &arguments);
        let said = stderr(&done);
        assert_eq!(done.status.code(), Some(2), "{wrong}: {said}");
        assert!(said.contains(reason), "{wrong}: {said}");
        assert_eq!(stdout(&done), "", "{wrong}");
        assert!(before == listed(), "{wrong} wrote something");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_runs() {
    let directory = small();
    std::fs::create_dir(directory.path().join("d")).unwrap();
    std::fs::write(directory.path().join("rows.csv"), "load\n1\n").unwrap();
    for wrong in [
        "run t.toml --out csv=OUT",
        "run t.toml --timeline OUT",
        "run t.toml --summary-export OUT",
        "run t.toml --replications 2 --report OUT",
        "sweep t.toml --vary load=1,2 --out OUT",
        "sweep t.toml --vary load=1,2 --out x.csv --report OUT",
        "plot rows.csv --out OUT",
        "fit t.toml --to rows.csv --out OUT",
        "fit t.toml --to rows.csv --table OUT",
        "explain t.toml --out OUT",
        "compare t.toml t.toml --report OUT",
        "capacity t.toml --vary load=0.5..2 --report OUT",
    ] {
        for (out, reason) in [
            ("none/x", "there is no directory `none`; create it first"),
            ("t.toml/x", "there is no directory `t.toml`"),
            ("d", "it is a directory"),
        ] {
            let wrong = wrong.replace("OUT", out);
            let arguments: Vec<&str> = wrong.split(' ').collect();
            let done = within(&directory, &arguments);
            let said = stderr(&done);
            assert_eq!(done.status.code(), Some(1), "{wrong}: {said}");
            assert!(
                said.contains(reason) && said.contains(out),
                "{wrong}: {said}"
            );
            assert_eq!(stdout(&done), "", "{wrong}");
            let files = std::fs::read_dir(directory.path()).unwrap().count();
            assert_eq!(files, 3, "{wrong} wrote something");
        }
    }
}

#[test]
fn many_runs_and_what_is_of_a_single_one_exclude_each_other() {
    let directory = small();
    for many in [
        ["--replications", "2"],
        ["--precision", "50%"],
        ["--steady", "-q"],
    ] {
        for single in [
            "--audit",
            "--timeline x",
            "--summary-style 1",
            "--summary-mode full",
            "--summary-trend-stats avg",
            "--summary-time-unit ms",
        ] {
            let mut arguments = vec!["run", "t.toml"];
            arguments.extend(many);
            arguments.extend(single.split(' '));
            let done = within(&directory, &arguments);
            let said = stderr(&done);
            assert_eq!(done.status.code(), Some(2), "{many:?} {single}: {said}");
            assert!(said.contains("cannot be used with"), "{said}");
            assert!(!directory.path().join("x").exists());
        }
    }
}

/// An audited run is not sampled on its way.
#[test]
fn an_audit_is_not_lost_beside_a_time_line() {
    let directory = small();
    for other in ["--timeline", "--report"] {
        let done = within(&directory, &["run", "t.toml", "--audit", other, "x"]);
        assert_eq!(done.status.code(), Some(2));
        assert!(stderr(&done).contains("cannot be used with"));
        assert!(!directory.path().join("x").exists());
    }
}

/// A disk that is full must not look like a crash.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_or_stderr_is_no_crash() {
    let directory = small();
    std::fs::write(directory.path().join("bad.toml"), "[scenarios]\n").unwrap();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
        command.args(arguments).current_dir(directory.path());
        command
    };
    for (arguments, code) in [
        (&["run", "bad.toml"][..], 104),
        (&["run", "t.toml", "--audit"], 0),
        (
            &[
                "sweep",
                "t.toml",
                "--vary",
                "load=1,2",
                "--replications",
                "1",
                "--out",
                "s.csv",
            ],
            0,
        ),
    ] {
        let done = run(arguments).stderr(full().unwrap()).output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{arguments:?}");
    }
    for arguments in [
        &["run", "t.toml"][..],
        &["check", "t.toml"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
    ] {
        let done = run(arguments).stdout(full().unwrap()).output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{arguments:?}");
        assert_eq!(
            stderr(&done),
            "error: standard output: No space left on device (os error 28)\n"
        );
    }
}
