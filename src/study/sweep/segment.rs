//! Segments: files of results that one process appends to. Each line carries the key of its cell and a checksum.
//!
//! A line is `KEY,COLUMNS,CHECKSUM`, the columns being those of a row of the CSV file from `end` to `fingerprint`; or
//! `KEY,failed,REASON,CHECKSUM` for a cell that gave no result and never will.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::SweepError;
use super::plan::{Key, Opened};
use super::rows::{sealed, unsealed};
use super::run::{Done, Sink};
use crate::model::visible::visible_lines;

/// First line of each segment, without its checksum.
const HEADER: &[u8] = b"capsim-results-1";

/// What stands in the place of the columns of a cell that failed.
const FAILED: &[u8] = b"failed,";

/// The line of a result.
#[must_use]
pub fn result_line(key: Key, result: &[u8]) -> Vec<u8> {
    let mut line = format!("{key},").into_bytes();
    line.extend(result);
    sealed(line)
}

/// The line of a cell that gave no result: why, on one line.
#[must_use]
pub fn failed_line(key: Key, why: &str) -> Vec<u8> {
    let words: Vec<&str> = why.split_whitespace().collect();
    let mut line = format!("{key},").into_bytes();
    line.extend(FAILED);
    line.extend(visible_lines(&words.join(" ")).bytes());
    sealed(line)
}

/// A line of results as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'l> {
    /// Whose.
    pub key: Key,
    /// The columns, or why there are none.
    pub result: Result<&'l [u8], &'l [u8]>,
}

impl<'l> Entry<'l> {
    /// Reads a line with its line break. `None` if it is not as it was written.
    #[must_use]
    pub fn parse(line: &'l [u8]) -> Option<Entry<'l>> {
        let line = unsealed(line)?;
        let (key, rest) = line.split_at_checked(32)?;
        let key = std::str::from_utf8(key).ok()?.parse().ok()?;
        let result = rest.strip_prefix(b",")?;
        Some(Entry {
            key,
            result: result.strip_prefix(FAILED).map_or(Ok(result), Err),
        })
    }
}

/// Whether a line is the first one of a segment.
#[must_use]
pub fn is_header(line: &[u8]) -> bool {
    unsealed(line) == Some(HEADER)
}

/// A segment that this process writes.
#[derive(Debug)]
pub struct Segment {
    file: File,
    path: PathBuf,
}

impl Segment {
    /// Begins a segment of this name, which no other process has.
    ///
    /// # Errors
    /// If there is one, or it cannot be made.
    pub fn create(path: &Path) -> io::Result<Segment> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)?;
        // Tells `store repair` that it is being written, where the file system knows locks.
        let _ = file.try_lock();
        let mut segment = Segment {
            file,
            path: path.to_path_buf(),
        };
        segment.write(&sealed(HEADER.to_vec()))?;
        Ok(segment)
    }

    /// Appends whole lines, which are safe when this returns.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.file.sync_data()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A segment as the sink of the cells of a plan.
#[derive(Debug)]
pub struct Filling<'a> {
    /// Whose cells they are.
    pub plan: &'a Opened,
    /// Where they go.
    pub segment: Segment,
}

impl Sink for Filling<'_> {
    fn append(&mut self, results: &[Done]) -> Result<(), SweepError> {
        let lines = results
            .iter()
            .flat_map(|(cell, result)| result_line(self.plan.key(*cell), result));
        Ok(self.segment.write(&lines.collect::<Vec<u8>>())?)
    }
}

/// Where a line of a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// First byte.
    pub at: u64,
    /// Bytes, with the line break.
    pub length: u32,
}

/// What is found in a segment.
#[derive(Debug)]
pub enum Line<'l> {
    /// A result, and where.
    Entry(Entry<'l>, Place),
    /// A line that is not as it was written, by its number from 1.
    Damaged(u64),
    /// The last line, which its writer did not finish.
    Unfinished,
}

/// Reads a segment line by line.
///
/// # Errors
/// If it cannot be read, or `take` fails.
pub fn read(
    path: &Path,
    mut take: impl FnMut(Line<'_>, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut from = BufReader::with_capacity(1 << 18, File::open(path)?);
    let (mut at, mut number, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        let length = from.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        let place = Place {
            at,
            length: u32::try_from(length).unwrap_or(u32::MAX),
        };
        at += length as u64;
        if line.last() != Some(&b'\n') {
            return take(Line::Unfinished, &line);
        }
        if number == 1 && is_header(&line) {
            continue;
        }
        let found = match Entry::parse(&line).filter(|_| number > 1) {
            Some(entry) => Line::Entry(entry, place),
            None => Line::Damaged(number),
        };
        take(found, &line)?;
    }
}

/// Keeps lines that come from elsewhere, such as the output of `capsim cells`: how many.
///
/// # Errors
/// If one is not as it was written, by its number; those before it are kept.
pub fn add(segment: &mut Segment, mut from: impl BufRead) -> Result<u64, SweepError> {
    let (mut line, mut number, mut kept, mut lines) = (Vec::new(), 0u64, 0, Vec::new());
    loop {
        line.clear();
        let length = from.read_until(b'\n', &mut line)?;
        number += 1;
        let entry = Entry::parse(&line);
        if entry.is_some() {
            kept += 1;
            lines.extend_from_slice(&line);
        }
        let wrong = length > 0 && entry.is_none() && !is_header(&line);
        if length == 0 || wrong || lines.len() > 1 << 16 {
            segment.write(&lines)?;
            lines.clear();
        }
        if wrong {
            return Err(SweepError::Mismatch(format!(
                "line {number} is not a result, or not as it was written; the {kept} results above it are kept"
            )));
        }
        if length == 0 {
            return Ok(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_or_not_at_all() {
        let key = Key(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        let good = result_line(key, b"finished,1,,2.5,00ff");
        let result = Ok(&b"finished,1,,2.5,00ff"[..]);
        assert_eq!(Entry::parse(&good), Some(Entry { key, result }));
        let bad = failed_line(key, "out of\n memory, twice");
        let result = Err(&b"out of memory, twice"[..]);
        assert_eq!(Entry::parse(&bad), Some(Entry { key, result }));
        for line in [good, bad] {
            for at in 0..line.len() {
                let mut other = line.clone();
                other[at] ^= 1 << (at % 7);
                assert_eq!(Entry::parse(&other), None, "byte {at}");
                assert_eq!(Entry::parse(&line[..at]), None, "cut at {at}");
            }
        }
    }
}
