//! `--out`, `--epoch` and files that are written completely or not at all.

use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::exit::CliError;
use crate::model::Model;
use crate::report::{out_csv, out_json, out_nginx};
use crate::study::atomic_file;
use crate::world::outcome::Outcome;

/// When virtual time begins, unless `--epoch` says otherwise.
pub const EPOCH: &str = "2026-01-01T00:00:00Z";

/// Bytes that are compressed at once.
const ZIPPED_AT_ONCE: usize = 1 << 16;

/// One `--out`.
#[derive(Clone, Debug)]
pub struct Out {
    format: Format,
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Nginx,
}

impl FromStr for Out {
    type Err = String;

    fn from_str(text: &str) -> Result<Out, String> {
        let expected =
            "write json=FILE, csv=FILE or nginx=FILE; a FILE that ends in .gz is compressed";
        let (kind, file) = text.split_once('=').ok_or(expected)?;
        let format = match kind {
            "json" => Format::Json,
            "csv" => Format::Csv,
            "nginx" => Format::Nginx,
            _ => return Err(expected.to_owned()),
        };
        // k6 writes csv=fileName=FILE, too.
        let file = file.strip_prefix("fileName=").unwrap_or(file);
        if file.is_empty() || file.contains(',') {
            return Err(expected.to_owned());
        }
        let file = PathBuf::from(file);
        Ok(Out { format, file })
    }
}

impl std::fmt::Display for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.format {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Nginx => "nginx",
        };
        write!(f, "{kind} ({})", self.file.display())
    }
}

impl Out {
    /// Where the samples go.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the samples of a run.
    pub fn write(
        &self,
        outcome: &Outcome,
        model: &Model,
        epoch: Timestamp,
    ) -> Result<(), CliError> {
        self.fill(|out| match self.format {
            Format::Json => out_json::write(outcome, model, epoch, out),
            Format::Csv => out_csv::write(outcome, model, epoch.as_second(), out),
            Format::Nginx => out_nginx::write(outcome, model, epoch, out),
        })
    }

    /// Whether it can hold the rows of many runs: only a table can.
    pub fn holds_rows(&self) -> bool {
        self.format == Format::Csv
    }

    /// Writes the rows of many runs.
    pub fn write_rows(&self, rows: &[u8]) -> Result<(), CliError> {
        self.fill(|out| out.write_all(rows))
    }

    fn fill(&self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        let zipped = self.file.extension().is_some_and(|e| e == "gz");
        write_atomically(&self.file, |out| {
            if !zipped {
                return fill(out);
            }
            let zip = GzEncoder::new(out, Compression::default());
            // It works at each write, be it of one byte.
            let mut zip = BufWriter::with_capacity(ZIPPED_AT_ONCE, zip);
            fill(&mut zip)?;
            let zip = zip.into_inner().map_err(IntoInnerError::into_error)?;
            zip.finish().map(|_| ())
        })
    }
}

/// Reads `--epoch`.
pub fn epoch(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|e| format!("{e}; write a time such as {EPOCH}"))
}

/// Writes a file that appears whole or not at all; a pipe or a device is written into.
pub fn write_atomically(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    match atomic_file::write_atomically(file, |out| write(out)) {
        Ok(()) => Ok(()),
        // The reader of the pipe has seen enough.
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(why) => Err(CliError::file(file, why)),
    }
}
