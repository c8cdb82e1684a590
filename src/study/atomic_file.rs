//! Atomic files, which are written completely or not at all, and outputs that are not files.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::partial_file::PartialFile;

/// As many links are followed as Linux follows.
const MOST_LINKS: usize = 40;

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Absolute and free of links: equal for two names of one file.
    pub path: PathBuf,
    /// Whether it is written into as it stands: a pipe, a device, an open file such as /dev/stdout.
    pub stream: bool,
}

impl Target {
    /// Follows the links of a path, whose last part need not exist.
    ///
    /// # Errors
    /// If it is a directory, or the directory that it is to stand in does not exist.
    pub fn of(path: &Path) -> io::Result<Target> {
        let stream = match std::fs::metadata(path) {
            Ok(about) if about.is_dir() => return Err(wrong("it is a directory; name a file")),
            Ok(about) => !about.is_file() || is_open_file(path),
            Err(_) => false,
        };
        let path = without_links(path)?;
        Ok(Target { path, stream })
    }
}

/// Whether a path names a file that this process holds open: it must not be replaced by another one.
fn is_open_file(path: &Path) -> bool {
    let directory = path.parent().unwrap_or(path);
    ["/dev", "/dev/fd", "/proc/self/fd"]
        .iter()
        .any(|open| directory == Path::new(open))
}

fn wrong(why: impl Into<String>) -> io::Error {
    io::Error::other(why.into())
}

fn without_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let name = at
            .file_name()
            .ok_or_else(|| wrong("it is a directory; name a file"))?;
        let parent = at.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        if !parent.is_dir() {
            let parent = parent.display();
            return Err(wrong(format!(
                "there is no directory `{parent}`; create it first"
            )));
        }
        let real = parent.canonicalize()?.join(name);
        match std::fs::read_link(&real) {
            Ok(next) => at = real.with_file_name("").join(next),
            Err(_) => return Ok(real),
        }
    }
    Err(wrong("its links lead round in a circle"))
}

/// Writes a file that then takes its place: readers see the old one or all of the new one. What exists
/// and is not a file is written into.
///
/// # Errors
/// If it cannot be written, or `fill` fails; nothing is left then.
pub fn write_atomically<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let target = Target::of(path)?;
    if target.stream {
        let mut out = BufWriter::new(OpenOptions::new().append(true).open(path)?);
        fill(&mut out)?;
        return Ok(out.flush()?);
    }
    let (file, part) = PartialFile::begin(&target.path)?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(|e| e.into_error())?;
    Ok(part.appear(&file)?)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn put(path: &Path, text: &str) -> io::Result<()> {
        write_atomically(path, |out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn links_are_followed_and_stay() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir(at("far"))?;
        symlink("far/file", at("second"))?;
        symlink("second", at("first"))?;
        for text in ["new", "old"] {
            put(&at("first"), text)?;
            assert_eq!(std::fs::read_to_string(at("far/file"))?, text);
        }
        assert!(std::fs::symlink_metadata(at("first"))?.is_symlink());
        assert_eq!(Target::of(&at("first"))?, Target::of(&at("far/file"))?);
        assert_eq!(std::fs::read_dir(at("far"))?.count(), 1);
        symlink("round", at("round"))?;
        assert!(put(&at("round"), "").is_err());
        assert!(put(&at("far"), "").is_err());
        let missing = put(&at("nowhere/file"), "").map_err(|e| e.to_string());
        assert!(missing.is_err_and(|e| e.contains("create it first")));
        Ok(())
    }
}
