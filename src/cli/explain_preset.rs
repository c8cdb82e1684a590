//! `capsim explain-preset`: what a preset stands for.

use std::process::ExitCode;

use clap::Args;

use super::exit::{self, CliError};
use super::outputs::Outputs;
use crate::model::preset::{all, named};
use crate::report::presets;

/// Show what a preset stands for: its keys, what was measured or is documented, and what not.
///
/// A preset gives a table of a model the keys that make it do what a real component does: `[pools.db]` with `preset = "go-1.25/database-sql"`. Keys that stand beside it win.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim explain-preset
  capsim explain-preset postgresql/row
  capsim explain-preset minute-buckets

Exit codes: 0 done, 104 there is no such preset.")]
pub struct ExplainPreset {
    /// Which; left out: the list of all.
    name: Option<String>,
}

impl ExplainPreset {
    /// Prints it.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let text = match &self.name {
            None => presets::list(&all()),
            Some(name) => {
                let preset = named(name).map_err(|fix| {
                    let text = format!("error: there is no preset `{name}`\n  help: {fix}");
                    CliError::new(exit::INVALID, text)
                })?;
                presets::one(&preset)
            }
        };
        let mut out = Outputs::default();
        out.print(&text);
        out.end(Ok(0))
    }
}
