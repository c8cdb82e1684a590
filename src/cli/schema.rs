//! `capsim schema`: which keys a model may have.

use std::process::ExitCode;

use clap::Args;

use super::exit::Failure;
use super::outputs::Outputs;
use crate::report::{reference, schema};

/// Print which tables and keys a model may have, as a JSON Schema for editors.
///
/// With the schema, an editor completes keys, shows what they mean, and marks what is wrong while a model is written:
/// put `#:schema ./capsim.schema.json` into the first line of the model (Taplo, Even Better TOML).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim schema > capsim.schema.json
  capsim schema --markdown > reference.md")]
pub struct Schema {
    /// Print the reference of all keys instead, in Markdown.
    #[arg(long)]
    markdown: bool,
}

impl Schema {
    /// Prints it.
    pub fn execute(self) -> Result<ExitCode, Failure> {
        let text = match self.markdown {
            true => reference::reference(),
            false => schema::schema(),
        };
        let mut out = Outputs::default();
        out.print(&text);
        out.done()
    }
}
