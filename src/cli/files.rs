//! The files that a command reads and writes, checked before anything runs.

use std::path::{Path, PathBuf};

use super::exit::{self, CliError};
use crate::study::atomic_file::Target;
use crate::study::partial_file::PartialFile;

/// A file beside another: `x.csv` and `points.csv` give `x.points.csv`. Any other ending than `.csv` stays, for
/// `x.v1` and `x.v2` are two.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    if path.extension().is_some_and(|e| e == "csv") {
        return path.with_extension(ending);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// What a command reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Files {
    read: Vec<(&'static str, PathBuf)>,
    written: Vec<(&'static str, PathBuf)>,
}

impl Files {
    /// Files of a command that reads a model, and the data files that it names.
    pub fn of_model(model: &Path, data: &[PathBuf]) -> Files {
        let files = Files::default().reads("the model", model);
        data.iter().fold(files, |files, path| {
            files.reads("a data file of the model", path)
        })
    }

    /// One more file that is read.
    pub fn reads(mut self, what: &'static str, path: impl AsRef<Path>) -> Files {
        self.read.push((what, path.as_ref().to_path_buf()));
        self
    }

    /// An output, if it is asked for; `what` is its option.
    pub fn writes(mut self, what: &'static str, path: Option<&Path>) -> Files {
        let path = path.map(|path| (what, path.to_path_buf()));
        self.written.extend(path);
        self
    }

    /// Refuses outputs that would overwrite an input or each other, or that cannot be written. No directory
    /// is created.
    pub fn check(&self) -> Result<(), CliError> {
        let mut targets: Vec<(&str, Target)> = Vec::new();
        for (what, path) in &self.written {
            let shown = path.display();
            let target = Target::of(path).map_err(|e| unwritable(what, path, &e))?;
            let same = |read: &&(&str, PathBuf)| is_same(&read.1, &target.path);
            if let Some((input, _)) = self.read.iter().find(same) {
                let why =
                    format!("{what}: {shown} is {input}, and would be lost; name another file");
                return Err(usage(&why));
            }
            if let Some((other, _)) = targets.iter().find(|(_, t)| t.path == target.path) {
                let why =
                    format!("{what}: {shown} is written by {other}, too; name a file for each");
                return Err(usage(&why));
            }
            targets.push((what, target));
        }
        for ((what, path), (_, target)) in self.written.iter().zip(&targets) {
            probe(target).map_err(|e| unwritable(what, path, &e))?;
        }
        Ok(())
    }
}

/// Whether two names, the second free of links, are of one file. Also hard links are: a sweep writes into
/// its file of rows.
fn is_same(one: &Path, other: &Path) -> bool {
    let Ok(real) = one.canonicalize() else {
        return false;
    };
    real == other || number(&real).is_some_and(|one| number(other) == Some(one))
}

/// What tells a file from all others, whatever it is called: its device and number.
#[cfg(unix)]
fn number(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let about = std::fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

/// Elsewhere the name alone tells it.
#[cfg(not(unix))]
fn number(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Whether a file can be made where this one goes. Pipes and devices are left alone: to open one may wait
/// for its reader.
fn probe(target: &Target) -> std::io::Result<()> {
    match target.stream {
        true => Ok(()),
        false => PartialFile::begin(&target.path).map(drop),
    }
}

fn usage(why: &str) -> CliError {
    CliError::new(exit::USAGE, format!("error: {why}"))
}

fn unwritable(what: &str, path: &Path, why: &std::io::Error) -> CliError {
    let text = format!("error: {what}: {}: {why}", path.display());
    CliError::new(exit::OTHER, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_different_files_are_different() {
        let of = |path: &str, ending| beside(Path::new(path), ending).display().to_string();
        assert_eq!(of("a/x.csv", "points.csv"), "a/x.points.csv");
        assert_eq!(of("x.points.csv", "svg"), "x.points.svg");
        assert_eq!(of("cap.v1", "svg"), "cap.v1.svg");
        assert_eq!(of("cap.v2", "svg"), "cap.v2.svg");
        assert_eq!(of("cap", "svg"), "cap.svg");
    }
}
