//! What the rows of a sweep were made from.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::exit::CliError;
use crate::model::input;
use crate::study::sweep::Sweep;

/// What a file of rows was made from: stands beside it, and must be equal for --resume.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// capsim's.
    pub version: String,
    /// Digest of the model as meant.
    pub model: String,
    /// Digest of the varied paths and their values.
    pub design: String,
    /// How many there are.
    pub points: u64,
    /// Runs of each.
    pub replications: u64,
    /// Of all random numbers.
    pub seed: u64,
    /// Whether the steady state alone is measured.
    pub steady: bool,
}

impl Origin {
    /// What the rows of a sweep are made from.
    pub fn of(sweep: &Sweep<'_>) -> Result<Origin, CliError> {
        // The model as meant holds the contents of its data files, too.
        let meant = sweep.document.check(sweep.overrides);
        let meant = meant.map_err(CliError::model)?.model;
        let paths = sweep.design.paths().map(str::to_owned);
        let values = (0..sweep.design.len()).flat_map(|p| sweep.design.point(p));
        Ok(Origin {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: digest(std::iter::once(format!("{meant:?}"))),
            design: digest(paths.chain(values)),
            points: sweep.design.len(),
            replications: sweep.replications,
            seed: sweep.seed,
            steady: sweep.steady,
        })
    }

    /// What differs, in words.
    pub fn difference(&self, now: &Origin) -> Option<String> {
        let told = |what: &str, then: &dyn std::fmt::Display, now: &dyn std::fmt::Display| {
            Some(format!("{what} was {then} and is {now}"))
        };
        if self.version != now.version {
            return told("capsim's version", &self.version, &now.version);
        }
        if self.model != now.model {
            return Some("the model (or a --set) has changed".to_owned());
        }
        if (&self.design, self.points) != (&now.design, now.points) {
            return Some("the varied paths or their values have changed".to_owned());
        }
        if self.replications != now.replications {
            let what = "the number of replications";
            return told(what, &self.replications, &now.replications);
        }
        if self.seed != now.seed {
            return told("the seed", &self.seed, &now.seed);
        }
        (self.steady != now.steady).then(|| "--steady has changed".to_owned())
    }
}

/// 64-bit FNV-1a (Fowler, Noll, Vo 1991), as hexadecimal digits.
pub(super) fn digest(parts: impl Iterator<Item = String>) -> String {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for part in parts {
        for byte in part.bytes().chain([0xFF]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
    format!("{hash:016x}")
}

/// Whether the study that a file tells of is this one.
///
/// # Errors
/// If it is another one, or the file tells of none: the reason.
pub fn same_study(study: &Path, now: &Origin) -> Result<(), String> {
    let at = study.display();
    let text = input::text(study, input::MODEL).map_err(|e| format!("{at} cannot be read: {e}"))?;
    let then: Origin = serde_json::from_str(&text).map_err(|e| format!("{at} is damaged: {e}"))?;
    then.difference(now).map_or(Ok(()), Err)
}
