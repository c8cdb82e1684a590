//! Hostile input and faults: what a stranger's model, file or option may not do.

mod alarms;
mod data_files;
mod docs;
mod errors;
mod escapes;
mod init;
mod k6_details;
mod large;
mod limits;
mod ranges;
mod whole;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the command in the root of the repository.
fn capsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Writes a file into a directory and gives its path.
fn file(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("the file is written");
    path
}

/// A path as an argument.
fn arg(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
