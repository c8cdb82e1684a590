//! Disks that are full before all is written, and disks that cannot be written to. Both are small file systems in
//! memory, mounted where this test alone sees them: a full disk and a read-only one also hold for root.

use std::path::Path;
use std::process::{Command, Output};

use super::outputs::QUEUE;
use super::{CROSSED, directory, listed, stderr};

/// Runs shell commands in `at`, a fresh file system of so many bytes, with `$CAPSIM` for the binary. `None` where one may
/// mount nothing, not even in a name space of one's own.
fn on_disk(size: &str, at: &Path, commands: &str) -> Option<Output> {
    let mount = format!(
        "mount -t tmpfs -o size={size} tmpfs \"$0\" && cd \"$0\" || exit 77\n\
         cp ../*.toml . && {commands}"
    );
    let disk = at.join("disk");
    std::fs::create_dir_all(&disk).unwrap();
    for unshare in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let mut command = Command::new("unshare");
        command.args(unshare).args(["sh", "-c", &mount]).arg(&disk);
        command.env("CAPSIM", env!("CARGO_BIN_EXE_capsim"));
        match command.output() {
            Ok(done) if !matches!(done.status.code(), Some(77) | None) => {
                let refused = stderr(&done).starts_with("unshare:");
                if !refused {
                    return Some(done);
                }
            }
            _ => {}
        }
    }
    eprintln!("not tested: no file system can be mounted here (unshare, mount)");
    None
}

fn cases() -> tempfile::TempDir {
    directory(&[("crossed.toml", CROSSED), ("queue.toml", QUEUE)])
}

/// Commands and the first of their files.
const COMMANDS: [(&str, &str); 11] = [
    ("run queue.toml --out csv=x.csv", "x.csv"),
    ("run queue.toml --out json=x.gz", "x.gz"),
    ("run crossed.toml --summary-export x.json", "x.json"),
    ("run queue.toml --timeline t.csv", "t.csv"),
    ("run queue.toml --report r.html", "r.html"),
    ("sweep queue.toml --vary load=0.5,1 --out s.csv", "s.csv"),
    ("sweep queue.toml --vary load=0.5,1 --store st", "st"),
    ("explain queue.toml --replications 1 --out e.csv", "e.csv"),
    (
        "capacity queue.toml --vary load=0.1..0.2 --report r.html",
        "r.html",
    ),
    ("init new.toml", "new.toml"),
    ("man .", "capsim.1"),
];

/// Told before hours of work, with the name and why.
#[test]
fn a_disk_that_cannot_be_written_is_told_before_the_runs() {
    for (arguments, file) in COMMANDS {
        let at = cases();
        let commands = format!("mount -o remount,ro . && exec \"$CAPSIM\" {arguments}");
        let Some(done) = on_disk("64k", at.path(), &commands) else {
            return;
        };
        let said = stderr(&done);
        assert_eq!(done.status.code(), Some(1), "{arguments}: {said}");
        let told = format!("{file}: Read-only file system (os error 30)\n");
        assert!(said.contains(&told), "{arguments}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments}: {said}");
        let printed = String::from_utf8_lossy(&done.stdout);
        assert!(
            !printed.contains("http_req_duration"),
            "{arguments}: {printed}"
        );
    }
}

/// What was there stays, what is half-written goes, and the verdict keeps its code.
#[test]
fn a_disk_that_gets_full_keeps_what_stood_there() {
    for (model, code) in [("queue.toml", 1), ("crossed.toml", 99)] {
        let at = cases();
        let run = format!(
            "echo old > r.html && \"$CAPSIM\" run {model} --summary-export x.json --report r.html; code=$?; \
             cp -r . ../after; exit $code"
        );
        let Some(done) = on_disk("32k", at.path(), &run) else {
            return;
        };
        let said = stderr(&done);
        assert_eq!(done.status.code(), Some(code), "{said}");
        let told = "error: r.html: No space left on device (os error 28)\n";
        assert_eq!(said.matches(told).count(), 1, "{said}");
        let left = listed(&at.path().join("after"));
        let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["crossed.toml", "queue.toml", "r.html", "x.json"]);
        assert_eq!(left[2].1, b"old\n");
    }
}

/// Rows that fitted are rows; with room again the sweep goes on as if nothing had been.
#[test]
fn a_sweep_on_a_disk_that_gets_full_goes_on_once_there_is_room() {
    let at = cases();
    let sweep = "\"$CAPSIM\" sweep queue.toml --vary load=0.02..1:0.02 --quiet --resume --out";
    let commands = format!(
        "{sweep} s.csv; code=$?; echo \"code $code\"; wc -c < s.csv; mount -o remount,size=10m . && \
         {sweep} s.csv && {sweep} whole.csv && mkdir ../after && cp s.* whole.* ../after"
    );
    let Some(done) = on_disk("32k", at.path(), &commands) else {
        return;
    };
    let said = stderr(&done);
    assert_eq!(done.status.code(), Some(0), "{said}");
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(printed.starts_with("code 1\n"), "{printed}");
    assert!(said.contains("s.csv: No space left on device"), "{said}");
    let left = listed(&at.path().join("after"));
    let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
    let pairs = ["s.csv", "s.points.csv", "s.study.json", "whole.csv"];
    assert_eq!(names[..4], pairs, "{names:?}");
    assert!(left[0].1 == left[3].1, "other rows");
    assert!(left[1].1 == left[4].1, "other points");
    let kept: usize = printed
        .lines()
        .nth(1)
        .and_then(|n| n.trim().parse().ok())
        .unwrap();
    assert!(kept > 0 && kept < left[0].1.len(), "{kept} bytes were kept");
}
