//! The lines of a log, block by block: what they show beside their requests.

use std::borrow::Cow;

use super::super::declaration::Sink;
use super::super::reading::{Extent, Reading, Record, Skipped};
use super::super::source::{Block, Line, Problem, Source};
use super::{Clock, Layout};

/// What some lines of a log, one after the other, show beside their requests.
#[derive(Debug, Default)]
pub struct Seen {
    skipped: Skipped,
    /// The first line in another layout, and the form of its log.
    other: Option<(u64, &'static str)>,
    /// The first line with a time of before the year 2000.
    early: Option<u64>,
    pub(in super::super) extent: Extent,
}

impl Seen {
    /// Adds what the lines behind these show.
    pub fn append(&mut self, later: Seen) {
        self.skipped.append(later.skipped);
        self.other = self.other.or(later.other);
        self.early = self.early.or(later.early);
        self.extent.append(later.extent);
    }

    /// All that a log shows.
    pub(in super::super) fn reading(self, layout: &Layout) -> Reading {
        let mut reading = Reading {
            skipped: self.skipped,
            ..Reading::default()
        };
        reading.notes.push(format!("layout: {}", layout.text));
        if !layout.is_timed() {
            reading.doubts.push("times: this log does not say how long a request took; add $request_time (nginx) or %D (Apache) to it".into());
        }
        if let Some((line, form)) = self.other {
            reading.doubts.push(format!(
                "the whole: the file holds two formats, line {line} looks like a {form}; split it, and read each part"
            ));
        }
        if let Some(line) = self.early {
            reading
                .doubts
                .push(format!("the clock: line {line} is of before the year 2000"));
        }
        reading
    }
}

impl Layout {
    /// Reads the lines of a block, and gives their requests to a sink. Lines that are not understood are counted.
    pub fn read_block(&self, block: &Block, sink: Sink<'_>) -> Seen {
        let mut seen = Seen::default();
        let mut extent = Extent::default();
        let mut clock = Clock::default();
        let mut both = |record: &Record<'_>| {
            extent.add(record);
            sink(record);
        };
        for line in block.lines() {
            self.read_line(line, &mut clock, &mut seen, &mut both);
        }
        seen.extent = extent;
        seen
    }

    fn read_line(&self, line: Line<'_>, clock: &mut Clock, seen: &mut Seen, sink: Sink<'_>) {
        const YEAR_2000: i64 = 946_684_800_000_000;
        if !holds_request(line.bytes) {
            return;
        }
        let text = text(line.bytes);
        match self.record(&text, clock, sink) {
            Ok(Some(at)) if at < YEAR_2000 => {
                seen.early.get_or_insert(line.number);
            }
            Ok(_) => {}
            Err(why) => {
                if seen.other.is_none() {
                    seen.other = self.other(&text).map(|form| (line.number, form));
                }
                let why = line.cut.map_or(why, str::to_string);
                seen.skipped.add(line.number, &why, &text);
            }
        }
    }
}

/// Whether a line is to hold a request: it is neither empty nor a comment.
pub(in super::super) fn holds_request(line: &[u8]) -> bool {
    !line.iter().all(u8::is_ascii_whitespace) && !line.starts_with(b"#")
}

/// Bytes as text; what is no UTF-8 is replaced by `�`.
pub(in super::super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // As `from_utf8_lossy` does, which looks at each byte by itself.
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Reads all lines of a log in this layout. Lines that are not understood are counted.
///
/// # Errors
/// If the file cannot be read on.
pub fn read_as(source: &mut Source, layout: &Layout, sink: Sink<'_>) -> Result<Reading, Problem> {
    let (mut seen, mut block) = (Seen::default(), Block::default());
    while source.next_block(&mut block)? {
        seen.append(layout.read_block(&block, sink));
    }
    Ok(seen.reading(layout))
}
