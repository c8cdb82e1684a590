//! The file of a sweep's rows: each ends with a checksum, and all are read again when a sweep is resumed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use super::run::{Done, Sink};
use super::{Columns, Sweep, SweepError, result_of};
use crate::replicate::Run;

/// One line of CSV.
pub(super) fn line(cells: &[String]) -> Result<Vec<u8>, SweepError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer
        .into_inner()
        .map_err(|e| SweepError::Io(std::io::Error::other(e.to_string())))
}

/// One line, whose last column is the checksum of all that stands before the comma in front of it.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&bytes);
    bytes.push(b',');
    bytes.extend(sum.into_bytes());
    bytes.push(b'\n');
    bytes
}

/// What a sealed line holds before its checksum.
pub(super) fn unsealed(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let at = line.iter().rposition(|byte| *byte == b',')?;
    (line[at + 1..] == *checksum(&line[..at]).as_bytes()).then_some(&line[..at])
}

/// CRC-32 as gzip computes it.
fn checksum(bytes: &[u8]) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    format!("{:08x}", crc.sum())
}

/// The header of the rows of a model of which nothing is varied, and the row of one of its replications: the bytes that
/// a sweep of it has.
///
/// # Errors
/// If a name cannot be written as CSV.
pub fn header(columns: &Columns) -> Result<Vec<u8>, SweepError> {
    line(&columns.header())
}

/// See [`header`].
#[must_use]
pub fn replication(number: u64, run: &Run, columns: &Columns) -> Vec<u8> {
    let mut row = format!("0,{number},").into_bytes();
    row.extend(result_of(run, columns));
    sealed(row)
}

/// Opens the file of a sweep's rows, or makes it, and keeps other sweeps from it until it is closed.
///
/// # Errors
/// If it cannot be opened, or another sweep has it.
pub fn hold(path: &Path) -> Result<File, SweepError> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false);
    let file = file.open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(SweepError::Mismatch(
            "another sweep writes to it; let that come to its end, or name another file".to_owned(),
        )),
        // Some file systems know no locks: two sweeps on one file are then the user's to avoid.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// A file read record by record. How many lines a record takes is known: whatever has happened to its
/// quotes, the next one begins at a line of its own.
struct Records<'f> {
    from: BufReader<&'f File>,
    /// The record that was read last.
    text: Vec<u8>,
    /// Its first line, from 1.
    line: usize,
    /// Lines of all records up to and with it.
    lines: usize,
}

impl Records<'_> {
    /// Reads a record of a number of lines; whether it is complete.
    fn next(&mut self, lines: usize) -> io::Result<bool> {
        self.text.clear();
        self.line = self.lines + 1;
        self.lines += lines;
        for _ in 0..lines {
            self.from.read_until(b'\n', &mut self.text)?;
            if self.text.last() != Some(&b'\n') {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what there is may be the begin of a record that begins so. A crash of the machine may leave
    /// zeros behind what was written.
    fn is_begun(&self, begin: &[u8]) -> bool {
        let zeros = self.text.iter().rev().take_while(|byte| **byte == 0);
        let text = &self.text[..self.text.len() - zeros.count()];
        begin.starts_with(text) || text.starts_with(begin)
    }
}

/// The file of rows as the sink of a sweep: it holds its first rows, or nothing.
#[derive(Debug)]
pub struct Rows<'a> {
    sweep: &'a Sweep<'a>,
    file: &'a mut File,
}

impl<'a> Rows<'a> {
    /// Goes on at the end of a file; an empty one gets its header.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn of(sweep: &'a Sweep<'a>, file: &'a mut File) -> Result<Rows<'a>, SweepError> {
        if file.seek(SeekFrom::End(0))? == 0 {
            let columns = sweep.columns().map_err(SweepError::Model)?;
            file.write_all(&line(&columns.header())?)?;
            file.sync_data()?;
        }
        Ok(Rows { sweep, file })
    }
}

impl Sink for Rows<'_> {
    fn append(&mut self, results: &[Done]) -> Result<(), SweepError> {
        let mut bytes = Vec::new();
        for (cell, result) in results {
            bytes.extend(self.sweep.row(*cell, result)?);
        }
        self.file.write_all(&bytes)?;
        Ok(self.file.sync_data()?)
    }
}

/// The rows as text: what the file of a sweep holds once all cells are run.
#[derive(Debug)]
pub struct Text<'a> {
    sweep: &'a Sweep<'a>,
    /// Header and rows.
    pub bytes: Vec<u8>,
}

impl<'a> Text<'a> {
    /// The header alone.
    ///
    /// # Errors
    /// If the first point makes no valid model.
    pub fn of(sweep: &'a Sweep<'a>) -> Result<Text<'a>, SweepError> {
        let columns = sweep.columns().map_err(SweepError::Model)?;
        let bytes = line(&columns.header())?;
        Ok(Text { sweep, bytes })
    }
}

impl Sink for Text<'_> {
    fn append(&mut self, results: &[Done]) -> Result<(), SweepError> {
        for (cell, result) in results {
            self.bytes.extend(self.sweep.row(*cell, result)?);
        }
        Ok(())
    }
}

