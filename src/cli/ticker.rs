//! Progress of a study on stderr, and budgets of runs.

use std::io::{IsTerminal, Write};
use std::str::FromStr;

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
            eprint!("\r\x1b[K{text}");
            // Progress that cannot be shown is not worth an error.
            let _ = std::io::stderr().flush();
            self.shown = true;
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}

/// `runs=200`
#[derive(Clone, Copy, Debug)]
pub struct RunsBudget {
    /// Simulated runs.
    pub runs: u64,
}

impl FromStr for RunsBudget {
    type Err = String;

    fn from_str(text: &str) -> Result<RunsBudget, String> {
        let runs = text.strip_prefix("runs=").unwrap_or(text).parse();
        match runs {
            Ok(runs) if runs >= 1 => Ok(RunsBudget { runs }),
            _ => Err("write runs=N, such as runs=200".into()),
        }
    }
}
