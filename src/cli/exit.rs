//! Exit codes, and how a command fails.

use std::process::ExitCode;

use crate::model::problem::Problems;

/// Anything that has no code of its own.
pub const OTHER: u8 = 1;
/// Wrong usage of the command line (clap's code).
pub const USAGE: u8 = 2;
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

/// Why a command could not do its work: an exit code and a text for stderr.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The model is invalid.
    pub fn model(problems: Problems) -> Failure {
        Failure {
            code: INVALID,
            text: problems.to_string(),
        }
    }

    /// A failure with a code of its own.
    pub fn new(code: u8, text: impl Into<String>) -> Failure {
        Failure {
            code,
            text: text.into(),
        }
    }

    /// Prints the text and gives the code. A reader that has closed the pipe is no failure.
    pub fn report(self) -> ExitCode {
        if !self.text.is_empty() {
            tell!("{}", self.text.trim_end());
        }
        ExitCode::from(self.code)
    }
}

/// Of a write to standard output; whoever writes or reads a file names it.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            // Whoever read our output has seen enough.
            return Failure {
                code: 0,
                text: String::new(),
            };
        }
        Failure {
            code: 1,
            text: format!("error: standard output: {error}"),
        }
    }
}
