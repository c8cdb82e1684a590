//! What can go wrong between a model and its report.

use std::fmt;

use super::Report;
use crate::model::Problems;

/// Why there is no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The model is not valid. All its errors are listed, each with its place and its fix.
    Model(Problems),
    /// The run did not come to a good end.
    Unfinished {
        /// What happened.
        reason: String,
        /// What was measured until then.
        report: Box<Report>,
    },
    /// The model has nothing of that name, or what it has is of another kind.
    Unknown(String),
}

impl Error {
    /// What an unfinished run had measured until it ended.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Error::Unfinished { report, .. } => Some(report),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Model(problems) => problems.fmt(f),
            Error::Unfinished { reason, .. } => write!(f, "the run did not finish: {reason}"),
            Error::Unknown(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Error {
        Error::Model(problems)
    }
}
