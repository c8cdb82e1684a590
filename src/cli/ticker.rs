//! Progress of a study on stderr.

use std::io::IsTerminal;

use crate::model::visible::visible;

/// A line on stderr, on a terminal rewritten at every step.
pub struct Ticker {
    enabled: bool,
    shown: bool,
}

impl Ticker {
    /// Silent unless stderr is a terminal.
    pub fn new() -> Ticker {
        Ticker {
            enabled: std::io::stderr().is_terminal(),
            shown: false,
        }
    }

    /// Shows how far the work has come.
    pub fn say(&mut self, text: &str) {
        if self.enabled {
            tell_on!("\r\x1b[K{}", visible(text));
            self.shown = true;
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if self.shown {
            tell_on!("\r\x1b[K");
        }
    }
}
