//! A file as blocks of whole lines, which can be read apart from each other.

use std::io::{self, BufRead, Read};

use memchr::{memchr_iter, memrchr};

use super::{LONGEST_LINE, Problem, Source, TOO_LONG, unreadable};

/// Bytes of a block at most. Where it ends depends on the bytes of the file alone, and not on how they arrive.
const BLOCK: usize = LONGEST_LINE as usize;

/// Some whole lines of a file.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    length: usize,
    number: u64,
    before: u64,
    cut: Option<&'static str>,
}

/// A line of a block, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'b> {
    /// From 1, in the file.
    pub number: u64,
    /// What stands in it.
    pub bytes: &'b [u8],
    /// Why it is not a whole line, if so.
    pub cut: Option<&'static str>,
}

impl Block {
    /// The place of the block in its file, from 0.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let bytes = &self.bytes[..self.length];
        let open = (!bytes.is_empty() && !bytes.ends_with(b"\n")).then_some(bytes.len());
        let ends = memchr_iter(b'\n', bytes).chain(open);
        let mut begin = 0;
        ends.zip(self.before + 1..).map(move |(end, number)| {
            let mut line = &bytes[begin..end];
            while let [rest @ .., b'\r'] = line {
                line = rest;
            }
            begin = end + 1;
            Line {
                number,
                bytes: line,
                cut: self.cut.filter(|_| end == bytes.len()),
            }
        })
    }
}

impl Source {
    /// Fills a block with the next lines of the file; `false` behind the last. Who reads blocks reads no single lines.
    ///
    /// # Errors
    /// If the file cannot be read on: a packed file that is cut off.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, Problem> {
        block.bytes.resize(BLOCK, 0);
        let mut filled = self.begun.len();
        block.bytes[..filled].copy_from_slice(&self.begun);
        self.begun.clear();
        while filled < BLOCK {
            match self.reader.read(&mut block.bytes[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(self.broken(&block.bytes[..filled], &why)),
            }
        }
        let bytes = &block.bytes[..filled];
        block.cut = None;
        block.length = filled;
        match memrchr(b'\n', bytes) {
            Some(end) if filled == BLOCK => {
                self.begun.extend_from_slice(&bytes[end + 1..]);
                block.length = end + 1;
            }
            None if filled == BLOCK => {
                block.cut = Some(TOO_LONG);
                if let Err(why) = self.reader.skip_until(b'\n') {
                    return Err(self.broken(&[], &why));
                }
            }
            _ if !bytes.ends_with(b"\n") => block.cut = Some(super::CUT_OFF),
            _ => {}
        }
        block.number = self.blocks;
        block.before = self.line;
        self.blocks += 1;
        self.line += ends(&block.bytes[..block.length]) + u64::from(block.cut.is_some());
        Ok(block.length > 0)
    }

    /// A file that cannot be read on behind these bytes.
    fn broken(&self, bytes: &[u8], why: &io::Error) -> Problem {
        let line = self.line + ends(bytes) + 1;
        unreadable(&format!("{}: line {line}", self.name), &why.to_string())
    }
}

fn ends(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, text and cut of each line, by blocks and one by one.
    fn both(bytes: &[u8]) -> [Vec<(u64, Vec<u8>, bool)>; 2] {
        let mut blocks = Source::of_bytes("x", bytes).unwrap();
        let (mut by_blocks, mut block) = (Vec::new(), Block::default());
        while blocks.next_block(&mut block).unwrap() {
            let lines = block.lines();
            by_blocks.extend(lines.map(|l| (l.number, l.bytes.to_vec(), l.cut.is_some())));
        }
        let mut single = Source::of_bytes("x", bytes).unwrap();
        let mut one_by_one = Vec::new();
        while let Some(line) = single.next_bytes().unwrap().map(<[u8]>::to_vec) {
            one_by_one.push((single.line(), line, single.cut().is_some()));
        }
        [by_blocks, one_by_one]
    }

    #[test]
    fn blocks_hold_the_lines_that_are_read_one_by_one() {
        let lines =
            |length: usize, count: usize| format!("{}\r\n", "x".repeat(length)).repeat(count);
        let long = "y".repeat(BLOCK);
        let texts = [
            String::new(),
            "\n".to_string(),
            "\n\r\n\r\r\nx".to_string(),
            "\u{feff}a\nb".to_string(),
            // Blocks that end within a line, with a line, and between \r and \n.
            lines(997, 3_000),
            lines(62, BLOCK / 64 + 1),
            lines(61, BLOCK / 63 + 1),
            lines(62, BLOCK / 64) + "last",
            lines(62, BLOCK / 64),
            // The longest line that is whole, the shortest that is not, and one of several blocks.
            format!("a\n{}\nb\n", &long[1..]),
            format!("a\n{long}\nb\n"),
            format!("a\n{long}{long}{long}\nb"),
            format!("a\n{long}"),
            long[1..].to_string(),
        ];
        for text in texts {
            let [blocks, lines] = both(text.as_bytes());
            assert!(blocks == lines, "{} bytes", text.len());
        }
    }
}
