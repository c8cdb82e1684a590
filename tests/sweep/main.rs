//! Sweeps: the same bytes on any number of threads, and after any interruption.

mod logs;
mod store;
mod studies;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const MODEL: &str = "tests/data/models/mm1.toml";

fn sweep(out: &Path, extra: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    command
        .args(["sweep", MODEL, "--vary", "load=0.2..1.2:0.1"])
        .args(["--vary", "stations.cpu.servers=1,2", "--replications", "6"])
        .args(["--quiet", "--out"])
        .arg(out)
        .args(extra);
    command
}

fn run(mut command: Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("{e}"))
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn points(rows: &Path) -> PathBuf {
    rows.with_extension("points.csv")
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn threads_change_no_byte() {
    let dir = directory();
    let files = ["1", "2", "5"].map(|threads| {
        let out = dir.path().join(format!("{threads}.csv"));
        let done = run(sweep(&out, &["--threads", threads]));
        assert!(done.status.success(), "{done:?}");
        out
    });
    let rows = String::from_utf8_lossy(&bytes(&files[0])).lines().count();
    assert_eq!(rows, 1 + 11 * 2 * 6);
    for other in &files[1..] {
        assert_eq!(bytes(&files[0]), bytes(other));
        assert_eq!(bytes(&points(&files[0])), bytes(&points(other)));
    }
}

#[test]
fn killed_ten_times_and_resumed_it_gives_the_same_bytes() {
    let dir = directory();
    let whole = dir.path().join("whole.csv");
    assert!(run(sweep(&whole, &[])).status.success());
    let broken = dir.path().join("broken.csv");
    let mut lengths = Vec::new();
    for round in 0..10u64 {
        let mut child = sweep(&broken, &["--resume", "--threads", "2"])
            .spawn()
            .unwrap_or_else(|e| panic!("{e}"));
        // Somewhere between the first moments of the process and its end.
        std::thread::sleep(Duration::from_millis(10 + round * 37 % 90));
        let _ = child.kill();
        let _ = child.wait();
        lengths.push(std::fs::metadata(&broken).map_or(0, |m| m.len()));
        if round % 3 == 2 {
            // Also cut a line in the middle, as a full disk would.
            let text = std::fs::read(&broken).unwrap_or_default();
            let kept = text.len().saturating_sub(7);
            std::fs::write(&broken, &text[..kept]).unwrap_or_else(|e| panic!("{e}"));
        }
    }
    let done = run(sweep(&broken, &["--resume"]));
    assert!(done.status.success(), "{done:?} {lengths:?}");
    assert_eq!(bytes(&whole), bytes(&broken), "{lengths:?}");
    assert_eq!(bytes(&points(&whole)), bytes(&points(&broken)));
}

#[test]
fn another_sweep_is_not_resumed() {
    let dir = directory();
    let out = dir.path().join("x.csv");
    assert!(run(sweep(&out, &[])).status.success());
    let before = bytes(&out);
    let refusals: [(&[&str], &str); 4] = [
        (&["--resume", "--seed", "2"], "the seed was 1 and is 2"),
        (&["--resume", "--set", "stations.cpu.queue=5"], "the model"),
        (
            &["--resume", "--vary", "scenarios.default.rate=1,2"],
            "varied",
        ),
        (&[], "exists"),
    ];
    for (extra, reason) in refusals {
        let done = run(sweep(&out, extra));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{said}");
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(before, bytes(&out));
    assert!(run(sweep(&out, &["--resume"])).status.success());
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let dir = directory();
    let out = dir.path().join("x.csv");
    let done = run(sweep(&out, &["--vary", "stations.cpu.sevrers=1"]));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(104), "{said}");
    assert!(said.contains("did you mean `servers`?"), "{said}");
    assert_eq!(
        run(sweep(&out, &["--vary", "load=1..2"])).status.code(),
        Some(2)
    );
    assert!(!out.exists());
}

/// Rows of two sweeps in one file would be worth nothing.
#[test]
fn two_sweeps_do_not_write_one_file() {
    let dir = directory();
    let out = dir.path().join("rows.csv");
    let mut first = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(["sweep", MODEL, "--vary", "load=0.5", "--quiet"])
        .args(["--replications", "100000", "--threads", "1", "--out"])
        .arg(&out)
        .spawn()
        .unwrap();
    while std::fs::metadata(&out).map_or(0, |about| about.len()) < 1_000 {
        assert!(first.try_wait().unwrap().is_none(), "it is over");
        std::thread::sleep(Duration::from_millis(2));
    }
    for extra in [&["--resume"][..], &["--force"], &[]] {
        let second = run(sweep(&out, extra));
        let said = String::from_utf8_lossy(&second.stderr);
        assert_eq!(second.status.code(), Some(1));
        assert!(said.contains("another sweep writes to it"), "{said}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(run(sweep(&out, &["--force"])).status.success());
}

#[test]
fn sweeps_beside_one_another_have_files_of_their_own() {
    let dir = directory();
    for (name, load) in [("cap.v1", "load=0.5"), ("cap.v2", "load=0.6")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
        let arguments = ["sweep", MODEL, "--vary", load, "--quiet", "--out"];
        let done = run({
            command.args(arguments).arg(dir.path().join(name));
            command
        });
        assert!(done.status.success(), "{done:?}");
    }
    let of = |name: &str| bytes(&dir.path().join(name));
    assert_ne!(of("cap.v1.points.csv"), of("cap.v2.points.csv"));
    assert_ne!(of("cap.v1.study.json"), of("cap.v2.study.json"));
}

#[cfg(unix)]
#[test]
fn rows_go_to_a_file_alone() {
    let dir = directory();
    let pipe = dir.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let done = run(sweep(&pipe, &["--force"]));
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2));
    assert!(said.contains("is not a file"), "{said}");
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
}
