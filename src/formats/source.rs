//! A file that is read once, from its begin to its end, unpacked if it is a gzip file.

mod blocks;

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::input;
pub use blocks::{Block, Line};

/// So much of a file is looked at to tell what it is.
pub const HEAD: u64 = 64 << 10;

/// Files that are read as a whole, as summaries are, are not larger.
const LARGEST_WHOLE: u64 = 256 << 20;

/// A line is not longer: what comes after is left out of it.
const LONGEST_LINE: u64 = 1 << 20;

/// Said of such a line in a table, which is then read no further.
const TOO_LONG_IN_TABLE: &str = "a line is longer than 1 MiB";

/// Said of such a line elsewhere.
const TOO_LONG: &str = "the line is longer than 1 MiB";

/// Said of the last line where it has no end.
const CUT_OFF: &str = "the file ends within this line";

/// Why a file cannot be used, where, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, then the line or the key inside it.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match self.fix.as_str() {
            "" => Ok(()),
            fix => write!(f, "; {fix}"),
        }
    }
}

impl std::error::Error for Problem {}

/// A file with its begin looked at, and the number of the line that is read.
pub struct Source {
    name: String,
    head: String,
    reader: Box<dyn BufRead + Send>,
    line: u64,
    /// Whether the line that was read last is cut, and how.
    cut: Option<&'static str>,
    /// Bytes since the last end of a line, where lines are limited.
    since_line: Option<u64>,
    buffer: Vec<u8>,
    /// The begin of the line that the last block had no room for, and how many blocks there were.
    begun: Vec<u8>,
    blocks: u64,
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, or is packed and damaged from its begin.
    pub fn open(path: &Path) -> Result<Source, Problem> {
        let name = path.display().to_string();
        match input::open(path) {
            Ok((file, _)) => Source::of(name, Box::new(BufReader::with_capacity(1 << 18, file))),
            Err(why) => Err(Problem {
                place: name,
                message: format!("the file cannot be read: {why}"),
                fix: "check the path".into(),
            }),
        }
    }

    /// As [`Source::open`], of bytes already at hand; `name` is shown in errors.
    ///
    /// # Errors
    /// If they are packed and damaged.
    pub fn of_bytes(name: &str, bytes: &[u8]) -> Result<Source, Problem> {
        Source::of_shared(name, Arc::from(bytes))
    }

    /// As [`Source::of_bytes`], without a copy of them.
    ///
    /// # Errors
    /// As [`Source::of_bytes`].
    pub fn of_shared(name: &str, bytes: Arc<[u8]>) -> Result<Source, Problem> {
        Source::of(name.to_string(), Box::new(Cursor::new(bytes)))
    }

