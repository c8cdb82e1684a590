//! Logs that are cut, mixed, damaged or lie: one clear message each, from `read`, `learn` and a replay, and nothing left
//! out in silence.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const MODEL: &str = "[scenarios.main]\nexecutor = \"replay\"\nfile = \"FILE\"\nroutes = { \"/a\" = \"a\" }\n\
    unmatched = \"skip\"\n[endpoints.a]\nvisits = [{ delay = \"5ms\" }]\n";

/// Seconds since 10:40 as a line of a log.
fn line(second: usize) -> String {
    let (hour, minute, second) = (
        10 + (40 * 60 + second) / 3600,
        (40 + second / 60) % 60,
        second % 60,
    );
    format!(
        "10.0.0.1 - - [27/Nov/2026:{hour}:{minute:02}:{second:02} +0000] \"GET /a HTTP/1.1\" 200 5 0.204 0.201"
    )
}

fn lines() -> Vec<String> {
    (0..40).map(line).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

fn capsim(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    command.current_dir(directory).args(args).output().unwrap()
}

/// What each command makes of a file: all that it prints, or its one error.
struct Seen {
    read: Result<String, String>,
    learn: Result<String, String>,
    replay: Result<String, String>,
}

fn seen(name: &str, bytes: &[u8]) -> Seen {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at(name), bytes).unwrap();
    std::fs::write(at("m.toml"), MODEL.replace("FILE", name)).unwrap();
    let outcome = |args: &[&str]| {
        let done = capsim(directory.path(), args);
        let (out, err) = (
            String::from_utf8(done.stdout).unwrap(),
            String::from_utf8(done.stderr).unwrap(),
        );
        for text in [&out, &err] {
            let acts = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(acts), "{args:?}: {text:?}");
        }
        match done.status.code() {
            Some(0) => Ok(out + &err),
            Some(104) => {
                assert_eq!(err.matches("error: ").count(), 1, "{args:?}: {err}");
                assert_eq!(out, "", "{args:?}");
                Err(err)
            }
            code => panic!("{args:?}: {code:?}: {err}"),
        }
    };
    Seen {
        read: outcome(&["read", name]),
        learn: outcome(&["learn", name]),
        replay: outcome(&["check", "m.toml"]),
    }
}

/// In one line: comments of a model are broken into several.
fn flat(text: &str) -> String {
    let words: Vec<String> = (text.replace("\n#", " ").split_whitespace())
        .map(str::to_string)
        .collect();
    words.join(" ")
}

/// Whether all commands say this in their answers.
fn told(seen: &Seen, [read, learn, replay]: [&str; 3]) {
    for (outcome, wanted) in [
        (&seen.read, read),
        (&seen.learn, learn),
        (&seen.replay, replay),
    ] {
        let text = outcome.as_ref().unwrap();
        assert!(flat(text).contains(&flat(wanted)), "{wanted}: {text}");
    }
}

/// Whether all commands refuse the file with these words.
fn refused(seen: &Seen, words: [&str; 3]) {
    for (outcome, wanted) in [&seen.read, &seen.learn, &seen.replay]
        .into_iter()
        .zip(words)
    {
        let why = outcome.as_ref().unwrap_err();
        assert!(why.contains(wanted), "{wanted}: {why}");
    }
}

#[test]
fn a_log_that_ends_within_a_line() {
    let whole = joined(&lines());
    told(
        &seen("access.log", &whole[..whole.len() - 40]),
        [
            "line 40: the file ends within this line",
            "1 line was not understood and left out: line 40: the file ends within this line",
            "1 lines of `access.log` are not understood and left out, the first: 40",
        ],
    );
}

#[test]
fn lines_that_were_written_at_once() {
    // The first half of one, another, and the second half: the first two are one request.
    let mut mixed = lines();
    mixed[20] = format!("{}{}", &line(20)[..50], line(21));
    mixed[21] = line(20)[50..].to_string();
    mixed.push(format!("{}{}", &line(38)[..30], &line(39)[50..]));
    told(
        &seen("access.log", &joined(&mixed)),
        [
            "2 lines were not understood, the first:\n  line 22: ",
            "2 lines were not understood and left out: line 22: ",
            "2 lines of `access.log` are not understood and left out, the first: 22, 41",
        ],
    );
}

#[test]
fn a_clock_that_is_wrong() {
    let mut early = lines();
    early[7] = line(7).replace("Nov/2026", "Jan/1970");
    let seen = seen("access.log", &joined(&early));
    assert!(
        seen.read
            .unwrap()
            .contains("the clock: line 8 is of before the year 2000")
    );
    assert!(
        seen.learn
            .unwrap_err()
            .contains("a time in the file is wrong")
    );
    assert!(
        seen.replay
            .unwrap_err()
            .contains("a replay takes 40 at most")
    );
    let json = r#"{"time":"1970-01-01T00:00:22.1Z","method":"GET","path":"/a","status":"200","duration_ms":226}"#;
    let json = self::seen("access.log", format!("{json}\n{json}\n").as_bytes());
    assert!(
        json.read
            .unwrap()
            .contains("the clock: line 1 is of before the year 2000")
    );
}

