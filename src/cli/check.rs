//! `capsim check`: is the model sound, and what does it mean.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::ModelArgs;
use super::exit::Failure;
use crate::report::{answers, run_text};
use crate::study::answers::bounds::analyse;

/// Check a model without running it.
///
/// Prints all that is wrong with it at once, each with its place and the fix, and ends with exit code
/// 104; or says what the test would do.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    model: ModelArgs,
}

impl Check {
    /// Checks the model.
    pub fn execute(self) -> Result<ExitCode, Failure> {
        let model = self.model.load()?.model;
        let script = self.model.model.display().to_string();
        let mut out = std::io::stdout().lock();
        out.write_all(run_text::header(&model, &script, "-").as_bytes())?;
        out.write_all(run_text::contents(&model).as_bytes())?;
        writeln!(out)?;
        out.write_all(answers::bounds(&analyse(&model)).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
