//! Signals: what is half-written vanishes, and SIGTERM is a polite word, as Ctrl+C is.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{capsim, directory, listed};

/// A model whose samples are some 40 MB.
pub const LONG: &str = "
[scenarios.default]
executor = \"constant-vus\"
vus = 20
duration = \"20s\"
journey = \"j\"
[journeys]
j = [{ request = \"e\" }]
[endpoints.e]
visits = [{ delay = \"20ms\" }]
";

pub fn kill(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args([signal, &pid])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits until something holds.
fn wait_for(child: &mut Child, what: &str, holds: impl Fn(u32) -> bool) {
    for _ in 0..60_000 {
        if holds(child.id()) {
            return;
        }
        if let Some(end) = child.try_wait().unwrap() {
            panic!("{end} before {what}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    panic!("{what}: never");
}

/// Whether a process has written much of a file in this directory, with a name or without.
fn is_writing(pid: u32, directory: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
    let mut open = open.into_iter().flatten().flatten();
    open.any(|entry| {
        let to = std::fs::read_link(entry.path());
        let size = || std::fs::metadata(entry.path()).map_or(0, |about| about.len());
        to.is_ok_and(|to| to.starts_with(directory)) && size() > 100_000
    })
}

/// Whether a process handles a signal.
fn handles(pid: u32, signal: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

#[test]
fn what_is_half_written_vanishes_with_its_process() {
    for (signal, code) in [("-INT", Some(105)), ("-TERM", Some(105)), ("-KILL", None)] {
        for before in [&[][..], &[("x.json", "of an earlier run")]] {
            let at = directory(before);
            let real = at.path().canonicalize().unwrap();
            let model = directory(&[("long.toml", LONG)]);
            let model = model.path().join("long.toml");
            let arguments = format!("run {} -q --out json=x.json", model.display());
            let mut command = capsim(&real, &arguments);
            let mut child = command.stdout(Stdio::null()).spawn().unwrap();
            // A thread of its own asks for the signals; the run may write before.
            wait_for(&mut child, "handlers and writing", |pid| {
                handles(pid, 2) && handles(pid, 15) && is_writing(pid, &real)
            });
            kill(&child, signal);
            assert_eq!(child.wait().unwrap().code(), code, "{signal}");
            let left = listed(&real);
            let expected = before.iter().map(|(name, text)| (*name, text.as_bytes()));
            assert!(
                left.iter()
                    .map(|(name, text)| (name.as_str(), text.as_slice()))
                    .eq(expected),
                "{signal} leaves {:?}",
                left.iter().map(|(name, _)| name).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn parts_of_files_that_nobody_writes_are_cleared_away() {
    let at = directory(&[
        ("m.toml", super::CROSSED),
        ("x.csv.4194303.part", "left by a process that was killed"),
        ("x.csv.4194302.part", "being written"),
        ("x.csv.old.part", "the user's own"),
        ("y.csv.4194303.part", "of another file"),
    ]);
    let written = std::fs::File::open(at.path().join("x.csv.4194302.part")).unwrap();
    written.lock().unwrap();
    let mut command = capsim(at.path(), "run m.toml -q --out csv=x.csv");
    assert_eq!(command.output().unwrap().status.code(), Some(99));
    let left = listed(at.path());
    let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "m.toml",
        "x.csv",
        "x.csv.4194302.part",
        "x.csv.old.part",
        "y.csv.4194303.part",
    ];
    assert_eq!(names, expected);
}

/// A run that would take minutes.
fn endless(at: &Path) -> std::process::Command {
    let mut command = capsim(
        at,
        "run long.toml --quiet --samples histogram --set scenarios.default.duration=1000000s",
    );
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn an_interrupted_run_ends_with_105() {
    let at = directory(&[("long.toml", LONG)]);
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let mut child = endless(at.path()).spawn().unwrap();
        wait_for(&mut child, signal, |pid| handles(pid, number));
        kill(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(105), "{signal}");
    }
}

/// Whoever starts a sweep with nohup goes home.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let at = directory(&[("long.toml", LONG)]);
    let capsim = endless(at.path());
    let mut shell = std::process::Command::new("sh");
    let run = "trap '' HUP; exec \"$@\"";
    shell.args(["-c", run, "sh"]).arg(capsim.get_program());
    shell.args(capsim.get_args()).current_dir(at.path());
    let mut child = shell.stdout(Stdio::null()).spawn().unwrap();
    wait_for(&mut child, "a handler", |pid| handles(pid, 2));
    kill(&child, "-HUP");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(child.try_wait().unwrap(), None);
    kill(&child, "-KILL");
    child.wait().unwrap();
}

#[test]
fn a_sweep_that_is_asked_to_end_keeps_its_rows_and_goes_on() {
    let sweep = "sweep long.toml --set scenarios.default.duration=1s --vary load=0.1..2:0.1 \
                 --replications 20 --quiet --resume --out ";
    let at = directory(&[("long.toml", LONG)]);
    let whole = capsim(at.path(), &format!("{sweep} whole.csv")).output();
    assert!(whole.unwrap().status.success());
    for signal in ["-INT", "-TERM"] {
        let name = format!("x{signal}.csv");
        let rows = || std::fs::read(at.path().join(&name)).unwrap_or_default();
        let mut command = capsim(at.path(), &format!("{sweep} {name}"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        wait_for(&mut child, "rows", |_| rows().len() > 5_000);
        kill(&child, signal);
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(105), "{signal}");
        let said = super::stderr(&done);
        assert!(said.contains("rows are safe in x"), "{signal}: {said}");
        let resumed = capsim(at.path(), &format!("{sweep} {name}")).output();
        assert!(resumed.unwrap().status.success());
        assert!(rows() == std::fs::read(at.path().join("whole.csv")).unwrap());
    }
}