#[test]
fn a_clock_that_was_set_back() {
    let mut back = lines();
    back.extend((0..40).map(|second| line(second).replace(":10:", ":09:")));
    told(
        &seen("access.log", &joined(&back)),
        [
            "the clock: time goes back 1 times, by 3639 s at most",
            "the clock: time goes back 1 times, by 3639 s at most; the requests were put in order",
            "40 requests of `access.log` begin more than a minute before one above them: the clock goes back",
        ],
    );
}

#[test]
fn two_formats_in_one_file() {
    let json = r#"{"time":"2026-11-27T10:40:22.1Z","method":"GET","path":"/a","status":"200","duration_ms":226}"#;
    let mut two = lines();
    two.extend([json.to_string(), json.to_string()]);
    told(
        &seen("access.log", &joined(&two)),
        ["the file holds two formats, line 41 looks like a JSON log"; 3],
    );
    two.rotate_right(2);
    told(
        &seen("access.log", &joined(&two)),
        ["the file holds two formats, line 3 looks like a nginx log"; 3],
    );
}

#[test]
fn a_packed_log_that_was_cut_off() {
    let many: Vec<String> = (0..20_000)
        .map(|k| format!("{} {}", line(k / 10), k * 7919))
        .collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&joined(&many)).unwrap();
    let packed = packer.finish().unwrap();
    for part in [packed.len() / 2, packed.len() - 3, 400] {
        refused(
            &seen("access.log.gz", &packed[..part]),
            ["the file cannot be read on, it may be cut off"; 3],
        );
    }
    refused(&seen("access.log.gz", &packed[..6]), ["cut off"; 3]);
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let mut bytes = joined(&lines());
    bytes.resize(bytes.len() + 100_000_000, b'x');
    bytes.push(b'\n');
    bytes.extend(joined(&[line(41)]));
    told(
        &seen("access.log", &bytes),
        [
            "line 41: the line is longer than 1 MiB",
            "1 line was not understood and left out: line 41: the line is longer than 1 MiB",
            "1 lines of `access.log` are not understood and left out, the first: 41",
        ],
    );
    let mut table = b"start_us,endpoint\n1,a\n2,a\n".to_vec();
    table.resize(table.len() + 100_000_000, b'x');
    refused(
        &seen("table.csv", &table),
        ["a line is longer than 1 MiB: this is no row of a table"; 3],
    );
}

#[test]
fn nul_bytes() {
    let whole = joined(&lines());
    // A machine that lost its power leaves them at the end.
    let end = [whole.as_slice(), &[0; 5000]].concat();
    told(
        &seen("access.log", &end),
        [
            "line 41: the file ends within this line",
            "line 41: the file ends within this line",
            "1 lines of `access.log` are not understood and left out, the first: 41",
        ],
    );
    // A log that is emptied while its server writes on begins with them.
    let begin = [&[0; 5000], whole.as_slice()].concat();
    let begin = seen("access.log", &begin);
    assert!(begin.read.unwrap().contains("requests     40, 0 failed"));
    assert!(begin.learn.is_ok() && begin.replay.is_ok());
    let long = [vec![0; 1_000_000], whole].concat();
    refused(
        &seen("access.log", &long),
        ["the file begins with NUL bytes, as a log does that was emptied while its server wrote on";
            3],
    );
}

#[test]
fn a_log_in_utf_16() {
    let mut bytes = vec![0xff, 0xfe];
    let text = String::from_utf8(joined(&lines())).unwrap();
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    refused(&seen("access.log", &bytes), ["the file is in UTF-16"; 3]);
}

/// What a message quotes of a line does not act on the terminal.
#[test]
fn control_characters_in_a_field() {
    let mut acts = lines();
    acts.push(line(39).replace(" 200 ", " \u{1b}[31m2\u{7}00 "));
    told(
        &seen("access.log", &joined(&acts)),
        [
            "line 41: `[31m200` is no $status",
            "line 41: `[31m200` is no $status",
            "1 lines of `access.log` are not understood and left out, the first: 41",
        ],
    );
}

#[test]
fn a_quote_that_is_not_closed_counts_all_its_lines() {
    let mut text = "timeStamp,elapsed,label,responseCode,success\n".to_string();
    for k in 0..50 {
        let label = if k == 20 { "\"GET /a" } else { "GET /a" };
        text += &format!("{},5,{label},200,true\n", 1_795_780_659_796_i64 + k * 10);
    }
    let seen = seen("results.jtl", text.as_bytes());
    let read = seen.read.unwrap();
    assert!(
        read.contains("30 lines were not understood") && read.contains("with 29 lines behind it"),
        "{read}"
    );
    assert!(flat(&seen.learn.unwrap()).contains("30 lines were not understood"));
}

/// A pipe is read once, and nothing of it is lost.
#[cfg(unix)]
#[test]
fn a_log_from_a_pipe_is_the_same_as_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let many: Vec<String> = (0..20_000).map(|k| line(k / 10)).collect();
    std::fs::write(directory.path().join("access.log"), joined(&many)).unwrap();
    for command in ["read", "learn"] {
        let of_file = capsim(directory.path(), &[command, "access.log"]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_capsim"))
            .args([command, "/dev/stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&joined(&many))
            .unwrap();
        let piped = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| flat(&String::from_utf8(bytes).unwrap());
        let piped = text(piped.stdout);
        assert!(
            piped.contains("20,000 requests") || piped.contains("requests 20000"),
            "{piped}"
        );
        assert_eq!(
            piped.replace("/dev/stdin", "access.log"),
            text(of_file.stdout)
        );
    }
}
