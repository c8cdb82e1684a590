//! Exit codes, and how a command fails.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use crate::model::problem::Problems;

/// Anything that has no code of its own.
pub const OTHER: u8 = 1;
/// Wrong usage of the command line (clap's code).
pub const USAGE: u8 = 2;
/// Cells of a sweep are missing: run it again (EX_TEMPFAIL of sysexits.h). An engine that runs shards may give up at
/// once after [`INVALID`] and [`USAGE`], and try again after any other code but 0.
pub const RUN_AGAIN: u8 = 75;
/// After many runs it is open whether a threshold holds: more replications would tell.
pub const UNDECIDED: u8 = 98;
/// A threshold is crossed (k6's code).
pub const THRESHOLDS: u8 = 99;
/// Setup took too long (k6's code).
pub const SETUP_TIMEOUT: u8 = 100;
/// Teardown took too long (k6's code).
pub const TEARDOWN_TIMEOUT: u8 = 101;
/// The model or its options are invalid (k6's code).
pub const INVALID: u8 = 104;
/// Ctrl+C (k6's code for an external abort).
pub const INTERRUPTED: u8 = 105;

/// The script threw in `setup` or `teardown` (k6's code).
#[cfg(feature = "scripts")]
pub const SCRIPT_EXCEPTION: u8 = 107;

/// The script ended the test (k6's code).
#[cfg(feature = "scripts")]
pub const SCRIPT_ABORTED: u8 = 108;

/// The script marked the test as failed (k6's code).
#[cfg(feature = "scripts")]
pub const MARKED_AS_FAILED: u8 = 110;

/// Why a command could not do its work: an exit code and a text for stderr.
#[derive(Debug)]
pub struct CliError {
    code: u8,
    text: String,
}

impl CliError {
    /// The model is invalid.
    pub fn model(problems: Problems) -> CliError {
        CliError {
            code: INVALID,
            text: problems.to_string(),
        }
    }

    /// A failure with a code of its own.
    pub fn new(code: u8, text: impl Into<String>) -> CliError {
        CliError {
            code,
            text: text.into(),
        }
    }

    /// What went wrong, without the word that begins an error.
    #[cfg(feature = "scripts")]
    pub fn why(&self) -> &str {
        self.text.strip_prefix("error: ").unwrap_or(&self.text)
    }

    /// Prints the text and gives the code.
    pub fn tell(&self) -> u8 {
        if !self.text.is_empty() {
            tell!("{}", self.text.trim_end());
        }
        self.code
    }

    /// As [`CliError::tell`], at the end of the process.
    pub fn report(self) -> ExitCode {
        ExitCode::from(self.tell())
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, why: impl Display) -> CliError {
        CliError::new(OTHER, format!("error: {}: {why}", path.display()))
    }

    /// Standard output that cannot be written. A reader who has closed the pipe has seen enough: no
    /// failure.
    pub fn stdout(why: &std::io::Error) -> Option<CliError> {
        let text = || format!("error: standard output: {why}");
        (why.kind() != std::io::ErrorKind::BrokenPipe).then(|| CliError::new(OTHER, text()))
    }
}
