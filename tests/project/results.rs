//! One of the published studies, made again: the same bytes.

use std::path::Path;
use std::process::Command;

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_time_line_of_reserve_is_made_again_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let csv = dir.path().join("reserve-timeline.csv");
    let run = Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args([
            "run",
            "models/reserve.toml",
            "--seed",
            "1",
            "--quiet",
            "--timeline",
        ])
        .arg(&csv)
        .output()
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(matches!(run.status.code(), Some(0 | 99)), "{run:?}");
    assert_eq!(text(&csv), text(Path::new("results/reserve-timeline.csv")));
    for (kind, file) in [
        ("latency", "reserve-timeline.svg"),
        ("seats", "reserve-seats.svg"),
    ] {
        let svg = dir.path().join(file);
        let plot = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args(["plot", "--title", "reserve", "--kind", kind, "--out"])
            .args([&svg, &csv])
            .output()
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(plot.status.success(), "{plot:?}");
        assert_eq!(text(&svg), text(&Path::new("results").join(file)));
    }
}
