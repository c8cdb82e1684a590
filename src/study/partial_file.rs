//! Unfinished files: without a name where the system can, so that nothing is left of a process that is
//! killed; else named `FILE.PID.part`, locked by its writer, and cleared away by the next process that finds it unlocked.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Named parts of this process that are on disk.
static NAMED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that takes its place when it is whole, and vanishes if it never is.
#[derive(Debug)]
pub struct PartialFile {
    /// Where it is, if it has a name.
    named: Option<PathBuf>,
    place: PathBuf,
}

impl PartialFile {
    /// Begins a file that is to stand at `place`, in a directory that exists.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn begin(place: &Path) -> io::Result<(File, PartialFile)> {
        clear_away(place);
        match unnamed::create(place.parent().unwrap_or(place)) {
            Some(file) => {
                // For the moment in which it has a name beside the file that it replaces.
                let _ = file.try_lock();
                Ok((file, PartialFile::new(place)))
            }
            None => PartialFile::named(place),
        }
    }

    fn new(place: &Path) -> PartialFile {
        PartialFile {
            named: None,
            place: place.to_path_buf(),
        }
    }

    fn named(place: &Path) -> io::Result<(File, PartialFile)> {
        let mut part = PartialFile::new(place);
        let path = part.name();
        let file = part.register(path, |path| File::create(path))?;
        // Where a file system knows no locks, nobody clears its parts away either.
        let _ = file.try_lock();
        Ok((file, part))
    }

    fn name(&self) -> PathBuf {
        let mut name = self.place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", process_id()));
        self.place.with_file_name(name)
    }

    /// Makes a file by its name and keeps in mind that it is there.
    fn register<T>(
        &mut self,
        path: PathBuf,
        make: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        let made = make(&path)?;
        named.push(path.clone());
        self.named = Some(path);
        Ok(made)
    }

    /// Puts the file into its place; it is written.
    ///
    /// # Errors
    /// If the system does not let it; nothing is left then.
    pub fn appear(mut self, file: &File) -> io::Result<()> {
        if self.named.is_none() {
            if unnamed::link(file, &self.place).is_ok() {
                return Ok(());
            }
            // There is such a file already: to replace it takes a name.
            let path = self.name();
            self.register(path, |path| unnamed::link(file, path))?;
        }
        match &self.named {
            Some(path) => std::fs::rename(path, &self.place),
            None => Ok(()),
        }
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if let Some(path) = self.named.take() {
            let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
            named.retain(|other| *other != path);
            // In its place, it is not here any more.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Removes all parts of this process and then ends it: none is begun in between.
pub fn forget_all<T>(end: impl FnOnce() -> T) -> T {
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    for path in named.drain(..) {
        let _ = std::fs::remove_file(path);
    }
    end()
}

/// Removes parts of this file that killed processes have left: those that nobody holds locked.
fn clear_away(place: &Path) {
    let (Some(directory), Some(name)) = (place.parent(), place.file_name()) else {
        return;
    };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let regular = || entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_part(&entry.file_name(), name) || !regular() {
            continue;
        }
        let Ok(part) = OpenOptions::new().write(true).open(entry.path()) else {
            continue;
        };
        match part.try_lock() {
            Ok(()) => drop(std::fs::remove_file(entry.path())),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

/// Whether a name is `FILE.PID.part`.
fn is_part(name: &OsStr, file: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let middle = name
        .strip_prefix(file.as_encoded_bytes())
        .and_then(|rest| rest.strip_prefix(b"."))
        .and_then(|rest| rest.strip_suffix(b".part"));
    middle.is_some_and(|pid| !pid.is_empty() && pid.iter().all(u8::is_ascii_digit))
}

/// Files without a name: Linux has them, on most file systems.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    fn path_of(file: &File) -> String {
        format!("/proc/self/fd/{}", file.as_raw_fd())
    }

    /// A file in this directory, if there can be one that is given a name later.
    pub fn create(directory: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(open(directory, flags, Mode::from(0o666)).ok()?);
        let nameable = Path::new(&path_of(&file)).exists();
        nameable.then_some(file)
    }

    /// Gives it a name that no other file has.
    pub fn link(file: &File, name: &Path) -> io::Result<()> {
        let flags = AtFlags::SYMLINK_FOLLOW;
        Ok(linkat(CWD, path_of(file), CWD, name, flags)?)
    }
}

/// Other systems have none.
#[cfg(not(target_os = "linux"))]
mod unnamed {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    /// Never.
    pub fn create(_: &Path) -> Option<File> {
        None
    }

    /// Never.
    pub fn link(_: &File, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// WebAssembly's processes have no number.
fn process_id() -> u32 {
    if cfg!(target_family = "wasm") {
        return 0;
    }
    std::process::id()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    type Begin = fn(&Path) -> io::Result<(File, PartialFile)>;

    fn names(directory: &Path) -> io::Result<Vec<String>> {
        let all = std::fs::read_dir(directory)?;
        all.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    #[test]
    fn with_a_name_or_without_it_appears_whole_or_not_at_all() -> io::Result<()> {
        for begin in [PartialFile::begin as Begin, PartialFile::named as Begin] {
            let directory = tempfile::tempdir()?;
            let place = directory.path().join("file");
            for text in ["new", "another one"] {
                let (mut file, part) = begin(&place)?;
                file.write_all(text.as_bytes())?;
                part.appear(&file)?;
                assert_eq!(std::fs::read_to_string(&place)?, text);
                let (mut file, part) = begin(&place)?;
                file.write_all(b"half")?;
                drop(part);
                assert_eq!(std::fs::read_to_string(&place)?, text);
                assert_eq!(names(directory.path())?, ["file"]);
            }
        }
        Ok(())
    }

    #[test]
    fn a_part_is_cleared_away_once_nobody_writes_it() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let place = directory.path().join("file");
        let (file, part) = PartialFile::named(&place)?;
        clear_away(&place);
        assert_eq!(names(directory.path())?.len(), 1);
        drop(file);
        std::mem::forget(part);
        clear_away(&place);
        assert!(names(directory.path())?.is_empty());
        Ok(())
    }

    #[test]
    fn parts_have_numbers() {
        let is = |name: &str| is_part(OsStr::new(name), OsStr::new("x.csv"));
        assert!(is("x.csv.17.part"));
        for other in [
            "x.csv",
            "x.csv.part",
            "x.csv..part",
            "x.csv.old.part",
            "y.csv.1.part",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
