//! What public files and questions show: for each kind an input, and what `capsim` says of it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command, its exit code, what its output says and what it must not say.
struct Row(
    &'static str,
    i32,
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: [Row; 14] = [
    Row(
        "run lock-unseen.toml --summary-export=OUT/lock.json",
        0,
        &[
            "The bottleneck is the lock of the system: 98.0% of the time of requests is the wait for it",
        ],
        &["nobody waited"],
    ),
    // 20 ms under the lock: 50 a second, and 51 users with a second of think time, keep it busy.
    Row(
        "fit lock-unseen.toml --to OUT/lock.json",
        0,
        &[
            "knee of the fitted model: 51 [51 … 51] users, at most 50 [50 … 50] requests/s, bounded by lock of the system",
        ],
        &["bad:"],
    ),
    Row(
        "check lock-unseen.toml",
        0,
        &["lock of the system", "50/s"],
        &["left out"],
    ),
    Row(
        "run scalability-unseen.toml",
        0,
        &[
            "The bottleneck is the scalability of station db: 216 in service at once are too many, most is done with 97",
            "each takes 130.7ms instead of 11.11ms",
        ],
        &["nobody waited"],
    ),
    Row(
        "fit longer.toml --to longer.json --verbose",
        0,
        &[
            "the run lasted 60.1 s and the model generates load for 10.0 s: they are compared by rates and shares",
            "-0.5 %",
        ],
        &["bad:"],
    ),
    Row(
        "fit negative-trend.toml --to negative-trend.json",
        0,
        &[
            "fit: good: 0.0 %",
            "clock_difference avg: measured -4, model -4 (+0.0 %)",
        ],
        &[],
    ),
    Row(
        "fit negative-trend.toml --to negative-trend.txt",
        0,
        &[
            "fit: good: 0.0 %",
            "clock_difference avg: measured -4, model -4 (+0.0 %)",
        ],
        &[],
    ),
    Row(
        "fit full.toml --to full-heading-lost.txt",
        0,
        &[
            "fit: fair: 3.6 % root mean square over 16 numbers",
            "http_reqs count: measured 2130, model 2115",
        ],
        &["measured 1065, model 2115"],
    ),
    Row(
        "fit longer.toml --to dashboard.html",
        104,
        &[
            "a report, a page of HTML such as k6's web dashboard writes, and no run",
            "k6 run --summary-export=run.json",
        ],
        &["no line of a k6 summary"],
    ),
    Row(
        "fit longer.toml --to dashboard.ndjson",
        104,
        &[
            "the lines of k6's web dashboard",
            "k6 run --summary-export=run.json",
        ],
        &["this is no JSON"],
    ),
    Row(
        "fit under-a-microsecond.toml --to under-a-microsecond.txt",
        0,
        &["iteration_duration med: measured 458 ns, model 1.000 s (× 2.2e6)"],
        &["0.00 ms", "00.0 %", "00.0 %)"],
    ),
    Row(
        "fit small-rate.toml --to small-rate.json",
        0,
        &["http_req_failed rate: measured 0.0005, model 0.021"],
        &["measured 0.0,", "+4110"],
    ),
    Row(
        "check too-few-vus.toml",
        0,
        &[
            "too few VUs: 100/s × 1s need 100 at least, and there are 10: about 90 of 100 starts will be dropped",
        ],
        &[],
    ),
    Row(
        "run too-few-vus.toml",
        0,
        &["The bottleneck is the VUs of scenario default: 5400 starts, 90.0% of all"],
        &["Nothing was a bottleneck"],
    ),
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/public")
}

/// Exit code, and all that was written.
fn capsim(line: &str, out: &Path) -> (Option<i32>, String) {
    let line = line.replace("OUT", &out.to_string_lossy());
    let output = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(line.split(' '))
        .current_dir(data())
        .output()
        .expect("the command runs");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(text).expect("UTF-8"),
    )
}

#[test]
fn every_kind_of_public_file_is_answered_rightly() {
    let out = tempfile::tempdir().expect("a directory");
    for Row(line, code, says, does_not_say) in ROWS {
        let (ended, text) = capsim(line, out.path());
        assert_eq!(ended, Some(code), "{line}\n{text}");
        for part in says {
            assert!(text.contains(part), "{line}: {part}\n{text}");
        }
        for part in does_not_say {
            assert!(!text.contains(part), "{line}: {part}\n{text}");
        }
    }
}

#[test]
fn lost_section_marks_change_nothing() {
    let out = tempfile::tempdir().expect("a directory");
    let of = |name: &str| {
        let (_, text) = capsim(&format!("fit full.toml --to {name} --verbose"), out.path());
        text.replace(name, "FILE")
    };
    assert_eq!(of("full.txt"), of("full-heading-lost.txt"));
}

#[test]
fn every_file_has_its_row() {
    let readme = std::fs::read_to_string(data().join("README.md")).expect("a page");
    for entry in std::fs::read_dir(data()).expect("a folder") {
        let name = entry
            .expect("a file")
            .file_name()
            .to_string_lossy()
            .into_owned();
        let stem = name.split('.').next().unwrap_or_default();
        let of_curve = stem.starts_with("sdm");
        let told = ROWS.iter().any(|row| row.0.contains(&name)) || name == "full.txt";
        assert!(told || of_curve || name == "README.md", "{name} has no row");
        assert!(
            of_curve || name == "README.md" || readme.contains(stem),
            "{name}"
        );
    }
}
