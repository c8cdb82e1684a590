//! Files that are read have an end, and nobody waits for ever.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::{CROSSED, directory};

/// Less memory than any of these files would take.
const MEMORY_KB: u64 = 1_500_000;

/// What a command says to a file that is none, within a time and a memory that are more than enough.
fn said(directory: &std::path::Path, arguments: &str) -> (Option<i32>, String) {
    let limited = format!("ulimit -v {MEMORY_KB}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_capsim")]);
    command.args(arguments.split_whitespace());
    command.current_dir(directory).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..3000 {
        if child.try_wait().unwrap().is_some() {
            let done = child.wait_with_output().unwrap();
            return (done.status.code(), super::stderr(&done));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("{arguments}: it waits for ever");
}

/// Every command that reads a file, and how it ends if it cannot. `data.toml` names the file.
const READERS: [(&str, i32); 7] = [
    ("run FILE", 104),
    ("run data.toml", 104),
    ("plot FILE --out x.svg", 1),
    ("sweep m.toml --design FILE --out x.csv", 1),
    ("selftest --cases FILE", 104),
    ("fit m.toml --to FILE", 104),
    ("score FILE --against m.toml", 104),
];

fn cases() -> tempfile::TempDir {
    directory(&[("m.toml", CROSSED), ("data.toml", CROSSED)])
}

fn refuses(directory: &std::path::Path, file: &str, why: &str) {
    let data = format!("{{ empirical = {{ file = \"{file}\", unit = \"ms\" }} }}");
    let model = CROSSED.replace("\"1ms\"", &data);
    std::fs::write(directory.join("data.toml"), model).unwrap();
    for (arguments, code) in READERS {
        // What lies outside of the model's directory is not a data file of it.
        if arguments.contains("data") && file.starts_with('/') {
            continue;
        }
        let arguments = arguments.replace("FILE", file);
        let (ended, text) = said(directory, &arguments);
        assert_eq!(ended, Some(code), "{arguments}: {text}");
        assert!(text.contains(why), "{arguments}: {text}");
        assert!(text.contains(file), "{arguments}: {text}");
        let small = text.len() < 1_000;
        assert!(small, "{arguments}: {} bytes", text.len());
    }
}

#[test]
fn a_pipe_without_a_writer_is_not_waited_for() {
    let at = cases();
    let made = Command::new("mkfifo").arg(at.path().join("pipe")).status();
    assert!(made.unwrap().success());
    refuses(at.path(), "pipe", "not a regular file");
}

#[test]
fn a_device_without_an_end_is_not_read() {
    refuses(cases().path(), "/dev/zero", "not a regular file");
}

/// Sparse: it takes no room on the disk.
#[test]
fn a_file_that_is_too_large_is_not_read() {
    let at = cases();
    let file = std::fs::File::create(at.path().join("huge")).unwrap();
    file.set_len(8 << 30).unwrap();
    refuses(at.path(), "huge", "larger than");
}

/// What reads packed files, and what does not know them.
const UNPACKERS: [(&str, i32); 6] = [
    ("read FILE", 104),
    ("learn FILE", 104),
    ("fit m.toml --to FILE", 104),
    ("run replay.toml", 104),
    ("check replay.toml", 104),
    ("compare FILE m.toml", 104),
];

/// Packed a thousand times over: no command takes the memory that it says, whatever is in it.
#[test]
fn a_gzip_bomb_is_not_unpacked() {
    let at = cases();
    let (_, endpoints) = CROSSED.split_once("[endpoints.e]").unwrap();
    let replay = format!(
        "[scenarios.log]\nexecutor = \"replay\"\nfile = \"bomb.gz\"\n[endpoints.e]{endpoints}"
    );
    std::fs::write(at.path().join("replay.toml"), replay).unwrap();
    let data = "{ empirical = { file = \"bomb.gz\", unit = \"ms\" } }";
    let data = CROSSED.replace("\"1ms\"", data);
    std::fs::write(at.path().join("data.toml"), data).unwrap();
    for of in [0, b'a'] {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zip, &vec![of; 16 << 20]).unwrap();
        let bomb = zip.finish().unwrap().repeat(150);
        std::fs::write(at.path().join("bomb.gz"), bomb).unwrap();
        for (arguments, code) in READERS.into_iter().chain(UNPACKERS) {
            let arguments = arguments.replace("FILE", "bomb.gz");
            let (ended, text) = said(at.path(), &arguments);
            assert_eq!(ended, Some(code), "{arguments}: {text}");
            assert!(text.contains("bomb.gz"), "{arguments}: {text}");
            let small = text.len() < 1_000;
            assert!(small, "{arguments}: {} bytes", text.len());
        }
        assert!(!at.path().join("x.svg").exists() && !at.path().join("x.csv").exists());
    }
}

/// What the shell opens for a command is read as a file is: `capsim plot <(xz -dc x.csv.xz)`.
#[test]
fn an_open_pipe_is_read() {
    let at = cases();
    let points = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/results/token-capacity.points.csv"
    );
    let plot = "\"$0\" plot <(cat \"$1\") --title t --out x.svg && \
                cat \"$1\" | \"$0\" plot /dev/stdin --title t --out y.svg";
    let mut command = Command::new("bash");
    command.args(["-c", plot, env!("CARGO_BIN_EXE_capsim"), points]);
    let done = command.current_dir(at.path()).output().unwrap();
    assert!(done.status.success(), "{}", super::stderr(&done));
    let read = |name: &str| std::fs::read(at.path().join(name)).unwrap();
    assert!(read("x.svg") == read("y.svg"));
}
