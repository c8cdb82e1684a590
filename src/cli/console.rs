//! What a terminal sees: colour or not, and progress on stderr.

use std::io::IsTerminal;

use crate::engine::{Span, Time};
use crate::model::duration;

/// Prints a line to stderr. If that cannot be written, nobody is there to be told: no reason to end a run.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
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
