//! Sweeps that are killed again and again, at any moment: after the last `--resume` nothing tells of it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::signals::{LONG, kill};
use super::{capsim, directory, listed, stderr};

/// Signals that are sent to one kind of sweep.
const KILLS: usize = 20;

/// Twelve rows of some ten milliseconds each, and a page.
fn sweep(at: &Path) -> Command {
    let sweep = "sweep ../long.toml --set scenarios.default.duration=5s --vary load=0.2..1.2:0.2 \
                 --replications 2 --quiet --resume --out s.csv --report r.html";
    let mut command = capsim(at, sweep);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Waits some time, but not longer than the sweep. Returns whether it is over.
#[expect(clippy::disallowed_methods, reason = "no clock reaches a result")]
fn over_within(child: &mut Child, wait: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < wait {
        if let Some(end) = child.try_wait().unwrap() {
            assert!(end.success(), "{end}");
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
#[expect(clippy::disallowed_methods, reason = "no clock reaches a result")]
fn a_sweep_that_is_killed_at_any_moment_goes_on_to_the_same_bytes() {
    let at = directory(&[("long.toml", LONG)]);
    let folder = |name: &str| {
        let path = at.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let whole = folder("whole");
    let begun = Instant::now();
    assert!(sweep(&whole).status().unwrap().success());
    let long = begun.elapsed();
    let whole = listed(&whole);
    assert_eq!(whole.len(), 4, "rows, points, what they are of, and a page");
    // The golden ratio spreads the moments evenly, the early ones as well as the late ones.
    let mut share: f64 = 0.0;
    let mut sent = 0;
    for round in 0.. {
        let (signal, code) =
            [("-KILL", None), ("-INT", Some(105)), ("-TERM", Some(105))][round % 3];
        let here = folder(&format!("round-{round}"));
        loop {
            share = (share + 0.618_033_988_75).fract();
            let mut child = sweep(&here).spawn().unwrap();
            if over_within(&mut child, long.mul_f64(share)) {
                break;
            }
            kill(&child, signal);
            sent += 1;
            let end = child.wait().unwrap();
            // Before it listens a polite signal ends it, too; after its last row it is done.
            let ends = [code, None, Some(0)];
            assert!(ends.contains(&end.code()), "{signal}: {end}");
            if sent >= KILLS {
                let last = sweep(&here).stderr(Stdio::piped()).output().unwrap();
                assert!(last.status.success(), "{}", stderr(&last));
                break;
            }
        }
        let left = listed(&here);
        let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
        assert!(left == whole, "round {round} with {signal}: {names:?}");
        if sent >= KILLS {
            break;
        }
    }
}
