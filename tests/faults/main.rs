//! Faults of the world around a command: closed pipes, full disks, signals, damaged and endless files.

#![cfg(target_os = "linux")]

mod disks;
mod inputs;
mod kills;
mod outputs;
mod overwrites;
mod resume;
mod signals;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A model whose threshold is crossed.
const CROSSED: &str = include_str!("crossed.toml");

/// The command in a directory.
fn capsim(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsim"));
    command
        .args(arguments.split_whitespace())
        .current_dir(directory);
    command
}

/// Runs it, with nobody at the other end of its standard output.
fn unread(mut command: Command) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdout(writer).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

/// Runs it, with a full disk behind its standard output.
fn full(mut command: Command) -> Output {
    let disk = std::fs::OpenOptions::new().write(true).open("/dev/full");
    command.stdout(disk.unwrap()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A directory with files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// All files of a directory, sorted by name.
fn listed(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut all: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    all.sort();
    all
}
