//! Reading files that others have written: never without limit, and never one that may have no end.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// Most bytes of a model or of a list that comes with it.
pub const MODEL: u64 = 64 << 20;
/// Most bytes of a table: rows of a sweep, a time line, a design.
pub const TABLE: u64 = 1 << 30;
/// Most bytes of a measured run, unpacked.
pub const RUN: u64 = 2 << 30;

/// Reads a file of at most `limit` bytes. A pipe is read if it is open already; one that would have to be
/// waited for, and a device, are not.
///
/// # Errors
/// If it cannot be read: why.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let (file, about) = open(path)?;
    if about.len() > most {
        return Err(too_large(most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    // It may grow while it is read, and what has no length of its own may be any.
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|why| why.to_string())?;
    match bytes.len() as u64 > most {
        true => Err(too_large(most)),
        false => Ok(bytes),
    }
}

/// Opens a file that is read bit by bit, and so may be of any size.
///
/// # Errors
/// If it cannot be opened, is a device, or is a pipe that would have to be waited for.
pub fn open(path: &Path) -> Result<(File, Metadata), String> {
    let about = std::fs::metadata(path).map_err(|why| why.to_string())?;
    if !(about.is_file() || is_pipe(&about) && is_open(path)) {
        return Err("it is not a regular file".to_owned());
    }
    let file = File::open(path).map_err(|why| why.to_string())?;
    Ok((file, about))
}

/// As [`bytes`], of a text.
///
/// # Errors
/// If it cannot be read or is no UTF-8: why.
pub fn text(path: &Path, most: u64) -> Result<String, String> {
    String::from_utf8(bytes(path, most)?).map_err(|_| "it is no UTF-8 text".to_owned())
}

/// What is said of a file that is too large.
#[must_use]
pub fn too_large(most: u64) -> String {
    match most >> 30 {
        0 => format!("it is larger than {} MiB", most >> 20),
        gib => format!("it is larger than {gib} GiB"),
    }
}

/// Whether a path names a file that this process holds open.
fn is_open(path: &Path) -> bool {
    let directory = path.parent().unwrap_or(path);
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|open| directory == Path::new(open))
}

#[cfg(unix)]
fn is_pipe(about: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    about.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}
