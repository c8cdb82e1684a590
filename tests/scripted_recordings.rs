//! Scripts that k6 v2.2.0 was recorded with (27 November 2026, against a server that waits as long as it is asked to)
//! give the counts and the exit code of their recordings.
#![cfg(feature = "scripts")]

use std::path::Path;
use std::process::Command;

const SERVER: &str = "
[stations.server]
servers = 1
[endpoints.list]
route = 'GET /'
visits = [{ delay = '100ms' }]
";

#[test]
fn recorded_scripts_give_the_counts_of_their_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("system.toml");
    std::fs::write(&system, SERVER).unwrap();
    for (name, counts, code) in [
        (
            "car",
            &[("iterations", 29), ("dropped_iterations", 2)][..],
            0,
        ),
        (
            "drops",
            &[("iterations", 12), ("dropped_iterations", 15)],
            0,
        ),
        ("rar", &[("iterations", 38)], 0),
        ("closedloop", &[("iterations", 410), ("http_reqs", 410)], 0),
        ("nosamples", &[("iterations", 1), ("http_reqs", 0)], 99),
    ] {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data/k6/scripts")
            .join(name)
            .with_extension("js");
        let output = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .arg("run")
            .arg(script)
            .arg("--system")
            .arg(&system)
            .args(["--quiet", "--summary-mode", "legacy"])
            .output()
            .unwrap();
        let summary = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}\n{summary}");
        for (metric, count) in counts {
            let line = summary.lines().find(|line| {
                let rest = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
                rest.strip_prefix(metric)
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            let value = line.and_then(|l| l.split_once(": ")?.1.split_whitespace().next());
            let count = count.to_string();
            assert_eq!(value, Some(&*count), "{name} {metric}\n{summary}");
        }
    }
}
