//! `--resume` on files that something has happened to.

use std::path::Path;
use std::process::Output;

use super::{capsim, directory, stderr};

const MODEL: &str = "
[scenarios.default]
executor = \"constant-vus\"
vus = 2
duration = \"1s\"
journey = \"j\"
[journeys]
j = [{ request = \"e\" }, { sleep = \"100ms\" }]
[endpoints.e]
visits = [{ delay = { exponential = \"1ms\" } }]
[endpoints.\"a\\nb\"]
visits = [{ delay = { exponential = \"2ms\" } }]
[thresholds]
http_req_duration = [\"p(95)<500\"]
\"http_req_duration{name:a\\nb}\" = [\"p(95)<500\"]
";

/// One text has a line break, one a comma and a quote.
const DESIGN: &str = "load,journeys.j[0].request\n1,e\n1,\"a\nb\"\n2,\"a\nb\"\n";

fn cases() -> tempfile::TempDir {
    directory(&[("m.toml", MODEL), ("d.csv", DESIGN)])
}

fn sweep(at: &Path, more: &str) -> Output {
    let sweep = "sweep m.toml --design d.csv --replications 4 --quiet --out s.csv";
    let mut command = capsim(at, &format!("{sweep} {more}"));
    command.output().unwrap()
}

/// The rows of a whole sweep.
fn rows(at: &Path) -> Vec<u8> {
    let done = sweep(at, "--force");
    assert!(done.status.success(), "{}", stderr(&done));
    std::fs::read(at.join("s.csv")).unwrap()
}

#[test]
fn a_line_break_in_a_name_or_a_value_hinders_no_resuming() {
    let at = cases();
    let whole = rows(at.path());
    for kept in (0..=whole.len()).step_by(61).chain([whole.len()]) {
        std::fs::write(at.path().join("s.csv"), &whole[..kept]).unwrap();
        let done = sweep(at.path(), if kept == 0 { "--force" } else { "--resume" });
        let said = stderr(&done);
        assert!(done.status.success(), "{kept} bytes: {said}");
        assert!(whole == std::fs::read(at.path().join("s.csv")).unwrap());
    }
}

/// The lines of a file, with the damage done to one of them.
fn damaged(lines: &[&str], at: usize, damage: &str) -> Option<String> {
    let line = lines[at];
    let middle = line.len() / 2;
    let new = match damage {
        "flipped" => {
            let mut bytes = line.as_bytes().to_vec();
            bytes[middle] ^= 1;
            String::from_utf8(bytes).ok()?
        }
        "shortened" => format!("{}\n", &line[..middle]),
        "without a byte" => format!("{}{}", &line[..middle], &line[middle + 1..]),
        "another quote" => format!("{}\"{}", &line[..middle], &line[middle..]),
        "lost" => String::new(),
        "twice" => line.repeat(2),
        "with the line end of Windows" => format!("{}\r\n", line.trim_end()),
        other => panic!("{other}"),
    };
    let all = lines.iter().enumerate();
    let all = all.map(|(i, line)| if i == at { new.as_str() } else { line });
    Some(all.collect())
}

#[test]
fn a_row_that_is_not_as_it_was_written_is_told_at_once_with_its_line() {
    let at = cases();
    let whole = String::from_utf8(rows(at.path())).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for damage in [
        "flipped",
        "shortened",
        "without a byte",
        "another quote",
        "lost",
        "twice",
        "with the line end of Windows",
    ] {
        for row in [1, 3, lines.len() - 2] {
            let Some(text) = damaged(&lines, row, damage) else {
                continue;
            };
            std::fs::write(at.path().join("s.csv"), &text).unwrap();
            let done = sweep(at.path(), "--resume");
            let said = stderr(&done);
            assert_eq!(done.status.code(), Some(1), "{damage} in {row}: {said}");
            let told = said.contains("cannot resume s.csv: line ");
            assert!(told, "{damage} in {row}: {said}");
            let line: usize = said
                .split("line ")
                .nth(1)
                .and_then(|rest| rest.split([' ', ':']).next())
                .and_then(|number| number.parse().ok())
                .unwrap();
            // A row has two lines, if a value has; one that is twice is wrong the second time.
            assert!(line.abs_diff(row + 1) <= 1, "{damage} in {row}: {said}");
            let kept = std::fs::read_to_string(at.path().join("s.csv")).unwrap();
            assert!(kept == text, "{damage} in {row} was changed");
            // What it says helps.
            let above: String = text.split_inclusive('\n').take(line - 1).collect();
            std::fs::write(at.path().join("s.csv"), above).unwrap();
            assert!(sweep(at.path(), "--resume").status.success());
            assert!(whole == std::fs::read_to_string(at.path().join("s.csv")).unwrap());
        }
    }
}

#[test]
fn rows_beyond_the_last_are_told() {
    let at = cases();
    let whole = String::from_utf8(rows(at.path())).unwrap();
    let last = whole.split_inclusive('\n').next_back().unwrap();
    for more in [last, "x", "99,0,\n"] {
        std::fs::write(at.path().join("s.csv"), format!("{whole}{more}")).unwrap();
        let done = sweep(at.path(), "--resume");
        assert_eq!(done.status.code(), Some(1), "{more}");
        let said = stderr(&done);
        assert!(said.contains("more rows than the sweep"), "{more}: {said}");
    }
}
