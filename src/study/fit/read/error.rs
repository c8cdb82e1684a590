//! Why a file is not a run that can be used, and where in it that shows.

use std::fmt;

/// Why a file is not a run that can be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunError {
    /// The file, then the line or the path inside it.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub fix: String,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match self.fix.as_str() {
            "" => Ok(()),
            fix => write!(f, "; {fix}"),
        }
    }
}

impl std::error::Error for RunError {}

/// A problem at a place inside a file: a line, or a path of keys.
#[derive(Debug)]
pub(super) struct ReadError {
    pub at: String,
    pub message: String,
    pub fix: String,
}

impl ReadError {
    pub fn new(at: impl Into<String>, message: impl Into<String>, fix: &str) -> ReadError {
        ReadError {
            at: at.into(),
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// Another run begins at a place of a file.
    pub fn second(at: impl Into<String>) -> ReadError {
        let fix = "give each run a file of its own";
        ReadError::new(at, "a second run begins here", fix)
    }
}