    fn of(name: String, mut raw: Box<dyn BufRead + Send>) -> Result<Source, Problem> {
        let fail = |why: &io::Error| unreadable(&name, &why.to_string());
        let start = raw.fill_buf().map_err(|e| fail(&e))?;
        let mut reader: Box<dyn BufRead + Send> =
            raw_or_unpacked(start.starts_with(&[0x1f, 0x8b]), raw);
        let mut head = Vec::new();
        let read = reader.by_ref().take(HEAD).read_to_end(&mut head);
        if let (Err(why), true) = (read, head.is_empty()) {
            return Err(fail(&why));
        }
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Err(Problem {
                place: name,
                message: "the file is in UTF-16, as PowerShell writes what it redirects".into(),
                fix: "make UTF-8 of it: iconv -f UTF-16 -t UTF-8 FILE > OTHER".into(),
            });
        }
        // The mark of the order of bytes is not part of the text.
        let text = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&head);
        Ok(Source {
            head: String::from_utf8_lossy(text).into_owned(),
            reader: Box::new(Cursor::new(text.to_vec()).chain(reader)),
            name,
            line: 0,
            cut: None,
            since_line: None,
            buffer: Vec::new(),
            begun: Vec::new(),
            blocks: 0,
        })
    }

    /// The first part of the file.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The name of the file, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of the line that was read last, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next line, without its end, or `None` behind the last. What is no UTF-8 is replaced by `�`.
    ///
    /// # Errors
    /// If the file cannot be read on: a packed file that is cut off.
    pub fn next_line(&mut self) -> Result<Option<std::borrow::Cow<'_, str>>, Problem> {
        Ok(self.next_bytes()?.map(String::from_utf8_lossy))
    }

    /// As [`Source::next_line`], as bytes.
    ///
    /// # Errors
    /// As [`Source::next_line`].
    pub fn next_bytes(&mut self) -> Result<Option<&[u8]>, Problem> {
        self.buffer.clear();
        let read = self.read_line();
        if let Err(why) = read {
            let place = format!("{}: line {}", self.name, self.line + 1);
            return Err(unreadable(&place, &why.to_string()));
        }
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        while self
            .buffer
            .last()
            .is_some_and(|b| matches!(b, b'\n' | b'\r'))
        {
            self.buffer.pop();
        }
        Ok(Some(&self.buffer))
    }

    /// Reads up to the end of the line, and keeps as much of it as a line may have.
    fn read_line(&mut self) -> io::Result<()> {
        let mut kept = self.reader.by_ref().take(LONGEST_LINE);
        kept.read_until(b'\n', &mut self.buffer)?;
        self.cut = None;
        if self.buffer.ends_with(b"\n") {
            return Ok(());
        }
        self.cut = Some(CUT_OFF);
        if self.buffer.len() as u64 == LONGEST_LINE {
            self.cut = Some(TOO_LONG);
            self.reader.skip_until(b'\n')?;
        }
        Ok(())
    }

    /// From now on a line that is too long is an error for readers of bytes: tables are read this way.
    pub fn limit_lines(&mut self) {
        self.since_line = Some(0);
    }

    /// Why the line that was read last is not a whole one, if so: a file that was cut off ends within one.
    #[must_use]
    pub fn cut(&self) -> Option<&'static str> {
        self.cut
    }

    /// What is wrong with a file that begins with zeros: the rest of a line may stand right behind them.
    #[must_use]
    pub fn zeros(&self) -> Option<Problem> {
        self.head.starts_with('\0').then(|| {
            let message = "the file begins with NUL bytes, as a log does that was emptied while its server wrote on";
            self.problem("", message, "take them out: tr -d '\\0' < FILE > OTHER")
        })
    }

    /// All that is left, as text.
    ///
    /// # Errors
    /// If the file cannot be read on, or is too large to be what it looks like.
    pub fn rest(&mut self) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(LARGEST_WHOLE + 1)
            .read_to_end(&mut bytes);
        if let Err(why) = read {
            return Err(unreadable(&self.name, &why.to_string()));
        }
        if bytes.len() as u64 > LARGEST_WHOLE {
            let message = format!(
                "this is longer than {} MiB, and what a tool says of a whole test is not",
                LARGEST_WHOLE >> 20
            );
            return Err(self.problem("", message, "give that part of the file alone"));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A problem of this file; `at` is a place inside it, or nothing.
    #[must_use]
    pub fn problem(&self, at: &str, message: impl Into<String>, fix: &str) -> Problem {
        let place = match at {
            "" => self.name.clone(),
            at => format!("{}: {at}", self.name),
        };
        Problem {
            place,
            message: message.into(),
            fix: fix.into(),
        }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        if let Some(since) = &mut self.since_line {
            let last = into[..count].iter().rposition(|b| *b == b'\n');
            *since = last.map_or(*since + count as u64, |at| (count - at - 1) as u64);
            if *since > LONGEST_LINE {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    TOO_LONG_IN_TABLE,
                ));
            }
        }
        Ok(count)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({}, line {})", self.name, self.line)
    }
}

fn raw_or_unpacked(packed: bool, raw: Box<dyn BufRead + Send>) -> Box<dyn BufRead + Send> {
    if packed {
        Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(raw)))
    } else {
        raw
    }
}

/// A table that cannot be read on.
pub(super) fn broken_table(place: &str, why: &io::Error) -> Problem {
    let text = why.to_string();
    if why.kind() != io::ErrorKind::InvalidData || !text.contains(TOO_LONG_IN_TABLE) {
        return unreadable(place, &text);
    }
    Problem {
        place: place.to_string(),
        message: format!("{TOO_LONG_IN_TABLE}: this is no row of a table"),
        fix: "take it out, or give the file as the tool wrote it".into(),
    }
}

/// A file that cannot be read on.
pub(super) fn unreadable(place: &str, why: &str) -> Problem {
    Problem {
        place: place.to_string(),
        message: format!("the file cannot be read on, it may be cut off: {why}"),
        fix: "copy it again, or wait until the tool has closed it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_without_their_ends_and_with_their_numbers() {
        let mut source = Source::of_bytes("x", b"\xef\xbb\xbfone\r\ntwo\xff\n\nlast").unwrap();
        assert!(source.head().starts_with("one"));
        let mut lines = Vec::new();
        while let Some(line) = source.next_line().unwrap() {
            lines.push(line.into_owned());
        }
        assert_eq!(lines, ["one", "two\u{fffd}", "", "last"]);
        assert_eq!(source.line(), 4);
    }

    #[test]
    fn a_packed_file_that_is_cut_off_says_so() {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for k in 0..200_000_u32 {
            writeln!(packer, "{}", k.wrapping_mul(2_654_435_761)).unwrap();
        }
        let packed = packer.finish().unwrap();
        let mut source = Source::of_bytes("x.gz", &packed[..packed.len() / 2]).unwrap();
        let why = loop {
            match source.next_line() {
                Ok(line) => assert!(line.is_some(), "the end was not noticed"),
                Err(why) => break why,
            }
        };
        assert!(why.to_string().contains("cut off"), "{why}");
    }
}
