//! What a terminal sees: colour or not, and progress on stderr.

use std::io::{IsTerminal, StdoutLock, Write};

use crate::engine::{Span, Time};
use crate::model::duration;
use crate::model::visible::visible_lines;

/// Prints a line to stderr, control characters made visible. Errors of writing
/// to stderr are ignored.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let text = format!($($text)*);
        let text = $crate::model::visible::visible_lines(&text);
        let _ = writeln!(std::io::stderr(), "{text}");
    }};
}

/// As `tell!`, and the line goes on.
macro_rules! tell_on {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, $($text)*).and_then(|()| stderr.flush());
    }};
}

/// Whether to colour stdout: a terminal, unless `--no-color` or NO_COLOR (no-color.org) forbids it.
pub fn colour(no_color: bool) -> bool {
    let forbidden = no_color || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    !forbidden && std::io::stdout().is_terminal()
}

/// Standard output, with control characters made visible: whatever stands in file names, options and data that
/// are shown, the terminal does nothing but show it.
pub struct Screen {
    out: StdoutLock<'static>,
    coloured: bool,
}

impl Screen {
    /// Standard output for text without colours.
    pub fn plain() -> Screen {
        Screen {
            out: std::io::stdout().lock(),
            coloured: false,
        }
    }

    /// Standard output for text whose colours, if it has any, are to be seen.
    pub fn coloured() -> Screen {
        Screen {
            coloured: true,
            ..Screen::plain()
        }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut rest = &*text;
        while let Some(at) = self.coloured.then(|| rest.find("\x1b[")).flatten() {
            self.out.write_all(visible_lines(&rest[..at]).as_bytes())?;
            let (shown, length) = match colour_sequence(&rest[at..]) {
                Some(colour) => (colour, colour.len()),
                None => ("␛[", 2),
            };
            self.out.write_all(shown.as_bytes())?;
            rest = &rest[at + length..];
        }
        self.out.write_all(visible_lines(rest).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// The sequence at the head of a text that sets a colour, if there is one.
fn colour_sequence(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| c != ';' && !c.is_ascii_digit())?;
    parameters[end..].starts_with('m').then(|| &text[..end + 3])
}

/// A line on stderr that tells how far a long run has come. Silent unless stderr is a terminal.
pub struct Progress {
    total: Span,
    shown: bool,
    enabled: bool,
}

impl Progress {
    /// `total` is the longest the test may take, in virtual time.
    pub fn new(total: Span, quiet: bool) -> Progress {
        Progress {
            total,
            shown: false,
            enabled: !quiet && std::io::stderr().is_terminal(),
        }
    }

    /// The run has come to this instant.
    pub fn at(&mut self, now: Time) {
        if !self.enabled {
            return;
        }
        self.shown = true;
        let now = duration::round(now.since(Time::ZERO), Span::millis(100));
        tell_on!(
            "\r\x1b[Ksimulated {} of {}",
            duration::print(now),
            duration::print(self.total)
        );
    }

    /// Clears the line.
    pub fn done(&self) {
        if self.shown {
            tell_on!("\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::colour_sequence;

    #[test]
    fn colours_pass_and_nothing_else() {
        assert_eq!(colour_sequence("\x1b[36;2mx"), Some("\x1b[36;2m"));
        assert_eq!(colour_sequence("\x1b[2J"), None);
        assert_eq!(colour_sequence("\x1b[31"), None);
        assert_eq!(colour_sequence("\x1b]0;title"), None);
    }
}