fn breaks(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

impl Sweep<'_> {
    /// Cuts a half-written last row off an interrupted file and counts its rows, which must be the first
    /// ones of this sweep, as they were written.
    ///
    /// # Errors
    /// If they are not: the line and what to do.
    pub fn recover(&self, mut file: &File) -> Result<u64, SweepError> {
        file.rewind()?;
        let mut records = Records {
            from: BufReader::new(file),
            text: Vec::new(),
            line: 0,
            lines: 0,
        };
        let columns = self.columns().map_err(SweepError::Model)?;
        let header = line(&columns.header())?;
        let complete = records.next(breaks(&header))?;
        if complete && records.text != header || !complete && !records.is_begun(&header) {
            let why = "its columns are not those of this sweep: another model, design or version";
            return Err(SweepError::Mismatch(why.to_owned()));
        }
        let (mut whole, mut rows) = (0, 0);
        if complete {
            whole = header.len();
            rows = self.count(&mut records, &mut whole)?;
        }
        file.set_len(whole as u64)?;
        file.sync_data()?;
        Ok(rows)
    }

    /// Counts the rows that are left, and adds their lengths to `whole`.
    fn count(&self, records: &mut Records, whole: &mut usize) -> Result<u64, SweepError> {
        for row in 0..self.rows() {
            let begin = self.begin_of(row)?;
            let complete = records.next(1 + breaks(&begin))?;
            if records.text.is_empty() {
                return Ok(row);
            }
            let wrong = |of: &str, what: &str| {
                let (point, replication) = (row / self.replications, row % self.replications);
                SweepError::Mismatch(format!(
                    "line {} {of} point {point}, replication {replication}{what}; keep the {} lines \
                     above it alone, and --resume makes the rest again",
                    records.line,
                    records.line - 1
                ))
            };
            if complete && unsealed(&records.text).is_none() {
                let why = ") does not fit its checksum: it is not as it was written";
                return Err(wrong("(of", why));
            }
            if !records.is_begun(&begin) {
                return Err(wrong("is not that of", ""));
            }
            if !complete {
                return Ok(row);
            }
            *whole += records.text.len();
        }
        records.next(1)?;
        if records.text.is_empty() {
            return Ok(self.rows());
        }
        let why = "it has more rows than the sweep";
        Err(SweepError::Mismatch(why.to_owned()))
    }

    /// The row of a cell that gave `result`.
    ///
    /// # Errors
    /// If it cannot be written as CSV.
    pub(super) fn row(&self, cell: u64, result: &[u8]) -> Result<Vec<u8>, SweepError> {
        let mut row = self.begin_of(cell)?;
        row.extend(result);
        Ok(sealed(row))
    }

    /// What a row begins with.
    fn begin_of(&self, row: u64) -> Result<Vec<u8>, SweepError> {
        let (point, replication) = (row / self.replications, row % self.replications);
        let mut cells = vec![point.to_string(), replication.to_string()];
        cells.extend(self.design.point(point));
        let mut begin = line(&cells)?;
        begin.pop();
        begin.push(b',');
        Ok(begin)
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::Cells;
    use super::*;
    use crate::design::Design;
    use crate::model::document::Document;

    const MODEL: &str = "
        [scenarios.default]
        executor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"
        [journeys]\nj = [{ request = \"e\" }]
        [endpoints.e]\nvisits = [{ delay = \"100ms\" }]";

    fn written(bytes: &[u8]) -> Result<File, SweepError> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        Ok(file)
    }

    /// Whichever byte is another one, the sweep is refused, or the row is its last one and half-written.
    #[test]
    fn each_byte_of_each_row_counts() -> Result<(), SweepError> {
        let document = Document::from_text("m.toml", MODEL).map_err(SweepError::Model)?;
        let design = Design::from_csv("load\n1\n2\n").map_err(SweepError::Mismatch)?;
        let sweep = Sweep {
            document: &document,
            overrides: &[],
            design: &design,
            replications: 1,
            seed: 1,
            steady: false,
            threads: 1,
        };
        let mut file = tempfile::tempfile()?;
        let cells = Cells::Range(0, sweep.rows());
        sweep.run(&cells, &mut Rows::of(&sweep, &mut file)?, |_| true)?;
        let mut whole = Vec::new();
        file.rewind()?;
        std::io::Read::read_to_end(&mut file, &mut whole)?;
        assert_eq!(sweep.recover(&written(&whole)?)?, 2);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 7);
            let found = sweep.recover(&written(&bytes)?);
            let last = at + 1 == whole.len();
            let refused = if last {
                matches!(found, Ok(1))
            } else {
                found.is_err()
            };
            assert!(refused, "byte {at}");
        }
        for at in (0..whole.len()).step_by(7) {
            let rows = breaks(&whole[..at]).saturating_sub(1);
            let cut = written(&whole[..at])?;
            assert_eq!(sweep.recover(&cut)?, rows as u64, "cut at {at}");
        }
        Ok(())
    }
}
